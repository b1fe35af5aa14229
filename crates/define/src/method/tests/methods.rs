use super::*;

/// Seen: observed/methods.json.
#[test]
fn a_fresh_method_has_three_members_and_any_case_of_its_authorization_will_do() {
    let plot = Plot::new();
    let bare = json!({"httpMethod": "ANY", "authorizationType": "NONE", "apiKeyRequired": false});
    assert_eq!(plot.ok("PUT", "ANY", json!({"authorizationType": "none"})), bare);
    assert_eq!(plot.ok("GET", "ANY", Value::Null), bare);
    assert_eq!(plot.bench.call("PUT", &plot.at("GET"), json!({"authorizationType": "None"})).0, 201);
    assert_eq!(plot.bench.call("DELETE", &plot.at("ANY"), Value::Null), (204, Value::Null));
    assert_eq!(plot.no("GET", "ANY", Value::Null).0, 404);
    assert_eq!(plot.ok("GET", "GET", Value::Null)["httpMethod"], "GET");
}

/// Seen: observed/methods.json.
#[test]
fn what_a_method_refers_to_must_exist() {
    let plot = Plot::new();
    let no = |body: Value| plot.no("PUT", "ANY", body);
    let verbs = "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY";
    for verb in ["WRONG", "get", "TRACE"] {
        assert_eq!(plot.no("PUT", verb, json!({"authorizationType": "NONE"})), (400, verbs.into()));
    }
    let wrong_resource = format!("/restapis/{}/resources/nobody/methods/WRONG", plot.api);
    let unknown = (404, "Invalid Resource identifier specified".to_owned());
    assert_eq!(plot.bench.no("PUT", &wrong_resource, json!({"authorizationType": "NONE"})), unknown);
    let authorizer =
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.";
    for kind in ["CUSTOM", "COGNITO_USER_POOLS", "JWT", "custom"] {
        assert_eq!(no(json!({"authorizationType": kind})), (400, authorizer.into()));
        assert_eq!(no(json!({"authorizationType": kind, "authorizerId": "nobody"})), (400, authorizer.into()));
    }
    let validator = "Invalid Request Validator identifier specified";
    assert_eq!(no(json!({"authorizationType": "NONE", "requestValidatorId": "fake-validator"})), (400, validator.into()));
    let model = "Invalid model identifier specified: petModel";
    assert_eq!(no(json!({"authorizationType": "NONE", "requestModels": {"application/json": "petModel"}})), (400, model.into()));
    assert_eq!(no(json!({"authorizationType": "MAYBE"})).0, 400);
    let absent = "1 validation error detected: Value null at 'putMethodInput.authorizationType' failed to satisfy constraint: Member must \
                  not be null";
    assert_eq!(no(json!({})), (400, absent.into()));

    plot.authorizer("auth");
    plot.validator("val");
    let all = json!({"authorizationType": "CUSTOM", "authorizerId": "auth", "apiKeyRequired": true, "requestValidatorId": "val",
        "operationName": "List", "requestModels": {"application/json": "Empty"}, "authorizationScopes": ["read"]});
    let mut shown = all.clone();
    shown["httpMethod"] = json!("ANY");
    assert_eq!(plot.ok("PUT", "ANY", all), shown);
    assert_eq!(no(json!({"authorizationType": "NONE"})), (409, "Method already exists for this resource".into()));
    // Without need of one, an authorizer is ignored.
    let open = plot.ok("PUT", "GET", json!({"authorizationType": "NONE", "authorizerId": "nobody"}));
    assert_eq!(open.get("authorizerId"), None);
}

/// Seen: observed/methods.json, integrations-crud.json.
#[test]
fn parameters_are_well_named_and_no_name_is_in_two_places() {
    let plot = Plot::new();
    let with = |parameters: Value| json!({"authorizationType": "NONE", "requestParameters": parameters});
    let good = json!({"method.request.querystring.q_optional": false, "method.request.querystring.q_required": true,
        "method.request.header.h_optional": false, "method.request.path.testPath": true});
    assert_eq!(plot.ok("PUT", "ANY", with(good.clone()))["requestParameters"], good);
    let twice = json!({"method.request.querystring.optional": false, "method.request.header.optional": false});
    let unique = "Parameter names must be unique across querystring, header and path";
    assert_eq!(plot.no("PUT", "GET", with(twice)), (400, unique.into()));
    let odd = json!({"method.request.path.testPath": true, "true": true});
    let text =
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: true]";
    assert_eq!(plot.no("PUT", "POST", with(odd)), (400, text.into()));
    for name in ["method.request.header.", "method.request.cookie.a", "method.request.body", "method.response.header.a"] {
        assert_eq!(plot.no("PUT", "POST", with(json!({ name: true }))).0, 400, "{name}");
    }
    let wrong_type = "class java.lang.String can not be converted to an Boolean";
    assert_eq!(plot.no("PUT", "POST", with(json!({"method.request.header.a": "true"}))), (400, wrong_type.into()));
}

/// Seen: observed/methods.json.
#[test]
fn a_method_is_patched_row_by_row() {
    let plot = Plot::with("ANY", json!({"authorizationType": "NONE"}));
    let added = plot.patch(
        "ANY",
        json!([{"op": "add", "path": "/requestParameters/method.request.querystring.optional", "value": "true"},
               {"op": "add", "path": "/requestModels/application~1json", "value": "Empty"}]),
    );
    assert_eq!(added["requestModels"], json!({"application/json": "Empty"}));
    assert_eq!(added["requestParameters"], json!({"method.request.querystring.optional": true}));
    let replaced = plot.patch(
        "ANY",
        json!([{"op": "replace", "path": "/operationName", "value": "ReplacedOperationName"},
               {"op": "replace", "path": "/apiKeyRequired", "value": "true"},
               {"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"},
               {"op": "replace", "path": "/requestModels/application~1json", "value": "Error"},
               {"op": "replace", "path": "/requestParameters/method.request.querystring.optional", "value": "false"}]),
    );
    assert_eq!(
        replaced,
        json!({"httpMethod": "ANY", "authorizationType": "AWS_IAM", "apiKeyRequired": true, "operationName": "ReplacedOperationName",
               "requestModels": {"application/json": "Error"}, "requestParameters": {"method.request.querystring.optional": false}})
    );
    plot.authorizer("auth");
    plot.validator("val");
    // The authorizer before the type that needs it: only the outcome counts.
    let custom = plot.patch(
        "ANY",
        json!([{"op": "replace", "path": "/authorizerId", "value": "auth"}, {"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
               {"op": "replace", "path": "/requestValidatorId", "value": "val"}, {"op": "add", "path": "/authorizationScopes", "value": "read"}]),
    );
    assert_eq!((&custom["authorizerId"], &custom["requestValidatorId"]), (&json!("auth"), &json!("val")));
    assert_eq!(custom["authorizationScopes"], json!(["read"]));
    let removed = plot.patch(
        "ANY",
        json!([{"op": "remove", "path": "/requestParameters/method.request.querystring.optional", "value": "true"},
               {"op": "remove", "path": "/requestModels/application~1json", "value": "Empty"},
               {"op": "remove", "path": "/authorizationScopes", "value": "read"},
               {"op": "replace", "path": "/requestValidatorId", "value": ""}, {"op": "replace", "path": "/apiKeyRequired", "value": "maybe"}]),
    );
    assert_eq!(
        removed,
        json!({"httpMethod": "ANY", "authorizationType": "CUSTOM", "authorizerId": "auth", "apiKeyRequired": false,
               "operationName": "ReplacedOperationName"})
    );
    assert_eq!(plot.patch("ANY", json!([{"op": "replace", "path": "/authorizationType", "value": "NONE"}])).get("authorizerId"), None);
}

/// Seen: rest-api-control-plane.md §1.9.
#[test]
fn a_patch_that_makes_no_sense_changes_nothing() {
    let plot = Plot::with("ANY", json!({"authorizationType": "NONE"}));
    let no = |op: &str, path: &str, value: &str| plot.unpatched("ANY", op, path, value);
    for path in ["/httpMethod", "/requestParameters", "/requestModels/application/json", "/nothing"] {
        assert_eq!(no("replace", path, "x"), (400, format!("Invalid patch path {path}")));
    }
    for path in ["/operationName", "/authorizationType", "/apiKeyRequired", "/authorizerId", "/requestValidatorId"] {
        for op in ["add", "remove"] {
            assert_eq!(no(op, path, "x"), (400, "Invalid patch operation specified. Must be one of: [replace]".into()));
        }
    }
    let authorizer =
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.";
    assert_eq!(no("replace", "/authorizationType", "CUSTOM"), (400, authorizer.into()));
    assert_eq!(no("replace", "/requestValidatorId", "nobody").1, "Invalid Request Validator identifier specified");
    assert_eq!(no("add", "/requestModels/application~1json", "nobody").1, "Invalid model identifier specified: nobody");
    assert_eq!(no("remove", "/requestModels/application~1json", ""), (404, "Content-Type specified was not found".into()));
    assert_eq!(no("replace", "/requestParameters/method.request.header.a", "true"), (404, "Invalid parameter name specified".into()));
    assert_eq!(no("remove", "/requestParameters/method.request.header.a", ""), (404, "Invalid parameter name specified".into()));
    assert_eq!(plot.ok("GET", "ANY", Value::Null), json!({"httpMethod": "ANY", "authorizationType": "NONE", "apiKeyRequired": false}));
}

/// Seen: rest-api-control-plane.md §1.13; for validators, assumed.
#[test]
fn an_authorizer_or_validator_in_use_cannot_be_deleted() {
    let plot = Plot::new();
    plot.authorizer("auth");
    plot.validator("val");
    plot.ok("PUT", "GET", json!({"authorizationType": "CUSTOM", "authorizerId": "auth", "requestValidatorId": "val"}));
    let authorizer = format!("/restapis/{}/authorizers/auth", plot.api);
    let validator = format!("/restapis/{}/requestvalidators/val", plot.api);
    let text = "Cannot delete authorizer 'auth's name', is referenced in method: //GET";
    assert_eq!(plot.bench.no("DELETE", &authorizer, Value::Null), (409, text.into()));
    let text = "Cannot delete request validator 'strict', is referenced in method: //GET";
    assert_eq!(plot.bench.no("DELETE", &validator, Value::Null), (409, text.into()));
    plot.ok("DELETE", "GET", Value::Null);
    assert_eq!(plot.bench.call("DELETE", &authorizer, Value::Null).0, 202);
    assert_eq!(plot.bench.call("DELETE", &validator, Value::Null).0, 202);
    assert_eq!(plot.bench.no("DELETE", &authorizer, Value::Null), (404, "Invalid Authorizer identifier specified".into()));
    assert_eq!(plot.bench.no("DELETE", &validator, Value::Null), (404, "Invalid Request Validator identifier specified".into()));
    let elsewhere = "/restapis/nobody/requestvalidators/val";
    assert_eq!(plot.bench.no("DELETE", elsewhere, Value::Null), (404, "Invalid Request Validator identifier specified".into()));
}

/// Seen: observed/test-invoke.json for what is not found. What a bench answers is what was to be tried.
#[test]
fn a_method_is_tried_out_where_requests_run() {
    let plot = Plot::with("GET", json!({"authorizationType": "AWS_IAM"}));
    let tried = |verb: &str, body: Value| plot.bench.call("POST", &plot.at(verb), body);
    let no = |verb: &str| plot.bench.no("POST", &plot.at(verb), json!({}));
    assert_eq!(no("GET"), (400, "No integration defined for method".into()));
    assert_eq!(no("HEAD"), (404, "Invalid Method identifier specified".into()));
    plot.ok("PUT", "GET/integration", json!({"type": "MOCK"}));
    let asked =
        json!({"pathWithQueryString": "/a?b=c", "body": "x", "headers": {"A": "1", "b": "0"}, "multiValueHeaders": {"B": ["2", "3"]}});
    let expected = json!({
        "status": 200, "body": "GET /a?b=c x", "headers": {"A": "1", "B": "3"}, "multiValueHeaders": {"A": ["1"], "B": ["2", "3"]},
        "log": "tried\n", "latency": 1,
    });
    assert_eq!(tried("GET", asked), (200, expected));
    let certificate = plot.bench.no("POST", &plot.at("GET"), json!({"clientCertificateId": "nosuch"}));
    assert_eq!(certificate, (404, "Invalid client certificate identifier specified".into()));
}
