//! `cardea config`: every setting with its value and where it came from.

use super::{Outcome, from_environment, values};
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
        println!("{}", Value::Object(all));
    } else {
        for (name, value, origin) in rows {
            println!("{name:<24} {:<32} {origin}", if value.is_empty() { "-" } else { &value });
        }
    }
    checked?;
    Ok(ExitCode::SUCCESS)
}
