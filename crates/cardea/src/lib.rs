//! The program: what puts the rooms together.

pub mod backup;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod edge;
mod functions;
pub mod log;
pub mod machine;
pub mod node;
pub mod runtime;
mod upstreams;
