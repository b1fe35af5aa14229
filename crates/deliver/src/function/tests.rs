use super::answer::read_answer;
use super::event::{write_event, write_request_authorizer_event, write_token_authorizer_event};
use crate::bench::{World, body_of, run};
use crate::mapping::BinaryTypes;
use base::gate::{Exchange, Refusal, RefusalKind, Reply};
use serde_json::{Value, json};

fn event(ex: &Exchange, binary: &[&str]) -> Value {
    let mut out = Vec::new();
    write_event(&mut out, ex, &BinaryTypes::compile(binary.iter().copied()));
    serde_json::from_slice(&out).unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(&out)))
}

const GET: &str = "GET /prod/x%2Fy?a=1&b=%20z&a=2 HTTP/1.1\r\nHost: api1234567.execute-api.localhost\r\ntEsT-HEADeR: aValUE\r\n\
                   Accept: */*\r\nX-Two: 1\r\nx-two: 2\r\nConnection: keep-alive\r\nX-Forwarded-For: 1.2.3.4\r\nUser-Agent: me\r\n\r\n";

/// Seen: the atlas, integrations §3.7.
#[test]
fn an_event_has_every_field_that_was_recorded() {
    let world = World::new();
    let mut ex = world.routed(GET, &[("x", "x%2Fy")]);
    ex.place.rest_from = "/prod".len();
    let event = event(&ex, &[]);
    let names: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "resource",
            "path",
            "httpMethod",
            "headers",
            "multiValueHeaders",
            "queryStringParameters",
            "multiValueQueryStringParameters",
            "pathParameters",
            "stageVariables",
            "requestContext",
            "body",
            "isBase64Encoded"
        ]
    );
    assert_eq!((&event["resource"], &event["path"], &event["httpMethod"]), (&json!("/{x}"), &json!("/x%2Fy"), &json!("GET")));
    assert_eq!(event["queryStringParameters"], json!({"a": "2", "b": " z"}));
    assert_eq!(event["multiValueQueryStringParameters"], json!({"a": ["1", "2"], "b": [" z"]}));
    assert_eq!(event["pathParameters"], json!({"x": "x%2Fy"}));
    assert_eq!(event["stageVariables"], json!({"host": "127.0.0.1", "v": "v 1", "empty": ""}));
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&Value::Null, &json!(false)));
    let headers = &event["headers"];
    assert_eq!((&headers["tEsT-HEADeR"], &headers["X-Two"]), (&json!("aValUE"), &json!("2")));
    assert_eq!(event["multiValueHeaders"]["X-Two"], json!(["1", "2"]));
    assert_eq!((&headers["Connection"], &headers["x-two"]), (&Value::Null, &Value::Null));
    assert_eq!((&headers["X-Forwarded-For"], &headers["X-Forwarded-Proto"]), (&json!("1.2.3.4, 0.0.0.0"), &json!("http")));
    assert_eq!(headers["Host"], "api1234567.execute-api.localhost");
    assert!(headers["X-Amzn-Trace-Id"].as_str().unwrap().starts_with("Root=1-"));
    let context = &event["requestContext"];
    assert_eq!((&context["path"], &context["stage"], &context["protocol"]), (&json!("/prod/x%2Fy"), &json!("prod"), &json!("HTTP/1.1")));
    assert_eq!((&context["requestTimeEpoch"], &context["resourcePath"]), (&json!(ex.received.0), &json!("/{x}")));
    assert_eq!((&context["domainName"], &context["domainPrefix"]), (&json!("api1234567.execute-api.localhost"), &json!("api1234567")));
    let identity = context["identity"].as_object().unwrap();
    assert_eq!(identity.len(), 12, "{identity:?}");
    assert_eq!((&identity["userAgent"], &identity["sourceIp"], &identity["user"]), (&json!("me"), &json!("0.0.0.0"), &Value::Null));
}

/// The atlas, lifecycle §2.2.
#[test]
fn the_path_of_an_event_has_the_base_path_of_a_domain_name() {
    let world = World::new();
    let mut ex = world.routed("GET /shop/pets?a=1 HTTP/1.1\r\nHost: api.example\r\n\r\n", &[]);
    ex.place.rest_from = "/shop".len();
    assert_eq!(event(&ex, &[])["path"], "/pets");
    ex.place.base_path = Some("shop".into());
    assert_eq!(event(&ex, &[])["path"], "/shop/pets");
}

#[test]
fn maps_that_would_be_empty_are_null_in_events_and_empty_for_authorizers() {
    let world = World::new();
    let mut ex = world.routed("GET /prod HTTP/1.1\r\nHost: a\r\n\r\n", &[]);
    ex.place.rest_from = "/prod".len();
    let sent = event(&ex, &["*/*"]);
    for name in ["queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "body"] {
        assert_eq!(sent[name], Value::Null, "{name}");
    }
    assert_eq!((&sent["path"], &sent["isBase64Encoded"]), (&json!("/"), &json!(false)));
    let mut out = Vec::new();
    write_request_authorizer_event(&mut out, &ex, "arn:x");
    let sent: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!((&sent["type"], &sent["methodArn"], &sent["pathParameters"]), (&json!("REQUEST"), &json!("arn:x"), &json!({})));
    assert_eq!((sent.get("body"), &sent["queryStringParameters"]), (None, &json!({})));
    let mut out = Vec::new();
    write_token_authorizer_event(&mut out, b"Bearer \"x\"", "arn:x");
    assert_eq!(
        serde_json::from_slice::<Value>(&out).unwrap(),
        json!({"type": "TOKEN", "methodArn": "arn:x", "authorizationToken": "Bearer \"x\""})
    );
}

#[test]
fn a_body_is_text_unless_its_media_type_is_binary() {
    let world = World::new();
    let post = |media: &str, body: &str| {
        format!("POST /prod HTTP/1.1\r\nHost: a\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    let told = |text: &str, binary: &[&str]| {
        let event = event(&world.routed(text, &[]), binary);
        (event["body"].clone(), event["isBase64Encoded"].clone())
    };
    assert_eq!(told(&post("text/plain", "a\"b\u{7}é"), &["image/*"]), (json!("a\"b\u{7}é"), json!(false)));
    assert_eq!(told(&post("image/png; q=1", "abcd"), &["image/*"]), (json!("YWJjZA=="), json!(true)));
    assert_eq!(told(&post("x/y", "abc"), &["*/*"]), (json!("YWJj"), json!(true)));
}

#[test]
fn a_path_shape_for_machines_without_dns_does_not_show_in_the_event() {
    let world = World::new();
    let shape = "/restapis/api1234567/prod/_user_request_";
    let mut ex = world.routed(&format!("GET {shape}//a/ HTTP/1.1\r\nHost: a\r\n\r\n"), &[]);
    ex.place.rest_from = shape.len();
    let event = event(&ex, &[]);
    assert_eq!((&event["path"], &event["requestContext"]["path"]), (&json!("/a/"), &json!("/prod//a/")));
}

fn read(payload: &str, accept: &str, binary: &[&str]) -> Result<Reply, Refusal> {
    let world = World::new();
    let ex = world.routed(&format!("GET /prod HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n"), &[]);
    read_answer(payload.as_bytes(), &ex, &BinaryTypes::compile(binary.iter().copied()))
}

fn told(payload: &str) -> (u16, Vec<(String, String)>, String) {
    let reply = read(payload, "*/*", &[]).unwrap_or_else(|why| panic!("{payload}: {}", why.because));
    let fields = reply.fields.iter().filter(|field| field.name != "X-Amzn-Trace-Id");
    let fields = fields.map(|field| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned())).collect();
    (reply.status, fields, run(body_of(reply.body)).unwrap())
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Seen: observed/lambda.json.
#[test]
fn an_answer_may_say_little_and_has_defaults() {
    let json = ("Content-Type", "application/json");
    assert_eq!(told("{}"), (200, fields(&[json]), String::new()));
    assert_eq!(told(r#" {"statusCode":"201","body":null,"headers":null} "#), (201, fields(&[json]), String::new()));
    assert_eq!(told(r#"{"statusCode":200.0,"body":"hi"}"#), (200, fields(&[json]), "hi".into()));
    let (_, got, _) = told(r#"{"headers":{"test-header":"value","header-bool":true,"n":1,"none":null}}"#);
    assert_eq!(got, fields(&[("test-header", "value"), ("header-bool", "true"), ("n", "1"), json]));
    let (_, got, _) = told(r#"{"headers":{"content-type":"text/html","Connection":"close","Server":"x","Transfer-Encoding":"chunked"}}"#);
    assert_eq!(got, fields(&[("content-type", "text/html"), ("x-amzn-Remapped-Connection", "close"), ("x-amzn-Remapped-Server", "x")]));
}

/// Seen: observed/lambda.json.
#[test]
fn headers_of_both_maps_are_merged_under_the_lists_spelling_and_cookies_stay_lines() {
    let json = ("Content-Type", "application/json");
    let (_, got, _) = told(r#"{"multiValueHeaders":{"tesT-Multi":["value-multi"]},"headers":{"test-multi":"value-solo"}}"#);
    assert_eq!(got, fields(&[("tesT-Multi", "value-multi, value-solo"), json]));
    let (_, got, _) = told(r#"{"multiValueHeaders":{"test-multi":["value1","value2"],"none":[]}}"#);
    assert_eq!(got, fields(&[("test-multi", "value1, value2"), json]));
    let (_, got, _) = told(r#"{"multiValueHeaders":{"Set-Cookie":["a=1","b=2"]},"headers":{"set-cookie":"c=3"}}"#);
    assert_eq!(got, fields(&[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Set-Cookie", "c=3"), json]));
}

/// Seen: observed/lambda.json; the atlas, integrations §3.7.
#[test]
fn every_malformed_answer_is_a_bad_gateway_and_the_operator_is_told_why() {
    for bad in [
        r#""text""#,
        "[]",
        r#"[200]"#,
        "1",
        "null",
        "",
        "{",
        "no json",
        r#"{"statusCode":200,"wrongValue":"value"}"#,
        r#"{"statusCode":"test"}"#,
        r#"{"statusCode":99}"#,
        r#"{"statusCode":600}"#,
        r#"{"statusCode":{}}"#,
        r#"{"body":{}}"#,
        r#"{"body":[]}"#,
        r#"{"headers":{"a":{}}}"#,
        r#"{"headers":{"a":["b"]}}"#,
        r#"{"headers":[]}"#,
        r#"{"multiValueHeaders":{"a":"b"}}"#,
        r#"{"headers":{"a b":"c"}}"#,
        r#"{"headers":{"a":"b\nc"}}"#,
        r#"{"isBase64Encoded":"maybe"}"#,
        r#"{} x"#,
    ] {
        let refusal = read(bad, "*/*", &["*/*"]).err().unwrap_or_else(|| panic!("{bad} was taken"));
        assert_eq!(refusal.kind, RefusalKind::BadGateway, "{bad}");
        assert!(refusal.because.starts_with("Malformed Lambda proxy response: "), "{bad}: {}", refusal.because);
        assert_eq!(refusal.message.text(), Some("Internal server error"));
    }
}

/// Seen: observed/lambda.json; the atlas, integrations §3.7.
#[test]
fn base64_is_undone_only_for_a_caller_who_wants_a_binary_type() {
    let body = |payload: &str, accept: &str, binary: &[&str]| run(body_of(read(payload, accept, binary).unwrap().body)).unwrap();
    let encoded = r#"{"body":"dGVzdC1kYXRh","isBase64Encoded":true}"#;
    assert_eq!(body(encoded, "*/*", &[]), "dGVzdC1kYXRh");
    assert_eq!(body(encoded, "text/plain, image/png", &["image/png"]), "dGVzdC1kYXRh");
    assert_eq!(body(encoded, "Image/PNG;q=1, */*", &["image/*"]), "test-data");
    assert_eq!(body(encoded, "*/*", &["*/*"]), "test-data");
    assert_eq!(body(r#"{"body":"dGVzdC1kYXRh"}"#, "*/*", &["*/*"]), "dGVzdC1kYXRh");
    let refusal = read(r#"{"body":"=/","isBase64Encoded":true}"#, "*/*", &["*/*"]).err().unwrap();
    assert_eq!((refusal.kind, &*refusal.because), (RefusalKind::ApiConfigurationError, "Unable to base64 decode the body."));
}
