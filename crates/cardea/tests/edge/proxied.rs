//! Behind proxies and balancers: who is believed to have sent a request.

use crate::house::{Client, Ending, House, connect, wait};
use crate::http2;
use crate::tls::{Secure, secure_planned};
use cardea::edge::{Limits, Plan, TrustedProxies};
use std::time::Duration;

const FROM: &str = "PROXY TCP4 203.0.113.9 198.51.100.1 56324 443\r\n";
const ASK: &str = "GET /who HTTP/1.1\r\nHost: a\r\n\r\n";

fn trusting(networks: &[&str]) -> TrustedProxies {
    TrustedProxies::new(networks.iter().map(|text| text.parse().unwrap()).collect())
}

fn announced() -> House {
    House::planned(|plan| plan.proxy_protocol = true)
}

/// The header of version 2.
fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([command, family]);
    header.extend((rest.len() as u16).to_be_bytes());
    header.extend(rest);
    header
}

/// Whom the desk takes for the client.
fn who(client: &mut Client, field: &str) -> String {
    let answer = client.send(format!("GET /who HTTP/1.1\r\nHost: a\r\n{field}\r\n")).answer();
    answer.text().split(' ').next().unwrap().to_owned()
}

#[test]
fn a_trusted_proxy_names_the_client_of_each_request_and_nobody_else_does() {
    let house = House::planned(|plan| plan.trusted = trusting(&["127.0.0.0/8"]));
    let mut client = house.client();
    let own = client.socket.local_addr().unwrap().to_string();
    assert_eq!(who(&mut client, "X-Forwarded-For: 1.1.1.1, 203.0.113.9, 127.0.0.2\r\n"), "203.0.113.9:0");
    assert_eq!(who(&mut client, ""), own, "nothing is left of the request before");
    assert_eq!(who(&mut client, "X-Forwarded-For: nonsense\r\n"), own);
    let house = House::planned(|plan| plan.trusted = trusting(&["10.0.0.0/8"]));
    let mut client = house.client();
    let own = client.socket.local_addr().unwrap().to_string();
    assert_eq!(who(&mut client, "X-Forwarded-For: 203.0.113.9\r\n"), own);
}

#[test]
fn a_trusted_proxy_may_speak_http_2() {
    let secure = secure_planned(1, Limits::default(), |plan| plan.trusted = trusting(&["127.0.0.1"]));
    let mut client = http2::client(&secure);
    let mut asked = http2::request("GET", "/who", http2::whole(""));
    asked.headers_mut().insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
    assert!(client.ask(asked).unwrap().body.starts_with(b"203.0.113.9:0 "));
}

#[test]
fn a_balancer_says_whom_a_connection_comes_from_in_either_version() {
    let house = announced();
    let tcp4 = binary(0x21, 0x11, &[203, 0, 113, 9, 198, 51, 100, 1, 0xdc, 4, 1, 187, b'm', b'o', b'r', b'e']);
    for header in [FROM.as_bytes(), &tcp4] {
        let mut client = house.client();
        let mut all = header.to_vec();
        all.extend(ASK.as_bytes());
        assert!(client.send(&all).answer().text().starts_with("203.0.113.9:56324 "));
        assert!(client.send(ASK).answer().text().starts_with("203.0.113.9:56324 "), "it holds for the whole connection");
        let mut slow = house.client();
        slow.socket.set_nodelay(true).unwrap();
        for byte in &all {
            slow.send([*byte]);
        }
        assert!(slow.answer().text().starts_with("203.0.113.9:56324 "));
    }
    for header in [&b"PROXY UNKNOWN\r\n"[..], &binary(0x20, 0, b"")] {
        let mut client = house.client();
        let own = client.socket.local_addr().unwrap().to_string();
        assert!(client.send(header).send(ASK).answer().text().starts_with(&own), "it speaks for itself");
    }
}

#[test]
fn a_connection_that_does_not_begin_so_is_closed_without_an_answer() {
    let house = announced();
    let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(100));
    let heavy = binary(0x21, 0x11, &[0; 4_097]);
    let udp = binary(0x21, 0x12, &[0; 12]);
    for bad in [ASK.as_bytes(), b"PROXY TCP4 a b 1 2\r\n", long.as_bytes(), &heavy, &udp, b"\r\n\r\n\0\r\nQUIT!!!!!!"] {
        let mut client = house.client();
        client.send(bad);
        let (said, ending) = client.rest();
        assert!(said.is_empty() && matches!(ending, Ending::Closed | Ending::Reset), "{}", String::from_utf8_lossy(bad));
    }
    assert!(house.has_open(0, 0) && house.told_nothing());
}

#[test]
fn only_trusted_balancers_may_announce_where_some_are_named() {
    let strangers = |plan: &mut Plan| (plan.proxy_protocol, plan.trusted) = (true, trusting(&["10.0.0.0/8"]));
    let house = House::planned(strangers);
    let (said, _) = house.client_that_says(FROM).rest();
    assert!(said.is_empty() && house.has_open(0, 0));
    let ours = |plan: &mut Plan| (plan.proxy_protocol, plan.trusted) = (true, trusting(&["127.0.0.1"]));
    let house = House::planned(ours);
    assert!(house.client_that_says(FROM).send(ASK).answer().text().starts_with("203.0.113.9:56324 "));
}

impl House {
    /// A client whose words may come too late.
    fn client_that_says(&self, words: &str) -> Client {
        use std::io::Write;
        let mut client = self.client();
        let _late = client.socket.write_all(words.as_bytes());
        client
    }
}

#[test]
fn a_header_that_takes_too_long_is_cut() {
    let house = announced();
    let mut slow = [&b""[..], b"PROXY TCP4 203", &binary(0x21, 0x11, b"")[..14]].map(|part| {
        let mut client = house.client();
        client.send(part);
        client
    });
    assert!(house.has_open(0, 3));
    // The wait may begin only after the first four seconds: the thread may not have looked at them before.
    for (seconds, open) in [(4, 3), (6, 0)] {
        house.advance(seconds);
        house.on(0, |desk| desk.lane.tick());
        assert!(house.has_open(0, open), "{open} after {seconds} more seconds");
    }
    for client in &mut slow {
        assert!(client.rest().0.is_empty());
    }
}

#[test]
fn a_balancer_may_announce_what_is_tls_behind_it() {
    let secure = secure_planned(1, Limits::default(), |plan| plan.proxy_protocol = true);
    let mut socket = connect(secure.address());
    std::io::Write::write_all(&mut socket, FROM.as_bytes()).unwrap();
    let mut client = Secure::shake_hands(socket, "a.test", &secure.speaking(&["http/1.1"])).unwrap();
    assert!(client.send(ASK).answer().text().starts_with("203.0.113.9:56324 "));
    assert!(secure.client_for("a.test", &secure.speaking(&["http/1.1"])).is_err(), "a handshake is no header");
}

#[test]
fn a_drain_waits_for_no_header() {
    let house = announced();
    let mut silent = house.client();
    assert!(house.has_open(0, 1));
    std::thread::scope(|scope| {
        // Years, for the clock below runs as fast as this thread does.
        let drained = scope.spawn(|| wait(house.lanes.drain(Duration::from_secs(300_000_000))));
        while !drained.is_finished() {
            house.clock.advance(Duration::from_millis(100));
            std::thread::yield_now();
        }
        assert_eq!(drained.join().unwrap(), 0);
    });
    assert!(silent.rest().0.is_empty());
}
