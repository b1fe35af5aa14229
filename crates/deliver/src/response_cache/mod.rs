//! The response cache of a stage: answers after mapping, found again by what the author says they depend on.
//!
//! The life of a look-up: [`ResponseCache::find`] answers a hit, or makes the first who misses the one who asks the back end
//! ([`Found::Lead`]), while all others who want the same wait for that answer. An answer that may not be kept sends the waiting on their
//! own ways at once; a leader whose caller went away is followed by one of them.
//!
//! What AWS promises: entries of at most 1 MB, for a time by method, as many bytes as the cluster's size. What is odd: the key has only
//! what the method lists ([`CacheKey`]): with nothing listed, every query and every path parameter shares one entry; and the status is no
//! filter, so that a back end's 429 is replayed until its time is over. Lifecycle §7. What differs on purpose: AWS lets all who miss ask
//! the back end; and outside `aws-strict` an answer that says of itself that it is private is not kept.

mod flight;
mod kept;
mod key;

pub use flight::{Flight, Found, ResponseCache};
pub use kept::{ENTRY_BYTES_MAX, Kept, Total, keep};
pub use key::{CacheKey, Key};

/// The sizes of a cache cluster, as AWS writes them, and their bytes.
pub fn cluster_bytes(size: Option<&str>) -> u64 {
    let gigabytes: f64 = size.and_then(|size| size.parse().ok()).unwrap_or(0.5);
    (gigabytes * 1e9) as u64
}

#[cfg(test)]
mod tests;
