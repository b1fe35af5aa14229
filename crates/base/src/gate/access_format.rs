//! The format of a stage's access log: `$context.…` between literals, taken apart once and written for each request.
//!
//! AWS's presets are CLF, JSON, XML and CSV, and any other text is as good. Which of them a format is shows in the format itself, and
//! values are written accordingly, so that nothing a caller sent ends a line, a string, an element or a column.

use super::escape::Escape;
use super::exchange::Exchange;
use super::mask::mask;
use super::variable::Variable;
use std::sync::Arc;

/// Where a stage writes its requests down, and how.
#[derive(Debug)]
pub struct AccessLog {
    /// The log group's or stream's name, from the ARN.
    pub name: Arc<str>,
    pub format: AccessFormat,
}

/// Bytes of a line: CloudWatch takes no event that is longer. What is more is cut off.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// A format, taken apart.
#[derive(Debug)]
pub struct AccessFormat {
    pieces: Vec<Piece>,
    unknown: Vec<Box<str>>,
}

#[derive(Debug)]
enum Piece {
    Literal(Box<[u8]>),
    Variable(Variable, Escape),
    /// What is no variable prints `-`, as absent values do.
    Unknown,
}

/// The four sorts of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// CLF, and whatever is none of the others.
    Text,
    Json,
    Xml,
    Csv,
}

impl AccessFormat {
    /// Takes a format apart: `$context.name` wherever it stands, anything else as it is.
    pub fn parse(text: &str) -> AccessFormat {
        let (mut pieces, mut unknown) = (Vec::new(), Vec::new());
        let (sort, mut in_string) = (Sort::of(text), false);
        let mut rest = text;
        while let Some(at) = rest.find("$context.") {
            let literal = &rest[..at];
            let (name, after) = name_of(&rest[at + "$context.".len()..]);
            rest = after;
            if !literal.is_empty() {
                in_string ^= quotes(literal) % 2 == 1;
                pieces.push(Piece::Literal(one_line(literal).into()));
            }
            pieces.push(match Variable::logged(name) {
                Some(variable) => Piece::Variable(variable, sort.escape(in_string)),
                None => Piece::Unknown,
            });
            if !Variable::is_known(name) {
                unknown.push(name.into());
            }
        }
        let mut end = one_line(rest);
        end.push(b'\n');
        pieces.push(Piece::Literal(end.into()));
        AccessFormat { pieces, unknown }
    }

    /// Names in it that are no variables of AWS's: they print `-`, and nobody will have meant that.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.unknown.iter().map(|name| &**name)
    }

    /// Appends a line. What a caller sent cannot break out of its place.
    pub fn write(&self, ex: &Exchange, out: &mut Vec<u8>) {
        let begin = out.len();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(bytes) => out.extend_from_slice(bytes),
                Piece::Unknown => out.push(b'-'),
                Piece::Variable(variable, escape) => {
                    let from = out.len();
                    if !variable.write(ex, out) {
                        out.push(b'-');
                        continue;
                    }
                    match variable {
                        Variable::IdentityApiKey => mask(&mut out[from..]),
                        // It is a JSON string by itself, and stands where one may stand.
                        Variable::ErrorMessageString if *escape == Escape::Bare => continue,
                        _ => {}
                    }
                    if !variable.is_plain() {
                        escape.apply(from, out);
                    }
                }
            }
        }
        if out.len() - begin > LINE_BYTES_MAX {
            cut(begin + LINE_BYTES_MAX - 1, out);
        }
    }
}

impl Sort {
    fn of(format: &str) -> Sort {
        match format.trim_start().as_bytes().first() {
            Some(b'{') => Sort::Json,
            Some(b'<') => Sort::Xml,
            _ if has_columns(format) => Sort::Csv,
            _ => Sort::Text,
        }
    }

    fn escape(self, in_string: bool) -> Escape {
        match (self, in_string) {
            (Sort::Xml, _) => Escape::Xml,
            (Sort::Csv, false) => Escape::Column,
            (Sort::Csv, true) => Escape::QuotedColumn,
            (Sort::Json | Sort::Text, true) => Escape::Quoted,
            (Sort::Json | Sort::Text, false) => Escape::Bare,
        }
    }
}

/// Whether all that stands between two variables has a comma.
fn has_columns(format: &str) -> bool {
    let after: Vec<&str> = format.split("$context.").skip(1).map(|part| name_of(part).1).collect();
    after.split_last().is_some_and(|(_, between)| !between.is_empty() && between.iter().all(|literal| literal.contains(',')))
}

/// The name that a text begins with, and what comes after it. A full stop or a dash at its end is no part of it.
fn name_of(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(text.len());
    text.split_at(text[..end].trim_end_matches(['.', '-']).len())
}

/// Quotation marks that are not escaped.
fn quotes(literal: &str) -> usize {
    let (mut count, mut is_escaped) = (0, false);
    for byte in literal.bytes() {
        count += usize::from(byte == b'"' && !is_escaped);
        is_escaped = byte == b'\\' && !is_escaped;
    }
    count
}

/// A format that was written in several lines makes one.
fn one_line(literal: &str) -> Vec<u8> {
    literal.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }).collect()
}

/// Ends a line that is too long, at a character.
fn cut(mut end: usize, out: &mut Vec<u8>) {
    while out[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    out.truncate(end);
    out.push(b'\n');
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

    fn line(format: &str, ex: &Exchange) -> String {
        let mut out = Vec::new();
        AccessFormat::parse(format).write(ex, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_sort_of_format_keeps_what_a_caller_sent_in_its_place() {
        let agent = "$context.identity.userAgent";
        let ex = exchange("a\"<b>,&\tc");
        assert_eq!(line(&format!("[x]\"{agent}\" $context.status"), &ex), "[x]\"a\\\"<b>,&\\u0009c\" 0\n");
        assert_eq!(line(&format!("{{\"ua\":\"{agent}\"}}"), &ex), "{\"ua\":\"a\\\"<b>,&\\u0009c\"}\n");
        assert_eq!(line(&format!("<r id=\"{agent}\"><ua>{agent}</ua></r>"), &ex).matches("a&quot;&lt;b&gt;,&amp;&#9;c").count(), 2);
        let columns = format!("{agent},$context.status,\"{agent}\"");
        assert_eq!(line(&columns, &ex), "\"a\"\"<b>,&\\u0009c\",0,\"a\"\"<b>,&\\u0009c\"\n");
        assert_eq!(line(&format!("{agent},$context.status"), &exchange("plain one")), "plain one,0\n");
    }

    #[test]
    fn the_message_string_is_a_json_string_of_its_own_and_absent_where_nothing_was_refused() {
        let mut ex = exchange("x");
        let format = r#"{"e":$context.error.messageString,"f":"$context.error.messageString"}"#;
        assert_eq!(line(format, &ex), "{\"e\":-,\"f\":\"-\"}\n");
        ex.notes.refused = Some((super::super::RefusalKind::BadRequest, "x".into()));
        ex.notes.error_message = Some("a \"b\"".into());
        assert_eq!(line(format, &ex), "{\"e\":\"a \\\"b\\\"\",\"f\":\"\\\"a \\\\\\\"b\\\\\\\"\\\"\"}\n");
        ex.notes.error_message = None;
        assert_eq!(line("$context.error.messageString", &ex), "null\n");
    }

    #[test]
    fn why_an_integration_failed_is_logged_and_nowhere_else() {
        use super::super::{RefusalKind, Stage, Verdict};
        let mut ex = exchange("x");
        ex.notes.refused = Some((RefusalKind::IntegrationFailure, "nobody listens".into()));
        assert_eq!(line("$context.integration.error", &ex), "-\n");
        ex.notes.mark(Stage::Integration, Verdict::Refused);
        assert_eq!(line("$context.integration.error $context.integrationErrorMessage", &ex), "nobody listens nobody listens\n");
        assert_eq!(Variable::named("integrationErrorMessage"), None);
    }

    #[test]
    fn a_line_is_one_line_and_no_longer_than_an_event_of_cloudwatch() {
        assert_eq!(line("a\r\nb", &exchange("x")), "a  b\n");
        let long = line(&"é$context.identity.userAgent".repeat(100), &exchange(&"y".repeat(9000)));
        assert!(long.len() <= LINE_BYTES_MAX && long.len() > LINE_BYTES_MAX - 4 && long.ends_with('\n'));
    }

    #[test]
    fn names_that_mean_nothing_are_told() {
        let format = AccessFormat::parse("$context.requestId $context.requestID $context.authorizer.principalId.");
        assert_eq!(format.unknown().collect::<Vec<_>>(), ["requestID"]);
    }

    #[test]
    fn what_a_caller_sent_stays_in_its_place() {
        let mut out = Vec::new();
        AccessFormat::parse(r#"{"agent":"$context.identity.userAgent"}"#).write(&exchange(r#"a","x":"b\"#), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "{\"agent\":\"a\\\",\\\"x\\\":\\\"b\\\\\"}\n");
    }
}
