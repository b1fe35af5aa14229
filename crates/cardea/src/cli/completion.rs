//! `cardea completion SHELL`.

use super::{Outcome, command, print};
use clap::ArgMatches;
use clap_complete::Shell;
use std::process::ExitCode;

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let shell = *args.get_one::<Shell>("shell").expect("clap demands a shell");
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "cardea", &mut script);
    print(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
