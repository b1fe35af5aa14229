//! The story of tags, told once.

use crate::OPERATIONS;
use crate::testing::{API_ID, bench, stage};
use base::api::Entry;
use base::testing::Bench;
use serde_json::{Value, json};

const PREFIX: &str = "/tags/arn:aws:apigateway:us-east-1::";

fn tags(bench: &Bench, path: &str) -> Value {
    bench.ok("GET", &format!("{PREFIX}{path}"), Value::Null)["tags"].clone()
}

#[test]
fn tags_are_merged_shown_and_taken_from_an_api_and_a_stage() {
    let bench = bench();
    stage(&bench, "dev");
    for path in [format!("/restapis/{API_ID}"), format!("/restapis/{API_ID}/stages/dev")] {
        let target = format!("{PREFIX}{path}");
        assert_eq!(tags(&bench, &path), json!({}));
        assert_eq!(bench.call("PUT", &target, json!({"tags": {"a": "1", "b": "2"}})), (204, Value::Null));
        bench.ok("PUT", &target, json!({"tags": {"b": "3", "c": "4"}}));
        assert_eq!(tags(&bench, &path), json!({"a": "1", "b": "3", "c": "4"}));
        assert_eq!(bench.call("DELETE", &format!("{target}?tagKeys=a&tagKeys=c&tagKeys=nosuch"), Value::Null), (204, Value::Null));
        assert_eq!(tags(&bench, &path), json!({"b": "3"}));
    }
    let shown = bench.ok("GET", &format!("/restapis/{API_ID}/stages/dev"), Value::Null);
    assert_eq!(shown["tags"], json!({"b": "3"}));
}

#[test]
fn an_arn_may_be_one_encoded_segment() {
    let bench = bench();
    let target = format!("/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2F{API_ID}");
    bench.ok("PUT", &target, json!({"tags": {"a": "1"}}));
    assert_eq!(tags(&bench, &format!("/restapis/{API_ID}")), json!({"a": "1"}));
}

#[test]
fn keys_and_plans_have_tags_too() {
    let all: Vec<&[Entry]> = admit::OPERATIONS.iter().chain(OPERATIONS).copied().collect();
    let bench = Bench::new(&all);
    let made = |target: &str| bench.ok("POST", target, json!({"name": "x", "tags": {"a": "1"}}))["id"].as_str().unwrap().to_owned();
    for target in ["/apikeys", "/usageplans"] {
        let path = format!("{target}/{}", made(target));
        bench.ok("PUT", &format!("{PREFIX}{path}"), json!({"tags": {"b": "2"}}));
        assert_eq!(tags(&bench, &path), json!({"a": "1", "b": "2"}));
        assert_eq!(bench.ok("GET", &path, Value::Null)["tags"], json!({"a": "1", "b": "2"}));
        bench.ok("DELETE", &format!("{PREFIX}{path}?tagKeys=a"), Value::Null);
        assert_eq!(tags(&bench, &path), json!({"b": "2"}));
    }
}

#[test]
fn what_has_no_tags_or_is_not_there_is_refused() {
    let bench = bench();
    let no = |arn: &str| bench.no("GET", &format!("/tags/{arn}"), Value::Null);
    let here = "arn:aws:apigateway:us-east-1::";
    for arn in [
        "nonsense",
        "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5",
        "arn:aws-cn:apigateway:us-east-1::/restapis/a1b2c3d4e5",
        "arn:aws:lambda:us-east-1::/restapis/a1b2c3d4e5",
        "arn:aws:apigateway:us-east-1::/account",
        "arn:aws:apigateway:us-east-1::restapis/a1b2c3d4e5",
    ] {
        assert_eq!(no(arn), (400, "Invalid ARN specified in the request".into()), "{arn}");
    }
    assert_eq!(no(&format!("{here}/restapis/x")), (404, "Invalid API identifier specified 111111111111:x".into()));
    assert_eq!(no(&format!("{here}/restapis/{API_ID}/stages/x")), (404, "Invalid stage identifier specified".into()));
    assert_eq!(no(&format!("{here}/apikeys/x")), (404, "Invalid API Key identifier specified".into()));
    assert_eq!(no(&format!("{here}/usageplans/x")), (404, "Invalid Usage Plan ID specified".into()));
}

#[test]
fn tags_that_break_the_rules_change_nothing() {
    let bench = bench();
    let path = format!("/restapis/{API_ID}");
    let put = |tags: Value| bench.call("PUT", &format!("{PREFIX}{path}"), json!({ "tags": tags })).0;
    let many = |from: usize, to: usize| (from..to).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>();
    assert_eq!(put(json!(many(0, 50))), 204);
    assert_eq!(put(json!(many(0, 50))), 204);
    assert_eq!(put(json!({"one": "more"})), 400);
    assert_eq!(put(json!({"aws:x": "y"})), 400);
    assert_eq!(put(json!({"x": 1})), 400);
    assert_eq!(tags(&bench, &path).as_object().unwrap().len(), 50);
}
