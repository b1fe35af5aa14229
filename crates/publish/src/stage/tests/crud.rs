//! Stages come and go.

use super::*;
use crate::testing::{bench, deploy, stage, strict};

/// Seen: observed/stages-and-deployments.json (test_stage_access_log_settings, test_update_stage_remove_wildcard).
#[test]
fn a_fresh_stage_has_just_these_members() {
    let bench = bench();
    let deployment = deploy(&bench, json!({}));
    let body = json!({"stageName": "s1", "deploymentId": deployment, "description": "my stage", "documentationVersion": "v123"});
    let made = bench.ok("POST", &format!("{API}/stages"), body);
    let expected = json!({
        "cacheClusterEnabled": false, "cacheClusterStatus": "NOT_AVAILABLE", "createdDate": NOON, "deploymentId": deployment,
        "description": "my stage", "documentationVersion": "v123", "lastUpdatedDate": NOON, "methodSettings": {}, "stageName": "s1",
        "tracingEnabled": false,
    });
    assert_eq!(made, expected);
    assert_eq!(get(&bench, "s1"), expected);
}

#[test]
fn everything_a_stage_is_made_with_is_kept() {
    let bench = bench();
    let deployment = deploy(&bench, json!({}));
    let body = json!({
        "stageName": "s1", "deploymentId": deployment, "cacheClusterEnabled": true, "variables": {"TestHost": "example.org/"},
        "tracingEnabled": true, "tags": {"team": "pets"},
    });
    let made = bench.ok("POST", &format!("{API}/stages"), body);
    assert_eq!((&made["cacheClusterEnabled"], &made["cacheClusterStatus"]), (&json!(true), &json!("AVAILABLE")));
    assert_eq!((&made["cacheClusterSize"], &made["variables"]), (&json!("0.5"), &json!({"TestHost": "example.org/"})));
    assert_eq!((&made["tracingEnabled"], &made["tags"]), (&json!(true), &json!({"team": "pets"})));
}

#[test]
fn a_stage_that_makes_no_sense_is_not_made() {
    let bench = bench();
    let deployment = stage(&bench, "dev");
    let no = |body: Value| bench.no("POST", &format!("{API}/stages"), body);
    let body = |name: &str, deployment: &str| json!({"stageName": name, "deploymentId": deployment});
    assert_eq!(no(body("a.b", &deployment)), (400, "Stage name only allows a-zA-Z0-9_-".into()));
    assert_eq!(no(json!({"deploymentId": deployment})), (400, "Stage name only allows a-zA-Z0-9_-".into()));
    assert_eq!(no(body("s1", "nosuch")), (400, "Deployment id does not exist".into()));
    assert_eq!(no(json!({"stageName": "s1"})), (400, "Deployment id does not exist".into()));
    assert_eq!(no(body("dev", &deployment)), (409, "Stage already exists".into()));
    assert_eq!(no(json!({"stageName": "s1", "deploymentId": deployment, "variables": {"x": "{}"}})).0, 400);
    assert_eq!(no(json!({"stageName": "s1", "deploymentId": deployment, "tags": {"aws:x": "y"}})).0, 400);
    let api = (404, "Invalid API identifier specified 111111111111:nosuch".to_owned());
    assert_eq!(bench.no("POST", "/restapis/nosuch/stages", body("s1", &deployment)), api);
    assert_eq!(bench.no("GET", "/restapis/nosuch/stages", Value::Null), api);
    assert_eq!(bench.no("GET", "/restapis/nosuch/stages/dev", Value::Null), api);
    assert_eq!(bench.no("PATCH", "/restapis/nosuch/stages/dev", json!({})), api);
    assert_eq!(bench.no("DELETE", "/restapis/nosuch/stages/dev", Value::Null), api);
}

/// Seen: observed/stages-and-deployments.json (test_create_update_deployments).
#[test]
fn all_stages_are_listed_at_once_or_those_of_a_deployment() {
    let bench = bench();
    assert_eq!(bench.ok("GET", &format!("{API}/stages"), Value::Null), json!({"item": []}));
    let (one, _) = (stage(&bench, "s1"), stage(&bench, "s2"));
    let names = |query: &str| {
        let list = bench.ok("GET", &format!("{API}/stages{query}"), Value::Null);
        list["item"].as_array().unwrap().iter().map(|stage| stage["stageName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(""), ["s1", "s2"]);
    assert_eq!(names(&format!("?deploymentId={one}")), ["s1"]);
    assert!(names("?deploymentId=nosuch").is_empty());
}

#[test]
fn a_deleted_stage_is_gone_and_its_deployment_is_not() {
    let bench = bench();
    let deployment = stage(&bench, "dev");
    let target = format!("{API}/stages/dev");
    assert_eq!(bench.call("DELETE", &target, Value::Null), (202, Value::Null));
    let gone = (404, "Invalid stage identifier specified".to_owned());
    assert_eq!(bench.no("DELETE", &target, Value::Null), gone);
    assert_eq!(bench.no("GET", &target, Value::Null), gone);
    assert_eq!(bench.no("PATCH", &target, json!({})), gone);
    bench.ok("DELETE", &format!("{API}/deployments/{deployment}"), Value::Null);
}

#[test]
fn strictly_an_api_has_ten_stages() {
    let bench = strict();
    let deployment = deploy(&bench, json!({}));
    let body = |n: u32| json!({"stageName": format!("s{n}"), "deploymentId": deployment});
    for n in 0..10 {
        bench.ok("POST", &format!("{API}/stages"), body(n));
    }
    assert_eq!(bench.no("POST", &format!("{API}/stages"), body(10)), (429, "Maximum number of stages reached: 10.".into()));
}

/// Seen: rest-api-control-plane.md §1.15 for the statuses.
#[test]
fn what_a_stage_remembers_can_be_forgotten() {
    let bench = bench();
    stage(&bench, "dev");
    for cache in ["data", "authorizers"] {
        assert_eq!(bench.call("DELETE", &format!("{API}/stages/dev/cache/{cache}"), Value::Null), (202, Value::Null));
        let unknown = (404, "Invalid stage identifier specified".to_owned());
        assert_eq!(bench.no("DELETE", &format!("{API}/stages/prod/cache/{cache}"), Value::Null), unknown);
        assert_eq!(bench.no("DELETE", &format!("/restapis/nosuch/stages/dev/cache/{cache}"), Value::Null).0, 404);
    }
}
