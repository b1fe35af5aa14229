//! Where an API lives: what gives it a stage and a name.

pub mod account;
pub mod deployment;
pub mod stage;
pub mod tag;
#[cfg(test)]
mod testing;

use base::api::Entry;

/// The operations of this shelf, by feature.
pub const OPERATIONS: &[&[Entry]] = &[account::OPERATIONS, deployment::OPERATIONS, stage::OPERATIONS, tag::OPERATIONS];
