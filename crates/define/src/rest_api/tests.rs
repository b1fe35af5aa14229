//! The story of an API's settings, told by its operations.

use base::testing::Bench;
use serde_json::{Value, json};
use std::time::Duration;

fn bench() -> Bench {
    Bench::new(crate::OPERATIONS)
}

fn create(bench: &Bench, body: Value) -> Value {
    bench.ok("POST", "/restapis", body)
}

fn patched(bench: &Bench, id: &str, ops: Value) -> Value {
    bench.ok("PATCH", &format!("/restapis/{id}"), json!({ "patchOperations": ops }))
}

fn refused(bench: &Bench, id: &str, ops: Value) -> (u16, String) {
    bench.no("PATCH", &format!("/restapis/{id}"), json!({ "patchOperations": ops }))
}

fn id_of(api: &Value) -> String {
    api["id"].as_str().unwrap().to_owned()
}

/// Seen: observed/rest-apis.json.
#[test]
fn a_fresh_api_has_exactly_these_members() {
    let bench = bench();
    let api = create(&bench, json!({"name": "pets", "description": "of all kinds"}));
    let id = id_of(&api);
    let root = api["rootResourceId"].as_str().unwrap();
    assert_eq!((id.len(), root.len()), (10, 10));
    assert_eq!(
        api,
        json!({
            "id": id, "name": "pets", "description": "of all kinds", "createdDate": 1_795_348_800, "apiKeySource": "HEADER",
            "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
            "disableExecuteApiEndpoint": false, "rootResourceId": root
        })
    );
    let models = bench.ok("GET", &format!("/restapis/{id}/models"), Value::Null);
    let named: Vec<&str> = models["item"].as_array().unwrap().iter().map(|model| model["name"].as_str().unwrap()).collect();
    assert_eq!(named, ["Empty", "Error"]);
    assert_eq!(models["item"][0]["description"], "This is a default empty schema model");
    let schema: Value = serde_json::from_str(models["item"][1]["schema"].as_str().unwrap()).unwrap();
    assert_eq!(
        schema,
        json!({"$schema": "http://json-schema.org/draft-04/schema#", "title": "Error Schema", "type": "object",
               "properties": {"message": {"type": "string"}}})
    );
}

/// Seen: observed/rest-apis.json.
#[test]
fn endpoint_types_come_one_at_a_time_and_private_means_dualstack() {
    let bench = bench();
    let no = |endpoint: Value| bench.no("POST", "/restapis", json!({"name": "a", "endpointConfiguration": endpoint}));
    let both_off = "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.";
    assert_eq!(no(json!({"types": []})), (400, both_off.into()));
    assert_eq!(no(json!({"types": ["EDGE", "REGIONAL"]})), (400, "Cannot create an api with multiple Endpoint Types.".into()));
    let only_dual = "Only dualstack ipAddressType is supported for Private APIs.";
    assert_eq!(no(json!({"types": ["PRIVATE"], "ipAddressType": "ipv4"})), (400, only_dual.into()));
    let shown = |endpoint: Value| create(&bench, json!({"name": "a", "endpointConfiguration": endpoint}))["endpointConfiguration"].take();
    assert_eq!(shown(json!({})), json!({"types": ["EDGE"], "ipAddressType": "ipv4"}));
    assert_eq!(shown(json!({"types": ["PRIVATE"]})), json!({"types": ["PRIVATE"], "ipAddressType": "dualstack"}));
    assert_eq!(shown(json!({"types": ["REGIONAL"]})), json!({"types": ["REGIONAL"], "ipAddressType": "ipv4"}));
    assert_eq!(
        shown(json!({"types": ["EDGE"], "ipAddressType": "dualstack", "vpcEndpointIds": ["vpce-1"]})),
        json!({"types": ["EDGE"], "ipAddressType": "dualstack", "vpcEndpointIds": ["vpce-1"]})
    );
}

/// Seen: observed/rest-apis.json.
#[test]
fn values_out_of_their_sets_come_first_then_the_description_then_the_rest() {
    let bench = bench();
    let no = |body: Value| bench.no("POST", "/restapis", body);
    let wrong = json!({"types": ["wrong"], "ipAddressType": "wrong"});
    let (status, text) = no(json!({"name": "a", "description": "", "minimumCompressionSize": -1, "endpointConfiguration": wrong}));
    assert_eq!(status, 400);
    assert!(
        text.starts_with("2 validation errors detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types'"),
        "{text}"
    );
    assert!(text.ends_with("Member must satisfy enum value set: [ipv4, dualstack]"), "{text}");
    let private = json!({"types": ["PRIVATE"], "ipAddressType": "ipv4"});
    let empty = "Description cannot be an empty string";
    assert_eq!(no(json!({"name": "a", "description": "", "endpointConfiguration": private})), (400, empty.into()));
    assert_eq!(no(json!({"name": "a", "description": "", "minimumCompressionSize": -1})), (400, empty.into()));
    let size = "Invalid minimum compression size, must be between 0 and 10485760";
    assert_eq!(no(json!({"name": "a", "minimumCompressionSize": -1})), (400, size.into()));
    assert_eq!(no(json!({"name": "a", "minimumCompressionSize": 10_485_761})), (400, size.into()));
    assert_eq!(no(json!({"name": " "})), (400, "API name must not be blank".into()));
    assert_eq!(no(json!({})), (400, "API name must not be blank".into()));
    assert_eq!(create(&bench, json!({"name": "a", "minimumCompressionSize": 0}))["minimumCompressionSize"], 0);
    assert_eq!(create(&bench, json!({"name": "a", "minimumCompressionSize": 10_485_760}))["minimumCompressionSize"], 10_485_760);
}

#[test]
fn what_was_given_comes_back() {
    let bench = bench();
    let api = create(
        &bench,
        json!({"name": "a", "version": "2", "binaryMediaTypes": ["image/png"], "apiKeySource": "AUTHORIZER",
               "disableExecuteApiEndpoint": true, "securityPolicy": "TLS_1_2", "endpointAccessMode": "STRICT"}),
    );
    assert_eq!(api["version"], "2");
    assert_eq!(api["binaryMediaTypes"], json!(["image/png"]));
    assert_eq!((&api["apiKeySource"], &api["disableExecuteApiEndpoint"]), (&json!("AUTHORIZER"), &json!(true)));
    assert_eq!((&api["securityPolicy"], &api["endpointAccessMode"]), (&json!("TLS_1_2"), &json!("STRICT")));
    assert_eq!(create(&bench, json!({"name": "a", "binaryMediaTypes": []})).get("binaryMediaTypes"), None);
}

/// Seen: observed/rest-apis.json; for get and update, rest-api.md §0.
#[test]
fn tags_are_left_out_of_creation_and_lists_only_when_there_are_none() {
    let bench = bench();
    let tagged = create(&bench, json!({"name": "a", "tags": {"team": "pets"}}));
    assert_eq!(tagged["tags"], json!({"team": "pets"}));
    let bare = create(&bench, json!({"name": "b"}));
    assert_eq!(bare.get("tags"), None);
    let id = id_of(&bare);
    assert_eq!(bench.ok("GET", &format!("/restapis/{id}"), Value::Null)["tags"], json!({}));
    assert_eq!(patched(&bench, &id, json!([]))["tags"], json!({}));
    let list = bench.ok("GET", "/restapis", Value::Null);
    let with_tags = |item: &Value| item.get("tags").is_some();
    assert_eq!(list["item"].as_array().unwrap().iter().map(with_tags).filter(|tags| *tags).count(), 1);
    for tags in [json!({"aws:x": "y"}), json!({"": "y"}), json!({"k": "v".repeat(257)}), json!({"k".repeat(129): "v"})] {
        assert_eq!(bench.call("POST", "/restapis", json!({"name": "a", "tags": tags})).0, 400);
    }
}

#[test]
fn a_tag_pins_the_id_once() {
    let bench = bench();
    let pinned = |id: &str| json!({"name": "a", "tags": {"_custom_id_": id}});
    assert_eq!(id_of(&create(&bench, pinned("my-own_1"))), "my-own_1");
    assert_eq!(bench.no("POST", "/restapis", pinned("my-own_1")).0, 409);
    assert_eq!(bench.no("POST", "/restapis", pinned("no/slash")).0, 400);
    assert_eq!(bench.no("POST", "/restapis", pinned("")).0, 400);
    assert_eq!(bench.no("POST", "/restapis", pinned(&"x".repeat(65))).0, 400);
    bench.ok("DELETE", "/restapis/my-own_1", Value::Null);
    assert_eq!(id_of(&create(&bench, pinned("my-own_1"))), "my-own_1");
}

/// Seen: observed/rest-apis.json.
#[test]
fn an_unknown_id_is_named_with_the_account_and_case_matters() {
    let bench = bench();
    let id = id_of(&create(&bench, json!({"name": "a"}))).to_uppercase();
    let text = format!("Invalid API identifier specified 111111111111:{id}");
    let path = format!("/restapis/{id}");
    assert_eq!(bench.no("GET", &path, Value::Null), (404, text.clone()));
    assert_eq!(bench.no("DELETE", &path, Value::Null), (404, text.clone()));
    assert_eq!(refused(&bench, &id, json!([{"op": "replace", "path": "/name", "value": "b"}])), (404, text));
}

#[test]
fn apis_are_listed_oldest_first_in_pages() {
    let bench = bench();
    for n in 0..5 {
        create(&bench, json!({ "name": format!("api {n}") }));
        bench.clock.advance(Duration::from_millis(1));
    }
    let names = |page: &Value| page["item"].as_array().unwrap().iter().map(|api| api["name"].clone()).collect::<Vec<_>>();
    let first = bench.ok("GET", "/restapis?limit=3", Value::Null);
    assert_eq!(names(&first), ["api 0", "api 1", "api 2"]);
    let position = first["position"].as_str().unwrap();
    let rest = bench.ok("GET", &format!("/restapis?limit=3&position={position}"), Value::Null);
    assert_eq!(names(&rest), ["api 3", "api 4"]);
    assert_eq!(rest.get("position"), None);
}

/// Seen: observed/rest-apis.json.
#[test]
fn a_binary_media_type_stands_in_the_path_and_a_replaced_one_moves_to_the_end() {
    let bench = bench();
    let id = id_of(&create(&bench, json!({"name": "a", "description": "x"})));
    let add = json!([{"op": "add", "path": "/binaryMediaTypes/image~1png"}, {"op": "add", "path": "/binaryMediaTypes/image~1jpeg"}]);
    assert_eq!(patched(&bench, &id, add)["binaryMediaTypes"], json!(["image/png", "image/jpeg"]));
    let swap = json!([{"op": "replace", "path": "/binaryMediaTypes/image~1png", "value": "image/gif"}]);
    assert_eq!(patched(&bench, &id, swap)["binaryMediaTypes"], json!(["image/jpeg", "image/gif"]));
    let drop = json!([{"op": "remove", "path": "/binaryMediaTypes/image~1gif"}, {"op": "remove", "path": "/description"}]);
    let left = patched(&bench, &id, drop);
    assert_eq!((&left["binaryMediaTypes"], left.get("description")), (&json!(["image/jpeg"]), None));
    let dash = json!([{"op": "add", "path": "/binaryMediaTypes/-", "value": "image/png"}]);
    assert_eq!(patched(&bench, &id, dash)["binaryMediaTypes"], json!(["image/jpeg", "-"]));
    for op in ["add", "replace", "remove"] {
        let bare = json!([{"op": op, "path": "/binaryMediaTypes", "value": "image/gif"}]);
        assert_eq!(refused(&bench, &id, bare), (400, "Invalid patch path /binaryMediaTypes".into()));
    }
}

#[test]
fn each_setting_can_be_replaced() {
    let bench = bench();
    let id = id_of(&create(&bench, json!({"name": "a"})));
    let set = |path: &str, value: &str| patched(&bench, &id, json!([{"op": "replace", "path": path, "value": value}]));
    assert_eq!(set("/name", "b")["name"], "b");
    assert_eq!(set("/description", "c")["description"], "c");
    assert_eq!(patched(&bench, &id, json!([{"op": "add", "path": "/description", "value": "d"}]))["description"], "d");
    assert_eq!(set("/version", "3")["version"], "3");
    assert_eq!(set("/apiKeySource", "AUTHORIZER")["apiKeySource"], "AUTHORIZER");
    assert_eq!(set("/disableExecuteApiEndpoint", "True")["disableExecuteApiEndpoint"], true);
    assert_eq!(set("/disableExecuteApiEndpoint", "no")["disableExecuteApiEndpoint"], false);
    assert_eq!(set("/minimumCompressionSize", "0")["minimumCompressionSize"], 0);
    assert_eq!(set("/minimumCompressionSize", "").get("minimumCompressionSize"), None);
    assert_eq!(set("/securityPolicy", "TLS_1_2")["securityPolicy"], "TLS_1_2");
    assert_eq!(set("/endpointAccessMode", "STRICT")["endpointAccessMode"], "STRICT");
    assert_eq!(set("/endpointConfiguration/ipAddressType", "dualstack")["endpointConfiguration"]["ipAddressType"], "dualstack");
    let vpce = |op: &str| patched(&bench, &id, json!([{"op": op, "path": "/endpointConfiguration/vpcEndpointIds", "value": "vpce-1"}]));
    assert_eq!(vpce("add")["endpointConfiguration"]["vpcEndpointIds"], json!(["vpce-1"]));
    assert_eq!(vpce("remove")["endpointConfiguration"].get("vpcEndpointIds"), None);

    let no = |path: &str, value: &str| refused(&bench, &id, json!([{"op": "replace", "path": path, "value": value}])).1;
    assert_eq!(no("/name", ""), "API name must not be blank");
    assert_eq!(no("/minimumCompressionSize", "many"), "Invalid minimum compression size, must be between 0 and 10485760");
    assert_eq!(no("/minimumCompressionSize", "-1"), "Invalid minimum compression size, must be between 0 and 10485760");
    assert_eq!(no("/endpointConfiguration/ipAddressType", "ipv5"), "ipAddressType must be either ipv4 or dualstack.");
    assert_eq!(no("/apiKeySource", "QUERY"), "Invalid apiKeySource specified. Valid options are HEADER,AUTHORIZER");
    assert_eq!(no("/endpointAccessMode", "LAX"), "endpointAccessMode must be either BASIC or STRICT.");
    assert_eq!(no("/nome", "x"), "Invalid patch path /nome");
    let add_name = json!([{"op": "add", "path": "/name", "value": "x"}]);
    assert_eq!(refused(&bench, &id, add_name).1, "Invalid patch operation specified. Must be one of: [replace]");
    assert_eq!(bench.ok("GET", &format!("/restapis/{id}"), Value::Null)["name"], "b");
}

/// Seen: rest-api-control-plane.md §1.7.
#[test]
fn the_endpoint_type_is_replaced_by_its_old_name_and_takes_the_address_type_along() {
    let bench = bench();
    let id = id_of(&create(&bench, json!({"name": "a"})));
    let one =
        |op: &str, held: &str, value: &str| json!([{"op": op, "path": format!("/endpointConfiguration/types/{held}"), "value": value}]);
    let shown = patched(&bench, &id, one("replace", "EDGE", "PRIVATE"))["endpointConfiguration"].take();
    assert_eq!(shown, json!({"types": ["PRIVATE"], "ipAddressType": "dualstack"}));
    let shown = patched(&bench, &id, one("replace", "PRIVATE", "REGIONAL"))["endpointConfiguration"].take();
    assert_eq!(shown, json!({"types": ["REGIONAL"], "ipAddressType": "ipv4"}));
    let both = json!([{"op": "add", "path": "/endpointConfiguration/types/EDGE"}, {"op": "remove", "path": "/endpointConfiguration/types/REGIONAL"}]);
    assert_eq!(patched(&bench, &id, both)["endpointConfiguration"]["types"], json!(["EDGE"]));
    let bad = "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE";
    assert_eq!(refused(&bench, &id, one("replace", "EDGE", "GLOBAL")).1, bad);
    assert_eq!(refused(&bench, &id, one("replace", "REGIONAL", "EDGE")).1, bad);
    assert_eq!(refused(&bench, &id, one("add", "REGIONAL", "")).1, "Cannot create an api with multiple Endpoint Types.");
    let none = "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.";
    assert_eq!(refused(&bench, &id, one("remove", "EDGE", "")).1, none);
    for op in ["copy", "move", "test"] {
        let text = "Invalid patch operation specified. Must be 'add'|'remove'|'replace'";
        assert_eq!(refused(&bench, &id, one(op, "EDGE", "")).1, text);
    }
    let back = json!([{"op": "replace", "path": "/endpointConfiguration/types/EDGE", "value": "PRIVATE"},
                      {"op": "replace", "path": "/endpointConfiguration/ipAddressType", "value": "ipv4"}]);
    assert_eq!(refused(&bench, &id, back).1, "Only dualstack ipAddressType is supported for Private APIs.");
}

/// Seen: rest-api.md §0 and rest-api-control-plane.md §1.7.
#[test]
fn a_policy_is_written_out_and_sent_with_its_quotes_escaped_again() {
    let bench = bench();
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
        "Resource": ["execute-api:/*", "execute-api:/prod/GET/pets", "*"]}, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "execute-api:/x"}]}"#;
    let api = create(&bench, json!({"name": "a", "policy": policy}));
    let id = id_of(&api);
    let sent = api["policy"].as_str().unwrap();
    assert!(sent.starts_with(r#"{\"Version\":\"2012-10-17\""#), "{sent}");
    // As Terraform does: the value between quotes is a JSON string again.
    let unescaped: String = serde_json::from_str(&format!("\"{sent}\"")).unwrap();
    let document: Value = serde_json::from_str(&unescaped).unwrap();
    let arn = format!("arn:aws:execute-api:us-east-1:111111111111:{id}");
    assert_eq!(document["Statement"][0]["Resource"], json!([format!("{arn}/*"), format!("{arn}/prod/GET/pets"), "*"]));
    assert_eq!(document["Statement"][1]["Resource"], format!("{arn}/x"));
    let set = |value: &str| json!([{"op": "replace", "path": "/policy", "value": value}]);
    assert_eq!(patched(&bench, &id, set("")).get("policy"), None);
    assert!(patched(&bench, &id, set(policy)).get("policy").is_some());
    let bad = "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.";
    for text in [
        "{",
        "[]",
        "{}",
        r#"{"Statement":[1]}"#,
        r#"{"Statement":{"Effect":"Maybe"}}"#,
        r#"{"Statement":{"Effect":"Deny","Resource":[1]}}"#,
    ] {
        assert_eq!(refused(&bench, &id, set(text)), (400, bad.into()), "{text}");
        assert_eq!(bench.no("POST", "/restapis", json!({"name": "a", "policy": text})), (400, bad.into()), "{text}");
    }
}

#[test]
fn a_deleted_api_takes_everything_with_it() {
    let bench = bench();
    let api = create(&bench, json!({"name": "a", "tags": {"_custom_id_": "again"}}));
    let root = api["rootResourceId"].as_str().unwrap();
    let child = bench.ok("POST", &format!("/restapis/again/resources/{root}"), json!({"pathPart": "pets"}));
    let method = format!("/restapis/again/resources/{}/methods/GET", child["id"].as_str().unwrap());
    bench.ok("PUT", &method, json!({"authorizationType": "NONE"}));
    assert_eq!(bench.call("DELETE", "/restapis/again", Value::Null), (202, Value::Null));
    assert_eq!(bench.no("GET", "/restapis/again", Value::Null).0, 404);
    // A namesake starts empty.
    create(&bench, json!({"name": "b", "tags": {"_custom_id_": "again"}}));
    let resources = bench.ok("GET", "/restapis/again/resources", Value::Null);
    assert_eq!(resources["item"].as_array().unwrap().len(), 1);
    assert_eq!(bench.no("GET", &method, Value::Null), (404, "Invalid Resource identifier specified".into()));
}

#[test]
fn an_api_that_a_usage_plan_covers_stays() {
    use admit::usage_plan::record::{PlanStage, UsagePlan};
    let bench = bench();
    let id = id_of(&create(&bench, json!({"name": "a"})));
    let stages = vec![PlanStage { api: id.clone(), stage: "prod".into(), throttle: Default::default() }];
    let plan = UsagePlan {
        id: "gold".into(),
        name: "gold".into(),
        description: None,
        product_code: None,
        stages,
        throttle: None,
        quota: None,
        created: bench.clock.wall(),
        tags: Default::default(),
    };
    bench.store(&plan);
    let (status, text) = bench.no("DELETE", &format!("/restapis/{id}"), Value::Null);
    assert_eq!(status, 400);
    assert!(text.contains("usage plans: gold"), "{text}");
    assert_eq!(bench.call("GET", &format!("/restapis/{id}"), Value::Null).0, 200);
}

/// Seen: rest-api-deploy.md §8.6.
#[test]
fn a_clone_has_what_the_source_has_under_its_own_ids() {
    let bench = bench();
    let source = create(&bench, json!({"name": "a", "description": "first", "binaryMediaTypes": ["image/png"]}));
    let (id, root) = (id_of(&source), source["rootResourceId"].as_str().unwrap());
    let pets = bench.ok("POST", &format!("/restapis/{id}/resources/{root}"), json!({"pathPart": "pets"}));
    let pets = pets["id"].as_str().unwrap();
    bench.ok("PUT", &format!("/restapis/{id}/resources/{pets}/methods/GET"), json!({"authorizationType": "NONE"}));
    bench.ok("PUT", &format!("/restapis/{id}/resources/{pets}/methods/GET/integration"), json!({"type": "MOCK"}));
    let schema = json!({"type": "object", "$ref": format!("https://apigateway.amazonaws.com/restapis/{id}/models/Error")}).to_string();
    bench.ok("POST", &format!("/restapis/{id}/models"), json!({"name": "Pet", "contentType": "application/json", "schema": schema}));

    let clone = create(&bench, json!({"name": "b", "cloneFrom": id}));
    let copy = id_of(&clone);
    assert_eq!((&clone["name"], &clone["description"]), (&json!("b"), &json!("first")));
    assert_eq!(clone["binaryMediaTypes"], json!(["image/png"]));
    assert_ne!(clone["rootResourceId"], source["rootResourceId"]);
    let resources = bench.ok("GET", &format!("/restapis/{copy}/resources?embed=methods"), Value::Null);
    let copied = &resources["item"][1];
    assert_eq!((&copied["path"], &copied["parentId"]), (&json!("/pets"), &clone["rootResourceId"]));
    assert_ne!(copied["id"], pets);
    assert_eq!(copied["resourceMethods"]["GET"]["methodIntegration"]["cacheNamespace"], copied["id"]);
    let model = bench.ok("GET", &format!("/restapis/{copy}/models/Pet"), Value::Null);
    assert!(model["schema"].as_str().unwrap().contains(&format!("/restapis/{copy}/models/Error")));
    assert_eq!(bench.no("POST", "/restapis", json!({"name": "c", "cloneFrom": "nobody"})).0, 404);
}
