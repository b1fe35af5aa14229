//! The story of exports.

use crate::testing::{API, API_ID, bench, mock, put_method, stage};
use base::api::dispatch::Ask;
use base::testing::Bench;
use define::documentation::record::DocumentationPart;
use serde_json::{Value, json};

fn exported(bench: &Bench, target: &str) -> (String, Value) {
    let answer = bench.send("GET", &format!("{API}/stages/dev/exports/{target}"), Vec::new());
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    (answer.file_name.unwrap(), serde_json::from_slice(&answer.body).unwrap())
}

/// Seen: observed/export.json for the form of the file's name and of the version.
#[test]
fn what_a_stage_serves_is_exported_and_not_what_the_api_has_become() {
    let bench = bench();
    stage(&bench, "dev");
    put_method(&bench, "POST", mock());
    let (name, document) = exported(&bench, "oas30");
    assert_eq!(name, "oas30_2026-11-22T12:00:00Z.json");
    assert_eq!(document["info"], json!({"title": "pets", "version": "2026-11-22T12:00:00Z"}));
    assert_eq!(document["servers"][0]["url"], format!("https://{API_ID}.execute-api.us-east-1.amazonaws.com/{{basePath}}"));
    assert_eq!(document["paths"]["/"].as_object().unwrap().keys().collect::<Vec<_>>(), ["get"]);
    let (name, document) = exported(&bench, "swagger?extensions=apigateway");
    assert_eq!(name, "swagger_2026-11-22T12:00:00Z.json");
    assert_eq!(document["basePath"], "/dev");
    assert_eq!(document["paths"]["/"]["get"]["x-amazon-apigateway-integration"]["type"], "mock");
}

#[test]
fn yaml_is_for_those_who_accept_it() {
    let bench = bench();
    stage(&bench, "dev");
    let accepting = |accept: &str| {
        let ask = Ask {
            method: "GET".into(),
            path: format!("{API}/stages/dev/exports/oas30"),
            headers: vec![("accept".into(), accept.into())],
            ..Default::default()
        };
        bench.ask(ask)
    };
    let answer = accepting("application/yaml");
    assert!(answer.body.starts_with(b"---\nopenapi: \"3.0.1\"\n"));
    assert_eq!(answer.file_name.as_deref(), Some("oas30_2026-11-22T12:00:00Z.yaml"));
    assert!(accepting("application/json").body.starts_with(b"{"));
    assert!(accepting("*/*").body.starts_with(b"{"));
}

#[test]
fn a_stage_shows_its_documentation_version() {
    let bench = bench();
    stage(&bench, "dev");
    let location = serde_json::from_value(json!({"type": "METHOD", "method": "GET"})).unwrap();
    let part = DocumentationPart { api: API_ID.into(), id: "part01".into(), location, properties: "{\"summary\":\"s\"}".into() };
    bench.store(&part);
    assert_eq!(exported(&bench, "oas30?extensions=documentation").1["paths"]["/"]["get"].get("summary"), None);
    bench.ok("POST", &format!("{API}/documentation/versions"), json!({"documentationVersion": "1", "stageName": "dev"}));
    let document = exported(&bench, "oas30?extensions=documentation").1;
    assert_eq!(document["paths"]["/"]["get"]["summary"], "s");
    assert_eq!(document["x-amazon-apigateway-documentation"]["version"], "1");
    assert_eq!(exported(&bench, "oas30").1["paths"]["/"]["get"].get("summary"), None);
}

#[test]
fn what_cannot_be_exported_is_told() {
    let bench = bench();
    stage(&bench, "dev");
    let no = |target: &str| bench.no("GET", target, Value::Null);
    let stage = format!("{API}/stages/dev/exports");
    assert_eq!(no(&format!("{stage}/raml")).0, 400);
    assert_eq!(no(&format!("{stage}/oas30?extensions=nothing")).0, 400);
    assert_eq!(no(&format!("{API}/stages/prod/exports/oas30")), (404, "Invalid stage identifier specified".into()));
    assert_eq!(no("/restapis/nosuch/stages/dev/exports/oas30").0, 404);
}
