//! The threads: started, reached, filled, drained.

use crate::house::{Ending, House, PATIENCE, wait};
use base::gate::Scheme;
use base::world::Clock;
use cardea::edge::{Handed, Limits, Plan, TrustedProxies, Unposted, Unserved, start};
use h1::{RequestHead, Version};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// Longer than any test, whose clock may run as fast as its thread does.
const YEARS: Duration = Duration::from_secs(300_000_000);

/// Keeps a data thread busy until the sender is used or dropped.
fn block(house: &House) -> std::sync::mpsc::SyncSender<()> {
    let (go, wait) = sync_channel::<()>(1);
    let (begun, begins) = sync_channel(1);
    let job = move |_: &_| {
        begun.send(()).unwrap();
        let _dropped = wait.recv();
    };
    house.lanes.post(0, Box::new(job)).unwrap();
    begins.recv_timeout(PATIENCE).unwrap();
    go
}

fn handed(method: &str, path: &str, body: &[u8]) -> Handed {
    Handed {
        head: RequestHead::build(method, path, Version::Http11).push("Host", b"a").finish().unwrap(),
        body: body.to_vec(),
        peer: "192.0.2.7:1234".parse().unwrap(),
        port: 4566,
        scheme: Scheme::Http,
    }
}

#[test]
fn a_second_server_on_the_same_port_is_an_error_in_words() {
    let house = House::new();
    let address = house.lanes.address();
    let plan = Plan {
        threads: 1,
        address,
        tls: None,
        trusted: TrustedProxies::default(),
        proxy_protocol: false,
        node: 0,
        limits: Limits::default(),
        clock: Clock::system(),
    };
    let why = start(plan, |_| -> cardea::runtime::Desk { unreachable!("no thread starts") }).err().unwrap().to_string();
    assert_eq!(why, format!("{address} is already in use: another cardea (or another program) listens there"));
    assert_eq!(house.client().get("/hello").status, 200);
}

#[test]
fn connections_are_spread_over_the_threads() {
    let house = House::with(2, Limits::default());
    let _clients: Vec<_> = (0..64)
        .map(|_| {
            let mut client = house.client();
            assert_eq!(client.get("/hello").status, 200);
            client
        })
        .collect();
    let counts = [house.lanes.open(0), house.lanes.open(1)];
    assert!(counts.iter().sum::<u32>() == 64 && counts.iter().all(|count| *count >= 27), "{counts:?}");
}

#[test]
fn a_thread_that_is_full_says_so_and_takes_the_next_when_one_has_gone() {
    let house = House::with(1, Limits { connections_per_thread_max: 2, ..Limits::default() });
    let (mut first, mut second) = (house.client(), house.client());
    assert_eq!((first.get("/hello").status, second.get("/hello").status), (200, 200));
    let mut third = house.client();
    let answer = third.answer();
    assert_eq!((answer.status, answer.text()), (503, r#"{"message":"Service Unavailable"}"#));
    assert_eq!(answer.field("Connection"), Some("close"));
    third.is_closed();
    drop(first);
    assert!(house.has_open(0, 1));
    assert_eq!(house.client().get("/hello").status, 200);
    assert_eq!(second.get("/hello").status, 200);
}

#[test]
fn jobs_run_on_their_thread_and_a_full_mailbox_refuses_them() {
    let house = House::with(2, Limits { mailbox_max: 3, ..Limits::default() });
    assert_eq!([house.on(0, |desk| desk.lane.thread), house.on(1, |desk| desk.lane.thread)], [0, 1]);
    let (sender, threads) = sync_channel(2);
    let job = |_| -> cardea::edge::Job<_> {
        let sender = sender.clone();
        Box::new(move |desk: &std::rc::Rc<crate::house::Desk>| sender.send(desk.lane.thread).unwrap())
    };
    house.lanes.post_all(job).unwrap();
    let mut told = [threads.recv_timeout(PATIENCE).unwrap(), threads.recv_timeout(PATIENCE).unwrap()];
    told.sort_unstable();
    assert_eq!(told, [0, 1]);
    house.lanes.post(0, Box::new(|_| panic!("a job that panics, as it should here"))).unwrap();
    assert_eq!(house.on(0, |desk| desk.lane.thread), 0);
    let go = block(&house);
    let posted = (0..10).map(|_| house.lanes.post(0, Box::new(|_| ()))).collect::<Vec<_>>();
    assert!(posted[..3].iter().all(Result::is_ok) && posted[3..].iter().all(|one| *one == Err(Unposted)), "{posted:?}");
    assert_eq!(wait(house.lanes.serve_once(handed("GET", "/hello", b""))).err(), Some(Unserved::Busy));
    drop(go);
    assert_eq!(house.lanes.post(2, Box::new(|_| ())), Err(Unposted));
}

#[test]
fn a_request_that_came_by_another_door_is_answered_as_data() {
    let house = House::with(2, Limits { handed_body_bytes_max: 1_000, ..Limits::default() });
    let ask = |method, path, body: &[u8]| wait(house.lanes.serve_once(handed(method, path, body)));
    let answer = ask("POST", "/echo", b"abc").unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"abc"[..]));
    assert_eq!((house.told().path.as_str(), house.told_nothing()), ("/echo", true));
    let answer = ask("GET", "/who", b"").unwrap();
    assert_eq!(answer.body, b"192.0.2.7:1234 4566 http");
    assert_eq!(answer.fields.first(h1::Known::ContentType), Some(&b"text/plain"[..]));
    assert_eq!(ask("GET", "/pieces", b"").unwrap().body, b"abbccc");
    assert_eq!(ask("HEAD", "/length", b"").unwrap().body, b"");
    assert_eq!(ask("GET", "/panic", b"").unwrap().status, 500);
    assert_eq!(ask("GET", "/bomb", b"").err(), Some(Unserved::Cut));
    assert_eq!(ask("GET", "/breaks", b"").err(), Some(Unserved::Cut));
    assert_eq!(ask("GET", "/plenty", b"").err(), Some(Unserved::AnswerTooLarge));
    assert_eq!(ask("POST", "/echo", &[b'x'; 1_000]).unwrap().body.len(), 1_000);
    assert_eq!(ask("POST", "/echo", &[b'x'; 1_001]).err(), Some(Unserved::RequestTooLarge));
}

#[test]
fn a_drain_lets_running_requests_end_and_takes_one_more_of_those_that_wait() {
    let house = House::new();
    let (mut running, mut idle, mut busy, mut new) = (house.client(), house.client(), house.client(), house.client());
    assert_eq!(idle.get("/hello").status, 200);
    assert_eq!(busy.get("/hello").status, 200);
    running.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
    house.settle();
    std::thread::scope(|scope| {
        let drained = scope.spawn(|| wait(house.lanes.drain(YEARS)));
        while std::net::TcpStream::connect(house.lanes.address()).is_ok() {
            std::thread::yield_now();
        }
        // What they send now may have been on its way when the drain began.
        for client in [&mut busy, &mut new] {
            let answer = client.get("/hello");
            assert_eq!((answer.status, answer.field("Connection")), (200, Some("close")));
            client.is_closed();
        }
        house.on(0, |desk| desk.release());
        let answer = running.answer();
        assert_eq!((answer.text(), answer.field("Connection")), ("released", Some("close")));
        running.is_closed();
        assert!(!drained.is_finished(), "one may still bring a request");
        while !drained.is_finished() {
            house.clock.advance(Duration::from_millis(100));
            std::thread::yield_now();
        }
        idle.is_closed();
        assert_eq!(drained.join().unwrap(), 0);
    });
    assert!(std::net::TcpStream::connect(house.lanes.address()).is_err(), "nobody listens any more");
    assert_eq!(house.lanes.post(0, Box::new(|_| ())), Err(Unposted));
    assert_eq!(wait(house.lanes.serve_once(handed("GET", "/hello", b""))).err(), Some(Unserved::Busy));
}

#[test]
fn a_drain_empties_the_accept_queue_first() {
    let house = House::new();
    let mut idle = house.client();
    assert_eq!(idle.get("/hello").status, 200);
    let go = block(&house);
    let mut queued: Vec<_> = (0..50).map(|_| house.client()).collect();
    for client in &mut queued {
        client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    // Also who was idle when the thread last looked.
    idle.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    std::thread::scope(|scope| {
        let mut draining = Box::pin(house.lanes.drain(YEARS));
        // The first poll says it to the threads.
        let now = draining.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        assert!(now.is_pending());
        drop(go);
        for client in queued.iter_mut().chain([&mut idle]) {
            let answer = client.answer();
            assert_eq!((answer.text(), answer.field("Connection")), ("hello", Some("close")));
            client.is_closed();
        }
        let drained = scope.spawn(|| wait(draining));
        assert_eq!(drained.join().unwrap(), 0);
    });
}

#[test]
fn a_drain_ends_at_its_deadline_whatever_runs() {
    let house = House::new();
    let mut running = house.client();
    running.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
    house.settle();
    std::thread::scope(|scope| {
        let drained = scope.spawn(|| wait(house.lanes.drain(Duration::from_secs(5))));
        // The wait begins when the thread has heard of it, which nothing tells: so time goes on until it ends.
        while !drained.is_finished() {
            house.advance(1);
            std::thread::yield_now();
        }
        assert_eq!(drained.join().unwrap(), 1);
    });
    assert_eq!(running.rest(), (Vec::new(), Ending::Reset));
    assert_eq!(house.told().path, "/hang");
}

#[test]
fn threads_whose_owner_is_gone_end() {
    let house = House::new();
    let mut client = house.client();
    assert_eq!(client.get("/hello").status, 200);
    drop(house);
    assert!(matches!(client.rest().1, Ending::Closed | Ending::Reset));
}
