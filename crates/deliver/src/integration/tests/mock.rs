//! MOCK, and what else of mapping needs no back end.

use super::{Got, answered, compiled};
use crate::bench::{World, map, record, run, templates};
use crate::integration::record::{Integration, IntegrationType, PassthroughBehavior};
use base::gate::{AskBody, Refusal, RefusalKind};

fn mock(template: &str) -> Integration {
    let mut mock = record(IntegrationType::Mock, "");
    mock.uri = None;
    mock.request_templates = Some(templates(&[("application/json", template)]));
    mock
}

fn got(record: &Integration, request: &str) -> Result<Got, Refusal> {
    let world = World::new();
    run(async { answered(&world, &compiled(record), &mut world.exchange(request)).await })
}

const GET: &str = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn a_template_tells_the_status_that_chooses_the_response() {
    let mut preflight = mock("{statusCode: 200}");
    preflight.responses.get_mut("200").unwrap().response_parameters = Some(map(&[
        ("method.response.header.Access-Control-Allow-Origin", "'*'"),
        ("method.response.header.Access-Control-Allow-Methods", "'GET,OPTIONS'"),
    ]));
    let got = got(&preflight, "OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let fields = ["Access-Control-Allow-Methods: GET,OPTIONS", "Access-Control-Allow-Origin: *", "Content-Type: application/json"];
    assert_eq!((got.status, got.fields, got.body.as_str()), (200, fields.map(str::to_owned).to_vec(), ""));
}

#[test]
fn a_response_template_makes_the_body() {
    let mut with_body = mock("{\"statusCode\": 404}");
    with_body.responses.get_mut("200").unwrap().response_templates = Some(templates(&[("application/json", "{\"message\": \"hello\"}")]));
    assert_eq!(got(&with_body, GET).unwrap().body, "{\"message\": \"hello\"}");
}

#[test]
fn without_a_template_that_tells_a_status_it_fails() {
    for template in ["", "{}", "{\"statusCode\": \"200\"}", "{\"statusCode\": 200"] {
        let refusal = got(&mock(template), GET).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::ApiConfigurationError, "{template}");
    }
    let xml = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/xml\r\n\r\n";
    assert_eq!(got(&mock("{statusCode: 200}"), xml).unwrap_err().kind, RefusalKind::ApiConfigurationError);
}

#[test]
fn odd_numbers_choose_too() {
    for template in ["{statusCode: 0}", "{statusCode: -1000}"] {
        assert_eq!(got(&mock(template), GET).unwrap().status, 200);
    }
}

#[test]
fn a_media_type_without_a_template_passes_or_is_refused() {
    let passes = |templates: Option<_>, behaviour, media: &str| {
        let mut http = record(IntegrationType::Http, "http://a/");
        http.request_templates = templates;
        http.passthrough_behavior = behaviour;
        let world = World::new();
        let mut ex = world.exchange(&format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: {media}\r\n\r\n"));
        compiled(&http).request.apply(&mut ex).map(|ask| matches!(ask.body, AskBody::AsItCame)).map_err(|refusal| refusal.kind)
    };
    let some = || Some(templates(&[("application/json", "{}")]));
    let all = || Some(templates(&[("$default", "{}")]));
    let refused = Err(RefusalKind::UnsupportedMediaType);
    use PassthroughBehavior::{Never, WhenNoMatch, WhenNoTemplates};
    for (behaviour, without, unmatched) in
        [(WhenNoMatch, Ok(true), Ok(true)), (WhenNoTemplates, Ok(true), refused), (Never, refused, refused)]
    {
        assert_eq!(passes(None, behaviour, "text/x"), without, "{behaviour:?}");
        assert_eq!(passes(some(), behaviour, "text/x"), unmatched, "{behaviour:?}");
        assert_eq!(passes(some(), behaviour, "Application/JSON; charset=x"), Ok(false), "{behaviour:?}");
        assert_eq!(passes(all(), behaviour, "text/x"), Ok(false), "{behaviour:?}");
    }
}

fn asked(mapped: &[(&str, &str)], request: &str) -> Result<Vec<String>, Refusal> {
    let mut http = record(IntegrationType::Http, "http://a/");
    http.request_parameters = Some(map(mapped));
    let world = World::new();
    let mut ex = world.routed(request, &[("id", "a%20b")]);
    let compiled = compiled(&http);
    assert!(compiled.request.needs_body(), "what is no proxy is text");
    compiled.request.apply(&mut ex).map(|ask| crate::bench::lines(&ask.fields))
}

#[test]
fn every_source_of_a_request_is_read() {
    let request = "POST /prod/a%20b?q=1&q=2+3&Q=4 HTTP/1.1\r\nHost: a\r\nTest: one\r\nTest: two\r\ntest: three\r\nConnection: close\r\n\
                   Empty: \r\nContent-Length: 19\r\n\r\n{\"a\":[{\"b\": \"deep\"}]}";
    let request = &request.replace("Content-Length: 19", "Content-Length: 21");
    let fields = asked(
        &[
            ("integration.request.header.path", "method.request.path.id"),
            ("integration.request.header.query", "method.request.querystring.q"),
            ("integration.request.header.queries", "method.request.multivaluequerystring.q"),
            ("integration.request.header.header", "method.request.header.Test"),
            ("integration.request.header.headers", "method.request.multivalueheader.Test"),
            ("integration.request.header.cased", "method.request.header.TEST"),
            ("integration.request.header.lower", "method.request.header.test"),
            ("integration.request.header.dropped", "method.request.header.Connection"),
            ("integration.request.header.empty", "method.request.header.Empty"),
            ("integration.request.header.body", "method.request.body"),
            ("integration.request.header.member", "method.request.body.a[0].b"),
            ("integration.request.header.stage-variable", "stageVariables.v"),
            ("integration.request.header.stage-empty", "stageVariables.empty"),
            ("integration.request.header.context", "context.resourceId"),
            ("integration.request.header.unknown", "context.unknown"),
            ("integration.request.header.static", "'it''s'"),
        ],
        request,
    );
    assert_eq!(
        fields.unwrap(),
        [
            "body: {\"a\":[{\"b\":\"deep\"}]}",
            "context: res123",
            "header: two",
            "headers: one,two",
            "lower: three",
            "member: deep",
            "path: a b",
            "queries: 1,2 3",
            "query: 2 3",
            "stage-variable: v 1",
            "static: it''s",
        ]
    );
}

#[test]
fn forbidden_fields_fail_when_they_would_be_set() {
    let get = "GET /prod/a%20b HTTP/1.1\r\nHost: a\r\n\r\n";
    for name in ["Content-Length", "transfer-encoding", "X-Amzn-Trace-Id", "X-Amzn-Apigateway-Api-Id"] {
        let key = format!("integration.request.header.{name}");
        assert_eq!(asked(&[(&key, "'0'")], get).unwrap_err().kind, RefusalKind::ApiConfigurationError, "{name}");
        assert_eq!(asked(&[(&key, "method.request.header.Missing")], get).unwrap(), [""; 0], "{name}");
    }
    for name in ["Expect", "Proxy-Authenticate", "TE", "Via", "Connection"] {
        assert_eq!(asked(&[(&format!("integration.request.header.{name}"), "'x'")], get).unwrap(), [""; 0], "{name}");
    }
}

#[test]
fn a_body_that_is_read_must_be_json_where_it_looks_like_it() {
    let mapped = [("integration.request.header.a", "method.request.body.a")];
    let post = |body: &str| format!("POST /prod/a%20b HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let refusal = asked(&mapped, &post("{oops")).unwrap_err();
    assert_eq!((refusal.kind, refusal.message.text()), (RefusalKind::BadRequest, Some("Invalid JSON in request body")));
    assert_eq!(asked(&mapped, &post("oops")).unwrap(), [""; 0]);
    let injected = asked(&mapped, &post("{\"a\": \"x\\r\\nEvil: 1\"}")).unwrap_err();
    assert_eq!(injected.kind, RefusalKind::ApiConfigurationError);
}
