//! What a proxied call costs above the sockets. Run with `--release -- --ignored --nocapture cost`.

use super::compiled;
use crate::bench::{World, map, record, run};
use crate::gateway_response::put_standard_fields;
use crate::integration::Backend;
use crate::integration::MethodFacts;
use crate::integration::record::IntegrationType;
use crate::mapping::IntegrationResponse;
use base::gate::{Reply, ReplyBody};
use base::gate::{give_back_fields, take_fields};
use base::world::Clock;
use h1::{Asked, HeadLimits, ResponseHead};

const TURNS: u64 = 200_000;
const REQUEST: &str = "GET /prod/items/i-12345?page=2 HTTP/1.1\r\nHost: api.test\r\nAccept: */*\r\nUser-Agent: load/1.0\r\n\
    Accept-Encoding: identity\r\nX-Api-Key: 0123456789abcdef0123\r\nX-Client: abc\r\nCookie: session=0123456789abcdef\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nServer: back/1\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n\
    Content-Length: 100\r\nConnection: keep-alive\r\n\r\n";

fn timed(what: &str, mut turn: impl FnMut()) {
    let clock = Clock::system();
    (0..1000).for_each(|_| turn());
    let from = clock.now();
    (0..TURNS).for_each(|_| turn());
    println!("{what}: {} ns", clock.now().since(from).as_nanos() as u64 / TURNS);
}

#[test]
#[ignore = "it prints figures"]
fn cost_of_a_proxied_call() {
    run(async {
        let world = World::new();
        let mapped = map(&[("integration.request.path.id", "method.request.path.id")]);
        for (what, uri, parameters) in [
            ("ask, fixed", "http://127.0.0.1:80/items", None),
            ("ask, path parameter", "http://127.0.0.1:80/items/{id}", Some(mapped)),
            ("ask, host by stage variable", "http://${stageVariables.host}:80/items", None),
        ] {
            let mut proxy = record(IntegrationType::HttpProxy, uri);
            proxy.request_parameters = parameters;
            let compiled = compiled(&proxy);
            let mut ex = world.routed(REQUEST, &[("id", "i-12345")]);
            let Backend::Http(http) = &compiled.backend else { unreachable!("it is HTTP") };
            timed(what, || {
                let ask = compiled.request.apply(&mut ex).unwrap();
                std::hint::black_box(http.prepare(&world.upstreams, ask, h1::Connection::Unsaid, &mut ex).unwrap());
            });
        }
        let integration = compiled(&record(IntegrationType::HttpProxy, "http://127.0.0.1:80"));
        let mut ex = world.exchange(REQUEST);
        println!("the future of a call: {} bytes", size_of_val(&integration.answer(&world.upstreams, &mut ex, 0)));
        let response = IntegrationResponse::compile(&record(IntegrationType::HttpProxy, ""), &MethodFacts::default(), &mut Vec::new());
        let mut ex = world.routed(REQUEST, &[("id", "i-12345")]);
        let limits = HeadLimits::for_answers();
        let mut bytes = Vec::with_capacity(1024);
        timed("answer", || {
            bytes.extend_from_slice(ANSWER);
            let mut head = ResponseHead::reusing(take_fields());
            let _complete = head.parse(&mut bytes, 0, Asked::Plainly, &limits).unwrap();
            let reply = Reply { status: head.status(), fields: head.into_fields(), body: ReplyBody::Empty };
            let mut reply = response.apply(reply, &mut ex).unwrap();
            put_standard_fields(&mut reply, &ex, None);
            give_back_fields(reply.fields);
        });
    });
}

#[test]
#[ignore = "it prints figures"]
fn cost_over_loopback() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let back_end = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 4096];
        while stream.read(&mut bytes).unwrap() > 0 {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        }
    });
    run(async {
        let world = World::new();
        let compiled = compiled(&record(IntegrationType::HttpProxy, &format!("http://{address}/items")));
        let mut ex = world.routed(REQUEST, &[("id", "i-12345")]);
        let clock = Clock::system();
        let from = clock.now();
        for _ in 0..20_000 {
            let reply = compiled.answer(&world.upstreams, &mut ex, 1 << 20).await.unwrap();
            assert_eq!(reply.status, 200);
            give_back_fields(reply.fields);
        }
        println!("over loopback: {} ns", clock.now().since(from).as_nanos() as u64 / 20_000);
    });
    back_end.join().unwrap();
}
