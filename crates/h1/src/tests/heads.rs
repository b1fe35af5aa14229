use super::{request, status_of, text, with_fields};
use crate::{BodyLength, FIELDS_CEILING, HeadLimits, Known, Method, Parsed, RequestHead, Version};

#[test]
fn an_ordinary_head_is_read_and_what_follows_is_left() {
    let (head, rest) =
        request("POST /prod/pets?a=1&b[]=%7C HTTP/1.1\r\nHost: Api.example:8080\r\nx-aPI-Key:  k \r\nContent-Length: 2\r\n\r\nhi").unwrap();
    assert_eq!((head.method(), head.method_text(), head.version()), (Method::Post, "POST", Version::Http11));
    assert_eq!((head.target(), head.path(), head.query()), ("/prod/pets?a=1&b[]=%7C", "/prod/pets", Some("a=1&b[]=%7C")));
    assert_eq!((head.host(), head.host_name()), ("Api.example:8080", "Api.example"));
    assert_eq!(head.field(Known::XApiKey), Some(&b"k"[..]));
    assert_eq!(head.fields_named("X-API-KEY").next().unwrap().name, "x-aPI-Key");
    assert_eq!((head.body(), head.keep_alive()), (BodyLength::Exact(2), true));
    assert_eq!(rest, b"hi");
}

#[test]
fn fields_keep_their_order_spelling_and_repeats() {
    let head = with_fields("X-B: 2\r\nx-a: 1\r\nX-b:\r\nCookie: \u{e9}\r\n").unwrap();
    let seen: Vec<_> = head.fields().iter().map(|field| (field.name, text(field.value))).collect();
    assert_eq!(seen, [("Host", "a".into()), ("X-B", "2".into()), ("x-a", "1".into()), ("X-b", String::new()), ("Cookie", "\u{e9}".into())]);
    assert_eq!(head.fields_named("x-B").map(|field| field.value).collect::<Vec<_>>(), [&b"2"[..], b""]);
    assert_eq!(head.fields_named("x-c").count(), 0);
}

#[test]
fn a_cleared_head_is_empty_and_keeps_its_buffers() {
    let (mut head, _) = request("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let buffer = head.fields().bytes.as_ptr();
    head.clear();
    assert_eq!((head.method_text(), head.target(), head.query(), head.host()), ("", "", None, ""));
    assert!(head.fields().is_empty());
    assert_eq!(head.parse(&mut b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), &HeadLimits::default()), Ok(Parsed::Complete));
    assert_eq!((head.path(), head.fields().bytes.as_ptr()), ("/b", buffer));
}

#[test]
fn nothing_of_a_rejected_head_stays() {
    let mut head = RequestHead::default();
    let mut buf = b"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n".to_vec();
    assert_eq!(head.parse(&mut buf, &HeadLimits::default()).unwrap_err().status, 400);
    assert!(head.fields().is_empty() && head.target().is_empty());
}

#[test]
fn ambiguous_framing_is_refused() {
    for lines in [
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\ncontent-length: 2\r\n",
        "Content-Length: 1, 1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x1\r\n",
        "Content-Length: 1 1\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Content_Length: 1\r\n",
        "transfer_encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding: chunked;q=1\r\n",
        "Transfer-Encoding: \x0bchunked\r\n",
        "Transfer-Encoding:\r\n",
    ] {
        assert_eq!(with_fields(lines).map(|_| ()).unwrap_err().status, 400, "{lines:?}");
    }
    assert_eq!(status_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

#[test]
fn plain_framing_is_understood() {
    assert_eq!(with_fields("").unwrap().body(), BodyLength::None);
    assert_eq!(with_fields("Content-Length: 0\r\n").unwrap().body(), BodyLength::Exact(0));
    assert_eq!(with_fields("Content-Length: 007\r\n").unwrap().body(), BodyLength::Exact(7));
    assert_eq!(with_fields("transfer-encoding: Chunked\r\n").unwrap().body(), BodyLength::Chunked);
}

#[test]
fn line_ends_other_than_crlf_are_refused() {
    for bytes in [
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: b\nC: d\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: \n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: b\rC: d\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\r\n\r\n",
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        assert_eq!(status_of(bytes), 400, "{bytes:?}");
    }
}

#[test]
fn two_blank_lines_before_a_request_are_forgiven_and_three_are_not() {
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(request(format!("\r\n\r\n{get}")).unwrap().0.target(), "/");
    assert_eq!(status_of(format!("\r\n\r\n\r\n{get}")), 400);
}

#[test]
fn malformed_fields_are_refused() {
    for lines in [
        "A : b\r\n",
        "A\t: b\r\n",
        " A: b\r\n",
        ": b\r\n",
        "A\r\n",
        "A: b\r\n folded\r\n",
        "A: b\r\n\tfolded\r\n",
        "A(: b\r\n",
        "\u{e9}: b\r\n",
    ] {
        assert_eq!(with_fields(lines).map(|_| ()).unwrap_err().status, 400, "{lines:?}");
    }
    for control in (0..32).filter(|byte| *byte != b'\t').chain([127]) {
        let bytes = [b"GET / HTTP/1.1\r\nHost: a\r\nA: b", &[control][..], b"c\r\n\r\n"].concat();
        assert_eq!(status_of(bytes), 400, "{control}");
    }
    assert_eq!(with_fields("A: b\tc\r\n").unwrap().fields_named("a").next().unwrap().value, b"b\tc");
}

#[test]
fn host_must_be_there_once_and_be_a_host() {
    assert_eq!(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(status_of("GET / HTTP/1.0\r\n\r\n"), 200);
    assert_eq!(status_of("GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n"), 400);
    for bad in [
        "", "a b", "a/b", "u@a", "a:", "a:b", "a:65536", "a:000080", "a:80:80", "a,b", "[::1", "[]", "[g]", "::1", "a?b", "a#b", "a%41",
        "\u{e9}", "a\\b",
    ] {
        assert_eq!(status_of(format!("GET / HTTP/1.1\r\nHost: {bad}\r\n\r\n")), 400, "{bad:?}");
    }
    for (good, name) in
        [("a_b-c.example", "a_b-c.example"), ("127.0.0.1:80", "127.0.0.1"), ("[::1]:8080", "[::1]"), ("[::1]", "[::1]"), ("A:65535", "A")]
    {
        let (head, _) = request(format!("GET / HTTP/1.1\r\nHost: {good}\r\n\r\n")).unwrap();
        assert_eq!((head.host(), head.host_name()), (good, name));
    }
}

#[test]
fn only_origin_form_targets_are_taken() {
    for bad in [
        "http://a/",
        "a:443",
        "*",
        "a",
        "?a",
        "//a|b",
        "/{a}",
        "/a#b",
        "/a\"b",
        "/a<b",
        "/a>b",
        "/a\\b",
        "/a^b",
        "/a`b",
        "/\u{e9}",
        "/a\x7f",
        "/a\tb",
    ] {
        assert_eq!(status_of(format!("GET {bad} HTTP/1.1\r\nHost: a\r\n\r\n")), 400, "{bad:?}");
    }
    for good in ["/", "//", "/a//b/../c", "/%zz%", "/?", "/?a?b", "/a;b=c,d:e@f!$&'()*+~", "/?filter[a]=1"] {
        assert_eq!(request(format!("GET {good} HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap().0.target(), good);
    }
    assert_eq!(status_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_eq!(status_of("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_eq!(status_of("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_eq!(status_of("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_eq!(status_of("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 400);
}

#[test]
fn a_blank_query_is_not_a_missing_one() {
    assert_eq!(request("GET /a? HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().0.query(), Some(""));
    assert_eq!(request("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().0.query(), None);
}

#[test]
fn versions_other_than_1_0_and_1_1_are_refused() {
    for (version, status) in
        [("HTTP/1.2", 505), ("HTTP/2.0", 505), ("HTTP/0.9", 505), ("HTTP/1.10", 400), ("http/1.1", 400), ("HTTP/11", 400), ("FTP/1.1", 400)]
    {
        assert_eq!(status_of(format!("GET / {version}\r\nHost: a\r\n\r\n")), status, "{version}");
    }
    assert_eq!(status_of("GET /\r\n\r\n"), 400);
    assert_eq!(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
}

#[test]
fn methods_are_tokens_of_bounded_length_and_told_apart_by_case() {
    assert_eq!(request("get / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().0.method(), Method::Other);
    assert_eq!(request("M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().0.method_text(), "M-SEARCH");
    assert_eq!(status_of("G(T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_eq!(status_of(format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "A".repeat(25))), 400);
}

#[test]
fn sizes_have_bounds_and_each_bound_its_status() {
    let limits = HeadLimits { target_bytes_max: 10, fields_bytes_max: 30, fields_max: 3 };
    let status = |bytes: &str| match RequestHead::default().parse(&mut bytes.as_bytes().to_vec(), &limits) {
        Ok(Parsed::Complete) => 200,
        Ok(Parsed::Partial) => 0,
        Err(rejection) => rejection.status,
    };
    assert_eq!(status("GET /123456789 HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
    assert_eq!(status("GET /1234567890 HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
    assert_eq!(status(&format!("GET /{}", "1".repeat(30))), 0);
    assert_eq!(status(&format!("GET /{}", "1".repeat(60))), 414);
    // "Host: a\r\n" and the last line end are 11 bytes, "A: " and its line end 5.
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", "b".repeat(14))), 200);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", "b".repeat(15))), 431);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}", "b".repeat(90))), 431);
    assert_eq!(status("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\n\r\n"), 200);
    assert_eq!(status("GET / HTTP/1.1\r\nHost: a\r\nA:b\r\nC:d\r\nE:\r\n\r\n"), 431);
    let many = "A:b\r\n".repeat(FIELDS_CEILING);
    let boundless = HeadLimits { target_bytes_max: u32::MAX, fields_bytes_max: u32::MAX, fields_max: u16::MAX };
    let rejection = RequestHead::default().parse(&mut format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n").into_bytes(), &boundless);
    assert_eq!(rejection.unwrap_err().status, 431);
}

#[test]
fn keep_alive_follows_the_version_and_connection() {
    let keeps = |version: &str, lines: &str| request(format!("GET / HTTP/{version}\r\nHost: a\r\n{lines}\r\n")).unwrap().0.keep_alive();
    assert!(keeps("1.1", ""));
    assert!(!keeps("1.1", "Connection: foo, CLOSE\r\n"));
    assert!(!keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
    assert!(!keeps("1.0", ""));
    assert!(keeps("1.0", "Connection: Keep-Alive\r\n"));
    assert!(!keeps("1.0", "Connection: keep-alive, close\r\n"));
}

#[test]
fn connection_may_not_name_what_must_not_be_stripped() {
    for name in [
        "content-length",
        "Transfer-Encoding",
        "host",
        "authorization",
        "X-Api-Key",
        "cookie",
        "x-amzn-trace-id",
        "x-amz-date",
        "X-Apigw-Api-Id",
        "x-forwarded-for",
        "x-forwarded-anything",
        "content-type",
    ] {
        assert_eq!(with_fields(&format!("Connection: close, {name}\r\n")).map(|_| ()).unwrap_err().status, 400, "{name}");
    }
    assert_eq!(with_fields("Connection: a b\r\n").map(|_| ()).unwrap_err().status, 400);
    assert_eq!(with_fields(&format!("Connection: {}\r\n", "a,".repeat(17))).map(|_| ()).unwrap_err().status, 400);
}

#[test]
fn fields_of_the_hop_are_marked_whether_by_nature_or_by_name() {
    let head = with_fields("X-Mine: 1\r\nConnection: x-mine\r\nTE: trailers\r\nX-Yours: 2\r\nKeep-Alive: 5\r\nX-MINE: 3\r\n").unwrap();
    let passed: Vec<_> = head.fields().iter().filter(|field| field.is_end_to_end()).map(|field| field.name).collect();
    assert_eq!(passed, ["X-Yours"]);
}

#[test]
fn expectations_are_continue_or_refused() {
    let expects = |bytes: &str| request(bytes).map(|(head, _)| head.expects_continue()).map_err(|rejection| rejection.status);
    assert_eq!(expects("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n"), Ok(true));
    assert_eq!(expects("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"), Ok(false));
    assert_eq!(expects("PUT / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"), Ok(false));
    assert_eq!(expects("PUT / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n"), Err(417));
}

#[test]
fn a_websocket_wish_needs_both_fields_and_get() {
    let wants = |bytes: &str| request(bytes).unwrap().0.wants_websocket();
    assert!(wants("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n"));
    assert!(!wants("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"));
    assert!(!wants("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"));
    assert!(!wants("POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"));
}

#[test]
fn a_built_head_obeys_the_same_rules() {
    let head = RequestHead::build("GET", "/a?b", Version::Http2).push("Host", b"a").push("x-b", b" c ").finish().unwrap();
    assert_eq!((head.path(), head.query(), head.host(), head.version()), ("/a", Some("b"), "a", Version::Http2));
    assert_eq!(head.fields_named("X-B").next().unwrap().value, b"c");
    let flawed =
        |name: &str, value: &[u8]| RequestHead::build("GET", "/", Version::Http11).push("Host", b"a").push(name, value).finish().is_err();
    assert!(!flawed("A", b"b"));
    for (name, value) in [
        ("A ", &b"b"[..]),
        ("", b"b"),
        ("A", b"b\r\nC: d"),
        ("A", b"\0"),
        ("Host", b"a"),
        ("Content-Length", b"-1"),
        ("Connection", b"host"),
    ] {
        assert!(flawed(name, value), "{name:?} {value:?}");
    }
    assert_eq!(RequestHead::build("GET", "*", Version::Http11).push("Host", b"a").finish().unwrap_err().status, 400);
    assert_eq!(RequestHead::build("GET", "/", Version::Http11).finish().unwrap_err().because, "no Host");
    assert!(RequestHead::build("GET", "/", Version::Http2).push("Host", b"a").push("Transfer-Encoding", b"chunked").finish().is_err());
    let streamed = head.rebuild("POST", "/c", Version::Http2).push("Host", b"a").body(BodyLength::UntilClose).finish().unwrap();
    assert_eq!((streamed.body(), streamed.fields().len()), (BodyLength::UntilClose, 1));
}

#[test]
fn every_known_name_is_known_in_any_case() {
    for name in ["host", "TE", "x-amzn-trace-id", "Content-MD5", "X-FORWARDED-PORT", "WWW-Authenticate"] {
        let known = Known::of(name.as_bytes());
        assert!(known != Known::Other && known.name().eq_ignore_ascii_case(name), "{name}");
    }
    for name in ["", "hos", "hosts", "x", "content-lengtg", "h\x4fst\0"] {
        assert_eq!(Known::of(name.as_bytes()), Known::Other);
    }
    // Letters are folded, other bytes are not: `-` with its 0x20 bit off is not `-`.
    assert_eq!(Known::of(b"x\x0dapi\x0dkey"), Known::Other);
}

#[test]
fn a_head_that_comes_slowly_is_parsed_once() {
    let whole = b"GET /slow HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nrest";
    let mut head = RequestHead::default();
    let (mut buf, mut seen) = (Vec::new(), 0);
    for (at, byte) in whole.iter().enumerate() {
        buf.push(*byte);
        match head.parse_further(&mut buf, seen, &HeadLimits::default()).unwrap() {
            Parsed::Partial => seen = buf.len(),
            Parsed::Complete => {
                assert_eq!((head.target(), at + 1), ("/slow", whole.len() - 4));
                return;
            }
        }
    }
    panic!("never complete");
}

#[test]
fn a_slow_head_with_a_bare_line_end_is_refused_at_once_or_when_it_would_end() {
    let mut head = RequestHead::default();
    let mut buf = b"GET / HTTP/1.1\nHost: a\n".to_vec();
    assert_eq!(head.parse(&mut buf, &HeadLimits::default()).unwrap_err().status, 400);
    let mut buf = b"GET / HTTP/1.1\r\nHost: a".to_vec();
    assert_eq!(head.parse(&mut buf, &HeadLimits::default()), Ok(Parsed::Partial));
    let seen = buf.len();
    buf.extend_from_slice(b"\n\r\n");
    assert_eq!(head.parse_further(&mut buf, seen, &HeadLimits::default()).unwrap_err().status, 400);
}

#[test]
fn garbage_is_refused_with_its_first_bytes() {
    let limits = HeadLimits::default();
    for garbage in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"G\0T / HT",
        b"GET / \x7f",
        b"GET / HTTP/1.1\r\nHost : a",
        b"GET / HTTP/1.1\r\nHost: a\0",
        b"GET / HTTP/1.1\r\nHost: a\rb",
        b"GET / HTTP/1.1\r\nHost\r",
        b"GET / HTTP/1.1\r\n folded",
        b"GET / HTTP/1.1\r\n:",
    ] {
        let told = RequestHead::default().parse(&mut garbage.to_vec(), &limits);
        assert_eq!(told.map_err(|why| why.status), Err(400), "{}", garbage.escape_ascii());
    }
    for so_far in ["G", "GET /", "GET / HTTP/1.1\r", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHo", "GET / HTTP/1.1\r\nHost: a\r"] {
        assert_eq!(RequestHead::default().parse(&mut so_far.as_bytes().to_vec(), &limits), Ok(Parsed::Partial), "{so_far:?}");
    }
}

#[test]
fn only_the_twins_of_framing_are_refused_for_an_underscore() {
    assert!(with_fields("Content_Type: a\r\nContent_Lengths: 1\r\nX_Y: z\r\n").is_ok());
    let built = |name: &str| RequestHead::build("GET", "/", Version::Http2).push("Host", b"a").push(name, b"1").finish();
    assert!(built("content_length").is_err() && built("TRANSFER_encoding").is_err());
    assert!(built("content_lengths").is_ok());
}
