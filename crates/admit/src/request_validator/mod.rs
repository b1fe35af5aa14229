//! See `record.rs`.

pub mod record;
