//! REST APIs: their settings, and how they come and go.
//!
//! AWS promises an id of ten lower-case characters, a root resource and (unless the API is imported) the models `Empty` and `Error`.
//! Odd: an empty `endpointConfiguration` means `EDGE`; a private API is always `dualstack`; a replaced binary media type moves to the
//! end of the list; tags are left out of a creation's answer when there are none, and are `{}` in every other; the policy comes back
//! with its quotes escaped once more than JSON needs.
//!
//! Ours: the tag `_custom_id_` on creation is the API's id.

pub mod build;
mod clone;
mod operations;
mod patches;
pub mod policy;
pub mod record;
pub mod tags;
#[cfg(test)]
mod tests;
pub mod wire;

pub use operations::{CreateRestApi, DeleteRestApi, GetRestApi, GetRestApis, OPERATIONS, UpdateRestApi, find, save_children};
