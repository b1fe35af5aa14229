use super::*;

/// Seen: observed/methods.json.
#[test]
fn empty_maps_are_echoed_and_absent_ones_are_not() {
    let plot = Plot::mock();
    let empty = json!({"statusCode": "200", "responseModels": {}, "responseParameters": {}});
    assert_eq!(plot.ok("PUT", "GET/responses/200", json!({"responseParameters": {}, "responseModels": {}})), empty);
    assert_eq!(plot.ok("GET", "GET/responses/200", Value::Null), empty);
    assert_eq!(plot.ok("PUT", "GET/responses/404", Value::Null), json!({"statusCode": "404"}));
    assert_eq!(plot.no("PUT", "GET/responses/200", json!({})), (409, "Response already exists for this resource".into()));
    let method = plot.ok("GET", "GET", Value::Null);
    assert_eq!(method["methodResponses"], json!({"200": empty, "404": {"statusCode": "404"}}));
    assert_eq!(plot.bench.call("DELETE", &plot.at("GET/responses/200"), Value::Null), (204, Value::Null));
    assert_eq!(plot.ok("GET", "GET", Value::Null)["methodResponses"], json!({"404": {"statusCode": "404"}}));
}

/// Seen: observed/methods.json. A patch answers 201, and a map that was emptied by one is gone.
#[test]
fn a_response_is_patched_row_by_row() {
    let plot = Plot::mock();
    plot.ok(
        "PUT",
        "GET/responses/200",
        json!({"responseParameters": {"method.response.header.my-header": false}, "responseModels": {"application/json": "Empty"}}),
    );
    let each = |op: &str, flag: &str, model: &str| {
        json!({"patchOperations": [{"op": op, "path": "/responseParameters/method.response.header.my-header", "value": flag},
                                   {"op": op, "path": "/responseModels/application~1json", "value": model}]})
    };
    let send = |body: Value| plot.bench.call("PATCH", &plot.at("GET/responses/200"), body);
    assert_eq!(send(each("remove", "true", "Empty")), (201, json!({"statusCode": "200"})));
    let shown = |flag: bool, model: &str| json!({"statusCode": "200", "responseParameters": {"method.response.header.my-header": flag}, "responseModels": {"application/json": model}});
    assert_eq!(send(each("add", "true", "Empty")), (201, shown(true, "Empty")));
    assert_eq!(send(each("replace", "false", "Error")), (201, shown(false, "Error")));
}

/// Seen: rest-api-control-plane.md §1.10.
#[test]
fn what_is_not_there_cannot_be_patched() {
    let plot = Plot::mock();
    plot.ok("PUT", "GET/responses/200", json!({}));
    let no = |op: &str, path: &str, value: &str| plot.unpatched("GET/responses/200", op, path, value);
    for op in ["replace", "remove"] {
        let parameter = (404, "Invalid parameter name specified".to_owned());
        assert_eq!(no(op, "/responseParameters/method.response.header.x", "true"), parameter);
        assert_eq!(no(op, "/responseModels/application~1json", "Empty"), (404, "Content-Type specified was not found".into()));
    }
    assert_eq!(no("add", "/wrong/method.response.header.x", "true").1, "Invalid patch path /wrong/method.response.header.x");
    assert_eq!(no("replace", "/statusCode", "201").1, "Invalid patch path /statusCode");
    assert_eq!(no("add", "/responseModels/application~1json", "nobody").1, "Invalid model identifier specified: nobody");
    let text = "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: x]";
    assert_eq!(no("add", "/responseParameters/x", "true"), (400, text.into()));
    let bad = json!({"responseParameters": {"method.request.header.x": true}});
    assert_eq!(plot.no("PUT", "GET/responses/201", bad).0, 400);
    assert_eq!(plot.no("PUT", "GET/responses/201", json!({"responseModels": {"application/json": "nobody"}})).0, 400);
}
