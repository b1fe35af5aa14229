//! VPC links of the first kind: a way to a network load balancer in a private network, by which integrations reach it.
//!
//! AWS promises a link that is `PENDING` when it is made and `AVAILABLE` some minutes later. Here it is available at once, since nothing
//! is built: a link's targets are reached, or not, when an integration asks for them. `tags` is left out of creations and lists when
//! there are none, and is `{}` elsewhere. Deletion is the integration's matter (define), since a link cannot see who names it.

mod operations;
pub mod record;
#[cfg(test)]
mod tests;

pub use operations::{OPERATIONS, known_link};
