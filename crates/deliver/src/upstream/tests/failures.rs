//! What goes wrong, and how long it may take.

use super::super::{Failure, Settings, Target, Trust};
use super::{ask, call};
use crate::bench::{Pipe, World, body_of, listen, plain, read_head, run};
use base::gate::{BodyFault, RefusalKind, RequestBody};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

#[test]
fn an_answer_that_does_not_come_is_waited_for_as_long_as_it_may_take() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (World::new(), plain(address));
        let (asked, told) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            // Half a head is no answer.
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
            asked.send(()).unwrap();
            read_head(&mut stream).await;
        });
        let waiting = async {
            told.await.unwrap();
            world.pass(Duration::from_millis(28_900));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            assert_eq!(world.upstreams.open(), 1, "it still waits");
            world.pass(Duration::from_millis(200));
        };
        let ((answered, notes), ()) = tokio::join!(ask(&world, call(&target, "GET", RequestBody::None)), waiting);
        let failure = answered.err().unwrap();
        assert_eq!(failure, Failure::TimedOut);
        assert_eq!(failure.refusal().kind, RefusalKind::IntegrationTimeout);
        assert_eq!((notes.status, world.upstreams.open()), (0, 0));
    });
}

#[test]
fn a_body_that_stops_coming_is_waited_for_only_so_long() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (World::new(), plain(address));
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
            read_head(&mut stream).await;
        });
        let (answered, _) = ask(&world, call(&target, "GET", RequestBody::None)).await;
        // Who reads late has all the time there is.
        world.pass(Duration::from_secs(3_600));
        let (body, ()) = tokio::join!(body_of(answered.unwrap().body), async {
            tokio::task::yield_now().await;
            world.pass(Duration::from_secs(29));
            assert_eq!(world.upstreams.open(), 1);
            world.pass(Duration::from_secs(2));
        });
        assert_eq!((body, world.upstreams.open()), (Err(BodyFault::Stalled), 0));
    });
}

#[test]
fn nobody_there_is_a_network_error() {
    run(async {
        let (listener, address) = listen().await;
        drop(listener);
        let world = World::new();
        let (answered, notes) = ask(&world, call(&plain(address), "GET", RequestBody::None)).await;
        let refusal = answered.err().unwrap().refusal();
        assert_eq!(
            (refusal.kind, refusal.message.text()),
            (RefusalKind::IntegrationFailure, Some("Network error communicating with endpoint"))
        );
        assert_eq!((notes.attempts, notes.address, world.upstreams.open()), (1, None, 0));
    });
}

#[test]
fn a_name_that_is_none_is_a_network_error_and_is_remembered_for_a_second() {
    run(async {
        let world = World::new();
        let target = Arc::new(Target::parse("http", "no..name", Trust::Authorities).unwrap());
        for _ in 0..2 {
            let (answered, _) = ask(&world, call(&target, "GET", RequestBody::None)).await;
            assert!(matches!(answered.err(), Some(Failure::Unreachable(_))));
        }
        let names = world.upstreams.names(&target);
        let until = names.known.borrow().as_ref().unwrap().until;
        assert_eq!(until.since(world.lane.deadlines.now()), Duration::from_secs(1));
    });
}

#[test]
fn connecting_may_take_only_so_long() {
    run(async {
        // A back end that takes the connection and never shakes hands.
        for (timeout_ms, pass_ms, expected) in [(29_000, 10_100, "connect"), (5_000, 5_100, "call")] {
            let (listener, address) = listen().await;
            let world = World::with(Settings::default(), None);
            let (accepted, told) = tokio::sync::oneshot::channel();
            let server = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                accepted.send(()).unwrap();
                read_raw(&mut stream).await;
            });
            let target = Arc::new(Target::parse("https", &address.to_string(), Trust::Authorities).unwrap());
            let mut late = call(&target, "GET", RequestBody::None);
            late.timeout = Duration::from_millis(timeout_ms);
            let ((answered, _), ()) = tokio::join!(ask(&world, late), async {
                told.await.unwrap();
                world.pass(Duration::from_millis(pass_ms));
            });
            match expected {
                "connect" => assert!(matches!(answered.err(), Some(Failure::Unreachable(_)))),
                _ => assert_eq!(answered.err(), Some(Failure::TimedOut)),
            }
            assert_eq!(world.upstreams.open(), 0);
            server.await.unwrap();
        }
    });
}

async fn read_raw(stream: &mut tokio::net::TcpStream) {
    use tokio::io::AsyncReadExt;
    let mut bytes = Vec::new();
    let _reset_or_end = stream.read_to_end(&mut bytes).await;
}

#[test]
fn a_callers_body_that_breaks_off_is_the_callers_fault() {
    run(async {
        let (listener, address) = listen().await;
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_raw(&mut stream).await;
        });
        let (world, target) = (World::new(), plain(address));
        let pipe = Pipe::of_length(10);
        pipe.feed("half");
        pipe.end(Err(BodyFault::Stalled));
        let (answered, _) = ask(&world, call(&target, "POST", pipe.body())).await;
        let failure = answered.err().unwrap();
        assert_eq!(failure, Failure::RequestBody(BodyFault::Stalled));
        assert_eq!(failure.refusal().kind, RefusalKind::Front(408));
        assert_eq!(world.upstreams.open(), 0);
        server.await.unwrap();
    });
}
