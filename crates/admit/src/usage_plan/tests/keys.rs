//! Keys in plans.

use super::*;

/// Seen: observed/usage-plans-and-keys.json (test_api_key_required_for_methods).
#[test]
fn a_key_joins_a_plan_and_its_value_is_shown() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold"}));
    let key = bench.ok("POST", "/apikeys", json!({"name": "k", "enabled": true}));
    let member = join(&bench, &plan, key["id"].as_str().unwrap());
    assert_eq!(member, json!({"id": key["id"], "type": "API_KEY", "value": key["value"], "name": "k"}));
    let target = format!("/usageplans/{plan}/keys/{}", key["id"].as_str().unwrap());
    assert_eq!(bench.ok("GET", &target, Value::Null), member);
    assert_eq!(bench.call("DELETE", &target, Value::Null), (202, Value::Null));
    assert_eq!(bench.no("GET", &target, Value::Null).0, 404);
    assert_eq!(bench.no("DELETE", &target, Value::Null).0, 404);
    join(&bench, &plan, key["id"].as_str().unwrap());
}

#[test]
fn what_is_not_there_joins_nothing() {
    let bench = bench();
    let (plan, key) = (plan(&bench, json!({"name": "gold"})), key(&bench, "k"));
    let no =
        |plan: &str, key: &str, kind: &str| bench.no("POST", &format!("/usageplans/{plan}/keys"), json!({"keyId": key, "keyType": kind}));
    assert_eq!(no("nosuch", &key, "API_KEY"), (404, "Invalid Usage Plan ID specified".into()));
    assert_eq!(no(&plan, "nosuchkey0", "API_KEY"), (404, "Invalid API Key identifier specified".into()));
    assert_eq!(no(&plan, &key, "TOKEN").0, 400);
    assert_eq!(bench.no("GET", &format!("/usageplans/nosuch/keys/{key}"), Value::Null), (404, "Invalid Usage Plan ID specified".into()));
    assert_eq!(bench.no("DELETE", &format!("/usageplans/nosuch/keys/{key}"), Value::Null).0, 404);
    join(&bench, &plan, &key);
    assert_eq!(no(&plan, &key, "API_KEY").0, 409);
}

/// Seen: rest-api-control-plane.md §1.19; an unknown plan's keys are an empty list (observed).
#[test]
fn keys_are_listed_newest_first_by_page_and_by_the_beginning_of_their_name() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold"}));
    for name in ["pet-1", "pet-2", "dog-1"] {
        join(&bench, &plan, &key(&bench, name));
    }
    let list = |query: &str| bench.ok("GET", &format!("/usageplans/{plan}/keys?{query}"), Value::Null);
    let names =
        |page: &Value| page["item"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&list("")), ["dog-1", "pet-2", "pet-1"]);
    assert_eq!(names(&list("name=pet")), ["pet-2", "pet-1"]);
    assert!(names(&list("name=PET")).is_empty() && names(&list("name=et-1")).is_empty());
    let first = list("name=pet&limit=1");
    assert_eq!(names(&first), ["pet-2"]);
    let second = list(&format!("name=pet&limit=1&position={}", first["position"].as_str().unwrap()));
    assert_eq!((names(&second), second.get("position")), (vec!["pet-1".to_owned()], None));
    assert_eq!(bench.ok("GET", "/usageplans/nosuch/keys", Value::Null), json!({"item": []}));
}

#[test]
fn a_key_is_in_one_plan_for_each_stage_whichever_comes_first() {
    let bench = bench();
    let covering = |name: &str, stage: &str| plan(&bench, json!({"name": name, "apiStages": [{"apiId": "a1", "stage": stage}]}));
    let (gold, blue, prod) = (covering("gold", "dev"), covering("blue", "dev"), covering("prod", "prod"));
    let key = key(&bench, "k");
    join(&bench, &gold, &key);
    join(&bench, &prod, &key);
    let text = |plan: &str, stage: &str| {
        format!(
            "Usage plan {plan} cannot be added because API Key {key} cannot reference multiple Usage Plans with the same API stage: a1:{stage}"
        )
    };
    let again = bench.no("POST", &format!("/usageplans/{blue}/keys"), json!({"keyId": key, "keyType": "API_KEY"}));
    assert_eq!(again, (409, text(&blue, "dev")));
    // The other way round: the plan of a key comes to cover a stage of another of its plans.
    let patch = |op: &str, stage: &str| json!({"patchOperations": [{"op": op, "path": "/apiStages", "value": format!("a1:{stage}")}]});
    assert_eq!(bench.no("PATCH", &format!("/usageplans/{gold}"), patch("add", "prod")), (409, text(&gold, "prod")));
    bench.ok("PATCH", &format!("/usageplans/{blue}"), patch("add", "prod"));
    bench.ok("PATCH", &format!("/usageplans/{prod}"), patch("remove", "prod"));
    bench.ok("PATCH", &format!("/usageplans/{gold}"), patch("add", "prod"));
}

#[test]
fn a_key_is_in_ten_plans_at_most() {
    let bench = bench();
    let key = key(&bench, "k");
    for n in 0..10 {
        join(&bench, &plan(&bench, json!({"name": format!("p{n}")})), &key);
    }
    let eleventh = plan(&bench, json!({"name": "p10"}));
    let body = json!({"keyId": key, "keyType": "API_KEY"});
    assert_eq!(bench.no("POST", &format!("/usageplans/{eleventh}/keys"), body).0, 429);
}

#[test]
fn a_deleted_key_leaves_its_plans() {
    let bench = bench();
    let (plan, key) = (plan(&bench, json!({"name": "gold"})), key(&bench, "k"));
    join(&bench, &plan, &key);
    bench.ok("DELETE", &format!("/apikeys/{key}"), Value::Null);
    assert_eq!(bench.ok("GET", &format!("/usageplans/{plan}/keys"), Value::Null), json!({"item": []}));
    assert_eq!(bench.ok("GET", &format!("/usageplans?keyId={key}"), Value::Null), json!({"item": []}));
}
