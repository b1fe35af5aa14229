//! VPC links of the second kind: a way into a private network's subnets, by which integrations reach what they name themselves
//! (`integrationTarget`): a load balancer, a listener, a Cloud Map service.
//!
//! They are made and kept by the second API (`/v2/vpclinks`), and serve REST APIs, too. Here one is available at once; its subnets and
//! security groups are kept, and mean nothing. Seen: the atlas, http-api §8.

mod operations;
pub mod record;
#[cfg(test)]
mod tests;

pub use operations::OPERATIONS;
