use super::text;
use crate::{BodyError, BodyLength, Decoded, Decoder, EncodeError, Encoder};

/// Decodes in one call; what is payload, and what is surplus.
fn decode(length: BodyLength, bytes: &str) -> Result<(String, String, bool), BodyError> {
    let mut buf = bytes.as_bytes().to_vec();
    let decoded = Decoder::new(length, 1000)?.decode(&mut buf, 0)?;
    let end = buf.len() - decoded.surplus;
    Ok((text(&buf[..end]), text(&buf[end..]), decoded.end))
}

fn chunked(bytes: &str) -> Result<(String, String, bool), BodyError> {
    decode(BodyLength::Chunked, bytes)
}

#[test]
fn a_body_of_known_length_ends_there_and_the_rest_is_surplus() {
    assert_eq!(decode(BodyLength::Exact(3), "abcdef"), Ok(("abc".into(), "def".into(), true)));
    assert_eq!(decode(BodyLength::Exact(9), "abcdef"), Ok(("abcdef".into(), String::new(), false)));
    assert_eq!(decode(BodyLength::None, "def"), Ok((String::new(), "def".into(), true)));
    assert_eq!(decode(BodyLength::UntilClose, "def"), Ok(("def".into(), String::new(), false)));
}

#[test]
fn chunks_become_payload_in_place_behind_what_stands_there() {
    let mut buf = b"kept5\r\nhello\r\n6;ext=\"1\"\r\n world\r\n0\r\n\r\nGET".to_vec();
    let decoded = Decoder::new(BodyLength::Chunked, 1000).unwrap().decode(&mut buf, 4).unwrap();
    assert_eq!((decoded, text(&buf)), (Decoded { end: true, surplus: 3 }, "kepthello worldGET".into()));
}

#[test]
fn malformed_chunks_are_refused() {
    for bytes in [
        "\r\n",
        ";\r\n",
        "x\r\n",
        "+1\r\na\r\n",
        "-1\r\n",
        " 1\r\na",
        "1 \r\na",
        "0x1\r\na",
        "1\na",
        "1\r\ra",
        "1\r\naX",
        "1\r\na\n",
        "1\r\na\rX",
        "123456789\r\n",
        "1;a\nb",
        "1;a\0\r\n",
        "0\r\n\n",
        "0\r\n\rX",
        "0\r\nA: b\n\r\n",
        "0\r\nA : b\r\n\r\n",
        "0\r\nA\r\n\r\n",
        "0\r\n A: b\r\n\r\n",
        "0\r\nA: b\r\n c\r\n\r\n",
        "0\r\nA: \0\r\n\r\n",
        "0\r\nContent-Length: 5\r\n\r\n",
        "0\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n",
        "0\r\nHost: a\r\n\r\n",
        "0\r\nAuthorization: a\r\n\r\n",
        "0\r\nX-Amzn-A: b\r\n\r\n",
        "0\r\n\nGET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
    ] {
        assert!(matches!(chunked(bytes), Err(BodyError::Malformed(_))), "{bytes:?} {:?}", chunked(bytes));
    }
}

/// Found by fuzzing: of two CRs before the LF of the last trailer, one was taken for a part of the section's end.
#[test]
fn a_cr_that_no_lf_follows_is_no_part_of_a_trailers_end() {
    for end in ["A: b\r\r\n\r\n", "A:\r\r\n\r\n", "A: b\r\r\nC: d\r\n\r\n", "A: b\r\nC: d\r\r\n\r\n"] {
        let flaw = chunked(&format!("1\r\na\r\n0\r\n{end}"));
        assert_eq!(flaw, Err(BodyError::Malformed("a trailer that is no field")), "{end:?}");
    }
}

#[test]
fn harmless_trailers_are_dropped() {
    assert_eq!(chunked("1\r\na\r\n0\r\nX-Sum: 1\r\nB:\r\n\r\nnext"), Ok(("a".into(), "next".into(), true)));
    assert_eq!(chunked("0000001\r\na\r\n000\r\n\r\n"), Ok(("a".into(), String::new(), true)));
}

#[test]
fn what_hides_in_framing_is_bounded() {
    assert!(chunked(&format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(4_000))).is_ok());
    assert!(chunked(&format!("1;{}\r\na\r\n1;{}\r\n", "x".repeat(4_000), "x".repeat(200))).is_err());
    assert!(chunked(&format!("0\r\nA: {}\r\n\r\n", "x".repeat(8_000))).is_ok());
    assert!(chunked(&format!("0\r\nA: {}", "x".repeat(9_000))).is_err());
    assert!(chunked(&format!("0\r\n{}\r\n", "A: b\r\n".repeat(33))).is_err());
}

#[test]
fn payload_is_bounded_whatever_the_framing() {
    assert_eq!(Decoder::new(BodyLength::Exact(1001), 1000).unwrap_err(), BodyError::TooLarge);
    assert!(Decoder::new(BodyLength::Exact(1000), 1000).is_ok());
    assert_eq!(decode(BodyLength::UntilClose, &"x".repeat(1001)), Err(BodyError::TooLarge));
    // Refused by its announcement, before its bytes are there.
    assert_eq!(chunked("3e9\r\n"), Err(BodyError::TooLarge));
    assert!(chunked("3e8\r\n").is_ok());
    let mut decoder = Decoder::new(BodyLength::Chunked, 10).unwrap();
    assert!(decoder.decode(&mut b"6\r\nabcdef\r\n".to_vec(), 0).is_ok());
    assert_eq!(decoder.decode(&mut b"5\r\n".to_vec(), 0), Err(BodyError::TooLarge));
}

#[test]
fn an_early_end_is_a_truncation_unless_the_end_is_the_end() {
    let after = |length, bytes: &str| {
        let mut decoder = Decoder::new(length, 1000).unwrap();
        decoder.decode(&mut bytes.as_bytes().to_vec(), 0).unwrap();
        decoder.end_of_input()
    };
    assert_eq!(after(BodyLength::Exact(3), "ab"), Err(BodyError::Truncated));
    assert_eq!(after(BodyLength::Exact(3), "abc"), Ok(()));
    assert_eq!(after(BodyLength::Chunked, "1\r\na\r\n"), Err(BodyError::Truncated));
    assert_eq!(after(BodyLength::Chunked, "1\r\na\r\n0\r\n"), Err(BodyError::Truncated));
    assert_eq!(after(BodyLength::UntilClose, "ab"), Ok(()));
}

#[test]
fn what_is_sent_is_what_was_announced() {
    let mut out = Vec::new();
    let mut exact = Encoder::new(BodyLength::Exact(3));
    exact.push(b"ab", &mut out).unwrap();
    assert_eq!(exact.finish(&mut out), Err(EncodeError::Short));
    assert_eq!(exact.push(b"cd", &mut out), Err(EncodeError::Overrun));
    exact.push(b"c", &mut out).unwrap();
    assert_eq!((exact.finish(&mut out), text(&out)), (Ok(()), "abc".into()));
    assert_eq!(Encoder::new(BodyLength::None).push(b"x", &mut out), Err(EncodeError::Overrun));
}

#[test]
fn chunks_are_written_and_an_empty_piece_ends_nothing() {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(BodyLength::Chunked);
    encoder.push(b"", &mut out).unwrap();
    encoder.push(&[b'x'; 26], &mut out).unwrap();
    encoder.finish(&mut out).unwrap();
    assert_eq!(text(&out), format!("1a\r\n{}\r\n0\r\n\r\n", "x".repeat(26)));
}
