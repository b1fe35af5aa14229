//! What each part of a definition becomes, by documents of our own.

use super::*;
use deliver::integration::record::PassthroughBehavior;
use serde_json::json;
use std::collections::BTreeMap;

const FUNCTION: &str =
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:111111111111:function:f/invocations";

/// A document of one specification with more in it.
fn document(version: &str, more: Value) -> Value {
    let member = if version == "2.0" { "swagger" } else { "openapi" };
    let mut document = json!({ member: version, "info": {"title": "Pets", "version": "1.2", "description": "All pets"} });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

fn map<V: Clone>(pairs: &[(&str, V)]) -> Option<BTreeMap<String, V>> {
    Some(pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
}

fn texts(pairs: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
    Some(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

#[test]
fn an_import_answers_like_a_creation_and_brings_no_models_of_its_own() {
    let world = World::new();
    let stored = world.import(document("3.0.1", json!({"paths": {}})));
    let wanted = json!({
        "id": stored.id(), "name": "Pets", "description": "All pets", "createdDate": 1_795_348_800, "version": "1.2",
        "apiKeySource": "HEADER", "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
        "disableExecuteApiEndpoint": false, "rootResourceId": stored.tree.api.root_resource_id,
    });
    assert_eq!(stored.reply, wanted);
    assert_eq!((stored.id().len(), stored.tree.api.root_resource_id.len()), (10, 10));
    assert_eq!((stored.paths(), stored.tree.models.len()), (vec!["/"], 0));
}

#[test]
fn the_root_says_what_the_api_is() {
    let more = json!({
        "paths": {},
        "x-amazon-apigateway-api-key-source": "authorizer",
        "x-amazon-apigateway-binary-media-types": ["image/png", "image/*", "image/png"],
        "x-amazon-apigateway-minimum-compression-size": 0,
        "x-amazon-apigateway-security-policy": "TLS_1_2",
        "x-amazon-apigateway-endpoint-access-mode": "STRICT",
        "x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": ["execute-api:/*", "*"]},
        ]},
        "servers": [{"url": "https://x", "x-amazon-apigateway-endpoint-configuration":
            {"disableExecuteApiEndpoint": true, "vpcEndpointIds": ["vpce-1"]}}],
        "tags": [{"name": "team", "x-amazon-apigateway-tag-value": "blue"}, {"name": "plain"}],
    });
    let stored = World::new().import_with("&endpointConfigurationTypes=PRIVATE", document("3.0.1", more));
    let api = &stored.tree.api;
    assert_eq!(stored.reply["apiKeySource"], "AUTHORIZER");
    assert_eq!(api.binary_media_types, ["image/png", "image/*"]);
    assert_eq!(api.minimum_compression_size, Some(0));
    assert_eq!((api.security_policy.as_deref(), api.endpoint_access_mode.as_deref()), (Some("TLS_1_2"), Some("STRICT")));
    let policy: Value = serde_json::from_str(api.policy.as_ref().unwrap()).unwrap();
    let arn = format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:{}/*", api.id);
    assert_eq!(policy["Statement"][0]["Resource"], json!([arn, "*"]));
    assert!(stored.reply["policy"].as_str().unwrap().starts_with("{\\\"Version\\\""));
    let endpoint = json!({"types": ["PRIVATE"], "ipAddressType": "dualstack", "vpcEndpointIds": ["vpce-1"]});
    assert_eq!(stored.reply["endpointConfiguration"], endpoint);
    assert!(api.disable_execute_api_endpoint);
    assert_eq!(stored.reply["tags"], json!({"team": "blue"}));
}

#[test]
fn every_segment_is_a_resource_and_every_verb_a_method() {
    let paths = json!({"paths": {
        "/a/b/{id}": {"get": {}, "trace": {}, "summary": "x"}, "/a/b/": {"put": {}, "options": {}},
        "/a/x/{proxy+}": {"x-amazon-apigateway-any-method": {}}, "/": {"head": {}}, "x-note": 1,
    }});
    let stored = World::new().import(document("3.0.1", paths));
    assert_eq!(stored.paths(), ["/", "/a", "/a/b", "/a/b/{id}", "/a/x", "/a/x/{proxy+}"]);
    assert_eq!(stored.tree.methods.len(), 5);
    assert_eq!(stored.method("GET /a/b/{id}").request_parameters, map(&[("method.request.path.id", true)]));
    assert_eq!(stored.method("ANY /a/x/{proxy+}").request_parameters, map(&[("method.request.path.proxy", true)]));
    assert_eq!(stored.method("PUT /a/b").request_parameters, None);
    let part = stored.resource("/a/b/{id}");
    assert_eq!((part.path_part.as_str(), part.parent.as_ref(), part.id.len()), ("{id}", Some(&stored.resource("/a/b").id), 6));
}

#[test]
fn the_base_path_is_ignored_prepended_or_split() {
    let url = |url: &str| json!({"url": url});
    let variable = json!({"url": "https://h/{stage}", "variables": {"basePath": {"default": "/v/w"}}});
    let stage = json!({"url": "https://h/{stage}/c?q", "variables": {"stage": {"default": "live"}}});
    let servers = |servers: Value| document("3.0.1", json!({"servers": servers, "paths": {"/p": {"get": {}}}}));
    for (document, prepend, split) in [
        (document("2.0", json!({"basePath": "/a/b/c/", "paths": {"/p": {"get": {}}}})), "/a/b/c/p", "/b/c/p"),
        (document("2.0", json!({"paths": {"/p": {"get": {}}}})), "/p", "/p"),
        (servers(json!([url("https://h/x/y")])), "/x/y/p", "/y/p"),
        (servers(json!([url("https://h/x"), variable.clone()])), "/v/w/p", "/w/p"),
        (servers(json!([stage])), "/live/c/p", "/c/p"),
        (servers(json!([url("/only")])), "/only/p", "/p"),
        (servers(json!([])), "/p", "/p"),
    ] {
        let longest = |query: &str| World::new().import_with(query, &document).paths().last().unwrap().to_string();
        assert_eq!([longest(""), longest("&basepath=ignore")], ["/p", "/p"]);
        assert_eq!([longest("&basepath=prepend").as_str(), longest("&basepath=split").as_str()], [prepend, split], "{document}");
    }
}

#[test]
fn parameters_of_the_path_hold_for_each_operation_unless_it_says_otherwise() {
    let more = json!({
        "parameters": {"page": {"name": "page", "in": "query", "type": "integer"}},
        "paths": {"/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": true}, {"name": "X-A", "in": "header", "required": true}],
            "get": {"parameters": [
                {"$ref": "#/parameters/page"}, {"name": "X-A", "in": "header", "required": false},
                {"name": "f", "in": "formData"}, {"name": "b", "in": "body", "schema": {"$ref": "#/definitions/B"}},
            ]},
            "put": {},
        }},
        "definitions": {"B": {"type": "object"}},
        "consumes": ["application/json", "application/xml"],
    });
    let stored = World::new().import(document("2.0", more));
    let page = "method.request.querystring.page";
    let wanted = map(&[("method.request.path.id", true), (page, false), ("method.request.header.X-A", false)]);
    let get = stored.method("GET /{id}");
    assert_eq!(get.request_parameters, wanted);
    assert_eq!(get.request_models, texts(&[("application/json", "B"), ("application/xml", "B")]));
    let put = stored.method("PUT /{id}");
    assert_eq!(put.request_parameters, map(&[("method.request.path.id", true), ("method.request.header.X-A", true)]));
    assert_eq!(stored.reply.get("warnings"), None);
}

#[test]
fn schemas_become_models_that_refer_to_one_another_by_address() {
    let more = json!({
        "paths": {"/": {"post": {
            "operationId": "make",
            "requestBody": {"$ref": "#/components/requestBodies/pet"},
            "responses": {
                "200": {"$ref": "#/components/responses/fine"},
                "201": {"description": "none"},
                "default": {"description": "left out"},
            },
        }}},
        "components": {
            "requestBodies": {"pet": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New~1Pet-1"}}}}},
            "responses": {"fine": {
                "headers": {"X-Rate": {"required": true, "schema": {"type": "integer"}}},
                "content": {"text/plain": {}, "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}},
            }},
            "schemas": {
                "Pet": {"type": "object", "description": "A pet", "properties": {"of": {"$ref": "#/components/schemas/New~1Pet-1"}}},
                "New/Pet-1": {"type": "string"},
            },
        },
    });
    let world = World::new();
    let stored = world.import(document("3.0.1", more.clone()));
    let names: Vec<&str> = stored.tree.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!((names.len(), names[1], names[2]), (3, "NewPet1", "Pet"));
    assert!(names[0].starts_with("MODEL") && names[0].bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let pet = &stored.tree.models[2];
    assert_eq!((pet.description.as_deref(), pet.content_type.as_str(), pet.id.len()), (Some("A pet"), "application/json", 6));
    let schema: Value = serde_json::from_str(pet.schema.as_ref().unwrap()).unwrap();
    let address = format!("https://apigateway.amazonaws.com/restapis/{}/models/NewPet1", stored.id());
    assert_eq!(schema["properties"]["of"]["$ref"], address);
    let post = stored.method("POST /");
    assert_eq!(post.operation_name.as_deref(), Some("make"));
    assert_eq!(post.request_models, texts(&[("application/json", "NewPet1")]));
    assert_eq!(post.responses.keys().collect::<Vec<_>>(), ["200", "201"]);
    let fine = &post.responses["200"];
    assert_eq!(fine.response_parameters, map(&[("method.response.header.X-Rate", false)]));
    assert_eq!(fine.response_models, texts(&[("application/json", names[0])]));
    assert_eq!((&post.responses["201"].response_parameters, &post.responses["201"].response_models), (&None, &None));
    // The name of a model without one is made of its schema: the same again for the same definition.
    assert_eq!(world.import(document("3.0.1", more)).tree.models[0].name, names[0]);
}

#[test]
fn swagger_responses_have_a_model_for_each_type_that_is_produced() {
    let response = json!({"200": {"schema": {"$ref": "#/definitions/A"}}});
    let more = json!({
        "produces": ["text/csv"], "definitions": {"A": {"type": "object"}},
        "paths": {"/": {"get": {"responses": response}, "put": {"produces": ["a/b", "c/d"], "responses": response}}},
    });
    let stored = World::new().import(document("2.0", more));
    let models = |line: &str| stored.method(line).responses["200"].response_models.clone();
    assert_eq!(models("GET /"), texts(&[("text/csv", "A")]));
    assert_eq!(models("PUT /"), texts(&[("a/b", "A"), ("c/d", "A")]));
}

#[test]
fn every_member_of_an_integration_is_kept() {
    let integration = json!({
        "type": "Http", "httpMethod": "post", "uri": "https://example.com/${stageVariables.x}/{id}", "connectionType": "vpc_link",
        "connectionId": "link", "credentials": "arn:aws:iam::${AWS::AccountId}:role/r", "cacheNamespace": "ns",
        "cacheKeyParameters": ["method.request.path.id"], "contentHandling": "convert_to_text", "timeoutInMillis": "1500",
        "passthroughBehavior": "When_No_Templates", "tlsConfig": {"insecureSkipVerification": true},
        "responseTransferMode": "stream", "integrationTarget": "arn:aws:elb:x", "payloadFormatVersion": "1.0",
        "requestParameters": {"integration.request.path.id": "method.request.path.id", "integration.request.header.r": "'${AWS::Region}'"},
        "requestTemplates": {"application/json": "$input.body", "text/plain": "", "text/csv": null, "text/x": {"statusCode": 200}},
        "responses": {
            "default": {"statusCode": 200, "responseParameters": {"method.response.header.X": "integration.response.header.Y"}},
            "4\\d{2}": {"statusCode": "400", "responseTemplates": {"application/json": "{}"}, "contentHandling": "CONVERT_TO_BINARY"},
        },
    });
    let responses = json!({"200": {"headers": {"X": {"type": "string"}}}, "400": {}});
    let more = json!({"paths": {"/{id}": {"get": {"responses": responses, "x-amazon-apigateway-integration": integration}}}});
    let stored = World::new().import(document("2.0", more));
    assert_eq!(stored.reply.get("warnings"), None);
    let kept = serde_json::to_value(stored.method("GET /{id}").integration.as_ref().unwrap()).unwrap();
    let wanted = json!({
        "type": "HTTP", "http_method": "POST", "uri": "https://example.com/${stageVariables.x}/{id}", "connection_type": "VPC_LINK",
        "connection_id": "link", "credentials": "arn:aws:iam::111111111111:role/r",
        "request_parameters": {"integration.request.header.r": "'us-east-1'", "integration.request.path.id": "method.request.path.id"},
        "request_templates": {"application/json": "$input.body", "text/csv": null, "text/plain": null, "text/x": "{\"statusCode\":200}"},
        "passthrough_behavior": "WHEN_NO_TEMPLATES", "content_handling": "CONVERT_TO_TEXT", "timeout_ms": 1500,
        "cache_namespace": "ns", "cache_key_parameters": ["method.request.path.id"], "insecure_skip_verification": true,
        "response_transfer_mode": "STREAM", "target": "arn:aws:elb:x",
        "responses": {
            "200": {"status_code": "200", "selection_pattern": null, "response_templates": null, "content_handling": null,
                "response_parameters": {"method.response.header.X": "integration.response.header.Y"}},
            "400": {"status_code": "400", "selection_pattern": "4\\d{2}", "response_parameters": null,
                "response_templates": {"application/json": "{}"}, "content_handling": "CONVERT_TO_BINARY"},
        },
    });
    assert_eq!(kept, wanted);
}

#[test]
fn what_an_integration_does_not_say_has_awss_defaults() {
    let more = json!({
        "components": {"x-all": {"f": {"type": "aws_proxy", "httpMethod": "POST", "uri": FUNCTION}}},
        "paths": {"/f": {"get": {"x-amazon-apigateway-integration": {"$ref": "#/components/x-all/f"}}, "put": {}}},
    });
    let stored = World::new().import(document("3.1.0", more));
    let integration = stored.method("GET /f").integration.as_ref().unwrap();
    assert_eq!((integration.timeout_ms, integration.connection_type.as_deref()), (29_000, None));
    assert_eq!(integration.cache_namespace, stored.resource("/f").id);
    assert_eq!(integration.passthrough_behavior, PassthroughBehavior::WhenNoMatch);
    assert!(integration.responses.is_empty());
    assert_eq!(stored.method("PUT /f").integration, None);
}

fn secured() -> Value {
    let scheme = |more: Value| {
        let mut scheme = json!({"type": "apiKey", "name": "Authorization", "in": "header"});
        scheme.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        scheme
    };
    let pool = "arn:aws:cognito-idp:us-east-1:${AWS::AccountId}:userpool/p";
    json!({
        "token": scheme(json!({"x-amazon-apigateway-authtype": "oauth2", "x-amazon-apigateway-authorizer":
            {"type": "token", "authorizerUri": FUNCTION, "authorizerResultTtlInSeconds": 60, "identityValidationExpression": "^x"}})),
        "request": scheme(json!({"x-amazon-apigateway-authorizer":
            {"type": "REQUEST", "authorizerUri": FUNCTION, "authorizerCredentials": "r", "identitySource": "method.request.header.A, context.path"}})),
        "pool": scheme(json!({"x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [pool]}})),
        "jwt": scheme(json!({"x-amazon-apigateway-authorizer": {"type": "jwt", "jwtConfiguration": {"issuers": [{"issuer": "i"}]}}})),
        "iam": scheme(json!({"x-amazon-apigateway-authtype": "awsSigv4"})),
        "key": {"type": "apiKey", "name": "X-Api-Key", "in": "header"},
        "bearer": {"type": "http", "scheme": "bearer"},
    })
}

#[test]
fn security_schemes_become_authorizers() {
    let stored = World::new().import(document("3.0.1", json!({"paths": {}, "components": {"securitySchemes": secured()}})));
    let named = |name: &str| stored.tree.authorizers.iter().find(|authorizer| authorizer.name == name).unwrap();
    assert_eq!(stored.tree.authorizers.len(), 4);
    let token = named("token");
    assert_eq!((token.kind.as_str(), token.auth_type.as_deref(), token.result_ttl_seconds), ("TOKEN", Some("oauth2"), Some(60)));
    assert_eq!(token.identity_source.as_deref(), Some("method.request.header.Authorization"));
    assert_eq!((token.uri.as_deref(), token.identity_validation_expression.as_deref()), (Some(FUNCTION), Some("^x")));
    let request = named("request");
    assert_eq!((request.kind.as_str(), request.auth_type.as_deref(), request.result_ttl_seconds), ("REQUEST", Some("custom"), None));
    assert_eq!(request.identity_source.as_deref(), Some("method.request.header.A, context.path"));
    assert_eq!(request.credentials.as_deref(), Some("r"));
    let pool = named("pool");
    assert_eq!(pool.auth_type.as_deref(), Some("cognito_user_pools"));
    assert_eq!(pool.provider_arns, ["arn:aws:cognito-idp:us-east-1:111111111111:userpool/p"]);
    assert_eq!(named("jwt").jwt, Some(json!({"issuers": [{"issuer": "i"}]})));
}

#[test]
fn requirements_say_whom_a_method_asks_for() {
    let needs = |requirements: Value| json!({ "security": requirements });
    let auth = |kind: &str| json!({"x-amazon-apigateway-auth": {"type": kind}, "security": [{"token": []}]});
    let more = json!({
        "security": [{"request": []}],
        "components": {"securitySchemes": secured()},
        "paths": {
            "/root": {"get": {}}, "/open": {"get": needs(json!([]))}, "/token": {"get": needs(json!([{"token": []}]))},
            "/pool": {"get": needs(json!([{"pool": ["a/read", "b"]}]))}, "/jwt": {"get": needs(json!([{"jwt": []}]))},
            "/iam": {"get": needs(json!([{"iam": []}]))}, "/key": {"get": needs(json!([{"key": []}]))},
            "/both": {"get": needs(json!([{"key": [], "pool": []}]))}, "/bearer": {"get": needs(json!([{"bearer": []}, {"missing": []}]))},
            "/signed": {"get": auth("aws_iam")}, "/none": {"get": auth("NONE")},
        },
    });
    let stored = World::new().import(document("3.0.1", more));
    for (path, kind, authorizer, scopes, key) in [
        ("/root", "CUSTOM", "request", &[][..], false),
        ("/open", "NONE", "", &[], false),
        ("/token", "CUSTOM", "token", &[], false),
        ("/pool", "COGNITO_USER_POOLS", "pool", &["a/read", "b"], false),
        ("/jwt", "JWT", "jwt", &[], false),
        ("/iam", "AWS_IAM", "", &[], false),
        ("/key", "NONE", "", &[], true),
        ("/both", "COGNITO_USER_POOLS", "pool", &[], true),
        ("/bearer", "NONE", "", &[], false),
        ("/signed", "AWS_IAM", "", &[], false),
        ("/none", "NONE", "", &[], false),
    ] {
        let method = stored.method(&format!("GET {path}"));
        let named = stored.tree.authorizers.iter().find(|one| Some(&one.id) == method.authorizer.as_ref());
        assert_eq!(method.authorization_type, kind, "{path}");
        assert_eq!(named.map_or("", |one| &one.name), authorizer, "{path}");
        assert_eq!(method.authorization_scopes, scopes, "{path}");
        assert_eq!(method.api_key_required, key, "{path}");
    }
}

#[test]
fn validators_hold_for_all_methods_or_for_one() {
    let more = json!({
        "x-amazon-apigateway-request-validators": {
            "all": {"validateRequestBody": true, "validateRequestParameters": true}, "body": {"validateRequestBody": true},
        },
        "x-amazon-apigateway-request-validator": "all",
        "paths": {"/": {"get": {}, "put": {"x-amazon-apigateway-request-validator": "body"}}},
    });
    let stored = World::new().import(document("3.0.1", more));
    for (line, name, body, parameters) in [("GET /", "all", true, true), ("PUT /", "body", true, false)] {
        let id = stored.method(line).request_validator.as_ref();
        let validator = stored.tree.validators.iter().find(|validator| Some(&validator.id) == id).unwrap();
        assert_eq!((validator.name.as_str(), validator.body, validator.parameters), (name, body, parameters));
    }
}

#[test]
fn gateway_responses_keep_the_usual_template_unless_they_bring_their_own() {
    let more = json!({"paths": {}, "x-amazon-apigateway-gateway-responses": {
        "DEFAULT_4XX": {"statusCode": 418, "responseParameters": {"gatewayresponse.header.A": "'*'"}},
        "THROTTLED": {"responseTemplates": {"text/plain": "slow"}},
    }});
    let stored = World::new().import(document("2.0", more));
    let [usual, throttled] = &stored.tree.gateway_responses[..] else { panic!("two of them") };
    assert_eq!((usual.kind.as_str(), usual.status_code.as_deref()), ("DEFAULT_4XX", Some("418")));
    assert_eq!(usual.parameters["gatewayresponse.header.A"], "'*'");
    assert_eq!(usual.templates["application/json"], "{\"message\":$context.error.messageString}");
    assert_eq!((throttled.status_code.as_deref(), throttled.templates["text/plain"].as_str()), (None, "slow"));
}

#[test]
fn a_tag_pins_the_apis_id_as_it_does_on_creation() {
    let world = World::new();
    let tags = json!({"paths": {}, "tags": [{"name": "_custom_id_", "x-amazon-apigateway-tag-value": "my-own-id"}]});
    let stored = world.import(document("3.0.1", tags.clone()));
    assert_eq!((stored.id(), &stored.reply["tags"]), ("my-own-id", &json!({"_custom_id_": "my-own-id"})));
    let (status, _) = world.send("POST", "/restapis?mode=import", &document("3.0.1", tags).to_string());
    assert_eq!(status, 409);
}
