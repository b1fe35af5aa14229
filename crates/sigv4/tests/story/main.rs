//! The story of a signature, told once: what others sign we sign alike and take; what was changed on the way we refuse, in AWS's words.

mod bench;
mod corpus;
mod failures;
mod golden;
mod properties;
