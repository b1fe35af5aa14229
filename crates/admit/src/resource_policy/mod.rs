//! Resource policies: what an API itself says of who may call it.
//!
//! A policy is a part of the deployment: a change of it needs a new one. It is asked at its place in the pipeline, and what comes of it
//! depends on how the method authorizes (rest-api-auth.md §5.2):
//!
//! | method | what is needed |
//! |---|---|
//! | `NONE`, Cognito, JWT | the policy must allow; silence is a no ([`check_open`]) |
//! | `AWS_IAM`, same account | the identity's policies or the resource policy allow, neither denies ([`check_signed`]) |
//! | `AWS_IAM`, another account | both allow ([`check_signed`]) |
//! | a Lambda authorizer | before it is asked: no denial ([`check_denied`]); then its answer counts as the identity's policies |
//!
//! Without a policy a public API is open, and a private one is closed. What is odd: the refusal hides all but four digits of the account;
//! a policy that names an account leaves the decision to that account's own policies.
//!
//! The resource is the ARN of the method as it was routed: literal parts as the resource spells them, values as they came. AWS is said
//! to take the path as it came; then `//admin` and `/%61dmin` would walk around a denial of `/admin`, so that here nothing but values is
//! taken from the caller (assumed).

mod step;
#[cfg(test)]
mod tests;

pub use step::{Action, METHOD_ARN_BYTES_MAX, ResourcePolicy, check_denied, check_open, check_signed};
