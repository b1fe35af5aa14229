//! Attacks in the head: two lengths, two hosts, two targets, lines that end where others do not.

use crate::case::{Case, End, Meant, SMUGGLED, post};

/// Content-Length that is not one plain number.
pub(crate) const LENGTHS: &[&str] = &[
    "+5",
    "-5",
    "5.0",
    "5e0",
    "0x5",
    "5,5",
    "5, 5",
    "5,6",
    "",
    " ",
    "5;",
    "\"5\"",
    "5 5",
    "5_0",
    "\u{665}",
    "\u{ff15}",
    "1_000",
    "five",
    "99999999999999999999",
    "18446744073709551616",
    "18446744073709551621",
    "9223372036854775808",
    "00000000000000000005",
    "5\0",
    "\x005",
    "5\u{b}",
    "5\u{c}",
    "\u{b}5",
    "5\r5",
    "5\n5",
    "5\r",
    "\r5",
    "5\x7f",
    "5\u{a0}",
    "5\t5",
];

/// Transfer-Encoding that is not exactly `chunked`.
pub(crate) const CODINGS: &[&str] = &[
    "identity",
    "gzip",
    "gzip, chunked",
    "chunked, gzip",
    "chunked, identity",
    "identity, chunked",
    "chunked, chunked",
    "chunked,",
    ",chunked",
    "chunked;q=1",
    "chunked;",
    "xchunked",
    "chunkedx",
    "chun ked",
    "chunked\u{b}",
    "\u{b}chunked",
    "chunked\u{c}",
    "\"chunked\"",
    "'chunked'",
    "chunked\0",
    "\0chunked",
    "chu\rnked",
    "chunked\r",
    "\rchunked",
    "chunked\nX",
    "",
    " ",
    "cow",
    "trailers",
    "deflate",
    "compress, chunked",
    "chunked\u{a0}",
    "chunked\x7f",
    "\u{212a}chunked",
    "c\u{68}unked\u{200b}",
];

/// Framing names that are no names, or not quite.
const NAMES: &[&str] = &[
    "Transfer-Encoding : chunked",
    "Transfer-Encoding\t: chunked",
    " Transfer-Encoding: chunked",
    "\tTransfer-Encoding: chunked",
    "Transfer-Encoding\u{b}: chunked",
    "Transfer-Encoding\0: chunked",
    "\0Transfer-Encoding: chunked",
    "Transfer Encoding: chunked",
    "Transfer-Encoding",
    "Transfer-Encoding\r: chunked",
    "Transfer-Encoding\r\n : chunked",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding:\r\n\tchunked",
    "X: y\nTransfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
    "X: y\n\nTransfer-Encoding: chunked",
    "X: y\r\r\nTransfer-Encoding: chunked",
    "X: y\n\rTransfer-Encoding: chunked",
    "X: \0\r\nTransfer-Encoding: chunked",
    ": chunked",
    "Content-Length : 5",
    "Content-Length\t: 5",
    " Content-Length: 5",
    "Content-Length: 5\r\n 6",
    "Content-Length:\r\n 5",
    "Content-Length\0: 5",
    "X: y\nContent-Length: 5",
    "X: y\rContent-Length: 5",
    "Content-Length: 5\nX: y",
    "X\u{80}: y",
    "X(: y",
    "X: y\r\n folded",
    "X: y\r\n\tfolded",
    "X: a\x01b",
    "X: a\x7fb",
    "Content_Length: 5",
    "Transfer_Encoding: chunked",
    "content_length: 5",
    "TRANSFER_ENCODING: chunked",
];

/// Request lines that are none, or that name a second host.
const LINES: &[&str] = &[
    "GET  /case/{n} HTTP/1.1",
    "GET /case/{n}  HTTP/1.1",
    "GET /case/{n} HTTP/1.1 ",
    "GET\t/case/{n}\tHTTP/1.1",
    "GET /case/{n}\u{b}HTTP/1.1",
    " GET /case/{n} HTTP/1.1",
    "\tGET /case/{n} HTTP/1.1",
    "GET /case/{n} HTTP/1.2",
    "GET /case/{n} HTTP/2.0",
    "GET /case/{n} HTTP/0.9",
    "GET /case/{n} HTTP/1.1.1",
    "GET /case/{n} HTTP/01.1",
    "GET /case/{n} http/1.1",
    "GET /case/{n} HTTP/11",
    "GET /case/{n} HTTP/1.1\0",
    "GET /case/{n} HTTPS/1.1",
    "GET /case/{n}",
    "GET case/{n} HTTP/1.1",
    "GET http://a/case/{n} HTTP/1.1",
    "GET http://b/case/{n} HTTP/1.1",
    "GET HTTP://a/case/{n} HTTP/1.1",
    "GET https://a/case/{n} HTTP/1.1",
    "GET a/case/{n} HTTP/1.1",
    "GET ?case/{n} HTTP/1.1",
    "GET @a/case/{n} HTTP/1.1",
    "GET \\case\\{n} HTTP/1.1",
    "GET /case/{n}\\x HTTP/1.1",
    "CONNECT a:80 HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "GET * HTTP/1.1",
    "GET /case/{n}#f HTTP/1.1",
    "GET /case/{n}\0 HTTP/1.1",
    "GET /case/{n}\u{7f} HTTP/1.1",
    "GET /case/{n}\u{e9} HTTP/1.1",
    "GET /case/{n} x HTTP/1.1",
    "GET /case/{n} HTTP/1.1 HTTP/1.1",
    "GET /case/{n}\r HTTP/1.1",
    "GET /case/{n}\" HTTP/1.1",
    "GET /case/{n}<> HTTP/1.1",
    "G(T /case/{n} HTTP/1.1",
    "G\0T /case/{n} HTTP/1.1",
    "GET: /case/{n} HTTP/1.1",
    "/case/{n} HTTP/1.1",
    "PRI * HTTP/2.0",
    "HTTP/1.1 200 OK",
];

/// Hosts that are missing, doubled, or no hosts.
const HOSTS: &[&str] = &[
    "",
    "Host: a\r\nHost: a\r\n",
    "Host: a\r\nHost: b\r\n",
    "Host: a\r\nhost: b\r\n",
    "Host: a\r\nHOST: a\r\n",
    "Host:\r\n",
    "Host: \r\n",
    "Host: a b\r\n",
    "Host: a,b\r\n",
    "Host: a/b\r\n",
    "Host: a@b\r\n",
    "Host: http://a\r\n",
    "Host: a:\r\n",
    "Host: a:b\r\n",
    "Host: a:80:80\r\n",
    "Host: a:99999\r\n",
    "Host: a:-1\r\n",
    "Host: a?b\r\n",
    "Host: a#b\r\n",
    "Host: a\\b\r\n",
    "Host: a%00\r\n",
    "Host: a\0\r\n",
    "Host: a\tb\r\n",
    "Host: \u{e4}\r\n",
    "Host: [::1\r\n",
    "Host: ::1\r\n",
    "Host: [x]\r\n",
    "Host : a\r\n",
    "Host\0: a\r\n",
    "Host: a\r\n b\r\n",
    "Host: a\nHost: b\r\n",
    "Host:\r\n a\r\n",
];

/// What `Connection` may not name: what frames a request, what finds its API, what says who asks.
const GUARDED: &[&str] = &[
    "Content-Length",
    "Transfer-Encoding",
    "Host",
    "Authorization",
    "x-api-key",
    "Content-Type",
    "Content-Encoding",
    "Cookie",
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Amzn-Trace-Id",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "x-apigw-api-id",
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    lengths_and_codings(&mut cases);
    lines_and_hosts(&mut cases);
    connections(&mut cases);
    large(&mut cases);
    cases.extend(as_meant());
    cases
}

fn lengths_and_codings(cases: &mut Vec<Case>) {
    const CHUNKS: &str = "5\r\nhello\r\n0\r\n\r\n";
    for length in LENGTHS {
        cases.push(Case::refused(format!("Content-Length {length:?}"), post(&format!("Content-Length: {length}\r\n"), "hello")));
    }
    for coding in CODINGS {
        let line = format!("Transfer-Encoding: {coding}\r\n");
        cases.push(Case::refused(format!("Transfer-Encoding {coding:?}"), post(&line, CHUNKS)));
        for lines in [format!("Content-Length: 5\r\n{line}"), format!("{line}Content-Length: 5\r\n")] {
            cases.push(Case::refused(format!("{lines:?}"), post(&lines, "hello")));
        }
        for lines in [format!("Transfer-Encoding: chunked\r\n{line}"), format!("{line}Transfer-Encoding: chunked\r\n")] {
            cases.push(Case::refused(format!("{lines:?}"), post(&lines, CHUNKS)));
        }
    }
    for name in NAMES {
        for lines in
            [format!("{name}\r\n"), format!("Content-Length: 5\r\n{name}\r\n"), format!("{name}\r\nTransfer-Encoding: chunked\r\n")]
        {
            let rest = if lines.ends_with("chunked\r\n") { CHUNKS } else { "hello" };
            cases.push(Case::refused(format!("{lines:?}"), post(&lines, rest)));
        }
    }
    let both = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "content-length: 5\r\ntransfer-encoding: CHUNKED\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nX: y\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 0\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\ncontent-length: 5\r\n",
        "Content-Length: 5\r\nX: y\r\nCONTENT-LENGTH: 40\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "Expect: 100-continue, x\r\nContent-Length: 5\r\n",
        "Expect: 200-maybe\r\nContent-Length: 5\r\n",
    ];
    for lines in both {
        let rest = if lines.to_ascii_lowercase().contains("chunked") { CHUNKS } else { "hello" };
        cases.push(Case::refused(format!("{lines:?}"), post(lines, rest)));
    }
    for version in ["1.0", "1.1"] {
        let both =
            format!("POST /case/{{n}} HTTP/{version}\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n");
        cases.push(Case::refused(format!("both in HTTP/{version}"), both));
    }
    let old = format!("POST /case/{{n}} HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{CHUNKS}");
    cases.push(Case::refused("chunks in HTTP/1.0", old));
}

fn lines_and_hosts(cases: &mut Vec<Case>) {
    for line in LINES {
        cases.push(Case::refused(format!("{line:?}"), format!("{line}\r\nHost: a\r\n\r\n")));
        cases.push(Case::refused(format!("{line:?} and LF"), format!("{line}\nHost: a\n\n")));
    }
    for hosts in HOSTS {
        cases.push(Case::refused(format!("{hosts:?}"), format!("GET /case/{{n}} HTTP/1.1\r\n{hosts}\r\n")));
        cases.push(Case::refused(format!("{hosts:?} at the end"), format!("GET /case/{{n}} HTTP/1.1\r\nX: y\r\n{hosts}\r\n")));
    }
    for head in [
        "GET /case/{n} HTTP/1.1\nHost: a\n\n",
        "GET /case/{n} HTTP/1.1\r\nHost: a\n\r\n",
        "GET /case/{n} HTTP/1.1\nHost: a\r\n\r\n",
        "GET /case/{n} HTTP/1.1\r\nHost: a\r\n\n",
        "GET /case/{n} HTTP/1.1\r\nHost: a\n\n",
        "GET /case/{n} HTTP/1.1\r\nHost: a\r\r\n\r\n",
        "GET /case/{n} HTTP/1.1\rHost: a\r\r",
        "GET /case/{n} HTTP/1.1\r\n\r\nHost: a\r\n\r\n",
        "GET /case/{n} HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n",
        "GET /case/{n} HTTP/1.1\r\n\tX: y\r\nHost: a\r\n\r\n",
        "\r\n\r\n\r\n\r\nGET /case/{n} HTTP/1.1\r\nHost: a\r\n\r\n",
        "\n\n\n\n\nGET /case/{n} HTTP/1.1\r\nHost: a\r\n\r\n",
        "\rGET /case/{n} HTTP/1.1\r\nHost: a\r\n\r\n",
        "\0GET /case/{n} HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        cases.push(Case::refused(format!("{head:?}"), head));
    }
}

fn connections(cases: &mut Vec<Case>) {
    for name in GUARDED {
        for named in [
            (*name).to_owned(),
            name.to_ascii_lowercase(),
            name.to_ascii_uppercase(),
            format!("close, {name}"),
            format!("{name}, keep-alive"),
            format!("x,{name},y"),
            format!("keep-alive\r\nConnection: {name}"),
            format!(" ,, {name}\t,"),
        ] {
            cases.push(Case::refused(
                format!("Connection: {named:?}"),
                post(&format!("Connection: {named}\r\nContent-Length: 5\r\n"), "hello"),
            ));
        }
    }
    for value in ["a b", "a;b", "\"close\"", "a\0", "clo\rse", "a(b"] {
        cases
            .push(Case::refused(format!("Connection: {value:?}"), post(&format!("Connection: {value}\r\nContent-Length: 5\r\n"), "hello")));
    }
}

/// Heads beyond their bounds.
fn large(cases: &mut Vec<Case>) {
    let fields = "X: y\r\n".repeat(200);
    cases.push(Case::refused("200 fields", post(&fields, "")));
    cases.push(Case::refused("a field of 20,000 bytes", post(&format!("X: {}\r\n", "y".repeat(20_000)), "")));
    cases.push(Case::refused("a name of 20,000 bytes", post(&format!("{}: y\r\n", "X".repeat(20_000)), "")));
    cases.push(Case::refused("a target of 20,000 bytes", format!("GET /case/{{n}}/{} HTTP/1.1\r\nHost: a\r\n\r\n", "y".repeat(20_000))));
    cases.push(Case::refused("a verb of 1,000 bytes", format!("{} /case/{{n}} HTTP/1.1\r\nHost: a\r\n\r\n", "V".repeat(1_000))));
}

/// Odd, but everybody reads it alike: it arrives in our own spelling.
fn as_meant() -> Vec<Case> {
    let hello = || Meant::new("POST", b"hello");
    let get = || Meant::new("GET", b"");
    let without = |meant: Meant, names: &[&'static str]| Meant { without: names.to_vec(), ..meant };
    let mut cases = vec![
        Case::meant("a plain POST", post("Content-Length: 5\r\n", "hello"), hello()),
        Case::meant("a length with blanks around it", post("Content-Length: \t 5 \t\r\n", "hello"), hello()),
        Case::meant("a length with a zero before it", post("Content-Length: 05\r\n", "hello"), hello()),
        Case::meant("chunks in capitals", post("TRANSFER-ENCODING: CHUNKED\r\n", "5\r\nhello\r\n0\r\n\r\n"), hello()),
        Case::meant("chunks with blanks", post("Transfer-Encoding:\tchunked \r\n", "5\r\nhello\r\n0\r\n\r\n"), hello()),
        Case::meant("blank lines before", b"\r\n\r\nGET /case/{n} HTTP/1.1\r\nHost: a\r\n\r\n", get()),
        Case::meant("a GET with a body: it stays here", b"GET /case/{n} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", get()),
        Case::meant(
            "a GET with chunks",
            b"GET /case/{n} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            get(),
        ),
        Case::meant(
            "fields of the hop stay here",
            post(
                "Connection: x-own\r\nX-Own: 1\r\nTE: trailers\r\nTrailer: Y\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nContent-Length: 5\r\n",
                "hello",
            ),
            without(hello(), &["x-own", "te", "trailer", "keep-alive", "upgrade"]),
        ),
        Case::meant(
            "Proxy-Connection and Proxy-Authorization stay here",
            post("Proxy-Connection: keep-alive\r\nProxy-Authorization: x\r\nContent-Length: 5\r\n", "hello"),
            without(hello(), &["proxy-connection"]),
        ),
        Case::meant(
            "another verb by a field keeps the framing",
            post("X-HTTP-Method-Override: PUT\r\nContent-Length: 5\r\n", "hello"),
            without(Meant::new("PUT", b"hello"), &["x-http-method-override"]),
        ),
        Case::meant(
            "another verb by a field, with chunks",
            post("X-HTTP-Method-Override: PUT\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
            Meant::new("PUT", b"hello"),
        ),
        Case::meant(
            "another verb by a field hides no field of the hop",
            post("X-HTTP-Method-Override: PUT\r\nConnection: x-own\r\nX-Own: 1\r\nContent-Length: 5\r\n", "hello"),
            without(Meant::new("PUT", b"hello"), &["x-own"]),
        ),
    ];
    cases.extend(upgrades());
    cases.push(Case::refused(
        "another verb by a field, with two lengths",
        post("X-HTTP-Method-Override: PUT\r\nContent-Length: 5\r\nContent-Length: 6\r\n", "hello"),
    ));
    cases
}

/// Wishes for another protocol that are not granted: the request is answered as it is, and the connection goes on as it was. A wish for
/// WebSocket is passed on, in the writer's words, where it is whole; nobody hears of the others.
fn upgrades() -> Vec<Case> {
    let websocket =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let http_2 = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n";
    let tls = "Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n";
    let both = websocket.replace("Upgrade: websocket", "Upgrade: websocket, h2c");
    let without_key = websocket.replace("Key", "Cow");
    let two_keys = format!("{websocket}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n");
    let stripped_key = websocket.replace("Connection: Upgrade", "Connection: Upgrade, Sec-WebSocket-Key");
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let frames = "\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d\0\x04\0\0\0\0\0\x02\0\0\0\0";
    let meant = || Meant { without: vec!["upgrade", "connection", "http2-settings"], ..Meant::new("GET", b"") };
    let passed = || Meant::new("GET", b"");
    let second = || Meant { target: "/case/{n}/second".into(), ..Meant::new("GET", b"") };
    let mut cases = vec![
        Case::refused("HTTP/2 without TLS", preface),
        Case::refused("HTTP/2 without TLS, and its frames", format!("{preface}{frames}")),
    ];
    for (name, lines, meant) in [
        ("WebSocket", websocket, &passed as &dyn Fn() -> Meant),
        ("HTTP/2", http_2, &meant),
        ("TLS", tls, &meant),
        ("WebSocket or HTTP/2", &both, &passed),
        ("WebSocket without a key", &without_key, &meant),
        ("WebSocket with two keys", &two_keys, &meant),
        ("WebSocket with a key that stays behind", &stripped_key, &meant),
    ] {
        let asked = format!("GET /case/{{n}} HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        cases.push(Case::meant(format!("a wish for {name}"), &asked, meant()));
        let goes_on = format!("{asked}GET /case/{{n}}/second HTTP/1.1\r\nHost: a\r\n\r\n");
        let name = format!("a wish for {name}, and the next request");
        cases.push(Case { name, bytes: goes_on.into_bytes(), meant: vec![meant(), second()], end: End::Open });
    }
    for (name, lines, then, meant) in [
        ("HTTP/2", http_2, format!("{preface}{frames}"), &meant as &dyn Fn() -> Meant),
        ("WebSocket", websocket, "\u{81}\u{5}hello\r\n\r\n".into(), &passed),
    ] {
        let asked = format!("GET /case/{{n}} HTTP/1.1\r\nHost: a\r\n{lines}\r\n{then}{SMUGGLED}");
        let name = format!("a wish for {name}, taken for granted");
        cases.push(Case { name, bytes: asked.into_bytes(), meant: vec![meant()], end: End::Refused });
    }
    cases
}
