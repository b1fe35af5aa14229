//! What goes wrong, and what is told of it.

use super::*;
use crate::bench::{Pipe, listen, plain, until};
use base::gate::RefusalKind;
use h2::Reason;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn kind(answered: Result<Answered, Failure>) -> (RefusalKind, String) {
    let refusal = answered.err().unwrap().refusal();
    (refusal.kind, refusal.because.into_owned())
}

#[test]
fn a_back_end_of_http_1_is_told_as_one() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 505 HTTP Version Not Supported\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut rest = Vec::new();
            let _reset_or_end = stream.read_to_end(&mut rest).await;
        });
        let (kind, because) = kind(grpc(&world, &target, "").await.0);
        assert_eq!(kind, RefusalKind::BadGateway);
        assert!(because.contains("speaks no HTTP/2"), "{because}");
        until(|| world.upstreams.open() == 0).await;
    });
}

#[test]
fn a_stream_that_is_reset_is_a_bad_gateway_and_one_that_was_refused_is_tried_again() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            server.next().await.1.send_reset(Reason::INTERNAL_ERROR);
            server.next().await.1.send_reset(Reason::REFUSED_STREAM);
            answer(&mut server.next().await.1, "well");
            for _ in 0..2 {
                server.next().await.1.send_reset(Reason::REFUSED_STREAM);
            }
            server
        };
        let calls = async {
            let (kind_told, because) = kind(grpc(&world, &target, "").await.0);
            assert_eq!(kind_told, RefusalKind::BadGateway);
            assert!(because.contains("reset the stream"), "{because}");
            let (answered, notes) = grpc(&world, &target, "again").await;
            assert_eq!((whole(source(answered)).await.unwrap().0.as_str(), notes.attempts), ("well", 2));
            let (answered, notes) = grpc(&world, &target, "never").await;
            assert_eq!((kind(answered).0, notes.attempts), (RefusalKind::BadGateway, 2));
        };
        tokio::join!(calls, back_end);
    });
}

#[test]
fn a_refused_request_whose_body_has_gone_is_not_sent_again() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let pipe = Pipe::default();
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let (mut request, mut respond) = server.next().await;
            for word in ["one", "two"] {
                pipe.feed(word);
                assert_eq!(read(request.body_mut()).await.unwrap(), word);
            }
            respond.send_reset(Reason::REFUSED_STREAM);
            server
        };
        let ((answered, notes), _server) = tokio::join!(ask(&world, call(&target, "POST", pipe.body()), Manner::Grpc), back_end);
        assert_eq!((kind(answered).0, notes.attempts), (RefusalKind::BadGateway, 1));
    });
}

#[test]
fn a_back_end_that_dies_before_its_answer_is_a_network_error_and_after_its_head_a_broken_body() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let _asked = server.next().await;
            server.tell(Control::Die);
            let mut server = Server::accept(&listener).await;
            let (_request, mut respond) = server.next().await;
            let mut out = begin(&mut respond);
            out.send_data(Bytes::from_static(b"half"), false).unwrap();
            (server, out)
        };
        let calls = async {
            assert_eq!(kind(grpc(&world, &target, "").await.0).0, RefusalKind::IntegrationFailure);
            let mut source = source(grpc(&world, &target, "").await.0);
            assert_eq!(piece(&mut source).await, Ok(("half".into(), Fill::More)));
            source
        };
        let (mut source, (server, _out)) = tokio::join!(calls, back_end);
        server.tell(Control::Die);
        assert_eq!(piece(&mut source).await, Err(BodyFault::Gone));
        assert!(source.trailers().is_none());
    });
}

#[test]
fn an_answer_is_waited_for_as_long_as_it_may_take_and_a_silent_connection_is_not_used_again() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let (reached, told) = tokio::sync::oneshot::channel();
        let back_end = async {
            // It takes what comes, and says nothing, not even its settings.
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut preface = [0; 24];
            stream.read_exact(&mut preface).await.unwrap();
            reached.send(()).unwrap();
            stream
        };
        let waiting = async {
            told.await.unwrap();
            world.pass(Duration::from_millis(28_900));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            assert_eq!(world.upstreams.open(), 1, "it still waits");
            world.pass(Duration::from_millis(200));
        };
        let ((answered, _), _silent, ()) = tokio::join!(grpc(&world, &target, ""), back_end, waiting);
        assert_eq!(answered.err(), Some(Failure::TimedOut));
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            answer(&mut server.next().await.1, "well");
            server
        };
        let ((answered, notes), _server) = tokio::join!(grpc(&world, &target, ""), back_end);
        assert!(!notes.reused);
        assert_eq!(whole(source(answered)).await.unwrap().0, "well");
    });
}

#[test]
fn a_call_may_pause_for_five_minutes_and_no_longer() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let (_request, mut respond) = server.next().await;
            (begin(&mut respond), server)
        };
        let ((answered, _), (mut out, _server)) = tokio::join!(grpc(&world, &target, ""), back_end);
        let mut source = source(answered);
        let (paused, ()) = tokio::join!(piece(&mut source), async {
            tokio::task::yield_now().await;
            world.pass(Duration::from_secs(299));
            out.send_data(Bytes::from_static(b"still"), false).unwrap();
        });
        assert_eq!(paused, Ok(("still".into(), Fill::More)));
        let (silent, ()) = tokio::join!(piece(&mut source), async {
            tokio::task::yield_now().await;
            world.pass(Duration::from_secs(301));
        });
        assert_eq!(silent, Err(BodyFault::Stalled));
        assert_eq!(poll_fn(|cx| out.poll_reset(cx)).await.unwrap(), Reason::CANCEL);
    });
}

#[test]
fn a_callers_body_that_breaks_off_is_the_callers_fault_before_the_answer_and_ends_it_afterwards() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let (early, late) = (Pipe::default(), Pipe::default());
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let _first = server.next().await;
            let (_request, mut respond) = server.next().await;
            (begin(&mut respond), server)
        };
        let calls = async {
            early.end(Err(BodyFault::Stalled));
            let (answered, _) = ask(&world, call(&target, "POST", early.body()), Manner::Grpc).await;
            assert_eq!(answered.err(), Some(Failure::RequestBody(BodyFault::Stalled)));
            ask(&world, call(&target, "POST", late.body()), Manner::Grpc).await.0
        };
        let (answered, (mut out, _server)) = tokio::join!(calls, back_end);
        let mut source = source(answered);
        late.end(Err(BodyFault::Gone));
        assert!(piece(&mut source).await.is_err());
        assert_eq!(poll_fn(|cx| out.poll_reset(cx)).await.unwrap(), Reason::CANCEL);
    });
}

#[test]
fn heads_and_trailers_have_their_bounds() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let long = "x".repeat(40_000);
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let (_request, mut respond) = server.next().await;
            let response = Response::builder().header("a", &long).header("b", &long).body(()).unwrap();
            respond.send_response(response, false).unwrap();
            let (_request, mut respond) = server.next().await;
            let mut out = begin(&mut respond);
            let pair = |name: &str| (name.parse::<http::HeaderName>().unwrap(), long.parse::<http::HeaderValue>().unwrap());
            out.send_trailers(HeaderMap::from_iter([pair("a"), pair("b")])).unwrap();
            server
        };
        let calls = async {
            assert_eq!(kind(grpc(&world, &target, "").await.0).0, RefusalKind::BadGateway);
            let answered = grpc(&world, &target, "").await.0;
            assert!(whole(source(answered)).await.is_err());
        };
        tokio::join!(calls, back_end);
    });
}
