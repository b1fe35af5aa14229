//! The story of documentation parts.

use base::testing::Bench;
use serde_json::{Value, json};

fn bench() -> (Bench, String) {
    let bench = Bench::new(crate::OPERATIONS);
    let api = bench.ok("POST", "/restapis", json!({"name": "pets"}));
    let parts = format!("/restapis/{}/documentation/parts", api["id"].as_str().unwrap());
    (bench, parts)
}

fn part(location: Value) -> Value {
    json!({"location": location, "properties": "{ \"description\": \"d\" }"})
}

/// Seen: observed/documentation.json.
#[test]
fn a_part_is_made_found_listed_changed_and_ended() {
    let (bench, parts) = bench();
    let made = bench.ok("POST", &parts, part(json!({"type": "API"})));
    let id = made["id"].as_str().unwrap();
    assert_eq!(id.len(), 6);
    assert_eq!(made, json!({"id": id, "location": {"type": "API"}, "properties": "{ \"description\": \"d\" }"}));
    let one = format!("{parts}/{id}");
    assert_eq!(bench.ok("GET", &one, Value::Null), made);
    assert_eq!(bench.ok("GET", &parts, Value::Null), json!({ "item": [made] }));
    let changed = bench.ok("PATCH", &one, json!({"patchOperations": [{"op": "replace", "path": "/properties", "value": "{}"}]}));
    assert_eq!(changed["properties"], "{}");
    let no =
        |op: &str, path: &str, value: &str| bench.no("PATCH", &one, json!({"patchOperations": [{"op": op, "path": path, "value": value}]}));
    let words = "Invalid patch path  '/properties' specified for op 'add'. Please choose supported operations";
    assert_eq!(no("add", "/properties", "{}"), (400, words.into()));
    let words = "Invalid patch path  '/invalidPath' specified for op 'replace'. Must be one of: [/properties]";
    assert_eq!(no("replace", "/invalidPath", "{}"), (400, words.into()));
    assert_eq!(no("replace", "/properties", "x").0, 400);
    assert_eq!(bench.call("DELETE", &one, Value::Null), (202, Value::Null));
    let gone = (404, "Invalid Documentation part identifier specified".to_owned());
    assert_eq!(bench.no("GET", &one, Value::Null), gone);
    assert_eq!(bench.no("DELETE", &one, Value::Null), gone);
}

/// Seen: observed/documentation.json.
#[test]
fn an_unknown_api_is_told_by_the_list_and_by_creation_alone() {
    let (bench, _) = bench();
    let parts = "/restapis/nosuch/documentation/parts";
    let api = (404, "Invalid API identifier specified 111111111111:nosuch".to_owned());
    assert_eq!(bench.no("POST", parts, part(json!({"type": "API"}))), api);
    assert_eq!(bench.no("GET", parts, Value::Null), api);
    let unknown = (404, "Invalid Documentation part identifier specified".to_owned());
    assert_eq!(bench.no("GET", &format!("{parts}/x"), Value::Null), unknown);
    assert_eq!(bench.no("PATCH", &format!("{parts}/x"), json!({})), unknown);
}

/// Seen: rest-api-deploy.md §8.8; the text of the conflict is believed.
#[test]
fn no_two_parts_are_about_the_same() {
    let (bench, parts) = bench();
    bench.ok("POST", &parts, part(json!({"type": "METHOD", "path": "/"})));
    let (status, text) = bench.no("POST", &parts, part(json!({"type": "METHOD", "method": "*"})));
    assert_eq!((status, text.as_str()), (409, "Documentation part already exists for the specified location: type 'METHOD', method '*'"));
    bench.ok("POST", &parts, part(json!({"type": "METHOD", "method": "GET"})));
    bench.ok("POST", &parts, part(json!({"type": "RESOURCE"})));
}

/// Seen: rest-api-deploy.md §8.8. Each row: a type, all its fields, and one that it has not.
#[test]
fn a_location_says_no_more_than_its_type_knows() {
    let (bench, parts) = bench();
    let rows = [
        ("API", json!({}), "path"),
        ("AUTHORIZER", json!({"name": "a"}), "path"),
        ("MODEL", json!({"name": "a"}), "method"),
        ("RESOURCE", json!({"path": "/a"}), "method"),
        ("METHOD", json!({"path": "/a", "method": "GET"}), "statusCode"),
        ("PATH_PARAMETER", json!({"path": "/a", "method": "GET", "name": "n"}), "statusCode"),
        ("QUERY_PARAMETER", json!({"path": "/a", "method": "GET", "name": "n"}), "statusCode"),
        ("REQUEST_HEADER", json!({"path": "/a", "method": "GET", "name": "n"}), "statusCode"),
        ("REQUEST_BODY", json!({"path": "/a", "method": "GET"}), "name"),
        ("RESPONSE", json!({"path": "/a", "method": "GET", "statusCode": "200"}), "name"),
        ("RESPONSE_BODY", json!({"path": "/a", "method": "GET", "statusCode": "200"}), "name"),
    ];
    for (kind, mut location, strange) in rows {
        location["type"] = json!(kind);
        let mut more = location.clone();
        more[strange] = json!(if strange == "path" { "/a" } else { "200" });
        let told = bench.no("POST", &parts, part(more));
        let words = format!("Invalid location field '{strange}' specified for documentation part of type '{kind}'");
        assert_eq!(told, (400, words));
        if location.get("name").is_some() {
            let mut less = location.clone();
            less.as_object_mut().unwrap().remove("name");
            assert_eq!(bench.no("POST", &parts, part(less)).0, 400, "{kind}");
        }
        assert_eq!(bench.ok("POST", &parts, part(location.clone()))["location"], location);
    }
    let header = json!({"type": "RESPONSE_HEADER", "path": "/a", "method": "GET", "statusCode": "200", "name": "n"});
    assert_eq!(bench.ok("POST", &parts, part(header.clone()))["location"], header);
    for (field, value) in [("path", "a"), ("method", "GOT"), ("statusCode", "600")] {
        let mut wrong = header.clone();
        wrong[field] = json!(value);
        assert_eq!(bench.no("POST", &parts, part(wrong)).0, 400, "{field}");
    }
    let (_, text) = bench.no("POST", &parts, part(json!({"type": "NOTHING"})));
    assert!(text.contains("createDocumentationPartInput.location.type") && text.contains("[RESPONSE_BODY, RESPONSE, METHOD,"), "{text}");
    for properties in ["", "[]", "{", "1"] {
        assert_eq!(bench.no("POST", &parts, json!({"location": {"type": "API"}, "properties": properties})).0, 400, "{properties}");
    }
}

#[test]
fn a_list_can_be_narrowed_and_comes_in_pages() {
    let (bench, parts) = bench();
    for location in [
        json!({"type": "API"}),
        json!({"type": "METHOD", "path": "/a", "method": "GET"}),
        json!({"type": "METHOD", "path": "/a", "method": "PUT"}),
        json!({"type": "QUERY_PARAMETER", "path": "/a", "name": "q"}),
        json!({"type": "MODEL", "name": "q"}),
    ] {
        bench.ok("POST", &parts, part(location));
    }
    let count = |query: &str| bench.ok("GET", &format!("{parts}?{query}"), Value::Null)["item"].as_array().unwrap().len();
    assert_eq!(count("type=METHOD"), 2);
    assert_eq!(count("path=/a"), 3);
    assert_eq!(count("name=q"), 2);
    assert_eq!(count("name=q&type=MODEL"), 1);
    assert_eq!(count("locationStatus=DOCUMENTED"), 5);
    let page = bench.ok("GET", &format!("{parts}?limit=3"), Value::Null);
    assert_eq!(count(&format!("position={}", page["position"].as_str().unwrap())), 2);
    assert_eq!(bench.no("GET", &format!("{parts}?type=X"), Value::Null).0, 400);
}

#[test]
fn what_nothing_is_written_about_is_listed_too() {
    let (bench, parts) = bench();
    let api = parts.strip_suffix("/documentation/parts").unwrap();
    let root = bench.ok("GET", api, Value::Null)["rootResourceId"].as_str().unwrap().to_owned();
    let method = format!("{api}/resources/{root}/methods/GET");
    let asked = json!({"authorizationType": "NONE", "requestParameters": {"method.request.querystring.q": true}});
    bench.ok("PUT", &method, asked);
    bench.ok("PUT", &format!("{method}/responses/200"), json!({"responseParameters": {"method.response.header.h": false}}));
    bench.ok("POST", &parts, part(json!({"type": "MODEL", "name": "Empty"})));
    bench.ok("POST", &parts, part(json!({"type": "METHOD", "method": "GET"})));
    let left = bench.ok("GET", &format!("{parts}?locationStatus=UNDOCUMENTED"), Value::Null);
    assert_eq!(
        left,
        json!({"item": [
            {"location": {"type": "API"}},
            {"location": {"type": "MODEL", "name": "Error"}},
            {"location": {"type": "QUERY_PARAMETER", "path": "/", "method": "GET", "name": "q"}},
            {"location": {"type": "RESOURCE", "path": "/"}},
            {"location": {"type": "RESPONSE", "path": "/", "method": "GET", "statusCode": "200"}},
            {"location": {"type": "RESPONSE_HEADER", "path": "/", "method": "GET", "statusCode": "200", "name": "h"}},
        ]})
    );
}

fn definition(parts: Value) -> Vec<u8> {
    json!({"openapi": "3.0.1", "info": {"title": "pets", "version": "1"}, "paths": {},
           "x-amazon-apigateway-documentation": {"version": "1", "documentationParts": parts}})
    .to_string()
    .into_bytes()
}

fn import(bench: &Bench, target: &str, body: Vec<u8>) -> (u16, Value) {
    let answer = bench.send("PUT", target, body);
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

/// Seen: rest-api-control-plane.md §1.18 for the status, the members and the text; that a new import has new ids.
#[test]
fn parts_are_read_from_a_definition() {
    let (bench, parts) = bench();
    bench.ok("POST", &parts, json!({"location": {"type": "API"}, "properties": "{\"a\":1,\"b\":1}"}));
    bench.ok("POST", &parts, part(json!({"type": "RESOURCE"})));
    let two = json!([
        {"location": {"type": "API"}, "properties": {"b": 2}},
        {"location": {"type": "METHOD", "method": "GET"}, "properties": {"summary": "s"}},
    ]);
    let (status, first) = import(&bench, &format!("{parts}?mode=merge"), definition(two.clone()));
    assert_eq!((status, first["warnings"].clone(), first["ids"].as_array().unwrap().len()), (200, json!([]), 2));
    let one = |id: &Value| bench.ok("GET", &format!("{parts}/{}", id.as_str().unwrap()), Value::Null);
    assert_eq!(one(&first["ids"][0])["properties"], "{\"a\":1,\"b\":2}");
    assert_eq!(one(&first["ids"][1])["location"], json!({"type": "METHOD", "method": "GET"}));
    assert_eq!(bench.ok("GET", &parts, Value::Null)["item"].as_array().unwrap().len(), 3);
    let (_, second) = import(&bench, &format!("{parts}?mode=overwrite"), definition(two));
    assert_ne!(first["ids"], second["ids"]);
    assert_eq!(one(&second["ids"][0])["properties"], "{\"b\":2}");
    assert_eq!(bench.ok("GET", &parts, Value::Null)["item"].as_array().unwrap().len(), 2);
    assert_eq!(import(&bench, &parts, b"{}".to_vec()), (400, json!({"message": "Unable to build importer with provided input."})));
    assert_eq!(import(&bench, "/restapis/nosuch/documentation/parts", definition(json!([]))).0, 404);
}

#[test]
fn a_definition_whose_parts_make_no_sense_changes_nothing() {
    let (bench, parts) = bench();
    let bad = json!([
        {"location": {"type": "API"}, "properties": {}},
        {"location": {"type": "MODEL"}, "properties": {}},
        {"location": {"type": "X"}, "properties": {}},
        {"properties": "x"},
    ]);
    let (status, told) = import(&bench, &parts, definition(bad));
    let text = told["message"].as_str().unwrap();
    assert_eq!((status, text.lines().count()), (400, 4), "{text}");
    assert!(text.starts_with("Errors found during import:\n\tUnable to create documentation part at location: type 'MODEL':"), "{text}");
    assert_eq!(bench.ok("GET", &parts, Value::Null), json!({"item": []}));
}

/// Seen: rest-api-deploy.md §8.5 for `ignore`.
#[test]
fn an_imported_api_brings_its_documentation_unless_it_is_to_be_ignored() {
    let (bench, _) = bench();
    let body = definition(json!([{"location": {"type": "API"}, "properties": {"a": 1}}]));
    let made = |query: &str| -> String {
        let answer = bench.send("POST", &format!("/restapis?mode=import{query}"), body.clone());
        let api: Value = serde_json::from_slice(&answer.body).unwrap();
        format!("/restapis/{}", api["id"].as_str().unwrap())
    };
    let count = |api: &str| bench.ok("GET", &format!("{api}/documentation/parts"), Value::Null)["item"].as_array().unwrap().len();
    assert_eq!(count(&made("&ignore=documentation")), 0);
    let api = made("");
    assert_eq!(count(&api), 1);
    let more = definition(json!([{"location": {"type": "MODEL", "name": "M"}, "properties": {}}]));
    assert_eq!(bench.send("PUT", &format!("{api}?mode=merge"), more.clone()).status, 200);
    assert_eq!(count(&api), 2);
    assert_eq!(bench.send("PUT", &format!("{api}?mode=overwrite&ignore=documentation"), definition(json!([]))).status, 200);
    assert_eq!(count(&api), 2);
    assert_eq!(bench.send("PUT", &format!("{api}?mode=overwrite"), more).status, 200);
    assert_eq!(count(&api), 1);
    bench.ok("DELETE", &api, Value::Null);
}

#[test]
fn a_copied_api_has_documentation_of_its_own() {
    let (bench, parts) = bench();
    let made = bench.ok("POST", &parts, part(json!({"type": "API"})));
    let source = parts.split('/').nth(2).unwrap();
    let copy = bench.ok("POST", "/restapis", json!({"name": "copy", "cloneFrom": source}));
    let copied = bench.ok("GET", &format!("/restapis/{}/documentation/parts", copy["id"].as_str().unwrap()), Value::Null);
    assert_eq!(copied["item"][0]["properties"], made["properties"]);
    assert_ne!(copied["item"][0]["id"], made["id"]);
}
