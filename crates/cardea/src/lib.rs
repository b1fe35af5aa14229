//! The program: what puts the rooms together.

pub mod edge;
pub mod runtime;
