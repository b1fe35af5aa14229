//! `cardea env`: the exports that point AWS clients here.

use super::{Client, Outcome, settings};
use clap::ArgMatches;
use std::process::ExitCode;

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let config = settings(args)?;
    let client = Client::of(&config)?;
    println!("export AWS_ENDPOINT_URL={}", client.endpoint());
    println!("export AWS_ACCESS_KEY_ID={}", client.access_key_id());
    println!("export AWS_SECRET_ACCESS_KEY={}", client.secret());
    println!("export AWS_DEFAULT_REGION={}", client.region());
    println!("export AWS_REGION={}", client.region());
    Ok(ExitCode::SUCCESS)
}
