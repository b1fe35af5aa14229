use super::*;

const AT: &str = "GET/integration/responses/200";

/// Seen: observed/integrations-crud.json.
#[test]
fn a_response_is_put_again_and_again_and_stands_in_its_method() {
    let plot = Plot::mock();
    let first = plot.ok("PUT", AT, json!({"responseTemplates": {"application/json": "\"created\""}, "selectionPattern": ""}));
    assert_eq!(first, json!({"statusCode": "200", "selectionPattern": "", "responseTemplates": {"application/json": "\"created\""}}));
    assert_eq!(plot.ok("GET", AT, Value::Null), first);
    let patched = plot.patch(AT, json!([{"op": "replace", "path": "/selectionPattern", "value": "updated-pattern"}]));
    assert_eq!(patched["selectionPattern"], "updated-pattern");
    let again =
        plot.ok("PUT", AT, json!({"responseTemplates": {"application/json": "overwrite"}, "selectionPattern": "overwrite-pattern"}));
    let method = plot.ok("GET", "GET", Value::Null);
    assert_eq!(method["methodIntegration"]["integrationResponses"], json!({ "200": again }));
    assert_eq!(plot.bench.call("DELETE", &plot.at(AT), Value::Null), (204, Value::Null));
    assert_eq!(plot.ok("GET", "GET/integration", Value::Null).get("integrationResponses"), None);
}

/// Seen: observed/mapping-templates.json, integrations-crud.json.
#[test]
fn an_empty_template_is_null_and_an_empty_map_stays() {
    let plot = Plot::mock();
    let put = |body: Value| plot.ok("PUT", AT, body);
    let nothing = json!({"statusCode": "200", "selectionPattern": "", "responseTemplates": {"application/json": null}});
    assert_eq!(put(json!({"selectionPattern": "", "responseTemplates": {"application/json": null}})), nothing);
    assert_eq!(put(json!({"selectionPattern": "", "responseTemplates": {"application/json": ""}})), nothing);
    assert_eq!(put(json!({"selectionPattern": ""})), json!({"statusCode": "200", "selectionPattern": ""}));
    let empty = json!({"statusCode": "200", "selectionPattern": "2\\d{2}", "responseTemplates": {}});
    assert_eq!(put(json!({"selectionPattern": "2\\d{2}", "responseTemplates": {}})), empty);
    let binary = json!({"statusCode": "200", "selectionPattern": "2\\d{2}", "contentHandling": "CONVERT_TO_BINARY"});
    assert_eq!(put(json!({"selectionPattern": "2\\d{2}", "contentHandling": "CONVERT_TO_BINARY"})), binary);
}

/// Seen: observed/mapping-templates.json.
#[test]
fn templates_are_texts_under_media_types() {
    let plot = Plot::mock();
    let number = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String";
    assert_eq!(plot.no("PUT", AT, json!({"responseTemplates": {"application/json": 123}})), (400, number.into()));
    let text = "Validation Result: warnings : [], errors : [Invalid content type specified: 123]";
    assert_eq!(plot.no("PUT", AT, json!({"responseTemplates": {"123": "{}"}})), (400, text.into()));
    assert_eq!(plot.no("PUT", AT, json!({"contentHandling": "CONVERT_TO_GOLD"})).0, 400);
    let long = "x".repeat(crate::limits::TEMPLATE_BYTES_MAX + 1);
    assert_eq!(plot.no("PUT", AT, json!({"responseTemplates": {"text/plain": long}})).0, 400);
    assert_eq!(plot.bench.call("PUT", &plot.at(AT), json!({"responseTemplates": {"text/plain": &long[1..]}})).0, 201);
}

#[test]
fn a_header_must_be_declared_by_the_method_response_if_there_is_one() {
    let plot = Plot::mock();
    let with = |name: &str, value: &str| json!({"responseParameters": { name: value }});
    plot.ok("PUT", AT, with("method.response.header.ETag", "integration.response.header.ETag"));
    plot.ok("PUT", "GET/responses/200", json!({"responseParameters": {"method.response.header.Via": false}}));
    for value in [
        "'static'",
        "integration.response.header.Via",
        "integration.response.multivalueheader.Via",
        "integration.response.body",
        "integration.response.body.a.b",
        "stageVariables.v",
        "context.stage",
    ] {
        plot.ok("PUT", AT, with("method.response.header.Via", value));
    }
    let wrong = |what: &str| (400, format!("Invalid mapping expression specified: Validation Result: warnings : [], errors : [{what}]"));
    let undeclared = wrong("Invalid mapping expression parameter specified: method.response.header.ETag");
    assert_eq!(plot.no("PUT", AT, with("method.response.header.ETag", "'a'")), undeclared);
    assert_eq!(plot.no("PUT", AT, with("ETag", "'a'")), wrong("Invalid mapping expression specified: ETag"));
    for value in ["plain", "method.request.header.a", "'open", ""] {
        let expected = wrong(&format!("Invalid mapping expression specified: {value}"));
        assert_eq!(plot.no("PUT", AT, with("method.response.header.Via", value)), expected);
    }
}

/// Seen: observed/mapping-templates.json, rest-api-control-plane.md §1.12.
#[test]
fn a_response_is_patched_row_by_row() {
    let plot = Plot::mock();
    plot.ok("PUT", AT, json!({}));
    let one = |op: &str, path: &str, value: &str| plot.patch(AT, json!([{"op": op, "path": path, "value": value}]));
    assert_eq!(one("replace", "/contentHandling", "CONVERT_TO_TEXT")["contentHandling"], "CONVERT_TO_TEXT");
    assert_eq!(one("replace", "/contentHandling", "").get("contentHandling"), None);
    assert_eq!(one("replace", "/selectionPattern", "")["selectionPattern"], "");
    let template = "/responseTemplates/application~1json";
    assert_eq!(one("add", template, "{}")["responseTemplates"], json!({"application/json": "{}"}));
    assert_eq!(one("replace", template, "")["responseTemplates"], json!({"application/json": null}));
    assert_eq!(one("remove", template, "").get("responseTemplates"), None);
    let header = "/responseParameters/method.response.header.a";
    assert_eq!(one("add", header, "'1'")["responseParameters"], json!({"method.response.header.a": "'1'"}));
    assert_eq!(one("replace", header, "'2'")["responseParameters"], json!({"method.response.header.a": "'2'"}));
    assert_eq!(one("remove", header, "").get("responseParameters"), None);

    let no = |op: &str, path: &str, value: &str| plot.unpatched(AT, op, path, value);
    for op in ["replace", "remove"] {
        assert_eq!(no(op, header, "'1'"), (404, "Invalid parameter name specified".into()));
        assert_eq!(no(op, template, "x"), (404, "Content-Type specified was not found".into()));
    }
    assert_eq!(no("add", "/selectionPattern", "x").1, "Invalid patch operation specified. Must be one of: [replace]");
    assert_eq!(no("replace", "/statusCode", "x").1, "Invalid patch path /statusCode");
    assert_eq!(no("replace", "/contentHandling", "x").0, 400);
    assert_eq!(no("add", "/responseTemplates/123", "x").0, 400);
}
