//! Request validators: what of a request is checked before it goes on ([`Validation`]).
//!
//! Odd: creation under an unknown API is a bad request, and no 404; a patch without a value means `false`. Deletion is in
//! `define::method`, since a validator that a method needs must stay, and methods cannot be seen from here.

mod operations;
pub mod record;
mod step;
#[cfg(test)]
mod tests;

pub use operations::{CreateRequestValidator, GetRequestValidator, GetRequestValidators, OPERATIONS, UpdateRequestValidator};
pub use step::{Validation, check_body};
