//! `cardea diff A B`: what would have to happen to one moment of an API so that it becomes another. It ends as diff(1) does: 0 where they
//! are equal, 1 where they differ, 2 where nobody can tell.

use super::text::{Paint, clipped, encoded, plain};
use super::{Client, Failure, print, settings};
use clap::ArgMatches;
use serde_json::Value;
use std::process::ExitCode;

const DIFFERENT: u8 = 1;
const TROUBLE: u8 = 2;
/// Characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 72;
/// Characters to which the names of members are filled up.
const MEMBER_CHARS: usize = 28;

pub(super) fn run(args: &ArgMatches) -> ExitCode {
    match compared(args) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("cardea: {why}");
            ExitCode::from(TROUBLE)
        }
    }
}

fn compared(args: &ArgMatches) -> Result<ExitCode, Failure> {
    let side = |name: &str| args.get_one::<String>(name).expect("clap demands both sides").as_str();
    let (from, to) = (side("from"), side("to"));
    let target = format!("/_cardea/diff?from={}&to={}", encoded(from), encoded(to));
    let comparison = Client::of(&settings(args)?)?.call("cardea", "GET", &target, b"")?;
    let Some(changes) = comparison["changes"].as_array() else {
        return Err(Failure("the node answered without changes: it may be of another version".into()));
    };
    if args.get_flag("json") {
        print(&format!("{comparison}\n"));
    } else {
        print(&tell(changes, (from, to), &Paint::for_stdout()));
    }
    Ok(if changes.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) })
}

/// The changes as text; nothing where there are none, as diff(1) has it.
fn tell(changes: &[Value], sides: (&str, &str), paint: &Paint) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let mut out = format!("{}\n{}\n", paint.red(&format!("--- {}", plain(sides.0))), paint.green(&format!("+++ {}", plain(sides.1))));
    for change in changes {
        out.push_str(&told(change, paint));
    }
    out.push_str(&summary(changes));
    out
}

fn told(change: &Value, paint: &Paint) -> String {
    let fate = word(&change["fate"]);
    let name = format!("{} {}", spaced(word(&change["noun"])), plain(word(&change["name"])));
    let name = name.trim_end();
    let mut out = match fate {
        "added" => paint.green(&format!("+ {name}")),
        "removed" => paint.red(&format!("- {name}")),
        _ => paint.yellow(&format!("~ {name}")),
    };
    out.push('\n');
    // What is new or gone is told by its name: all of it is in the JSON.
    for member in change["members"].as_array().into_iter().flatten().filter(|_| fate == "changed") {
        let value = |side: &str| member.get(side).map_or_else(|| "(none)".to_owned(), |value| clipped(&value.to_string(), VALUE_CHARS_MAX));
        let (from, to) = (value("from"), value("to"));
        out.push_str(&format!("    {:MEMBER_CHARS$}  {from} -> {to}\n", plain(word(&member["member"]))));
    }
    for concern in change["concerns"].as_array().into_iter().flatten() {
        let why = plain(word(&concern["why"]));
        let line = match word(&concern["effect"]) {
            "weakens" => paint.alarm(&format!("  ! weakens security: {why}")),
            "mayWeaken" => paint.yellow(&format!("  ? may weaken security: {why}")),
            _ => format!("  # changes limits: {why}"),
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn summary(changes: &[Value]) -> String {
    let fates = |fate: &str| changes.iter().filter(|change| change["fate"] == fate).count();
    let effects = |effect: &str| {
        changes.iter().flat_map(|change| change["concerns"].as_array()).flatten().filter(|concern| concern["effect"] == effect).count()
    };
    format!(
        "{} added, {} removed, {} changed; {} weaken security, {} may weaken it, {} change limits\n",
        fates("added"),
        fates("removed"),
        fates("changed"),
        effects("weakens"),
        effects("mayWeaken"),
        effects("limits")
    )
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// `gatewayResponse` as `gateway response`.
fn spaced(noun: &str) -> String {
    noun.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii_uppercase() {
            out.push(' ');
        }
        out.push(c.to_ascii_lowercase());
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changes() -> Vec<Value> {
        vec![
            json!({"noun": "gatewayResponse", "name": "DEFAULT_4XX", "fate": "removed", "members": [{"member": "statusCode", "from": "400"}],
                   "concerns": []}),
            json!({"noun": "method", "name": "GET /pets", "fate": "changed",
                   "members": [{"member": "authorizationType", "from": "AWS_IAM", "to": "NONE"}, {"member": "authorizer", "from": "a"}],
                   "concerns": [{"effect": "weakens", "why": "no authorization is asked for any more", "member": "authorizationType"}]}),
        ]
    }

    #[test]
    fn changes_are_told_with_both_values_and_what_they_mean() {
        let text = tell(&changes(), ("a/prod", "a"), &Paint::none());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "--- a/prod",
                "+++ a",
                "- gateway response DEFAULT_4XX",
                "~ method GET /pets",
                "    authorizationType             \"AWS_IAM\" -> \"NONE\"",
                "    authorizer                    \"a\" -> (none)",
                "  ! weakens security: no authorization is asked for any more",
                "0 added, 1 removed, 1 changed; 1 weaken security, 0 may weaken it, 0 change limits",
            ]
        );
        assert_eq!(tell(&[], ("a", "b"), &Paint::none()), "");
    }

    #[test]
    fn nothing_in_a_name_or_a_value_reaches_the_terminal_as_a_command() {
        let hostile = "x\u{1b}[2J\u{9b}2J\u{202e}";
        let change = json!({"noun": "model", "name": hostile, "fate": "changed",
            "members": [{"member": hostile, "from": hostile, "to": "y"}], "concerns": []});
        let text = tell(&[change], (hostile, "b"), &Paint::none());
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert!(!text.contains('\u{202e}'), "{text:?}");
    }
}
