//! Each row of the table of changes but the canary's.

use super::*;
use crate::stage::patches::PATCHES;
use crate::testing::{bench, deploy, stage, strict};
use admit::client_certificate::record::ClientCertificate;
use std::time::Duration;

const ACCESS_LOG: &str = "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]";
const ARN: &str = "arn:aws:logs:us-east-1:111111111111:log-group:test";

/// Stores a client certificate; its address.
fn client_certificate(bench: &Bench, id: &str) -> String {
    let stored = json!({"id": id, "certificate": "pem", "private_key": "sealed", "created": 0, "expires": 1});
    bench.store(&serde_json::from_value::<ClientCertificate>(stored).unwrap());
    format!("/clientcertificates/{id}")
}

#[test]
fn plain_members_change_and_the_date_with_them() {
    let bench = bench();
    stage(&bench, "dev");
    bench.clock.advance(Duration::from_secs(60));
    let stage = change(&bench, "replace", "/description", "new");
    assert_eq!((&stage["description"], &stage["lastUpdatedDate"], &stage["createdDate"]), (&json!("new"), &json!(NOON + 60), &json!(NOON)));
    assert_eq!(change(&bench, "replace", "/description", "").get("description"), None);
    assert_eq!(change(&bench, "replace", "/tracingEnabled", "True")["tracingEnabled"], true);
    refusal(&bench, "replace", "/clientCertificateId", "c1");
    let certificate = client_certificate(&bench, "c1");
    assert_eq!(change(&bench, "replace", "/clientCertificateId", "c1")["clientCertificateId"], "c1");
    assert_eq!(bench.no("DELETE", &certificate, Value::Null).0, 400);
    assert_eq!(change(&bench, "replace", "/clientCertificateId", "").get("clientCertificateId"), None);
    bench.ok("DELETE", &certificate, Value::Null);
    assert_eq!(bench.no("DELETE", &certificate, Value::Null), (404, "Invalid client certificate identifier specified".into()));
    assert_eq!(change(&bench, "replace", "/documentationVersion", "v1")["documentationVersion"], "v1");
    let cached = change(&bench, "replace", "/cacheClusterEnabled", "true");
    assert_eq!((&cached["cacheClusterStatus"], &cached["cacheClusterSize"]), (&json!("AVAILABLE"), &json!("0.5")));
    assert_eq!(change(&bench, "replace", "/cacheClusterSize", "237")["cacheClusterSize"], "237");
    refusal(&bench, "replace", "/cacheClusterSize", "3");
    assert_eq!(change(&bench, "replace", "/cacheClusterEnabled", "false")["cacheClusterStatus"], "NOT_AVAILABLE");
}

#[test]
fn a_stage_moves_to_another_deployment_of_its_api() {
    let bench = bench();
    stage(&bench, "dev");
    let next = deploy(&bench, json!({}));
    assert_eq!(change(&bench, "replace", "/deploymentId", &next)["deploymentId"], next);
    assert_eq!(refusal(&bench, "replace", "/deploymentId", "nosuch"), "Deployment id does not exist");
}

#[test]
fn variables_change_one_by_one_or_all_at_once() {
    let bench = bench();
    stage(&bench, "dev");
    assert_eq!(change(&bench, "replace", "/variables/a", "1")["variables"], json!({"a": "1"}));
    assert_eq!(change(&bench, "replace", "/variables/b", "2")["variables"], json!({"a": "1", "b": "2"}));
    assert_eq!(change(&bench, "remove", "/variables/a", "")["variables"], json!({"b": "2"}));
    assert_eq!(refusal(&bench, "remove", "/variables/a", ""), nothing_to_remove("variables/a"));
    assert_eq!(change(&bench, "remove", "/variables/b", "").get("variables"), None);
    assert_eq!(change(&bench, "replace", "/variables", r#"{"c":"3"}"#)["variables"], json!({"c": "3"}));
    refusal(&bench, "replace", "/variables", r#"{"c":3}"#);
    let said = refusal(&bench, "replace", "/variables/owner:name", "x");
    assert_eq!(said, "Invalid stage variable name: owner:name.  Please use names with only word characters.");
    refusal(&bench, "replace", "/variables/c", "$LATEST");
    assert_eq!(change(&bench, "remove", "/variables", "").get("variables"), None);
}

/// Seen: observed/stages-and-deployments.json (test_stage_access_log_settings).
#[test]
fn an_access_log_is_set_by_halves_and_removed_by_halves_or_whole() {
    let bench = bench();
    stage(&bench, "dev");
    let log = |stage: Value| stage["accessLogSettings"].clone();
    assert_eq!(log(change(&bench, "add", "/accessLogSettings/destinationArn", ARN)), json!({"destinationArn": ARN}));
    let other = format!("{ARN}a");
    assert_eq!(log(change(&bench, "replace", "/accessLogSettings/destinationArn", &other)), json!({"destinationArn": other}));
    let format = "$context.requestId $context.identity.sourceIp";
    let both = json!({"destinationArn": other, "format": format});
    assert_eq!(log(change(&bench, "add", "/accessLogSettings/format", format)), both);
    assert_eq!(log(change(&bench, "replace", "/accessLogSettings/format", format)), both);
    assert_eq!(log(change(&bench, "remove", "/accessLogSettings/format", "")), json!({"destinationArn": other}));
    change(&bench, "add", "/accessLogSettings/format", format);
    assert_eq!(log(change(&bench, "remove", "/accessLogSettings/destinationArn", "")), json!({"format": format}));
    assert_eq!(refusal(&bench, "remove", "/accessLogSettings/format", ""), nothing_to_remove("accessLogSettings/format"));
    assert_eq!(change(&bench, "remove", "/accessLogSettings", "").get("accessLogSettings"), None);
    assert_eq!(refusal(&bench, "remove", "/accessLogSettings", ""), nothing_to_remove("accessLogSettings"));
    assert_eq!(log(change(&bench, "add", "/accessLogSettings/destinationArn", &format!("{ARN}:*")))["destinationArn"], ARN);
    refusal(&bench, "replace", "/accessLogSettings/format", &"x".repeat(3 * 1024 + 1));
}

/// Seen: observed/stages-and-deployments.json (test_stage_access_log_settings_validation).
#[test]
fn what_is_no_half_of_an_access_log_is_refused_and_the_last_half_is_not_removed_alone() {
    let bench = bench();
    stage(&bench, "dev");
    for path in ["/accessLogSettings/randomValue", "/accessLogSettings/*"] {
        assert_eq!(refusal(&bench, "add", path, "updated"), ACCESS_LOG);
        assert_eq!(refusal(&bench, "replace", path, "updated"), ACCESS_LOG);
        assert_eq!(refusal(&bench, "remove", path, "updated"), nothing_to_remove(&path[1..]));
    }
    assert_eq!(refusal(&bench, "add", "/accessLogSettings", "test"), ACCESS_LOG);
    assert_eq!(refusal(&bench, "replace", "/accessLogSettings", "test"), ACCESS_LOG);
    change(&bench, "add", "/accessLogSettings/destinationArn", ARN);
    for half in ["destinationArn", "format"] {
        let path = format!("/accessLogSettings/{half}");
        assert_eq!(refusal(&bench, "replace", &path, ""), "Access Log value must not be empty");
        assert_eq!(refusal(&bench, "remove", &path, ""), nothing_to_remove(&path[1..]));
    }
    assert_eq!(get(&bench, "dev")["accessLogSettings"], json!({"destinationArn": ARN}));
}

/// Seen: observed/stages-and-deployments.json (test_update_stage_remove_wildcard).
#[test]
fn the_first_setting_of_all_methods_brings_the_others_and_all_go_together() {
    let bench = bench();
    stage(&bench, "dev");
    assert_eq!(refusal(&bench, "remove", "/*/*", ""), nothing_to_remove("*/*"));
    let settings = |stage: &Value| stage["methodSettings"].clone();
    let expected = json!({"*/*": {
        "cacheDataEncrypted": false, "cacheTtlInSeconds": 300, "cachingEnabled": true, "dataTraceEnabled": false, "metricsEnabled": false,
        "requireAuthorizationForCacheControl": true, "throttlingBurstLimit": 5000, "throttlingRateLimit": 10000.0,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
    }});
    assert_eq!(settings(&change(&bench, "replace", "/*/*/caching/enabled", "true")), expected);
    assert_eq!(settings(&change(&bench, "remove", "/*/*", "")), json!({}));
    assert_eq!(settings(&get(&bench, "dev")), json!({}));
}

#[test]
fn each_setting_has_its_path_and_refuses_what_is_no_value() {
    let bench = bench();
    stage(&bench, "dev");
    let good = [
        ("metrics/enabled", "metricsEnabled", "true", json!(true)),
        ("logging/dataTrace", "dataTraceEnabled", "true", json!(true)),
        ("logging/loglevel", "loggingLevel", "INFO", json!("INFO")),
        ("throttling/burstLimit", "throttlingBurstLimit", "123", json!(123)),
        ("throttling/rateLimit", "throttlingRateLimit", "-1", json!(-1.0)),
        ("caching/enabled", "cachingEnabled", "true", json!(true)),
        ("caching/dataEncrypted", "cacheDataEncrypted", "true", json!(true)),
        ("caching/ttlInSeconds", "cacheTtlInSeconds", "3600", json!(3600)),
        ("caching/requireAuthorizationForCacheControl", "requireAuthorizationForCacheControl", "false", json!(false)),
        (
            "caching/unauthorizedCacheControlHeaderStrategy",
            "unauthorizedCacheControlHeaderStrategy",
            "FAIL_WITH_403",
            json!("FAIL_WITH_403"),
        ),
    ];
    for (path, member, value, expected) in good {
        let stage = change(&bench, "replace", &format!("/~1/GET/{path}"), value);
        assert_eq!(stage["methodSettings"]["~1/GET"][member], expected, "{path}");
    }
    let bad = [
        ("logging/loglevel", "DEBUG"),
        ("throttling/burstLimit", "-2"),
        ("throttling/burstLimit", "x"),
        ("throttling/rateLimit", "NaN"),
        ("throttling/rateLimit", "-2"),
        ("caching/ttlInSeconds", "3601"),
        ("caching/ttlInSeconds", "-1"),
        ("caching/unauthorizedCacheControlHeaderStrategy", "MAYBE"),
    ];
    for (path, value) in bad {
        refusal(&bench, "replace", &format!("/~1/GET/{path}"), value);
    }
}

/// Seen: rest-api-control-plane.md §1.15, methodSettings.
#[test]
fn a_method_keeps_its_path_as_it_was_patched_and_begins_as_a_copy_of_all_methods() {
    let bench = bench();
    stage(&bench, "dev");
    let burst = |path: &str, value: &str| change(&bench, "replace", &format!("{path}/throttling/burstLimit"), value);
    burst("/*/*", "123");
    change(&bench, "replace", "/~1pets~1{petId}/GET/metrics/enabled", "true");
    burst("/test/GET", "124");
    burst("/a/b/GET", "125");
    let stage = burst("/*/*", "126");
    let bursts: Vec<(&str, i64)> = stage["methodSettings"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, setting)| (key.as_str(), setting["throttlingBurstLimit"].as_i64().unwrap()))
        .collect();
    assert_eq!(bursts, [("*/*", 126), ("a/b/GET", 125), ("test/GET", 124), ("~1pets~1{petId}/GET", 123)]);
    for path in ["/~1pets~1{petId}/GET", "/a/b/GET", "/test/GET", "/*/*"] {
        change(&bench, "remove", path, "");
    }
    assert_eq!(refusal(&bench, "remove", "/test/GET", ""), nothing_to_remove("test/GET"));
}

#[test]
fn all_settings_can_be_replaced_at_once() {
    let bench = bench();
    stage(&bench, "dev");
    let stage = change(&bench, "replace", "/methodSettings", r#"{"*/*":{"throttlingBurstLimit":7,"loggingLevel":"OFF"}}"#);
    let setting = &stage["methodSettings"]["*/*"];
    assert_eq!((&setting["throttlingBurstLimit"], &setting["cacheTtlInSeconds"]), (&json!(7), &json!(300)));
    for bad in ["", "[]", r#"{"*/*":{"cacheTtlInSeconds":3601}}"#, r#"{"*/*":{"loggingLevel":"LOUD"}}"#] {
        refusal(&bench, "replace", "/methodSettings", bad);
    }
}

#[test]
fn strictly_logs_need_a_role() {
    let bench = strict();
    stage(&bench, "dev");
    let set =
        |bench: &Bench, level: &str| patch_all(bench, "dev", json!([{"op": "replace", "path": "/*/*/logging/loglevel", "value": level}]));
    assert_eq!(set(&bench, "OFF").0, 200);
    let refused = json!({"message": "CloudWatch Logs role ARN must be set in account settings to enable logging"});
    assert_eq!(set(&bench, "INFO"), (400, refused));
    let role = json!([{"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::111111111111:role/logs"}]);
    bench.ok("PATCH", "/account", json!({ "patchOperations": role }));
    assert_eq!(set(&bench, "INFO").0, 200);
}

#[test]
fn unknown_paths_are_refused_in_the_words_of_their_verb_and_nothing_is_changed() {
    let bench = bench();
    stage(&bench, "dev");
    for path in ["/documentation_version", "/tags/tag1", "/x/metrics/enabled", "/*/*/metrics", "/stageName", "/variables/a/b"] {
        let said = refusal(&bench, "replace", path, "x");
        assert!(said.starts_with(&format!("Invalid method setting path: {path}. Must be one of: [/deploymentId, ")), "{said}");
        assert!(said.ends_with("/variables/{variable_name}, /tracingEnabled]"), "{said}");
        assert_eq!(refusal(&bench, "add", path, "x"), format!("Invalid add operation with path: {path}"));
        assert_eq!(refusal(&bench, "remove", path, ""), nothing_to_remove(&path[1..]));
    }
    let ops = json!([{"op": "replace", "path": "/description", "value": "x"}, {"op": "replace", "path": "/stageName", "value": "x"}]);
    assert_eq!(patch_all(&bench, "dev", ops).0, 400);
    assert_eq!(get(&bench, "dev").get("description"), None);
}

/// The rows are the documentation's (rest-api-control-plane.md §1.20).
#[test]
fn the_table_has_no_row_twice() {
    let mut rows: Vec<(&str, &str)> = PATCHES.rows.iter().map(|row| (row.op.name(), row.path)).collect();
    let all = rows.len();
    rows.sort_unstable();
    rows.dedup();
    assert_eq!((rows.len(), all), (39, 39));
}
