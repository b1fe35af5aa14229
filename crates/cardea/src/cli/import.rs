//! `cardea import FILE`: a definition becomes an API, deployed to a stage.

use super::{Client, Outcome, fail, settings};
use crate::credentials::RunFile;
use clap::ArgMatches;
use serde_json::{Value, json};
use std::io::Read;
use std::process::ExitCode;

/// Bytes of a definition, as AWS takes them.
const DEFINITION_BYTES_MAX: u64 = 6 * 1024 * 1024;

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let config = settings(args)?;
    let file = args.get_one::<String>("file").expect("clap demands a file");
    let stage = args.get_one::<String>("stage").expect("it has a default");
    let text = read(file)?;
    let client = Client::of(&config)?;
    let api = match args.get_one::<String>("api-id") {
        Some(id) => client.call("apigateway", "PUT", &format!("/restapis/{id}?mode=overwrite"), &text)?,
        None => client.call("apigateway", "POST", "/restapis?mode=import", &text)?,
    };
    let id = api["id"].as_str().ok_or_else(|| fail("the import was answered without an API id"))?;
    let body = json!({"stageName": stage}).to_string();
    let deployment = client.call("apigateway", "POST", &format!("/restapis/{id}/deployments"), body.as_bytes())?;
    let data = RunFile::read(&config.data_dir).map_or(config.listen, |run| run.data);
    let url = format!("http://{data}/restapis/{id}/{stage}/_user_request_");
    if args.get_flag("json") {
        println!("{}", json!({"api": api, "deployment": deployment, "url": url}));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} is {id}, deployed to {stage}", api["name"].as_str().unwrap_or(file));
    for warning in api["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        println!("  warning: {warning}");
    }
    println!("  curl {url}/");
    println!("  curl -H 'Host: {id}.execute-api.localhost' http://{data}/{stage}/");
    Ok(ExitCode::SUCCESS)
}

fn read(file: &str) -> Result<Vec<u8>, super::Failure> {
    let unreadable = |why: std::io::Error| fail(format!("{file} cannot be read: {why}"));
    let mut text = Vec::new();
    let taken = if file == "-" {
        std::io::stdin().take(DEFINITION_BYTES_MAX + 1).read_to_end(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(DEFINITION_BYTES_MAX + 1).read_to_end(&mut text))
    };
    taken.map_err(unreadable)?;
    if text.len() as u64 > DEFINITION_BYTES_MAX {
        return Err(fail(format!("{file} is larger than {DEFINITION_BYTES_MAX} bytes, the most that AWS takes")));
    }
    Ok(text)
}
