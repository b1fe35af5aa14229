//! Which header fields reach a back end: every row of the tables. Seen: lifecycle §2.5 and observed/mapping-templates.json.

use super::{NO_BODY, answered, back_end, compiled};
use crate::bench::{World, map, record, run};
use crate::integration::record::{Integration, IntegrationType};
use crate::integration::{MethodFacts, compile_integration};

/// As recorded; `Connection` and the framing are the socket's own.
const EVERYTHING: &str = "GET /no-param HTTP/1.1\r\nHost: gw.test\r\nAccept: application/json\r\nAccept-Charset: UTF-8\r\nAccept-Encoding: br\r\n\
    Age: request_Age\r\nAuthorization: Unauthorized\r\nConnection: close\r\nContent-Encoding: deflate\r\nContent-MD5: request_Content-MD5\r\n\
    Content-Type: application/json\r\nDate: request_Date\r\nExpect: 100-continue\r\nMax-Forwards: 2\r\nPragma: cache\r\nProxy-Authenticate: Basic\r\n\
    Range: bytes=500-999\r\nReferer: https://example.com/\r\nServer: https://example.com/\r\nTE: deflate\r\nTrailer: Expires\r\n\
    Upgrade: HTTP/2.0\r\nUser-Agent: agent/0.0\r\nVia: p.example.net\r\nWarn: 299 agent/0.0\r\nWWW-Authenticate: Basic YWxhZGRpbjpvcGVuc2VzYW1l\r\n\
    x-amzn-apigateway-api-id: forged\r\n\r\n";

/// Every field that the recorded mapping sets, with its recorded value.
const MAPPED: &[(&str, &str)] = &[
    ("integration.request.header.Accept", "'text/html'"),
    ("integration.request.header.Accept-Charset", "'UTF-16'"),
    ("integration.request.header.Accept-Encoding", "'zstd'"),
    ("integration.request.header.Age", "'request_params_age'"),
    ("integration.request.header.Authorization", "'request_params_authorization'"),
    ("integration.request.header.Content-Encoding", "'compress'"),
    ("integration.request.header.Content-MD5", "'request_params_Content-MD5'"),
    ("integration.request.header.Content-Type", "'application/json'"),
    ("integration.request.header.Date", "'request_params_Date'"),
    ("integration.request.header.Expect", "'200-ok'"),
    ("integration.request.header.Host", "method.request.header.Host"),
    ("integration.request.header.Max-Forwards", "'2'"),
    ("integration.request.header.Pragma", "'no-cache'"),
    ("integration.request.header.Range", "'bytes=0-499'"),
    ("integration.request.header.Referer", "'https://example.com/page'"),
    ("integration.request.header.Server", "'https://example.com/page'"),
    ("integration.request.header.Trailer", "'user-agent'"),
    ("integration.request.header.Upgrade", "'HTTP/2.0'"),
    ("integration.request.header.User-Agent", "'Override-Agent'"),
    ("integration.request.header.Warn", "'110 anderson/1.3.37 \"Response is stale\"'"),
    ("integration.request.header.WWW-Authenticate", "'Basic YWxhZGRpbjpvcGVuc2VzYW1l'"),
    ("integration.request.header.Connection", "'keep-alive'"),
    ("integration.request.header.Proxy-Authenticate", "'Basic realm=\"Access to the internal site\"'"),
    ("integration.request.header.TE", "'gzip'"),
    ("integration.request.header.Via", "'othersite.net'"),
];

/// What the back end got, lines sorted, the request line first.
async fn sent(mut record: Integration, request: &str) -> Vec<String> {
    let (address, got) = back_end(NO_BODY).await;
    record.uri = Some(format!("http://{address}//post"));
    record.http_method = record.http_method.or(Some("POST".into()));
    let world = World::new();
    let mut ex = world.exchange(request);
    answered(&world, &compiled(&record), &mut ex).await.unwrap();
    drop(world);
    let (head, body) = got.await.unwrap();
    let mut lines: Vec<String> = head.trim_end().lines().map(str::to_owned).collect();
    lines[1..].sort_by_key(|line| line.to_lowercase());
    for line in &mut lines {
        *line = line.replace(&address.to_string(), "<host>");
        if line.starts_with("X-Amzn-Trace-Id: Root=1-") {
            *line = "X-Amzn-Trace-Id: <id>".into();
        }
    }
    if !body.is_empty() {
        lines.push(body);
    }
    lines
}

#[test]
fn a_proxy_passes_everything_but_what_is_dropped() {
    run(async {
        let lines = sent(record(IntegrationType::HttpProxy, ""), EVERYTHING).await;
        assert_eq!(
            lines,
            [
                "POST //post HTTP/1.1",
                "Accept-Charset: UTF-8",
                "Accept-Encoding: br",
                "Accept: application/json",
                "Age: request_Age",
                "Authorization: Unauthorized",
                "Content-Length: 0",
                "Content-Type: application/json",
                "Date: request_Date",
                "Host: <host>",
                "Pragma: cache",
                "Range: bytes=500-999",
                "Referer: https://example.com/",
                "User-Agent: agent/0.0",
                "Warn: 299 agent/0.0",
                "X-Amzn-Apigateway-Api-Id: api1234567",
                "X-Amzn-Trace-Id: <id>",
            ]
        );
    });
}

#[test]
fn http_passes_nothing_and_has_fields_of_its_own() {
    run(async {
        let lines = sent(record(IntegrationType::Http, ""), EVERYTHING).await;
        assert_eq!(
            lines,
            [
                "POST //post HTTP/1.1",
                "Accept: application/json",
                "Content-Length: 0",
                "Host: <host>",
                "User-Agent: AmazonAPIGateway_api1234567",
                "X-Amzn-Apigateway-Api-Id: api1234567",
                "X-Amzn-Trace-Id: <id>",
            ]
        );
    });
}

#[test]
fn what_is_mapped_is_sent_but_for_what_is_silently_dropped() {
    run(async {
        for kind in [IntegrationType::Http, IntegrationType::HttpProxy] {
            let mut record = record(kind, "");
            record.request_parameters = Some(map(MAPPED));
            let lines = sent(record, EVERYTHING).await;
            assert_eq!(
                lines,
                [
                    "POST //post HTTP/1.1",
                    "Accept-Charset: UTF-16",
                    "Accept-Encoding: zstd",
                    "Accept: text/html",
                    "Age: request_params_age",
                    "Authorization: request_params_authorization",
                    "Content-Encoding: compress",
                    "Content-Length: 0",
                    "Content-MD5: request_params_Content-MD5",
                    "Content-Type: application/json",
                    "Date: request_params_Date",
                    "Host: gw.test",
                    "Max-Forwards: 2",
                    "Pragma: no-cache",
                    "Range: bytes=0-499",
                    "Referer: https://example.com/page",
                    "Server: https://example.com/page",
                    "Trailer: user-agent",
                    "Upgrade: HTTP/2.0",
                    "User-Agent: Override-Agent",
                    "Warn: 110 anderson/1.3.37 \"Response is stale\"",
                    "WWW-Authenticate: Basic YWxhZGRpbjpvcGVuc2VzYW1l",
                    "X-Amzn-Apigateway-Api-Id: api1234567",
                    "X-Amzn-Trace-Id: <id>",
                ],
                "{kind:?}"
            );
        }
    });
}

#[test]
fn the_content_type_goes_with_the_body() {
    run(async {
        let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi";
        let lines = sent(record(IntegrationType::Http, ""), request).await;
        assert!(lines.contains(&"Content-Type: text/plain".to_owned()) && lines.ends_with(&["hi".to_owned()]), "{lines:?}");
    });
}

#[test]
fn no_body_goes_with_get_head_and_options() {
    run(async {
        for verb in ["GET", "HEAD", "OPTIONS"] {
            let mut record = record(IntegrationType::HttpProxy, "");
            record.http_method = Some(verb.into());
            let lines = sent(record, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi").await;
            assert!(!lines.iter().any(|line| line.starts_with("Content-Length") || line == "hi"), "{lines:?}");
        }
    });
}

#[test]
fn any_method_is_the_callers() {
    run(async {
        let mut record = record(IntegrationType::HttpProxy, "");
        record.http_method = Some("ANY".into());
        assert_eq!(sent(record, "PATCH / HTTP/1.1\r\nHost: a\r\n\r\n").await[0], "PATCH //post HTTP/1.1");
    });
}

#[test]
fn a_signature_is_for_the_gateway_alone() {
    run(async {
        let request = "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: AWS4-HMAC-SHA256 Credential=x\r\n\r\n";
        let lines = sent(record(IntegrationType::HttpProxy, ""), request).await;
        assert!(!lines.iter().any(|line| line.starts_with("Authorization")));

        let (address, got) = back_end(NO_BODY).await;
        let world = World::new();
        let mut ex = world.exchange("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n\r\n");
        let facts = MethodFacts { is_signed: true, ..MethodFacts::default() };
        let signed = compile_integration(&facts, &record(IntegrationType::HttpProxy, &format!("http://{address}"))).unwrap();
        answered(&world, &signed, &mut ex).await.unwrap();
        drop(world);
        assert!(!got.await.unwrap().0.contains("Authorization"));
    });
}

#[test]
fn a_trace_goes_on_under_its_root() {
    run(async {
        let (address, got) = back_end(NO_BODY).await;
        let world = World::new();
        let root = "1-5759e988-bd862e3fe1be46a994272793";
        let mut ex = world.exchange(&format!("GET / HTTP/1.1\r\nHost: a\r\nX-Amzn-Trace-Id: Root={root};Parent=53995c3f42cd8ad8\r\n\r\n"));
        let got_back = answered(&world, &compiled(&record(IntegrationType::Http, &format!("http://{address}"))), &mut ex).await.unwrap();
        drop(world);
        assert!(got.await.unwrap().0.contains(&format!("X-Amzn-Trace-Id: Root={root}\r\n")));
        let trace = got_back.fields.iter().find(|line| line.starts_with("X-Amzn-Trace-Id")).unwrap();
        assert!(trace.starts_with(&format!("X-Amzn-Trace-Id: Root={root};Parent=")) && trace.ends_with(";Sampled=1"), "{trace}");
    });
}

#[test]
fn a_new_trace_is_the_same_for_back_end_and_caller() {
    run(async {
        let (address, got) = back_end(NO_BODY).await;
        let world = World::new();
        let mut ex = world.exchange("GET / HTTP/1.1\r\nHost: a\r\nX-Amzn-Trace-Id: Root=nonsense\r\n\r\n");
        let got_back = answered(&world, &compiled(&record(IntegrationType::Http, &format!("http://{address}"))), &mut ex).await.unwrap();
        drop(world);
        let (head, _) = got.await.unwrap();
        let sent = head.lines().find(|line| line.starts_with("X-Amzn-Trace-Id")).unwrap();
        let told = got_back.fields.iter().find(|line| line.starts_with("X-Amzn-Trace-Id")).unwrap();
        assert!(sent.len() == "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793".len(), "{sent}");
        assert!(told.starts_with(&format!("{sent};Parent=")) && told.ends_with(";Sampled=0"), "{told}");
        assert_eq!(told.len(), sent.len() + ";Parent=53995c3f42cd8ad8;Sampled=0".len());
    });
}
