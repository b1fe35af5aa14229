//! SDKs: which there are, what each wants to know, and the one that is made here.
//!
//! AWS promises six types. What they are called, and what a caller must say of each, is a table (rest-api-deploy.md §8.7); the words
//! around it are ours. `javascript` is made, of a stage's deployment; the others are refused, as AWS refuses a type that it has not.

mod javascript;
mod operations;
#[cfg(test)]
mod tests;
mod types;
mod zip;

pub use operations::OPERATIONS;
