//! Models: JSON Schemas under a name.

pub mod record;
