//! One connection for many calls, and when there is another.

use super::*;
use crate::bench::{listen, plain, until};

#[test]
fn calls_share_a_connection_and_an_idle_one_is_closed() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let (mut first, mut second) = (server.next().await, server.next().await);
            answer(&mut second.1, "b");
            answer(&mut first.1, "a");
            server
        };
        let (first, second, _server) = tokio::join!(grpc(&world, &target, "1"), grpc(&world, &target, "2"), back_end);
        assert_eq!((first.1.reused, second.1.reused, world.upstreams.open()), (false, true, 1));
        assert_eq!(whole(source(first.0)).await.unwrap().0, "a");
        world.pass(Duration::from_secs(59));
        assert_eq!(world.upstreams.open(), 1);
        let rest = source(second.0);
        world.pass(Duration::from_secs(60));
        assert_eq!(world.upstreams.open(), 1, "a call is on it");
        assert_eq!(whole(rest).await.unwrap().0, "b");
        world.pass(Duration::from_secs(61));
        until(|| world.upstreams.open() == 0).await;
    });
}

#[test]
fn a_connection_has_so_many_streams_and_then_there_is_another() {
    run(async {
        // What we allow, and what the back end says once it was heard.
        for (ours, theirs) in [(2, None), (100, Some(2))] {
            let (listener, address) = listen().await;
            let (world, target) = (world_of_streams(ours), plain(address));
            let back_end = async {
                let mut first = Server::on(listener.accept().await.unwrap().0, theirs);
                answer(&mut first.next().await.1, "0");
                first
            };
            let ((answered, _), mut first) = tokio::join!(grpc(&world, &target, "0"), back_end);
            assert_eq!(whole(source(answered)).await.unwrap().0, "0");
            let back_end = async {
                let held = (first.next().await, first.next().await);
                let mut second = Server::accept(&listener).await;
                answer(&mut second.next().await.1, "3");
                (held, second)
            };
            let calls = async {
                let (mut a, mut b) = (std::pin::pin!(grpc(&world, &target, "1")), std::pin::pin!(grpc(&world, &target, "2")));
                poll_fn(|cx| {
                    assert!(a.as_mut().poll(cx).is_pending() && b.as_mut().poll(cx).is_pending());
                    std::task::Poll::Ready(())
                })
                .await;
                let (third, notes) = grpc(&world, &target, "3").await;
                assert!(!notes.reused);
                assert_eq!(world.upstreams.open(), 2);
                whole(source(third)).await.unwrap().0
            };
            let (third, _back_end) = tokio::join!(calls, back_end);
            assert_eq!(third, "3");
        }
    });
}

#[test]
fn one_dials_and_the_others_learn_what_came_of_it() {
    run(async {
        let (listener, address) = listen().await;
        drop(listener);
        let (world, target) = (world(), plain(address));
        let (first, second) = tokio::join!(grpc(&world, &target, "1"), grpc(&world, &target, "2"));
        for (answered, notes) in [first, second] {
            assert!(matches!(answered.err(), Some(Failure::Unreachable(_))));
            assert_eq!((notes.attempts, notes.address), (1, None));
        }
        assert_eq!(world.upstreams.open(), 0);
    });
}

#[test]
fn a_back_end_that_leaves_ends_what_it_has_and_gets_nothing_new() {
    run(async {
        let (listener, address) = listen().await;
        let (world, target) = (world(), plain(address));
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            let (_request, mut respond) = server.next().await;
            let out = begin(&mut respond);
            server.tell(Control::Leave);
            (server, out)
        };
        let ((answered, _), (_leaving, mut out)) = tokio::join!(grpc(&world, &target, "1"), back_end);
        let running = source(answered);
        until(|| !world.upstreams.0.http2.is_open_to(&target)).await;
        let back_end = async {
            let mut server = Server::accept(&listener).await;
            answer(&mut server.next().await.1, "new");
            server
        };
        let ((answered, notes), _new) = tokio::join!(grpc(&world, &target, "2"), back_end);
        assert_eq!((notes.reused, notes.attempts), (false, 1));
        assert_eq!(whole(source(answered)).await.unwrap().0, "new");
        out.send_data(Bytes::from_static(b"old"), false).unwrap();
        out.send_trailers(status("0")).unwrap();
        assert_eq!(whole(running).await.unwrap().0, "old");
    });
}
