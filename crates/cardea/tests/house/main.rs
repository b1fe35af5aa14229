//! Tests that hold for the whole house: what AWS does, case by case; the order of the pipeline; the catalogue of operations; the rooms and
//! their imports; changes while requests run.

#![expect(clippy::unwrap_used, reason = "all of this is tests, the helpers included")]

mod backend;
mod case;
mod catalogue;
mod given;
mod golden;
mod method;
mod pipeline;
mod signers;
mod sources;
mod swaps;
mod tidy;
mod world;
