//! Gateway responses: what a refusal looks like.
//!
//! AWS knows 21 types, and answers for each of them whether or not the API has worded it: what it has not is shown with
//! `defaultResponse: true`. Odd: a type without words of its own takes those of `DEFAULT_4XX` or `DEFAULT_5XX` where the API has worded
//! these, status included, and still calls itself a default; the first patch of a type words it; the status can be replaced, but
//! neither added nor removed.

pub mod kinds;
mod operations;
pub mod record;
#[cfg(test)]
mod tests;

pub use kinds::effective;
pub use operations::{
    DeleteGatewayResponse, GetGatewayResponse, GetGatewayResponses, OPERATIONS, PutGatewayResponse, UpdateGatewayResponse, check,
};
