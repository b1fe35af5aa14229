//! The story of base path mappings.

use crate::testing::{API, API_ID, bench as bench_with_api, stage};
use base::testing::Bench;
use serde_json::{Value, json};

const MAPPINGS: &str = "/domainnames/api.example.com/basepathmappings";

fn bench() -> Bench {
    let bench = bench_with_api();
    stage(&bench, "dev");
    bench.ok("POST", "/domainnames", json!({"domainName": "api.example.com"}));
    bench
}

/// Seen: rest-api-control-plane.md §1.5.
#[test]
fn a_base_path_is_made_found_listed_changed_and_ended() {
    let bench = bench();
    let made = bench.ok("POST", MAPPINGS, json!({"basePath": "pets", "restApiId": API_ID, "stage": "dev"}));
    assert_eq!(made, json!({"basePath": "pets", "restApiId": API_ID, "stage": "dev"}));
    let root = bench.ok("POST", MAPPINGS, json!({"restApiId": API_ID}));
    assert_eq!(root, json!({"basePath": "(none)", "restApiId": API_ID}));
    assert_eq!(bench.ok("GET", &format!("{MAPPINGS}/pets"), Value::Null), made);
    assert_eq!(bench.ok("GET", &format!("{MAPPINGS}/(none)"), Value::Null), root);
    assert_eq!(bench.ok("GET", MAPPINGS, Value::Null), json!({"item": [root, made]}));
    let page = bench.ok("GET", &format!("{MAPPINGS}?limit=1"), Value::Null);
    assert_eq!(page["item"], json!([root]));
    let rest = bench.ok("GET", &format!("{MAPPINGS}?position={}", page["position"].as_str().unwrap()), Value::Null);
    assert_eq!(rest, json!({ "item": [made] }));
    let changed = bench.ok(
        "PATCH",
        &format!("{MAPPINGS}/pets"),
        json!({"patchOperations": [
            {"op": "replace", "path": "/basePath", "value": "animals"},
            {"op": "replace", "path": "/stage", "value": ""},
            {"op": "replace", "path": "/restapiId", "value": API_ID},
        ]}),
    );
    assert_eq!(changed, json!({"basePath": "animals", "restApiId": API_ID}));
    let gone = (404, "Invalid base path mapping identifier specified".to_owned());
    assert_eq!(bench.no("GET", &format!("{MAPPINGS}/pets"), Value::Null), gone);
    assert_eq!(bench.call("DELETE", &format!("{MAPPINGS}/animals"), Value::Null), (202, Value::Null));
    assert_eq!(bench.no("DELETE", &format!("{MAPPINGS}/animals"), Value::Null), gone);
    assert_eq!(bench.no("PATCH", &format!("{MAPPINGS}/animals"), json!({})), gone);
}

/// Seen: rest-api-control-plane.md §1.5 for the first three texts (believed); the others are assumed.
#[test]
fn a_base_path_that_makes_no_sense_is_refused() {
    let bench = bench();
    let no = |base_path: &str, api: &str, stage: &str| {
        bench.no("POST", MAPPINGS, json!({"basePath": base_path, "restApiId": api, "stage": stage}))
    };
    bench.ok("POST", MAPPINGS, json!({"basePath": "pets", "restApiId": API_ID, "stage": "dev"}));
    bench.ok("POST", MAPPINGS, json!({"basePath": "(none)", "restApiId": API_ID, "stage": "(none)"}));
    let twice = (409, "Base path already exists for this domain name".to_owned());
    assert_eq!(no("pets", API_ID, "dev"), twice);
    assert_eq!(no("", API_ID, "dev"), twice);
    assert!(no("a/b", API_ID, "dev").1.starts_with("API Gateway V1 doesn't support the slash character (/) in base path mappings."));
    assert_eq!(no("a b", API_ID, "dev").0, 400);
    assert_eq!(no(&"a".repeat(301), API_ID, "dev").0, 400);
    assert_eq!(no("b", "nosuchapi0", "dev"), (400, "Invalid REST API identifier specified".into()));
    assert_eq!(no("b", "", "dev").0, 400);
    assert_eq!(no("b", API_ID, "prod"), (400, "Invalid stage identifier specified".into()));
    assert_eq!(bench.no("POST", "/domainnames/b.example.com/basepathmappings", json!({})).0, 404);
    assert_eq!(bench.no("GET", "/domainnames/b.example.com/basepathmappings", Value::Null).0, 404);
    let patch = |path: &str, value: &str| {
        let ops = json!({"patchOperations": [{"op": "replace", "path": path, "value": value}]});
        bench.no("PATCH", &format!("{MAPPINGS}/pets"), ops)
    };
    assert_eq!(patch("/basePath", "(none)"), twice);
    assert_eq!(patch("/stage", "prod").0, 400);
    assert_eq!(patch("/restApiId", "nosuchapi0").0, 400);
    assert_eq!(patch("/basePath", "a/b").0, 400);
    assert_eq!(patch("/domainName", "b").1, "Invalid patch path /domainName");
}

#[test]
fn a_public_api_is_not_for_a_private_name() {
    let bench = bench();
    let asked = json!({"domainName": "p.example.com", "endpointConfiguration": {"types": ["PRIVATE"]}});
    let id = bench.ok("POST", "/domainnames", asked)["domainNameId"].as_str().unwrap().to_owned();
    let target = format!("/domainnames/p.example.com/basepathmappings?domainNameId={id}");
    assert_eq!(bench.no("POST", &target, json!({"restApiId": API_ID})).0, 400);
}

#[test]
fn a_stage_behind_a_base_path_stays() {
    let bench = bench();
    bench.ok("POST", MAPPINGS, json!({"basePath": "pets", "restApiId": API_ID, "stage": "dev"}));
    let stage = format!("{API}/stages/dev");
    assert_eq!(bench.no("DELETE", &stage, Value::Null).0, 400);
    let ops = json!({"patchOperations": [{"op": "replace", "path": "/stage", "value": "(none)"}]});
    bench.ok("PATCH", &format!("{MAPPINGS}/pets"), ops);
    bench.ok("DELETE", &stage, Value::Null);
}

#[test]
fn base_paths_end_with_their_name() {
    let bench = bench();
    bench.ok("POST", MAPPINGS, json!({"basePath": "pets", "restApiId": API_ID, "stage": "dev"}));
    bench.ok("DELETE", "/domainnames/api.example.com", Value::Null);
    bench.ok("POST", "/domainnames", json!({"domainName": "api.example.com"}));
    assert_eq!(bench.ok("GET", MAPPINGS, Value::Null), json!({"item": []}));
    bench.ok("DELETE", &format!("{API}/stages/dev"), Value::Null);
}
