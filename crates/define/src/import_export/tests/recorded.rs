//! What was recorded on AWS, told again with documents of our own: observed/import.json, observed/export.json.

use super::*;

use serde_json::json;
use std::collections::BTreeMap;

const FUNCTION: &str =
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:account-id:function:function-name/invocations";

impl World {
    /// A method as the control API shows it.
    fn shown(&self, stored: &Stored, line: &str) -> Value {
        let method = stored.method(line);
        self.0.ok("GET", &format!("/restapis/{}/resources/{}/methods/{}", stored.id(), method.resource, method.verb), Value::Null)
    }
}

/// Cases test_import_rest_apis_with_base_path_swagger: the API keeps its name, its root and its tags.
#[test]
fn a_definition_put_over_an_api_goes_below_its_root_and_leaves_its_name() {
    let world = World::new();
    let made = world.0.ok("POST", "/restapis", json!({"name": "restapi-e7e30baf"}));
    let api = made["id"].as_str().unwrap();
    let method = |headers: &[&str]| {
        let declared: BTreeMap<_, _> = headers.iter().map(|name| (*name, json!({"type": "string"}))).collect();
        let mapped: BTreeMap<_, _> = headers.iter().map(|name| (format!("method.response.header.{name}"), "'*'")).collect();
        json!({
            "security": [{"my-auth-0": []}], "responses": {"200": {"headers": declared}},
            "x-amazon-apigateway-integration": {
                "type": "mock", "passthroughBehavior": "when_no_match", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                "responses": {"default": {"statusCode": "200", "responseParameters": mapped}},
            },
        })
    };
    let document = json!({
        "swagger": "2.0", "info": {"title": "Import swagger JSON", "version": "2"}, "basePath": "/base",
        "paths": {"/test": {"get": method(&["A-Origin"]), "options": method(&["A-Origin", "A-Methods"])}},
        "definitions": {"Empty": {"title": "Empty Schema", "type": "object"}},
        "securityDefinitions": {"my-auth-0": {
            "in": "query", "name": "auth", "type": "apiKey", "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer":
                {"type": "request", "authorizerUri": FUNCTION, "authorizerCredentials": "arn:role", "identitySource": "method.request.querystring.auth"},
        }},
    });
    for (mode, paths) in [("ignore", &["/", "/test"][..]), ("prepend", &["/", "/base", "/base/test"]), ("split", &["/", "/test"])] {
        let stored = world.put(api, &format!("?mode=overwrite&basepath={mode}"), &document);
        let wanted = json!({
            "apiKeySource": "HEADER", "createdDate": made["createdDate"], "disableExecuteApiEndpoint": false,
            "endpointConfiguration": {"ipAddressType": "ipv4", "types": ["EDGE"]}, "id": api, "name": "restapi-e7e30baf",
            "rootResourceId": made["rootResourceId"], "tags": {}, "version": "2",
        });
        assert_eq!(stored.reply, wanted);
        assert_eq!(stored.paths(), paths);
        let last = paths[paths.len() - 1];
        let wanted = json!({
            "apiKeyRequired": false, "authorizationType": "CUSTOM", "authorizerId": stored.tree.authorizers[0].id, "httpMethod": "GET",
            "methodIntegration": {
                "cacheKeyParameters": [], "cacheNamespace": stored.resource(last).id, "passthroughBehavior": "WHEN_NO_MATCH",
                "requestTemplates": {"application/json": "{\"statusCode\": 200}"}, "timeoutInMillis": 29000, "type": "MOCK",
                "integrationResponses": {"200": {"responseParameters": {"method.response.header.A-Origin": "'*'"}, "statusCode": "200"}},
            },
            "methodResponses": {"200": {"responseParameters": {"method.response.header.A-Origin": false}, "statusCode": "200"}},
        });
        assert_eq!(world.shown(&stored, &format!("GET {last}")), wanted);
        assert_eq!(stored.method(&format!("OPTIONS {last}")).responses["200"].response_parameters.as_ref().unwrap().len(), 2);
    }
}

/// Cases test_import_rest_apis_with_base_path_swagger and test_export_oas30_openapi: pets.json.
#[test]
fn plain_http_methods_show_their_connection_and_their_path_parameters() {
    let pets = |uri: &str, more: Value| {
        let mut integration = json!({
            "type": "http", "httpMethod": "GET", "uri": uri, "passthroughBehavior": "when_no_match", "responses": {"default": {"statusCode": "200"}},
        });
        integration.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        integration
    };
    let by_id = pets(
        "http://pets.example.com/pets/{id}",
        json!({"requestParameters": {"integration.request.path.id": "method.request.path.petId"}}),
    );
    let document = json!({
        "swagger": "2.0", "info": {"title": "Simple PetStore (Swagger)", "version": "1.0.0"}, "schemes": ["https"],
        "x-amazon-apigateway-binary-media-types": ["image/png", "image/jpg"],
        "paths": {
            "/pets": {"get": {"responses": {"200": {}}, "x-amazon-apigateway-integration": pets("http://pets.example.com/pets", json!({}))}},
            "/pets/{petId}": {"get": {
                "parameters": [{"name": "petId", "in": "path", "required": true, "type": "string"}], "responses": {"200": {}},
                "x-amazon-apigateway-integration": by_id,
            }},
        },
    });
    let world = World::new();
    let stored = world.import_with("&failonwarnings=true", document);
    assert_eq!(stored.reply["binaryMediaTypes"], json!(["image/png", "image/jpg"]));
    assert_eq!((stored.reply.get("tags"), stored.reply.get("warnings")), (None, None));
    let wanted = json!({
        "apiKeyRequired": false, "authorizationType": "NONE", "httpMethod": "GET",
        "methodIntegration": {
            "cacheKeyParameters": [], "cacheNamespace": stored.resource("/pets/{petId}").id, "connectionType": "INTERNET", "httpMethod": "GET",
            "integrationResponses": {"200": {"statusCode": "200"}}, "passthroughBehavior": "WHEN_NO_MATCH",
            "requestParameters": {"integration.request.path.id": "method.request.path.petId"}, "timeoutInMillis": 29000, "type": "HTTP",
            "uri": "http://pets.example.com/pets/{id}",
        },
        "methodResponses": {"200": {"statusCode": "200"}}, "requestParameters": {"method.request.path.petId": true},
    });
    assert_eq!(world.shown(&stored, "GET /pets/{petId}"), wanted);
}

/// Case test_import_with_global_api_key_authorizer.
#[test]
fn a_requirement_of_the_root_holds_and_an_undeclared_path_variable_is_a_parameter() {
    let document = json!({
        "openapi": "3.0.2", "info": {"title": "Global", "version": "1.0"}, "security": [{"Gate": []}],
        "x-amazon-apigateway-api-key-source": "AUTHORIZER",
        "paths": {"/pets": {"get": {"responses": {"200": {}}}}, "/echo/{data}": {"x-amazon-apigateway-any-method": {
            "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Empty"}}}}},
            "x-amazon-apigateway-integration": {
                "type": "mock", "passthroughBehavior": "when_no_templates", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "{\"echo\": \"$input.params('data')\"}"}}},
            },
        }}},
        "components": {
            "schemas": {"Empty": {"title": "Empty Schema", "type": "object"}},
            "securitySchemes": {"Gate": {
                "type": "apiKey", "name": "X-Api-Key", "in": "header", "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer":
                    {"type": "request", "authorizerUri": FUNCTION, "identitySource": "method.request.header.Custom", "authorizerResultTtlInSeconds": 300},
            }},
        },
    });
    let world = World::new();
    let stored = world.import_with("&failonwarnings=true", document);
    assert_eq!(stored.reply["apiKeySource"], "AUTHORIZER");
    let gate = &stored.tree.authorizers[0];
    assert_eq!((gate.kind.as_str(), gate.auth_type.as_deref(), gate.result_ttl_seconds), ("REQUEST", Some("custom"), Some(300)));
    let wanted = json!({
        "apiKeyRequired": false, "authorizationType": "CUSTOM", "authorizerId": gate.id, "httpMethod": "ANY",
        "methodIntegration": {
            "cacheKeyParameters": [], "cacheNamespace": stored.resource("/echo/{data}").id, "passthroughBehavior": "WHEN_NO_TEMPLATES",
            "requestTemplates": {"application/json": "{\"statusCode\": 200}"}, "timeoutInMillis": 29000, "type": "MOCK",
            "integrationResponses": {"200": {"responseTemplates": {"application/json": "{\"echo\": \"$input.params('data')\"}"}, "statusCode": "200"}},
        },
        "methodResponses": {"200": {"responseModels": {"application/json": "Empty"}, "statusCode": "200"}},
        "requestParameters": {"method.request.path.data": true},
    });
    assert_eq!(world.shown(&stored, "ANY /echo/{data}"), wanted);
    assert_eq!(stored.method("GET /pets").authorizer.as_ref(), Some(&gate.id));
    assert_eq!(stored.method("GET /pets").request_parameters, None);
}

/// Case test_import_with_circular_models.
#[test]
fn schemas_may_refer_to_one_another_in_a_circle() {
    let document = json!({
        "openapi": "3.0.2", "info": {"title": "Circular", "version": "1.0"},
        "paths": {"/person": {"post": {
            "operationId": "CreatePerson",
            "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}}},
        }}},
        "components": {"schemas": {
            "Person": {"type": "object", "description": "A person", "properties": {"house": {"$ref": "#/components/schemas/House"}}},
            "House": {"type": "object", "properties": {"holds": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}}}},
        }},
    });
    let world = World::new();
    let stored = world.import_with("&failonwarnings=true", document);
    let address = |name: &str| format!("https://apigateway.amazonaws.com/restapis/{}/models/{name}", stored.id());
    let schema = |n: usize| serde_json::from_str::<Value>(stored.tree.models[n].schema.as_ref().unwrap()).unwrap();
    assert_eq!(schema(0)["properties"]["holds"]["items"], json!({"$ref": address("Person")}));
    assert_eq!(schema(1)["properties"]["house"], json!({"$ref": address("House")}));
    assert_eq!((stored.tree.models[0].description.as_deref(), stored.tree.models[1].description.as_deref()), (None, Some("A person")));
    let wanted = json!({
        "apiKeyRequired": false, "authorizationType": "NONE", "httpMethod": "POST", "operationName": "CreatePerson",
        "requestModels": {"application/json": "Person"},
    });
    assert_eq!(world.shown(&stored, "POST /person"), wanted);
}

/// Case test_import_with_http_method_integration.
#[test]
fn a_mock_loses_its_verb_and_a_function_keeps_it() {
    let with = |more: Value| {
        let mut integration = json!({"httpMethod": "POST", "responses": {"default": {"statusCode": "200"}}});
        integration.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"responses": {"200": {}}, "x-amazon-apigateway-integration": integration})
    };
    let function = json!({
        "type": "aws", "uri": FUNCTION, "contentHandling": "CONVERT_TO_TEXT",
        "requestParameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
    });
    let document = json!({
        "openapi": "3.0.1", "info": {"title": "t", "version": "date"},
        "paths": {"/": {"get": with(function), "options": with(json!({"type": "mock"}))}},
    });
    let world = World::new();
    let stored = world.import_with("&failonwarnings=true", document);
    let get = world.shown(&stored, "GET /");
    let integration = &get["methodIntegration"];
    assert_eq!((&integration["httpMethod"], &integration["type"], &integration["uri"]), (&json!("POST"), &json!("AWS"), &json!(FUNCTION)));
    assert_eq!((integration.get("connectionType"), &integration["contentHandling"]), (None, &json!("CONVERT_TO_TEXT")));
    assert_eq!(world.shown(&stored, "OPTIONS /")["methodIntegration"].get("httpMethod"), None);
}

/// Case test_import_with_integer_http_status_code.
#[test]
fn yaml_may_write_status_codes_as_numbers() {
    let text = "openapi: 3.0.1\ninfo:\n  title: test\n  version: '2.0'\npaths:\n  \"/test\":\n    get:\n      responses:\n        # A comment.\n\
                \x20       200:\n          description: fine\n          headers:\n            A-Origin:\n              schema:\n                type: string\n\
                \x20     x-amazon-apigateway-integration:\n        type: mock\n        passthroughBehavior: when_no_match\n        responses:\n\
                \x20         default:\n            statusCode: 200\n            responseParameters:\n\
                \x20             method.response.header.A-Origin: \"'*'\"\n        requestTemplates:\n          application/json: '{\"statusCode\": 200}'\n";
    let world = World::new();
    let stored = world.import_with("&failonwarnings=true", text);
    let wanted = json!({
        "apiKeyRequired": false, "authorizationType": "NONE", "httpMethod": "GET",
        "methodIntegration": {
            "cacheKeyParameters": [], "cacheNamespace": stored.resource("/test").id, "passthroughBehavior": "WHEN_NO_MATCH",
            "requestTemplates": {"application/json": "{\"statusCode\": 200}"}, "timeoutInMillis": 29000, "type": "MOCK",
            "integrationResponses": {"200": {"responseParameters": {"method.response.header.A-Origin": "'*'"}, "statusCode": "200"}},
        },
        "methodResponses": {"200": {"responseParameters": {"method.response.header.A-Origin": false}, "statusCode": "200"}},
    });
    assert_eq!(world.shown(&stored, "GET /test"), wanted);
}

/// Case test_import_with_stage_variables.
#[test]
fn an_address_may_be_made_of_stage_variables() {
    let uri = "http://${stageVariables.TestHost}/${stageVariables.testPath}?${stageVariables.querystring}";
    let integration = json!({"type": "HTTP_PROXY", "httpMethod": "POST", "payloadFormatVersion": "1.0", "uri": uri});
    let document = json!({
        "openapi": "3.0.1", "info": {"title": "example", "version": "1.0"},
        "paths": {"/path1": {"get": {"x-amazon-apigateway-integration": integration, "responses": {"200": {"description": "OK"}}}}},
    });
    let world = World::new();
    let stored = world.import_with("&failonwarnings=true", document);
    let shown = world.shown(&stored, "GET /path1");
    assert_eq!((&shown["methodIntegration"]["uri"], shown["methodIntegration"].get("integrationResponses")), (&json!(uri), None));
}

/// Case test_import_swagger_api: what is not used is there, too.
#[test]
fn an_authorizer_that_no_method_uses_is_made_and_takes_its_header_from_its_scheme() {
    let scheme = |ttl: Option<u32>| {
        let mut authorizer = json!({"type": "token", "authorizerUri": FUNCTION, "identityValidationExpression": "^x-[a-z]+"});
        if let Some(ttl) = ttl {
            authorizer["authorizerResultTtlInSeconds"] = ttl.into();
        }
        json!({"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "oauth2", "x-amazon-apigateway-authorizer": authorizer})
    };
    let document = json!({
        "swagger": "2.0", "info": {"title": "PetStore", "description": "Your first API"}, "paths": {"/": {"get": {"security": [{"used": []}]}}},
        "securityDefinitions": {"used": scheme(Some(60)), "unused": scheme(None)},
    });
    let world = World::new();
    let stored = world.import_with("&failonwarnings=true", document);
    assert_eq!((stored.reply.get("version"), &stored.reply["description"]), (None, &json!("Your first API")));
    let ttl = |name: &str| stored.tree.authorizers.iter().find(|one| one.name == name).unwrap().result_ttl_seconds;
    assert_eq!((ttl("used"), ttl("unused")), (Some(60), None));
    assert!(stored.tree.authorizers.iter().all(|one| one.identity_source.as_deref() == Some("method.request.header.Authorization")));
}
