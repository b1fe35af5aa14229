//! Stages: where a deployment can be called. All of a stage is live: it acts without a deployment.
//!
//! AWS promises a name of letters, digits, `_` and `-`, settings by method that appear whole with the first one that is set, and a
//! canary that takes a part of the requests to another deployment. Odd: PATCH has words of its own, with commas missing in the list of
//! paths and a space at the end of what cannot be removed; the keys of method settings are the path as it was patched, escapes and
//! all; `variables` and `tags` that are empty are left out, `methodSettings` is not; a canary is promoted by copying. Proof: `tests/`;
//! seen in observed/stages-and-deployments.json and observed/canary.json.

pub(crate) mod checks;
mod flush;
mod method_settings;
pub(crate) mod operations;
pub(crate) mod overlay;
mod patches;
pub mod record;
mod references;
mod reply;
#[cfg(test)]
mod tests;

pub use operations::OPERATIONS;
