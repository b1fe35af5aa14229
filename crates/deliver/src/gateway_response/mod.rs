//! Gateway responses: what a refusal looks like.

pub mod record;
