//! Methods: a verb on a resource, with its responses and its integration.

pub mod record;
