//! Deployments: an API as it was at a moment.
//!
//! AWS promises that a deployment never changes, that one with a `stageName` makes the stage or points it there, and that none can be
//! deleted while a stage or a canary points at it. Odd: a canary's deployment leaves the stage's own where it is, its error texts lack a
//! space after the first full stop, and an empty `stageName` is as good as none unless a canary is asked for. Equal APIs are stored
//! once: a deployment is the digest of a frozen text. Proof: `tests.rs`; seen in observed/stages-and-deployments.json and
//! observed/canary.json.

pub(crate) mod operations;
pub mod record;
#[cfg(test)]
mod tests;

pub use operations::OPERATIONS;
