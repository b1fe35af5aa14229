//! The story of policies: rules one by one, then whole tables against an evaluator that knows no haste.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod naive;
mod rules;
mod table;
