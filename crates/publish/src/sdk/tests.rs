//! The types of SDKs.

use crate::OPERATIONS;
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
