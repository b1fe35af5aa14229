//! Custom domain names: a name of one's own in front of APIs, the base paths that lead from it to their stages, and who may reach a
//! private one.
//!
//! AWS promises three sorts. `EDGE` and `REGIONAL` names are public, there is one of each name in the world, and one name may be both
//! while it moves from the one to the other. `PRIVATE` names are told apart by a `domainNameId`, also from a public one of the same name;
//! whoever does not say the id means the public one. A VPC endpoint reaches a private name through an access association, which the
//! endpoint's account makes and the name's account may reject.
//!
//! Odd: the empty base path is `(none)` in addresses and answers; a base path with a slash can be made through the second API alone; the
//! type `EDGE` is the default. There is no CloudFront here: `EDGE` is stored and answered as such, and served like `REGIONAL`. There is no
//! certificate manager either: ARNs of certificates are kept and shown, and only `aws-strict` insists on one.
//!
//! Another account may not associate a VPC endpoint with a name here: what `managementPolicy` says of it is stored, and what cannot be
//! decided lets nobody in (docs/decisions/0002).

pub mod access_association;
pub mod base_path_mapping;
mod checks;
pub(crate) mod operations;
mod patches;
pub mod record;
mod reply;
#[cfg(test)]
mod tests;

pub use operations::OPERATIONS;
