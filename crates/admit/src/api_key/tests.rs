//! The story of API keys, told once.

use crate::OPERATIONS;
use base::testing::Bench;
use serde_json::{Value, json};
use std::time::Duration;

fn bench() -> Bench {
    Bench::new(OPERATIONS)
}

fn made(bench: &Bench, name: &str) -> String {
    bench.clock.advance(Duration::from_millis(1));
    let key = bench.ok("POST", "/apikeys", json!({"name": name}));
    key["id"].as_str().unwrap().to_owned()
}

fn listed(page: &Value) -> Vec<&str> {
    page["item"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect()
}

fn patched(bench: &Bench, id: &str, op: Value) -> (u16, Value) {
    bench.call("PATCH", &format!("/apikeys/{id}"), json!({"patchOperations": [op]}))
}

/// Seen: observed/usage-plans-and-keys.json (test_create_api_key_with_invalid_value, test_api_key_required_for_methods).
#[test]
fn a_new_key_is_disabled_and_shows_its_value_once() {
    let bench = bench();
    let key = bench.ok("POST", "/apikeys", json!({"value": ""}));
    let (id, value) = (key["id"].as_str().unwrap(), key["value"].as_str().unwrap());
    assert_eq!((id.len(), value.len()), (10, 40));
    assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let now = 1_795_348_800;
    let brief = json!({"id": id, "value": value, "enabled": false, "createdDate": now, "lastUpdatedDate": now, "stageKeys": []});
    assert_eq!(key, brief);
    let shown = bench.ok("GET", &format!("/apikeys/{id}"), Value::Null);
    assert_eq!(shown, json!({"id": id, "enabled": false, "createdDate": now, "lastUpdatedDate": now, "stageKeys": [], "tags": {}}));
    let with_value = bench.ok("GET", &format!("/apikeys/{id}?includeValue=true"), Value::Null);
    assert_eq!(with_value["value"], value);
    assert_eq!(bench.no("GET", "/apikeys/nosuchkey0", Value::Null), (404, "Invalid API Key identifier specified".into()));
}

#[test]
fn everything_a_key_is_made_with_is_kept() {
    let bench = bench();
    let asked = json!({
        "name": "pets", "description": "for pets", "enabled": true, "value": "abcdefghijklmnopqrst", "customerId": "c1",
        "stageKeys": [{"restApiId": "a1", "stageName": "dev"}], "tags": {"team": "pets"}, "generateDistinctId": true,
    });
    let key = bench.ok("POST", "/apikeys", asked);
    let id = key["id"].as_str().unwrap();
    let found = bench.ok("GET", &format!("/apikeys/{id}?includeValue=true"), Value::Null);
    assert_eq!(found, key);
    for (member, value) in [("name", "pets"), ("description", "for pets"), ("value", "abcdefghijklmnopqrst"), ("customerId", "c1")] {
        assert_eq!(key[member], value);
    }
    assert_eq!((&key["enabled"], &key["stageKeys"], &key["tags"]), (&json!(true), &json!(["a1/dev"]), &json!({"team": "pets"})));
}

/// Seen: observed/usage-plans-and-keys.json (test_create_api_key_with_invalid_value, test_update_api_key_invalid_description_length).
#[test]
fn a_value_has_20_to_128_characters_and_a_name_1024_at_most() {
    let bench = bench();
    let no = |body: Value| bench.no("POST", "/apikeys", body);
    assert_eq!(no(json!({"value": "short"})), (400, "API Key value should be at least 20 characters".into()));
    assert_eq!(no(json!({"value": "a".repeat(129)})), (400, "API Key value exceeds maximum size of 128 characters".into()));
    assert_eq!(no(json!({"description": "a".repeat(125_001)})), (400, "Invalid API Key description specified.".into()));
    assert_eq!(no(json!({"name": "a".repeat(1025)})), (400, "Invalid API Key name, can be at most 1024 characters.".into()));
    assert_eq!(no(json!({"enabled": "yes"})), (400, "class java.lang.String can not be converted to an Boolean".into()));
    assert_eq!(no(json!({"tags": {"aws:x": "y"}})).0, 400);
    bench.ok("POST", "/apikeys", json!({"value": "a".repeat(20), "name": "a".repeat(1024), "description": "a".repeat(125_000)}));
    bench.ok("POST", "/apikeys", json!({"value": "a".repeat(128), "name": ""}));
}

#[test]
fn a_value_belongs_to_one_key_and_is_free_when_that_key_is_deleted() {
    let bench = bench();
    let body = json!({"value": "a".repeat(20)});
    let key = bench.ok("POST", "/apikeys", body.clone());
    assert_eq!(bench.no("POST", "/apikeys", body.clone()), (409, "API Key already exists".into()));
    let target = format!("/apikeys/{}", key["id"].as_str().unwrap());
    assert_eq!(bench.call("DELETE", &target, Value::Null), (202, Value::Null));
    assert_eq!(bench.no("DELETE", &target, Value::Null).0, 404);
    bench.ok("POST", "/apikeys", body);
}

#[test]
fn the_value_is_nowhere_in_the_store_in_clear() {
    let bench = bench();
    let value = "topsecrettopsecretkey";
    let key = bench.ok("POST", "/apikeys", json!({"value": value}));
    let (realm, id) = (bench.realm().clone(), key["id"].as_str().unwrap().to_owned());
    bench.write(move |txn| {
        let row = txn.row(&base::store::Address::of::<super::record::ApiKey>(&realm.top(), &id))?.unwrap();
        assert!(!row.body.contains(value));
        Ok(())
    });
}

/// Seen: observed/usage-plans-and-keys.json (test_get_api_keys).
#[test]
fn keys_are_listed_newest_first_and_a_name_is_looked_for_from_its_beginning() {
    let bench = bench();
    assert_eq!(bench.ok("GET", "/apikeys", Value::Null), json!({"item": []}));
    made(&bench, "test-key-1");
    made(&bench, "test-key-2");
    let list = |query: &str| bench.ok("GET", &format!("/apikeys?{query}"), Value::Null);
    let all = list("");
    assert_eq!(listed(&all), ["test-key-2", "test-key-1"]);
    assert!(all.get("position").is_none() && all["item"][0].get("value").is_none() && all["item"][0].get("tags").is_none());
    assert_eq!(listed(&list("name=test-key-1")), ["test-key-1"]);
    assert_eq!(listed(&list("name=test-key")), ["test-key-2", "test-key-1"]);
    for other in ["TEST-KEY", "st-key-1", "st-key", "test-key-3"] {
        assert!(listed(&list(&format!("name={other}"))).is_empty(), "{other}");
    }
    let first = list("limit=1");
    assert_eq!(listed(&first), ["test-key-2"]);
    let second = list(&format!("limit=1&position={}", first["position"].as_str().unwrap()));
    assert_eq!(listed(&second), ["test-key-1"]);
    assert!(second.get("position").is_none());
    assert_eq!(list("includeValues=true")["item"][0]["value"].as_str().unwrap().len(), 40);
    assert!(listed(&list("customerId=nobody")).is_empty());
}

#[test]
fn a_filtered_list_pages_over_many_keys_without_losing_or_repeating_one() {
    let bench = bench();
    for n in 0..450 {
        made(&bench, &format!("{}-{n}", if n % 3 == 0 { "wanted" } else { "other" }));
    }
    let (mut names, mut position, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = bench.ok("GET", &format!("/apikeys?name=wanted&limit=40{position}"), Value::Null);
        names.extend(listed(&page).into_iter().map(str::to_owned));
        pages += 1;
        match page["position"].as_str() {
            Some(next) => position = format!("&position={next}"),
            None => break,
        }
    }
    let expected: Vec<String> = (0..450).rev().filter(|n| n % 3 == 0).map(|n| format!("wanted-{n}")).collect();
    assert_eq!((names, pages), (expected, 4));
}

#[test]
fn keys_made_in_the_same_moment_do_not_overwrite_each_other() {
    let bench = bench();
    for _ in 0..200 {
        bench.ok("POST", "/apikeys", json!({}));
    }
    assert_eq!(bench.ok("GET", "/apikeys?limit=500", Value::Null)["item"].as_array().unwrap().len(), 200);
}

/// Seen: observed/usage-plans-and-keys.json (test_api_key_required_for_methods, test_update_api_key_*).
#[test]
fn each_part_that_may_change_changes_and_the_answer_hides_the_value() {
    let bench = bench();
    let id = made(&bench, "pets");
    bench.clock.advance(Duration::from_secs(60));
    let replace = |path: &str, value: &str| patched(&bench, &id, json!({"op": "replace", "path": path, "value": value})).1;
    let key = replace("/enabled", "True");
    assert_eq!(key["lastUpdatedDate"].as_u64().unwrap(), key["createdDate"].as_u64().unwrap() + 60);
    assert_eq!((&key["enabled"], &key["tags"], key.get("value")), (&json!(true), &json!({}), None));
    assert_eq!(replace("/enabled", "not-a-boolean")["enabled"], false);
    assert_eq!(replace("/customerId", "c1")["customerId"], "c1");
    assert_eq!(replace("/description", "for pets")["description"], "for pets");
    assert_eq!(replace("/description", "").get("description"), None);
    assert_eq!(replace("/name", "dogs")["name"], "dogs");
    assert_eq!(replace("/name", &"a".repeat(1025))["message"], "Invalid API Key name, can be at most 1024 characters.");
    assert_eq!(replace("/description", &"a".repeat(125_001))["message"], "Invalid API Key description specified.");
    let change = |op: &str, path: &str, value: &str| patched(&bench, &id, json!({"op": op, "path": path, "value": value})).1;
    assert_eq!(change("add", "/stages", "a1/dev")["stageKeys"], json!(["a1/dev"]));
    assert_eq!(change("add", "/stages", "a1/dev")["stageKeys"], json!(["a1/dev"]));
    assert_eq!(change("remove", "/stages", "a1/dev")["stageKeys"], json!([]));
    assert_eq!(change("add", "/labels", "x")["name"], "dogs");
    assert_eq!(change("remove", "/labels", "x")["name"], "dogs");
    assert_eq!(bench.no("PATCH", "/apikeys/nosuchkey0", json!({"patchOperations": []})).0, 404);
}

/// Seen: observed/usage-plans-and-keys.json (test_update_api_key_immutable_field).
#[test]
fn a_part_that_may_not_change_is_refused_with_the_list_of_those_that_may() {
    let bench = bench();
    let id = made(&bench, "pets");
    let said = |op: &str, path: &str| patched(&bench, &id, json!({"op": op, "path": path, "value": "x"})).1["message"].clone();
    let list = "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/description, /enabled, /name, /customerId]";
    assert_eq!(said("replace", "/id"), list);
    assert_eq!(said("add", "/name"), "Invalid patch path  '/name' specified for op 'add'. Must be one of: [/stages, /labels]");
    assert_eq!(said("move", "/name"), "Invalid patch path  '/name' specified for op 'move'. Please choose supported operations");
    let enum_text = "1 validation error detected: Value 'put' at 'updateApiKeyInput.patchOperations.1.member.op' failed to satisfy \
                     constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]";
    assert_eq!(said("put", "/name"), enum_text);
}

#[test]
fn strictly_ten_thousand_keys_are_enough() {
    let bench = Bench::strict(OPERATIONS);
    bench.ok("POST", "/apikeys", json!({"name": "pets"}));
    let realm = bench.realm().clone();
    bench.write(move |txn| {
        let row = txn.rows(base::store::kind::API_KEY, &realm.top(), None, 1)?.remove(0);
        for n in 0..9_999 {
            let address = base::store::Address { id: format!("key-{n}").into(), ..row.address.clone() };
            txn.put(base::store::Row { address, ..row.clone() })?;
        }
        Ok(())
    });
    assert_eq!(bench.no("POST", "/apikeys", json!({})), (429, "Maximum number of API keys reached: 10000.".into()));
}

mod import {
    use super::*;

    fn import(bench: &Bench, query: &str, csv: &str) -> (u16, Value) {
        let answer = bench.send("POST", &format!("/apikeys?mode=import{query}"), csv.into());
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    fn value(n: u32) -> String {
        format!("apikey-{n:0>30}")
    }

    #[test]
    fn columns_come_in_any_order_and_case_and_unknown_ones_are_ignored() {
        let bench = bench();
        let plan = bench.ok("POST", "/usageplans", json!({"name": "gold"}))["id"].as_str().unwrap().to_owned();
        let other = bench.ok("POST", "/usageplans", json!({"name": "blue"}))["id"].as_str().unwrap().to_owned();
        let csv = format!(
            "KEY,colour,usageplanIds,enabled,description,Name\r\n{},red,\"{plan}, {other}\",FALSE,\"first, imported\",one\r\n{},,,,,two\r\n",
            value(1),
            value(2)
        );
        let (status, done) = import(&bench, "&format=csv", &csv);
        assert_eq!((status, &done["warnings"], done["ids"].as_array().unwrap().len()), (201, &json!([]), 2));
        let key = |n: usize| {
            let target = format!("/apikeys/{}?includeValue=true", done["ids"][n].as_str().unwrap());
            bench.ok("GET", &target, Value::Null)
        };
        let (one, two) = (key(0), key(1));
        assert_eq!((&one["name"], &one["enabled"], &one["description"]), (&json!("one"), &json!(false), &json!("first, imported")));
        assert_eq!((&two["name"], &two["enabled"], two.get("description")), (&json!("two"), &json!(true), None));
        assert_eq!(one["value"], value(1));
        for plan in [plan, other] {
            let keys = bench.ok("GET", &format!("/usageplans/{plan}/keys"), Value::Null);
            assert_eq!(keys["item"].as_array().unwrap().len(), 1);
            assert_eq!(keys["item"][0]["id"], done["ids"][0]);
        }
    }

    #[test]
    fn a_known_key_is_overwritten_and_keeps_its_id() {
        let bench = bench();
        let (_, first) = import(&bench, "", &format!("name,key,description\none,{},old\n", value(1)));
        let (_, again) = import(&bench, "", &format!("name,key,enabled\nuno,{},false\n", value(1)));
        assert_eq!(first["ids"], again["ids"]);
        let key = bench.ok("GET", &format!("/apikeys/{}", first["ids"][0].as_str().unwrap()), Value::Null);
        assert_eq!((&key["name"], &key["enabled"], key.get("description")), (&json!("uno"), &json!(false), None));
        assert_eq!(bench.ok("GET", "/apikeys", Value::Null)["item"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_bad_row_is_a_warning_or_with_failonwarnings_the_end_of_it_all() {
        let bench = bench();
        let csv = format!("name,key,usageplanids\none,tooshort,\ntwo,{},nosuch\nthree,{},\n", value(1), value(2));
        let (status, refused) = import(&bench, "&failonwarnings=true", &csv);
        let warnings = ["Line 2: API Key value should be at least 30 characters", "Line 3: Invalid Usage Plan ID specified"];
        assert_eq!((status, refused["message"].as_str().unwrap()), (400, warnings.join("; ").as_str()));
        assert_eq!(bench.ok("GET", "/apikeys", Value::Null), json!({"item": []}));
        let (status, done) = import(&bench, "&failonwarnings=false", &csv);
        assert_eq!((status, &done["warnings"], done["ids"].as_array().unwrap().len()), (201, &json!(warnings), 2));
    }

    #[test]
    fn a_file_without_its_header_or_of_another_format_is_refused() {
        let bench = bench();
        for csv in ["", "name,value\na,b\n", "\"name"] {
            assert_eq!(import(&bench, "&format=csv", csv).0, 400, "{csv}");
        }
        let (status, said) = import(&bench, "&format=json", "name,key\n");
        let text =
            "1 validation error detected: Value 'json' at 'format' failed to satisfy constraint: Member must satisfy enum value set: [csv]";
        assert_eq!((status, said["message"].as_str().unwrap()), (400, text));
    }

    #[test]
    fn many_keys_of_one_file_all_get_ids_of_their_own() {
        let bench = bench();
        let rows: String = (0..600).map(|n| format!("k{n},{}\n", value(n))).collect();
        let (_, done) = import(&bench, "", &format!("name,key\n{rows}"));
        let ids: std::collections::BTreeSet<_> = done["ids"].as_array().unwrap().iter().map(Value::to_string).collect();
        assert_eq!(ids.len(), 600);
    }
}
