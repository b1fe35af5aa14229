//! `$util`: six functions, each with its quirks.
//!
//! What is odd: `escapeJavaScript` escapes a single quote too, which no JSON may have escaped, and every slash; and what is not there gives
//! nothing back, so that a reference to it prints its own source.

use super::convert::{text, to_vtl};
use crate::mapping::decoded;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;
use vtl::{Fault, Host, Value};

/// `$util`.
pub(super) struct Util;

impl Host for Util {
    fn kind(&self) -> &'static str {
        "$util"
    }

    fn member(&self, _: &str) -> Result<Value, Fault> {
        Ok(Value::Null)
    }

    fn call(&self, method: &str, arguments: &[Value]) -> Result<Value, Fault> {
        let [argument] = arguments else { return Ok(Value::Null) };
        if let Value::Absent = argument {
            return Ok(Value::Absent);
        }
        let Some(argument) = text(argument) else { return Ok(Value::Null) };
        Ok(match method {
            "escapeJavaScript" if argument.bytes().all(is_plain) => Value::Str(argument),
            "escapeJavaScript" => escape_java_script(&argument).into(),
            "parseJson" => to_vtl(&jsonkit::parse(argument.as_bytes()).map_err(|why| Fault::call(format!("$util.parseJson: {why}")))?),
            "urlEncode" => url_encode(&argument).into(),
            "urlDecode" => decoded(&argument, true).into_owned().into(),
            "base64Encode" => STANDARD.encode(&*argument).into(),
            "base64Decode" => {
                let bytes = STANDARD.decode(argument.trim()).map_err(|why| Fault::call(format!("$util.base64Decode: {why}")))?;
                String::from_utf8_lossy(&bytes).into_owned().into()
            }
            _ => Value::Null,
        })
    }
}

/// What needs no escape.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\'' | b'\\' | b'/')
}

/// As Commons-Lang has it: quotes of both kinds, backslashes, slashes, controls, and all that is not ASCII in UTF-16.
fn escape_java_script(text: &str) -> String {
    const INFALLIBLE: &str = "a string takes what is written to it";
    let mut out = String::with_capacity(text.len() + text.len() / 8 + 8);
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' | '/' => {
                out.push('\\');
                out.push(c);
            }
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            ' '..='~' => out.push(c),
            _ => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04X}").expect(INFALLIBLE);
                }
            }
        }
    }
    out
}

/// As Java's URLEncoder has it: a blank is a plus.
fn url_encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => out.push(char::from(byte)),
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_escaped_as_commons_lang_does() {
        assert_eq!(escape_java_script("a/b'c\"\\\n\u{1}é🎉\u{7f}"), "a\\/b\\'c\\\"\\\\\\n\\u0001\\u00E9\\uD83C\\uDF89\\u007F");
    }

    #[test]
    fn urls_are_encoded_as_forms_are() {
        assert_eq!(url_encode("{\"some\": \"välue\"}~*"), "%7B%22some%22%3A+%22v%C3%A4lue%22%7D%7E*");
    }
}
