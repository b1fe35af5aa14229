//! The format of a stage's access log: `$context.…` between literals, taken apart once and written for each request.

use super::exchange::Exchange;
use super::variable::Variable;
use std::io::Write;
use std::sync::Arc;

/// Where a stage writes its requests down, and how.
#[derive(Debug)]
pub struct AccessLog {
    /// The log group's or stream's name, from the ARN.
    pub name: Arc<str>,
    pub format: AccessFormat,
}

/// Bytes at the end of a secret that are shown.
const SHOWN_BYTES: usize = 6;

/// A format, taken apart.
#[derive(Debug)]
pub struct AccessFormat(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Literal(Box<[u8]>),
    Variable(Variable),
    /// Unknown variables print `-`, as absent values do.
    Unknown,
}

impl AccessFormat {
    /// Takes a format apart: `$context.name` wherever it stands, anything else as it is.
    pub fn parse(text: &str) -> AccessFormat {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("$context.") {
            literal.push_str(&rest[..at]);
            rest = &rest[at + "$context.".len()..];
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(rest.len());
            let name = rest[..end].trim_end_matches(['.', '-']);
            rest = &rest[name.len()..];
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal).into_bytes().into()));
            }
            pieces.push(Variable::named(name).map_or(Piece::Unknown, Piece::Variable));
        }
        literal.push_str(rest);
        literal.push('\n');
        pieces.push(Piece::Literal(literal.into_bytes().into()));
        AccessFormat(pieces)
    }

    /// Appends a line. What a caller sent cannot end the line or a JSON string.
    pub fn write(&self, ex: &Exchange, out: &mut Vec<u8>) {
        for piece in &self.0 {
            match piece {
                Piece::Literal(bytes) => out.extend_from_slice(bytes),
                Piece::Unknown => out.push(b'-'),
                Piece::Variable(variable) => {
                    let from = out.len();
                    if !variable.write(ex, out) {
                        out.push(b'-');
                    } else if *variable == Variable::IdentityApiKey {
                        mask(&mut out[from..]);
                    }
                    if !variable.is_plain() && !is_plain(&out[from..]) {
                        let raw = out.split_off(from);
                        escape(&raw, out);
                    }
                }
            }
        }
    }
}

/// Stars for a secret, but for its end, by which its owner knows it: as AWS's execution logs have it.
fn mask(secret: &mut [u8]) {
    let shown = if secret.len() > 2 * SHOWN_BYTES { SHOWN_BYTES } else { 0 };
    let hidden = secret.len() - shown;
    secret[..hidden].fill(b'*');
}

fn is_plain(bytes: &[u8]) -> bool {
    // Without a branch for each byte, so that many are looked at at once.
    bytes.iter().fold(true, |plain, byte| plain & (*byte >= b' ') & (*byte != b'"') & (*byte != b'\\') & (*byte != 0x7f))
}

fn escape(raw: &[u8], out: &mut Vec<u8>) {
    for byte in raw {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            0..0x20 | 0x7f => write!(out, "\\u{byte:04x}").expect("a vector takes what is written to it"),
            _ => out.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Lane;
    use super::*;
    use crate::world::{Clock, Dice, Timestamp};
    use std::rc::Rc;

    fn exchange(agent: &str) -> Exchange {
        let lane = Rc::new(Lane::new(0, 0, Clock::manual(Timestamp(1_428_582_896_000)), Dice::seeded(1)));
        let mut ex = Exchange::new(lane);
        let head = h1::RequestHead::build("GET", "/prod/pets", h1::Version::Http11).push("Host", b"a1.execute-api.x");
        ex.request.head = head.push("User-Agent", agent.as_bytes()).finish().unwrap();
        ex.arrive();
        ex
    }

    #[test]
    fn a_line_has_what_the_format_asks_for_and_a_dash_for_the_rest() {
        let format =
            AccessFormat::parse(r#"[$context.requestTime]"$context.httpMethod $context.path" $context.nonsense $context.identity.apiKey."#);
        let mut out = Vec::new();
        format.write(&exchange("x"), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "[09/Apr/2015:12:34:56 +0000]\"GET /prod/pets\" - -.\n");
    }

    #[test]
    fn a_key_is_masked_and_a_short_one_is_not_shown_at_all() {
        for (key, told) in [("0123456789abcdef", "**********abcdef"), ("secret", "******")] {
            let mut ex = exchange("x");
            let head = h1::RequestHead::build("GET", "/", h1::Version::Http11).push("Host", b"a").push("x-api-key", key.as_bytes());
            ex.request.head = head.finish().unwrap();
            ex.caller.api_key_id = super::super::Short::of("k1");
            let mut out = Vec::new();
            AccessFormat::parse("$context.identity.apiKey $context.identity.apiKeyId").write(&ex, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("{told} k1\n"));
        }
    }

    #[test]
    fn what_a_caller_sent_stays_in_its_place() {
        let mut out = Vec::new();
        AccessFormat::parse(r#"{"agent":"$context.identity.userAgent"}"#).write(&exchange(r#"a","x":"b\"#), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "{\"agent\":\"a\\\",\\\"x\\\":\\\"b\\\\\"}\n");
    }
}
