//! Client certificates: what the gateway shows to a back end, so that the back end knows it.
//!
//! AWS promises a key pair of its own (RSA, 2048 bits), a certificate that signs itself, and a year of validity. The private key never
//! leaves the gateway: it is sealed before it is stored. A certificate is live: a stage that names it uses it without a deployment.
//! Deletion is the stage's matter (publish), since a certificate cannot see who names it.

mod generate;
mod operations;
pub mod record;
#[cfg(test)]
mod tests;

pub use operations::{OPERATIONS, known_certificate};
