//! Deployments: an API as it was at a moment.

pub mod record;
