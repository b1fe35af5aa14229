//! What we take for an answer, others must take for the same answer. The first byte says what was asked.

use crate::cuts;
use crate::naive::{self, FieldList, Found, Framing};
use crate::peer;
use crate::request_head::{framing, version};
use h1::{Asked, BodyLength, Decoder, HeadLimits, Parsed, ResponseHead};

const BODY_BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Whole(Summary),
    Partial,
    Refused,
}

#[derive(Debug, PartialEq, Eq)]
struct Summary {
    words: [String; 3],
    fields: FieldList,
    framing: Framing,
    keep_alive: bool,
    bytes: usize,
}

fn summary(head: &ResponseHead, bytes: usize) -> Summary {
    let reason = head.reason().iter().map(|byte| char::from(*byte)).collect();
    Summary {
        words: [version(head.version()), head.status().to_string(), reason],
        fields: head.fields().iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect(),
        framing: framing(head.body()),
        keep_alive: head.keep_alive(),
        bytes,
    }
}

fn read(bytes: &[u8], cut: usize, asked: Asked) -> Verdict {
    let (mut head, mut buf, limits) = (ResponseHead::default(), bytes[..cut].to_vec(), HeadLimits::for_answers());
    let first = if cut == 0 { Ok(Parsed::Partial) } else { head.parse(&mut buf, 0, asked, &limits) };
    buf.extend_from_slice(&bytes[cut..]);
    let parsed = match first {
        Ok(Parsed::Partial) => head.parse(&mut buf, cut, asked, &limits),
        other => other,
    };
    match parsed {
        Ok(Parsed::Complete) => Verdict::Whole(summary(&head, bytes.len() - buf.len())),
        Ok(Parsed::Partial) => Verdict::Partial,
        Err(rejection) => {
            assert_eq!(rejection.status, 502);
            Verdict::Refused
        }
    }
}

pub(crate) fn run(input: &[u8]) {
    let Some((first, bytes)) = input.split_first() else { return };
    let (asked, method) = match first % 3 {
        0 => (Asked::Plainly, "GET"),
        1 => (Asked::ByHead, "HEAD"),
        _ => (Asked::ForWebsocket, "GET"),
    };
    let whole = read(bytes, 0, asked);
    for cut in cuts(bytes) {
        let verdict = read(bytes, cut, asked);
        let is_same = verdict == whole || matches!((&whole, &verdict), (Verdict::Refused, Verdict::Partial));
        assert!(is_same, "cut at {cut} it is {verdict:?}, whole it is {whole:?}");
    }
    let Verdict::Whole(ours) = whole else { return };
    let naive = match naive::answer_head(bytes, asked == Asked::ByHead) {
        Found::Whole(head) => head,
        other => panic!("a naive reader sees {other:?} in what we take for {ours:?}"),
    };
    assert_eq!(
        (&naive.words, &naive.fields, naive.framing, naive.bytes),
        (&ours.words, &ours.fields, ours.framing, ours.bytes),
        "a naive reader sees another answer"
    );
    assert!(!(ours.keep_alive && ours.framing == Framing::UntilClose), "a body that ends with its connection ends it");
    by_hyper(method, bytes, &ours);
}

fn by_hyper(method: &str, bytes: &[u8], ours: &Summary) {
    // Hyper passes interim answers over, and a switch of protocols is nothing it was asked for.
    if ours.words[1].starts_with('1') {
        return;
    }
    let length = match ours.framing {
        Framing::None => BodyLength::None,
        Framing::Exact(length) => BodyLength::Exact(length),
        Framing::Chunked => BodyLength::Chunked,
        Framing::UntilClose => BodyLength::UntilClose,
    };
    let mut payload = bytes[ours.bytes..].to_vec();
    let body = Decoder::new(length, BODY_BYTES_MAX).and_then(|mut decoder| {
        let decoded = decoder.decode(&mut payload, 0)?;
        if length == BodyLength::UntilClose {
            decoder.end_of_input()?;
        }
        Ok((decoded.surplus, decoder.is_ended()))
    });
    let Some(seen) = peer::ask(method, bytes) else { panic!("hyper refuses what we take: {ours:?}") };
    assert_eq!(seen.start[0], ours.words[1], "hyper sees another answer");
    assert_eq!(seen.is_http_10, ours.words[0] == "HTTP/1.0");
    assert_eq!(seen.fields, peer::sorted(ours.fields.iter().cloned()), "hyper sees other fields");
    if let Ok((surplus, true)) = body {
        payload.truncate(payload.len() - surplus);
        assert_eq!(seen.body, Some(payload), "hyper sees another body");
    }
}
