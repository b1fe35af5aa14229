//! Moments are found and compared.

use super::OPERATIONS;
use super::moment::Moment;
use crate::testing::{API_ID, bare, deploy, mock, put_method};
use base::testing::Bench;
use serde_json::{Value, json};

/// An API with `GET /` that is served at `prod`.
fn bench() -> Bench {
    let bench = bare(Bench::new(&[crate::OPERATIONS, &[OPERATIONS]].concat()));
    put_method(&bench, "GET", mock());
    deploy(&bench, json!({"stageName": "prod"}));
    bench
}

fn diff(bench: &Bench, from: &str, to: &str) -> Value {
    bench.ok("GET", &format!("/_cardea/diff?from={from}&to={to}"), Value::Null)
}

/// Fate, noun and name of each change.
fn told(comparison: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let changes = comparison["changes"].as_array().unwrap();
    changes.iter().map(|change| format!("{} {} {}", word(&change["fate"]), word(&change["noun"]), word(&change["name"]))).collect()
}

#[test]
fn a_moment_is_an_api_with_a_stage_or_a_deployment_or_neither() {
    let api = "a1".to_owned();
    assert_eq!(Moment::read("a1").unwrap(), Moment::Present { api: api.clone() });
    assert_eq!(Moment::read("a1/prod").unwrap(), Moment::Stage { api: api.clone(), stage: "prod".into() });
    assert_eq!(Moment::read("a1@d1").unwrap(), Moment::Deployment { api, deployment: "d1".into() });
    for nothing in ["", "/", "@", "/prod", "@d1", "a1/", "a1@"] {
        assert!(Moment::read(nothing).is_err(), "{nothing}");
    }
}

#[test]
fn a_stage_equals_the_definition_until_it_is_changed_and_again_when_deployed() {
    let bench = bench();
    let stage = format!("{API_ID}/prod");
    assert_eq!(diff(&bench, &stage, API_ID)["changes"], json!([]));
    put_method(&bench, "PUT", mock());
    let changed = diff(&bench, &stage, API_ID);
    assert_eq!(told(&changed), ["added method PUT /", "added integration PUT /"]);
    assert_eq!(changed["changes"][0]["concerns"][0]["effect"], "mayWeaken");
    assert_eq!(changed["from"]["stageName"], "prod");
    assert_eq!(changed["to"], json!({"apiId": API_ID, "apiName": "pets"}));
    assert_eq!(told(&diff(&bench, API_ID, &stage)), ["removed method PUT /", "removed integration PUT /"]);
    deploy(&bench, json!({"stageName": "prod"}));
    assert_eq!(diff(&bench, &stage, API_ID)["changes"], json!([]));
}

#[test]
fn deployments_are_compared_as_they_were() {
    let bench = bench();
    let first = deploy(&bench, json!({}));
    put_method(&bench, "PUT", mock());
    let second = deploy(&bench, json!({}));
    put_method(&bench, "POST", mock());
    let between = diff(&bench, &format!("{API_ID}@{first}"), &format!("{API_ID}@{second}"));
    assert_eq!(told(&between), ["added method PUT /", "added integration PUT /"]);
    assert_eq!((&between["from"]["deploymentId"], &between["to"]["deploymentId"]), (&json!(first), &json!(second)));
}

#[test]
fn two_stages_differ_also_by_their_live_settings() {
    let bench = bench();
    let deployment = diff(&bench, &format!("{API_ID}/prod"), API_ID)["from"]["deploymentId"].clone();
    let test = json!({"stageName": "test", "deploymentId": deployment, "variables": {"color": "red"}});
    bench.ok("POST", &format!("/restapis/{API_ID}/stages"), test);
    let patch = json!({"patchOperations": [{"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "5"}]});
    bench.ok("PATCH", &format!("/restapis/{API_ID}/stages/test"), patch);
    let between = diff(&bench, &format!("{API_ID}/prod"), &format!("{API_ID}/test"));
    assert_eq!(told(&between), ["changed stage "]);
    let members = between["changes"][0]["members"].as_array().unwrap();
    let has = |name: &str, to: Value| members.iter().any(|member| member["member"] == name && member["to"] == to);
    assert!(has("variables/color", json!("red")) && has("methodSettings/*/*/throttlingRateLimit", json!(5.0)), "{members:?}");
    assert_eq!(between["changes"][0]["concerns"][0]["effect"], "limits");
    assert_eq!(diff(&bench, &format!("{API_ID}/test"), API_ID)["changes"], json!([]));
}

#[test]
fn what_is_not_there_is_said() {
    let bench = bench();
    let no = |from: &str, to: &str| bench.no("GET", &format!("/_cardea/diff?from={from}&to={to}"), Value::Null);
    assert_eq!(no("gone", API_ID), (404, "Invalid API identifier specified 111111111111:gone".into()));
    assert_eq!(no(API_ID, "gone/prod").0, 404);
    assert_eq!(no(&format!("{API_ID}/gone"), API_ID), (404, "Invalid stage identifier specified".into()));
    assert_eq!(no(&format!("{API_ID}@gone"), API_ID), (404, "Invalid Deployment identifier specified".into()));
    assert_eq!(bench.no("GET", "/_cardea/diff", Value::Null).0, 400);
}
