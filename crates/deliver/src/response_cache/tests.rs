use super::*;
use base::gate::{Buffer, Exchange, Lane, Reply, ReplyBody};
use base::world::{Clock, Dice, Moment, Timestamp};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

struct World {
    cache: Arc<ResponseCache>,
    total: Arc<Total>,
    ex: Exchange,
}

const MINUTE: Duration = Duration::from_secs(60);
const AT_ONCE: Moment = Moment(0);

impl World {
    fn new() -> World {
        let lane = Rc::new(Lane::new(0, 0, Clock::manual(Timestamp(0)), Dice::seeded(1)));
        World { cache: Arc::new(ResponseCache::new(8 << 20)), total: Arc::new(Total::new(4 << 20)), ex: Exchange::new(lane) }
    }

    fn find(&self, key: &str, now: Moment) -> impl Future<Output = Found> + use<> {
        let (cache, key) = (self.cache.clone(), Key::from(key.as_bytes()));
        async move { cache.find(key, || now, false).await }
    }

    fn keep(&self, reply: Reply, heeds_privacy: bool) -> Option<Kept> {
        ready(keep(reply, MINUTE, || AT_ONCE, heeds_privacy, &self.total)).unwrap().1
    }

    fn put(&self, key: &str, text: &str) {
        let Found::Lead(flight) = ready(self.find(key, AT_ONCE)) else { panic!("{key} is there already") };
        flight.land(self.keep(reply(text), true));
    }

    fn text(&self, found: Found) -> String {
        let Found::Hit(kept) = found else { panic!("it is not there") };
        let ReplyBody::Whole(bytes) = kept.reply(&self.ex).unwrap().body else { panic!("it has no body") };
        String::from_utf8(bytes.into_vec()).unwrap()
    }
}

fn reply(text: &str) -> Reply {
    let mut reply = Reply::new(200, ReplyBody::Whole(Buffer::from(text.as_bytes().to_vec())));
    reply.fields.push("X-Name", b"value").unwrap();
    reply
}

fn poll<F: Future>(future: &mut std::pin::Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn ready<F: Future>(future: F) -> F::Output {
    let Poll::Ready(output) = poll(&mut Box::pin(future)) else { panic!("it waits") };
    output
}

#[test]
fn what_is_kept_is_found_until_its_time_is_over() {
    let world = World::new();
    world.put("a", "one");
    assert_eq!(world.text(ready(world.find("a", Moment(1)))), "one");
    assert!(matches!(ready(world.find("b", Moment(1))), Found::Lead(_)));
    assert!(matches!(ready(world.find("a", AT_ONCE.after(MINUTE))), Found::Lead(_)));
}

#[test]
fn all_who_miss_the_same_wait_for_one() {
    let world = World::new();
    let Found::Lead(flight) = ready(world.find("a", AT_ONCE)) else { panic!("nobody asked before") };
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(world.find("a", AT_ONCE))).collect();
    assert!(waiting.iter_mut().all(|one| poll(one).is_pending()));
    flight.land(world.keep(reply("one"), true));
    for mut one in waiting {
        let Poll::Ready(found) = poll(&mut one) else { panic!("it waits still") };
        assert_eq!(world.text(found), "one");
    }
}

#[test]
fn those_who_wait_for_what_is_not_kept_go_alone_at_once() {
    let world = World::new();
    let Found::Lead(flight) = ready(world.find("a", AT_ONCE)) else { panic!("nobody asked before") };
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(world.find("a", AT_ONCE))).collect();
    assert!(waiting.iter_mut().all(|one| poll(one).is_pending()));
    flight.land(None);
    assert!(waiting.iter_mut().all(|one| matches!(poll(one), Poll::Ready(Found::Alone))));
}

#[test]
fn a_leader_that_goes_away_is_followed_by_one_who_waited() {
    let world = World::new();
    let Found::Lead(flight) = ready(world.find("a", AT_ONCE)) else { panic!("nobody asked before") };
    let (mut one, mut two) = (Box::pin(world.find("a", AT_ONCE)), Box::pin(world.find("a", AT_ONCE)));
    assert!(poll(&mut one).is_pending() && poll(&mut two).is_pending());
    drop(flight);
    let Poll::Ready(Found::Lead(second)) = poll(&mut one) else { panic!("nobody leads") };
    assert!(poll(&mut two).is_pending());
    second.land(world.keep(reply("two"), true));
    let Poll::Ready(found) = poll(&mut two) else { panic!("it waits still") };
    assert_eq!(world.text(found), "two");
}

#[test]
fn a_new_answer_takes_the_place_of_the_old_one_and_nobody_waits_for_it() {
    let world = World::new();
    world.put("a", "old");
    let Found::Lead(flight) = ready(world.cache.find(Key::from(&b"a"[..]), || AT_ONCE, true)) else { panic!("it renews") };
    assert_eq!(world.text(ready(world.find("a", AT_ONCE))), "old");
    flight.land(world.keep(reply("new"), true));
    assert_eq!(world.text(ready(world.find("a", AT_ONCE))), "new");
}

#[test]
fn flushing_forgets_and_gives_the_bytes_back() {
    let world = World::new();
    world.put("a", "one");
    assert!(world.total.bytes() > 0 && world.cache.entries() == 1);
    world.cache.flush();
    assert_eq!((world.total.bytes(), world.cache.entries()), (0, 0));
    assert!(matches!(ready(world.find("a", AT_ONCE)), Found::Lead(_)));
}

#[test]
fn what_is_for_one_caller_is_not_kept_unless_aws_would() {
    let world = World::new();
    for (name, value) in [("Set-Cookie", "a=b"), ("Cache-Control", "max-age=9, Private"), ("Cache-Control", "no-store")] {
        let made = || {
            let mut made = reply("mine");
            made.fields.push(name, value.as_bytes()).unwrap();
            made
        };
        assert!(world.keep(made(), true).is_none(), "{name}: {value}");
        assert!(world.keep(made(), false).is_some(), "{name}: {value}");
    }
    assert!(world.keep(Reply::new(206, ReplyBody::Empty), true).is_none());
    assert!(world.keep(Reply::new(429, ReplyBody::Empty), true).is_some(), "the status is no filter");
    assert_eq!(world.total.bytes(), 0, "nothing of it is held");
}

#[test]
fn what_is_too_large_or_one_too_many_is_not_kept() {
    let world = World::new();
    let large = |bytes: usize| Reply::new(200, ReplyBody::Whole(Buffer::from(vec![b'x'; bytes])));
    assert!(world.keep(large(ENTRY_BYTES_MAX as usize), true).is_none());
    let held: Vec<Kept> = std::iter::from_fn(|| world.keep(large(1_000_000), true)).take(9).collect();
    assert_eq!(held.len(), 4, "the node's own bound");
    drop(held);
    assert_eq!(world.total.bytes(), 0);
}

#[test]
fn each_request_has_a_trace_of_its_own() {
    let mut world = World::new();
    let head = h1::RequestHead::build("GET", "/", h1::Version::Http11).push("Host", b"a");
    world.ex.request.head = head.finish().unwrap();
    world.ex.arrive();
    let mut made = reply("one");
    made.fields.push("X-Amzn-Trace-Id", b"Root=1-another").unwrap();
    let again = world.keep(made, true).unwrap().reply(&world.ex).unwrap();
    let traces: Vec<&[u8]> = again.fields.all(h1::Known::XAmznTraceId).collect();
    assert_eq!(traces.len(), 1);
    assert!(traces[0].starts_with(b"Root=1-") && traces[0] != b"Root=1-another");
    assert_eq!(again.fields.named("X-Name").count(), 1);
}

#[test]
fn clusters_have_the_bytes_they_say() {
    assert_eq!(cluster_bytes(Some("0.5")), 500_000_000);
    assert_eq!(cluster_bytes(Some("237")), 237_000_000_000);
    assert_eq!(cluster_bytes(None), 500_000_000);
}
