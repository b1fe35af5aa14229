//! Text to values.

use crate::{Number, Object, Text, Value};
use std::sync::Arc;

/// Bytes of a text: room for AWS's payload of 10 MB.
pub const TEXT_BYTES_MAX: usize = 16 << 20;
/// Arrays and objects within each other, as json-smart has it since 2.4.9.
pub const DEPTH_MAX: usize = 400;
/// Values of a text. Each costs up to a hundred bytes of memory.
pub const VALUES_MAX: usize = 4 << 20;

/// Why a text is no JSON to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("at byte {at}: {what}")]
    Malformed { at: usize, what: &'static str },
    #[error("more than {0}")]
    TooMuch(&'static str),
}

/// Reads a JSON text: strictly RFC 8259, UTF-8, blanks around it allowed.
///
/// A lone surrogate (`\ud800`) becomes `?`, as when Java sends it.
pub fn parse(text: &[u8]) -> Result<Value, ParseError> {
    read(text, Dialect::Json)
}

/// Whether strings may be in single quotes: they may in the literals of a JSONPath.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Dialect {
    Json,
    Literal,
}

pub(crate) fn read(text: &[u8], dialect: Dialect) -> Result<Value, ParseError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(ParseError::TooMuch("16 MiB of JSON"));
    }
    let text = std::str::from_utf8(text).map_err(|why| ParseError::Malformed { at: why.valid_up_to(), what: "not UTF-8" })?;
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        values: 0,
        dialect,
        names: [const { None }; NAMES_KEPT],
        whole: None,
        items: Vec::new(),
    };
    reader.blanks();
    let value = reader.value(0)?;
    reader.blanks();
    if reader.at < text.len() { reader.fail("something follows the value") } else { Ok(value) }
}

/// Names of members that are kept at hand: most objects of a list have the same.
const NAMES_KEPT: usize = 32;

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    values: usize,
    dialect: Dialect,
    names: [Option<Arc<str>>; NAMES_KEPT],
    /// The document, once a string is a part of it.
    whole: Option<Arc<Box<str>>>,
    /// Items of the arrays that are not at their end yet.
    items: Vec<Value>,
}

impl Reader<'_> {
    fn fail<T>(&self, what: &'static str) -> Result<T, ParseError> {
        Err(ParseError::Malformed { at: self.at, what })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn is_quote(&self, byte: u8) -> bool {
        byte == b'"' || (byte == b'\'' && self.dialect == Dialect::Literal)
    }

    fn value(&mut self, depth: usize) -> Result<Value, ParseError> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(ParseError::TooMuch("4 Mi values"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(quote) if self.is_quote(quote) => Ok(Value::String(self.text(quote)?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => self.fail("no value"),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, ParseError> {
        if !self.text[self.at..].starts_with(word) {
            return self.fail("no value");
        }
        self.at += word.len();
        Ok(value)
    }

    fn deeper(&mut self, depth: usize) -> Result<(), ParseError> {
        if depth > DEPTH_MAX {
            return Err(ParseError::TooMuch("400 levels of JSON"));
        }
        self.at += 1;
        self.blanks();
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<Value, ParseError> {
        self.deeper(depth)?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Vec::new().into());
        }
        let first = self.items.len();
        loop {
            let item = self.value(depth)?;
            self.items.push(item);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break self.at += 1,
                _ => return self.fail("neither , nor ] after an item"),
            }
            self.blanks();
        }
        Ok(Value::Array(self.items.drain(first..).collect()))
    }

    fn object(&mut self, depth: usize) -> Result<Value, ParseError> {
        self.deeper(depth)?;
        let mut object = Object::default();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(object.into());
        }
        loop {
            let quote = self.peek().filter(|byte| self.is_quote(*byte));
            let Some(quote) = quote else { return self.fail("no name of a member") };
            let name = self.name(quote)?;
            self.blanks();
            if self.peek() != Some(b':') {
                return self.fail("no : after a name");
            }
            self.at += 1;
            self.blanks();
            let value = self.value(depth)?;
            object.insert(name, value);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break self.at += 1,
                _ => return self.fail("neither , nor } after a member"),
            }
            self.blanks();
        }
        Ok(object.into())
    }

    fn number(&mut self) -> Result<Value, ParseError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.fail("no digit after -"),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits("no digit after .")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.some_digits("no digit in an exponent")?;
        }
        match Number::read(&self.text[start..self.at]) {
            Some(number) => Ok(Value::Number(number)),
            None => self.fail("an exponent beyond all bounds"),
        }
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    fn some_digits(&mut self, what: &'static str) -> Result<(), ParseError> {
        let start = self.at;
        self.digits();
        if self.at == start { self.fail(what) } else { Ok(()) }
    }

    /// A string that was probably seen before.
    fn name(&mut self, quote: u8) -> Result<Arc<str>, ParseError> {
        let start = self.at + 1;
        let end = start + plain(&self.bytes[start..], quote);
        if self.bytes.get(end) != Some(&quote) {
            return self.string(quote).map(Arc::from);
        }
        let name = &self.text[start..end];
        self.at = end + 1;
        let (first, last) = (self.bytes[start], self.bytes[end - 1]);
        let slot = &mut self.names[(usize::from(first) + 3 * usize::from(last) + 7 * name.len()) % NAMES_KEPT];
        match slot {
            Some(known) if **known == *name => Ok(known.clone()),
            _ => Ok(slot.insert(name.into()).clone()),
        }
    }

    /// A string as a value. Without escapes it is a part of the document.
    fn text(&mut self, quote: u8) -> Result<Text, ParseError> {
        let start = self.at + 1;
        let end = start + plain(&self.bytes[start..], quote);
        if self.bytes.get(end) == Some(&quote) {
            let whole = self.whole.get_or_insert_with(|| Arc::new(self.text.into()));
            if let Some(part) = Text::part(whole, start..end) {
                self.at = end + 1;
                return Ok(part);
            }
        }
        self.string(quote).map(Text::from)
    }

    fn string(&mut self, quote: u8) -> Result<String, ParseError> {
        self.at += 1;
        let mut start = self.at;
        let mut undone = String::new();
        loop {
            self.at += plain(&self.bytes[self.at..], quote);
            match self.peek() {
                Some(byte) if byte == quote => {
                    let rest = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(undone + rest);
                }
                Some(b'\\') => {
                    undone.push_str(&self.text[start..self.at]);
                    self.at += 1;
                    undone.push(self.escape()?);
                    start = self.at;
                }
                Some(_) => return self.fail("a control character in a string"),
                None => return self.fail("a string does not end"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let Some(byte) = self.peek() else { return self.fail("a string does not end") };
        let char = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'\'' if self.dialect == Dialect::Literal => '\'',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                let unit = self.unit()?;
                return Ok(self.surrogates(unit));
            }
            _ => return self.fail("no such escape"),
        };
        self.at += 1;
        Ok(char)
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, ParseError> {
        let digits = self.bytes.get(self.at..self.at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits else { return self.fail("no four digits after \\u") };
        let fold = |sum, digit: &u8| sum * 16 + char::from(*digit).to_digit(16).unwrap_or(0);
        self.at += 4;
        Ok(digits.iter().fold(0, fold))
    }

    /// A character, for which a second `\u` may be needed.
    fn surrogates(&mut self, unit: u32) -> char {
        if !(0xd800..0xdc00).contains(&unit) || !self.text[self.at..].starts_with("\\u") {
            return char::from_u32(unit).unwrap_or('?');
        }
        let start = self.at;
        self.at += 2;
        match self.unit() {
            Ok(low @ 0xdc00..0xe000) => {
                char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)).expect("a pair of surrogates is a character")
            }
            // Whatever it is, it is read for itself.
            _ => {
                self.at = start;
                '?'
            }
        }
    }
}

/// How many bytes there are before the end of a string, an escape or a control character. Eight bytes are looked at in one word.
fn plain(bytes: &[u8], quote: u8) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = u64::from_le_bytes([0x80; 8]);
    // The lowest top bit that is set is right: borrows go upwards, from a byte that is one.
    let below = |word: u64, byte: u8| word.wrapping_sub(ONES * u64::from(byte)) & !word & TOPS;
    let equal = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let mut at = 0;
    while let Some(eight) = bytes[at..].first_chunk() {
        let word = u64::from_le_bytes(*eight);
        let found = equal(word, quote) | equal(word, b'\\') | below(word, b' ');
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes[at..].iter().position(|byte| *byte == quote || *byte == b'\\' || *byte < b' ');
    rest.map_or(bytes.len(), |more| at + more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(json: &str) -> String {
        parse(json.as_bytes()).unwrap().to_string()
    }

    #[test]
    fn the_end_of_plain_bytes_is_found_wherever_it_is() {
        for end in [b'"', b'\\', 0, 0x1f] {
            for at in 0..20 {
                let mut bytes = [b'!', b' ', 0x7f, 0x80, 0xff, b'\'', b'[', b']'].repeat(3);
                assert_eq!(plain(&bytes, b'"'), bytes.len());
                bytes[at] = end;
                bytes[at + 1] = end;
                assert_eq!(plain(&bytes, b'"'), at, "{end} at {at}");
            }
        }
    }

    #[test]
    fn json_is_read() {
        for (json, want) in [
            (" { \"a\" : [ 1 , -2.5e1 , true , false , null ] , \"\" : { } } ", r#"{"a":[1,-25.0,true,false,null],"":{}}"#),
            (r#""\"\\\/\b\f\n\r\t\u00e9\ud83c\udf89""#, "\"\\\"\\\\/\\b\\f\\n\\r\\té🎉\""),
            (r#""\ud800x\udc00\ud800\u0041""#, r#""?x??A""#),
            ("[]", "[]"),
            ("0", "0"),
        ] {
            assert_eq!(text(json), want, "{json}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for json in [
            "",
            " ",
            "{",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{'a':1}",
            "'a'",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "+1",
            "tru",
            "nul",
            "NaN",
            "\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\n\"",
            "1 2",
            "\u{feff}1",
        ] {
            assert!(matches!(parse(json.as_bytes()), Err(ParseError::Malformed { .. })), "{json}");
        }
        assert_eq!(parse(b"\"a\xff\""), Err(ParseError::Malformed { at: 2, what: "not UTF-8" }));
        assert!(matches!(parse(b"\"\\u00\xc3\xa9\""), Err(ParseError::Malformed { .. })));
    }

    #[test]
    fn depth_has_a_bound() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(parse(nested(DEPTH_MAX + 1).as_bytes()), Err(ParseError::TooMuch("400 levels of JSON")));
        assert!(parse("[".repeat(1 << 20).as_bytes()).is_err());
    }

    #[test]
    fn size_and_values_have_bounds() {
        assert_eq!(parse(&vec![b' '; TEXT_BYTES_MAX + 1]), Err(ParseError::TooMuch("16 MiB of JSON")));
        let many = format!("[0{}]", ",0".repeat(VALUES_MAX));
        assert_eq!(parse(many.as_bytes()), Err(ParseError::TooMuch("4 Mi values")));
    }

    #[test]
    fn literals_may_be_in_single_quotes() {
        let literal = read(br#"['a"', "b'", '\'', {'k': 1}]"#, Dialect::Literal).unwrap();
        assert_eq!(literal.to_string(), r#"["a\"","b'","'",{"k":1}]"#);
    }

    proptest! {
        #[test]
        fn any_bytes_parse_or_give_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _either = parse(&bytes);
        }

        #[test]
        fn anything_like_json_that_is_read_is_read_again_from_its_text(json in "[\\[\\]{}\":,0-9.eE+\\-a-z\\\\u ]{0,40}") {
            let again = |value: &Value| parse(value.to_string().as_bytes()).unwrap();
            if let Ok(value) = parse(json.as_bytes()) {
                // A number that kept its digits for being long may be printed shorter, and then is a double.
                let once = again(&value);
                prop_assert_eq!(again(&once), once);
            }
        }

        #[test]
        fn any_string_is_read_again(text: String) {
            let value = Value::from(text);
            prop_assert_eq!(parse(value.to_string().as_bytes()).unwrap(), value);
        }

        #[test]
        fn any_double_is_read_again(double in proptest::num::f64::NORMAL | proptest::num::f64::ZERO | proptest::num::f64::SUBNORMAL) {
            let value = Value::from(double);
            prop_assert_eq!(parse(value.to_string().as_bytes()).unwrap(), value);
        }

        #[test]
        fn we_read_what_serde_reads(json in "[\\[\\]{}\":,0-9.eE+\\-a-z\\\\u ]{0,12}") {
            let theirs = serde_json::from_str::<serde_json::Value>(&json);
            let ours = parse(json.as_bytes());
            // Serde refuses numbers beyond a double, and lone surrogates.
            if theirs.is_ok() {
                prop_assert!(ours.is_ok(), "{} {:?}", json, ours);
            }
        }
    }
}
