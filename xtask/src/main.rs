//! What developers run and users do not: `cargo xtask bench` measures Cardea beside nginx and HAProxy, `cargo xtask tenants` measures it
//! with a great many APIs, keys and routes, `cargo xtask messages` what mapping and caching cost, `cargo xtask calm` does harm to it and looks at what ordinary clients notice; the method, and
//! how far to trust it, is told in `docs/benchmarks.md`. `cargo xtask fuzz` runs a target of `fuzz/` for a while.

mod bench;
mod calm;
mod catalogue;
mod failure;
mod fuzz;
mod load;
mod messages;
mod node;
mod peers;
mod place;
mod report;
mod secure;
mod tenants;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Measures and fuzzes Cardea.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Compare with nginx and HAProxy at the same work, on one core
    Bench(bench::Options),
    /// Start with 10,000 stages, with many API keys, and find one route in 10,000
    Tenants(tenants::Options),
    /// What templates, mappings and the cache cost beside passing a message on
    Messages(messages::Options),
    /// Do harm: changes under load, slow clients, no descriptors, no memory, back ends that die, SIGTERM
    Calm(calm::Options),
    /// The back end that calm kills
    #[command(hide = true)]
    BackEnd(calm::BackEndOptions),
    /// Run a fuzz target for a while, or list the targets
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let done = match Line::parse().verb {
        Verb::Bench(options) => bench::run(&options),
        Verb::Tenants(options) => tenants::run(&options),
        Verb::Messages(options) => messages::run(&options),
        Verb::Calm(options) => calm::run(&options),
        Verb::BackEnd(options) => calm::run_back_end(&options),
        Verb::Fuzz(options) => fuzz::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
