//! Connections: kept, used again, never when they are dead.

use super::super::{Failure, Settings};
use super::{ask, call, whole};
use crate::bench::{Pipe, World, listen, plain, read_exactly, read_head, run, until};
use base::gate::RequestBody;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers each connection as often as it says, then closes it; tells of each request by its connection's number.
fn back_end(listener: TcpListener, answers: &'static [usize]) -> tokio::task::JoinHandle<Vec<(usize, String)>> {
    tokio::spawn(async move {
        let mut seen = Vec::new();
        for (number, count) in answers.iter().enumerate() {
            let (mut stream, _) = listener.accept().await.unwrap();
            for _ in 0..*count {
                seen.push((number, read_head(&mut stream).await));
                stream.write_all(OK).await.unwrap();
            }
        }
        seen
    })
}

#[test]
fn a_connection_is_used_again_and_again() {
    run(async {
        let (listener, address) = listen().await;
        let served = back_end(listener, &[3]);
        let (world, target) = (World::new(), plain(address));
        for turn in 0..3 {
            let (status, body, notes) = whole(&world, &target, "GET", RequestBody::None).await;
            assert_eq!((status, body.as_str()), (200, "ok"));
            assert_eq!((notes.reused, notes.attempts, notes.status, notes.address), (turn > 0, 1, 200, Some(address)));
        }
        assert_eq!(served.await.unwrap().len(), 3);
        assert_eq!(world.upstreams.open(), world.upstreams.idle());
    });
}

#[test]
fn the_connection_used_last_is_used_first_and_the_others_grow_old() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (World::new(), plain(address));
        let server = tokio::spawn(async move {
            let (mut first, _) = listener.accept().await.unwrap();
            let (mut second, _) = listener.accept().await.unwrap();
            read_head(&mut first).await;
            read_head(&mut second).await;
            first.write_all(OK).await.unwrap();
            second.write_all(OK).await.unwrap();
            (first, second)
        });
        let (one, two) = tokio::join!(whole(&world, &target, "GET", RequestBody::None), whole(&world, &target, "GET", RequestBody::None));
        assert_eq!((one.1.as_str(), two.1.as_str(), world.upstreams.idle()), ("ok", "ok", 2));
        let _open = server.await.unwrap();
        world.pass(Duration::from_secs(59));
        assert_eq!(world.upstreams.idle(), 2);
        world.pass(Duration::from_secs(2));
        assert_eq!((world.upstreams.idle(), world.upstreams.open()), (0, 0));
    });
}

#[test]
fn no_more_connections_are_kept_than_there_is_room_for() {
    run(async {
        let (listener, address) = listen().await;
        let settings = Settings { idle_per_target_max: 1, ..Settings::default() };
        let (world, target) = (World::with(settings, None), plain(address));
        tokio::spawn(async move {
            let (mut first, _) = listener.accept().await.unwrap();
            let (mut second, _) = listener.accept().await.unwrap();
            for stream in [&mut first, &mut second] {
                read_head(stream).await;
                stream.write_all(OK).await.unwrap();
            }
            std::future::pending::<()>().await;
        });
        tokio::join!(whole(&world, &target, "GET", RequestBody::None), whole(&world, &target, "GET", RequestBody::None));
        assert_eq!((world.upstreams.idle(), world.upstreams.open()), (1, 1));
    });
}

#[test]
fn a_connection_that_was_closed_while_idle_is_not_used_again() {
    run(async {
        let (listener, address) = listen().await;
        let served = back_end(listener, &[1, 1]);
        let (world, target) = (World::new(), plain(address));
        whole(&world, &target, "POST", RequestBody::None).await;
        assert_eq!(world.upstreams.idle(), 1);
        // The end of the first connection arrives.
        until(|| {
            world.pass(Duration::from_secs(1));
            world.upstreams.idle() == 0
        })
        .await;
        let (status, _, notes) = whole(&world, &target, "POST", RequestBody::None).await;
        assert_eq!((status, notes.reused, notes.attempts), (200, false, 1));
        assert_eq!(served.await.unwrap().len(), 2);
    });
}

#[test]
fn a_connection_with_bytes_nobody_asked_for_is_not_used_again() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (World::new(), plain(address));
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(OK).await.unwrap();
            gone.await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison").await.unwrap();
            let (mut fresh, _) = listener.accept().await.unwrap();
            read_head(&mut fresh).await;
            fresh.write_all(OK).await.unwrap();
        });
        whole(&world, &target, "GET", RequestBody::None).await;
        go.send(()).unwrap();
        // No sweep: taking it must notice by itself.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.upstreams.idle(), 1);
        let (_, body, notes) = whole(&world, &target, "GET", RequestBody::None).await;
        assert_eq!((body.as_str(), notes.reused), ("ok", false));
        server.await.unwrap();
    });
}

/// The first connection answers once, takes a second head (and so many bytes of body), and dies; the next connection answers.
fn dying(listener: TcpListener, body_bytes: usize) -> tokio::task::JoinHandle<String> {
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        stream.write_all(OK).await.unwrap();
        read_head(&mut stream).await;
        read_exactly(&mut stream, body_bytes).await;
        drop(stream);
        let (mut fresh, _) = listener.accept().await.unwrap();
        let head = read_head(&mut fresh).await;
        let body = read_exactly(&mut fresh, body_bytes).await;
        fresh.write_all(OK).await.unwrap();
        head + &body
    })
}

#[test]
fn a_request_that_may_be_sent_twice_is_when_its_connection_dies() {
    run(async {
        for (method, body) in [("GET", ""), ("PUT", "whole")] {
            let (listener, address) = listen().await;
            let served = dying(listener, body.len());
            let (world, target) = (World::new(), plain(address));
            whole(&world, &target, "GET", RequestBody::None).await;
            let body = if body.is_empty() { RequestBody::None } else { RequestBody::Whole(body.as_bytes().to_vec().into()) };
            let (status, _, notes) = whole(&world, &target, method, body).await;
            assert_eq!((status, notes.attempts, notes.reused), (200, 2, false), "{method}");
            assert!(served.await.unwrap().starts_with(method));
            assert_eq!(world.upstreams.open(), 1);
        }
    });
}

#[test]
fn a_streamed_body_is_sent_twice_as_long_as_all_of_it_is_here() {
    run(async {
        let (listener, address) = listen().await;
        let served = dying(listener, 5);
        let (world, target) = (World::new(), plain(address));
        whole(&world, &target, "GET", RequestBody::None).await;
        let pipe = Pipe::of_length(5);
        pipe.feed("piece");
        pipe.end(Ok(()));
        let (status, _, notes) = whole(&world, &target, "PUT", pipe.body()).await;
        assert_eq!((status, notes.attempts), (200, 2));
        assert!(served.await.unwrap().ends_with("Content-Length: 5\r\n\r\npiece"));
    });
}

#[test]
fn a_request_that_may_have_been_done_is_not_sent_twice() {
    run(async {
        for (method, pieces) in [("POST", &["whole"][..]), ("PUT", &["pie", "ces"])] {
            let (listener, address) = listen().await;
            let served = dying(listener, pieces.concat().len());
            let (world, target) = (World::new(), plain(address));
            whole(&world, &target, "GET", RequestBody::None).await;
            let pipe = Pipe::of_length(pieces.concat().len() as u64);
            pieces.iter().for_each(|piece| pipe.feed(piece));
            pipe.end(Ok(()));
            let (answered, notes) = ask(&world, call(&target, method, pipe.body())).await;
            assert!(matches!(answered.err(), Some(Failure::Closed(_))), "{method}");
            assert_eq!((notes.attempts, notes.reused, notes.status, world.upstreams.open()), (1, true, 0, 0));
            served.abort();
        }
    });
}

#[test]
fn a_fresh_connection_that_dies_is_the_end() {
    run(async {
        let (listener, address) = listen().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
        });
        let (world, target) = (World::new(), plain(address));
        let (answered, notes) = ask(&world, call(&target, "GET", RequestBody::None)).await;
        assert!(matches!(answered.err(), Some(Failure::Closed(_))));
        assert_eq!((notes.attempts, world.upstreams.open()), (1, 0));
    });
}

#[test]
fn names_are_looked_up_and_all_targets_are_forgotten_in_turn() {
    run(async {
        let (listener, address) = listen().await;
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                read_head(&mut stream).await;
                stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.unwrap();
            }
        });
        let settings = Settings { targets_max: 2, ..Settings::default() };
        let world = World::with(settings, None);
        // `localhost` may have an address of version 6, where nobody listens: the next one is tried.
        let named = super::super::Target::parse("http", &format!("localhost:{}", address.port()), super::super::Trust::Authorities);
        let named = std::sync::Arc::new(named.unwrap());
        for _ in 0..2 {
            let (status, _, notes) = whole(&world, &named, "GET", RequestBody::None).await;
            assert_eq!((status, notes.address), (204, Some(address)));
        }
        let until = world.upstreams.names(&named).known.borrow().as_ref().unwrap().until;
        assert_eq!(until.since(world.lane.deadlines.now()), std::time::Duration::from_secs(30), "believed so long and no longer");
        for last in 1..9 {
            let other = plain(([127, 0, 0, last], address.port()).into());
            let _refused_or_not = ask(&world, call(&other, "GET", RequestBody::None)).await;
        }
        assert_eq!(world.upstreams.open(), 0);
    });
}
