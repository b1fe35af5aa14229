//! Who answers: what makes the reply to an admitted request.
//!
//! - [`integration`]: the back end of a method, compiled from its record.
//! - [`mapping`]: what becomes of a request on its way there, and of the answer on its way back.
//! - [`upstream`]: connections to HTTP endpoints, kept and used again.
//! - [`aws`]: AWS as this process reaches it: endpoints and keys.
//! - [`function`]: Lambda functions, here and elsewhere.
//! - [`gateway_response`]: what a refusal looks like.
//! - [`vpc_link`] and [`vpc_link_v2`]: the ways to private networks, and [`load_balancer`] and [`cloud_map`]: what is there.
//!
//! What is compiled is shared by all data threads and holds no thread's things; what belongs to a thread ([`upstream::Upstreams`]) is
//! handed to the call.

pub mod aws;
#[cfg(test)]
mod bench;
pub mod cloud_map;
mod flaw;
pub mod function;
pub mod gateway_response;
pub mod integration;
pub mod load_balancer;
pub mod mapping;
pub mod response_cache;
pub mod upstream;
pub mod vpc_link;
pub mod vpc_link_v2;

pub use flaw::Flaw;

use base::api::Entry;

/// The operations of this shelf, by feature.
pub const OPERATIONS: &[&[Entry]] = &[gateway_response::OPERATIONS, vpc_link::OPERATIONS];

/// The operations of the Lambda service.
pub const LAMBDA_OPERATIONS: &[&[Entry]] = &[function::operations::OPERATIONS];

/// The operations of the load balancing service.
pub const LOAD_BALANCER_OPERATIONS: &[&[Entry]] = &[load_balancer::operations::OPERATIONS];

/// The operations of the second control API.
pub const SECOND_OPERATIONS: &[&[Entry]] = &[vpc_link_v2::OPERATIONS];

/// The operations of Cloud Map.
pub const CLOUD_MAP_OPERATIONS: &[&[Entry]] = &[cloud_map::operations::OPERATIONS];

/// What this shelf has beside AWS's operations.
pub const OWN_OPERATIONS: &[&[Entry]] = &[function::operations::OWN_OPERATIONS];
