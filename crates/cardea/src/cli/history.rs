//! `cardea history API`: what was done to an API, by whom and when. `cardea restore API --at REVISION`: its definition as it was.

use super::text::{encoded, plain};
use super::{Client, Outcome, fail, print, settings};
use clap::ArgMatches;
use serde_json::Value;
use std::process::ExitCode;

/// Changes of a revision that are printed; `--json` has more.
const CHANGES_SHOWN: usize = 12;

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let api = args.get_one::<String>("api").expect("clap demands an API");
    let limit = args.get_one::<u16>("limit").expect("it has a default");
    let before = args.get_one::<u64>("before").map_or_else(String::new, |before| format!("&before={before}"));
    let target = format!("/_cardea/history/{}?limit={limit}{before}", encoded(api));
    let history = Client::of(&settings(args)?)?.call("cardea", "GET", &target, b"")?;
    let Some(revisions) = history["revisions"].as_array() else {
        return Err(fail("the node answered without revisions: it may be of another version"));
    };
    if args.get_flag("json") {
        print(&format!("{history}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let mut out: String = revisions.iter().map(tell).collect();
    if let Some(before) = history["before"].as_u64() {
        out.push_str(&format!("older: cardea history {} --before {before}\n", plain(api)));
    }
    print(&out);
    Ok(ExitCode::SUCCESS)
}

/// Brings a definition back, on the node that serves.
pub(super) fn restore(args: &ArgMatches) -> Outcome {
    let api = args.get_one::<String>("file").expect("clap demands it");
    let at = args.get_one::<u64>("at").expect("it is what leads here");
    let target = format!("/_cardea/restore/{}?at={at}", encoded(api));
    let restored = Client::of(&settings(args)?)?.call("cardea", "POST", &target, b"")?;
    let (Some(put), Some(deleted)) = (restored["put"].as_u64(), restored["deleted"].as_u64()) else {
        return Err(fail("the node did not say what it restored: it may be of another version"));
    };
    let api = plain(api);
    match (args.get_flag("json"), put + deleted) {
        (true, _) => print(&format!("{restored}\n")),
        (false, 0) => print(&format!("{api} is as it was at revision {at}: nothing had to be changed\n")),
        (false, _) => print(&format!(
            "{api} is as it was at revision {at}: {put} records put back, {deleted} deleted\n\
             Stages serve what they served; `cardea diff {api}/STAGE {api}` tells what deploying would change.\n"
        )),
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(revision: &Value) -> String {
    let word = |value: &Value| plain(value.as_str().unwrap_or(""));
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let mut out = format!("{}  {}  {}\n", number(&revision["revision"]), word(&revision["time"]), word(&revision["actor"]));
    let changes = revision["changes"].as_array().map_or(&[][..], Vec::as_slice);
    for change in &changes[..changes.len().min(CHANGES_SHOWN)] {
        out.push_str(&format!("    {:8}{} {}\n", word(&change["did"]), word(&change["kind"]), word(&change["name"])));
    }
    let more = (changes.len().saturating_sub(CHANGES_SHOWN) as u64).saturating_add(number(&revision["leftOut"]));
    if more > 0 {
        out.push_str(&format!("    and {more} more\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_revision_is_told_in_lines_and_what_is_too_much_is_counted() {
        let change = json!({"did": "put", "kind": "method", "name": "GET /pets", "id": "a/GET"});
        let revision = |changes: usize, left_out: u64| {
            let changes = vec![change.clone(); changes];
            tell(&json!({"revision": 7, "time": "2026-11-22T12:00:00Z", "actor": "AKIA1", "changes": changes, "leftOut": left_out}))
        };
        assert_eq!(revision(1, 0), "7  2026-11-22T12:00:00Z  AKIA1\n    put     method GET /pets\n");
        let many = revision(CHANGES_SHOWN + 1, 4);
        assert!(many.ends_with("    and 5 more\n") && many.lines().count() == CHANGES_SHOWN + 2, "{many}");
        assert!(!revision(CHANGES_SHOWN, 0).contains("more"));
    }

    #[test]
    fn an_actor_with_a_command_in_it_is_written_out() {
        let text = tell(&json!({"revision": 7, "time": "", "actor": "\u{1b}[2J", "changes": [], "leftOut": 0}));
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
