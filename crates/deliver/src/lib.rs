//! Who answers: what makes the reply to an admitted request.

pub mod gateway_response;
pub mod integration;

use base::api::Entry;

/// The operations of this shelf, by feature.
pub const OPERATIONS: &[&[Entry]] = &[gateway_response::OPERATIONS];
