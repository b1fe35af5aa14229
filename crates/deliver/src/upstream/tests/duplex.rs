//! Both directions at once, and who holds whom back.

use super::{ask, call};
use crate::bench::{Pipe, World, body_of, listen, plain, read_exactly, read_head, run, until};
use base::gate::{BodyFault, BodySource, Buffer, Fill, ReplyBody};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::Settings;
use base::gate::RequestBody;

async fn piece(source: &mut Box<dyn BodySource>) -> (String, Fill) {
    let mut bytes = Buffer::take();
    let fill = poll_fn(|cx| source.poll_fill(cx, &mut bytes)).await.unwrap();
    (String::from_utf8(bytes.to_vec()).unwrap(), fill)
}

#[test]
fn an_early_answer_is_delivered_while_the_request_goes_on() {
    run(async {
        let (listener, address) = listen().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(read_head(&mut stream).await.contains("Transfer-Encoding: chunked"));
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
            for _ in 0..3 {
                // Each piece is echoed before the next is made.
                let echoed = read_exactly(&mut stream, 8).await;
                assert!(echoed.starts_with("3\r\n") && echoed.ends_with("\r\n"));
                stream.write_all(echoed.as_bytes()).await.unwrap();
            }
            assert_eq!(read_exactly(&mut stream, 5).await, "0\r\n\r\n");
            stream.write_all(b"0\r\n\r\n").await.unwrap();
            read_head(&mut stream).await;
        });
        let (world, target) = (World::new(), plain(address));
        let pipe = Pipe::default();
        let (answered, notes) = ask(&world, call(&target, "POST", pipe.body())).await;
        let ReplyBody::Stream(mut source) = answered.unwrap().body else { panic!("it streams") };
        assert_eq!((notes.status, source.left()), (200, None));
        for word in ["one", "two", "six"] {
            pipe.feed(word);
            assert_eq!(piece(&mut source).await, (word.to_owned(), Fill::More));
        }
        pipe.end(Ok(()));
        assert_eq!(piece(&mut source).await, (String::new(), Fill::End));
        // Both directions came to their end: the connection serves again.
        assert_eq!((world.upstreams.idle(), world.upstreams.open()), (1, 1));
    });
}

#[test]
fn an_answer_that_ends_before_its_request_costs_the_connection() {
    run(async {
        let (listener, address) = listen().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno").await.unwrap();
            let _reset_or_end = stream.read_to_end(&mut Vec::new()).await;
        });
        let (world, target) = (World::new(), plain(address));
        let (answered, _) = ask(&world, call(&target, "POST", Pipe::of_length(1 << 20).body())).await;
        let answered = answered.unwrap();
        assert_eq!(answered.head.status(), 413);
        assert_eq!(body_of(answered.body).await.unwrap(), "no");
        assert_eq!(world.upstreams.open(), 0);
    });
}

#[test]
fn a_connection_with_half_a_request_in_it_never_serves_again() {
    run(async {
        let (listener, address) = listen().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno").await.unwrap();
            std::future::pending::<()>().await;
            drop(stream);
        });
        let (world, target) = (World::new(), plain(address));
        // All of it is framed, and most of it is still here when the answer has ended.
        let body = RequestBody::Whole(vec![b'x'; 64 << 20].into());
        let (answered, _) = ask(&world, call(&target, "POST", body)).await;
        assert_eq!(body_of(answered.unwrap().body).await.unwrap(), "no");
        assert_eq!((world.upstreams.idle(), world.upstreams.open()), (0, 0));
    });
}

#[test]
fn a_callers_body_that_breaks_off_ends_the_early_answer() {
    run(async {
        let (listener, address) = listen().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n").await.unwrap();
            std::future::pending::<()>().await;
            drop(stream);
        });
        let (world, target) = (World::new(), plain(address));
        let pipe = Pipe::default();
        let (answered, _) = ask(&world, call(&target, "POST", pipe.body())).await;
        pipe.end(Err(BodyFault::Gone));
        assert_eq!(body_of(answered.unwrap().body).await, Err(BodyFault::Gone));
        assert_eq!(world.upstreams.open(), 0);
    });
}

#[test]
fn an_answer_is_heard_from_who_hung_up_in_the_middle_of_the_request() {
    run(async {
        let (listener, address) = listen().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno").await.unwrap();
            // What it has not read turns its goodbye into a reset.
        });
        let (world, target) = (World::new(), plain(address));
        let endless = Endless(Arc::default());
        let (answered, notes) = ask(&world, call(&target, "POST", RequestBody::Stream(Box::new(endless)))).await;
        assert_eq!(body_of(answered.unwrap().body).await.unwrap(), "no");
        assert_eq!((notes.status, world.upstreams.open()), (401, 0));
    });
}

#[test]
fn an_answer_nobody_reads_holds_its_back_end_back() {
    run(async {
        const ALL: usize = 64 << 20;
        let (listener, address) = listen().await;
        let written = Arc::new(AtomicUsize::new(0));
        let count = written.clone();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {ALL}\r\n\r\n").as_bytes()).await.unwrap();
            let piece = vec![b'x'; 64 * 1024];
            for _ in 0..ALL / piece.len() {
                stream.write_all(&piece).await.unwrap();
                count.fetch_add(piece.len(), Ordering::SeqCst);
            }
            read_head(&mut stream).await;
        });
        let mut settings = Settings::default();
        settings.limits.body_bytes_max = ALL as u64;
        let (world, target) = (World::with(settings, None), plain(address));
        let (answered, _) = ask(&world, call(&target, "GET", RequestBody::None)).await;
        let ReplyBody::Stream(mut source) = answered.unwrap().body else { panic!("it streams") };
        settled(&written).await;
        assert!(written.load(Ordering::SeqCst) < ALL / 2, "what is not read stays where it is");
        let (mut total, mut largest, mut largest_late) = (0, 0, 0);
        loop {
            let is_late = total > ALL / 2;
            let mut bytes = Vec::with_capacity(if is_late { 16 * 1024 } else { 256 * 1024 });
            let fill = poll_fn(|cx| source.poll_fill(cx, &mut bytes)).await.unwrap();
            total += bytes.len();
            let seen = if is_late { &mut largest_late } else { &mut largest };
            *seen = bytes.len().max(*seen);
            assert_eq!(source.left(), Some((ALL - total) as u64));
            if fill == Fill::End {
                break;
            }
        }
        assert_eq!(total, ALL);
        assert!(largest > 16 * 1024 && largest_late <= 16 * 1024, "a piece is as large as its reader has room: {largest}, {largest_late}");
        assert_eq!((world.upstreams.idle(), world.upstreams.open()), (1, 1));
    });
}

#[test]
fn a_back_end_that_reads_nothing_holds_its_caller_back() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (World::new(), plain(address));
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            std::future::pending::<()>().await;
            drop(stream);
        });
        let taken = Arc::new(AtomicUsize::new(0));
        let endless = Endless(taken.clone());
        let call = call(&target, "POST", RequestBody::Stream(Box::new(endless)));
        tokio::select! {
            _ = ask(&world, call) => panic!("nobody answers"),
            () = settled(&taken) => {}
        }
        let taken = taken.load(Ordering::SeqCst);
        assert!(taken > 0 && taken < 64 << 20, "{taken} bytes were taken from the caller");
        assert_eq!(world.upstreams.open(), 0, "who stops asking closes the connection");
    });
}

/// Waits until a count has not moved for a while.
async fn settled(count: &AtomicUsize) {
    let (mut last, mut still) = (0, 0);
    until(|| {
        let now = count.load(Ordering::SeqCst);
        still = if now == last && now > 0 { still + 1 } else { 0 };
        last = now;
        still > 500
    })
    .await;
}

struct Endless(Arc<AtomicUsize>);

impl BodySource for Endless {
    fn poll_fill(&mut self, _cx: &mut std::task::Context<'_>, into: &mut Vec<u8>) -> std::task::Poll<Result<Fill, BodyFault>> {
        into.resize(into.len() + 16 * 1024, b'x');
        self.0.fetch_add(16 * 1024, Ordering::SeqCst);
        std::task::Poll::Ready(Ok(Fill::More))
    }
    fn left(&self) -> Option<u64> {
        None
    }
}

#[test]
fn an_answer_that_is_dropped_half_way_closes_its_connection() {
    run(async {
        let (listener, address) = listen().await;
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
            read_head(&mut stream).await
        });
        let (world, target) = (World::new(), plain(address));
        let (answered, _) = ask(&world, call(&target, "GET", RequestBody::None)).await;
        let ReplyBody::Stream(mut source) = answered.unwrap().body else { panic!("it streams") };
        assert_eq!(piece(&mut source).await, ("half".to_owned(), Fill::More));
        drop(source);
        assert_eq!(world.upstreams.open(), 0);
        assert_eq!(server.await.unwrap(), "", "the back end sees the end");
    });
}

#[test]
fn a_body_of_known_length_goes_as_it_is_and_one_of_unknown_length_in_chunks() {
    run(async {
        for (pipe, framing, sent) in [
            (Pipe::of_length(6), "Content-Length: 6", "abcdef"),
            (Pipe::default(), "Transfer-Encoding: chunked", "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"),
        ] {
            let (listener, address) = listen().await;
            let server = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let head = read_head(&mut stream).await;
                let body = read_exactly(&mut stream, sent.len()).await;
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
                read_head(&mut stream).await;
                (head, body)
            });
            let (world, target) = (World::new(), plain(address));
            pipe.feed("abc");
            let asking = ask(&world, call(&target, "POST", pipe.body()));
            let feeding = async {
                until(|| pipe.is_drained()).await;
                pipe.feed("def");
                until(|| pipe.is_drained()).await;
                pipe.end(Ok(()));
            };
            let ((answered, _), ()) = tokio::join!(asking, feeding);
            assert_eq!(body_of(answered.unwrap().body).await.unwrap(), "");
            drop(world);
            let (head, body) = server.await.unwrap();
            assert!(head.contains(framing), "{head}");
            assert_eq!(body, sent);
        }
    });
}
