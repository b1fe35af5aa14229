//! `cardea logs [-f] FUNCTION`: what a function that is hosted here printed.

use super::{Client, Outcome, print};
use crate::config::Config;
use std::process::ExitCode;
use std::time::Duration;

/// How often a log is looked at anew.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

pub(super) fn run(config: &Config, name: &str, follows: bool) -> Outcome {
    let client = Client::of(config)?;
    let mut after = 0;
    loop {
        let page = client.call("cardea", "GET", &format!("/_cardea/functions/{name}/log?after={after}"), b"")?;
        let mut out = String::new();
        for line in page["lines"].as_array().into_iter().flatten() {
            out.push_str(&format!("{} {}\n", line["time"].as_str().unwrap_or_default(), line["text"].as_str().unwrap_or_default()));
        }
        print(&out);
        // A node that was started anew counts from the beginning.
        let last = page["last"].as_u64().unwrap_or(0);
        after = if last < after { 0 } else { last };
        if !follows {
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}
