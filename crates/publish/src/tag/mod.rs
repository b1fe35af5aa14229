//! Tags of things that are addressed by ARN: REST APIs, stages, API keys, usage plans, client
//! certificates, domain names and their access associations, VPC links.
//!
//! AWS promises that tagging merges and untagging takes no notice of keys that are not there. The ARN is one percent-encoded segment of
//! the path, or, from some clients, its plain text with slashes. `position` and `limit` are taken and not supported, as AWS says of
//! itself.

mod operations;
#[cfg(test)]
mod tests;

pub use operations::OPERATIONS;
