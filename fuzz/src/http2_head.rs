//! Heads of HTTP/2, through frames that hyper reads. An input is text: a line for each field (name, tab, value), a blank line, and a
//! body; without a blank line there is none. Backslashes escape: `\n`, `\r`, `\t`, `\0`, `\s` (a space), anything else is itself.

use crate::naive::{self, Found, Framing};
use crate::peer;
use crate::request_head::framing;
use cardea::edge::read_http2_head;
use h1::{BodyLength, Connection, HeadLimits, Known, Limits, Parsed, RequestHead, RequestWriter};
use hyper::http::request::Parts;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
}

/// A length with a prefix of seven bits (RFC 7541, 5.1): a text that is not Huffman's.
fn text(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match u8::try_from(bytes.len()) {
        Ok(short) if short < 127 => out.push(short),
        _ => {
            out.push(127);
            let mut rest = bytes.len() - 127;
            while rest >= 128 {
                out.push((rest % 128) as u8 | 128);
                rest /= 128;
            }
            out.push(rest as u8);
        }
    }
    out.extend_from_slice(bytes);
    out
}

fn unescaped(part: &[u8]) -> Vec<u8> {
    let mut bytes = part.iter();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        out.push(match (byte, if *byte == b'\\' { bytes.next() } else { None }) {
            (_, Some(b'n')) => b'\n',
            (_, Some(b'r')) => b'\r',
            (_, Some(b't')) => b'\t',
            (_, Some(b'0')) => 0,
            (_, Some(b's')) => b' ',
            (_, Some(other)) => *other,
            (byte, None) => *byte,
        });
    }
    out
}

pub(crate) fn run(input: &[u8]) {
    let (head, body) = match input.windows(2).position(|two| two == b"\n\n") {
        Some(at) => (&input[..at], Some(&input[at + 2..])),
        None => (input, None),
    };
    let mut block = Vec::new();
    for line in head.split(|byte| *byte == b'\n') {
        let tab = line.iter().position(|byte| *byte == b'\t').unwrap_or(line.len());
        let (name, value) = (unescaped(&line[..tab]), unescaped(line.get(tab + 1..).unwrap_or_default()));
        // A literal that no table keeps (RFC 7541, 6.2.3).
        block.extend([&[0x10][..], &text(&name), &text(&value)].concat());
    }
    let mut frames = PREFACE.to_vec();
    frames.extend(frame(HEADERS, END_HEADERS | if body.is_none() { END_STREAM } else { 0 }, &block));
    if let Some(body) = body {
        frames.extend(frame(DATA, END_STREAM, body));
    }
    let sent = body.unwrap_or_default().to_vec();
    peer::serve_http2(&frames, 24_192, move |parts, is_whole, body| check(parts, is_whole, body.as_deref(), &sent));
}

fn check(parts: &Parts, is_whole: bool, body: Option<&[u8]>, sent: &[u8]) {
    let limits = Limits::default();
    let head = match read_http2_head(parts, is_whole, &limits) {
        Ok(head) => head,
        Err(rejection) => return assert!((400..500).contains(&rejection.status), "{rejection:?}"),
    };
    assert!(parts.uri.authority().is_none_or(|authority| authority.as_str() == head.host()), "the authority is the host");
    assert_eq!(head.fields().iter().filter(|field| field.known == Known::Host).count(), 1);
    let of_hop = [Known::Connection, Known::KeepAlive, Known::ProxyConnection, Known::TransferEncoding, Known::Upgrade];
    assert!(of_hop.into_iter().all(|known| !head.fields().has(known)), "a field of the connection");
    assert_eq!(is_whole, is_whole && body.is_some_and(<[u8]>::is_empty));
    match head.body() {
        BodyLength::None => assert!(is_whole),
        BodyLength::Exact(length) => assert!(body.is_none_or(|body| body.len() as u64 == length), "another length than was said"),
        BodyLength::Chunked => assert!(!is_whole),
        BodyLength::UntilClose => panic!("a request never lasts until its connection closes"),
    }
    assert!(body.is_none_or(|body| body == sent));

    // What goes on to a back end is one request of HTTP/1.1, to whoever reads it.
    let mut wire = Vec::new();
    let mut writer = RequestWriter::start(&mut wire, head.method_text(), head.target(), head.host()).expect("what was read can be written");
    writer.forward(head.fields(), |_, _| true);
    writer.finish(head.body(), Connection::Unsaid);
    let Found::Whole(naive) = naive::request_head(&wire) else { panic!("a naive reader cannot read {:?}", String::from_utf8_lossy(&wire)) };
    let says_none = head.body() == BodyLength::None && naive.framing == Framing::Exact(0);
    assert!(naive.bytes == wire.len() && (naive.framing == framing(head.body()) || says_none));
    assert_eq!(&naive.words[..2], &[head.method_text().to_owned(), head.target().to_owned()]);
    let passed = head.fields().iter().filter(|field| field.is_end_to_end()).count();
    let own = 1 + usize::from(naive.framing != Framing::None);
    assert_eq!(naive.fields.len(), passed + own, "{:?}", naive.fields);
    let (mut again, mut buf) = (RequestHead::default(), wire);
    let roomy = HeadLimits { fields_bytes_max: 2 * limits.head.fields_bytes_max, ..HeadLimits::default() };
    assert_eq!(again.parse(&mut buf, &roomy), Ok(Parsed::Complete));
}
