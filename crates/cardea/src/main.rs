//! The binary: see [`cardea::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    cardea::cli::main()
}
