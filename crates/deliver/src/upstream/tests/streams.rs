//! Answers that pause, and connections that go on in another protocol.

use super::super::Manner;
use super::call;
use crate::bench::{World, listen, plain, read_exactly, read_head, run, until};
use base::gate::{BodyFault, Buffer, Fill, ReplyBody, RequestBody, Upstream};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

const SECOND: Duration = Duration::from_secs(1);

/// How long an answer of this media type may pause: so many seconds have passed without a fault, and one more is too many.
async fn patience(media: &str, manner: Manner) -> u64 {
    let (listener, address) = listen().await;
    let (world, target) = (World::new(), plain(address));
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        // Quiet, but there.
        read_head(&mut stream).await;
    });
    let mut notes = Upstream::default();
    let answered = world.upstreams.ask_as(manner, call(&target, "GET", RequestBody::None), &mut notes).await.unwrap();
    let ReplyBody::Stream(mut source) = answered.body else { panic!("it streams") };
    let mut piece = Buffer::take();
    while piece.is_empty() {
        assert_eq!(poll_fn(|cx| source.poll_fill(cx, &mut piece)).await, Ok(Fill::More));
    }
    for seconds in 0.. {
        match poll_fn(|cx| Poll::Ready(source.poll_fill(cx, &mut piece))).await {
            Poll::Pending => world.pass(SECOND),
            Poll::Ready(fill) => {
                assert_eq!(fill, Err(BodyFault::Stalled));
                return seconds - 1;
            }
        }
    }
    unreachable!("it is bounded")
}

#[test]
fn a_quiet_stream_of_events_is_waited_for_as_any_stream() {
    run(async {
        let (plainly, open) = (Manner::default(), Manner { events_pause: true, ..Manner::default() });
        for media in ["text/event-stream", "Text/Event-Stream; charset=utf-8", "text/event-stream;x=y"] {
            assert_eq!(patience(media, open).await, 300, "{media}");
            assert_eq!(patience(media, plainly).await, 30, "{media}");
        }
        for media in ["text/plain", "text/event-streams", "text/event", "application/text/event-stream"] {
            assert_eq!(patience(media, open).await, 30, "{media}");
        }
        assert_eq!(patience("text/plain", Manner { streams: true, ..open }).await, 300);
    });
}

#[test]
fn what_follows_a_101_is_a_tunnel_and_its_connection_is_never_used_again() {
    run(async {
        let (listener, address) = listen().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nearly").await.unwrap();
            assert_eq!(read_exactly(&mut stream, 5).await, "hello");
            stream.write_all(b"and more").await.unwrap();
        });
        let (world, target) = (World::new(), plain(address));
        let manner = Manner { websocket: true, ..Manner::default() };
        let mut notes = Upstream::default();
        let answered = world.upstreams.ask_as(manner, call(&target, "GET", RequestBody::None), &mut notes).await.unwrap();
        assert_eq!((answered.head.status(), notes.status), (101, 101));
        let ReplyBody::Tunnel(mut end) = answered.body else { panic!("it is a tunnel") };
        let mut came = Buffer::take();
        let mut sent = 0;
        while sent < 5 {
            sent += poll_fn(|cx| end.poll_send(cx, &b"hello"[sent..])).await.unwrap();
        }
        while poll_fn(|cx| end.poll_receive(cx, &mut came)).await.unwrap() > 0 {}
        assert_eq!(came.as_slice(), b"earlyand more");
        assert_eq!((world.upstreams.open(), world.upstreams.idle()), (1, 0));
        drop(end);
        until(|| world.upstreams.open() == 0).await;
        assert_eq!(world.upstreams.idle(), 0);
    });
}
