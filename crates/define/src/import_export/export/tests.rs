//! The story of exports: what was recorded on AWS, and that an import of an export is the same API.

use super::*;
use crate::documentation::record::Location;
use crate::import_export::tests::planned;
use proptest::prelude::*;
use std::path::Path;

fn wanted(dialect: Dialect, words: &str) -> Wanted {
    Wanted {
        dialect,
        extensions: Extensions::named(words).unwrap(),
        server: Server {
            scheme: "https".into(),
            host: "a1.execute-api.us-east-1.amazonaws.com".into(),
            path: String::new(),
            stage: "local".into(),
        },
        version: "2026-11-22T12:00:00Z".into(),
        documented: None,
    }
}

const ALL: &str = "integrations,authorizers,documentation";

fn tree(document: &Value) -> ApiTree {
    planned(&document.to_string(), false).map_err(|problems| format!("{problems:?}")).unwrap().tree
}

/// What an API is, without the ids and dates that each import makes anew.
fn essence(tree: &ApiTree) -> Value {
    let without = |value: Value, names: &[&str]| {
        let Value::Object(mut members) = value else { panic!("a record is an object") };
        names.iter().for_each(|name| drop(members.shift_remove(*name)));
        Value::Object(members)
    };
    let path = |id: &str| tree.resources.iter().find(|resource| resource.id == id).map(|resource| resource.path.clone());
    let names = |id: &Option<String>, all: &BTreeMap<String, String>| id.as_ref().map(|id| all[id].clone());
    let authorizers: BTreeMap<String, String> = tree.authorizers.iter().map(|one| (one.id.clone(), one.name.clone())).collect();
    let validators: BTreeMap<String, String> = tree.validators.iter().map(|one| (one.id.clone(), one.name.clone())).collect();
    let method = |method: &Method| {
        let mut one = method.clone();
        one.authorizer = names(&one.authorizer, &authorizers);
        one.request_validator = names(&one.request_validator, &validators);
        if let Some(integration) = &mut one.integration
            && integration.cache_namespace == one.resource
        {
            integration.cache_namespace = "its own".into();
        }
        let spot = format!("{} {}", path(&method.resource).unwrap(), method.verb);
        (spot, without(json!(one), &["resource"]))
    };
    let model = |model: &crate::model::record::Model| {
        let schema: Value = serde_json::from_str(model.schema.as_deref().unwrap()).unwrap();
        let schema = without(schema, &["$schema"]);
        (model.name.clone(), json!({"schema": schema, "description": model.description, "type": model.content_type}))
    };
    let documentation: BTreeMap<Location, Value> =
        tree.documentation.iter().map(|part| (part.location.whole(), serde_json::from_str(&part.properties).unwrap())).collect();
    let sorted = |mut values: Vec<Value>| {
        values.sort_by_key(Value::to_string);
        values
    };
    json!({
        "api": without(json!(tree.api), &["root_resource_id", "created", "warnings"]),
        "paths": tree.resources.iter().map(|resource| resource.path.as_str()).collect::<BTreeSet<_>>(),
        "methods": tree.methods.iter().map(method).collect::<BTreeMap<_, _>>(),
        "models": tree.models.iter().map(model).collect::<BTreeMap<_, _>>(),
        "authorizers": sorted(tree.authorizers.iter().map(|one| without(json!(one), &["id"])).collect()),
        "validators": sorted(tree.validators.iter().map(|one| without(json!(one), &["id"])).collect()),
        "gateway_responses": tree.gateway_responses,
        "documentation": documentation.into_iter().map(|(location, said)| json!([location, said])).collect::<Vec<_>>(),
    })
}

/// An API after an export and an import.
fn again(before: &ApiTree, dialect: Dialect) -> ApiTree {
    let documented = Documented { version: "1".into(), created: "2026-11-22T12:00:00Z".into(), parts: before.documentation.clone() };
    let document = export(before, &Wanted { documented: Some(documented), ..wanted(dialect, ALL) });
    let through_yaml = planned(&yaml::write(&document), false).map_err(|problems| format!("{problems:?}")).unwrap().tree;
    let after = tree(&document);
    assert_eq!(essence(&through_yaml), essence(&after), "YAML and JSON say the same");
    after
}

/// The first difference of two values, with its place.
fn difference(left: &Value, right: &Value, at: &str) -> Option<String> {
    match (left, right) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            let null = Value::Null;
            names
                .into_iter()
                .find_map(|name| difference(one.get(name).unwrap_or(&null), other.get(name).unwrap_or(&null), &format!("{at}/{name}")))
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).enumerate().find_map(|(n, (one, other))| difference(one, other, &format!("{at}/{n}")))
        }
        _ if left == right => None,
        _ => Some(format!("{at}: {left} became {right}")),
    }
}

/// An API with what an export says for it: the date's version where it has none, and the description of its documentation.
fn versioned(mut tree: ApiTree) -> ApiTree {
    tree.api.version.get_or_insert_with(|| wanted(Dialect::OpenApi3, "").version);
    let about = tree.documentation.iter().find(|part| part.location.kind == "API");
    let said =
        about.and_then(|part| serde_json::from_str::<Value>(&part.properties).unwrap()["info"]["description"].as_str().map(str::to_owned));
    tree.api.description = said.or(tree.api.description);
    tree
}

/// A definition that uses everything.
fn rich() -> Value {
    let function =
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:111111111111:function:f/invocations";
    json!({
        "openapi": "3.0.1",
        "info": {"title": "pets", "description": "all of it", "version": "1.0"},
        "tags": [{"name": "team", "x-amazon-apigateway-tag-value": "pets"}],
        "servers": [{"url": "/", "x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": true, "vpcEndpointIds": ["vpce-1"]}}],
        "paths": {
            "/": {"get": {"responses": {}, "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\":200}"},
                "responses": {"default": {"statusCode": "200"}}}}},
            "/empty/leaf": {},
            "/pets": {
                "get": {
                    "operationId": "ListPets",
                    "parameters": [
                        {"name": "kind", "in": "query", "required": true, "schema": {"type": "string"}},
                        {"name": "X-Page", "in": "header", "schema": {"type": "string"}},
                    ],
                    "responses": {
                        "200": {"description": "200 response", "headers": {"X-Count": {"schema": {"type": "string"}}},
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pets"}}}},
                        "404": {"description": "404 response"},
                    },
                    "security": [{"token": ["read"]}, {"api_key": []}],
                    "x-amazon-apigateway-request-validator": "all",
                    "x-amazon-apigateway-integration": {
                        "type": "http", "httpMethod": "GET", "uri": "https://example.com/pets", "timeoutInMillis": 1000,
                        "connectionType": "VPC_LINK", "connectionId": "link01", "credentials": "arn:aws:iam::111111111111:role/r",
                        "requestParameters": {"integration.request.querystring.kind": "method.request.querystring.kind"},
                        "requestTemplates": {"application/json": "#set($a = 1)\n{\"a\": $a}"},
                        "passthroughBehavior": "never", "contentHandling": "CONVERT_TO_TEXT", "cacheNamespace": "shared",
                        "cacheKeyParameters": ["method.request.querystring.kind"], "tlsConfig": {"insecureSkipVerification": true},
                        "responseTransferMode": "BUFFERED",
                        "responses": {
                            "default": {"statusCode": "200", "responseParameters": {"method.response.header.X-Count": "'1'"}},
                            "4\\d{2}": {"statusCode": "404", "responseTemplates": {"application/json": "{}"}, "contentHandling": "CONVERT_TO_BINARY"},
                        },
                    },
                },
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}, "required": true},
                    "responses": {"200": {"description": "200 response"}},
                    "security": [{"sigv4": []}],
                    "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": function},
                },
            },
            "/pets/{id}": {"x-amazon-apigateway-any-method": {
                "responses": {}, "security": [{"pool": []}],
                "x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "ANY", "uri": "https://example.com/{id}",
                    "requestParameters": {"integration.request.path.id": "method.request.path.id"}}}},
            "/files/{proxy+}": {"get": {"responses": {}, "security": [{"request": []}],
                "x-amazon-apigateway-integration": {"type": "mock"}}},
        },
        "components": {
            "schemas": {
                "Pet": {"type": "object", "description": "A pet.", "properties": {"name": {"type": "string"}, "mother": {"$ref": "#/components/schemas/Pet"}}},
                "Pets": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}},
            },
            "securitySchemes": {
                "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
                "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
                "token": {"type": "apiKey", "name": "Auth", "in": "header", "x-amazon-apigateway-authtype": "oauth2",
                    "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": function, "authorizerResultTtlInSeconds": 60,
                        "identityValidationExpression": "^a", "authorizerCredentials": "arn:aws:iam::111111111111:role/r"}},
                "request": {"type": "apiKey", "name": "Unused", "in": "header", "x-amazon-apigateway-authtype": "custom",
                    "x-amazon-apigateway-authorizer": {"type": "request", "authorizerUri": function,
                        "identitySource": "method.request.header.A,method.request.querystring.b", "authorizerResultTtlInSeconds": 0}},
                "pool": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
                    "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools",
                        "providerARNs": ["arn:aws:cognito-idp:us-east-1:111111111111:userpool/p"]}},
            },
        },
        "x-amazon-apigateway-api-key-source": "AUTHORIZER",
        "x-amazon-apigateway-minimum-compression-size": 0,
        "x-amazon-apigateway-binary-media-types": ["image/png", "*/*"],
        "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": true, "validateRequestParameters": true}},
        "x-amazon-apigateway-gateway-responses": {
            "THROTTLED": {"statusCode": 429, "responseParameters": {"gatewayresponse.header.X": "'x'"}, "responseTemplates": {"text/plain": "no"}},
            "DEFAULT_5XX": {"responseTemplates": {}},
        },
        "x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}]},
        "x-amazon-apigateway-security-policy": "SecurityPolicy_TLS13_1_3_2025_09",
        "x-amazon-apigateway-endpoint-access-mode": "BASIC",
        "x-amazon-apigateway-documentation": {"version": "1", "documentationParts": [
            {"location": {"type": "API"}, "properties": {"info": {"description": "all of it"}}},
            {"location": {"type": "METHOD", "path": "/pets"}, "properties": {"summary": "Pets.", "x": 1}},
        ]},
    })
}

#[test]
fn everything_survives_an_export_and_an_import() {
    let before = tree(&rich());
    for dialect in [Dialect::OpenApi3, Dialect::Swagger2] {
        let after = again(&before, dialect);
        assert_eq!(difference(&essence(&before), &essence(&after), ""), None, "{dialect:?}");
    }
}

/// Every place in a value that can be taken away, as a JSON pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, inner)| (name.replace('~', "~0").replace('/', "~1"), inner)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(n, inner)| (n.to_string(), inner)).collect(),
        _ => Vec::new(),
    };
    for (name, inner) in inner {
        let here = format!("{at}/{name}");
        places(inner, &here, found);
        found.push(here);
    }
}

fn without(mut value: Value, place: &str) -> Value {
    let Some((above, name)) = place.rsplit_once('/') else { return value };
    match value.pointer_mut(above) {
        Some(Value::Object(members)) => drop(members.shift_remove(&name.replace("~1", "/").replace("~0", "~"))),
        Some(Value::Array(items)) if name.parse().is_ok_and(|n: usize| n < items.len()) => drop(items.remove(name.parse().unwrap())),
        _ => {}
    }
    value
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is taken from a definition that uses everything: what an import can make of the rest, survives.
    #[test]
    fn every_part_of_everything_survives_an_export_and_an_import(chosen in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let mut document = rich();
        for index in chosen {
            let mut found = Vec::new();
            places(&document, "", &mut found);
            document = without(document, &found[index.index(found.len())]);
        }
        // What is left may be no definition, or one that is refused: then there is nothing to survive.
        if crate::import_export::Definition::read(&document.to_string()).is_err() {
            return Ok(());
        }
        let Ok(taken) = planned(&document.to_string(), false) else { return Ok(()) };
        let before = versioned(taken.tree);
        for dialect in [Dialect::OpenApi3, Dialect::Swagger2] {
            prop_assert_eq!(difference(&essence(&before), &essence(&versioned(again(&before, dialect))), ""), None, "{:?}", dialect);
        }
    }
}

/// Seen: observed/export.json (TEST_IMPORT_PETS).
#[test]
fn an_export_is_the_recorded_one() {
    let integration = |uri: &str| json!({"responses": {"default": {"statusCode": "200"}}, "uri": uri, "passthroughBehavior": "when_no_match", "httpMethod": "GET", "type": "http"});
    let mut by_id = integration("http://petstore-demo-endpoint.execute-api.com/petstore/pets/{id}");
    by_id["requestParameters"] = json!({"integration.request.path.id": "method.request.path.petId"});
    let all = integration("http://petstore-demo-endpoint.execute-api.com/petstore/pets");
    let before = tree(&json!({
        "swagger": "2.0", "info": {"title": "Simple PetStore (Swagger)", "version": "1.0.0"}, "schemes": ["https"],
        "x-amazon-apigateway-binary-media-types": ["image/png", "image/jpg"],
        "paths": {
            "/pets": {"get": {"responses": {"200": {"description": "200 response"}}, "x-amazon-apigateway-integration": all}},
            "/pets/{petId}": {"get": {
                "parameters": [{"name": "petId", "in": "path", "required": true, "type": "string"}],
                "responses": {"200": {"description": "200 response"}}, "x-amazon-apigateway-integration": by_id}},
        },
    }));
    let responses = json!({"200": {"description": "200 response", "content": {}}});
    let parameters = json!([{"name": "petId", "in": "path", "required": true, "schema": {"type": "string"}}]);
    let mut expected = json!({
        "openapi": "3.0.1",
        "info": {"title": "Simple PetStore (Swagger)", "version": "1.0.0"},
        "servers": [{"url": "https://a1.execute-api.us-east-1.amazonaws.com/{basePath}", "variables": {"basePath": {"default": "local"}}}],
        "paths": {"/pets": {"get": {"responses": responses}}, "/pets/{petId}": {"get": {"parameters": parameters, "responses": responses}}},
        "components": {},
    });
    assert_eq!(export(&before, &wanted(Dialect::OpenApi3, "")), expected);
    expected["paths"]["/pets"]["get"]["x-amazon-apigateway-integration"] = all;
    expected["paths"]["/pets/{petId}"]["get"]["x-amazon-apigateway-integration"] = by_id;
    expected["x-amazon-apigateway-binary-media-types"] = json!(["image/png", "image/jpg"]);
    assert_eq!(export(&before, &wanted(Dialect::OpenApi3, "apigateway")), expected);
}

/// Seen: rest-api-deploy.md §8.4.
#[test]
fn swagger_says_it_its_own_way() {
    let document = export(&tree(&rich()), &wanted(Dialect::Swagger2, ""));
    assert_eq!(document["swagger"], "2.0");
    assert_eq!((&document["host"], &document["basePath"]), (&json!("a1.execute-api.us-east-1.amazonaws.com"), &json!("/local")));
    assert_eq!(document["schemes"], json!(["https"]));
    let get = &document["paths"]["/pets"]["get"];
    assert_eq!(get["produces"], json!(["application/json"]));
    assert_eq!(get.get("consumes"), None);
    assert_eq!(
        get["parameters"],
        json!([
            {"name": "X-Page", "in": "header", "required": false, "type": "string"},
            {"name": "kind", "in": "query", "required": true, "type": "string"},
        ])
    );
    assert_eq!(
        get["responses"]["200"],
        json!({"description": "200 response", "schema": {"$ref": "#/definitions/Pets"}, "headers": {"X-Count": {"type": "string"}}})
    );
    let post = &document["paths"]["/pets"]["post"];
    assert_eq!(post["consumes"], json!(["application/json"]));
    assert_eq!(post["parameters"], json!([{"in": "body", "name": "Pet", "required": true, "schema": {"$ref": "#/definitions/Pet"}}]));
    assert_eq!(document["definitions"]["Pets"]["items"], json!({"$ref": "#/definitions/Pet"}));
    // Without extensions nobody learns what is behind it.
    let said = document.to_string();
    for word in ["x-amazon-apigateway-integration", "x-amazon-apigateway-authorizer", "x-amazon-apigateway-policy", "lambda", "example.com"]
    {
        assert!(!said.contains(word), "{word}");
    }
}

#[test]
fn each_word_brings_its_extension_and_no_other() {
    let before = tree(&rich());
    let has = |words: &str| {
        let said = export(&before, &wanted(Dialect::OpenApi3, words)).to_string();
        ["x-amazon-apigateway-integration\"", "x-amazon-apigateway-authorizer\"", "x-amazon-apigateway-policy\""]
            .map(|word| said.contains(word))
    };
    assert_eq!(has(""), [false, false, false]);
    assert_eq!(has("postman"), [false, false, false]);
    assert_eq!(has("integrations"), [true, false, true]);
    assert_eq!(has("authorizers"), [false, true, false]);
    assert_eq!(has("apigateway"), [true, true, true]);
    assert_eq!(Extensions::named("integrations, nonsense"), None);
}

/// Seen: rest-api-deploy.md §8.8.
#[test]
fn what_is_written_of_an_api_has_its_places() {
    let mut document = rich();
    document["x-amazon-apigateway-documentation"]["documentationParts"] = json!([
        {"location": {"type": "API"}, "properties": {"info": {"description": "From the documentation.", "contact": {"name": "me"}}}},
        {"location": {"type": "METHOD"}, "properties": {"description": "Any method."}},
        {"location": {"type": "METHOD", "path": "/pets", "method": "GET"}, "properties": {"summary": "Lists.", "tags": ["pets"]}},
        {"location": {"type": "QUERY_PARAMETER", "path": "/pets", "name": "kind"}, "properties": {"description": "Which kind."}},
        {"location": {"type": "RESPONSE", "statusCode": "200"}, "properties": {"description": "It went well."}},
        {"location": {"type": "RESPONSE_HEADER", "name": "X-Count"}, "properties": {"description": "How many."}},
        {"location": {"type": "REQUEST_BODY", "path": "/pets"}, "properties": {"description": "A pet."}},
    ]);
    let before = tree(&document);
    let documented = Documented { version: "7".into(), created: "2026-11-22T12:00:00Z".into(), parts: before.documentation.clone() };
    let with = |words: &str| export(&before, &Wanted { documented: Some(documented.clone()), ..wanted(Dialect::OpenApi3, words) });
    let said = with("documentation");
    assert_eq!(said["info"]["description"], "From the documentation.");
    assert_eq!(said["info"]["contact"], json!({"name": "me"}));
    let get = &said["paths"]["/pets"]["get"];
    assert_eq!((&get["summary"], &get["tags"], get.get("description")), (&json!("Lists."), &json!(["pets"]), None));
    assert_eq!(said["paths"]["/"]["get"]["description"], "Any method.");
    let kind = get["parameters"].as_array().unwrap().iter().find(|parameter| parameter["name"] == "kind").unwrap();
    assert_eq!(kind["description"], "Which kind.");
    assert_eq!(get["responses"]["200"]["description"], "It went well.");
    assert_eq!(get["responses"]["404"]["description"], "404 response");
    assert_eq!(get["responses"]["200"]["headers"]["X-Count"]["description"], "How many.");
    assert_eq!(said["paths"]["/pets"]["post"]["requestBody"]["description"], "A pet.");
    let extension = &said["x-amazon-apigateway-documentation"];
    assert_eq!((&extension["version"], extension["documentationParts"].as_array().unwrap().len()), (&json!("7"), 7));
    let silent = with("integrations");
    assert_eq!(silent.get("x-amazon-apigateway-documentation"), None);
    assert_eq!(silent["info"]["description"], "all of it");
}

/// Real definitions, where `CARDEA_CORPORA` says they are: what an import made of one, an export and an import make again.
#[test]
fn real_definitions_survive_an_export_and_an_import() {
    let Some(corpora) = std::env::var_os("CARDEA_CORPORA") else { return };
    let folder = Path::new(&corpora).join("oracles/openapi");
    let (mut held, mut lost) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        if name == "manifest.json" {
            continue;
        }
        let Ok(Ok(planned)) = crate::import_export::Definition::read(&text).map(|_| planned(&text, false)) else { continue };
        let before = versioned(planned.tree);
        for dialect in [Dialect::OpenApi3, Dialect::Swagger2] {
            match difference(&essence(&before), &essence(&versioned(again(&before, dialect))), "") {
                None => held += 1,
                Some(difference) => lost.push(format!("{name} {dialect:?} {}", difference.chars().take(400).collect::<String>())),
            }
        }
    }
    println!("{held} hold");
    assert!(held > 0 && lost.is_empty(), "{held} hold, but\n{}", lost.join("\n"));
}
