//! Where an API lives: what gives it a stage and a name.

pub mod account;
pub mod deployment;
pub mod documentation_version;
pub mod domain_name;
pub mod export;
pub mod past;
pub mod sdk;
pub mod stage;
pub mod tag;
#[cfg(test)]
mod testing;

use base::api::Entry;

/// The operations of this shelf, by feature.
pub const OPERATIONS: &[&[Entry]] = &[
    account::OPERATIONS,
    deployment::OPERATIONS,
    documentation_version::OPERATIONS,
    domain_name::OPERATIONS,
    domain_name::base_path_mapping::OPERATIONS,
    domain_name::access_association::OPERATIONS,
    export::OPERATIONS,
    sdk::OPERATIONS,
    stage::OPERATIONS,
    tag::OPERATIONS,
];

/// What we have beside AWS's operations, under `/_cardea`.
pub const OWN_OPERATIONS: &[&[Entry]] = &[past::OPERATIONS];
