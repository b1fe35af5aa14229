//! Who answers: what makes the reply to an admitted request.

pub mod gateway_response;
pub mod integration;
