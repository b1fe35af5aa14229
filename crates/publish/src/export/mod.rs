//! Exports: what a stage serves, as a definition.
//!
//! AWS promises OpenAPI 3.0 (`oas30`) and Swagger 2.0 (`swagger`), as JSON or, by the header `Accept`, as YAML; and that what is exported
//! is the stage's deployment, not what the API has become since. The answer is a file, whatever its media type (observed/export.json). What
//! is written is the business of `define::import_export::export`.
//!
//! Where AWS names its own host, a definition here names where the API can be reached, unless `public-url` is `aws`.

mod operations;
#[cfg(test)]
mod tests;

pub use operations::OPERATIONS;
pub(crate) use operations::server;
