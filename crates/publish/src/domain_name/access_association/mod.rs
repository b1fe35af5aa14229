//! Domain name access associations: which VPC endpoints reach a private domain name.
//!
//! AWS promises that the account of the VPC endpoint makes one, that it is addressed by its ARN, and that the account of the domain name
//! may only reject those of others. One VPC endpoint reaches one private name of a kind: a second one of the same name clashes. Here an
//! association is ready at once.

mod operations;
pub mod record;
#[cfg(test)]
mod tests;

pub use operations::OPERATIONS;
pub(super) use operations::end_all;
pub(crate) use operations::known_association;
