//! Each row of the table of changes.

use super::*;

fn patch(bench: &Bench, plan: &str, ops: Value) -> (u16, Value) {
    bench.call("PATCH", &format!("/usageplans/{plan}"), json!({ "patchOperations": ops }))
}

fn change(bench: &Bench, plan: &str, op: &str, path: &str, value: &str) -> Value {
    let (status, reply) = patch(bench, plan, json!([{"op": op, "path": path, "value": value}]));
    assert_eq!(status, 200, "{op} {path} {value}: {reply}");
    reply
}

fn refusal(bench: &Bench, plan: &str, op: &str, path: &str, value: &str) -> (u16, String) {
    let (status, reply) = patch(bench, plan, json!([{"op": op, "path": path, "value": value}]));
    assert!(status >= 400, "{op} {path} {value}: {reply}");
    (status, reply["message"].as_str().unwrap().to_owned())
}

#[test]
fn names_and_the_product_code_change() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold", "description": "x"}));
    assert_eq!(change(&bench, &plan, "replace", "/name", "blue")["name"], "blue");
    assert_eq!(change(&bench, &plan, "replace", "/description", "y")["description"], "y");
    assert_eq!(change(&bench, &plan, "add", "/productCode", "p1")["productCode"], "p1");
    assert_eq!(change(&bench, &plan, "replace", "/productCode", "p2")["productCode"], "p2");
    assert_eq!(change(&bench, &plan, "remove", "/productCode", "").get("productCode"), None);
    assert_eq!(refusal(&bench, &plan, "replace", "/name", "").0, 400);
    assert_eq!(patch(&bench, "nosuch", json!([])).0, 404);
}

#[test]
fn throttle_and_quota_grow_part_by_part_and_go_whole() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold"}));
    assert_eq!(change(&bench, &plan, "add", "/throttle/burstLimit", "5")["throttle"], json!({"burstLimit": 5}));
    assert_eq!(change(&bench, &plan, "add", "/throttle/rateLimit", "1.5")["throttle"], json!({"burstLimit": 5, "rateLimit": 1.5}));
    assert_eq!(change(&bench, &plan, "replace", "/throttle/burstLimit", "6")["throttle"]["burstLimit"], 6);
    assert_eq!(change(&bench, &plan, "replace", "/throttle/rateLimit", "2")["throttle"]["rateLimit"], 2.0);
    for bad in ["NaN", "inf", "-1", "many"] {
        assert_eq!(refusal(&bench, &plan, "replace", "/throttle/rateLimit", bad).0, 400);
    }
    assert_eq!(change(&bench, &plan, "remove", "/throttle", "").get("throttle"), None);

    let parts = json!([{"op": "add", "path": "/quota/limit", "value": "10"}, {"op": "add", "path": "/quota/period", "value": "WEEK"}]);
    assert_eq!(patch(&bench, &plan, parts).1["quota"], json!({"limit": 10, "offset": 0, "period": "WEEK"}));
    assert_eq!(change(&bench, &plan, "replace", "/quota/limit", "11")["quota"]["limit"], 11);
    assert_eq!(change(&bench, &plan, "add", "/quota/offset", "1")["quota"]["offset"], 1);
    assert_eq!(change(&bench, &plan, "replace", "/quota/offset", "2")["quota"]["offset"], 2);
    assert_eq!(change(&bench, &plan, "replace", "/quota/period", "MONTH")["quota"]["period"], "MONTH");
    assert_eq!(refusal(&bench, &plan, "replace", "/quota/period", "YEAR").0, 400);
    assert_eq!(change(&bench, &plan, "remove", "/quota", "").get("quota"), None);
    assert_eq!(refusal(&bench, &plan, "add", "/quota/period", "DAY"), (400, "Usage Plan quota must have a limit and a period".into()));
}

#[test]
fn stages_come_and_go() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold"}));
    let stages = json!([{"apiId": "a1", "stage": "dev"}]);
    assert_eq!(change(&bench, &plan, "add", "/apiStages", "a1:dev")["apiStages"], stages);
    assert_eq!(change(&bench, &plan, "add", "/apiStages", "a1:dev")["apiStages"], stages);
    for malformed in ["", "a1", "a1:", ":dev", "a1:dev:x"] {
        assert_eq!(refusal(&bench, &plan, "add", "/apiStages", malformed), (400, "Invalid API Stage specified".into()), "{malformed}");
    }
    let unknown = (404, format!("Invalid API Stage {{api: a2, stage: dev}} specified for usageplan {plan}"));
    assert_eq!(refusal(&bench, &plan, "add", "/apiStages", "a2:dev"), unknown);
    assert_eq!(refusal(&bench, &plan, "remove", "/apiStages", "a2:dev"), unknown);
    assert_eq!(refusal(&bench, &plan, "remove", "/apiStages", ""), (400, "Invalid API Stage specified".into()));
    // A stage that was deleted in the meantime is in nobody's way.
    delete_stage(&bench, "a1", "dev");
    assert_eq!(change(&bench, &plan, "replace", "/name", "blue")["apiStages"], stages);
    assert_eq!(change(&bench, &plan, "remove", "/apiStages", "a1:dev")["apiStages"], json!([]));
}

#[test]
fn methods_of_a_stage_have_throttles_of_their_own_however_the_path_is_spelled() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold", "apiStages": [{"apiId": "a1", "stage": "dev"}]}));
    let throttle = |reply: Value| reply["apiStages"][0]["throttle"].clone();
    let at = |rest: &str| format!("/apiStages/a1:dev/throttle{rest}");
    let whole = r#"{"/dogs/GET":{"rateLimit":1,"burstLimit":2}}"#;
    let dogs = json!({"/dogs/GET": {"rateLimit": 1.0, "burstLimit": 2}});
    assert_eq!(throttle(change(&bench, &plan, "add", &at(""), whole)), dogs);
    assert_eq!(throttle(change(&bench, &plan, "replace", &at(""), whole)), dogs);
    assert_eq!(refusal(&bench, &plan, "replace", &at(""), "[1]").0, 400);
    assert_eq!(throttle(change(&bench, &plan, "remove", &at(""), "")), Value::Null);
    assert_eq!(
        throttle(change(&bench, &plan, "add", &at("/~1pets~1{id}/GET/rateLimit"), "1.5")),
        json!({"/pets/{id}/GET": {"rateLimit": 1.5}})
    );
    let both = json!({"/pets/{id}/GET": {"rateLimit": 2.5, "burstLimit": 3}});
    change(&bench, &plan, "replace", &at("/~1pets~1{id}/GET/rateLimit"), "2.5");
    assert_eq!(throttle(change(&bench, &plan, "add", &at("//pets/{id}/GET/burstLimit"), "3")), both);
    assert_eq!(throttle(change(&bench, &plan, "replace", &at("/~1pets~1{id}/GET/burstLimit"), "3")), both);
    assert_eq!(refusal(&bench, &plan, "remove", &at("/~1cats/GET"), "").0, 404);
    assert_eq!(throttle(change(&bench, &plan, "remove", &at("/~1pets~1{id}/GET"), "")), Value::Null);
    let unknown = (404, format!("Invalid API Stage {{api: a1, stage: prod}} specified for usageplan {plan}"));
    assert_eq!(refusal(&bench, &plan, "add", "/apiStages/a1:prod/throttle/~1x/GET/rateLimit", "1"), unknown);
}

/// Seen: the text for `remove` in a public report of 2020-10-09.
#[test]
fn an_unknown_path_is_refused_with_the_list_for_its_verb_and_nothing_is_changed() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold"}));
    let text = "Invalid patch path  '/apiStages/a1:dev' specified for op 'remove'. Must be one of: [/apiStages, /quota, /throttle, \
                /productCode, /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, /apiStages/<apidId:stageName>/throttle]";
    assert_eq!(refusal(&bench, &plan, "remove", "/apiStages/a1:dev", ""), (400, text.into()));
    let ops = json!([{"op": "replace", "path": "/name", "value": "blue"}, {"op": "replace", "path": "/nome", "value": "x"}]);
    assert_eq!(patch(&bench, &plan, ops).0, 400);
    assert_eq!(bench.ok("GET", &format!("/usageplans/{plan}"), Value::Null)["name"], "gold");
    assert!(refusal(&bench, &plan, "copy", "/name", "").1.ends_with("Please choose supported operations"));
}
