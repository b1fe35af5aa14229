//! Who may pass: what may refuse a caller.

pub mod api_key;
pub mod authorizer;
pub mod client_certificate;
pub mod identity;
pub mod request_validator;
pub mod resource_policy;
mod scan;
pub mod usage_plan;

use base::api::Entry;

/// The operations of this shelf, by feature.
pub const OPERATIONS: &[&[Entry]] =
    &[api_key::OPERATIONS, authorizer::OPERATIONS, client_certificate::OPERATIONS, request_validator::OPERATIONS, usage_plan::OPERATIONS];
