//! The binary: see [`cardea::cli`].

use std::process::ExitCode;

/// What mapping templates make is many small things: this takes a sixth off them, and nothing from the proxy path, which makes none.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cardea::cli::main()
}
