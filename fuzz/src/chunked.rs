//! A chunked body has one meaning: to us in any pieces, to a naive reader, to hyper, and again after we have written it anew.

use crate::cuts;
use crate::naive;
use crate::peer;
use h1::{BodyError, BodyLength, Decoder, Encoder};

/// Payload that is taken: more than an input can hold.
const BODY_BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Whole { payload: Vec<u8>, used: usize },
    Partial(Vec<u8>),
    Refused,
}

/// Decodes in pieces, each behind something that is not to be touched.
fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Verdict {
    let mut decoder = Decoder::new(BodyLength::Chunked, BODY_BYTES_MAX).expect("a chunked body has no length to be too large");
    let (mut payload, mut used) = (Vec::new(), 0);
    for piece in pieces {
        let mut buf = [b"##", piece].concat();
        match decoder.decode(&mut buf, 2) {
            Ok(decoded) => {
                assert_eq!((&buf[..2], decoded.end), (&b"##"[..], decoder.is_ended()));
                payload.extend_from_slice(&buf[2..buf.len() - decoded.surplus]);
                used += piece.len() - decoded.surplus;
            }
            Err(BodyError::Malformed(_)) => return Verdict::Refused,
            // An announced chunk may be larger than all we take.
            Err(BodyError::TooLarge) => return Verdict::Refused,
            Err(other) => panic!("no connection ended, and nothing waited: {other:?}"),
        }
    }
    if decoder.is_ended() { Verdict::Whole { payload, used } } else { Verdict::Partial(payload) }
}

pub(crate) fn run(bytes: &[u8]) {
    let whole = decode(std::iter::once(bytes));
    for cut in cuts(bytes) {
        let (one, other) = bytes.split_at(cut);
        assert_eq!(decode([one, other].into_iter()), whole, "cut at {cut}");
    }
    assert_eq!(decode(bytes.chunks(1)), whole, "byte by byte");

    let naive = naive::chunked(bytes);
    match &whole {
        Verdict::Whole { payload, used } => {
            assert_eq!((&naive.bytes, naive.used, naive.is_whole), (payload, *used, true), "a naive reader sees another body");
            by_hyper(bytes, payload);
            anew(payload);
        }
        // Trailers are looked at when they are whole.
        Verdict::Partial(_) => assert!(!naive.is_whole, "a naive reader sees a whole body: {naive:?}"),
        Verdict::Refused => {
            let is_over = naive.bytes.len() as u64 > BODY_BYTES_MAX || !naive.is_flawed;
            assert!(!naive.is_whole && (naive.is_flawed || is_over), "a naive reader sees no flaw: {naive:?}");
        }
    }
}

fn by_hyper(body: &[u8], payload: &[u8]) {
    let request = [b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", body].concat();
    let seen = peer::serve(&request).expect("this head is good");
    assert_eq!(seen.body.as_deref(), Some(payload), "hyper sees another body");
}

/// What is forwarded has one meaning, too.
fn anew(payload: &[u8]) {
    let (mut wire, mut encoder) = (Vec::new(), Encoder::new(BodyLength::Chunked));
    for piece in payload.chunks(7) {
        encoder.push(piece, &mut wire).expect("chunks have no end");
    }
    encoder.finish(&mut wire).expect("chunks have no length to fall short of");
    let naive = naive::chunked(&wire);
    assert_eq!((naive.bytes.as_slice(), naive.used, naive.is_whole), (payload, wire.len(), true));
    by_hyper(&wire, payload);
}
