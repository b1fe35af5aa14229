//! What is a change, what is none, and what is said of it.

use super::{Change, Effect, Fate, Noun, Parts};
use crate::tree::ApiTree;
use serde_json::{Value, json};

/// An API with `GET /pets` that asks for much.
fn guarded() -> Value {
    json!({
        "api": {
            "id": "a1b2c3d4e5", "name": "pets", "created": 0, "api_key_source": "HEADER", "endpoint_type": "REGIONAL",
            "ip_address_type": "ipv4", "disable_execute_api_endpoint": true, "root_resource_id": "root",
            "security_policy": "TLS_1_2", "minimum_compression_size": 100, "binary_media_types": ["image/png", "image/gif"],
            "policy": "{\"Statement\":[{\"Effect\":\"Allow\",\"Resource\":\"arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/*\"}]}",
        },
        "resources": [
            {"api": "a1b2c3d4e5", "id": "root", "parent": null, "path_part": "", "path": "/"},
            {"api": "a1b2c3d4e5", "id": "pets01", "parent": "root", "path_part": "pets", "path": "/pets"},
        ],
        "methods": [{
            "api": "a1b2c3d4e5", "resource": "pets01", "verb": "GET", "authorization_type": "CUSTOM", "authorizer": "auth01",
            "authorization_scopes": ["read"], "api_key_required": true, "operation_name": null, "request_validator": "val001",
            "request_parameters": {"method.request.querystring.page": true}, "request_models": {"application/json": "Pet"},
            "responses": {"200": {"status_code": "200", "response_parameters": null, "response_models": null}},
            "integration": {
                "type": "HTTP_PROXY", "http_method": "GET", "uri": "https://pets.example/", "connection_type": "VPC_LINK",
                "connection_id": "link01", "credentials": null, "request_parameters": null, "request_templates": null,
                "passthrough_behavior": "WHEN_NO_MATCH", "content_handling": null, "timeout_ms": 29000, "cache_namespace": "pets01",
                "cache_key_parameters": ["method.request.querystring.page"], "insecure_skip_verification": null,
                "response_transfer_mode": null, "target": null,
            },
        }],
        "models": [{
            "api": "a1b2c3d4e5", "id": "model1", "name": "Pet", "content_type": "application/json", "description": null,
            "schema": "{\"type\":\"object\"}",
        }],
        "authorizers": [{
            "api": "a1b2c3d4e5", "id": "auth01", "name": "door", "type": "TOKEN", "auth_type": null, "uri": "arn:door",
            "credentials": null, "identity_source": "method.request.header.Authorization",
            "identity_validation_expression": "^Bearer ", "result_ttl_seconds": null, "jwt": null,
        }],
        "validators": [{"api": "a1b2c3d4e5", "id": "val001", "name": "all", "body": true, "parameters": true}],
        "gateway_responses": [{"api": "a1b2c3d4e5", "type": "DEFAULT_4XX", "status_code": "400", "parameters": {}, "templates": {}}],
    })
}

fn parts(tree: &Value) -> Parts {
    Parts::of(&serde_json::from_value::<ApiTree>(tree.clone()).unwrap())
}

/// The guarded API with one value replaced.
fn with(pointer: &str, value: Value) -> Value {
    let mut tree = guarded();
    *tree.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing is at {pointer}")) = value;
    tree
}

fn changes(from: &Value, to: &Value) -> Vec<Change> {
    parts(from).changes_to(&parts(to))
}

/// What is said when one value of the guarded API becomes another, and when it becomes what it was.
fn said(pointer: &str, value: Value) -> (Vec<Effect>, Vec<Effect>) {
    let effects = |changes: Vec<Change>| changes.iter().flat_map(|change| &change.concerns).map(|concern| concern.effect).collect();
    let other = with(pointer, value);
    let there = changes(&guarded(), &other);
    assert_eq!(there.len(), 1, "{pointer}: {there:?}");
    assert_eq!(there[0].members.len(), 1, "{pointer}: {there:?}");
    (effects(there), effects(changes(&other, &guarded())))
}

#[test]
fn an_api_equals_itself_and_its_clone_under_other_ids() {
    assert_eq!(changes(&guarded(), &guarded()), []);
    let mut text = guarded().to_string();
    for (id, other) in
        [("a1b2c3d4e5", "zzzzzzzzzz"), ("pets01", "xxxxxx"), ("auth01", "yyyyyy"), ("val001", "vvvvvv"), ("\"root\"", "\"other\"")]
    {
        text = text.replace(id, other);
    }
    let mut clone: Value = serde_json::from_str(&text).unwrap();
    clone["api"]["created"] = json!(99);
    assert_eq!(changes(&guarded(), &clone), []);
}

#[test]
fn order_and_layout_are_no_change() {
    assert_eq!(changes(&guarded(), &with("/api/binary_media_types", json!(["image/gif", "image/png"]))), []);
    assert_eq!(changes(&guarded(), &with("/models/0/schema", json!("{ \"type\" : \"object\" }"))), []);
    assert_eq!(changes(&guarded(), &with("/models/0/schema", json!("{\"type\":\"array\"}"))).len(), 1);
}

#[test]
fn what_comes_goes_and_changes_is_told_by_path_and_name() {
    let mut after = guarded();
    after["resources"]
        .as_array_mut()
        .unwrap()
        .push(json!({"api": "a1b2c3d4e5", "id": "dogs01", "parent": "root", "path_part": "dogs", "path": "/dogs"}));
    let mut dogs = after["methods"][0].clone();
    dogs["resource"] = json!("dogs01");
    dogs["verb"] = json!("PUT");
    after["methods"].as_array_mut().unwrap().push(dogs);
    after["gateway_responses"] = json!([]);
    after["methods"][0]["integration"]["uri"] = json!("https://other.example/");
    let told: Vec<(Fate, Noun, String)> =
        changes(&guarded(), &after).into_iter().map(|change| (change.fate, change.noun, change.name)).collect();
    assert_eq!(
        told,
        [
            (Fate::Removed, Noun::GatewayResponse, "DEFAULT_4XX".to_owned()),
            (Fate::Added, Noun::Resource, "/dogs".to_owned()),
            (Fate::Added, Noun::Method, "PUT /dogs".to_owned()),
            (Fate::Added, Noun::Integration, "PUT /dogs".to_owned()),
            (Fate::Changed, Noun::Integration, "GET /pets".to_owned()),
        ]
    );
}

#[test]
fn a_changed_member_has_both_values_and_a_removed_one_has_no_second() {
    let changed = &changes(&guarded(), &with("/methods/0/authorizer", Value::Null))[0];
    let member = &changed.members[0];
    assert_eq!((member.member.as_str(), &member.from, &member.to), ("authorizer", &Some(json!("door")), &None));
    let changed = &changes(&guarded(), &with("/methods/0/integration/timeout_ms", json!(50)))[0];
    let member = &changed.members[0];
    assert_eq!((member.member.as_str(), &member.from, &member.to), ("timeoutInMillis", &Some(json!(29000)), &Some(json!(50))));
}

#[test]
fn what_weakens_is_said_and_its_reverse_is_not() {
    for (pointer, weaker) in [
        ("/api/policy", Value::Null),
        ("/api/disable_execute_api_endpoint", json!(false)),
        ("/api/security_policy", json!("TLS_1_0")),
        ("/api/security_policy", Value::Null),
        ("/methods/0/authorization_type", json!("NONE")),
        ("/methods/0/authorization_scopes", json!([])),
        ("/methods/0/authorization_scopes", json!(["read", "write"])),
        ("/methods/0/api_key_required", json!(false)),
        ("/methods/0/request_validator", Value::Null),
        ("/methods/0/integration/uri", json!("http://pets.example/")),
        ("/methods/0/integration/insecure_skip_verification", json!(true)),
        ("/authorizers/0/identity_validation_expression", Value::Null),
        ("/validators/0/body", json!(false)),
        ("/validators/0/parameters", json!(false)),
    ] {
        let (there, back) = said(pointer, weaker.clone());
        assert_eq!((there, back), (vec![Effect::Weakens], vec![]), "{pointer} {weaker}");
    }
    let private = with("/api/endpoint_type", json!("PRIVATE"));
    assert_eq!(changes(&private, &guarded())[0].concerns[0].effect, Effect::Weakens);
    assert_eq!(changes(&guarded(), &private)[0].concerns, []);
}

#[test]
fn what_a_person_must_judge_is_said_both_ways() {
    for (pointer, other) in [
        ("/api/policy", json!("{\"Statement\":[]}")),
        ("/api/api_key_source", json!("AUTHORIZER")),
        ("/methods/0/authorization_type", json!("AWS_IAM")),
        ("/authorizers/0/uri", json!("arn:other")),
        ("/authorizers/0/identity_source", json!("method.request.header.X")),
        ("/models/0/schema", json!("{}")),
        ("/methods/0/integration/credentials", json!("arn:role")),
    ] {
        assert_eq!(said(pointer, other), (vec![Effect::MayWeaken], vec![Effect::MayWeaken]), "{pointer}");
    }
    for (pointer, other) in [
        ("/methods/0/request_parameters/method.request.querystring.page", json!(false)),
        ("/methods/0/integration/connection_type", json!("INTERNET")),
        ("/methods/0/integration/cache_key_parameters", json!([])),
        ("/authorizers/0/result_ttl_seconds", json!(3600)),
    ] {
        assert_eq!(said(pointer, other), (vec![Effect::MayWeaken], vec![]), "{pointer}");
    }
}

#[test]
fn limits_are_said_and_what_guards_nothing_is_not() {
    assert_eq!(said("/methods/0/integration/timeout_ms", json!(50)), (vec![Effect::Limits], vec![Effect::Limits]));
    assert_eq!(said("/api/minimum_compression_size", json!(0)), (vec![Effect::Limits], vec![Effect::Limits]));
    assert_eq!(said("/api/name", json!("dogs")), (vec![], vec![]));
    assert_eq!(said("/methods/0/operation_name", json!("list")), (vec![], vec![]));
}

#[test]
fn a_new_method_that_is_open_is_said_but_a_preflight_is_not() {
    let added = |verb: &str, sort: &str, is_key_required: bool| {
        let mut after = guarded();
        let mut method = after["methods"][0].clone();
        method["verb"] = json!(verb);
        method["authorization_type"] = json!(sort);
        method["api_key_required"] = json!(is_key_required);
        after["methods"].as_array_mut().unwrap().push(method);
        changes(&guarded(), &after).into_iter().flat_map(|change| change.concerns).map(|concern| concern.effect).collect::<Vec<_>>()
    };
    assert_eq!(added("POST", "NONE", false), [Effect::MayWeaken]);
    assert_eq!(added("POST", "NONE", true), []);
    assert_eq!(added("POST", "AWS_IAM", false), []);
    assert_eq!(added("OPTIONS", "NONE", false), []);
}

#[test]
fn members_of_a_stage_are_told_with_what_they_limit() {
    let stage = |rate: f64| {
        let mut parts = parts(&guarded());
        parts.add(Noun::Stage, "", [("methodSettings/*/*/throttlingRateLimit".to_owned(), json!(rate))].into());
        parts
    };
    let changes = stage(5.0).changes_to(&stage(50.0));
    assert_eq!((changes[0].noun, changes[0].concerns[0].effect), (Noun::Stage, Effect::Limits));
    assert_eq!(stage(5.0).changes_to(&stage(5.0)), []);
}
