//! What comes back: every row of the response tables, selection, failures.

use super::{Got, answered, back_end, compiled};
use crate::bench::{World, listen, map, record, run, templates};
use crate::integration::record::{Integration, IntegrationResponse, IntegrationType};
use base::gate::{Refusal, RefusalKind, Stage, Verdict};

const GET: &str = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

async fn got(mut record: Integration, request: &str, answer: &'static str) -> Result<Got, Refusal> {
    let (address, _back_end) = back_end(answer).await;
    record.uri = Some(format!("http://{address}/"));
    let world = World::new();
    let mut ex = world.exchange(request);
    let mut got = answered(&world, &compiled(&record), &mut ex).await?;
    got.fields.retain(|line| !line.starts_with("X-Amzn-Trace-Id"));
    assert_eq!(world.upstreams.open(), world.upstreams.idle());
    Ok(got)
}

fn responses(all: &[(&str, Option<&str>)]) -> std::collections::BTreeMap<String, IntegrationResponse> {
    let one = |(status, pattern): &(&str, Option<&str>)| {
        let response = IntegrationResponse {
            status_code: (*status).into(),
            selection_pattern: pattern.map(str::to_owned),
            ..IntegrationResponse::default()
        };
        ((*status).to_owned(), response)
    };
    all.iter().map(one).collect()
}

#[test]
fn a_proxy_passes_fields_and_renames_those_that_are_its_own() {
    run(async {
        let answer = "HTTP/1.1 418 Teapot\r\nConnection: keep-alive\r\nContent-Length: 2\r\nDate: then\r\nServer: gunicorn\r\nVia: x\r\n\
                      x-amzn-RequestId: theirs\r\nx-amz-apigw-id: theirs\r\nContent-Encoding: identity\r\nX-Amzn-Trace-Id: Root=theirs\r\n\
                      Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nuSeR-aGeNt: x\r\nContent-Type: text/x\r\nLocation: /y\r\n\r\nok";
        let (address, _back_end) = back_end(answer).await;
        let world = World::new();
        let record = record(IntegrationType::HttpProxy, &format!("http://{address}/"));
        let mut ex = world.exchange(GET);
        let got = answered(&world, &compiled(&record), &mut ex).await.unwrap();
        assert_eq!((got.status, got.body.as_str()), (418, "ok"));
        assert_eq!(
            got.fields,
            [
                "Content-Encoding: identity",
                "Content-Type: text/x",
                "Location: /y",
                "Set-Cookie: a=1",
                "Set-Cookie: b=2",
                "X-Amzn-Trace-Id: Root=theirs",
                "uSeR-aGeNt: x",
                "x-amzn-Remapped-Connection: keep-alive",
                "x-amzn-Remapped-Content-Length: 2",
                "x-amzn-Remapped-Date: then",
                "x-amzn-Remapped-Server: gunicorn",
                "x-amzn-Remapped-x-amz-apigw-id: theirs",
                "x-amzn-Remapped-x-amzn-RequestId: theirs",
            ]
        );
        for stage in [Stage::IntegrationRequest, Stage::Integration, Stage::IntegrationResponse] {
            assert_eq!(ex.notes.verdict(stage), Verdict::Passed);
        }
        assert_eq!((ex.notes.upstream.status, ex.notes.upstream.address), (418, Some(address)));
    });
}

#[test]
fn a_proxy_tells_the_length_that_head_asked_for() {
    run(async {
        let (address, _back_end) = back_end("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n").await;
        let world = World::new();
        let mut ex = world.exchange("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
        let got = answered(&world, &compiled(&record(IntegrationType::HttpProxy, &format!("http://{address}/"))), &mut ex).await.unwrap();
        assert_eq!(got.body, "(500 bytes)");
    });
}

#[test]
fn http_returns_what_is_mapped_and_nothing_else() {
    run(async {
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nX-Other: 1\r\nContent-Length: 2\r\n\r\nok";
        let got = got(record(IntegrationType::Http, ""), GET, answer).await.unwrap();
        assert_eq!(got, Got { status: 200, fields: vec!["Content-Type: application/json".into()], body: "ok".into() });
    });
}

#[test]
fn every_mapped_field_of_an_answer_passes_is_renamed_or_goes() {
    run(async {
        const PASSED: &[&str] = &[
            "Accept",
            "Accept-Charset",
            "Accept-Encoding",
            "Age",
            "Content-Encoding",
            "Content-Type",
            "Pragma",
            "Range",
            "Referer",
            "TE",
            "Via",
            "Warn",
        ];
        const RENAMED: &[&str] = &[
            "Authorization",
            "Connection",
            "Content-Length",
            "Content-MD5",
            "Date",
            "Expect",
            "Host",
            "Max-Forwards",
            "Proxy-Authenticate",
            "Server",
            "Trailer",
            "Upgrade",
            "User-Agent",
            "WWW-Authenticate",
        ];
        let mut record = record(IntegrationType::Http, "");
        let all = PASSED.iter().chain(RENAMED).chain(&["Transfer-Encoding"]);
        let mapped = all.map(|name| (format!("method.response.header.{name}"), format!("'response_param_{name}'"))).collect();
        record.responses.get_mut("200").unwrap().response_parameters = Some(mapped);
        let got = got(record, GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        let passed = PASSED.iter().map(|name| format!("{name}: response_param_{name}"));
        let mut expected: Vec<String> =
            passed.chain(RENAMED.iter().map(|name| format!("x-amzn-Remapped-{name}: response_param_{name}"))).collect();
        expected.sort();
        assert_eq!(got.fields, expected);
    });
}

#[test]
fn fields_and_body_of_an_answer_can_be_mapped() {
    run(async {
        let mut record = record(IntegrationType::Http, "");
        record.responses.get_mut("200").unwrap().response_parameters = Some(map(&[
            ("method.response.header.One", "integration.response.header.X-Two"),
            ("method.response.header.All", "integration.response.multivalueheader.X-Two"),
            ("method.response.header.Case", "integration.response.header.x-two"),
            ("method.response.header.Member", "integration.response.body.a.b"),
            ("method.response.header.Stage", "context.stage"),
            ("method.response.header.Variable", "stageVariables.v"),
            ("method.response.header.Nothing", "context.nothing"),
        ]));
        let answer = "HTTP/1.1 200 OK\r\nX-Two: 1\r\nX-Two: 2\r\nContent-Length: 21\r\n\r\n{\"a\": {\"b\": [1,\"x\"]}}";
        let mapped = got(record.clone(), GET, answer).await.unwrap();
        let expected = ["All: 1,2", "Content-Type: application/json", "Member: [1,\"x\"]", "One: 2", "Stage: prod", "Variable: v 1"];
        assert_eq!(mapped.fields, expected);
        let broken = got(record, GET, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{]").await.unwrap_err();
        assert_eq!(broken.kind, RefusalKind::ApiConfigurationError);
    });
}

#[test]
fn a_status_chooses_its_response_in_ascending_order_then_the_default() {
    run(async {
        let mut record = record(IntegrationType::Http, "");
        record.responses = responses(&[("200", Some("")), ("404", Some("4\\d{2}")), ("500", Some("4.+|5.*"))]);
        for (answer, status) in [
            ("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", 200),
            ("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 404),
            ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", 500),
        ] {
            assert_eq!(got(record.clone(), GET, answer).await.unwrap().status, status, "{answer}");
        }
        record.responses = responses(&[("404", Some("4\\d{2}"))]);
        let refusal = got(record.clone(), GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::ApiConfigurationError);
        assert!(refusal.because.ends_with("Endpoint Response Status Code: 200"), "{}", refusal.because);
        record.responses = responses(&[("201", None)]);
        let refusal = got(record, GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap_err();
        assert_eq!(&*refusal.because, "Output mapping refers to an invalid method response: 201");
    });
}

#[test]
fn an_answers_template_is_chosen_by_what_the_caller_accepts() {
    run(async {
        let mut record = record(IntegrationType::Http, "");
        let texts = [("application/json", "{}"), ("application/xml", "<a/>"), ("text/plain", "")];
        record.responses.get_mut("200").unwrap().response_templates = Some(templates(&texts));
        for (accept, media, body) in [
            ("application/xml;q=0.5, text/plain", "application/xml", "<a/>"),
            ("*/*", "application/json", "{}"),
            ("Text/Plain", "application/json", "ok"),
        ] {
            let request = format!("GET /x HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n");
            // Chunked, so that it streams: what a template replaces is read to its end all the same.
            let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
            let got = got(record.clone(), &request, answer).await.unwrap();
            assert_eq!((got.fields[0].as_str(), got.body.as_str()), (format!("Content-Type: {media}").as_str(), body), "{accept}");
        }
        record.responses.get_mut("200").unwrap().response_templates = Some(templates(&[("text/html", "<p>")]));
        let got = got(record, GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        assert_eq!((got.fields[0].as_str(), got.body.as_str()), ("Content-Type: text/html", "<p>"));
    });
}

#[test]
fn failures_of_the_back_end_are_told_as_aws_does() {
    run(async {
        let refused = |answer| async move { got(record(IntegrationType::HttpProxy, ""), GET, answer).await.unwrap_err().kind };
        assert_eq!(refused("garbage\r\n\r\n").await, RefusalKind::BadGateway);
        assert_eq!(refused("HTTP/1.1 700 Odd\r\nContent-Length: 0\r\n\r\n").await, RefusalKind::BadGateway);
        let (listener, address) = listen().await;
        drop(listener);
        let world = World::new();
        let mut ex = world.exchange(GET);
        let integration = compiled(&record(IntegrationType::HttpProxy, &format!("http://{address}/")));
        let refusal = answered(&world, &integration, &mut ex).await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::IntegrationFailure);
        assert_eq!(ex.notes.verdict(Stage::Integration), Verdict::Refused);
    });
}

#[test]
fn a_body_that_breaks_off_while_a_mapping_waits_for_it_is_a_bad_gateway() {
    run(async {
        let mut record = record(IntegrationType::Http, "");
        record.responses.get_mut("200").unwrap().response_templates = Some(templates(&[("application/json", "{}")]));
        let (listener, address) = listen().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            crate::bench::read_head(&mut stream).await;
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await.unwrap();
        });
        record.uri = Some(format!("http://{address}/"));
        let world = World::new();
        let refusal = answered(&world, &compiled(&record), &mut world.exchange(GET)).await.unwrap_err();
        assert_eq!((refusal.kind, world.upstreams.open()), (RefusalKind::BadGateway, 0));
    });
}
