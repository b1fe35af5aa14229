//! What we take for a request, others must take for the same request.

use crate::cuts;
use crate::naive::{self, FieldList, Found, Framing};
use crate::peer;
use h1::{BodyLength, Decoder, HeadLimits, Known, Parsed, RequestHead, Version};

/// Bytes of body that are taken.
const BODY_BYTES_MAX: u64 = 1 << 20;

/// What we make of some bytes.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Whole(Summary),
    Partial,
    Refused,
}

/// What a head says.
#[derive(Debug, PartialEq, Eq)]
struct Summary {
    words: [String; 3],
    fields: FieldList,
    framing: Framing,
    facts: (bool, bool, bool, String),
    bytes: usize,
}

pub(crate) fn framing(length: BodyLength) -> Framing {
    match length {
        BodyLength::None => Framing::None,
        BodyLength::Exact(length) => Framing::Exact(length),
        BodyLength::Chunked => Framing::Chunked,
        BodyLength::UntilClose => Framing::UntilClose,
    }
}

pub(crate) fn version(version: Version) -> String {
    if version == Version::Http10 { "HTTP/1.0" } else { "HTTP/1.1" }.to_owned()
}

fn summary(head: &RequestHead, bytes: usize) -> Summary {
    Summary {
        words: [head.method_text().to_owned(), head.target().to_owned(), version(head.version())],
        fields: head.fields().iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect(),
        framing: framing(head.body()),
        facts: (head.keep_alive(), head.expects_continue(), head.wants_websocket(), head.host_name().to_owned()),
        bytes,
    }
}

/// What is said of names: each spelling of one is the same field, and a host's port is no part of its name.
fn names(head: &RequestHead) {
    for field in head.fields().iter() {
        let spelled = [field.name.to_ascii_lowercase(), field.name.to_ascii_uppercase()];
        assert!(
            spelled.iter().all(|name| Known::of(name.as_bytes()) == field.known),
            "{} is another field in another spelling",
            field.name
        );
        assert!(
            field.known == Known::Other || field.known.name().eq_ignore_ascii_case(field.name),
            "{} is no {:?}",
            field.name,
            field.known
        );
    }
    let name = match head.host().strip_prefix('[') {
        Some(address) => format!("[{}]", address.split(']').next().unwrap_or_default()),
        None => head.host().split(':').next().unwrap_or_default().to_owned(),
    };
    assert_eq!(head.host_name(), name);
}

/// Reads the bytes in two pieces.
fn read(bytes: &[u8], cut: usize) -> Verdict {
    let (mut head, mut buf, limits) = (RequestHead::default(), bytes[..cut].to_vec(), HeadLimits::default());
    let first = if cut == 0 { Ok(Parsed::Partial) } else { head.parse(&mut buf, &limits) };
    let parsed = match first {
        Ok(Parsed::Partial) => {
            buf.extend_from_slice(&bytes[cut..]);
            head.parse_further(&mut buf, cut, &limits)
        }
        other => {
            buf.extend_from_slice(&bytes[cut..]);
            other
        }
    };
    match parsed {
        Ok(Parsed::Complete) => {
            names(&head);
            Verdict::Whole(summary(&head, bytes.len() - buf.len()))
        }
        Ok(Parsed::Partial) => Verdict::Partial,
        Err(rejection) => {
            assert!((400..600).contains(&rejection.status), "a refusal has a status of refusals: {rejection:?}");
            Verdict::Refused
        }
    }
}

pub(crate) fn run(bytes: &[u8]) {
    let whole = read(bytes, 0);
    for cut in cuts(bytes) {
        let verdict = read(bytes, cut);
        // A flaw in a head whose end never comes may be seen at once or not: nothing is served either way.
        let is_same = verdict == whole || matches!((&whole, &verdict), (Verdict::Refused, Verdict::Partial));
        assert!(is_same, "cut at {cut} it is {verdict:?}, whole it is {whole:?}");
    }
    let Verdict::Whole(ours) = whole else { return };
    let naive = match naive::request_head(bytes) {
        Found::Whole(head) => head,
        other => panic!("a naive reader sees {other:?} in what we take for {ours:?}"),
    };
    assert_eq!(
        (&naive.words, &naive.fields, naive.framing, naive.bytes),
        (&ours.words, &ours.fields, ours.framing, ours.bytes),
        "a naive reader sees another request"
    );
    by_httparse(&bytes[..ours.bytes], &ours);
    by_hyper(bytes, &ours);
}

fn by_httparse(head: &[u8], ours: &Summary) {
    let mut table = [httparse::EMPTY_HEADER; 128];
    let mut request = httparse::Request::new(&mut table);
    let parsed = request.parse(head);
    assert!(matches!(parsed, Ok(httparse::Status::Complete(bytes)) if bytes == head.len()), "httparse says {parsed:?}");
    let words = (request.method, request.path, request.version);
    assert_eq!(words, (Some(&*ours.words[0]), Some(&*ours.words[1]), Some(u8::from(ours.words[2] == "HTTP/1.1"))));
    let fields: FieldList = request.headers.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect();
    assert_eq!(fields, ours.fields);
}

fn by_hyper(bytes: &[u8], ours: &Summary) {
    // What follows the head, as we read it. What of it we refuse, hyper may take.
    let length = match ours.framing {
        Framing::None | Framing::UntilClose => BodyLength::None,
        Framing::Exact(length) => BodyLength::Exact(length),
        Framing::Chunked => BodyLength::Chunked,
    };
    let mut payload = bytes[ours.bytes..].to_vec();
    let body = Decoder::new(length, BODY_BYTES_MAX).and_then(|mut decoder| decoder.decode(&mut payload, 0));
    let Some(seen) = peer::serve(bytes) else { panic!("hyper refuses what we take: {ours:?}") };
    assert_eq!(seen.start, [ours.words[0].clone(), ours.words[1].clone()], "hyper sees another request");
    assert_eq!(seen.is_http_10, ours.words[2] == "HTTP/1.0");
    assert_eq!(seen.fields, peer::sorted(ours.fields.iter().cloned()), "hyper sees other fields");
    if let Ok(decoded) = body
        && decoded.end
    {
        payload.truncate(payload.len() - decoded.surplus);
        let naive = naive::body(&bytes[ours.bytes..], ours.framing);
        assert!(naive.is_whole && naive.bytes == payload, "a naive reader sees another body: {naive:?}");
        assert_eq!(seen.body, Some(payload), "hyper sees another body");
    }
}
