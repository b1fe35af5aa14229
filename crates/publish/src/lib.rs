//! Where an API lives: what gives it a stage and a name.

pub mod account;
pub mod deployment;
pub mod stage;
