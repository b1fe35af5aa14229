//! `cardea env`: the exports that point AWS clients here.

use super::{Client, Outcome, print, settings};
use clap::ArgMatches;
use std::process::ExitCode;

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let config = settings(args)?;
    let client = Client::of(&config)?;
    print(&format!(
        "export AWS_ENDPOINT_URL={}\nexport AWS_ACCESS_KEY_ID={}\nexport AWS_SECRET_ACCESS_KEY={}\n\
         export AWS_DEFAULT_REGION={}\nexport AWS_REGION={}\n",
        client.endpoint(),
        client.access_key_id(),
        client.secret(),
        client.region(),
        client.region()
    ));
    Ok(ExitCode::SUCCESS)
}
