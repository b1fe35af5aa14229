//! Integrations: who makes the answer.

pub mod record;
