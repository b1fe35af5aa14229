//! The story of policies: rules one by one, then whole tables against an evaluator that knows no haste.

mod naive;
mod rules;
mod table;
