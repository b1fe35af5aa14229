//! Usage plans: which stages a key may call, how fast, and how often.
//!
//! AWS promises that a key is in one plan at most for each stage, that a quota counts whole days, weeks or months, and that `GetUsage`
//! tells for each day what was used and what was left of the window then. Odd: `burstLimit` may be above or below `rateLimit`, empty
//! `tags` are left out of what is made or listed but shown of what is looked up or changed, `apiStages` is always there, the map of
//! `GetUsage` is called `values` on the wire, and the keys of a plan that is not there are an empty list. Proof: `tests/`; seen in
//! observed/usage-plans-and-keys.json.

pub(crate) mod membership;
mod operations;
pub mod record;
#[cfg(test)]
mod tests;

pub use operations::OPERATIONS;
