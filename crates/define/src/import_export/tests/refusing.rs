//! What is refused, in which words, and that nothing is left behind.

use super::*;
use crate::import_export::{Severity, check};
use serde_json::json;

fn with(more: Value) -> String {
    let mut document = json!({"openapi": "3.0.1", "info": {"title": "t"}});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document.to_string()
}

fn integration(integration: Value) -> String {
    with(json!({"paths": {"/{proxy+}": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": integration}}}}))
}

/// Seen: observed/import.json has no refusal; the text is the atlas's (rest-api-deploy.md §8.5).
#[test]
fn what_cannot_be_read_is_invalid_input_and_the_place_is_for_the_operator() {
    let world = World::new();
    for text in ["", "{", "nonsense", "[]", "{}", "a: [", "{\"swagger\": \"1.2\"}", "{\"openapi\": \"4.0.0\"}", "{\"openapi\": {}}"] {
        assert_eq!(world.refused("", text), "Invalid OpenAPI input.", "{text}");
    }
    let problems = check("openapi: 3.0.1\npaths:\n  /a: [}\n");
    assert_eq!((problems.len(), problems[0].severity, problems[0].at.line), (1, Severity::Error, 3));
    assert_eq!(check("{}")[0].to_string(), "line 1, column 1: error: neither 'swagger: \"2.0\"' nor 'openapi: 3.x' is said at the root");
}

#[test]
fn bytes_that_are_no_text_are_invalid_input_too() {
    let answer = Bench::new(crate::OPERATIONS).send("POST", "/restapis?mode=import", vec![0xff, 0xfe]);
    assert_eq!((answer.status, answer.body), (400, br#"{"message":"Invalid OpenAPI input."}"#.to_vec()));
}

#[test]
fn all_that_is_wrong_is_told_at_once_in_awss_words() {
    let world = World::new();
    let bad = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/invocations";
    assert_eq!(
        world.refused("", integration(json!({"type": "aws_proxy", "httpMethod": "POST", "uri": bad}))),
        "Errors found during import:\n\tUnable to put integration on 'ANY' for resource at path '/{proxy+}': \
         Invalid function ARN or invalid uri"
    );
    let document = with(json!({"paths": {
        "/a": {"get": {"x-amazon-apigateway-integration": {"type": "http", "uri": "ftp://x"}}},
        "/b": {"get": {"x-amazon-apigateway-integration": {"type": "soap"}}, "put": {"x-amazon-apigateway-integration": {}}},
        "/c": {"get": {"x-amazon-apigateway-integration": {"type": "mock", "timeoutInMillis": 49, "passthroughBehavior": "maybe"}}},
        "/d": {"get": {"x-amazon-apigateway-request-validator": "none"}},
    }}));
    assert_eq!(
        world.refused("", document).lines().collect::<Vec<_>>(),
        [
            "Errors found during import:",
            "\tUnable to put integration on 'GET' for resource at path '/a': Enumeration value for HttpMethod must be non-empty",
            "\tUnable to put integration on 'GET' for resource at path '/a': Invalid HTTP endpoint specified for URI",
            "\tUnable to put integration on 'GET' for resource at path '/b': Invalid integration type 'soap'. Must be one of: \
             [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]",
            "\tUnable to put integration on 'PUT' for resource at path '/b': Enumeration value for type must be non-empty",
            "\tUnable to put integration on 'GET' for resource at path '/c': Invalid passthrough behavior specified. Valid options are \
             WHEN_NO_MATCH,WHEN_NO_TEMPLATES,NEVER",
            "\tUnable to put integration on 'GET' for resource at path '/c': Timeout should be between 50 ms and 900000 ms",
            "\tUnable to put method 'GET' on resource at path '/d': Invalid Request Validator 'none' specified",
        ]
    );
}

#[test]
fn addresses_are_judged_by_their_type() {
    let world = World::new();
    let function = "arn:aws:apigateway:r:lambda:path/2015-03-31/functions";
    for (kind, uri, says) in [
        ("aws", "arn:aws:sqs:r:1:q".to_owned(), "Invalid ARN specified in the request"),
        ("aws", "arn:aws:apigateway:r:sqs:SendMessage".to_owned(), "AWS ARN for integration must contain path or action"),
        (
            "aws_proxy",
            "arn:aws:apigateway:r:sqs:path/q".to_owned(),
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
        ),
        ("aws_proxy", format!("{function}/not:an:arn/invocations"), "Invalid function ARN or invalid uri"),
        ("aws_proxy", format!("{function}/nonsense/invocations"), "Invalid function ARN or invalid uri"),
        ("http_proxy", "example.com".to_owned(), "Invalid HTTP endpoint specified for URI"),
        ("http", "https://".to_owned(), "Invalid HTTP endpoint specified for URI"),
    ] {
        let told = world.refused("", integration(json!({"type": kind, "httpMethod": "GET", "credentials": "r", "uri": uri})));
        assert_eq!(told.rsplit("': ").next(), Some(says), "{uri}");
    }
    for (kind, uri) in [
        ("aws", "arn:aws:apigateway:r:sqs:action/SendMessage".to_owned()),
        ("aws_proxy", format!("{function}/arn:aws:lambda:r:1:function:f:live/response-streaming-invocations")),
        ("aws_proxy", format!("{function}/${{stageVariables.f}}/invocations")),
        ("aws_proxy", "arn:aws:apigateway:r:firehose:action/PutRecord".to_owned()),
        ("http", "HTTPS://example.com".to_owned()),
    ] {
        let document = integration(json!({"type": kind, "httpMethod": "GET", "credentials": "r", "uri": uri}));
        assert_eq!(world.import(document).reply.get("warnings"), None, "{uri}");
    }
}

/// Seen for the text of requestParameters (rest-api-deploy.md §8.5).
#[test]
fn a_warning_is_part_of_the_answer_or_refuses_the_definition_if_that_is_wanted() {
    let world = World::new();
    let document = with(json!({"paths": {"/test": {"get": {"x-amazon-apigateway-integration": {
        "type": "mock", "requestParameters": {"integration.request.header.nothing": true, "integration.request.header.a": "'b'"},
    }}}}}));
    let warning = "Invalid format for 'requestParameters'. Expected type string for property 'integration.request.header.nothing' of \
                   resource '/test' and method 'GET' but got 'true'";
    let stored = world.import(&document);
    assert_eq!(stored.reply["warnings"], json!([warning]));
    let kept = stored.method("GET /test").integration.as_ref().unwrap().request_parameters.clone().unwrap();
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [("integration.request.header.a".to_owned(), "'b'".to_owned())]);
    assert_eq!(world.refused("&failonwarnings=true", &document), format!("Warnings found during import:\n\t{warning}"));
    world.import_with("&failonwarnings=false", &document);
}

#[test]
fn what_aws_refuses_but_another_reader_might_fill_in_is_a_warning() {
    let world = World::new();
    let says = |document: String| world.import(document).reply["warnings"][0].as_str().unwrap().to_owned();
    let at = "Unable to put integration on 'ANY' for resource at path '/{proxy+}': ";
    let one = |kind: &str, uri: &str| says(integration(json!({"type": kind, "httpMethod": "GET", "uri": uri})));
    assert_eq!(one("aws_proxy", "${module.uri}"), format!("{at}Invalid ARN specified in the request"));
    let unfilled = "arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations";
    assert_eq!(one("aws_proxy", unfilled), format!("{at}Invalid function ARN or invalid uri"));
    assert_eq!(one("http", "${host}/path"), format!("{at}Invalid HTTP endpoint specified for URI"));
    let mapped = json!({"type": "mock", "requestParameters": {"integration.request.header.a": "method.request.header.b"}});
    let invalid = "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter \
                   specified: ";
    assert_eq!(says(integration(mapped)), format!("{at}{invalid}method.request.header.b]"));
    let answered = json!({"type": "mock", "responses": {"default": {"statusCode": "200"}}});
    let response = "Unable to put integration response on 'ANY' for resource at path '/{proxy+}': ";
    assert_eq!(says(integration(answered)), format!("{response}Invalid Response status code specified"));
    assert_eq!(says(json!({"openapi": "3.0.1", "info": {}, "paths": {}}).to_string()), "Parse issue: attribute info.title is missing");
    let twice = "{\"openapi\": \"3.0.1\", \"info\": {\"title\": \"t\"}, \"paths\": {\"/a\": {}, \"/a\": {}}}";
    assert_eq!(says(twice.to_owned()), "The key '/a' is there more than once; the last one counts");
}

#[test]
fn resources_that_cannot_stand_together_are_refused() {
    let world = World::new();
    let paths = |paths: &[&str]| {
        with(json!({"paths": paths.iter().map(|path| ((*path).to_owned(), json!({}))).collect::<serde_json::Map<_, _>>()}))
    };
    for (document, says) in [
        (
            paths(&["/a/{b}/c", "/a/{d}"]),
            "Unable to create resource at path '/a/{d}': A sibling ({b}) of this resource already has a variable path part -- only one is allowed",
        ),
        (
            paths(&["/{p+}/x"]),
            "Unable to create resource at path '/{p+}/x': Cannot create a child of a resource with a greedy path variable: {p+}",
        ),
        (
            paths(&["/a{b}"]),
            "Unable to create resource at path '/a{b}': Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and \
             curly braces at the beginning and the end.",
        ),
    ] {
        assert_eq!(world.refused("", document), format!("Errors found during import:\n\t{says}"));
    }
    world.import(paths(&["/a/b", "/a/{b}", "/a/{b}/{c+}"]));
}

#[test]
fn settings_out_of_bounds_are_refused() {
    let world = World::new();
    for (more, says) in [
        (
            json!({"x-amazon-apigateway-minimum-compression-size": 10_485_761}),
            "Invalid minimum compression size, must be between 0 and 10485760",
        ),
        (
            json!({"x-amazon-apigateway-policy": {"Version": "2012-10-17"}}),
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
        ),
        (json!({"x-amazon-apigateway-api-key-source": "COOKIE"}), "Invalid api key source 'COOKIE'. Must be one of: [HEADER, AUTHORIZER]"),
        (json!({"x-amazon-apigateway-gateway-responses": {"TEAPOT": {}}}), "Invalid gateway response type specified: TEAPOT"),
        (
            json!({"components": {"schemas": {"a-b": {}, "ab": {}}}}),
            "Unable to create model for 'ab': Model name already exists for this REST API",
        ),
        (json!({"components": {"schemas": {"-": {}}}}), "Unable to create model for '-': Model name must be non-empty"),
    ] {
        assert_eq!(world.refused("", with(more)), format!("Errors found during import:\n\t{says}"));
    }
    assert_eq!(
        world.refused("&endpointConfigurationTypes=EDGE,REGIONAL", with(json!({}))),
        "Cannot create an api with multiple Endpoint Types."
    );
    assert!(world.refused("&endpointConfigurationTypes=MOON", with(json!({}))).starts_with("Invalid EndpointTypes specified."));
    assert!(world.refused("&basepath=keep", with(json!({}))).starts_with("Invalid basepath specified."));
}

#[test]
fn a_refused_put_leaves_the_api_as_it_was() {
    let world = World::new();
    let stored = world.import(with(json!({"paths": {"/a": {"get": {}}}})));
    let before = serde_json::to_string(&stored.tree).unwrap();
    let bad = with(json!({"paths": {"/b": {"get": {}}, "/c{": {}}}));
    let (status, _) = world.send("PUT", &format!("/restapis/{}?mode=overwrite", stored.id()), &bad);
    assert_eq!(status, 400);
    assert_eq!(serde_json::to_string(&world.tree(stored.id()).unwrap()).unwrap(), before);
}

#[test]
fn an_unknown_api_and_an_unknown_mode_are_refused() {
    let world = World::new();
    let (status, reply) = world.send("PUT", "/restapis/nosuchapi1", &with(json!({})));
    assert_eq!((status, &reply["message"]), (404, &json!("Invalid API identifier specified 111111111111:nosuchapi1")));
    let (status, reply) = world.send("PUT", "/restapis/nosuchapi1?mode=mix", &with(json!({})));
    let says = "1 validation error detected: Value 'mix' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: \
                [merge, overwrite]";
    assert_eq!((status, &reply["message"]), (400, &json!(says)));
}

#[test]
fn under_aws_strict_its_refusals_are_ours() {
    let refused = |document: String| planned(&document, true).unwrap_err().into_iter().map(|problem| problem.text).collect::<Vec<_>>();
    let at = "Unable to put integration on 'ANY' for resource at path '/{proxy+}': ";
    let unfilled = json!({"type": "aws_proxy", "httpMethod": "POST", "uri": "${module.uri}"});
    assert_eq!(refused(integration(unfilled)), [format!("{at}Invalid ARN specified in the request")]);
    let slow = |ms: u32| integration(json!({"type": "mock", "timeoutInMillis": ms}));
    assert_eq!(refused(slow(29_001)), [format!("{at}Timeout should be between 50 ms and 29000 ms")]);
    assert!(planned(&slow(29_000), true).is_ok() && planned(&slow(29_001), false).is_ok());
    assert_eq!(refused(json!({"openapi": "3.0.1", "info": {}}).to_string()), ["Parse issue: attribute info.title is missing"]);
}
