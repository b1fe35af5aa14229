//! Bodies, both ways.

use crate::house::{Ending, House};
use base::world::Dice;
use cardea::edge::Limits;

#[test]
fn a_body_comes_whole_whether_its_length_is_told_or_it_comes_in_chunks() {
    let house = House::new();
    let mut client = house.client();
    assert_eq!(client.post("/echo", b"abc").text(), "abc");
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    house.settle();
    client.send("a;ext=1\r\n0123456789\r\n0\r\nX-Trailer: dropped\r\n\r\n");
    assert_eq!(client.answer().text(), "abc0123456789");
    assert_eq!(client.post("/echo", b"").text(), "");
    let large: Vec<u8> = (0..5_000_000u32).map(|n| n as u8).collect();
    assert!(client.post("/echo", &large).body == large);
    assert_eq!(client.get("/hello").text(), "hello");
}

#[test]
fn go_on_is_said_when_the_body_is_asked_for_and_not_before() {
    let house = House::new();
    let mut client = house.client();
    let head = |path| format!("POST {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_eq!(client.send(head("/echo")).head(), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(client.send("abc").answer().text(), "abc");
    // Who does not wait for it does not get it.
    assert_eq!(client.send(head("/echo") + "abc").answer().text(), "abc");
    let answer = client.send(head("/early")).answer();
    assert_eq!((answer.status, answer.text(), answer.field("Connection")), (403, "no", Some("close")));
    client.is_closed();
}

#[test]
fn an_answer_before_the_body_keeps_the_connection_if_little_is_to_come_and_ends_it_after_lingering_if_much_is() {
    let house = House::new();
    let mut client = house.client();
    assert_eq!(client.post("/early", &[b'x'; 1_000]).status, 403);
    client.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
    assert_eq!(client.answer().status, 403);
    client.send("56789");
    assert_eq!(client.get("/hello").text(), "hello");
    client.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.status, answer.field("Connection")), (403, Some("close")));
    // What is still sent is taken, so that the answer is not lost to a reset.
    client.send([b'x'; 100_000]);
    client.is_closed();
}

#[test]
fn a_streamed_answer_is_exact_where_its_length_is_known_and_in_chunks_where_it_is_not() {
    let house = House::new();
    let mut client = house.client();
    let answer = client.get("/pieces");
    assert_eq!((answer.text(), answer.field("Transfer-Encoding")), ("abbccc", Some("chunked")));
    let answer = client.get("/exact");
    assert_eq!((answer.text(), answer.field("Content-Length")), ("abbccc", Some("6")));
    let answer = client.get("/one-piece");
    assert_eq!((answer.text(), answer.field("Content-Length")), ("", Some("0")));
    assert_eq!((0..3).map(|_| house.told().sent_bytes).collect::<Vec<_>>(), [6, 6, 0]);
    let mut old = house.client();
    let (bytes, ending) = old.send("GET /pieces HTTP/1.0\r\n\r\n").rest();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.ends_with("Connection: close\r\n\r\nabbccc") && ending == Ending::Closed, "{text}");
}

#[test]
fn large_streams_arrive_whole() {
    let house = House::new();
    let mut client = house.client();
    for (path, bytes) in [("/plenty", 64 << 20), ("/plenty-in-chunks", 3 << 20)] {
        let answer = client.get(path);
        assert!(answer.body.len() == bytes && answer.body.iter().all(|byte| *byte == b'x'), "{path}");
        assert_eq!(house.told().sent_bytes, bytes as u64);
    }
}

#[test]
fn a_body_goes_through_while_it_comes() {
    let house = House::new();
    let mut client = house.client();
    client.send("POST /through HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let head = client.head();
    // An answer that overtakes its request is the last of its connection.
    assert!(head.contains("Transfer-Encoding: chunked\r\n") && head.contains("Connection: close\r\n"), "{head}");
    for piece in ["one", "two", "three"] {
        client.send(format!("{:x}\r\n{piece}\r\n", piece.len()));
        assert_eq!(client.chunk(), piece.as_bytes());
    }
    assert_eq!(client.send("0\r\n\r\n").chunk(), b"");
    client.is_closed();
    let mut client = house.client();
    let large = vec![b'y'; 2_000_000];
    let mut sender = client.socket.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            use std::io::Write;
            sender.write_all(b"POST /through HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n").unwrap();
            sender.write_all(&large).unwrap();
        });
        assert!(client.answer().body == large);
    });
}

#[test]
fn an_answer_that_is_not_what_it_announced_ends_in_a_reset() {
    let house = House::new();
    for path in ["/short", "/long", "/breaks"] {
        let (bytes, ending) = house.client().send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).rest();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(ending, Ending::Reset, "{path}: {text}");
        assert!(!text.ends_with("0\r\n\r\n"), "{path}: {text}");
        assert_eq!(house.told().path, path);
    }
    let (_, ending) = house.client().send("GET /breaks HTTP/1.0\r\n\r\n").rest();
    assert_eq!(ending, Ending::Reset, "no length is told, so a close would look like the end");
}

#[test]
fn an_answer_whose_body_fails_at_once_is_a_502() {
    let house = House::new();
    let mut client = house.client();
    let answer = client.get("/fails");
    assert_eq!((answer.status, answer.text()), (502, r#"{"message":"Internal server error"}"#));
    assert_eq!(client.get("/hello").status, 200);
}

#[test]
fn a_body_over_the_limit_is_413_whether_it_is_announced_or_found_out() {
    let mut limits = Limits::default();
    assert_eq!(limits.h1.body_bytes_max, 10_485_760, "AWS's");
    limits.h1.body_bytes_max = 1_000;
    let house = House::with(1, limits);
    assert_eq!(house.client().post("/echo", &[b'x'; 1_000]).status, 200);
    let mut client = house.client();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.status, answer.text()), (413, r#"{"message":"Request Too Long"}"#));
    client.send([b'x'; 1_001]).is_closed();
    let mut client = house.client();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n");
    assert_eq!(client.answer().status, 413);
    client.is_closed();
}

#[test]
fn a_body_that_breaks_a_rule_or_off_is_the_desks_to_answer_and_the_last_of_its_connection() {
    let house = House::new();
    let mut client = house.client();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc");
    assert_eq!(client.answer().status, 400);
    client.is_closed();
    let mut client = house.client();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    client.socket.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.answer().status, 400);
    client.is_closed();
}

#[test]
fn a_body_that_is_kept_beyond_its_request_reads_nothing_of_the_next() {
    let house = House::new();
    let mut client = house.client();
    assert_eq!(client.post("/keep", b"abc").text(), "kept");
    assert_eq!(client.post("/kept", b"def").text(), "the client went away in the middle of its body");
    assert_eq!(client.post("/echo", b"ghi").text(), "ghi");
}

#[test]
fn requests_cut_anywhere_are_answered_alike() {
    let house = House::new();
    let mut dice = Dice::seeded(7);
    for _ in 0..200 {
        let (mut sent, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..1 + dice.roll() % 6 {
            let body: Vec<u8> = (0..dice.roll() % 3_000).map(|n| n as u8).collect();
            match dice.roll() % 5 {
                0 => sent.extend_from_slice(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"),
                1 => {
                    sent.extend_from_slice(format!("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes());
                    sent.extend_from_slice(&body);
                    expected.push(b"no".to_vec());
                    continue;
                }
                2 => {
                    sent.extend_from_slice(format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes());
                    sent.extend_from_slice(&body);
                    expected.push(body);
                    continue;
                }
                _ => {
                    sent.extend_from_slice(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
                    for piece in body.chunks(1 + (dice.roll() % 1_000) as usize) {
                        sent.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                        sent.extend_from_slice(piece);
                        sent.extend_from_slice(b"\r\n");
                    }
                    sent.extend_from_slice(b"0\r\n\r\n");
                    expected.push(body);
                    continue;
                }
            }
            expected.push(b"hello".to_vec());
        }
        let mut client = house.client();
        client.socket.set_nodelay(true).unwrap();
        let longest = 1 + dice.roll() % 2_000;
        let mut rest = sent.as_slice();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(1 + (dice.roll() % longest) as usize));
            client.send(piece);
            rest = after;
        }
        for body in expected {
            assert_eq!(client.answer().body, body);
        }
        client.socket.shutdown(std::net::Shutdown::Write).unwrap();
        client.is_closed();
    }
}
