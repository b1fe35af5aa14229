//! What a request says of itself, by key.

use crate::time;
use std::fmt::{self, Write};
use std::net::IpAddr;

/// Where the values of condition keys and variables come from.
pub trait Context {
    /// The value of a key, which is in lower case: `aws:sourceip`, `aws:principaltag/team`. `None` where the request has none.
    fn value(&self, key: &str) -> Option<Value<'_>>;
}

/// A context without any key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Context for Nothing {
    fn value(&self, _key: &str) -> Option<Value<'_>> {
        None
    }
}

/// The value of a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'v> {
    /// Text as it came; not always UTF-8.
    Text(&'v [u8]),
    /// A key of many values, perhaps of none.
    Texts(&'v [&'v [u8]]),
    Number(i64),
    Bool(bool),
    Ip(IpAddr),
    /// Milliseconds since the epoch, UTC.
    Time(i64),
}

impl<'v> Value<'v> {
    /// The single values.
    pub(crate) fn each(&self) -> impl Iterator<Item = Value<'v>> {
        let (one, many): (Option<Value<'v>>, &'v [&'v [u8]]) = match *self {
            Value::Texts(texts) => (None, texts),
            one => (Some(one), &[]),
        };
        one.into_iter().chain(many.iter().map(|text| Value::Text(text)))
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Value::Texts([]))
    }

    /// As text. A key of many values has no single one.
    pub(crate) fn text<'t>(&'t self, scratch: &'t mut Scratch) -> Option<&'t [u8]> {
        let told = match self {
            Value::Text(text) => return Some(text),
            Value::Texts(_) => return None,
            Value::Number(number) => write!(scratch, "{number}"),
            Value::Bool(holds) => write!(scratch, "{holds}"),
            Value::Ip(ip) => write!(scratch, "{}", ip.to_canonical()),
            Value::Time(ms) => time::write(*ms, scratch),
        };
        told.ok().map(|()| scratch.as_bytes())
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number as f64),
            Value::Time(ms) => Some((*ms / 1_000) as f64),
            Value::Text(text) => number(std::str::from_utf8(text).ok()?),
            _ => None,
        }
    }

    /// Milliseconds since the epoch. A bare number is seconds.
    pub(crate) fn time(&self) -> Option<i64> {
        match self {
            Value::Time(ms) => Some(*ms),
            Value::Number(seconds) => seconds.checked_mul(1_000),
            Value::Text(text) => time::parse(std::str::from_utf8(text).ok()?),
            _ => None,
        }
    }

    pub(crate) fn bool(&self) -> Option<bool> {
        match self {
            Value::Bool(holds) => Some(*holds),
            Value::Text(text) => bool(text),
            _ => None,
        }
    }

    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self {
            Value::Ip(ip) => Some(ip.to_canonical()),
            Value::Text(text) => Some(std::str::from_utf8(text).ok()?.parse::<IpAddr>().ok()?.to_canonical()),
            _ => None,
        }
    }
}

/// A number in decimal digits; no infinities, no words.
pub(crate) fn number(text: &str) -> Option<f64> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse::<f64>().ok().filter(|number| is_digits && number.is_finite())
}

pub(crate) fn bool(text: &[u8]) -> Option<bool> {
    match text {
        text if text.eq_ignore_ascii_case(b"true") => Some(true),
        text if text.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

/// Bytes of the longest text that is made of a value: an address, a time, a number.
const SCRATCH_BYTES_MAX: usize = 64;

/// Room on the stack for a value's text.
pub(crate) struct Scratch {
    bytes: [u8; SCRATCH_BYTES_MAX],
    len: usize,
}

impl Scratch {
    pub(crate) fn new() -> Scratch {
        Scratch { bytes: [0; SCRATCH_BYTES_MAX], len: 0 }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Write for Scratch {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: Value<'_>) -> String {
        String::from_utf8(value.text(&mut Scratch::new()).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn every_value_has_a_text() {
        assert_eq!(text(Value::Text(b"a")), "a");
        assert_eq!(text(Value::Number(i64::MIN)), i64::MIN.to_string());
        assert_eq!(text(Value::Bool(true)), "true");
        assert_eq!(text(Value::Ip("::ffff:10.0.0.1".parse().unwrap())), "10.0.0.1");
        assert_eq!(text(Value::Ip("1111:2222:3333:4444:5555:6666:7777:8888".parse().unwrap())), "1111:2222:3333:4444:5555:6666:7777:8888");
        assert_eq!(text(Value::Time(1_795_348_800_000)), "2026-11-22T12:00:00Z");
        assert_eq!(Value::Texts(&[]).text(&mut Scratch::new()), None);
    }

    #[test]
    fn words_are_no_numbers() {
        for (sent, want) in
            [("1", Some(1.0)), ("-1.5e2", Some(-150.0)), ("inf", None), ("NaN", None), ("", None), ("1e999", None), ("0x1", None)]
        {
            assert_eq!(number(sent), want, "{sent}");
        }
    }
}
