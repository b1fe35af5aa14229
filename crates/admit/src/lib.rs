//! Who may pass: what may refuse a caller.

pub mod api_key;
pub mod authorizer;
pub mod request_validator;
pub mod usage_plan;
