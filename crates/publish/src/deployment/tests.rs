//! The story of deployments, told once. The bench's clock starts at noon of 2026-11-22.

use super::record::Deployment;
use crate::OPERATIONS;
use crate::testing::{API, API_ID, bare, bench, deploy, mock, put_method, stage, strict};
use base::testing::Bench;
use serde_json::{Value, json};
use std::time::Duration;

const NOON: u64 = 1_795_348_800;

fn get_stage(bench: &Bench, name: &str) -> Value {
    bench.ok("GET", &format!("{API}/stages/{name}"), Value::Null)
}

fn no(bench: &Bench, body: Value) -> (u16, String) {
    bench.no("POST", &format!("{API}/deployments"), body)
}

/// Seen: observed/stages-and-deployments.json (test_update_rest_api_deployment, test_create_update_deployments).
#[test]
fn a_deployment_is_an_id_a_date_and_perhaps_a_description_which_may_change() {
    let bench = bench();
    let made = bench.ok("POST", &format!("{API}/deployments"), json!({"description": "my deployment"}));
    let id = made["id"].as_str().unwrap();
    assert_eq!(id.len(), 6);
    assert_eq!(made, json!({"id": id, "createdDate": NOON, "description": "my deployment"}));
    let target = format!("{API}/deployments/{id}");
    let patch = |op: &str, path: &str| bench.call("PATCH", &target, json!({"patchOperations": [{"op": op, "path": path, "value": "new"}]}));
    let changed = json!({"id": id, "createdDate": NOON, "description": "new"});
    assert_eq!(patch("replace", "/description"), (200, changed.clone()));
    assert_eq!(bench.ok("GET", &target, Value::Null), changed);
    assert_eq!(patch("replace", "/id").1["message"], "Invalid patch path /id");
    assert_eq!(patch("add", "/description").1["message"], "Invalid patch operation specified. Must be one of: [replace]");
}

#[test]
fn an_api_without_methods_or_with_one_nobody_answers_is_not_deployed() {
    let bench = bare(Bench::new(OPERATIONS));
    assert_eq!(no(&bench, json!({"stageName": "dev"})), (400, "The REST API doesn't contain any methods".into()));
    put_method(&bench, "GET", mock());
    put_method(&bench, "POST", Value::Null);
    assert_eq!(no(&bench, json!({"stageName": "dev"})), (400, "No integration defined for method".into()));
    // Nothing is left of an attempt that failed.
    assert_eq!(bench.no("GET", &format!("{API}/stages/dev"), Value::Null), (404, "Invalid stage identifier specified".into()));
    put_method(&bench, "POST", mock());
    deploy(&bench, json!({"stageName": "dev"}));
}

#[test]
fn what_is_not_there_is_told_by_its_name() {
    let bench = bench();
    let api = (404, "Invalid API identifier specified 111111111111:nosuch".to_owned());
    assert_eq!(bench.no("POST", "/restapis/nosuch/deployments", json!({})), api);
    assert_eq!(bench.no("GET", "/restapis/nosuch/deployments", Value::Null), api);
    assert_eq!(bench.no("GET", "/restapis/nosuch/deployments/x", Value::Null), api);
    let deployment = (404, "Invalid Deployment identifier specified".to_owned());
    assert_eq!(bench.no("GET", &format!("{API}/deployments/nosuch"), Value::Null), deployment);
    assert_eq!(bench.no("PATCH", &format!("{API}/deployments/nosuch"), json!({})), deployment);
    assert_eq!(bench.no("DELETE", &format!("{API}/deployments/nosuch"), Value::Null), deployment);
}

/// Seen: observed/stages-and-deployments.json (test_create_update_deployments).
#[test]
fn a_deployment_in_use_stays_and_a_new_one_frees_the_old() {
    let bench = bench();
    let first = stage(&bench, "s1");
    let delete = |id: &str| bench.call("DELETE", &format!("{API}/deployments/{id}"), Value::Null);
    let in_use = json!({"message": "Active stages pointing to this deployment must be moved or deleted"});
    assert_eq!(delete(&first), (400, in_use.clone()));
    let second = deploy(&bench, json!({"stageName": "s1"}));
    let target = format!("{API}/deployments/{first}");
    assert_eq!(bench.ok("GET", &target, Value::Null), json!({"id": first, "createdDate": NOON}));
    assert_eq!(get_stage(&bench, "s1")["deploymentId"], second);
    assert_eq!(delete(&first), (202, Value::Null));
    assert_eq!(delete(&second), (400, in_use));
}

#[test]
fn a_canarys_deployment_stays_too() {
    let bench = bench();
    stage(&bench, "s1");
    let canary = deploy(&bench, json!({"stageName": "s1", "canarySettings": {"percentTraffic": 1}}));
    assert_eq!(bench.no("DELETE", &format!("{API}/deployments/{canary}"), Value::Null).0, 400);
    let drop_canary = json!({"patchOperations": [{"op": "remove", "path": "/canarySettings"}]});
    bench.ok("PATCH", &format!("{API}/stages/s1"), drop_canary);
    bench.ok("DELETE", &format!("{API}/deployments/{canary}"), Value::Null);
}

#[test]
fn equal_apis_share_one_frozen_text_and_a_change_makes_another() {
    let bench = bench();
    let (first, second) = (deploy(&bench, json!({})), deploy(&bench, json!({})));
    put_method(&bench, "POST", mock());
    let third = deploy(&bench, json!({}));
    let realm = bench.realm().clone();
    bench.write(move |txn| {
        let tree = |id: &str| -> String { txn.view().find::<Deployment>(&realm.scope(API_ID), id).unwrap().unwrap().tree };
        assert_eq!(tree(&first), tree(&second));
        assert_ne!(tree(&first), tree(&third));
        assert!(txn.frozen(&tree(&first))?.unwrap().contains("MOCK"));
        Ok(())
    });
}

#[test]
fn a_summary_shows_the_methods_as_they_were() {
    let bench = bench();
    let id = deploy(&bench, json!({}));
    put_method(&bench, "POST", mock());
    let shown = bench.ok("GET", &format!("{API}/deployments/{id}?embed=apisummary"), Value::Null);
    assert_eq!(shown["apiSummary"], json!({"/": {"GET": {"authorizationType": "NONE", "apiKeyRequired": false}}}));
    assert_eq!(bench.ok("GET", &format!("{API}/deployments/{id}"), Value::Null).get("apiSummary"), None);
}

#[test]
fn deployments_are_paged() {
    let bench = bench();
    let mut made: Vec<String> = (0..5).map(|_| deploy(&bench, json!({}))).collect();
    made.sort();
    let ids =
        |page: &Value| page["item"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let first = bench.ok("GET", &format!("{API}/deployments?limit=3"), Value::Null);
    let second = bench.ok("GET", &format!("{API}/deployments?limit=3&position={}", first["position"].as_str().unwrap()), Value::Null);
    assert_eq!([ids(&first), ids(&second)].concat(), made);
    assert_eq!(second.get("position"), None);
}

#[test]
fn a_stage_name_makes_the_stage_with_all_that_is_said_of_it() {
    let bench = bench();
    let body = json!({
        "stageName": "dev", "stageDescription": "dev stage", "variables": {"testVar": "default"}, "cacheClusterEnabled": true,
        "cacheClusterSize": "1.6", "tracingEnabled": true,
    });
    let id = deploy(&bench, body);
    let expected = json!({
        "deploymentId": id, "stageName": "dev", "description": "dev stage", "cacheClusterEnabled": true, "cacheClusterSize": "1.6",
        "cacheClusterStatus": "AVAILABLE", "methodSettings": {}, "variables": {"testVar": "default"}, "tracingEnabled": true,
        "createdDate": NOON, "lastUpdatedDate": NOON,
    });
    assert_eq!(get_stage(&bench, "dev"), expected);
    bench.clock.advance(Duration::from_secs(60));
    let again = deploy(&bench, json!({"stageName": "dev", "variables": {"other": "x"}, "tracingEnabled": false}));
    let stage = get_stage(&bench, "dev");
    assert_eq!((&stage["deploymentId"], &stage["variables"]), (&json!(again), &json!({"other": "x"})));
    assert_eq!((&stage["tracingEnabled"], &stage["cacheClusterSize"]), (&json!(false), &json!("1.6")));
    assert_eq!((&stage["createdDate"], &stage["lastUpdatedDate"]), (&json!(NOON), &json!(NOON + 60)));
}

#[test]
fn a_stage_that_makes_no_sense_is_not_made_and_an_empty_name_is_none() {
    let bench = bench();
    assert_eq!(no(&bench, json!({"stageName": "a b"})), (400, "Stage name only allows a-zA-Z0-9_-".into()));
    assert_eq!(no(&bench, json!({"stageName": "dev", "variables": {"a-b": "x"}})).0, 400);
    assert!(no(&bench, json!({"stageName": "dev", "cacheClusterSize": "3"})).1.contains("createDeploymentInput.cacheClusterSize"));
    deploy(&bench, json!({"stageName": ""}));
    assert_eq!(bench.ok("GET", &format!("{API}/stages"), Value::Null), json!({"item": []}));
}

#[test]
fn strictly_an_api_has_ten_stages() {
    let bench = strict();
    for n in 0..10 {
        deploy(&bench, json!({"stageName": format!("s{n}")}));
    }
    assert_eq!(no(&bench, json!({"stageName": "s10"})).0, 429);
    deploy(&bench, json!({"stageName": "s9"}));
}

/// Seen: observed/canary.json (test_create_canary_deployment_validation).
#[test]
fn a_canary_needs_a_stage_that_is_there() {
    let bench = bench();
    let canary = json!({"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary"}});
    let prefix = "Invalid deployment content specified.";
    let nameless = "Non null and non empty stageName must be provided for canary deployment. Provided value is ";
    assert_eq!(no(&bench, json!({"canarySettings": canary})), (400, format!("{prefix}{nameless}null")));
    assert_eq!(no(&bench, json!({"stageName": "", "canarySettings": canary})), (400, format!("{prefix}{nameless}")));
    let missing = format!("{prefix}Stage non-existing must already be created before making a canary release deployment");
    assert_eq!(no(&bench, json!({"stageName": "non-existing", "canarySettings": canary})), (400, missing));
}

/// Seen: observed/canary.json (test_create_canary_deployment).
#[test]
fn a_canary_deployment_leaves_the_stage_where_it_is_and_replaces_the_canary_before() {
    let bench = bench();
    let first = stage(&bench, "dev");
    let canary = |percent: u32, overrides: Value| {
        let settings = json!({"percentTraffic": percent, "stageVariableOverrides": overrides});
        deploy(&bench, json!({"stageName": "dev", "canarySettings": settings}))
    };
    canary(40, json!({"testVar": "canary1", "gone": "x"}));
    let second = canary(50, json!({"testVar": "canary2"}));
    let stage = get_stage(&bench, "dev");
    let expected =
        json!({"deploymentId": second, "percentTraffic": 50.0, "stageVariableOverrides": {"testVar": "canary2"}, "useStageCache": false});
    assert_eq!((&stage["deploymentId"], &stage["canarySettings"]), (&json!(first), &expected));
    assert_eq!(no(&bench, json!({"stageName": "dev", "canarySettings": {"percentTraffic": 100.5}})).0, 400);
    assert_eq!(no(&bench, json!({"stageName": "dev", "canarySettings": {"stageVariableOverrides": {"a-b": "x"}}})).0, 400);
}

/// Seen: a public report of 2022-11-15.
#[test]
fn while_a_stage_has_a_canary_only_canaries_are_deployed_to_it() {
    let bench = bench();
    stage(&bench, "v1");
    deploy(&bench, json!({"stageName": "v1", "canarySettings": {}}));
    let text = "Invalid deployment content specified.Non canary deployment not supported on stage v1 because Canary is enabled. Provide \
                CanarySettings in deploymentInput.";
    assert_eq!(no(&bench, json!({"stageName": "v1"})), (400, text.into()));
    deploy(&bench, json!({}));
}
