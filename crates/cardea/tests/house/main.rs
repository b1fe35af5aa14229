//! Tests that hold for the whole house: what AWS does, case by case; the order of the pipeline; the catalogue of operations; the rooms and
//! their imports; changes while requests run.

mod backend;
mod case;
mod catalogue;
mod given;
mod golden;
mod method;
mod pipeline;
mod swaps;
mod tidy;
mod world;
