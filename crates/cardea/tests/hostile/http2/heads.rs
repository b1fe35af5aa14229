//! Attacks in the head: what HTTP/1.1 would read in two ways, said in a protocol that frames it otherwise.
//!
//! What hyper's h2 cannot even hold (a name or value that is none) ends its connection; what it can, and we refuse, its stream.

use super::case::{Attack, Fields, Gets, but, field, request, with, without};
use crate::case::Meant;
use crate::heads::{CODINGS, LENGTHS};

/// Fields that belong to a connection of HTTP/1.1.
const OF_A_CONNECTION: &[(&str, &str)] = &[
    ("connection", "close"),
    ("connection", "keep-alive"),
    ("connection", "content-length"),
    ("connection", "x-own"),
    ("connection", ""),
    ("keep-alive", "timeout=5"),
    ("proxy-connection", "keep-alive"),
    ("upgrade", "websocket"),
    ("upgrade", "h2c"),
    ("te", "chunked"),
    ("te", "gzip"),
    ("te", "trailers, chunked"),
    ("te", "Trailers;q=1"),
];

/// Names that are none, or that other readers would split.
const NAMES: &[&str] = &[
    "",
    "X-Own",
    "Content-length",
    "x own",
    " x",
    "x ",
    "x:",
    "x: y\r\ncontent-length",
    "x\r\ncontent-length",
    "x\r",
    "x\n",
    "x\ncontent-length: 5",
    "x\0",
    "\0",
    "x\t",
    "x\x7f",
    "x\u{e9}",
    "x(",
    "x\"",
    "x/",
    "x@y",
    "x,y",
    "content-length: 5\r\nx",
    "transfer-encoding: chunked\r\nx",
    "transfer-encoding ",
    "transfer-encoding:",
    "\u{b}transfer-encoding",
    "Transfer-Encoding",
    "CONTENT-LENGTH",
    "Host",
    "content_length",
    "transfer_encoding",
    "Content_Length",
    "{}",
    "x[0]",
];

/// Values that other readers would end, or not.
const VALUES: &[&str] = &[
    "a\r\nx: b",
    "a\nx: b",
    "a\rx: b",
    "a\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    "a\n\nGET /smuggled HTTP/1.1\nHost: a\n\n",
    "\r\n",
    "\n",
    "\r",
    "a\r\n",
    "a\n",
    "a\r",
    "\r\na",
    "\0",
    "a\0b",
    "a\x01b",
    "a\x7f",
    "a\x1b[0m",
    "a\u{b}b",
    "a\r\n b",
    "0\r\n\r\n",
    "a\r\ntransfer-encoding: chunked",
    "a\r\nContent-Length: 5",
    "a\r\n :authority: b",
];

/// Paths that are in no origin form, or that hold more than a path.
const PATHS: &[&str] = &[
    "",
    "*",
    "case",
    "?x",
    "http://b.test/smuggled",
    "https://a.test/smuggled",
    "a.test:443",
    "/a b",
    " /a",
    "/a ",
    "/a\tb",
    "/a\r\nX: y",
    "/a HTTP/1.1\r\nHost: b\r\n\r\nGET /smuggled",
    "/smuggled HTTP/1.1\r\nX: y",
    "/a\n",
    "/a\r",
    "/a\0",
    "/a\x7f",
    "/a\u{e9}",
    "/a\"b",
    "/a<b>",
    "/a\\b",
    "/a^b",
    "/a`b",
    "/a{b}",
    "/a|b",
    "/a?b c",
    "/a?b\r\nX: y",
    "/a?\"",
    "\\a",
];

/// Verbs that are none.
const METHODS: &[&str] = &[
    "",
    " ",
    "G E T",
    "GET ",
    " GET",
    "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\nGET",
    "GET /smuggled HTTP/1.1\r\nX: y",
    "GET\r\n",
    "GET\n",
    "GET\0",
    "GET\t",
    "G\u{e9}T",
    "GET:",
    "GET,POST",
    "(GET)",
    "GET/",
    "CONNECT",
    "AVERBTHATISLONGERTHANANYBODYKNOWS",
];

/// Schemes that no client of ours speaks.
const SCHEMES: &[&str] = &[
    "",
    " ",
    "ftp",
    "file",
    "ws",
    "httpsx",
    "ht tp",
    "https ",
    "https:",
    "https://b.test/smuggled?",
    "http://a.test\r\nX: y",
    "1http",
    "https\0",
    "h\u{e9}",
];

/// Authorities that are no host, or two.
const AUTHORITIES: &[&str] = &[
    "",
    " ",
    "a b",
    "a.test ",
    " a.test",
    "u@a.test",
    "u:p@a.test",
    "b.test@a.test",
    "a.test,b.test",
    "a.test;b",
    "a.test/smuggled",
    "a.test?x",
    "a.test#x",
    "a.test\\x",
    "a.test\r\nX: y",
    "a.test\nX: y",
    "a.test\0",
    "a.test\t",
    "a.test:",
    "a.test:x",
    "a.test:99999",
    "a.test:443:443",
    "a.test:+443",
    ":443",
    "[::1",
    "::1",
    "[]",
    "[::1]x",
    "a%2etest",
    "\u{e9}.test",
    "a\"",
    "{}",
];

pub(crate) fn attacks() -> Vec<Attack> {
    let mut attacks = Vec::new();
    fields_of_framing(&mut attacks);
    pseudo_fields(&mut attacks);
    let mut each = |what: &str, list: &[&str], fields: &dyn Fn(&str) -> Fields| {
        attacks.extend(list.iter().map(|value| Attack::new(format!("{what} {value:?}"), Gets::No).head(fields(value))));
    };
    each("name", NAMES, &|name| with("GET", &[(name, "5")]));
    each("value", VALUES, &|value| with("GET", &[("x-own", value)]));
    each("value of a known field", VALUES, &|value| with("GET", &[("cookie", value)]));
    each(":path", PATHS, &|value| but(request("GET"), ":path", value));
    each(":method", METHODS, &|value| but(request("GET"), ":method", value));
    each(":scheme", SCHEMES, &|value| but(request("GET"), ":scheme", value));
    each(":authority", AUTHORITIES, &|value| but(request("GET"), ":authority", value));
    each("only host", AUTHORITIES, &|value| without(with("GET", &[("host", value)]), ":authority"));
    large(&mut attacks);
    attacks.extend(as_meant());
    attacks
}

fn fields_of_framing(attacks: &mut Vec<Attack>) {
    for value in LENGTHS {
        let fields = with("POST", &[("content-length", value)]);
        attacks.push(Attack::new(format!("content-length {value:?}"), Gets::No).open(fields).last(b"hello"));
    }
    for (one, other) in [("5", "5"), ("5", "6"), ("6", "5"), ("5", ""), ("5", "05"), ("0", "5")] {
        let fields = with("POST", &[("content-length", one), ("content-length", other)]);
        attacks.push(Attack::new(format!("content-length {one:?} and {other:?}"), Gets::Refusal).open(fields).last(b"hello"));
    }
    for value in CODINGS.iter().chain(&["chunked"]) {
        for more in [&[][..], &[("content-length", "5")]] {
            let fields = with("POST", &[&[("transfer-encoding", *value)], more].concat());
            let name = format!("transfer-encoding {value:?} with {more:?}");
            attacks.push(Attack::new(name, Gets::No).open(fields).last(b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"));
        }
    }
    for (name, value) in OF_A_CONNECTION {
        attacks.push(Attack::refused(format!("{name}: {value}"), with("GET", &[(name, value)])));
        let fields = with("POST", &[(name, value), ("content-length", "5")]);
        attacks.push(Attack::new(format!("{name}: {value}, with a body"), Gets::Refusal).open(fields).last(b"hello"));
    }
    for (what, more) in [
        ("a host beside the authority", &[("host", "b.test")][..]),
        ("a host in other letters", &[("host", "A.TEST")]),
        ("a host with a port", &[("host", "a.test:443")]),
        ("an empty host", &[("host", "")]),
        ("two hosts, one of them right", &[("host", "a.test"), ("host", "b.test")]),
        ("two right hosts", &[("host", "a.test"), ("host", "a.test")]),
        ("a host that is two", &[("host", "a.test, b.test")]),
        ("an expectation of something else", &[("expect", "200-ok")]),
    ] {
        attacks.push(Attack::refused(what, with("GET", more)));
    }
    let twice = without(with("GET", &[("host", "a.test"), ("host", "a.test")]), ":authority");
    attacks.push(Attack::refused("two hosts and no authority", twice));
}

fn pseudo_fields(attacks: &mut Vec<Attack>) {
    for name in [":method", ":scheme", ":path", ":authority"] {
        attacks.push(Attack::refused(format!("no {name}"), without(request("GET"), name)));
        let value = if name == ":path" { "/smuggled" } else { "GET" };
        let twice = request("GET").into_iter().chain([field(name, value)]).collect();
        attacks.push(Attack::refused(format!("{name} twice"), twice));
        let (one, rest): (Fields, Fields) = request("GET").into_iter().partition(|(have, _)| have == name.as_bytes());
        let late = rest.into_iter().chain([field("x-own", "y")]).chain(one).collect();
        attacks.push(Attack::refused(format!("{name} behind a field"), late));
        let capital = request("GET")
            .into_iter()
            .map(|(have, value)| (if have == name.as_bytes() { name.to_ascii_uppercase().into_bytes() } else { have }, value));
        attacks.push(Attack::new(format!("{name} in capitals"), Gets::End).head(capital.collect()));
    }
    attacks.push(Attack::refused("neither authority nor host", without(request("GET"), ":authority")));
    attacks.push(Attack::refused("no field at all", Vec::new()));
    for (name, value) in [(":foo", "bar"), (":", ""), (":status", "200"), (":protocol", "websocket"), (":host", "a"), (": path", "/")] {
        let fields = [field(name, value)].into_iter().chain(request("GET")).collect();
        attacks.push(Attack::new(format!("{name:?}"), Gets::No).head(fields));
    }
    let tunnel = |fields: &[(&str, &str)]| fields.iter().map(|(name, value)| field(name, value)).collect::<Fields>();
    for (what, fields) in [
        ("a tunnel", tunnel(&[(":method", "CONNECT"), (":authority", "b.test:443")])),
        ("a tunnel to here", tunnel(&[(":method", "CONNECT"), (":authority", "a.test:443")])),
        ("a WebSocket", but(with("GET", &[]), ":method", "CONNECT").into_iter().chain([field(":protocol", "websocket")]).collect()),
    ] {
        attacks.push(Attack::refused(what, fields.clone()));
        attacks.push(Attack::new(format!("{what}, with a body"), Gets::Refusal).open(fields).last(b"GET /smuggled HTTP/1.1\r\n\r\n"));
    }
}

/// Heads beyond their bounds, that still fit a frame.
fn large(attacks: &mut Vec<Attack>) {
    let many: Vec<(String, String)> = (0..200).map(|n| (format!("x-{n}"), "y".into())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (&**name, &**value)).collect();
    attacks.push(Attack::refused("200 fields", with("GET", &many)));
    attacks.push(Attack::refused("200 cookies of 60 bytes", with("GET", &[("cookie", &*"c".repeat(60)); 200])));
    attacks.push(Attack::refused("a field of 12,000 bytes", with("GET", &[("x-own", &"y".repeat(12_000))])));
    attacks.push(Attack::refused("a name of 12,000 bytes", with("GET", &[(&"x".repeat(12_000), "y")])));
    attacks.push(Attack::refused("a path of 12,000 bytes", but(request("GET"), ":path", &format!("/{}", "y".repeat(12_000)))));
    attacks.push(Attack::refused("an authority of 12,000 bytes", but(request("GET"), ":authority", &"y".repeat(12_000))));
}

/// Odd, but nobody reads it otherwise: it arrives in our own spelling.
fn as_meant() -> Vec<Attack> {
    let get = || Meant::new("GET", b"");
    vec![
        Attack::meant("a plain GET", request("GET"), get()),
        Attack::meant("the pseudo-fields in another order", request("GET").into_iter().rev().collect(), get()),
        Attack::meant("the host beside the same authority", with("GET", &[("host", "a.test")]), get()),
        Attack::meant("a host and no authority", without(with("GET", &[("host", "a.test")]), ":authority"), get()),
        Attack::meant("the other scheme", but(request("GET"), ":scheme", "http"), get()),
        Attack::meant("te: trailers, which stays here", with("GET", &[("te", "trailers")]), Meant { without: vec!["te"], ..get() }),
        Attack::meant("cookies one by one", with("GET", &[("cookie", "a=1"), ("x-own", "y"), ("cookie", "b=2")]), get()),
        // The reader of frames cuts it off before we see it (RFC 9112 has no fragment in a target).
        Attack::meant("a path with a fragment", but(request("GET"), ":path", "/case/{n}#smuggled"), get()),
        Attack::meant("a value that is blank", with("GET", &[("x-own", "")]), get()),
        Attack::meant("another verb by a field", with("POST", &[("x-http-method-override", "GET")]), get()),
        Attack::meant("a GET by a field, asked by HEAD", with("HEAD", &[("x-http-method-override", "GET")]), get()),
        Attack::meant("a HEAD by a field", with("POST", &[("x-http-method-override", "HEAD")]), Meant::new("HEAD", b"")),
        Attack::meant(
            "an authorization of the hop stays here",
            with("GET", &[("proxy-authorization", "x"), ("trailer", "x-own")]),
            Meant { without: vec!["trailer", "proxy-authorization"], ..get() },
        ),
    ]
}
