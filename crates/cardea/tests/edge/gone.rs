//! Clients that go while they wait.

use crate::house::{Client, House};
use crate::tls::secure;
use cardea::edge::Loss;
use std::io::Write;
use std::net::Shutdown;

const HANG: &str = "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n";

/// The request at `/hang` is let go of, without anybody having answered it.
fn is_let_go(house: &House) {
    let told = house.told();
    assert_eq!((told.path.as_str(), told.status, told.sent_bytes), ("/hang", 499, 0));
    assert_eq!(house.lanes.losses().of(Loss::ClientGone), 1);
    assert!(house.has_open(0, 0));
}

fn waiting(house: &House) -> Client {
    let mut client = house.client();
    client.send(HANG);
    assert_eq!(house.client().get("/lean").status, 200, "by this answer the thread has seen the one that waits");
    client
}

#[test]
fn a_client_that_hangs_up_takes_its_request_with_it() {
    let house = House::new();
    drop(waiting(&house));
    is_let_go(&house);
}

#[test]
fn a_client_that_only_shuts_its_sending_side_is_taken_for_gone_while_it_waits() {
    let house = House::new();
    let client = waiting(&house);
    client.socket.shutdown(Shutdown::Write).unwrap();
    is_let_go(&house);
}

#[test]
fn a_client_that_shuts_its_sending_side_gets_what_is_there_without_waiting() {
    let house = House::new();
    let mut client = house.client();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    client.socket.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.answer().text(), "abc");
    client.is_closed();
    assert_eq!(house.lanes.losses().of(Loss::ClientGone), 0);
}

#[test]
fn a_next_request_that_comes_early_is_no_hang_up_and_has_its_turn() {
    let house = House::new();
    let mut client = waiting(&house);
    for byte in b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n" {
        client.send([*byte]);
    }
    house.settle();
    house.on(0, |desk| desk.release());
    assert_eq!(client.answer().text(), "released");
    assert_eq!(client.answer().text(), "hello");
    assert_eq!(house.told().status, 200);
}

#[test]
fn a_client_of_tls_that_hangs_up_takes_its_request_with_it() {
    let secure = secure();
    let mut client = secure.client();
    client.send(HANG);
    assert_eq!(secure.client().get("/lean").status, 200);
    client.socket.conn.send_close_notify();
    client.socket.flush().unwrap();
    drop(client);
    is_let_go(&secure.house);
}
