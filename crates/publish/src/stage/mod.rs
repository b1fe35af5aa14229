//! Stages: where a deployment can be called.

pub mod record;
