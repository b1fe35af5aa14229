//! What is no request is answered by the front end.

use crate::house::House;
use base::gate::RefusalKind;

#[test]
fn what_is_no_request_is_refused_with_its_status_and_the_connection_ends() {
    let house = House::new();
    let long = "x".repeat(12_000);
    let many = "a: b\r\n".repeat(101);
    for (sent, status, message) in [
        ("nonsense\r\n\r\n".to_owned(), 400, "Bad Request"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400, "Bad Request"),
        ("GET / HTTP/1.1\nHost: a\n\n".to_owned(), 400, "Bad Request"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), 400, "Bad Request"),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n".to_owned(), 505, "Internal server error"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(), 400, "Bad Request"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: more\r\n\r\n".to_owned(), 417, "Bad Request"),
        (format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), 414, "Request URI too long"),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nb: {long}\r\n\r\n"), 431, "Request Header Fields Too Large"),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"), 431, "Request Header Fields Too Large"),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03\r\n\r\n".to_owned(), 400, "Bad Request"),
    ] {
        let mut client = house.client();
        let answer = client.send(&sent).answer();
        let begin = &sent[..sent.len().min(60)];
        assert_eq!((answer.status, answer.text()), (status, format!(r#"{{"message":"{message}"}}"#).as_str()), "{begin}");
        assert_eq!(answer.field("Content-Type"), Some("application/json"));
        assert_eq!(answer.field("Connection"), Some("close"));
        client.is_closed();
        let told = house.told();
        assert_eq!((told.status, told.request_id.as_str()), (status, answer.field("x-amzn-RequestId").unwrap()));
        let (kind, because) = told.refused.unwrap();
        assert!(kind == RefusalKind::Front(status) && !because.is_empty(), "{begin}");
    }
}

#[test]
fn what_follows_a_refused_head_is_not_believed() {
    let house = House::new();
    let mut client = house.client();
    client.send("GET / HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().status, 400);
    client.is_closed();
    assert_eq!(house.told().status, 400);
    assert_eq!(house.client().get("/nowhere").status, 404);
    assert_eq!(house.told().path, "/nowhere");
}
