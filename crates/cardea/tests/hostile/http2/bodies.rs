//! Attacks in the body: DATA against what was announced, trailers, padding, ends that do not come.

use super::case::{Attack, Gets, STREAM, field, request, with};
use super::frames::{CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PADDED, RST_STREAM, block, frame};
use crate::case::{Meant, SMUGGLED};

/// Trailers that may not be trailers.
const TRAILERS: &[(&str, &str)] = &[
    (":foo", "x"),
    ("transfer-encoding", "chunked"),
    ("connection", "close"),
    ("upgrade", "h2c"),
    ("keep-alive", "5"),
    ("proxy-connection", "close"),
    ("te", "gzip"),
    ("X-Own", "y"),
    ("x own", "y"),
    ("x\r\ny", "z"),
    ("", "x"),
    ("x-own", "a\r\nb: c"),
    ("x-own", "a\0"),
];

/// What is passed over. Pseudo-fields among them: hyper takes them off before anybody sees them.
const DROPPED: &[(&str, &str)] = &[
    (":path", "/smuggled"),
    (":method", "GET"),
    (":status", "200"),
    (":authority", "b.test"),
    ("x-own", "y"),
    ("content-length", "3"),
    ("host", "b.test"),
    ("authorization", "x"),
    ("x-api-key", "x"),
    ("cookie", "x"),
    ("trailer", "x"),
    ("x-forwarded-for", "x"),
    ("expect", "100-continue"),
];

pub(crate) fn attacks() -> Vec<Attack> {
    let mut attacks = Vec::new();
    lengths(&mut attacks);
    trailers(&mut attacks);
    padding(&mut attacks);
    ends(&mut attacks);
    attacks
}

fn post(name: impl Into<String>, gets: Gets, length: Option<&str>) -> Attack {
    let length = length.map(|length| ("content-length", length));
    Attack::new(name, gets).open(with("POST", length.as_slice()))
}

fn hello() -> Meant {
    Meant::new("POST", b"hello")
}

/// A length that lies, in either direction. The back end may have seen a head by then, and never a whole request.
fn lengths(attacks: &mut Vec<Attack>) {
    let inner = SMUGGLED.as_bytes();
    attacks.push(post("a body as announced", Gets::Answer, Some("5")).last(b"hello").means(hello()));
    attacks.push(post("a body that nobody announced", Gets::Answer, None).last(b"hello").means(hello()));
    attacks.push(post("a body in pieces", Gets::Answer, Some("5")).data(b"he").data(b"").data(b"ll").last(b"o").means(hello()));
    attacks.push(post("an end by itself", Gets::Answer, Some("5")).data(b"hello").last(b"").means(hello()));
    attacks.push(post("no body after all", Gets::Answer, Some("0")).last(b"").means(Meant::new("POST", b"")));
    attacks.push(post("neither length nor body", Gets::Answer, None).last(b"").means(Meant::new("POST", b"")));
    let whole = Meant::new("POST", inner);
    attacks.push(post("a request inside a body", Gets::Answer, Some(&inner.len().to_string())).last(inner).means(whole.clone()));
    attacks.push(post("a request inside a body without length", Gets::Answer, None).last(inner).means(whole));
    let chunks = b"5\r\nhello\r\n0\r\n\r\n";
    attacks.push(post("chunks inside a body", Gets::Answer, None).last(chunks).means(Meant::new("POST", chunks)));
    for (length, body) in [("4", &b"hello"[..]), ("1", b"hello"), ("6", b"hello"), ("500", b"hello"), ("5", b""), ("5", inner)] {
        attacks.push(post(format!("{} bytes for {length}", body.len()), Gets::Refusal, Some(length)).cut().last(body));
        attacks.push(
            post(format!("{} bytes for {length}, and an end by itself", body.len()), Gets::Refusal, Some(length))
                .cut()
                .data(body)
                .last(b""),
        );
    }
    // Nothing was announced, so nothing is waited for.
    attacks.push(post("bytes for 0", Gets::Late, Some("0")).last(inner).means(Meant::new("POST", b"")));
    attacks.push(Attack::refused("a length and no body", with("POST", &[("content-length", "5")])));
    attacks.push(Attack::refused("a GET with a length and no body", with("GET", &[("content-length", "5")])));
    attacks.push(Attack::new("a GET with a body", Gets::Answer).open(request("GET")).last(inner).means(Meant::new("GET", b"")));
    attacks.push(Attack::new("a HEAD with a body", Gets::Answer).open(request("HEAD")).last(inner).means(Meant::new("HEAD", b"")));
}

fn trailers(attacks: &mut Vec<Attack>) {
    let section = |name: &str, value: &str, flags| frame(HEADERS, END_HEADERS | flags, STREAM, &block(&[field(name, value)]));
    for (name, value) in TRAILERS {
        let attack = post(format!("trailer {name:?}: {value:?}"), Gets::No, None).cut();
        attacks.push(attack.data(b"hello").raw(section(name, value, END_STREAM)));
    }
    for (name, value) in DROPPED {
        for length in [None, Some("5")] {
            let attack = post(format!("trailer {name:?} after {length:?}, which stays here"), Gets::Answer, length);
            let without = if ["host", "content-length"].contains(name) { vec![] } else { vec![*name] };
            attacks.push(attack.data(b"hello").raw(section(name, value, END_STREAM)).means(Meant { without, ..hello() }));
        }
    }
    attacks.push(post("trailers and no end", Gets::Refusal, None).cut().data(b"hello").raw(section("x-own", "y", 0)));
    attacks.push(
        post("trailers before the length is reached", Gets::Refusal, Some("9")).cut().data(b"hello").raw(section("x-own", "y", END_STREAM)),
    );
    let twice = post("trailers behind trailers", Gets::End, None).perhaps(hello()).data(b"hello");
    attacks.push(twice.raw(section("x-own", "y", END_STREAM)).raw(section("x-own", "y", END_STREAM)));
    let large = |count| block(&vec![field("x-own", &"y".repeat(50)); count]);
    let fits = frame(HEADERS, END_HEADERS | END_STREAM, STREAM, &large(200));
    attacks.push(post("trailers of 12,000 bytes", Gets::Answer, None).data(b"hello").raw(fits).means(hello()));
    let pieces = [frame(HEADERS, END_STREAM, STREAM, &large(250)), frame(CONTINUATION, END_HEADERS, STREAM, &large(250))].concat();
    // What is beyond the bound of a head is not kept, and none of it is ever looked at.
    attacks.push(post("trailers of 30,000 bytes", Gets::Answer, None).data(b"hello").raw(pieces).means(hello()));
}

fn padding(attacks: &mut Vec<Attack>) {
    let padded = |padding: u8, rest: &[u8], flags| frame(DATA, PADDED | flags, STREAM, &[&[padding], rest].concat());
    let attack = |name: &str, gets| post(name, gets, Some("5"));
    attacks.push(attack("padding", Gets::Answer).raw(padded(3, b"hello\0\0\0", END_STREAM)).means(hello()));
    attacks.push(attack("padding of no length", Gets::Answer).raw(padded(0, b"hello", END_STREAM)).means(hello()));
    let only = attack("a frame of padding alone", Gets::Answer).raw(padded(255, &[0; 255], 0));
    attacks.push(only.raw(padded(0, b"hello", END_STREAM)).means(hello()));
    let request_in_padding = [b"hello", SMUGGLED.as_bytes()].concat();
    let length = SMUGGLED.len() as u8;
    attacks.push(attack("a request in padding", Gets::Answer).raw(padded(length, &request_in_padding, END_STREAM)).means(hello()));
    attacks.push(attack("padding that counts as body", Gets::Refusal).cut().raw(padded(2, b"hello", END_STREAM)));
    attacks.push(attack("padding longer than its frame", Gets::End).cut().raw(padded(9, b"hello", END_STREAM)));
    attacks.push(attack("padding that is all but its length", Gets::End).cut().raw(padded(6, b"hello", END_STREAM)));
    attacks.push(attack("padding that is not there", Gets::End).cut().raw(frame(DATA, PADDED | END_STREAM, STREAM, b"")));
    let mut head = vec![200];
    head.extend(block(&request("GET")));
    attacks.push(Attack::new("padding longer than its head", Gets::End).raw(frame(
        HEADERS,
        PADDED | END_HEADERS | END_STREAM,
        STREAM,
        &head,
    )));
}

/// Ends that do not come, and what comes behind an end.
fn ends(attacks: &mut Vec<Attack>) {
    attacks.push(post("no end", Gets::Nothing, Some("5")).data(b"hel"));
    attacks.push(post("no end of chunks", Gets::Nothing, None).data(SMUGGLED.as_bytes()));
    attacks.push(post("a length, and no body", Gets::Nothing, Some("5")));
    let reset = frame(RST_STREAM, 0, STREAM, &8u32.to_be_bytes());
    attacks.push(post("a reset in the middle of its body", Gets::Nothing, Some("9")).data(b"hello").raw(reset.clone()));
    attacks.push(post("a reset in place of an end", Gets::Nothing, None).data(SMUGGLED.as_bytes()).raw(reset));
    attacks.push(post("a body behind its end", Gets::End, Some("5")).last(b"hello").last(SMUGGLED.as_bytes()).perhaps(hello()));
    attacks
        .push(Attack::new("a body behind a head that was all", Gets::End).head(request("GET")).last(b"x").perhaps(Meant::new("GET", b"")));
}
