//! `cardea config`: every setting with its value and where it came from.

use super::{Outcome, from_environment, print, values};
use crate::config::{Config, Origin, SETTINGS};
use clap::ArgMatches;
use serde_json::{Map, Value, json};
use std::process::ExitCode;

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let values = values(args)?;
    let checked = Config::read(&values, from_environment);
    let rows = SETTINGS.iter().map(|setting| {
        let (value, origin) = values.with_origin(setting.name).unwrap_or(("", &Origin::Default));
        let value = match (setting.name, value, &checked) {
            ("data-dir", "", Ok(config)) => config.data_dir.display().to_string(),
            (_, value, _) if setting.secret && !value.is_empty() => "(set)".to_owned(),
            (_, value, _) => value.to_owned(),
        };
        (setting.name, value, origin.to_string())
    });
    if args.get_flag("json") {
        let all: Map<String, Value> =
            rows.map(|(name, value, origin)| (name.to_owned(), json!({"value": value, "origin": origin}))).collect();
        print(&format!("{}\n", Value::Object(all)));
    } else {
        let line = |(name, value, origin): (&str, String, String)| {
            format!("{name:<28} {:<32} {origin}\n", if value.is_empty() { "-" } else { &value })
        };
        print(&rows.map(line).collect::<String>());
    }
    checked?;
    Ok(ExitCode::SUCCESS)
}
