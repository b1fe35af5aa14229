//! Resources: an API's tree of paths.

pub mod record;
