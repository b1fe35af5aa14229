use crate::{Asked, BodyLength, HeadLimits, Parsed, Rejection, ResponseHead};

fn answer_to(asked: Asked, bytes: &str) -> Result<ResponseHead, Rejection> {
    let mut head = ResponseHead::default();
    let parsed = head.parse(&mut bytes.as_bytes().to_vec(), 0, asked, &HeadLimits::for_answers())?;
    assert_eq!(parsed, Parsed::Complete);
    Ok(head)
}

fn answer(bytes: &str) -> Result<ResponseHead, Rejection> {
    answer_to(Asked::Plainly, bytes)
}

#[test]
fn an_ordinary_answer_is_read() {
    let head = answer("HTTP/1.1 404 Gone fishing\r\nContent-Length: 3\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\n").unwrap();
    assert_eq!((head.status(), head.reason(), head.body(), head.keep_alive()), (404, &b"Gone fishing"[..], BodyLength::Exact(3), true));
    assert_eq!(head.fields_named("Set-Cookie").count(), 2);
    assert_eq!(answer("HTTP/1.1 200\r\n\r\n").unwrap().reason(), b"");
    assert_eq!(answer("HTTP/1.1 200 \r\n\r\n").unwrap().reason(), b"");
}

#[test]
fn the_body_follows_from_framing_status_and_question() {
    let body = |asked, bytes| answer_to(asked, bytes).map(|head| (head.body(), head.keep_alive())).unwrap();
    assert_eq!(body(Asked::Plainly, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), (BodyLength::Chunked, true));
    assert_eq!(body(Asked::Plainly, "HTTP/1.1 200 OK\r\n\r\n"), (BodyLength::UntilClose, false));
    assert_eq!(body(Asked::Plainly, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"), (BodyLength::Exact(5), true));
    assert_eq!(body(Asked::ByHead, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), (BodyLength::None, true));
    assert_eq!(body(Asked::ByHead, "HTTP/1.1 200 OK\r\n\r\n"), (BodyLength::None, true));
    assert_eq!(body(Asked::Plainly, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), (BodyLength::None, true));
    assert_eq!(body(Asked::Plainly, "HTTP/1.1 204 No Content\r\n\r\n"), (BodyLength::None, true));
    assert_eq!(body(Asked::Plainly, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"), (BodyLength::None, false));
    assert_eq!(body(Asked::Plainly, "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"), (BodyLength::None, false));
    assert_eq!(body(Asked::Plainly, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"), (BodyLength::Exact(5), false));
    assert_eq!(
        body(Asked::Plainly, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n"),
        (BodyLength::Exact(5), true)
    );
    assert_eq!(body(Asked::Plainly, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"), (BodyLength::Exact(5), false));
}

#[test]
fn ambiguous_or_malformed_answers_are_bad_gateways() {
    for bytes in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ] {
        assert_eq!(answer(bytes).map(|_| ()).unwrap_err().status, 502, "{bytes:?}");
    }
}

#[test]
fn a_switch_is_taken_only_when_asked_for() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    assert_eq!(answer_to(Asked::ForWebsocket, switch).unwrap().status(), 101);
    assert!(answer_to(Asked::ForWebsocket, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: tea\r\n\r\n").is_err());
}

#[test]
fn an_endless_answer_head_is_given_up() {
    let limits = HeadLimits { target_bytes_max: 10, fields_bytes_max: 30, fields_max: 3 };
    let mut buf = [b"HTTP/1.1 200 OK\r\nA: ", "b".repeat(200).as_bytes()].concat();
    assert_eq!(ResponseHead::default().parse(&mut buf, 0, Asked::Plainly, &limits).unwrap_err().status, 502);
}
