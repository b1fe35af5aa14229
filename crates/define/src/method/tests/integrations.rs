use super::*;

const AT: &str = "GET/integration";

fn plot() -> Plot {
    Plot::with(
        "GET",
        json!({"authorizationType": "NONE", "requestParameters": {"method.request.header.a": false, "method.request.path.id": true}}),
    )
}

/// Seen: observed/integrations-crud.json, methods.json.
#[test]
fn each_type_shows_its_own_defaults() {
    let plot = plot();
    let put = |body: Value| plot.ok("PUT", AT, body);
    let mock = json!({"type": "MOCK", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}, "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000, "cacheNamespace": plot.root, "cacheKeyParameters": []});
    assert_eq!(put(json!({"type": "MOCK", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}})), mock);
    assert_eq!(plot.ok("GET", AT, Value::Null), mock);
    let http = json!({"type": "HTTP", "uri": "http://example.com/post", "httpMethod": "POST", "connectionType": "INTERNET",
        "passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29000, "cacheNamespace": plot.root, "cacheKeyParameters": []});
    assert_eq!(put(json!({"type": "HTTP", "uri": "http://example.com/post", "httpMethod": "POST", "credentials": ""})), http);
    let function =
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:111111111111:function:f/invocations";
    let proxy = json!({"type": "AWS_PROXY", "uri": function, "httpMethod": "POST", "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000, "cacheNamespace": plot.root, "cacheKeyParameters": []});
    assert_eq!(put(json!({"type": "AWS_PROXY", "uri": function, "httpMethod": "POST"})), proxy);
    assert_eq!(put(json!({"type": "AWS_PROXY", "uri": function, "httpMethod": "POST", "connectionType": "INTERNET"})), proxy);
    assert_eq!(plot.ok("GET", "GET", Value::Null)["methodIntegration"], proxy);
    let rich = json!({"type": "HTTP_PROXY", "uri": "https://example.com", "httpMethod": "ANY", "connectionType": "INTERNET",
        "credentials": "arn:aws:iam::111111111111:role/r", "requestParameters": {"integration.request.header.b": "method.request.header.a"},
        "requestTemplates": {"text/plain": null}, "passthroughBehavior": "NEVER", "contentHandling": "CONVERT_TO_TEXT", "timeoutInMillis": 50,
        "cacheNamespace": "shared", "cacheKeyParameters": ["method.request.header.a"], "tlsConfig": {"insecureSkipVerification": true},
        "responseTransferMode": "STREAM", "integrationTarget": "arn:aws:elasticloadbalancing:x"});
    assert_eq!(put(rich.clone()), rich);
}

/// Seen: observed/integrations-crud.json, methods.json. The type is looked at before the method is looked for.
#[test]
fn a_wrong_type_or_a_value_that_is_no_text_comes_before_all_else() {
    let plot = Plot::new();
    let text = "1 validation error detected: Value 'HTTPS_PROXY' at 'putIntegrationInput.type' failed to satisfy constraint: Member must \
                satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]";
    assert_eq!(plot.no("PUT", AT, json!({"type": "HTTPS_PROXY"})), (400, text.into()));
    let flag = "class java.lang.Boolean can not be converted to an String";
    assert_eq!(plot.no("PUT", AT, json!({"type": "HTTP_PROXY", "requestParameters": {"true": true}})), (400, flag.into()));
    let parameters = json!({"integration.request.path.testPath": true});
    assert_eq!(plot.no("PUT", AT, json!({"type": "HTTP_PROXY", "requestParameters": parameters})), (400, flag.into()));
    let absent =
        "1 validation error detected: Value null at 'putIntegrationInput.type' failed to satisfy constraint: Member must not be null";
    assert_eq!(plot.no("PUT", AT, json!({})), (400, absent.into()));
}

/// Seen: rest-api-control-plane.md §1.11.
#[test]
fn an_http_back_end_needs_a_verb_and_an_address() {
    let plot = plot();
    let no = |body: Value| plot.no("PUT", AT, body);
    for kind in ["HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY"] {
        assert_eq!(no(json!({"type": kind, "uri": "http://a"})), (400, "Enumeration value for HttpMethod must be non-empty".into()));
    }
    assert_eq!(no(json!({"type": "HTTP", "uri": "http://a", "httpMethod": "FETCH"})).0, 400);
    let with = |uri: &str| json!({"type": "HTTP_PROXY", "httpMethod": "GET", "uri": uri});
    for uri in [
        "",
        "example.com",
        "ftp://a",
        "http://",
        "https:///x",
        "http://a b",
        "${stageVariables.scheme}://a",
        "http://a:99999/",
        "http://a:x",
    ] {
        assert_eq!(no(with(uri)), (400, "Invalid HTTP endpoint specified for URI".into()), "{uri}");
    }
    for uri in [
        "http://a",
        "HTTPS://a.b/{id}?x=1",
        "https://${stageVariables.host}",
        "http://${stageVariables.host}:${stageVariables.port}/x",
        "http://127.0.0.1:81/",
        "http://[::1]:8080/a",
        "http://[::1]/a",
    ] {
        plot.ok("PUT", AT, with(uri));
    }
    let link = json!({"type": "HTTP_PROXY", "httpMethod": "GET", "uri": "http://a", "connectionType": "VPC_LINK"});
    assert_eq!(no(link.clone()).0, 400);
    let mut link = link;
    link["connectionId"] = json!("${stageVariables.vpcLinkId}");
    assert_eq!(plot.ok("PUT", AT, link)["connectionType"], "VPC_LINK");
    // Seen: observed/integrations-crud.json.
    let beta = json!([{"op": "replace", "path": "/connectionId", "value": "${stageVariables.vpcLinkIdBeta}"}]);
    assert_eq!(plot.patch(AT, beta)["connectionId"], "${stageVariables.vpcLinkIdBeta}");
}

/// Seen: rest-api-control-plane.md §1.11, observed/aws-integrations.json.
#[test]
fn an_aws_back_end_is_an_arn_of_this_service() {
    let plot = plot();
    let with =
        |kind: &str, uri: &str| json!({"type": kind, "httpMethod": "POST", "uri": uri, "credentials": "arn:aws:iam::111111111111:role/r"});
    let no = |kind: &str, uri: &str| plot.no("PUT", AT, with(kind, uri)).1;
    for uri in
        ["", "http://a", "arn:aws:lambda:us-east-1:1:function:f", "arn:aws:apigateway:us-east-1:lambda", "arn:aws:apigateway::s3:path/x"]
    {
        assert_eq!(no("AWS", uri), "Invalid ARN specified in the request", "{uri}");
    }
    for what in ["x/y", "path", "invoke"] {
        assert_eq!(no("AWS", &format!("arn:aws:apigateway:us-east-1:s3:{what}")), "AWS ARN for integration must contain path or action");
    }
    let only = "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.";
    let query = "arn:aws:apigateway:us-east-1:dynamodb:action/Query";
    assert_eq!(no("AWS_PROXY", query), only);
    let bare = json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": query});
    assert_eq!(plot.no("PUT", AT, bare).1, only);
    plot.ok("PUT", AT, with("AWS_PROXY", "arn:aws:apigateway:us-east-1:firehose:action/PutRecord"));
    plot.ok("PUT", AT, with("AWS", query));
    plot.ok("PUT", AT, with("AWS", "arn:aws:apigateway:us-east-1:bucket.s3:path/{id}"));
    let role = "Role ARN must be specified for AWS integrations";
    assert_eq!(plot.no("PUT", AT, json!({"type": "AWS", "httpMethod": "POST", "uri": query})), (400, role.into()));
    let function = |rest: &str| format!("arn:aws:apigateway:us-east-1:lambda:path/{rest}");
    let arn = "arn:aws:lambda:us-east-1:111111111111:function:f";
    for good in [
        format!("2015-03-31/functions/{arn}/invocations"),
        format!("/2015-03-31/functions/{arn}:${{stageVariables.a}}/invocations"),
        "2015-03-31/functions/${stageVariables.f}/invocations".into(),
        format!("2021-11-15/functions/{arn}/response-streaming-invocations"),
    ] {
        plot.ok("PUT", AT, json!({"type": "AWS", "httpMethod": "POST", "uri": function(&good)}));
    }
    for bad in ["2015-03-31/functions/f/invocations".into(), format!("2015-03-31/functions/{arn}"), "x".into()] {
        assert_eq!(no("AWS_PROXY", &function(&bad)), "Invalid function ARN or invalid uri", "{bad}");
    }
    // What invokes nothing is asked of the Lambda service as of any other.
    let list = function("2015-03-31/functions?MaxItems=1");
    plot.ok("PUT", AT, with("AWS", &list));
    assert_eq!(plot.no("PUT", AT, json!({"type": "AWS", "httpMethod": "GET", "uri": list})), (400, role.into()));
    assert_eq!(no("AWS", &function("2015-03-31/functions/f/invocations")), "Invalid function ARN or invalid uri");
}

/// Seen: rest-api-control-plane.md §1.11; a role of elsewhere, and longer than 29 seconds, are ours to allow.
#[test]
fn awss_bounds_hold_where_aws_is_copied() {
    let foreign = json!({"type": "AWS", "httpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:s3:path/x", "credentials": "arn:aws:iam::222222222222:role/r"});
    let with = |ms: i64| json!({"type": "MOCK", "timeoutInMillis": ms});
    let strict = Plot::on(base::testing::Bench::strict(crate::OPERATIONS));
    strict.ok("PUT", "GET", json!({"authorizationType": "NONE"}));
    assert_eq!(strict.no("PUT", AT, foreign.clone()), (403, "Cross-account pass role is not allowed.".into()));
    let text = "Timeout should be between 50 ms and 29000 ms";
    for ms in [49, 29_001, -1, 5_000_000_000] {
        assert_eq!(strict.no("PUT", AT, with(ms)), (400, text.into()));
    }
    assert_eq!(strict.ok("PUT", AT, with(29_000))["timeoutInMillis"], 29_000);
    assert_eq!(strict.no("PUT", AT, json!({"type": "HTTP", "httpMethod": "GET", "uri": "http://a:81"})).0, 400);
    strict.ok("PUT", AT, json!({"type": "HTTP", "httpMethod": "GET", "uri": "http://a:8081"}));
    let free = plot();
    free.ok("PUT", AT, foreign);
    // The longest time is a quota on AWS and a setting here, with AWS's default.
    assert_eq!(free.no("PUT", AT, with(29_001)), (400, text.into()));
    assert_eq!(free.no("PUT", AT, with(49)), (400, text.into()));
}

/// Seen: rest-api-control-plane.md §1.11.
#[test]
fn a_mapping_may_only_use_what_the_method_declares() {
    let plot = plot();
    let with = |name: &str, value: &str| json!({"type": "MOCK", "requestParameters": { name: value }});
    for value in [
        "method.request.header.a",
        "method.request.multivalueheader.a",
        "method.request.path.id",
        "method.request.body",
        "method.request.body.user.name",
        "'static'",
        "context.requestId",
        "stageVariables.v",
    ] {
        plot.ok("PUT", AT, with("integration.request.querystring.x", value));
    }
    let wrong = |what: &str| (400, format!("Invalid mapping expression specified: Validation Result: warnings : [], errors : [{what}]"));
    let undeclared = wrong("Invalid mapping expression parameter specified: method.request.querystring.x");
    assert_eq!(plot.no("PUT", AT, with("integration.request.path.x", "method.request.querystring.x")), undeclared);
    assert_eq!(plot.no("PUT", AT, with("x", "'a'")), wrong("Invalid mapping expression specified: x"));
    assert_eq!(plot.no("PUT", AT, with("integration.request.header.x", "a")), wrong("Invalid mapping expression specified: a"));
    assert_eq!(plot.no("PUT", AT, with("integration.request.header.x", "method.request.bodies")).0, 400);
}

/// Seen: rest-api-control-plane.md §1.11, observed/mapping-templates.json.
#[test]
fn an_integration_is_patched_row_by_row() {
    let plot = plot();
    plot.ok("PUT", AT, json!({"type": "HTTP", "httpMethod": "GET", "uri": "http://a"}));
    let one = |op: &str, path: &str, value: &str| plot.patch(AT, json!([{"op": op, "path": path, "value": value}]));
    let set = |path: &str, value: &str| one("replace", path, value);
    assert_eq!(set("/cacheNamespace", "n")["cacheNamespace"], "n");
    assert_eq!(set("/contentHandling", "CONVERT_TO_BINARY")["contentHandling"], "CONVERT_TO_BINARY");
    assert_eq!(set("/credentials", "arn:aws:iam::1:role/r")["credentials"], "arn:aws:iam::1:role/r");
    assert_eq!(set("/credentials", "").get("credentials"), None);
    assert_eq!(set("/httpMethod", "POST")["httpMethod"], "POST");
    assert_eq!(set("/integrationTarget", "arn:x")["integrationTarget"], "arn:x");
    assert_eq!(set("/passthroughBehavior", "NEVER")["passthroughBehavior"], "NEVER");
    assert_eq!(set("/responseTransferMode", "STREAM")["responseTransferMode"], "STREAM");
    assert_eq!(set("/timeoutInMillis", "1000")["timeoutInMillis"], 1000);
    assert_eq!(set("/tlsConfig/insecureSkipVerification", "true")["tlsConfig"], json!({"insecureSkipVerification": true}));
    assert_eq!(set("/uri", "https://b/{id}")["uri"], "https://b/{id}");
    let link = json!([{"op": "replace", "path": "/connectionType", "value": "VPC_LINK"}, {"op": "replace", "path": "/connectionId", "value": "l"}]);
    assert_eq!(plot.patch(AT, link)["connectionType"], "VPC_LINK");
    let header = "/requestParameters/integration.request.header.b";
    assert_eq!(one("add", header, "'1'")["requestParameters"], json!({"integration.request.header.b": "'1'"}));
    assert_eq!(one("replace", header, "'2'")["requestParameters"], json!({"integration.request.header.b": "'2'"}));
    assert_eq!(one("remove", header, "").get("requestParameters"), None);
    let template = "/requestTemplates/application~1json";
    assert_eq!(
        one("add", template, "{\"data\": \"$input.body\"}")["requestTemplates"],
        json!({"application/json": "{\"data\": \"$input.body\"}"})
    );
    assert_eq!(one("replace", template, "")["requestTemplates"], json!({"application/json": null}));
    assert_eq!(one("remove", template, "").get("requestTemplates"), None);
    let key = "/cacheKeyParameters/method.request.header.a";
    assert_eq!(one("add", key, "")["cacheKeyParameters"], json!(["method.request.header.a"]));
    assert_eq!(one("replace", key, "method.request.path.id")["cacheKeyParameters"], json!(["method.request.path.id"]));
    assert_eq!(one("remove", "/cacheKeyParameters/method.request.path.id", "")["cacheKeyParameters"], json!([]));

    let no = |op: &str, path: &str, value: &str| plot.unpatched(AT, op, path, value);
    assert_eq!(no("replace", "/type", "MOCK").1, "Invalid patch path /type");
    assert_eq!(no("add", "/uri", "http://b").1, "Invalid patch operation specified. Must be one of: [replace]");
    assert_eq!(no("replace", "/uri", "ftp://b").1, "Invalid HTTP endpoint specified for URI");
    assert_eq!(no("replace", "/httpMethod", "").1, "Enumeration value for HttpMethod must be non-empty");
    for (path, value) in [
        ("/timeoutInMillis", "soon"),
        ("/timeoutInMillis", "1"),
        ("/timeoutInMillis", "-1"),
        ("/passthroughBehavior", "SOMETIMES"),
        ("/connectionType", "PIGEON"),
        ("/contentHandling", "x"),
        ("/responseTransferMode", "x"),
        ("/connectionId", ""),
    ] {
        assert_eq!(no("replace", path, value).0, 400, "{path}");
    }
    for op in ["replace", "remove"] {
        assert_eq!(no(op, header, "'1'").0, 404);
        assert_eq!(no(op, template, "x").0, 404);
        assert_eq!(no(op, key, "x").0, 404);
    }
    plot.ok("PUT", AT, json!({"type": "MOCK"}));
    assert_eq!(no("replace", "/uri", "http://b").1, "Invalid patch path /uri");
    assert_eq!(no("replace", "/httpMethod", "GET").1, "Invalid patch path /httpMethod");
}

/// Assumed: rest-api-control-plane.md §1.11.
#[test]
fn putting_an_integration_again_forgets_its_responses() {
    let plot = Plot::mock();
    plot.ok("PUT", "GET/integration/responses/200", json!({}));
    assert_eq!(plot.ok("PUT", AT, json!({"type": "MOCK"})).get("integrationResponses"), None);
    assert_eq!(plot.bench.call("DELETE", &plot.at(AT), Value::Null), (204, Value::Null));
    assert_eq!(plot.no("GET", AT, Value::Null), (404, "Invalid Integration identifier specified".into()));
    assert_eq!(plot.ok("GET", "GET", Value::Null).get("methodIntegration"), None);
}

/// What imports rely on.
#[test]
fn an_integration_can_be_checked_with_its_responses() {
    use crate::method::integration_check::{Rules, check_whole, fresh};
    use crate::method::record::Method;
    use deliver::integration::record::{IntegrationResponse, IntegrationType};
    let method: Method = serde_json::from_value(json!({"api": "a", "resource": "r", "verb": "GET", "authorization_type": "NONE",
        "api_key_required": false}))
    .unwrap();
    let rules = Rules { strict: true, account: "111111111111".into(), timeout_ms_max: 29_000 };
    let with = |template: &str| {
        let templates = [(template.to_owned(), None)].into();
        let response = IntegrationResponse { status_code: "200".into(), response_templates: Some(templates), ..Default::default() };
        let mut integration = fresh(IntegrationType::Mock, "r");
        integration.responses.insert("200".into(), response);
        check_whole(&method, integration, &rules)
    };
    assert_eq!(with("text/plain").unwrap().cache_namespace, "r");
    assert!(with("123").is_err());
}

/// Assumed: rest-api-control-plane.md §1.19 says that such a link cannot be deleted, not in which words.
#[test]
fn a_vpc_link_that_an_integration_goes_over_cannot_be_deleted() {
    let plot = plot();
    let stored = json!({"id": "link01", "name": "n", "target_arns": []});
    plot.bench.store(&serde_json::from_value::<deliver::vpc_link::record::VpcLink>(stored).unwrap());
    let over = json!({"type": "HTTP_PROXY", "uri": "http://example.com", "httpMethod": "GET", "connectionType": "VPC_LINK",
        "connectionId": "link01"});
    plot.ok("PUT", AT, over);
    assert_eq!(plot.bench.no("DELETE", "/vpclinks/link01", Value::Null).0, 400);
    plot.ok("DELETE", AT, Value::Null);
    assert_eq!(plot.bench.call("DELETE", "/vpclinks/link01", Value::Null), (202, Value::Null));
    assert_eq!(plot.bench.no("DELETE", "/vpclinks/link01", Value::Null), (404, "Invalid Vpc Link identifier specified".into()));
}
