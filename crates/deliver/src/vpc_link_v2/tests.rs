//! The story of VPC links of the second kind.

use super::OPERATIONS;
use base::testing::Bench;
use serde_json::{Value, json};

const ALL: &str = "/v2/vpclinks";

fn bench() -> Bench {
    Bench::new(&[OPERATIONS])
}

#[test]
fn a_link_is_made_found_listed_renamed_and_deleted() {
    let bench = bench();
    let made = bench.ok("POST", ALL, json!({"name": "n", "subnetIds": ["subnet-1"], "tags": {"a": "b"}}));
    let id = made["vpcLinkId"].as_str().unwrap();
    assert_eq!((id.len(), &made["vpcLinkStatus"], &made["vpcLinkVersion"]), (6, &json!("PENDING"), &json!("V2")));
    let one = format!("{ALL}/{id}");
    let shown = bench.ok("GET", &one, Value::Null);
    assert_eq!(
        (&shown["vpcLinkStatus"], &shown["securityGroupIds"], &shown["tags"]),
        (&json!("AVAILABLE"), &json!([]), &json!({"a": "b"}))
    );
    assert_eq!(bench.ok("GET", ALL, Value::Null), json!({ "items": [shown] }));
    assert_eq!(bench.ok("PATCH", &one, json!({"name": "m"}))["name"], "m");
    bench.ok("DELETE", &one, Value::Null);
    assert_eq!(bench.no("GET", &one, Value::Null), (404, format!("Invalid VpcLink identifier specified {id}")));
    assert_eq!(bench.no("DELETE", &one, Value::Null).0, 404);
}

#[test]
fn lists_come_in_pages_and_what_makes_no_sense_is_refused() {
    let bench = bench();
    for _ in 0..3 {
        bench.ok("POST", ALL, json!({"name": "n", "subnetIds": ["subnet-1"]}));
    }
    let first = bench.ok("GET", &format!("{ALL}?maxResults=2"), Value::Null);
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let rest = bench.ok("GET", &format!("{ALL}?maxResults=2&nextToken={}", first["nextToken"].as_str().unwrap()), Value::Null);
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["nextToken"]), (1, &Value::Null));
    for wrong in [
        json!({"subnetIds": ["s"]}),
        json!({"name": "n"}),
        json!({"name": "n", "subnetIds": [""]}),
        json!({"name": "n".repeat(129), "subnetIds": ["s"]}),
        json!({"name": "n", "subnetIds": vec!["s"; 11]}),
    ] {
        assert_eq!(bench.no("POST", ALL, wrong).0, 400);
    }
    assert_eq!(bench.no("GET", &format!("{ALL}?maxResults=x"), Value::Null).0, 400);
    let strict = Bench::strict(&[OPERATIONS]);
    for _ in 0..10 {
        strict.ok("POST", ALL, json!({"name": "n", "subnetIds": ["s"]}));
    }
    assert_eq!(strict.no("POST", ALL, json!({"name": "n", "subnetIds": ["s"]})).0, 429);
}
