//! Values as text, in the two ways of json-smart.

use crate::Value;
use std::fmt::{self, Display, Formatter, Write};

/// Which of json-smart's ways of writing is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// What `$input.json` prints.
    Json,
    /// What `toString()` of a list prints: `/` is `\/`.
    Web,
}

/// The text is longer than allowed. A small document can have a large text, once subtrees are found in it many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is longer than {0} bytes")]
pub struct TooLong(pub usize);

impl Value {
    /// Appends this value's compact text, of `bytes_max` bytes at most. What is in `out` after an error is a beginning.
    pub fn write(&self, out: &mut String, style: Style, bytes_max: usize) -> Result<(), TooLong> {
        let end = out.len().saturating_add(bytes_max);
        push(self, out, style, end).map_err(|Full| TooLong(bytes_max))
    }

    /// This value's compact text, of `bytes_max` bytes at most.
    pub fn to_json(&self, bytes_max: usize) -> Result<String, TooLong> {
        let mut out = String::new();
        self.write(&mut out, Style::Json, bytes_max)?;
        Ok(out)
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.to_json(usize::MAX / 2).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

struct Full;

fn push(value: &Value, out: &mut String, style: Style, end: usize) -> Result<(), Full> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(is) => out.push_str(if *is { "true" } else { "false" }),
        Value::Number(number) => write!(out, "{number}").expect("a String takes all"),
        Value::String(text) => push_string(text, out, style),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push(item, out, style, end)?;
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (at, (name, value)) in object.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push_string(name, out, style);
                out.push(':');
                push(value, out, style, end)?;
            }
            out.push('}');
        }
    }
    if out.len() > end { Err(Full) } else { Ok(()) }
}

/// json-smart escapes what is no text, and the block from U+2000 to U+20FF with it: the line separators are there, and so is the euro.
fn push_string(text: &str, out: &mut String, style: Style) {
    out.push('"');
    // Most texts need nothing.
    let is_plain = |byte: u8| matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\' && (byte != b'/' || style == Style::Json);
    let mut kept = text.bytes().position(|byte| !is_plain(byte)).unwrap_or(text.len());
    out.push_str(&text[..kept]);
    let plain = kept;
    for (at, char) in text[plain..].char_indices() {
        let at = plain + at;
        let short = match char {
            '"' => "\\\"",
            '\\' => "\\\\",
            '/' if style == Style::Web => "\\/",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2000}'..='\u{20ff}' => "",
            _ => continue,
        };
        out.push_str(&text[kept..at]);
        kept = at + char.len_utf8();
        match short {
            "" => write!(out, "\\u{:04X}", u32::from(char)).expect("a String takes all"),
            short => out.push_str(short),
        }
    }
    out.push_str(&text[kept..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn text_is_compact_and_escaped_as_json_smart_does() {
        let value = parse("{ \"a/b\" : [ \"é日🎉\", \"\\u0001\\u007f\\u20ac\\t\\\"\\\\\", 1.50, null ] }".as_bytes()).unwrap();
        assert_eq!(value.to_string(), r#"{"a/b":["é日🎉","\u0001\u007F\u20AC\t\"\\",1.5,null]}"#);
        let mut web = String::from("=");
        value.write(&mut web, Style::Web, 1_000).unwrap();
        assert!(web.starts_with(r#"={"a\/b":["#));
    }

    #[test]
    fn a_text_ends_at_its_bound() {
        let value = parse(b"[1,2,3]").unwrap();
        assert_eq!(value.to_json(7).unwrap(), "[1,2,3]");
        assert_eq!(value.to_json(6), Err(TooLong(6)));
    }
}
