//! `cardea completion SHELL`.

use super::{Outcome, command};
use clap::ArgMatches;
use clap_complete::Shell;
use std::process::ExitCode;

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let shell = *args.get_one::<Shell>("shell").expect("clap demands a shell");
    clap_complete::generate(shell, &mut command(), "cardea", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
