//! SDKs and their types.

use crate::OPERATIONS;
use crate::testing::{API, bench, stage};
use base::testing::Bench;
use serde_json::Value;

/// Seen: rest-api-deploy.md §8.7.
#[test]
fn there_are_six_types_and_each_says_what_it_wants_to_know() {
    let bench = Bench::new(OPERATIONS);
    let all = bench.ok("GET", "/sdktypes?limit=1", Value::Null);
    let wanted = |kind: &Value| {
        let properties = kind["configurationProperties"].as_array().unwrap().iter().filter(|property| property["required"] == true);
        let names: Vec<&str> = properties.map(|property| property["name"].as_str().unwrap()).collect();
        format!("{} {}", kind["id"].as_str().unwrap(), names.join(","))
    };
    let all: Vec<String> = all["item"].as_array().unwrap().iter().map(wanted).collect();
    let expected = [
        "android groupId,artifactId,artifactVersion,invokerPackage",
        "java serviceName,javaPackageName",
        "javascript ",
        "objectivec classPrefix",
        "ruby ",
        "swift classPrefix",
    ];
    assert_eq!(all, expected);
    assert_eq!(wanted(&bench.ok("GET", "/sdktypes/swift", Value::Null)), "swift classPrefix");
    assert_eq!(bench.no("GET", "/sdktypes/cobol", Value::Null).0, 404);
}

#[test]
fn a_stage_has_a_client_in_javascript_and_in_no_other_language() {
    let bench = bench();
    stage(&bench, "dev");
    let sdk = |stage: &str, kind: &str| bench.send("GET", &format!("{API}/stages/{stage}/sdks/{kind}"), Vec::new());
    let made = sdk("dev", "javascript");
    assert_eq!((made.status, made.file_name.as_deref()), (200, Some("javascript_2026-11-22T12:00:00Z.zip")));
    let text = String::from_utf8_lossy(&made.body);
    assert!(made.body.starts_with(b"PK\x03\x04") && text.contains("apiGateway-js-sdk/apigClient.js"));
    assert!(text.contains("\"name\":\"rootGet\"") && !text.contains("__API__"));
    assert_eq!(sdk("dev", "swift").status, 400);
    assert_eq!(sdk("prod", "javascript").status, 404);
}
