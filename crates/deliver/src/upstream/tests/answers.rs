//! How answers end, and what comes of their bodies.

use super::super::Failure;
use super::{ask, call};
use crate::bench::{World, body_of, listen, plain, read_head, run};
use base::gate::{BodyFault, ReplyBody, RequestBody};
use tokio::io::AsyncWriteExt;

/// What an answer, sent at once or byte by byte, comes to: status, body, whether its connection was kept.
async fn answer(method: &str, answer: &'static str, by_byte: bool) -> Result<(u16, Result<String, BodyFault>, bool), Failure> {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        read_head(&mut stream).await;
        let piece = if by_byte { 1 } else { answer.len() };
        for piece in answer.as_bytes().chunks(piece) {
            stream.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        stream.shutdown().await.unwrap();
    });
    let (world, target) = (World::new(), plain(address));
    let (answered, _) = ask(&world, call(&target, method, RequestBody::None)).await;
    let answered = answered?;
    let status = answered.head.status();
    let body = body_of(answered.body).await;
    assert_eq!(world.upstreams.open(), world.upstreams.idle(), "a connection is kept or closed");
    Ok((status, body, world.upstreams.idle() == 1))
}

#[test]
fn every_way_to_end_a_body_is_understood_however_it_is_cut() {
    run(async {
        for by_byte in [false, true] {
            for (method, text, status, body, kept) in [
                ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true),
                ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true),
                (
                    "GET",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: 1\r\n\r\n",
                    200,
                    "hello",
                    true,
                ),
                ("GET", "HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end", false),
                ("GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false),
                ("GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false),
                ("GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true),
                ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", 304, "", true),
                ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", 200, "", true),
                ("GET", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true),
                ("GET", "HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n", 302, "", true),
            ] {
                let found = answer(method, text, by_byte).await.unwrap();
                assert_eq!(found, (status, Ok(body.to_owned()), kept), "{text} by_byte={by_byte}");
            }
        }
    });
}

#[test]
fn bytes_after_an_answer_cost_the_connection() {
    run(async {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK",
        ] {
            assert_eq!(answer("GET", text, false).await.unwrap(), (200, Ok("ok".to_owned()), false), "{text}");
        }
    });
}

#[test]
fn a_body_that_breaks_off_or_makes_no_sense_is_told() {
    run(async {
        for (text, fault) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", BodyFault::Gone),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", BodyFault::Gone),
        ] {
            let (_, body, kept) = answer("GET", text, false).await.unwrap();
            assert_eq!((body, kept), (Err(fault), false), "{text}");
        }
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n";
        assert!(matches!(answer("GET", text, true).await.unwrap().1, Err(BodyFault::Malformed(_))));
    });
}

#[test]
fn what_is_no_answer_is_garbage() {
    run(async {
        for text in [
            "nonsense\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nServer: cut off",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n",
        ] {
            assert!(matches!(answer("GET", text, false).await, Err(Failure::Garbage(_))), "{text}");
        }
    });
}

#[test]
fn a_small_answer_that_came_whole_is_no_stream() {
    run(async {
        let (listener, address) = listen().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            read_head(&mut stream).await;
        });
        let (world, target) = (World::new(), plain(address));
        let (answered, _) = ask(&world, call(&target, "GET", RequestBody::None)).await;
        assert!(matches!(answered.unwrap().body, ReplyBody::Whole(bytes) if *bytes == b"ok"));
    });
}
