//! What an operator does with a node: looks at its numbers, takes a copy of it, brings one back, asks what changed.

#![expect(clippy::unwrap_used, reason = "all of this is tests, the helpers included")]

mod backup;
mod calm;
mod house;
mod metrics;
mod packaging;
mod past;
