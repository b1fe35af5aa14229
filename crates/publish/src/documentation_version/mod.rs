//! Documentation versions: an API's documentation parts as they were at a moment. A stage shows one of them.
//!
//! AWS promises that a version never changes but for its description, and that making one for a stage makes the stage show it. The parts
//! themselves are `define::documentation`; they are frozen as a deployment is, under their digest.

mod operations;
pub mod record;
#[cfg(test)]
mod tests;

pub use operations::OPERATIONS;
pub(crate) use operations::documented;
