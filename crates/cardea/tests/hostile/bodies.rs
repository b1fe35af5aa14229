//! Attacks in the body: chunk sizes, extensions, trailers, bytes past the end, requests behind requests.

use crate::case::{Case, End, Meant, SMUGGLED, post};

/// Chunk sizes that are no plain hexadecimal number. `{}` is where the line end would be.
const SIZES: &[&str] = &[
    "+5\r\n",
    "-5\r\n",
    "0x5\r\n",
    "0X5\r\n",
    " 5\r\n",
    "\t5\r\n",
    "5 \r\n",
    "5\t\r\n",
    "5 ;x\r\n",
    "5\n",
    "5\r",
    "5\rX\n",
    "5\r\r\n",
    "\r\n",
    "\n",
    ";\r\n",
    ";x\r\n",
    "g\r\n",
    "5g\r\n",
    "5,5\r\n",
    "5.0\r\n",
    "5_\r\n",
    "\"5\"\r\n",
    "5\0\r\n",
    "\x005\r\n",
    "5\u{b}\r\n",
    "5\u{c}\r\n",
    "100000000\r\n",
    "100000005\r\n",
    "FFFFFFFFFFFFFFFF\r\n",
    "10000000000000005\r\n",
    "00000000000000005\r\n",
    "-1\r\n",
    "\u{ff15}\r\n",
    "FFFFFFFF\r\n",
    "7FFFFFFF\r\n",
    "5;a=\"\r\n\"\r\n",
    "5;a\n",
    "5;a\rb\r\n",
    "5;\0\r\n",
    "5;a\x7f\r\n",
    "5\r\n\n",
];

/// What may not follow a chunk's payload.
const AFTER_PAYLOAD: &[&str] = &["", "\n", "\r", "\r\r\n", " \r\n", "x\r\n", "\n\r", "\0\r\n", "xx", "\n\n"];

/// Last chunks and trailers that may not end a body.
const ENDS: &[&str] = &[
    "0\n\n",
    "0\r\n\n",
    "0\n\r\n",
    "0\r\n\r",
    "0\r\r\n\r\n",
    "0\r\n\r\r\n",
    "-0\r\n\r\n",
    "+0\r\n\r\n",
    "0 \r\n\r\n",
    "0x0\r\n\r\n",
    "000000000\r\n\r\n",
    "0\r\nX: y\n\r\n",
    "0\r\nX: y\r\n\n",
    "0\r\nX: y\n\n",
    "0\r\nX: \0\r\n\r\n",
    "0\r\nX\0: y\r\n\r\n",
    "0\r\nX\r\n\r\n",
    "0\r\nX : y\r\n\r\n",
    "0\r\n X: y\r\n\r\n",
    "0\r\nX: y\r\n z\r\n\r\n",
    "0\r\n: y\r\n\r\n",
    "0\r\nX: y\rZ: z\r\n\r\n",
    "0\r\nX: y\r\r\n\r\n",
    "0\r\nX: y\r\r\nZ: z\r\n\r\n",
    "0\r\nX: y\r\nZ: z\r\r\n\r\n",
    "0\r\nX:\r\r\n\r\n",
    "0\r\nContent-Length: 5\r\n\r\n",
    "0\r\ncontent-length: 5\r\n\r\n",
    "0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "0\r\nHost: b\r\n\r\n",
    "0\r\nAuthorization: x\r\n\r\n",
    "0\r\nx-api-key: x\r\n\r\n",
    "0\r\nX-Forwarded-For: x\r\n\r\n",
    "0\r\nX-Amzn-Trace-Id: x\r\n\r\n",
    "0\r\nCookie: x\r\n\r\n",
    "0\r\nContent-Type: x\r\n\r\n",
    "0\r\nx-apigw-api-id: x\r\n\r\n",
    "0\r\nX: y\r\nContent-Length: 5\r\n\r\n",
    "0\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
];

pub(crate) fn cases() -> Vec<Case> {
    let chunked = |rest: &str| post("Transfer-Encoding: chunked\r\n", rest);
    let mut cases = Vec::new();
    for size in SIZES {
        cases.push(Case::cut(format!("a first chunk {size:?}"), chunked(&format!("{size}hello\r\n0\r\n\r\n"))));
        cases.push(Case::cut(format!("a second chunk {size:?}"), chunked(&format!("3\r\nabc\r\n{size}hello\r\n0\r\n\r\n"))));
    }
    for after in AFTER_PAYLOAD {
        cases.push(Case::cut(format!("payload, then {after:?}"), chunked(&format!("5\r\nhello{after}0\r\n\r\n"))));
        cases
            .push(Case::cut(format!("payload, then {after:?} and a chunk"), chunked(&format!("5\r\nhello{after}5\r\nhello\r\n0\r\n\r\n"))));
    }
    for end in ENDS {
        cases.push(Case::cut(format!("an end {end:?}"), chunked(end)));
        cases.push(Case::cut(format!("payload, then an end {end:?}"), chunked(&format!("5\r\nhello\r\n{end}"))));
    }
    cases.push(Case::cut("extensions of 10,000 bytes", chunked(&format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(10_000)))));
    cases.push(Case::cut("trailers of 20,000 bytes", chunked(&format!("0\r\nX: {}\r\n\r\n", "x".repeat(20_000)))));
    cases.push(Case::cut("100 trailers", chunked(&format!("0\r\n{}\r\n", "X: y\r\n".repeat(100)))));
    short(&mut cases);
    cases.extend(as_meant());
    cases
}

/// The client goes before its body is whole: nothing of it may be taken for a request.
fn short(cases: &mut Vec<Case>) {
    let mut gone = |name: &str, bytes: Vec<u8>| {
        cases.push(Case { name: name.into(), bytes, meant: Vec::new(), end: End::Cut });
    };
    gone("a body that is short of its length", post("Content-Length: 500\r\n", SMUGGLED));
    gone("a chunk that is short of its size", post("Transfer-Encoding: chunked\r\n", &format!("100\r\n{SMUGGLED}")));
    gone("no last chunk", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"));
    gone("a last chunk without its end", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n"));
    gone("half a head", b"GET /case/{n} HTTP/1.1\r\nHost: a\r\n".to_vec());
}

/// Odd, but everybody reads it alike.
fn as_meant() -> Vec<Case> {
    let hello = || Meant::new("POST", b"hello");
    let chunked = |rest: &str| post("Transfer-Encoding: chunked\r\n", rest);
    let second = |verb, body: &[u8]| Meant { target: "/case/{n}/second".into(), ..Meant::new(verb, body) };
    let get_second = "GET /case/{n}/second HTTP/1.1\r\nHost: a\r\n\r\n";
    let post_second = "POST /case/{n}/second HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    let inner = SMUGGLED.as_bytes();
    let mut cases = vec![
        Case::meant("chunks of one byte", chunked("1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n"), hello()),
        Case::meant("sizes with zeros before them", chunked("00000005\r\nhello\r\n00000000\r\n\r\n"), hello()),
        Case::meant("an extension, which stays here", chunked("5;a=b\r\nhello\r\n0;c\r\n\r\n"), hello()),
        Case::meant("an extension with quotes", chunked("5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n"), hello()),
        Case::meant(
            "a trailer, which stays here",
            chunked("5\r\nhello\r\n0\r\nX-Own: z\r\n\r\n"),
            Meant { without: vec!["x-own"], ..hello() },
        ),
        Case::meant("no payload", chunked("0\r\n\r\n"), Meant::new("POST", b"")),
        Case::meant("a length of zero", post("Content-Length: 0\r\n", ""), Meant::new("POST", b"")),
        Case::meant("neither length nor chunks", post("", ""), Meant::new("POST", b"")),
        Case::meant("a request inside a body", post(&format!("Content-Length: {}\r\n", inner.len()), SMUGGLED), Meant::new("POST", inner)),
        Case::meant(
            "a request inside a chunk",
            chunked(&format!("{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", inner.len())),
            Meant::new("POST", inner),
        ),
        Case::meant("an end inside a chunk", chunked("7\r\n0\r\n\r\nok\r\n0\r\n\r\n"), Meant::new("POST", b"0\r\n\r\nok")),
        Case::meant("capitals in a size", chunked("A\r\n0123456789\r\n0\r\n\r\n"), Meant::new("POST", b"0123456789")),
        Case::meant(
            "a client that expects to be asked on",
            post("Content-Length: 0\r\nExpect: 100-continue\r\n", ""),
            Meant::new("POST", b""),
        ),
    ];
    let firsts = [
        ("a length", post("Content-Length: 5\r\n", "hello"), hello()),
        ("chunks", chunked("5\r\nhello\r\n0\r\n\r\n"), hello()),
        ("a trailer", chunked("5\r\nhello\r\n0\r\nX: y\r\n\r\n"), hello()),
        ("no body", post("", ""), Meant::new("POST", b"")),
        ("a GET with a body", b"GET /case/{n} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".to_vec(), Meant::new("GET", b"")),
    ];
    for (name, first, meant) in firsts {
        for (other, bytes, then) in [("a GET", get_second, second("GET", b"")), ("a POST", post_second, second("POST", b"hi"))] {
            let bytes = [&first[..], bytes.as_bytes()].concat();
            cases.push(Case { name: format!("{name}, then {other}"), bytes, meant: vec![meant.clone(), then], end: End::Open });
        }
        for past in ["x", "\0\0\0\0", "hello world\r\n\r\n", " GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", "0\r\n\r\n"] {
            let bytes = [&first[..], past.as_bytes(), b"\r\n\r\n", SMUGGLED.as_bytes()].concat();
            cases.push(Case { name: format!("{name}, then {past:?}"), bytes, meant: vec![meant.clone()], end: End::Refused });
        }
        let last = String::from_utf8(first.clone()).unwrap().replacen("Host: a\r\n", "Host: a\r\nConnection: close\r\n", 1);
        let bytes = [last.as_bytes(), SMUGGLED.as_bytes()].concat();
        cases.push(Case { name: format!("{name} with close, then a request"), bytes, meant: vec![meant], end: End::Open });
    }
    cases
}
