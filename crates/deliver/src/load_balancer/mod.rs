//! Load balancers, as far as private integrations need them: the part of Elastic Load Balancing's API that says what stands behind an ARN.
//!
//! A load balancer here is a name: nothing listens in its stead. Its listeners say which target groups requests are shared out to, its
//! target groups list targets and how they are looked at; integrations reach the targets directly
//! ([`crate::upstream::balance`]). So it is active as soon as it is made, subnets and security groups are kept and mean nothing, and
//! listener rules are not there. Members and errors: the service's own model; texts of errors are assumed.

pub mod operations;
pub mod record;
#[cfg(test)]
mod tests;
