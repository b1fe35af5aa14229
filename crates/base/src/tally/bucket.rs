//! Token buckets. A bucket of capacity `burst` that refills at `rate` tokens a second is told by one number: the moment at which it
//! will be full again. So one atomic word is exact under any number of threads, needs no clock tick, and a bucket never used is zero.

use crate::world::Moment;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How fast a bucket refills and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Nanoseconds for one token to come back. `u64::MAX` when none ever does.
    token_ns: u64,
    /// Nanoseconds to fill an empty bucket.
    full_ns: u64,
}

impl Rate {
    /// `per_second` tokens a second, at most `burst` at once. A rate or a burst of zero (or less) lets nothing through.
    pub fn new(per_second: f64, burst: u32) -> Rate {
        if per_second.is_nan() || per_second <= 0.0 || burst == 0 {
            return Rate { token_ns: u64::MAX, full_ns: 0 };
        }
        let token_ns = (1e9 / per_second).clamp(1.0, 1e18) as u64;
        Rate { token_ns, full_ns: token_ns.saturating_mul(u64::from(burst)) }
    }
}

/// One bucket. It knows no rate: the same bucket can be asked with a new rate after a setting changed, and nobody gets a refill.
#[derive(Debug, Default)]
pub struct Bucket {
    /// When the bucket will be full, in nanoseconds of the clock; in the past when it is full now.
    full_at: AtomicU64,
}

impl Bucket {
    /// Takes one token, if there is one.
    pub fn take(&self, rate: Rate, now: Moment) -> bool {
        let mut seen = self.full_at.load(Ordering::Relaxed);
        loop {
            let next = seen.max(now.0).saturating_add(rate.token_ns);
            if next - now.0 > rate.full_ns {
                return false;
            }
            match self.full_at.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(changed) => seen = changed,
            }
        }
    }

    /// Gives a token back that was taken with the same rate, because the request was refused elsewhere.
    pub fn refund(&self, rate: Rate) {
        // Never below zero, should a test's clock stand at the beginning.
        let _same = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| Some(at.saturating_sub(rate.token_ns)));
    }

    /// How many tokens are there now.
    pub fn left(&self, rate: Rate, now: Moment) -> u64 {
        let debt = self.full_at.load(Ordering::Relaxed).saturating_sub(now.0);
        rate.full_ns.saturating_sub(debt) / rate.token_ns.max(1)
    }
}

/// All buckets of a process, by the identity of what they limit. They outlive compiled deployments and settings: neither a deployment
/// nor a new rate refills one.
#[derive(Debug, Default)]
pub struct Buckets {
    shards: [Mutex<HashMap<Box<str>, Arc<Bucket>>>; 16],
}

/// From this many buckets in a shard on, it is swept each time that it has doubled.
const SHARD_BUCKETS_SOFT_MAX: usize = 4096;

impl Buckets {
    /// The bucket for an identity. Looked up when a stage is bound, not for each request.
    pub fn named(&self, identity: &str) -> Arc<Bucket> {
        self.named_at(identity, None)
    }

    /// The same, with leave to drop buckets that nobody holds and that are full by `now`: dropping a full bucket forgets nothing.
    pub fn named_at(&self, identity: &str, now: Option<Moment>) -> Arc<Bucket> {
        let slot = identity.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte))) % self.shards.len();
        let mut shard = self.shards[slot].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = shard.get(identity) {
            return bucket.clone();
        }
        if let Some(now) = now
            && shard.len() >= SHARD_BUCKETS_SOFT_MAX
            && shard.len().is_power_of_two()
        {
            shard.retain(|_, bucket| Arc::strong_count(bucket) > 1 || bucket.full_at.load(Ordering::Relaxed) > now.0);
        }
        let bucket = Arc::<Bucket>::default();
        shard.insert(identity.into(), bucket.clone());
        bucket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: u64) -> Moment {
        Moment(ms * 1_000_000)
    }

    #[test]
    fn a_burst_passes_then_is_refused_then_refills() {
        let (bucket, rate) = (Bucket::default(), Rate::new(1.0, 2));
        let tries = |at| (0..3).map(|_| bucket.take(rate, at)).collect::<Vec<_>>();
        assert_eq!(tries(at_ms(0)), [true, true, false]);
        assert_eq!(tries(at_ms(999)), [false, false, false]);
        assert_eq!(tries(at_ms(1000)), [true, false, false]);
        assert_eq!(tries(at_ms(60_000)), [true, true, false]);
    }

    #[test]
    fn a_rate_or_burst_of_zero_lets_nothing_through() {
        for rate in [Rate::new(0.0, 5), Rate::new(5.0, 0), Rate::new(-1.0, 5), Rate::new(f64::NAN, 5)] {
            assert!(!Bucket::default().take(rate, at_ms(5)));
        }
    }

    #[test]
    fn a_refunded_token_can_be_taken_again() {
        let (bucket, rate) = (Bucket::default(), Rate::new(0.001, 1));
        assert!(bucket.take(rate, at_ms(10)));
        assert!(!bucket.take(rate, at_ms(10)));
        bucket.refund(rate);
        assert_eq!(bucket.left(rate, at_ms(10)), 1);
        assert!(bucket.take(rate, at_ms(10)));
    }

    #[test]
    fn many_threads_take_exactly_what_is_there() {
        let (bucket, rate) = (Bucket::default(), Rate::new(0.000_001, 1000));
        let taken: usize = std::thread::scope(|scope| {
            let each = || (0..2000).filter(|_| bucket.take(rate, at_ms(1))).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(each)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(taken, 1000);
    }

    #[test]
    fn the_same_identity_is_the_same_bucket_whatever_is_deployed() {
        let all = Buckets::default();
        let rate = Rate::new(0.001, 1);
        assert!(all.named("stage a1/prod GET /").take(rate, at_ms(1)));
        assert!(!all.named("stage a1/prod GET /").take(rate, at_ms(1)));
        assert!(all.named("stage a1/prod GET /x").take(rate, at_ms(1)));
    }
}
