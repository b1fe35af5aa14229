//! The parser for what a MOCK's request template makes: JSON as forgiving as AWS's. Keys may be unquoted or in single quotes, commas may
//! be doubled or trail, a member without a value is skipped. Quotes and braces must pair. (atlas: integrations §3.5)

/// How deep values may be nested.
const DEPTH_MAX: u32 = 32;

struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

enum Value {
    Integer(i64),
    Other,
}

/// The integer member `statusCode` of an object; `None` if the text is no object or has none.
pub(super) fn status_code(text: &[u8]) -> Option<i64> {
    let mut cursor = Cursor { text, at: 0 };
    let mut found = None;
    cursor.object(0, &mut |key, value| {
        if key == b"statusCode" {
            found = match value {
                Value::Integer(status) => Some(status),
                Value::Other => None,
            };
        }
    })?;
    found
}

impl<'t> Cursor<'t> {
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn object(&mut self, depth: u32, each: &mut dyn FnMut(&'t [u8], Value)) -> Option<()> {
        if !self.eat(b'{') {
            return None;
        }
        loop {
            match self.peek()? {
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                b'"' | b'\'' => {
                    let key = self.quoted()?;
                    self.member(key, depth, each)?;
                }
                _ => {
                    let key = self.bare()?;
                    self.member(key, depth, each)?;
                }
            }
        }
    }

    fn member(&mut self, key: &'t [u8], depth: u32, each: &mut dyn FnMut(&'t [u8], Value)) -> Option<()> {
        if self.eat(b':') {
            let value = self.value(depth)?;
            each(key, value);
        }
        Some(())
    }

    fn value(&mut self, depth: u32) -> Option<Value> {
        if depth >= DEPTH_MAX {
            return None;
        }
        match self.peek()? {
            b'"' | b'\'' => self.quoted().map(|_| Value::Other),
            b'{' => self.object(depth + 1, &mut |_, _| {}).map(|()| Value::Other),
            b'[' => self.list(depth + 1),
            // A member whose value was left out.
            b',' | b'}' => Some(Value::Other),
            _ => {
                let text = std::str::from_utf8(self.bare()?).ok()?;
                let integer = text.parse().ok().filter(|_| !text.starts_with('+'));
                Some(integer.map_or(Value::Other, Value::Integer))
            }
        }
    }

    fn list(&mut self, depth: u32) -> Option<Value> {
        self.at += 1;
        loop {
            match self.peek()? {
                b']' => {
                    self.at += 1;
                    return Some(Value::Other);
                }
                b',' => self.at += 1,
                b'}' => return None,
                _ => {
                    self.value(depth)?;
                }
            }
        }
    }

    fn quoted(&mut self) -> Option<&'t [u8]> {
        let quote = self.peek()?;
        let from = self.at + 1;
        let mut at = from;
        loop {
            match *self.text.get(at)? {
                b'\\' => at += 2,
                byte if byte == quote => break,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        Some(&self.text[from..at])
    }

    /// A word without quotes; at least one byte.
    fn bare(&mut self) -> Option<&'t [u8]> {
        self.peek()?;
        let rest = &self.text[self.at..];
        let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"' | b'\'');
        let len = rest.iter().position(ends).unwrap_or(rest.len());
        self.at += len;
        (len > 0).then(|| &rest[..len])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forgiven_forms_tell_their_status() {
        for text in [
            r#"{"statusCode": 200}"#,
            "{statusCode: 200}",
            "{'statusCode': 200, '': ''}",
            r#"{"statusCode": 200 ,, }"#,
            r#"{"a": {"b": [1, "x", {c: 'd'}]}, "statusCode":200}"#,
            r#"{ junk, "statusCode" : 200, "more": }"#,
            "\n{\n  \"statusCode\": 404,\n  'statusCode': 200\n}\n",
            r#"{"k": "a \" } b", statusCode:200}"#,
        ] {
            assert_eq!(status_code(text.as_bytes()), Some(200), "{text}");
        }
        assert_eq!(status_code(b"{\"statusCode\": -1000}"), Some(-1000));
        assert_eq!(status_code(b"{\"statusCode\": 0}"), Some(0));
    }

    #[test]
    fn what_tells_no_integer_tells_nothing() {
        for text in [
            "",
            "200",
            "[]",
            "{}",
            r#"{"statusCode": "200"}"#,
            r#"{"statusCode": 200"#,
            r#"{"statusCode: 200}"#,
            r#"{"statusCode': 200}"#,
            r#""statusCode": 200}"#,
            r#"{"statusCode": 200.5}"#,
            r#"{"statusCode": +200}"#,
            r#"{"statusCode": null}"#,
            r#"{"StatusCode": 200}"#,
            r#"{"a": {"statusCode": 200}}"#,
            "{]}",
            "{\"a\": [1}",
        ] {
            assert_eq!(status_code(text.as_bytes()), None, "{text}");
        }
        let deep = format!("{{a: {}{}, statusCode: 200}}", "[".repeat(100), "]".repeat(100));
        assert_eq!(status_code(deep.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_text_tells_a_status_or_nothing(text in r#"[{}\[\]:,'"\\a0 ]{0,40}"#) {
            let _status = status_code(text.as_bytes());
        }
    }
}
