//! Resources: an API's tree of paths.
//!
//! A segment is static text, `{name}`, or `{name+}` that takes the rest. AWS promises that of one parent's children at most one is
//! variable, that none have the same name, and that nothing grows below a greedy one. A renamed or moved resource takes its
//! descendants along; a deleted one takes them away, methods and all. Lists are sorted by path.

mod operations;
pub mod record;
#[cfg(test)]
mod tests;
pub mod tree;

pub use operations::{CreateResource, DeleteResource, GetResource, GetResources, OPERATIONS, UpdateResource};
