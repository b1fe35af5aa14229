//! Where requests go, and with what query.

use super::{NO_BODY, answered, back_end, compiled, flaws};
use crate::bench::{World, map, record, run};
use crate::integration::record::IntegrationType;
use base::gate::{Buffer, RefusalKind, RequestBody};
use proptest::prelude::*;
use std::net::SocketAddr;

/// The target that the back end of a URI saw. `<host>` stands for its address, `<port>` for its port.
async fn target(kind: IntegrationType, uri: &str, mapped: &[(&str, &str)], request: &str, parameters: &[(&str, &str)]) -> String {
    let (address, got) = back_end(NO_BODY).await;
    let world = World::new();
    let mut ex = world.routed(request, parameters);
    let mut record = record(kind, &filled(uri, address));
    record.http_method = Some("GET".into());
    record.request_parameters = Some(map(mapped));
    answered(&world, &compiled(&record), &mut ex).await.unwrap();
    drop(world);
    let (head, _) = got.await.unwrap();
    head.split(' ').nth(1).unwrap().to_owned()
}

fn filled(uri: &str, address: SocketAddr) -> String {
    uri.replace("<host>", &address.to_string()).replace("<port>", &address.port().to_string())
}

const PROXY: IntegrationType = IntegrationType::HttpProxy;
const HTTP: IntegrationType = IntegrationType::Http;

#[test]
fn the_recorded_mappings_of_a_proxy_come_out_as_recorded() {
    run(async {
        let mapped = [
            ("integration.request.path.qsVar", "method.request.querystring.testVar"),
            ("integration.request.path.pathVar", "method.request.path.pathVariable"),
            ("integration.request.querystring.queryString", "method.request.querystring.testQueryString"),
            ("integration.request.querystring.testQs", "method.request.querystring.testQueryString"),
            ("integration.request.querystring.testEmptyQs", "method.request.header.emptyheader"),
        ];
        let request = "POST /test/foobar?testQueryString=foo&testVar=bar HTTP/1.1\r\nHost: a\r\n\r\n";
        let found = target(PROXY, "http://<host>/?testVar={pathVar}&testQs={qsVar}", &mapped, request, &[("pathVariable", "foobar")]).await;
        assert_eq!(found, "/?testVar=foobar&testQs=bar&testQueryString=foo&testVar=bar&queryString=foo&testQs=foo");
    });
}

#[test]
fn the_callers_query_passes_a_proxy_as_it_is_and_http_not_at_all() {
    run(async {
        let request = "GET /x?b=%2B+c&a=&a=1;d HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(target(PROXY, "http://<host>/p", &[], request, &[]).await, "/p?b=%2B+c&a=&a=1;d");
        assert_eq!(target(PROXY, "http://<host>/p?z=0#frag", &[], request, &[]).await, "/p?z=0&b=%2B+c&a=&a=1;d");
        assert_eq!(target(PROXY, "http://<host>", &[], "GET /x? HTTP/1.1\r\nHost: a\r\n\r\n", &[]).await, "/");
        assert_eq!(target(HTTP, "http://<host>/p", &[], request, &[]).await, "/p");
        let mapped = [
            ("integration.request.querystring.a", "method.request.multivaluequerystring.a"),
            ("integration.request.querystring.b", "method.request.querystring.b"),
            ("integration.request.querystring.none", "method.request.querystring.none"),
            ("integration.request.querystring.s", "'x y&z'"),
        ];
        assert_eq!(target(HTTP, "http://<host>/p?z=0", &mapped, request, &[]).await, "/p?z=0&a=&a=1&b=%2B%20c&s=x%20y%26z");
    });
}

#[test]
fn path_parameters_pass_a_proxy_as_they_came_and_are_encoded_anew_otherwise() {
    run(async {
        let value = "a%2Fb/c%20d//e+f%zz";
        let request = format!("GET /prod/{value} HTTP/1.1\r\nHost: a\r\n\r\n");
        let mapped = [("integration.request.path.proxy", "method.request.path.x")];
        let uri = "http://<host>/base/{proxy}/end";
        assert_eq!(target(PROXY, uri, &mapped, &request, &[("x", value)]).await, "/base/a%2Fb/c%20d//e+f%25zz/end");
        assert_eq!(target(HTTP, uri, &mapped, &request, &[("x", value)]).await, "/base/a%2Fb/c%20d//e+f%25zz/end");
        // Nor can it climb out of the path it is put into.
        let climb = "%2e%2E/..%2F../x";
        let request = format!("GET /prod/{climb} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(target(HTTP, uri, &mapped, &request, &[("x", climb)]).await, "/base/%2E%2E/..%2F../x/end");
        // Nothing a value says can begin another parameter.
        let request = "GET /prod/a&b=c HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(target(PROXY, "http://<host>/?q={proxy}", &mapped, request, &[("x", "a&b=c")]).await, "/?q=a%26b%3Dc");
    });
}

#[test]
fn a_placeholder_nobody_fills_stays_and_one_without_a_value_goes() {
    run(async {
        let request = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(target(PROXY, "http://<host>/{nobody}/{", &[], request, &[]).await, "/%7Bnobody%7D/%7B");
        let mapped = [("integration.request.path.gone", "method.request.header.Gone")];
        assert_eq!(target(PROXY, "http://<host>/a{gone}b", &mapped, request, &[]).await, "/ab");
    });
}

#[test]
fn stage_variables_are_put_in_anywhere() {
    run(async {
        let request = "GET /x?q=1 HTTP/1.1\r\nHost: a\r\n\r\n";
        let uri = "http://${stageVariables.host}:<port>/${stageVariables.v}/${stageVariables.none}?a=${stageVariables.v}";
        assert_eq!(target(PROXY, uri, &[], request, &[]).await, "/v%201/?a=v%201&q=1");
        assert_eq!(target(PROXY, "http://${stageVariables.host}:<port>", &[], request, &[]).await, "/?q=1");
        assert_eq!(target(PROXY, "http://${stageVariables.host}:<port>?a=1", &[], request, &[]).await, "/?a=1&q=1");
        let mapped = [("integration.request.path.v", "stageVariables.v"), ("integration.request.path.s", "'a/b?c=d'")];
        assert_eq!(target(HTTP, "http://<host>/{v}/{s}", &mapped, request, &[]).await, "/v%201/a/b?c=d");
    });
}

#[test]
fn what_a_template_has_read_the_path_can_have_too() {
    run(async {
        let (address, got) = back_end(NO_BODY).await;
        let world = World::new();
        let mut record = record(HTTP, &format!("http://{address}/pets/{{id}}"));
        record.request_templates = Some(crate::bench::templates(&[("application/json", "made of $input.path('$.id')")]));
        record.request_parameters = Some(map(&[("integration.request.path.id", "method.request.body.id")]));
        let mut ex = world.exchange("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n");
        ex.request.body = RequestBody::Whole(Buffer::from(br#"{"id":7}"#.to_vec()));
        answered(&world, &compiled(&record), &mut ex).await.unwrap();
        drop(world);
        let (head, body) = got.await.unwrap();
        assert_eq!((head.split(' ').nth(1), &*body), (Some("/pets/7"), "made of 7"));
    });
}

#[test]
fn an_address_that_is_none_is_found_when_a_request_comes() {
    run(async {
        let world = World::new();
        for uri in [
            "http://${stageVariables.none}/x",
            "nonsense",
            "ftp://a/",
            "http://user@host/",
            "http://{x}.test/",
            "http://a b/",
            "",
            "http:///x",
            "http://[::1/",
        ] {
            let mut record = record(PROXY, uri);
            record.request_parameters = Some(map(&[("integration.request.path.x", "method.request.querystring.x")]));
            let mut ex = world.exchange("GET /x?x=evil.test/%23 HTTP/1.1\r\nHost: a\r\n\r\n");
            let refusal = answered(&world, &compiled(&record), &mut ex).await.unwrap_err();
            assert_eq!((refusal.kind, &*refusal.because), (RefusalKind::ApiConfigurationError, "Invalid endpoint address"), "{uri}");
        }
    });
}

#[test]
fn a_caller_cannot_leave_the_host_of_a_placeholder() {
    run(async {
        let (address, got) = back_end(NO_BODY).await;
        let world = World::new();
        let mut record = record(PROXY, &format!("http://{{x}}:{}/p", address.port()));
        record.request_parameters = Some(map(&[("integration.request.path.x", "method.request.querystring.x")]));
        let mut ex = world.exchange("GET /x?x=127.0.0.1 HTTP/1.1\r\nHost: a\r\n\r\n");
        answered(&world, &compiled(&record), &mut ex).await.unwrap();
        drop(world);
        assert!(got.await.unwrap().0.starts_with("GET /p?x=127.0.0.1 "));
    });
}

#[test]
fn what_comes_later_and_what_names_nothing_is_a_flaw() {
    let mut private = record(PROXY, "http://a/");
    private.connection_type = Some("VPC_LINK".into());
    assert!(flaws(&private)[0].contains("names no VPC link"));
    assert!(flaws(&record(IntegrationType::Aws, "arn:x"))[0].contains("names no service"));
    assert!(flaws(&record(IntegrationType::AwsProxy, "arn:x"))[0].contains("names no function"));
    let mut many = record(HTTP, "http://a/");
    many.request_templates = Some(crate::bench::templates(&[("application/json", "#if("), ("text/plain", "#set(")]));
    many.request_parameters = Some(map(&[("integration.request.header.a", "method.request.body.a.."), ("nowhere", "'x'")]));
    assert_eq!(flaws(&many).len(), 4, "all flaws are told at once: {:?}", flaws(&many));
    let mut twice = record(HTTP, "http://a/{x}");
    twice.request_parameters = Some(map(&[("integration.request.path.x", "method.request.body.a..")]));
    assert_eq!(flaws(&twice).len(), 1, "and each of them once");
}

#[test]
fn templates_of_a_proxy_are_nobodys_business() {
    let mut proxy = record(PROXY, "http://a/");
    proxy.request_templates = Some(crate::bench::templates(&[("application/json", "$input.body")]));
    proxy.responses.get_mut("200").unwrap().response_templates = Some(crate::bench::templates(&[("application/json", "$input.json('$')")]));
    compiled(&proxy);
}

proptest! {
    #[test]
    fn any_uri_is_asked_or_refused(uri in r"(https?://)?([a-z{}$.:/?#&=% é]|\$\{stageVariables\.v\}|\{x\}){0,20}", value in ".{0,10}") {
        let world = World::new();
        let mut proxy = record(PROXY, &uri);
        proxy.request_parameters = Some(map(&[("integration.request.path.x", &format!("'{value}'"))]));
        let mut ex = world.exchange("GET /x?q=1 HTTP/1.1\r\nHost: a\r\n\r\n");
        let Ok(compiled) = crate::integration::compile_integration(&Default::default(), &proxy) else { return Ok(()) };
        let crate::integration::Backend::Http(http) = &compiled.backend else { unreachable!("it is HTTP") };
        match http.prepare(&world.upstreams, Default::default(), h1::Connection::Unsaid, &mut ex) {
            Ok(call) => {
                let mut head = call.head.to_vec();
                let parsed = h1::RequestHead::default().parse(&mut head, &h1::HeadLimits::default());
                prop_assert_eq!(parsed, Ok(h1::Parsed::Complete), "what goes out is one request");
                prop_assert!(head.is_empty());
            }
            Err(refusal) => prop_assert_eq!(&*refusal.because, "Invalid endpoint address"),
        }
    }
}
