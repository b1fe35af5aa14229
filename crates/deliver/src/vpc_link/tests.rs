//! The story of VPC links.

use crate::OPERATIONS;
use base::testing::Bench;
use serde_json::{Value, json};

const ALL: &str = "/vpclinks";
const NLB: &str = "arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/net/nlb/0f0f";

/// Seen: rest-api-control-plane.md §1.19; that creation answers `PENDING` is documented.
#[test]
fn a_link_is_made_found_listed_and_changed() {
    let bench = Bench::new(OPERATIONS);
    let made = bench.ok("POST", ALL, json!({"name": "n", "description": "d", "targetArns": [NLB]}));
    let id = made["id"].as_str().unwrap();
    assert_eq!(id.len(), 6);
    assert_eq!(made, json!({"id": id, "name": "n", "description": "d", "targetArns": [NLB], "status": "PENDING"}));
    let one = format!("{ALL}/{id}");
    let ready = json!({
        "id": id, "name": "n", "description": "d", "targetArns": [NLB], "status": "AVAILABLE",
        "statusMessage": "Your vpc link is ready for use", "tags": {},
    });
    assert_eq!(bench.ok("GET", &one, Value::Null), ready);
    let mut listed = ready.clone();
    listed.as_object_mut().unwrap().remove("tags");
    assert_eq!(bench.ok("GET", ALL, Value::Null), json!({ "item": [listed] }));
    let patch = |path: &str, value: &str| json!({"patchOperations": [{"op": "replace", "path": path, "value": value}]});
    assert_eq!(bench.ok("PATCH", &one, patch("/name", "m"))["name"], "m");
    assert_eq!(bench.ok("PATCH", &one, patch("/description", "")).get("description"), None);
    assert_eq!(bench.no("PATCH", &one, patch("/name", "")), (400, "Name cannot be empty".into()));
    assert_eq!(bench.no("PATCH", &one, patch("/targetArns", "x")).1, "Invalid patch path /targetArns");
}

/// Seen: observed/domains-and-vpc.json, but for the counts.
#[test]
fn a_link_that_makes_no_sense_is_refused() {
    let bench = Bench::new(OPERATIONS);
    let no = |body: Value| bench.no("POST", ALL, body);
    let malformed = |arn: &str| (400, format!("Invalid ARN. ARN is not well formed {arn}"));
    assert_eq!(no(json!({"name": "n", "targetArns": ["invalid-arn"]})), malformed("invalid-arn"));
    assert_eq!(no(json!({"name": "n", "targetArns": ["arn:aws:s3:::bucket"]})), malformed("arn:aws:s3:::bucket"));
    assert_eq!(no(json!({"name": "", "targetArns": []})), (400, "Name cannot be empty".into()));
    assert_eq!(no(json!({"name": "n", "targetArns": []})).0, 400);
    assert_eq!(no(json!({"name": "n", "targetArns": [NLB, NLB]})).0, 400);
    let unknown = (404, "Invalid Vpc Link identifier specified".to_owned());
    assert_eq!(bench.no("GET", "/vpclinks/invalid-id", Value::Null), unknown);
    assert_eq!(bench.no("PATCH", "/vpclinks/invalid-id", json!({})), unknown);
}

#[test]
fn strictly_there_are_twenty() {
    let bench = Bench::strict(OPERATIONS);
    let asked = json!({"name": "n", "targetArns": [NLB], "tags": {"a": "b"}});
    for _ in 0..20 {
        assert_eq!(bench.ok("POST", ALL, asked.clone())["tags"], json!({"a": "b"}));
    }
    assert_eq!(bench.no("POST", ALL, asked).0, 429);
}
