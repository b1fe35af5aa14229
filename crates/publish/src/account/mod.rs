//! The account: limits and settings of a region. It is there from the beginning and cannot be deleted.
//!
//! AWS promises that usage plans, once enabled, stay so, and that a role for logs is refused when it cannot be used. We have no IAM to
//! ask here, so a role only has to look like one.

pub(crate) mod operations;
pub mod record;

pub use operations::OPERATIONS;
