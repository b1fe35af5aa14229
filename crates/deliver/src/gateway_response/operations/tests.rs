use crate::gateway_response::kinds::{PRINTED, STATUSES, TEMPLATE};
use base::store::{Address, Row, kind};
use base::testing::Bench;
use serde_json::{Value, json};

const AT: &str = "/restapis/api/gatewayresponses";

/// With an API of which only the address matters here.
fn bench() -> Bench {
    let bench = Bench::new(&[super::OPERATIONS]);
    let address = Address { kind: kind::REST_API, scope: bench.realm().top(), id: "api".into() };
    bench.write(move |txn| txn.put(Row { address: address.clone(), version: 1, body: "{}".into(), claims: Vec::new() }));
    bench
}

fn at(kind: &str) -> String {
    format!("{AT}/{kind}")
}

fn get(bench: &Bench, kind: &str) -> Value {
    bench.ok("GET", &at(kind), Value::Null)
}

fn ops(op: &str, path: &str, value: Value) -> Value {
    json!({"patchOperations": [{"op": op, "path": path, "value": value}]})
}

fn default_of(kind: &str, status: &str) -> Value {
    json!({"responseType": kind, "statusCode": status, "responseParameters": {}, "responseTemplates": {"application/json": TEMPLATE}, "defaultResponse": true})
}

#[test]
fn both_lists_of_types_have_the_same_types() {
    let mut printed = PRINTED.to_vec();
    printed.sort_unstable();
    assert_eq!(printed, STATUSES.iter().map(|(kind, _)| *kind).collect::<Vec<_>>());
    assert_eq!(printed.len(), 21);
}

/// Seen: observed/gateway-responses.json.
#[test]
fn a_type_is_worded_shown_and_unworded() {
    let bench = bench();
    let token = "MISSING_AUTHENTICATION_TOKEN";
    assert_eq!(get(&bench, token), default_of(token, "403"));
    let words = json!({"statusCode": "404", "responseTemplates": {"application/json": "{}"},
        "responseParameters": {"gatewayresponse.header.a": "'b'", "gatewayresponse.header.q": "method.request.querystring.q"}});
    let mut shown = words.clone();
    shown["responseType"] = json!(token);
    shown["defaultResponse"] = json!(false);
    assert_eq!(bench.call("PUT", &at(token), words), (201, shown.clone()));
    assert_eq!(get(&bench, token), shown);
    let list = bench.ok("GET", AT, Value::Null);
    let items = list["item"].as_array().unwrap();
    let kinds: Vec<&str> = items.iter().map(|item| item["responseType"].as_str().unwrap()).collect();
    assert_eq!(kinds, STATUSES.iter().map(|(kind, _)| *kind).collect::<Vec<_>>());
    assert_eq!(items.iter().filter(|item| item["defaultResponse"] == false).count(), 1);
    assert_eq!(items[6].get("statusCode"), None);
    assert_eq!(bench.call("DELETE", &at(token), Value::Null), (202, Value::Null));
    assert_eq!(get(&bench, token), default_of(token, "403"));
    assert_eq!(bench.no("DELETE", &at(token), Value::Null), (404, "Gateway response type not defined on api".into()));
}

/// Seen: rest-api-control-plane.md §1.16.
#[test]
fn what_is_left_out_is_the_defaults() {
    let bench = bench();
    let bare = bench.ok("PUT", &at("THROTTLED"), json!({"statusCode": "420"}));
    assert_eq!((&bare["statusCode"], &bare["responseTemplates"]), (&json!("420"), &json!({"application/json": TEMPLATE})));
    let header = bench.ok("PUT", &at("QUOTA_EXCEEDED"), json!({"responseParameters": {"gatewayresponse.header.a": "'b'"}}));
    assert_eq!((&header["statusCode"], &header["defaultResponse"]), (&json!("429"), &json!(false)));
}

/// Seen: rest-api-control-plane.md §1.16.
#[test]
fn a_default_speaks_for_its_whole_family_but_for_those_with_words_of_their_own() {
    let bench = bench();
    bench.ok("PUT", &at("AUTHORIZER_FAILURE"), json!({"statusCode": "501"}));
    let words =
        json!({"statusCode": "599", "responseParameters": {"gatewayresponse.header.a": "'b'"}, "responseTemplates": {"text/plain": "no"}});
    bench.ok("PUT", &at("DEFAULT_5XX"), words.clone());
    let timeout = get(&bench, "INTEGRATION_TIMEOUT");
    assert_eq!((&timeout["statusCode"], &timeout["defaultResponse"]), (&json!("599"), &json!(true)));
    assert_eq!(timeout["responseParameters"], words["responseParameters"]);
    assert_eq!(timeout["responseTemplates"], words["responseTemplates"]);
    assert_eq!(get(&bench, "AUTHORIZER_FAILURE")["statusCode"], "501");
    assert_eq!(get(&bench, "THROTTLED"), default_of("THROTTLED", "429"));
    // Only headers were set: each type keeps its status.
    bench.ok("PUT", &at("DEFAULT_4XX"), json!({"responseParameters": {"gatewayresponse.header.a": "'b'"}}));
    assert_eq!(get(&bench, "THROTTLED")["statusCode"], "429");
    assert_eq!(get(&bench, "THROTTLED")["responseParameters"], json!({"gatewayresponse.header.a": "'b'"}));
}

/// Seen: observed/gateway-responses.json.
#[test]
fn the_first_patch_words_a_type_and_each_row_has_its_no() {
    let bench = bench();
    let patch = |op: &str, path: &str, value: Value| bench.ok("PATCH", &at("DEFAULT_4XX"), ops(op, path, value));
    let no = |op: &str, path: &str, value: Value| bench.no("PATCH", &at("DEFAULT_4XX"), ops(op, path, value));
    let worded = patch("replace", "/statusCode", json!("444"));
    assert_eq!((&worded["statusCode"], &worded["defaultResponse"]), (&json!("444"), &json!(false)));
    assert_eq!(get(&bench, "DEFAULT_4XX"), worded);
    let header = "/responseParameters/gatewayresponse.header.Access-Control-Allow-Origin";
    let name = "gatewayresponse.header.Access-Control-Allow-Origin";
    assert_eq!(patch("add", header, json!("'a.b.c'"))["responseParameters"], json!({name: "'a.b.c'"}));
    assert_eq!(patch("replace", header, json!("'example.com'"))["responseParameters"], json!({name: "'example.com'"}));
    let xml = "/responseTemplates/application~1xml";
    assert_eq!(patch("add", xml, json!("<a/>"))["responseTemplates"]["application/xml"], "<a/>");
    assert_eq!(patch("replace", xml, json!("<b/>"))["responseTemplates"]["application/xml"], "<b/>");
    for op in ["add", "replace"] {
        assert_eq!(no(op, xml, Value::Null), (400, "Invalid null or empty value in responseTemplates".into()));
        assert_eq!(no(op, header, Value::Null), (400, "Invalid null or empty value in responseParameters".into()));
    }
    assert_eq!(patch("remove", xml, Value::Null)["responseTemplates"], json!({"application/json": TEMPLATE}));
    assert_eq!(patch("remove", header, Value::Null)["responseParameters"], json!({}));
    for path in [header, xml] {
        for op in ["replace", "remove"] {
            assert_eq!(no(op, path, json!("'x'")), (404, "Invalid parameter name specified".into()));
        }
    }
    for op in ["add", "remove"] {
        assert_eq!(no(op, "/statusCode", json!("444")), (400, "Invalid patch path /statusCode".into()));
    }
    assert_eq!(no("add", "/wrongPath", json!("x")), (400, "Invalid patch path /wrongPath".into()));
    let pathless = json!({"patchOperations": [{"op": "add", "value": "'example.com'"}]});
    assert_eq!(bench.no("PATCH", &at("DEFAULT_4XX"), pathless), (400, "Invalid patch path null".into()));
    let text = "1 validation error detected: Value 'wrong-op' at 'updateGatewayResponseInput.patchOperations.1.member.op' failed to satisfy \
                constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]";
    assert_eq!(no("wrong-op", "/statusCode", json!("x")), (400, text.into()));
    assert_eq!(no("replace", "/statusCode", json!("999")).0, 400);
    // A patch that fails words nothing.
    assert_eq!(bench.no("PATCH", &at("DEFAULT_5XX"), ops("replace", header, json!("'x'"))).0, 404);
    assert_eq!(get(&bench, "DEFAULT_5XX")["defaultResponse"], true);
}

/// Seen: rest-api-control-plane.md §1.16.
#[test]
fn an_unknown_type_api_or_expression_is_refused() {
    let bench = bench();
    let (status, text) = bench.no("GET", &at("TEAPOT"), Value::Null);
    assert_eq!(status, 400);
    let clause =
        "1 validation error detected: Value 'TEAPOT' at 'responseType' failed to satisfy constraint: Member must satisfy enum value set: [";
    assert_eq!(text, format!("{clause}{}]", PRINTED.join(", ")));
    let api = (404, "Invalid API identifier specified 111111111111:nobody".to_owned());
    for (verb, body) in [("GET", Value::Null), ("PUT", json!({})), ("PATCH", json!({})), ("DELETE", Value::Null)] {
        assert_eq!(bench.no(verb, "/restapis/nobody/gatewayresponses/THROTTLED", body), api);
    }
    assert_eq!(bench.no("GET", "/restapis/nobody/gatewayresponses", Value::Null), api);
    for bad in [
        json!({"statusCode": "42"}),
        json!({"statusCode": "600"}),
        json!({"responseParameters": {"header.a": "'b'"}}),
        json!({"responseParameters": {"gatewayresponse.header.a": "b"}}),
        json!({"responseParameters": {"gatewayresponse.header.": "'b'"}}),
        json!({"responseTemplates": {"xml": "b"}}),
        json!({"responseTemplates": {"text/plain": "x".repeat(307_201)}}),
    ] {
        assert_eq!(bench.no("PUT", &at("THROTTLED"), bad).0, 400);
    }
    for value in ["context.a", "stageVariables.a", "method.request.header.a", "''"] {
        bench.ok("PUT", &at("THROTTLED"), json!({"responseParameters": {"gatewayresponse.header.a": value}}));
    }
}
