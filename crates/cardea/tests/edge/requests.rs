//! Requests without bodies, one after another.

use crate::house::{Ending, House};
use base::gate::RefusalKind;

#[test]
fn a_connection_serves_one_request_after_another() {
    let house = House::new();
    let mut client = house.client();
    for _ in 0..3 {
        let answer = client.get("/hello");
        assert_eq!(
            answer.head,
            "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n"
        );
        assert_eq!(answer.text(), "hello");
        let told = house.told();
        assert_eq!((told.path.as_str(), told.status, told.sent_bytes), ("/hello", 200, 5));
    }
    assert_eq!(client.get("/nowhere").status, 404);
}

#[test]
fn the_date_follows_the_clock() {
    let house = House::new();
    assert_eq!(house.client().get("/hello").field("Date"), Some("Sun, 22 Nov 2026 12:00:00 GMT"));
    house.advance(12 * 3_600 + 1);
    // It is made anew some fifty times a second.
    let date = std::iter::repeat_with(|| house.client().get("/hello").field("Date").unwrap().to_owned());
    assert_eq!(date.take(10_000).find(|date| !date.starts_with("Sun")).as_deref(), Some("Mon, 23 Nov 2026 00:00:01 GMT"));
}

#[test]
fn a_reply_brings_no_date_and_no_framing_of_its_own() {
    let head = House::new().client().get("/dated").head;
    assert!(head.contains("\r\nX-Own: kept\r\n"), "{head}");
    assert_eq!(head.to_lowercase().matches("date: ").count(), 1, "{head}");
    assert!(!head.contains("Keep-Alive"), "{head}");
}

#[test]
fn a_request_knows_both_ends_of_its_socket() {
    let house = House::new();
    let mut client = house.client();
    let peer = client.socket.local_addr().unwrap();
    assert_eq!(client.get("/who").text(), format!("{peer} {} http", house.lanes.address().port()));
}

#[test]
fn pipelined_requests_are_answered_in_order_without_waiting_for_more() {
    let house = House::new();
    let mut client = house.client();
    let get = |path| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let body = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    let chunks = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n";
    client.send(get("/hello") + body + chunks + &get("/pieces") + body + &get("/nowhere"));
    let texts: Vec<String> = (0..6).map(|_| client.answer().text().to_owned()).collect();
    assert_eq!(texts, ["hello", "abc", "de", "abbccc", "abc", "nothing here"]);
}

#[test]
fn more_pipelined_requests_than_one_turn_takes_are_all_answered() {
    let house = House::new();
    let mut client = house.client();
    client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n".repeat(500));
    for _ in 0..500 {
        assert_eq!(client.answer().text(), "hello");
    }
}

#[test]
fn a_head_that_comes_byte_by_byte_is_the_same_head() {
    let house = House::new();
    let mut client = house.client();
    client.socket.set_nodelay(true).unwrap();
    for _ in 0..2 {
        for byte in b"\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n" {
            client.send([*byte]);
        }
        assert_eq!(client.answer().text(), "hello");
    }
}

#[test]
fn an_old_client_is_closed_after_its_answer_unless_it_asks_to_stay() {
    let house = House::new();
    let answer = house.client().send("GET /hello HTTP/1.0\r\n\r\n").answer();
    assert_eq!(answer.field("Connection"), Some("close"));
    let mut client = house.client();
    for _ in 0..2 {
        let answer = client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").answer();
        assert_eq!((answer.text(), answer.field("Connection")), ("hello", Some("keep-alive")));
    }
    client.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(client.answer().field("Connection"), Some("close"));
    client.is_closed();
}

#[test]
fn answers_that_have_no_body_send_none_and_the_next_one_is_whole() {
    let house = House::new();
    let mut client = house.client();
    for (method, path, length) in [
        ("HEAD", "/hello", Some("5")),
        ("HEAD", "/length", Some("1000")),
        ("HEAD", "/plenty", Some("67108864")),
        ("HEAD", "/pieces", None),
        ("GET", "/204", None),
        ("GET", "/304", None),
    ] {
        let head = client.send(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n")).head();
        let told = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        assert_eq!(told, length, "{method} {path}");
        assert!(!head.contains("Transfer-Encoding"), "{head}");
        assert_eq!(client.get("/hello").text(), "hello", "after {method} {path}");
        assert_eq!(house.told().sent_bytes, 0, "{method} {path}");
        assert_eq!(house.told().sent_bytes, 5);
    }
}

#[test]
fn a_reply_whose_status_is_no_answers_is_a_500() {
    let house = House::new();
    assert_eq!(house.client().get("/101").status, 500);
    assert!(house.told().refused.is_some_and(|(kind, _)| kind == RefusalKind::Front(500)));
}

#[test]
fn a_desk_that_panics_costs_its_request_a_500_and_nobody_anything_else() {
    let house = House::new();
    let (mut rude, mut other) = (house.client(), house.client());
    assert_eq!(other.get("/hello").status, 200);
    let answer = rude.get("/panic");
    assert_eq!((answer.status, answer.text()), (500, r#"{"message":"Internal server error"}"#));
    assert_eq!((house.told().path.as_str(), house.told().status), ("/hello", 500));
    assert_eq!(rude.get("/hello").status, 200);
    assert_eq!(other.get("/hello").status, 200);
}

#[test]
fn a_panic_outside_the_desk_resets_its_connection_and_the_count_stays_right() {
    let house = House::new();
    let mut other = house.client();
    assert_eq!(other.get("/hello").status, 200);
    for _ in 0..10 {
        let mut client = house.client();
        assert_eq!(client.send("GET /bomb HTTP/1.1\r\nHost: a\r\n\r\n").rest().1, Ending::Reset);
    }
    assert_eq!(other.get("/hello").status, 200);
    let told: Vec<String> = (0..12).map(|_| house.told().path).collect();
    assert_eq!(told.iter().filter(|path| *path == "/bomb").count(), 10);
    assert!(house.has_open(0, 1));
}

#[test]
fn a_panic_that_nobody_catches_ends_its_connection_alone() {
    let house = House::new();
    let mut other = house.client();
    assert_eq!(other.get("/hello").status, 200);
    for _ in 0..10 {
        let mut client = house.client();
        assert_eq!(client.get("/panic-later").status, 200);
        client.is_closed();
    }
    assert_eq!(other.get("/hello").status, 200);
    assert!(house.has_open(0, 1));
}
