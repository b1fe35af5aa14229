//! Authorizers: who decides whether a caller may pass.
//!
//! AWS promises a unique name per API, and that an authorizer which a method needs stays (deletion is in `define::method`, where methods
//! can be seen). Odd: creation under an unknown API is told of as a concurrent modification; without a TTL, none is shown, though 300
//! seconds hold.

mod check;
mod operations;
pub mod record;
mod test_invoke;
#[cfg(test)]
mod tests;

pub use check::check;
pub use operations::{CreateAuthorizer, GetAuthorizer, GetAuthorizers, OPERATIONS, UpdateAuthorizer};
pub use test_invoke::TestInvokeAuthorizer;
