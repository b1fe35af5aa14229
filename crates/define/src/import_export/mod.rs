//! Definitions: OpenAPI 3 and Swagger 2.0 documents, read into the records of an API, and written from them.
//!
//! ```text
//! text ─► document (nodes with line and column) ─► import::plan (pure) ─► an ApiTree and what was odd ─► operations store it
//! an ApiTree ─► export::export (pure) ─► a document ─► publish sends it
//! ```
//!
//! What AWS promises: `POST /restapis?mode=import` makes an API, `PUT /restapis/{id}` merges into one or overwrites it; JSON or YAML up
//! to 6 MB; everything that is wrong is told at once.
//!
//! What is odd, all of it recorded (observed/import.json):
//! - An imported API has no `Empty` and `Error` models of its own.
//! - `security` at the root counts for operations without their own, though the documentation denies it.
//! - A path's variables are required parameters of its methods, declared or not.
//! - A PUT never renames the API, whatever the title; it answers `"tags":{}`, an import answers none.
//! - A mock that names an `httpMethod` loses it.
//!
//! Where we differ: AWS does a PUT piece by piece, here a definition is stored whole or not at all. And what AWS refuses in an integration
//! but another node might understand (a URI with a placeholder that nobody filled in) is a warning here, unless the profile is `aws-strict`.

pub mod document;
pub mod export;
pub mod import;
mod operations;
mod problem;
mod refs;
#[cfg(test)]
mod tests;

pub(crate) use import::{Definition, Mode};
pub use operations::{ImportRestApi, PutRestApi, check};
pub(crate) use problem::{Notes, refusal};
pub use problem::{Problem, Severity};

use base::api::{Entry, op};

/// The operations of this feature.
pub const OPERATIONS: &[Entry] = &[op::<ImportRestApi>(), op::<PutRestApi>()];
