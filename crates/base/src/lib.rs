//! The rooms everybody stands in: small on purpose, settled early, since everything waits for it.
//!
//! ```text
//! world ─► store ─► api ┐
//! world ─► tally        ├─► the features, and the program that puts them together
//! world ─► gate         ┘      (api and gate never see each other)
//! ```
//!
//! - [`world`]: the only door to time and chance.
//! - [`store`]: what is remembered: records, transactions, the change feed. It knows no noun.
//! - [`tally`]: counting for throttles and quotas.
//! - [`api`]: what an operation of the control API is.
//! - [`gate`]: what a request to a deployed API is.

pub mod api;
pub mod gate;
pub mod store;
pub mod tally;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod world;
