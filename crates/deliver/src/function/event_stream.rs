//! The event stream of `InvokeWithResponseStream`, both ways (atlas, lambda §1.1): messages of a length, headers, a payload, and sums
//! over them. What is odd: a function that fails in the middle is told by the last message alone, after an answer of 200.

use flate2::Crc;
use serde::{Deserialize, Serialize};

/// Bytes of one message that we take (AWS's clients take 24 MB; pieces of Lambda's are far smaller).
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Both lengths and their sum.
const PRELUDE_BYTES: usize = 12;
/// The sum at the end.
const SUM_BYTES: usize = 4;
/// The type of a header that is text.
const TEXT: u8 = 7;

/// The media type of such a body.
pub const MEDIA_TYPE: &str = "application/vnd.amazon.eventstream";

/// How an invocation has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Complete {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// JSON, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_details: Option<String>,
    /// Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_result: Option<String>,
}

/// A message that was read.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// A piece of the function's answer.
    Chunk(Vec<u8>),
    Complete(Complete),
    /// Lambda failed: its exception, and what it says.
    Exception(String, String),
    /// Of a kind that we do not know: it means nothing.
    Other,
}

/// Appends a piece of an answer.
pub fn write_chunk(out: &mut Vec<u8>, payload: &[u8]) {
    write(out, &[(":event-type", "PayloadChunk"), (":content-type", "application/octet-stream"), (":message-type", "event")], payload);
}

/// Appends the end of an answer.
pub fn write_complete(out: &mut Vec<u8>, complete: &Complete) {
    let payload = serde_json::to_vec(complete).unwrap_or_default();
    write(out, &[(":event-type", "InvokeComplete"), (":content-type", "application/json"), (":message-type", "event")], &payload);
}

fn write(out: &mut Vec<u8>, headers: &[(&str, &str)], payload: &[u8]) {
    let from = out.len();
    let headers_bytes: usize = headers.iter().map(|(name, value)| 1 + name.len() + 1 + 2 + value.len()).sum();
    let total = PRELUDE_BYTES + headers_bytes + payload.len() + SUM_BYTES;
    // Headers are our own, and pieces are bounded: both fit.
    out.extend_from_slice(&(total as u32).to_be_bytes());
    out.extend_from_slice(&(headers_bytes as u32).to_be_bytes());
    out.extend_from_slice(&sum(&out[from..]).to_be_bytes());
    for (name, value) in headers {
        out.push(name.len() as u8);
        out.extend_from_slice(name.as_bytes());
        out.push(TEXT);
        out.extend_from_slice(&(value.len() as u16).to_be_bytes());
        out.extend_from_slice(value.as_bytes());
    }
    out.extend_from_slice(payload);
    out.extend_from_slice(&sum(&out[from..]).to_be_bytes());
}

/// Takes the first message off `bytes`; `None` while it is not whole.
pub fn read(bytes: &mut Vec<u8>) -> Result<Option<Message>, &'static str> {
    let Some(prelude) = bytes.get(..PRELUDE_BYTES) else { return Ok(None) };
    let (total, headers) = (number(&prelude[..4]) as usize, number(&prelude[4..8]) as usize);
    if sum(&prelude[..8]) != number(&prelude[8..]) {
        return Err("the sum over the lengths of a message is wrong");
    }
    if total > MESSAGE_BYTES_MAX || headers > total.saturating_sub(PRELUDE_BYTES + SUM_BYTES) || total < PRELUDE_BYTES + SUM_BYTES {
        return Err("a message of an impossible length");
    }
    if bytes.len() < total {
        return Ok(None);
    }
    let (whole, told) = bytes[..total].split_at(total - SUM_BYTES);
    if sum(whole) != number(told) {
        return Err("the sum over a message is wrong");
    }
    let (headers, payload) = whole[PRELUDE_BYTES..].split_at(headers);
    let message = message(headers, payload)?;
    bytes.drain(..total);
    Ok(Some(message))
}

fn message(mut headers: &[u8], payload: &[u8]) -> Result<Message, &'static str> {
    let (mut is_exception, mut kind) = (false, String::new());
    while !headers.is_empty() {
        let (name, value, rest) = header(headers).ok_or("a header of a message cannot be read")?;
        match name {
            b":message-type" => is_exception = value != b"event",
            b":event-type" | b":exception-type" | b":error-code" => kind = String::from_utf8_lossy(value).into_owned(),
            _ => {}
        }
        headers = rest;
    }
    Ok(match kind.as_str() {
        _ if is_exception => Message::Exception(kind, String::from_utf8_lossy(payload).into_owned()),
        "PayloadChunk" => Message::Chunk(payload.to_vec()),
        "InvokeComplete" => Message::Complete(serde_json::from_slice(payload).map_err(|_| "the end of an answer is no JSON")?),
        _ => Message::Other,
    })
}

/// A header's name and value (empty where it is no text), and what comes after it.
fn header(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    let (kind, rest) = rest.split_first()?;
    let fixed = match *kind {
        0 | 1 => Some(0),
        2 => Some(1),
        3 => Some(2),
        4 => Some(4),
        5 | 8 => Some(8),
        9 => Some(16),
        6 | TEXT => None,
        _ => return None,
    };
    if let Some(bytes) = fixed {
        return Some((name, b"", rest.get(bytes..)?));
    }
    let (length, rest) = rest.split_at_checked(2)?;
    let (value, rest) = rest.split_at_checked(usize::from(length[0]) << 8 | usize::from(length[1]))?;
    Some((name, if *kind == TEXT { value } else { b"" }, rest))
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

fn sum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut out = Vec::new();
        write_chunk(&mut out, b"hello");
        write_complete(&mut out, &Complete { error_code: Some("Unhandled".into()), ..Complete::default() });
        out
    }

    #[test]
    fn what_is_written_is_read_again_however_it_is_cut() {
        for piece in [1, 7, 1000] {
            let (mut bytes, mut told) = (Vec::new(), Vec::new());
            for part in sample().chunks(piece) {
                bytes.extend_from_slice(part);
                while let Some(message) = read(&mut bytes).unwrap() {
                    told.push(message);
                }
            }
            let complete = Complete { error_code: Some("Unhandled".into()), ..Complete::default() };
            assert_eq!(told, [Message::Chunk(b"hello".to_vec()), Message::Complete(complete)]);
            assert_eq!(bytes, b"");
        }
    }

    /// Made by hand from the description of the format; botocore reads the same in the outside tests.
    #[test]
    fn a_message_has_the_bytes_of_the_description() {
        let mut out = Vec::new();
        write(&mut out, &[(":a", "b")], b"x");
        let lengths = [0, 0, 0, 12 + 7 + 1 + 4, 0, 0, 0, 7];
        assert_eq!(out[..8], lengths);
        assert_eq!(out[12..20], *b"\x02:a\x07\x00\x01bx");
        assert_eq!(number(&out[8..12]), sum(&lengths));
        // CRC-32 of "123456789", as everybody has it.
        assert_eq!(sum(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn no_byte_can_be_another() {
        let first = {
            let mut out = Vec::new();
            write_chunk(&mut out, b"hello");
            out
        };
        for at in 0..first.len() {
            let mut bytes = first.clone();
            bytes[at] ^= 1;
            assert!(matches!(read(&mut bytes), Err(_) | Ok(None)), "byte {at}");
        }
    }

    #[test]
    fn a_message_of_an_impossible_length_is_refused_before_it_is_waited_for() {
        for (total, headers) in [(u32::MAX, 0u32), (17 << 20, 0), (10, 0), (20, 5), (0, 0)] {
            let mut bytes = [total.to_be_bytes(), headers.to_be_bytes()].concat();
            let sum = sum(&bytes);
            bytes.extend_from_slice(&sum.to_be_bytes());
            assert_eq!(read(&mut bytes), Err("a message of an impossible length"), "{total} {headers}");
        }
    }
}
