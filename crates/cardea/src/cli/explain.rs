//! `cardea explain REQUEST-ID`: the story of a request, for people.

use super::{Client, Outcome, print, settings};
use clap::ArgMatches;
use serde_json::Value;
use std::process::ExitCode;

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let config = settings(args)?;
    let id = args.get_one::<String>("request-id").expect("clap demands an id");
    let story = Client::of(&config)?.call("cardea", "GET", &format!("/_cardea/explain/{id}"), b"")?;
    if args.get_flag("json") {
        print(&format!("{story}\n"));
    } else {
        print(&tell(&story));
    }
    Ok(ExitCode::SUCCESS)
}

/// The story as text.
fn tell(story: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut out = String::new();
    let mut line = |words: String| {
        out.push_str(&words);
        out.push('\n');
    };
    let request = &story["request"];
    line(format!("{} {} (Host: {})", text(&request["method"]), text(&request["path"]), text(&request["host"])));
    line(format!("  request {} at {} from {}", text(&story["requestId"]), text(&story["received"]), text(&request["from"])));
    let answer = &story["answer"];
    line(format!(
        "  answered {} with {} bytes in {} ms",
        text(&answer["status"]),
        text(&answer["bodyBytes"]),
        text(&answer["milliseconds"])
    ));
    if let Some(refused) = story.get("refused") {
        line(format!("  refused as {}: {}", text(&refused["type"]), text(&refused["because"])));
    }
    if let Some(stage) = story.get("stage") {
        line(format!(
            "  API {} ({}), stage {}, deployment {}",
            text(&stage["apiId"]),
            text(&stage["apiName"]),
            text(&stage["stage"]),
            text(&stage["deploymentId"])
        ));
    }
    if let Some(method) = story.get("method") {
        line(format!(
            "  method {} {} (resource {})",
            text(&method["httpMethod"]),
            text(&method["resourcePath"]),
            text(&method["resourceId"])
        ));
    }
    if let Some(lost) = story.get("nearestThatLost") {
        line(format!("  the nearest that lost: {}", text(lost)));
    }
    for step in story["steps"].as_array().into_iter().flatten() {
        let verdict = text(&step["verdict"]);
        if verdict == "nothing configured" || verdict == "not reached" {
            continue;
        }
        let extra: Vec<String> = step
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, value)| !matches!(name.as_str(), "step" | "verdict") && !value.is_null())
            .map(|(name, value)| format!("{name} {}", text(value)))
            .collect();
        let extra = if extra.is_empty() { String::new() } else { format!(" ({})", extra.join(", ")) };
        line(format!("  {:<28} {verdict}{extra}", text(&step["step"])));
    }
    if let Some(function) = story.get("function") {
        let place = if function["hosted"].as_bool() == Some(true) { "here" } else { "elsewhere" };
        line(format!("  function {} ({place})", text(&function["arn"])));
        if let Some(error) = function["error"].as_str() {
            line(format!("  function failed: {error}"));
        }
    }
    if let Some(back) = story.get("backEnd").filter(|back| !back["address"].is_null() || story.get("function").is_none()) {
        line(format!(
            "  back end {} answered {} after {} ms ({} attempt(s), {} connection)",
            text(&back["address"]),
            text(&back["status"]),
            text(&back["answeredAfterMs"]),
            text(&back["attempts"]),
            if back["reusedConnection"].as_bool() == Some(true) { "a pooled" } else { "a new" }
        ));
    }
    if let Some(nearest) = story.get("nearest").filter(|nearest| !nearest.is_null()) {
        line(format!("  {}", text(&nearest["hint"])));
        for kind in ["routes", "stages", "apis"] {
            for name in nearest[kind].as_array().into_iter().flatten() {
                line(format!("    {}", text(name)));
            }
        }
    }
    out
}
