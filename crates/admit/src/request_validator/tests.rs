use base::store::{Address, Row, kind};
use base::testing::Bench;
use serde_json::{Value, json};

const AT: &str = "/restapis/api/requestvalidators";

/// With an API of which only the address matters here.
fn bench() -> Bench {
    let bench = Bench::new(crate::OPERATIONS);
    let address = Address { kind: kind::REST_API, scope: bench.realm().top(), id: "api".into() };
    bench.write(move |txn| txn.put(Row { address: address.clone(), version: 1, body: "{}".into(), claims: Vec::new() }));
    bench
}

/// Seen: observed/validators-and-models.json.
#[test]
fn a_validator_checks_nothing_unless_it_is_told_to() {
    let bench = bench();
    let (status, made) = bench.call("POST", AT, json!({"name": "v"}));
    let id = made["id"].as_str().unwrap();
    assert_eq!((status, id.len()), (201, 6));
    assert_eq!(made, json!({"id": id, "name": "v", "validateRequestBody": false, "validateRequestParameters": false}));
    let one = format!("{AT}/{id}");
    assert_eq!(bench.ok("GET", &one, Value::Null), made);
    assert_eq!(bench.ok("GET", AT, Value::Null), json!({ "item": [made] }));
    let patch = |op: Value| bench.ok("PATCH", &one, json!({ "patchOperations": [op] }));
    assert_eq!(patch(json!({"op": "replace", "path": "/validateRequestBody", "value": "true"}))["validateRequestBody"], true);
    assert_eq!(patch(json!({"op": "replace", "path": "/validateRequestBody"}))["validateRequestBody"], false);
    assert_eq!(patch(json!({"op": "replace", "path": "/validateRequestParameters", "value": "true"}))["validateRequestParameters"], true);
    assert_eq!(patch(json!({"op": "replace", "path": "/name", "value": "w"}))["name"], "w");
    let strict = bench.ok("POST", AT, json!({"name": "s", "validateRequestBody": true, "validateRequestParameters": true}));
    assert_eq!((&strict["validateRequestBody"], &strict["validateRequestParameters"]), (&json!(true), &json!(true)));
}

/// Seen: observed/validators-and-models.json, rest-api.md §0.5.
#[test]
fn what_is_missing_has_three_names() {
    let bench = bench();
    let bad = (400, "Invalid REST API identifier specified".to_owned());
    assert_eq!(bench.no("POST", "/restapis/nobody/requestvalidators", json!({"name": "v"})), bad);
    let api = (404, "Invalid API identifier specified 111111111111:nobody".to_owned());
    assert_eq!(bench.no("GET", "/restapis/nobody/requestvalidators", Value::Null), api);
    let unknown = (404, "Invalid Request Validator identifier specified".to_owned());
    assert_eq!(bench.no("GET", "/restapis/nobody/requestvalidators/v", Value::Null), unknown);
    assert_eq!(bench.no("GET", &format!("{AT}/v"), Value::Null), unknown);
    assert_eq!(bench.no("PATCH", &format!("{AT}/v"), json!({})), unknown);
    let blank = (400, "Request Validator name cannot be blank".to_owned());
    assert_eq!(bench.no("POST", AT, json!({"name": ""})), blank);
    let id = bench.ok("POST", AT, json!({"name": "v"}))["id"].as_str().unwrap().to_owned();
    let no = |op: &str, path: &str| {
        bench.no("PATCH", &format!("{AT}/{id}"), json!({"patchOperations": [{"op": op, "path": path, "value": ""}]}))
    };
    assert_eq!(no("replace", "/name"), blank);
    let words =
        "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/name, /validateRequestParameters, /validateRequestBody]";
    assert_eq!(no("replace", "/id"), (400, words.into()));
    assert_eq!(no("remove", "/name").1, "Invalid patch path  '/name' specified for op 'remove'. Please choose supported operations");
}
