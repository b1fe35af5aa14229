//! Models: JSON Schemas under a name.
//!
//! A model is addressed by its name; an unknown API is told of as an unknown model, but by the list and by creation. Every schema must
//! say something, even one for a media type that is not JSON. `$ref` names another model of the API by its address.

mod flatten;
mod operations;
pub mod record;
mod template;
#[cfg(test)]
mod tests;

pub use operations::{CreateModel, DeleteModel, GetModel, GetModelTemplate, GetModels, OPERATIONS, UpdateModel, check};
