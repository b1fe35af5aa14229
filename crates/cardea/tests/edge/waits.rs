//! Every wait ends.

use crate::house::{Client, Ending, House};
use cardea::edge::{Limits, Loss};

#[test]
fn a_head_that_dribbles_is_cut_ten_seconds_after_its_first_byte() {
    let house = House::new();
    let mut client = house.client();
    client.send("GET /he");
    house.settle();
    house.advance(6);
    house.settle();
    client.send("llo HTTP/1.1\r\n");
    house.settle();
    house.advance(5);
    let answer = client.answer();
    assert_eq!((answer.status, answer.text()), (408, r#"{"message":"Request Timeout"}"#));
    client.is_closed();
    assert_eq!(house.told().status, 408);
    assert_eq!(house.lanes.losses().of(Loss::SlowHead), 1);
}

#[test]
fn a_head_that_is_whole_within_its_time_is_answered_and_the_next_has_as_much() {
    let house = House::new();
    let mut client = house.client();
    for _ in 0..3 {
        client.send("GET /hello HTTP/1.1\r\n");
        house.settle();
        house.advance(9);
        house.settle();
        assert_eq!(client.send("Host: a\r\n\r\n").answer().text(), "hello");
    }
}

#[test]
fn an_idle_connection_is_closed_after_310_seconds_and_not_before() {
    let house = House::new();
    let (mut new, mut used) = (house.client(), house.client());
    assert_eq!(used.get("/hello").status, 200);
    house.settle();
    house.advance(309);
    house.settle();
    assert_eq!(used.get("/hello").status, 200);
    house.settle();
    house.advance(2);
    new.is_closed();
    house.advance(307);
    house.settle();
    assert_eq!(used.get("/hello").status, 200);
    house.settle();
    house.advance(311);
    used.is_closed();
}

#[test]
fn a_body_that_stalls_is_408_and_counted() {
    let house = House::new();
    let mut client = house.client();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
    house.settle();
    house.advance(31);
    assert_eq!(client.answer().status, 408);
    client.is_closed();
    assert_eq!(house.lanes.losses().of(Loss::SlowBody), 1);
}

/// A connection on which so many bytes of a body have come, one every so many seconds.
fn crawl(house: &House, bytes: usize, seconds: u64) -> Client {
    let mut client = house.client();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    for _ in 0..4 {
        house.settle();
        house.advance(seconds);
        house.settle();
        client.send(vec![b'x'; bytes]);
    }
    house.settle();
    client
}

#[test]
fn a_body_that_crawls_uses_up_its_grace_and_is_408() {
    let house = House::new();
    let mut client = crawl(&house, 1, 4);
    assert_eq!(house.lanes.losses().of(Loss::SlowBody), 0, "sixteen seconds are not twenty");
    house.advance(5);
    assert_eq!(client.answer().status, 408);
    client.is_closed();
    assert_eq!(house.lanes.losses().of(Loss::SlowBody), 1);
}

#[test]
fn a_body_that_is_slow_but_not_that_slow_arrives() {
    let house = House::new();
    let mut client = crawl(&house, 24_999, 19);
    client.send(b"xxxx");
    assert_eq!(client.answer().body.len(), 100_000);
    assert_eq!(client.get("/hello").text(), "hello");
}

#[test]
fn a_rate_of_zero_lets_bodies_crawl() {
    let house = House::with(1, Limits { client_bytes_per_second_min: 0, ..Limits::default() });
    let mut client = crawl(&house, 1, 29);
    client.send(vec![b'x'; 99_996]);
    assert_eq!(client.answer().body.len(), 100_000);
}

#[test]
fn a_client_that_takes_nothing_is_cut_and_what_it_asked_for_was_not_made() {
    let house = House::new();
    let mut client = house.client();
    client.send("GET /plenty HTTP/1.1\r\nHost: a\r\n\r\n");
    client.head();
    // The kernel's buffers fill, and then the wait begins.
    house.settle();
    house.advance(31);
    let told = house.told();
    assert_eq!((told.path.as_str(), told.status), ("/plenty", 200));
    assert!(told.sent_bytes > 0 && told.sent_bytes < 32 << 20, "{}", told.sent_bytes);
    assert_eq!(client.rest().1, Ending::Reset);
    assert_eq!(house.lanes.losses().of(Loss::SlowReader), 1);
}

#[test]
fn a_client_that_takes_its_answer_too_slowly_is_cut_though_it_takes_some() {
    // What the kernel's buffers have taken earns it next to nothing.
    let house = House::with(1, Limits { client_bytes_per_second_min: 1 << 30, ..Limits::default() });
    let mut client = house.client();
    client.send("GET /plenty HTTP/1.1\r\nHost: a\r\n\r\n");
    client.head();
    for _ in 0..2 {
        house.settle();
        house.advance(9);
        house.settle();
        client.bytes(8 << 20);
    }
    house.settle();
    assert_eq!(house.lanes.losses().of(Loss::SlowReader), 0, "eighteen seconds are not twenty");
    house.advance(3);
    assert_eq!(client.rest().1, Ending::Reset);
    assert_eq!(house.lanes.losses().of(Loss::SlowReader), 1);
}

#[test]
fn a_client_that_takes_a_little_now_and_then_is_served_to_the_end() {
    let house = House::new();
    for path in ["/plenty", "/whole"] {
        let mut client = house.client();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        client.head();
        for _ in 0..4 {
            house.settle();
            house.advance(29);
            house.settle();
            client.bytes(8 << 20);
        }
        assert_eq!(client.bytes(32 << 20).len(), 32 << 20, "{path}");
        assert_eq!(client.get("/hello").text(), "hello");
    }
}

#[test]
fn a_client_that_lingers_is_closed() {
    let house = House::new();
    let mut client = house.client();
    client.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    assert_eq!(client.answer().status, 403);
    client.is_closed();
    house.settle();
    assert!(house.has_open(0, 1), "it still listens");
    house.advance(3);
    assert!(house.has_open(0, 0));
}

#[test]
fn stuck_clients_do_not_hold_up_the_others() {
    let house = House::new();
    let (mut reader, mut dribbler, mut hanging, mut sender) = (house.client(), house.client(), house.client(), house.client());
    reader.send("GET /plenty HTTP/1.1\r\nHost: a\r\n\r\n");
    dribbler.send("GET /hel");
    hanging.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
    sender.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
    let mut client = house.client();
    for _ in 0..1_000 {
        assert_eq!(client.get("/hello").text(), "hello");
    }
    house.on(0, |desk| desk.release());
    assert_eq!(hanging.answer().text(), "released");
    assert_eq!(dribbler.send("lo HTTP/1.1\r\nHost: a\r\n\r\n").answer().text(), "hello");
    assert_eq!(sender.send([b'x'; 97]).answer().body.len(), 100);
}
