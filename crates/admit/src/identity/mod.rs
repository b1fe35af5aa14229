//! Identities: whose access key signs, and what its own policies allow.
//!
//! A method with `AWS_IAM` asks for a signature of version 4, in the `Authorization` header or in the query. [`Claimed`] is what a
//! request says of itself, as far as that can be judged before its body is here; [`Claimed::prove`] is the proof. Who may call then is
//! for the policies of both sides: see `resource_policy`.
//!
//! Odd: scope, cover and time are judged before the key is looked up, so that a wrong region is told to strangers, too (seen); a key that
//! lives for long takes no session token (documented); the signature covers the path as it came, percent signs and all (seen).
//!
//! So far the root of the installation's account is the only identity; whoever knows more of them implements [`Keys`].

mod step;
#[cfg(test)]
mod tests;

pub use step::{Claimed, EXECUTE_API, Identity, Keys, Kind, Powers};
