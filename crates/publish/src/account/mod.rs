//! The account: limits and settings of a region.

pub mod record;
