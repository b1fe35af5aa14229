//! Canaries: how they begin, change, are promoted and end.

use super::*;
use crate::testing::{bench, deploy, stage};

/// Seen: observed/canary.json (test_create_canary_deployment).
#[test]
fn a_stage_may_begin_with_a_canary_on_any_deployment_of_its_api() {
    let bench = bench();
    let (one, two) = (deploy(&bench, json!({})), deploy(&bench, json!({})));
    let create = |name: &str, canary: Value| {
        let body = json!({
            "stageName": name, "deploymentId": one, "description": "dev stage", "variables": {"testVar": "default"}, "canarySettings": canary,
        });
        bench.call("POST", &format!("{API}/stages"), body)
    };
    for (name, deployment) in [("dev1", &one), ("dev2", &two)] {
        let canary = json!({"deploymentId": deployment, "percentTraffic": 40, "stageVariableOverrides": {"testVar": "canary1"}});
        let (status, made) = create(name, canary);
        let expected = json!({
            "cacheClusterEnabled": false, "cacheClusterStatus": "NOT_AVAILABLE", "createdDate": NOON, "deploymentId": one,
            "description": "dev stage", "lastUpdatedDate": NOON, "methodSettings": {}, "stageName": name, "tracingEnabled": false,
            "variables": {"testVar": "default"},
            "canarySettings": {
                "deploymentId": deployment, "percentTraffic": 40.0, "stageVariableOverrides": {"testVar": "canary1"}, "useStageCache": false,
            },
        });
        assert_eq!((status, made), (201, expected));
    }
    assert_eq!(create("dev3", json!({"deploymentId": "deploy"})), (400, json!({"message": "Deployment id does not exist"})));
    assert_eq!(create("dev3", json!({"percentTraffic": 101})).0, 400);
}

/// Seen: observed/canary.json (test_update_stage_canary_deployment_validation).
#[test]
fn what_is_no_part_of_a_canary_is_refused_in_stages_words() {
    let bench = bench();
    stage(&bench, "dev");
    let canary = json!({"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary"}});
    deploy(&bench, json!({"stageName": "dev", "canarySettings": canary}));
    for path in ["canarySettings/stageVariableOverrides", "canarySettings/badPath"] {
        assert_eq!(refusal(&bench, "remove", &format!("/{path}"), ""), nothing_to_remove(path));
    }
    for path in ["/canarySettings", "/canarySettings/badPath"] {
        assert_eq!(refusal(&bench, "replace", path, "test"), OBSERVED_LIST.replace("{}", path));
    }
    let add = refusal(&bench, "add", "/canarySettings/deploymentId", "deploy");
    assert_eq!(add, "Invalid add operation with path: /canarySettings/deploymentId");
    assert_eq!(refusal(&bench, "replace", "/canarySettings/deploymentId", "deploy"), "Deployment id does not exist");
}

/// As it was recorded.
const OBSERVED_LIST: &str = "Invalid method setting path: {}. Must be one of: [/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled]";

/// Seen: observed/canary.json (test_invoking_canary_deployment), rest-api-deploy.md §8.3.
#[test]
fn each_part_of_a_canary_changes_and_the_first_one_makes_it() {
    let bench = bench();
    let first = stage(&bench, "dev");
    let second = deploy(&bench, json!({}));
    let canary = |stage: Value| stage["canarySettings"].clone();
    let made = json!({"deploymentId": first, "percentTraffic": 12.5, "useStageCache": false});
    assert_eq!(canary(change(&bench, "replace", "/canarySettings/percentTraffic", "12.5")), made);
    assert_eq!(change(&bench, "remove", "/canarySettings", "").get("canarySettings"), None);
    assert_eq!(refusal(&bench, "remove", "/canarySettings", ""), nothing_to_remove("canarySettings"));
    let made = json!({"deploymentId": second, "percentTraffic": 0.0, "useStageCache": false});
    assert_eq!(canary(change(&bench, "replace", "/canarySettings/deploymentId", &second)), made);
    assert_eq!(canary(change(&bench, "replace", "/canarySettings/useStageCache", "true"))["useStageCache"], true);
    let overrides = |stage: Value| stage["canarySettings"]["stageVariableOverrides"].clone();
    let path = "/canarySettings/stageVariableOverrides";
    assert_eq!(overrides(change(&bench, "replace", path, r#"{"a":"1","b":"2"}"#)), json!({"a": "1", "b": "2"}));
    assert_eq!(overrides(change(&bench, "replace", &format!("{path}/c"), "3")), json!({"a": "1", "b": "2", "c": "3"}));
    assert_eq!(overrides(change(&bench, "remove", &format!("{path}/a"), "")), json!({"b": "2", "c": "3"}));
    assert_eq!(refusal(&bench, "remove", &format!("{path}/a"), ""), nothing_to_remove("canarySettings/stageVariableOverrides/a"));
    for bad in ["100.1", "-0.1", "NaN", "many"] {
        refusal(&bench, "replace", "/canarySettings/percentTraffic", bad);
    }
    refusal(&bench, "replace", &format!("{path}/a-b"), "x");
    refusal(&bench, "replace", path, "not json");
}

fn promotion() -> Value {
    json!([
        {"op": "replace", "path": "/canarySettings/percentTraffic", "value": "0.0"},
        {"op": "copy", "path": "/deploymentId", "from": "/canarySettings/deploymentId"},
        {"op": "copy", "path": "/variables", "from": "/canarySettings/stageVariableOverrides"},
    ])
}

/// Seen: rest-api-deploy.md §8.3 (observed).
#[test]
fn a_promotion_moves_the_stage_and_merges_the_variables_and_the_canary_stays_without_traffic() {
    let bench = bench();
    deploy(&bench, json!({"stageName": "dev", "variables": {"testVar": "default", "testVar2": "default"}}));
    let settings = json!({"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary"}});
    let canary = deploy(&bench, json!({"stageName": "dev", "canarySettings": settings}));
    let (status, stage) = patch_all(&bench, "dev", promotion());
    assert_eq!((status, &stage["deploymentId"]), (200, &json!(canary)));
    assert_eq!(stage["variables"], json!({"testVar": "canary", "testVar2": "default"}));
    let left =
        json!({"deploymentId": canary, "percentTraffic": 0.0, "stageVariableOverrides": {"testVar": "canary"}, "useStageCache": false});
    assert_eq!(stage["canarySettings"], left);
}

/// Seen: rest-api-deploy.md §8.3 and rest-api-control-plane.md §1.20 (observed).
#[test]
fn without_a_canary_nothing_is_promoted_and_a_default_one_promotes_nothing() {
    let bench = bench();
    let deployment = stage(&bench, "dev");
    let copy = |path: &str, from: &str| {
        let (status, reply) = patch_all(&bench, "dev", json!([{"op": "copy", "path": path, "from": from}]));
        (status, reply["message"].as_str().unwrap_or_default().to_owned())
    };
    let none = (400, "Promotion not available. Canary does not exist.".to_owned());
    assert_eq!(copy("/deploymentId", "/canarySettings/deploymentId"), none);
    assert_eq!(copy("/variables", "/canarySettings/stageVariableOverrides"), none);
    let invalid = |path: &str, from: &str| {
        let valid = "Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, \
                     /canarySettings/stageVariableOverrides]";
        (400, format!("Invalid copy operation with path: {path} and from {from}. {valid}"))
    };
    for (path, from) in [
        ("/description", "/canarySettings/deploymentId"),
        ("/deploymentId", "/description"),
        ("/variables", "/canarySettings/deploymentId"),
    ] {
        assert_eq!(copy(path, from), invalid(path, from));
    }
    let (status, stage) = patch_all(&bench, "dev", promotion());
    let default = json!({"deploymentId": deployment, "percentTraffic": 0.0, "useStageCache": false});
    assert_eq!((status, &stage["deploymentId"], &stage["canarySettings"]), (200, &json!(deployment), &default));
    assert_eq!(stage.get("variables"), None);
}
