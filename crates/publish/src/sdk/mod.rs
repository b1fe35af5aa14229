//! SDKs: which there are, and what each wants to know.
//!
//! AWS promises six types. What they are called, and what a caller must say of each, is a table (rest-api-deploy.md §8.7); the words
//! around it are ours.

mod operations;
#[cfg(test)]
mod tests;
mod types;

pub use operations::OPERATIONS;
