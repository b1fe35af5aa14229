//! What goes, and what comes.

use super::*;
use crate::bench::{Pipe, body_of, listen, plain, until};

#[test]
fn a_call_is_made_with_its_fields_and_its_answer_has_trailers() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let (mut request, mut respond) = server.next().await;
            assert_eq!((request.method().as_str(), request.uri().path(), request.uri().scheme_str()), ("POST", "/a.B/C", Some("http")));
            assert_eq!(request.uri().authority().unwrap().as_str(), address.to_string());
            let fields = request.headers();
            assert_eq!((fields["te"].as_bytes(), fields["grpc-timeout"].as_bytes()), (&b"trailers"[..], &b"1S"[..]));
            assert!(!fields.contains_key("host") && !fields.contains_key("transfer-encoding"));
            assert_eq!(read(request.body_mut()).await.unwrap(), "ping");
            assert!(request.body().is_end_stream());
            answer(&mut respond, "pong");
            server
        };
        let ((answered, notes), _server) = tokio::join!(grpc(&world, &target, "ping"), back_end);
        assert_eq!((notes.status, notes.attempts, notes.reused, notes.address), (200, 1, false, Some(address)));
        assert_eq!(whole(source(answered)).await, Ok(("pong".into(), vec!["grpc-status: 0".into()])));
    });
}

#[test]
fn trailers_alone_are_the_head() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let (_request, mut respond) = server.next().await;
            respond.send_response(Response::builder().header("grpc-status", "5").body(()).unwrap(), true).unwrap();
            server
        };
        let ((answered, _), _server) = tokio::join!(grpc(&world, &target, ""), back_end);
        let answered = answered.unwrap();
        assert_eq!(crate::bench::lines(answered.head.fields()), ["grpc-status: 5"]);
        assert!(matches!(answered.body, ReplyBody::Empty));
    });
}

#[test]
fn messages_go_both_ways_one_by_one() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let pipe = Pipe::default();
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let (request, mut respond) = server.next().await;
            let (mut out, mut body) = (begin(&mut respond), request.into_body());
            tokio::spawn(async move {
                while let Some(said) = read(&mut body).await {
                    out.send_data(Bytes::from(said.to_uppercase()), false).unwrap();
                }
                out.send_trailers(status("0")).unwrap();
            });
            server
        };
        let ((answered, _), _server) = tokio::join!(ask(&world, call(&target, "POST", pipe.body()), Manner::Grpc), back_end);
        let mut source = source(answered);
        for word in ["one", "two", "six"] {
            pipe.feed(word);
            assert_eq!(piece(&mut source).await, Ok((word.to_uppercase(), Fill::More)));
        }
        pipe.end(Ok(()));
        assert_eq!(piece(&mut source).await, Ok((String::new(), Fill::End)));
        assert_eq!(crate::bench::lines(&source.trailers().unwrap()), ["grpc-status: 0"]);
    });
}

#[test]
fn who_does_not_read_can_still_write() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let pipe = Pipe::default();
        let (heard, hears) = tokio::sync::oneshot::channel();
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let (request, mut respond) = server.next().await;
            let (out, mut body) = (begin(&mut respond), request.into_body());
            tokio::spawn(async move {
                assert_eq!(read(&mut body).await.unwrap(), "late");
                heard.send(out).unwrap();
            });
            server
        };
        let ((answered, _), _server) = tokio::join!(ask(&world, call(&target, "POST", pipe.body()), Manner::Grpc), back_end);
        // The answer is here, and nobody asks for its body.
        let source = source(answered);
        pipe.feed("late");
        let mut out = hears.await.unwrap();
        out.send_trailers(status("0")).unwrap();
        assert_eq!(whole(source).await, Ok((String::new(), vec!["grpc-status: 0".into()])));
    });
}

#[test]
fn a_reader_who_waits_holds_the_back_end_back() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let (_request, mut respond) = server.next().await;
            let mut out = begin(&mut respond);
            out.reserve_capacity(1 << 20);
            let mut sent = 0;
            // A stream's window, and not a byte more.
            while sent < 64 * 1024 {
                let room = poll_fn(|cx| out.poll_capacity(cx)).await.unwrap().unwrap();
                sent += room;
                out.send_data(Bytes::from(vec![b'x'; room]), false).unwrap();
            }
            (server, out, sent)
        };
        let ((answered, _), (_server, mut out, sent)) = tokio::join!(grpc(&world, &target, ""), back_end);
        assert_eq!(sent, 64 * 1024);
        assert_eq!(out.capacity(), 0);
        let mut source = source(answered);
        let (first, _) = piece(&mut source).await.unwrap();
        assert!(!first.is_empty());
        let more = tokio::join!(poll_fn(|cx| out.poll_capacity(cx)), async { while piece(&mut source).await.unwrap().0.len() < 16_384 {} });
        assert!(more.0.unwrap().unwrap() > 0);
    });
}

#[test]
fn other_calls_have_lengths_and_no_trailers() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let (request, mut respond) = server.next().await;
            assert!(request.body().is_end_stream() && !request.headers().contains_key("te"));
            let response = Response::builder().header("content-length", "4").body(()).unwrap();
            let mut stream = respond.send_response(response, false).unwrap();
            stream.send_data(Bytes::from_static(b"body"), false).unwrap();
            stream.send_trailers(status("0")).unwrap();
            let (_request, mut respond) = server.next().await;
            respond.send_response(Response::builder().header("content-length", "7").body(()).unwrap(), true).unwrap();
            server
        };
        let calls = async {
            let (answered, _) = ask(&world, call(&target, "GET", RequestBody::None), Manner::Plain).await;
            let first = source(answered);
            assert_eq!(first.left(), Some(4));
            assert_eq!(whole(first).await, Ok(("body".into(), vec![])));
            let (answered, _) = ask(&world, call(&target, "HEAD", RequestBody::None), Manner::Plain).await;
            assert_eq!(body_of(answered.unwrap().body).await, Ok("(7 bytes)".into()));
        };
        tokio::join!(calls, back_end);
    });
}

#[test]
fn what_nobody_waits_for_is_reset() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let pipe = Pipe::default();
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let (request, mut respond) = server.next().await;
            (begin(&mut respond), request, server)
        };
        let ((answered, _), (mut out, _request, mut server)) =
            tokio::join!(ask(&world, call(&target, "POST", pipe.body()), Manner::Grpc), back_end);
        drop(answered);
        let reason = poll_fn(|cx| out.poll_reset(cx)).await.unwrap();
        assert_eq!(reason, h2::Reason::CANCEL);
        // The connection lives on, and so does nothing of the call.
        let ((answered, notes), ()) = tokio::join!(grpc(&world, &target, "next"), async {
            answer(&mut server.next().await.1, "well");
        });
        assert!(notes.reused);
        assert_eq!(whole(source(answered)).await.unwrap().0, "well");
        until(|| pipe.is_forgotten()).await;
    });
}
