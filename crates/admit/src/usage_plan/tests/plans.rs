//! Plans themselves.

use super::*;

/// Seen: observed/usage-plans-and-keys.json (test_api_key_required_for_methods).
#[test]
fn a_plan_is_echoed_as_it_was_made() {
    let bench = bench();
    let body = json!({
        "name": "gold", "description": "Test Usage Plan for API key", "quota": {"limit": 10, "period": "DAY", "offset": 0},
        "throttle": {"rateLimit": 2, "burstLimit": 1}, "apiStages": [{"apiId": "a1", "stage": "dev"}], "tags": {"tag_key": "tag_value"},
    });
    let made = bench.ok("POST", "/usageplans", body);
    let id = id(&made);
    assert_eq!(id.len(), 6);
    let expected = json!({
        "id": id, "name": "gold", "description": "Test Usage Plan for API key", "quota": {"limit": 10, "period": "DAY", "offset": 0},
        "throttle": {"rateLimit": 2.0, "burstLimit": 1}, "apiStages": [{"apiId": "a1", "stage": "dev"}], "tags": {"tag_key": "tag_value"},
    });
    assert_eq!(made, expected);
    assert_eq!(bench.ok("GET", &format!("/usageplans/{id}"), Value::Null), expected);
}

/// Seen: observed/usage-plans-and-keys.json (test_create_usage_plan_with_throttle).
#[test]
fn a_burst_may_be_greater_than_the_rate_and_stages_are_always_shown() {
    let bench = bench();
    let made = bench.ok("POST", "/usageplans", json!({"name": "gold", "throttle": {"rateLimit": 10, "burstLimit": 20}}));
    let expected = json!({"id": made["id"], "name": "gold", "apiStages": [], "throttle": {"rateLimit": 10.0, "burstLimit": 20}});
    assert_eq!(made, expected);
}

#[test]
fn empty_tags_are_shown_of_one_plan_and_left_out_of_a_list() {
    let bench = bench();
    let id = plan(&bench, json!({"name": "gold"}));
    assert_eq!(bench.ok("GET", &format!("/usageplans/{id}"), Value::Null), json!({"id": id, "name": "gold", "apiStages": [], "tags": {}}));
    assert_eq!(bench.ok("GET", "/usageplans", Value::Null), json!({"item": [{"id": id, "name": "gold", "apiStages": []}]}));
}

#[test]
fn a_plan_that_makes_no_sense_is_refused() {
    let bench = bench();
    let no = |body: Value| bench.no("POST", "/usageplans", body);
    assert_eq!(no(json!({})), (400, "Usage Plan name cannot be blank".into()));
    let period = "1 validation error detected: Value 'YEAR' at 'createUsagePlanInput.quota.period' failed to satisfy constraint: Member must \
                  satisfy enum value set: [DAY, WEEK, MONTH]";
    assert_eq!(no(json!({"name": "a", "quota": {"limit": 1, "period": "YEAR"}})), (400, period.into()));
    assert_eq!(no(json!({"name": "a", "quota": {"limit": 1}})), (400, "Usage Plan quota must have a limit and a period".into()));
    assert_eq!(no(json!({"name": "a", "quota": {"limit": -1, "period": "DAY"}})).0, 400);
    assert_eq!(no(json!({"name": "a", "quota": {"limit": 1, "offset": -1, "period": "DAY"}})).0, 400);
    assert_eq!(no(json!({"name": "a", "throttle": {"rateLimit": -0.5}})).0, 400);
    assert_eq!(no(json!({"name": "a", "throttle": {"burstLimit": -1}})).0, 400);
    assert_eq!(no(json!({"name": "a", "tags": {"": "x"}})).0, 400);
    assert_eq!(no(json!({"name": 1})).1, "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String");
}

/// Seen: rest-api-control-plane.md §1.19, stage errors.
#[test]
fn a_stage_must_be_whole_and_be_there() {
    let bench = bench();
    let no = |stage: Value| bench.no("POST", "/usageplans", json!({"name": "gold", "apiStages": [stage]}));
    for malformed in [json!({}), json!({"apiId": "a1"}), json!({"stage": "dev"}), json!({"apiId": "", "stage": "dev"})] {
        assert_eq!(no(malformed), (400, "Invalid API Stage specified".into()));
    }
    let (status, said) = no(json!({"apiId": "a2", "stage": "dev"}));
    assert_eq!(status, 404);
    assert!(said.starts_with("Invalid API Stage {api: a2, stage: dev} specified for usageplan "), "{said}");
    assert_eq!(bench.ok("GET", "/usageplans", Value::Null), json!({"item": []}));
}

#[test]
fn plans_are_paged_and_found_by_key() {
    let bench = bench();
    let plans: Vec<String> = (0..5).map(|n| plan(&bench, json!({"name": format!("p{n}")}))).collect();
    let key = key(&bench, "k");
    join(&bench, &plans[1], &key);
    join(&bench, &plans[3], &key);
    let ids = |page: &Value| page["item"].as_array().unwrap().iter().map(id).collect::<Vec<_>>();
    let first = bench.ok("GET", "/usageplans?limit=3", Value::Null);
    let second = bench.ok("GET", &format!("/usageplans?limit=3&position={}", first["position"].as_str().unwrap()), Value::Null);
    assert!(second.get("position").is_none());
    let mut seen = [ids(&first), ids(&second)].concat();
    seen.sort();
    let mut expected = plans.clone();
    expected.sort();
    assert_eq!(seen, expected);
    let mut of_key = ids(&bench.ok("GET", &format!("/usageplans?keyId={key}"), Value::Null));
    of_key.sort();
    let mut expected = [plans[1].clone(), plans[3].clone()];
    expected.sort();
    assert_eq!(of_key, expected);
    assert!(ids(&bench.ok("GET", "/usageplans?keyId=nosuchkey0", Value::Null)).is_empty());
}

#[test]
fn a_plan_with_stages_stays_and_one_without_takes_its_memberships_with_it() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold", "apiStages": [{"apiId": "a1", "stage": "dev"}]}));
    let key = key(&bench, "k");
    join(&bench, &plan, &key);
    let target = format!("/usageplans/{plan}");
    assert_eq!(bench.no("DELETE", &target, Value::Null), (400, "Cannot delete usage plan with associated API stages".into()));
    delete_stage(&bench, "a1", "dev");
    assert_eq!(bench.call("DELETE", &target, Value::Null), (202, Value::Null));
    assert_eq!(bench.no("DELETE", &target, Value::Null), (404, "Invalid Usage Plan ID specified".into()));
    assert_eq!(bench.no("GET", &target, Value::Null), (404, "Invalid Usage Plan ID specified".into()));
    assert_eq!(bench.ok("GET", &format!("/usageplans/{plan}/keys"), Value::Null), json!({"item": []}));
    // The key is free to join another plan of that stage.
    assert_eq!(bench.ok("GET", &format!("/usageplans?keyId={key}"), Value::Null), json!({"item": []}));
    assert_eq!(bench.ok("GET", &format!("/apikeys/{key}"), Value::Null)["name"], "k");
}

#[test]
fn strictly_a_stage_has_twenty_method_throttles_and_an_account_300_plans() {
    let bench = Bench::strict(OPERATIONS);
    put_stage(&bench, "a1", "dev");
    let body = |n: usize| {
        let throttle: serde_json::Map<_, _> = (0..n).map(|n| (format!("/m{n}/GET"), json!({"rateLimit": 1}))).collect();
        json!({"name": "gold", "apiStages": [{"apiId": "a1", "stage": "dev", "throttle": throttle}]})
    };
    bench.ok("POST", "/usageplans", body(20));
    assert_eq!(bench.no("POST", "/usageplans", body(21)).0, 429);
    for n in 1..300 {
        bench.ok("POST", "/usageplans", json!({"name": format!("p{n}")}));
    }
    assert_eq!(bench.no("POST", "/usageplans", json!({"name": "one more"})).0, 429);
}
