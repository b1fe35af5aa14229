use super::{request, text, with_fields};
use crate::{BodyLength, Connection, Known, RequestWriter, ResponseWriter, reason};

fn written(body: BodyLength, method: &str) -> String {
    let mut out = Vec::new();
    RequestWriter::start(&mut out, method, "/a", "be:90").unwrap().finish(body, Connection::Unsaid);
    text(&out)
}

#[test]
fn a_request_is_framed_by_decision() {
    assert_eq!(written(BodyLength::None, "GET"), "GET /a HTTP/1.1\r\nHost: be:90\r\n\r\n");
    assert_eq!(written(BodyLength::None, "POST"), "POST /a HTTP/1.1\r\nHost: be:90\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(written(BodyLength::Exact(7), "GET"), "GET /a HTTP/1.1\r\nHost: be:90\r\nContent-Length: 7\r\n\r\n");
    assert_eq!(written(BodyLength::Chunked, "GET"), "GET /a HTTP/1.1\r\nHost: be:90\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(written(BodyLength::UntilClose, "PUT"), "PUT /a HTTP/1.1\r\nHost: be:90\r\nTransfer-Encoding: chunked\r\n\r\n");
}

#[test]
fn what_could_break_a_start_line_is_not_written() {
    for (method, target, host) in [
        ("G T", "/", "a"),
        ("", "/", "a"),
        ("GET", "/a b", "a"),
        ("GET", "a", "a"),
        ("GET", "/\r\nX: y", "a"),
        ("GET", "/", "a\r\nX: y"),
        ("GET", "/", ""),
    ] {
        let mut out = Vec::new();
        assert!(RequestWriter::start(&mut out, method, target, host).is_err());
        assert!(out.is_empty());
    }
}

#[test]
fn bad_fields_are_dropped_and_reported() {
    let mut out = Vec::new();
    let mut writer = RequestWriter::start(&mut out, "GET", "/", "a").unwrap();
    for name in ["Content-Length", "transfer-encoding", "CONNECTION", "host", "Keep-Alive", "proxy-connection", "expect", "a b", "", "a:"] {
        assert!(writer.field(name, b"1").is_err(), "{name:?}");
    }
    for value in [&b"a\r\nb: c"[..], b"a\n", b"\0", b"\x7f"] {
        assert!(writer.field("a", value).is_err());
    }
    writer.field("X-Good", b"\xff\t1").unwrap();
    writer.finish(BodyLength::None, Connection::Close);
    assert_eq!(out, b"GET / HTTP/1.1\r\nHost: a\r\nX-Good: \xff\t1\r\nConnection: close\r\n\r\n");
}

#[test]
fn forwarding_leaves_out_framing_the_hop_and_what_is_not_kept() {
    let head = with_fields(
        "A: 1\r\nB:2\r\nContent-Length: 5\r\nC:  3 \r\nX-Hop: 1\r\nConnection: x-hop\r\nD: 4\r\nE: 5\r\nCookie: no\r\nF: 6\r\n",
    )
    .unwrap();
    let mut out = Vec::new();
    let mut writer = RequestWriter::start(&mut out, "GET", "/", "be").unwrap();
    writer.forward(head.fields(), |known, name| known != Known::Cookie && name != b"E");
    writer.finish(BodyLength::None, Connection::Unsaid);
    assert_eq!(text(&out), "GET / HTTP/1.1\r\nHost: be\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nF: 6\r\n\r\n");
}

#[test]
fn a_connection_token_can_not_smuggle_a_body_past_its_framing() {
    let smuggle =
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: 30\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(request(smuggle).map(|_| ()).unwrap_err().status, 400);
}

#[test]
fn an_answer_has_its_status_words_and_framing() {
    let answer = |status, framing, connection| {
        let mut out = Vec::new();
        let mut writer = ResponseWriter::start(&mut out, status);
        assert!(writer.field("Content-Length", b"9").is_err());
        writer.field("Content-Type", b"a/b").unwrap();
        writer.finish(framing, connection);
        text(&out)
    };
    assert_eq!(answer(200, BodyLength::Exact(2), Connection::Unsaid), "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(
        answer(799, BodyLength::None, Connection::KeepAlive),
        "HTTP/1.1 799 \r\nContent-Type: a/b\r\nConnection: keep-alive\r\n\r\n"
    );
    assert_eq!(answer(7, BodyLength::Chunked, Connection::Close).lines().next(), Some("HTTP/1.1 500 Internal Server Error"));
    let switch = answer(101, BodyLength::None, Connection::Websocket);
    assert!(switch.ends_with("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), "{switch}");
    assert_eq!((reason(431), reason(999)), ("Request Header Fields Too Large", ""));
}
