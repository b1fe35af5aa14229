//! What an API is.

pub mod method;
pub mod model;
pub mod resource;
pub mod rest_api;
pub mod tree;
