//! How a value stands in a line of a log, so that it stays a value.

use std::borrow::Cow;
use std::io::Write;

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// In a text or in JSON, outside of a string.
    Bare,
    /// In a string of a text or of JSON.
    Quoted,
    /// In XML, in an element or an attribute.
    Xml,
    /// A column of its own.
    Column,
    /// In a column that the format puts in quotes.
    QuotedColumn,
}

impl Escape {
    /// Makes what stands in `out` from `from` on fit its place.
    pub(super) fn apply(self, from: usize, out: &mut Vec<u8>) {
        if self.is_plain(&out[from..]) {
            return;
        }
        let raw = out.split_off(from);
        // Header fields may have any bytes; a log has text.
        let text = String::from_utf8_lossy(&raw);
        if self == Escape::Column && text.contains([',', '"']) {
            out.push(b'"');
            Escape::QuotedColumn.write(&text, out);
            out.push(b'"');
        } else {
            self.write(&text, out);
        }
    }

    fn is_plain(self, bytes: &[u8]) -> bool {
        // Without a branch for each byte, so that many are looked at at once.
        let ascii = |byte: u8| (b' '..0x7f).contains(&byte);
        match self {
            Escape::Bare | Escape::Quoted => bytes.iter().fold(true, |plain, b| plain & ascii(*b) & (*b != b'"') & (*b != b'\\')),
            Escape::Xml => {
                let is_text = |b: u8| (b != b'<') & (b != b'>') & (b != b'&') & (b != b'"') & (b != b'\'');
                bytes.iter().fold(true, |plain, b| plain & ascii(*b) & is_text(*b))
            }
            Escape::Column | Escape::QuotedColumn => bytes.iter().fold(true, |plain, b| plain & ascii(*b) & (*b != b'"') & (*b != b',')),
        }
    }

    fn write(self, text: &str, out: &mut Vec<u8>) {
        for c in text.chars() {
            let told: &[u8] = match (self, c) {
                (Escape::Bare | Escape::Quoted, '"') => b"\\\"",
                (Escape::Bare | Escape::Quoted, '\\') => b"\\\\",
                (Escape::QuotedColumn, '"') => b"\"\"",
                (Escape::Xml, '<') => b"&lt;",
                (Escape::Xml, '>') => b"&gt;",
                (Escape::Xml, '&') => b"&amp;",
                (Escape::Xml, '"') => b"&quot;",
                (Escape::Xml, '\'') => b"&apos;",
                (Escape::Xml, '\t') => b"&#9;",
                // What XML cannot say at all.
                (Escape::Xml, c) if c.is_control() => "\u{fffd}".as_bytes(),
                (_, c) if breaks_lines(c) => {
                    write!(out, "\\u{:04x}", u32::from(c)).expect("a vector takes what is written to it");
                    continue;
                }
                (_, c) => {
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    continue;
                }
            };
            out.extend_from_slice(told);
        }
    }
}

/// Whether some reader of lines takes it for the end of one, or a terminal for a command.
fn breaks_lines(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// A text that stays on its line: line breaks as `\n`, other control characters by number.
pub(super) fn on_one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(breaks_lines) {
        return Cow::Borrowed(text);
    }
    let mut told = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => told.push_str("\\n"),
            '\r' => told.push_str("\\r"),
            '\t' => told.push(c),
            c if breaks_lines(c) => told.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => told.push(c),
        }
    }
    Cow::Owned(told)
}
