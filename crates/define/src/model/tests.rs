//! The story of models.

use base::testing::Bench;
use serde_json::{Value, json};

fn bench() -> (Bench, String) {
    let bench = Bench::new(crate::OPERATIONS);
    let api = bench.ok("POST", "/restapis", json!({"name": "models"}));
    let models = format!("/restapis/{}/models", api["id"].as_str().unwrap());
    (bench, models)
}

fn model(name: &str, schema: Value) -> Value {
    json!({"name": name, "contentType": "application/json", "schema": schema.to_string()})
}

/// Seen: observed/validators-and-models.json.
#[test]
fn a_model_is_made_found_listed_changed_and_ended() {
    let (bench, models) = bench();
    let schema = json!({"title": "Pet", "type": "object"});
    let made = bench.ok("POST", &models, model("Pet", schema.clone()));
    let id = made["id"].as_str().unwrap();
    assert_eq!(id.len(), 6);
    assert_eq!(made, json!({"id": id, "name": "Pet", "contentType": "application/json", "schema": schema.to_string()}));
    let one = format!("{models}/Pet");
    assert_eq!(bench.ok("GET", &one, Value::Null), made);
    let list = bench.ok("GET", &models, Value::Null);
    let names: Vec<&Value> = list["item"].as_array().unwrap().iter().map(|model| &model["name"]).collect();
    assert_eq!(names, ["Empty", "Error", "Pet"]);
    let page = bench.ok("GET", &format!("{models}?limit=2"), Value::Null);
    let rest = bench.ok("GET", &format!("{models}?position={}", page["position"].as_str().unwrap()), Value::Null);
    assert_eq!(rest, json!({ "item": [made] }));
    let set =
        |path: &str, value: &str| bench.ok("PATCH", &one, json!({"patchOperations": [{"op": "replace", "path": path, "value": value}]}));
    assert_eq!(set("/description", "of a pet")["description"], "of a pet");
    assert_eq!(set("/schema", "{\"type\":\"array\"}")["schema"], "{\"type\":\"array\"}");
    assert_eq!(bench.call("DELETE", &one, Value::Null), (202, Value::Null));
    assert_eq!(bench.no("GET", &one, Value::Null), (404, "Invalid model name specified: Pet".into()));
}

/// Seen: observed/validators-and-models.json. Only the list and creation know that it is the API that is missing.
#[test]
fn a_model_that_makes_no_sense_is_refused() {
    let (bench, models) = bench();
    let no = |body: Value| bench.no("POST", &models, body);
    let object = json!({"type": "object"});
    bench.ok("POST", &models, model("Pet", object.clone()));
    assert_eq!(no(model("Pet", object.clone())), (409, "Model name already exists for this REST API".into()));
    assert_eq!(no(model("", object.clone())), (400, "Model name must be non-empty".into()));
    assert_eq!(no(model("My_Pet", object.clone())), (400, "Model name must be alphanumeric: My_Pet".into()));
    let empty = (400, "Model schema must have at least 1 property or array items defined".to_owned());
    assert_eq!(no(json!({"name": "A", "contentType": "application/json", "schema": ""})), empty);
    assert_eq!(no(json!({"name": "A", "contentType": "application/json"})), empty);
    assert_eq!(no(json!({"name": "A", "contentType": "application/xml", "description": ""})), empty);
    for schema in ["{", "[]", "1"] {
        assert_eq!(no(json!({"name": "A", "contentType": "application/json", "schema": schema})).0, 400);
    }
    bench.ok("POST", &models, json!({"name": "Xml", "contentType": "application/xml", "schema": "<a/>"}));
    let api = (404, "Invalid API identifier specified 111111111111:abcde0".to_owned());
    assert_eq!(bench.no("POST", "/restapis/abcde0/models", model("Pet", object)), api);
    assert_eq!(bench.no("GET", "/restapis/abcde0/models", Value::Null), api);
    let unknown = (404, "Invalid model name specified: Pet".to_owned());
    assert_eq!(bench.no("GET", "/restapis/abcde0/models/Pet", Value::Null), unknown);
    assert_eq!(bench.no("DELETE", "/restapis/abcde0/models/Pet", Value::Null), unknown);
    assert_eq!(bench.no("PATCH", "/restapis/abcde0/models/Pet", json!({})), unknown);
}

/// Seen: rest-api.md §0.5.
#[test]
fn only_two_paths_can_be_patched_and_the_words_say_which() {
    let (bench, models) = bench();
    let no = |op: &str, path: &str| {
        bench.no("PATCH", &format!("{models}/Empty"), json!({"patchOperations": [{"op": op, "path": path, "value": ""}]})).1
    };
    assert_eq!(no("replace", "/name"), "Invalid patch path  '/name' specified for op 'replace'. Must be one of: [/description, /schema]");
    assert_eq!(no("add", "/schema"), "Invalid patch path  '/schema' specified for op 'add'. Please choose supported operations");
    assert_eq!(no("replace", "/schema"), "Model schema must have at least 1 property or array items defined");
}

/// Seen: rest-api-control-plane.md §1.17; in responses and other models, assumed.
#[test]
fn a_model_in_use_cannot_be_deleted() {
    let (bench, models) = bench();
    let api = models.strip_suffix("/models").unwrap();
    let root = bench.ok("GET", api, Value::Null)["rootResourceId"].as_str().unwrap().to_owned();
    let any = format!("{api}/resources/{root}/methods/ANY");
    let no = |name: &str| bench.no("DELETE", &format!("{models}/{name}"), Value::Null);
    bench.ok("PUT", &any, json!({"authorizationType": "NONE", "requestModels": {"application/json": "Empty"}}));
    assert_eq!(no("Empty"), (409, "Cannot delete model 'Empty', is referenced in method request: //ANY".into()));
    bench.ok("PUT", &format!("{any}/responses/200"), json!({"responseModels": {"application/json": "Error"}}));
    assert_eq!(no("Error"), (409, "Cannot delete model 'Error', is referenced in method response: //ANY".into()));
    bench.ok("DELETE", &any, Value::Null);
    let pets = bench.ok("POST", &format!("{api}/resources/{root}"), json!({"pathPart": "pets"}))["id"].as_str().unwrap().to_owned();
    bench.ok(
        "PUT",
        &format!("{api}/resources/{pets}/methods/GET"),
        json!({"authorizationType": "NONE", "requestModels": {"application/json": "Empty"}}),
    );
    assert_eq!(no("Empty").1, "Cannot delete model 'Empty', is referenced in method request: /pets/GET");
    let refers = json!({"type": "array", "items": {"$ref": "https://apigateway.amazonaws.com/restapis/x/models/Error"}});
    bench.ok("POST", &models, model("Errors", refers));
    assert_eq!(no("Error"), (409, "Cannot delete model 'Error', is referenced in model: Errors".into()));
    bench.ok("DELETE", &format!("{models}/Errors"), Value::Null);
    bench.ok("DELETE", &format!("{models}/Error"), Value::Null);
}

/// Seen: rest-api-control-plane.md §1.17.
#[test]
fn a_flattened_model_stands_alone_even_in_a_circle() {
    let (bench, models) = bench();
    let to = |name: &str| json!({"$ref": format!("https://apigateway.amazonaws.com/restapis/x/models/{name}")});
    bench.ok("POST", &models, model("House", json!({"type": "object", "properties": {"owner": to("Person")}})));
    bench.ok("POST", &models, model("Person", json!({"type": "object", "properties": {"home": to("House"), "name": {"type": "string"}}})));
    let flat = bench.ok("GET", &format!("{models}/House?flatten=true"), Value::Null);
    let schema: Value = serde_json::from_str(flat["schema"].as_str().unwrap()).unwrap();
    assert_eq!(
        schema,
        json!({"type": "object", "properties": {"owner": {"$ref": "#/definitions/Person"}}, "definitions": {
            "House": {"type": "object", "properties": {"owner": {"$ref": "#/definitions/Person"}}},
            "Person": {"type": "object", "properties": {"home": {"$ref": "#/definitions/House"}, "name": {"type": "string"}}}}})
    );
    let plain = bench.ok("GET", &format!("{models}/House"), Value::Null);
    assert!(plain["schema"].as_str().unwrap().contains("/models/Person"));
}

/// Seen: rest-api-control-plane.md §1.17 for the first line; the rest is ours.
#[test]
fn a_model_has_a_template() {
    let (bench, models) = bench();
    let to = json!({"$ref": "https://apigateway.amazonaws.com/restapis/x/models/Error"});
    bench.ok("POST", &models, model("House", json!({"type": "object", "properties": {"fault": to}})));
    let told = bench.ok("GET", &format!("{models}/House/default_template"), Value::Null);
    let expected = "#set($inputRoot = $input.path('$'))\n{\n  \"fault\" : {\n    \"message\" : \"foo\"\n  }\n}";
    assert_eq!(told, json!({ "value": expected }));
    let unknown = (404, "Invalid model name specified: Nobody".to_owned());
    assert_eq!(bench.no("GET", &format!("{models}/Nobody/default_template"), Value::Null), unknown);
}

#[test]
fn a_flattened_model_has_a_bound() {
    let (bench, models) = bench();
    let names: Vec<String> = (0..17).map(|n| format!("M{n}")).collect();
    let to = |name: &String| json!({"$ref": format!("https://apigateway.amazonaws.com/restapis/x/models/{name}")});
    for name in &names {
        bench.ok("POST", &models, model(name, json!({"type": "object", "title": "x".repeat(400_000)})));
    }
    bench.ok("POST", &models, model("Some", json!({"anyOf": names[..15].iter().map(to).collect::<Vec<_>>()})));
    bench.ok("POST", &models, model("All", json!({"anyOf": names.iter().map(to).collect::<Vec<_>>()})));
    bench.ok("GET", &format!("{models}/Some?flatten=true"), Value::Null);
    assert_eq!(bench.no("GET", &format!("{models}/All?flatten=true"), Value::Null).0, 400);
    assert_eq!(bench.no("POST", &models, model("Big", json!({"title": "x".repeat(409_600)}))).0, 400);
}
