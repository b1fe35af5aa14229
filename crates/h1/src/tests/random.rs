//! What must hold for all bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::{Asked, BodyLength, Connection, Decoder, Encoder, HeadLimits, Parsed, RequestHead, RequestWriter, ResponseHead, Version};

/// Lines that mean something to the parser, right and wrong, whole and in part.
const PIECES: &[&str] = &[
    "GET / HTTP/1.1\r\n",
    "POST /a?b=c HTTP/1.1\r\n",
    "GET / HTTP/1.0\r\n",
    "GET /{} HTTP/1.1\r\n",
    "Host: a\r\n",
    "Host: a\r\n",
    "Host: b:80\r\n",
    "Host : a\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "content-length:5\r\n",
    "Content-Length: 5, 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: x\r\n",
    "Connection: close\r\n",
    "Connection: x-a, foo\r\n",
    "Connection: content-length\r\n",
    "X-A: 1\r\n",
    "X-A:\t2 \r\n",
    "X-B:\r\n",
    "Expect: 100-continue\r\n",
    " folded\r\n",
    "A: \u{e9}\r\n",
    "\r\n",
    "\n",
    "\r",
    " ",
    ":",
    "0\r\n\r\n",
    "5\r\nhello\r\n",
];

/// Usually a request line, a Host, some lines and the end; sometimes with a random byte thrown in.
fn heads() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(PIECES);
    let noise = prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>()));
    (0..3usize, prop::bool::weighted(0.8), vec(piece, 0..6), noise).prop_map(|(start, host, lines, noise)| {
        let host = if host { "Host: api\r\n" } else { "" };
        let mut bytes = format!("{}{host}{}\r\n", PIECES[start], lines.concat()).into_bytes();
        if let Some((at, byte)) = noise {
            bytes.insert(at.index(bytes.len()), byte);
        }
        bytes
    })
}

/// Cuts of a message: each piece as long as its number says, over and over.
fn pieces<'a>(bytes: &'a [u8], cuts: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = bytes;
    cuts.iter().cycle().map_while(move |len| {
        let (piece, after) = rest.split_at((*len).min(rest.len()));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

type FieldList = Vec<(String, Vec<u8>)>;

fn fields_of(head: &RequestHead) -> FieldList {
    head.fields().iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect()
}

/// Parses what comes in pieces; the outcome, and what was left when it was clear.
fn in_pieces(bytes: &[u8], cuts: &[usize]) -> (RequestHead, Result<Parsed, u16>, Vec<u8>) {
    let (mut head, mut buf, mut seen) = (RequestHead::default(), Vec::new(), 0);
    let mut pieces = pieces(bytes, cuts);
    while let Some(piece) = pieces.next() {
        buf.extend_from_slice(piece);
        match head.parse_further(&mut buf, seen, &HeadLimits::default()) {
            Ok(Parsed::Partial) => seen = buf.len(),
            Ok(Parsed::Complete) => {
                pieces.for_each(|piece| buf.extend_from_slice(piece));
                return (head, Ok(Parsed::Complete), buf);
            }
            Err(rejection) => return (head, Err(rejection.status), buf),
        }
    }
    (head, Ok(Parsed::Partial), buf)
}

/// A second reader that knows nothing of the first: lines, colons, and the rules that keep a message from meaning two things.
fn naive(head: &[u8]) -> Result<(FieldList, BodyLength), String> {
    let text: String = head.iter().map(|byte| char::from(*byte)).collect();
    let body = text.strip_suffix("\r\n\r\n").ok_or("no end")?;
    let mut lines = body.split("\r\n");
    let words: Vec<_> = lines.next().unwrap().split(' ').collect();
    let [_, target, version] = words[..] else { return Err("not three words".into()) };
    if !target.starts_with('/') || target.chars().any(|c| !c.is_ascii_graphic() || "\"<>\\^`{|}#".contains(c)) {
        return Err("target".into());
    }
    let (mut fields, mut lengths, mut codings, mut hosts) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for line in lines {
        let (name, value) = line.split_once(':').ok_or("no colon")?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)) {
            return Err(format!("name {name:?}"));
        }
        let value = value.trim_matches([' ', '\t']);
        if value.chars().any(|c| c.is_ascii_control() && c != '\t') {
            return Err(format!("value {value:?}"));
        }
        match name.to_ascii_lowercase().as_str() {
            "content-length" => lengths.push(value.to_owned()),
            "transfer-encoding" => codings.push(value.to_ascii_lowercase()),
            "host" => hosts += 1,
            _ => {}
        }
        fields.push((name.to_owned(), value.chars().map(|c| c as u8).collect()));
    }
    let length = match (&lengths[..], &codings[..]) {
        ([], []) => BodyLength::None,
        ([one], []) if one.chars().all(|c| c.is_ascii_digit()) => BodyLength::Exact(one.parse().map_err(|_| "length")?),
        ([], [one]) if one == "chunked" && version == "HTTP/1.1" => BodyLength::Chunked,
        _ => return Err("framing".into()),
    };
    match (version, hosts) {
        ("HTTP/1.1", 1) | ("HTTP/1.0", 0 | 1) => Ok((fields, length)),
        _ => Err("host or version".into()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_head_means_the_same_however_it_is_cut(bytes in heads(), cuts in vec(1..9usize, 1..6)) {
        let (whole, outcome, rest) = in_pieces(&bytes, &[bytes.len().max(1)]);
        let (cut, outcome_of_cut, rest_of_cut) = in_pieces(&bytes, &cuts);
        match (outcome, outcome_of_cut) {
            (Ok(Parsed::Complete), Ok(Parsed::Complete)) => {
                prop_assert_eq!(fields_of(&whole), fields_of(&cut));
                prop_assert_eq!((whole.target(), whole.body(), rest), (cut.target(), cut.body(), rest_of_cut));
            }
            // A flaw in a head whose end never comes may be seen or not: nothing is served either way.
            (Err(_), Err(_)) | (Ok(Parsed::Partial), Ok(Parsed::Partial)) | (Err(_), Ok(Parsed::Partial)) | (Ok(Parsed::Partial), Err(_)) => {}
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn what_is_accepted_is_unambiguous_to_others(bytes in heads()) {
        let (head, outcome, rest) = in_pieces(&bytes, &[bytes.len().max(1)]);
        if outcome == Ok(Parsed::Complete) {
            let used = &bytes[..bytes.len() - rest.len()];
            let start = used.iter().position(|byte| !b"\r\n".contains(byte)).unwrap();
            let seen = naive(&used[start..]).map_err(TestCaseError::fail)?;
            prop_assert_eq!(seen, (fields_of(&head), head.body()));
            let mut table = [httparse::EMPTY_HEADER; 64];
            prop_assert!(httparse::Request::new(&mut table).parse(used).unwrap().is_complete());
        }
    }

    #[test]
    fn what_is_accepted_is_written_and_read_as_the_same(bytes in heads()) {
        let (head, outcome, _) = in_pieces(&bytes, &[bytes.len().max(1)]);
        if outcome == Ok(Parsed::Complete) {
            let mut out = Vec::new();
            let mut writer = RequestWriter::start(&mut out, head.method_text(), head.target(), "be").unwrap();
            writer.forward(head.fields(), |_, _| true);
            writer.finish(head.body(), Connection::Unsaid);
            let (again, outcome, rest) = in_pieces(&out, &[out.len()]);
            prop_assert_eq!((outcome, rest.len()), (Ok(Parsed::Complete), 0));
            let passed = |head: &RequestHead| head.fields().iter().filter(|f| f.is_end_to_end()).map(|f| (f.name.to_owned(), f.value.to_vec())).collect::<Vec<_>>();
            prop_assert_eq!(passed(&head), passed(&again));
            prop_assert_eq!(head.target(), again.target());
            prop_assert!(head.body() == again.body() || (head.body() == BodyLength::None && again.body() == BodyLength::Exact(0)));
        }
    }

    #[test]
    fn a_built_head_can_be_written_and_read(name in "[A-Za-z!~-]{1,12}", value in vec(any::<u8>(), 0..20)) {
        if let Ok(head) = RequestHead::build("GET", "/", Version::Http11).push("Host", b"a").push(&name, &value).finish() {
            let mut out = Vec::new();
            let mut writer = RequestWriter::start(&mut out, "GET", "/", "a").unwrap();
            writer.forward(head.fields(), |_, _| true);
            writer.finish(BodyLength::None, Connection::Unsaid);
            let (again, outcome, _) = in_pieces(&out, &[3]);
            prop_assert_eq!(outcome, Ok(Parsed::Complete));
            prop_assert_eq!(fields_of(&head).len() - usize::from(head.fields().iter().last().unwrap().hop), fields_of(&again).len());
        }
    }

    #[test]
    fn chunks_come_back_as_they_went(payloads in vec(vec(any::<u8>(), 0..40), 0..8), surplus in vec(any::<u8>(), 0..10), cuts in vec(1..30usize, 1..6)) {
        let mut wire = Vec::new();
        let mut encoder = Encoder::new(BodyLength::Chunked);
        for payload in &payloads {
            encoder.push(payload, &mut wire).unwrap();
        }
        encoder.finish(&mut wire).unwrap();
        wire.extend_from_slice(&surplus);
        let mut decoder = Decoder::new(BodyLength::Chunked, 1000).unwrap();
        let (mut payload, mut left) = (Vec::new(), Vec::new());
        for piece in pieces(&wire, &cuts) {
            let mut buf = [b"##", piece].concat();
            let decoded = decoder.decode(&mut buf, 2).unwrap();
            prop_assert_eq!(decoded.end, decoder.is_ended());
            left.extend_from_slice(&buf[buf.len() - decoded.surplus..]);
            payload.extend_from_slice(&buf[2..buf.len() - decoded.surplus]);
            prop_assert_eq!(&buf[..2], b"##");
        }
        prop_assert_eq!((payload, left, decoder.is_ended()), (payloads.concat(), surplus, true));
    }

    #[test]
    fn a_chunked_body_means_the_same_however_it_is_cut(parts in vec(prop::sample::select(&["1", "a", "0", "\r\n", "\r\n", "\n", ";x", "0\r\n\r\n", "1\r\na\r\n", "A: b\r\n", "Host: a\r\n"][..]), 0..12), cuts in vec(1..5usize, 1..4)) {
        let bytes = parts.concat().into_bytes();
        let decode = |cuts: &[usize]| {
            let mut decoder = Decoder::new(BodyLength::Chunked, 1000).unwrap();
            let mut payload = Vec::new();
            for piece in pieces(&bytes, cuts) {
                let mut buf = piece.to_vec();
                let decoded = decoder.decode(&mut buf, 0)?;
                payload.extend_from_slice(&buf[..buf.len() - decoded.surplus]);
            }
            Ok::<_, crate::BodyError>((payload, decoder.is_ended()))
        };
        prop_assert_eq!(decode(&[bytes.len().max(1)]), decode(&cuts));
    }

    #[test]
    fn random_bytes_harm_nobody(bytes in vec(any::<u8>(), 0..300), from in 0..10usize) {
        let _ = RequestHead::default().parse(&mut bytes.clone(), &HeadLimits::default());
        let _ = ResponseHead::default().parse(&mut bytes.clone(), 0, Asked::Plainly, &HeadLimits::for_answers());
        for length in [BodyLength::Chunked, BodyLength::UntilClose, BodyLength::Exact(7), BodyLength::None] {
            let _ = Decoder::new(length, 100).unwrap().decode(&mut bytes.clone(), from.min(bytes.len()));
        }
    }

    #[test]
    fn random_bytes_behind_a_good_start_harm_nobody(bytes in vec(any::<u8>(), 0..100)) {
        let request = [b"GET / HTTP/1.1\r\nHost: a\r\n", &bytes[..], b"\r\n\r\n"].concat();
        let _ = RequestHead::default().parse(&mut request.clone(), &HeadLimits::default());
        let answer = [b"HTTP/1.1 200 ", &bytes[..], b"\r\n\r\n"].concat();
        let _ = ResponseHead::default().parse(&mut answer.clone(), 0, Asked::Plainly, &HeadLimits::for_answers());
    }
}
