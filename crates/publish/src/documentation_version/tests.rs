//! The story of documentation versions.

use super::documented;
use crate::testing::{API, API_ID, bench, stage, strict};
use base::testing::Bench;
use define::documentation::record::DocumentationPart;
use serde_json::{Value, json};

fn versions() -> String {
    format!("{API}/documentation/versions")
}

fn write(bench: &Bench, id: &str, properties: &str) {
    let location = serde_json::from_value(json!({"type": "API"})).unwrap();
    bench.store(&DocumentationPart { api: API_ID.into(), id: id.into(), location, properties: properties.into() });
}

/// Seen: rest-api-control-plane.md §1.18; the text of the 404 is believed.
#[test]
fn a_version_is_made_found_listed_changed_and_ended() {
    let bench = bench();
    let all = versions();
    let made = bench.ok("POST", &all, json!({"documentationVersion": "1.0", "description": "first"}));
    assert_eq!(made, json!({"version": "1.0", "createdDate": 1_795_348_800, "description": "first"}));
    let one = format!("{all}/1.0");
    assert_eq!(bench.ok("GET", &one, Value::Null), made);
    bench.ok("POST", &all, json!({"documentationVersion": "2.0"}));
    let page = bench.ok("GET", &format!("{all}?limit=1"), Value::Null);
    assert_eq!(page["item"], json!([made]));
    let rest = bench.ok("GET", &format!("{all}?position={}", page["position"].as_str().unwrap()), Value::Null);
    assert_eq!(rest, json!({"item": [{"version": "2.0", "createdDate": 1_795_348_800}]}));
    let patch = |path: &str| json!({"patchOperations": [{"op": "replace", "path": path, "value": "x"}]});
    assert_eq!(bench.ok("PATCH", &one, patch("/description"))["description"], "x");
    assert_eq!(bench.no("PATCH", &one, patch("/version")), (400, "Invalid patch path /version".into()));
    assert_eq!(bench.call("DELETE", &one, Value::Null), (202, Value::Null));
    let gone = (404, "Invalid Documentation version specified".to_owned());
    assert_eq!(bench.no("GET", &one, Value::Null), gone);
    assert_eq!(bench.no("PATCH", &one, patch("/description")), gone);
    assert_eq!(bench.no("DELETE", &one, Value::Null), gone);
}

#[test]
fn a_version_that_makes_no_sense_is_refused() {
    let bench = bench();
    let no = |body: Value| bench.no("POST", &versions(), body).0;
    bench.ok("POST", &versions(), json!({"documentationVersion": "1"}));
    assert_eq!(no(json!({"documentationVersion": "1"})), 409);
    assert_eq!(no(json!({"documentationVersion": " "})), 400);
    assert_eq!(no(json!({})), 400);
    assert_eq!(no(json!({"documentationVersion": "2", "stageName": "nosuch"})), 404);
    assert_eq!(bench.no("POST", "/restapis/nosuch/documentation/versions", json!({"documentationVersion": "1"})).0, 404);
    assert_eq!(bench.no("GET", "/restapis/nosuch/documentation/versions", Value::Null).0, 404);
}

#[test]
fn a_version_keeps_what_was_written_then() {
    let bench = bench();
    write(&bench, "aaaaaa", "{\"a\":1}");
    bench.ok("POST", &versions(), json!({"documentationVersion": "1"}));
    write(&bench, "aaaaaa", "{\"a\":2}");
    bench.ok("POST", &versions(), json!({"documentationVersion": "2"}));
    let realm = bench.realm().clone();
    bench.write(move |txn| {
        let said = |version: &str| Some(documented(txn.view(), &realm, API_ID, version).unwrap()?.parts.pop()?.properties);
        assert_eq!(said("1").as_deref(), Some("{\"a\":1}"));
        assert_eq!(said("2").as_deref(), Some("{\"a\":2}"));
        assert_eq!(said("3"), None);
        Ok(())
    });
}

/// Seen: rest-api-deploy.md §8.8.
#[test]
fn a_version_made_for_a_stage_is_shown_by_it() {
    let bench = bench();
    stage(&bench, "dev");
    bench.ok("POST", &versions(), json!({"documentationVersion": "1", "stageName": "dev"}));
    let stage = format!("{API}/stages/dev");
    assert_eq!(bench.ok("GET", &stage, Value::Null)["documentationVersion"], "1");
    assert_eq!(bench.no("DELETE", &format!("{}/1", versions()), Value::Null).0, 400);
    bench.ok("PATCH", &stage, json!({"patchOperations": [{"op": "replace", "path": "/documentationVersion", "value": ""}]}));
    bench.ok("DELETE", &format!("{}/1", versions()), Value::Null);
}

#[test]
fn strictly_a_stage_shows_a_version_that_is_there() {
    let bench = strict();
    let deployment = stage(&bench, "dev");
    let patch = |value: &str| json!({"patchOperations": [{"op": "replace", "path": "/documentationVersion", "value": value}]});
    assert_eq!(bench.no("PATCH", &format!("{API}/stages/dev"), patch("1")).0, 400);
    let asked = json!({"stageName": "qa", "deploymentId": deployment, "documentationVersion": "1"});
    assert_eq!(bench.no("POST", &format!("{API}/stages"), asked.clone()).0, 400);
    bench.ok("POST", &versions(), json!({"documentationVersion": "1"}));
    bench.ok("PATCH", &format!("{API}/stages/dev"), patch("1"));
    bench.ok("POST", &format!("{API}/stages"), asked);
}
