//! What an API is: its settings, its tree of paths, its methods with their integrations, its models,
//! and what is written of it.
//!
//! The left-hand shelves hold what an API refers to (`admit`: authorizers and validators; `deliver`: integrations and gateway
//! responses); here they are joined into one thing, [`tree::ApiTree`], which is what a deployment freezes.

pub mod compare;
pub mod documentation;
pub mod import_export;
pub mod limits;
pub mod method;
pub mod model;
pub mod resource;
pub mod rest_api;
pub mod tree;

use base::api::Entry;

/// The operations of this shelf.
pub const OPERATIONS: &[&[Entry]] = &[
    rest_api::OPERATIONS,
    resource::OPERATIONS,
    method::OPERATIONS,
    model::OPERATIONS,
    documentation::OPERATIONS,
    import_export::OPERATIONS,
];
