//! Base path mappings: which API answers behind a domain name, by the first part of the path.
//!
//! AWS promises one API a base path; without a stage, the part of the path that follows names it. Odd: the empty base path is written
//! `(none)`, in addresses as in answers. A mapping is live: it acts without a deployment.
//!
//! Each mapping is stored twice, from the domain's side and from the stage's, so that a stage knows whether it may be deleted.

mod operations;
pub mod record;
#[cfg(test)]
mod tests;

pub use operations::OPERATIONS;
pub(super) use operations::end_all;
