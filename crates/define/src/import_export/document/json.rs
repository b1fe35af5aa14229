//! JSON, to the letter of RFC 8259, with places.

use super::{DEPTH_MAX, DUPLICATES_MAX, Document, Entry, Map, NODES_MAX, Node, Place, Unreadable, Value};

pub(super) fn read(text: &str) -> Result<Document, Unreadable> {
    let mut reader = Reader { text, next: 0, line: 1, line_start: 0, tails: 0, nodes: 0, duplicates: Vec::new() };
    reader.space();
    let root = reader.value(0)?;
    reader.space();
    match reader.peek() {
        None => Ok(Document { root, duplicates: reader.duplicates }),
        Some(_) => Err(reader.wrong("there is more after the end of the value")),
    }
}

struct Reader<'t> {
    text: &'t str,
    /// The byte to be read next.
    next: usize,
    line: u32,
    /// The byte the line begins with.
    line_start: usize,
    /// Bytes of the line so far that do not begin a character.
    tails: usize,
    nodes: usize,
    duplicates: Vec<(Place, String)>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.next).copied()
    }

    fn at(&self) -> Place {
        Place { line: self.line, column: (self.next - self.line_start - self.tails + 1) as u32 }
    }

    fn wrong(&self, cause: impl Into<String>) -> Unreadable {
        Unreadable::new(self.at(), cause)
    }

    fn unexpected(&self, wanted: &str) -> Unreadable {
        match self.text[self.next..].chars().next() {
            Some(found) => self.wrong(format!("expected {wanted}, found {found:?}")),
            None => self.wrong(format!("expected {wanted}, but the text ends")),
        }
    }

    fn space(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.next += 1;
            if byte == b'\n' {
                self.line += 1;
                self.line_start = self.next;
                self.tails = 0;
            }
        }
    }

    fn take(&mut self, byte: u8, wanted: &str) -> Result<(), Unreadable> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected(wanted));
        }
        self.next += 1;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Node, Unreadable> {
        let at = self.at();
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(self.wrong(format!("there are more than {NODES_MAX} values")));
        }
        if depth >= DEPTH_MAX {
            return Err(self.wrong(format!("values are nested more than {DEPTH_MAX} deep")));
        }
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node::new(at, value))
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Unreadable> {
        if !self.text[self.next..].starts_with(word) {
            return Err(self.unexpected("a value"));
        }
        self.next += word.len();
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Result<Value, Unreadable> {
        self.next += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.next += 1;
            return Ok(Value::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            if self.peek() == Some(b']') {
                self.next += 1;
                return Ok(Value::List(items));
            }
            self.take(b',', "a comma or a closing bracket")?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Unreadable> {
        self.next += 1;
        let mut entries = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.next += 1;
            return Ok(Value::Map(Map::default()));
        }
        loop {
            self.space();
            let at = self.at();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            self.space();
            self.take(b':', "a colon")?;
            self.space();
            entries.push(Entry { key, at, value: self.value(depth + 1)? });
            self.space();
            if self.peek() == Some(b'}') {
                self.next += 1;
                break;
            }
            self.take(b',', "a comma or a closing brace")?;
        }
        let duplicates = &mut self.duplicates;
        Ok(Value::Map(Map::of(entries, &mut |at, key| {
            if duplicates.len() < DUPLICATES_MAX {
                duplicates.push((at, key.to_owned()));
            }
        })))
    }

    fn number(&mut self) -> Result<Value, Unreadable> {
        let start = self.next;
        let digits = |reader: &mut Self| {
            let first = reader.next;
            while reader.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                reader.next += 1;
            }
            if reader.next == first { Err(reader.unexpected("a digit")) } else { Ok(reader.next - first) }
        };
        self.next += usize::from(self.peek() == Some(b'-'));
        let zero = self.peek() == Some(b'0');
        if digits(self)? > 1 && zero {
            return Err(Unreadable::new(self.at(), "a number may not begin with a zero"));
        }
        if self.peek() == Some(b'.') {
            self.next += 1;
            digits(self)?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.next += 1;
            self.next += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            digits(self)?;
        }
        Ok(Value::Number(self.text[start..self.next].to_owned()))
    }

    fn string(&mut self) -> Result<String, Unreadable> {
        self.next += 1;
        let mut out = String::new();
        loop {
            let start = self.next;
            let bytes = self.text.as_bytes();
            while let Some(byte) = bytes.get(self.next)
                && !matches!(byte, b'"' | b'\\' | 0..=0x1f)
            {
                self.tails += usize::from(byte & 0xc0 == 0x80);
                self.next += 1;
            }
            out.push_str(&self.text[start..self.next]);
            match self.peek() {
                Some(b'"') => {
                    self.next += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.next += 1;
                    out.push(self.escape()?);
                }
                Some(_) => return Err(self.wrong("a control character within a text must be escaped")),
                None => return Err(self.unexpected("the closing quote of a text")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Unreadable> {
        let plain = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.next += 1;
                return self.unicode();
            }
            _ => return Err(self.unexpected("an escape")),
        };
        self.next += 1;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, Unreadable> {
        let high = self.hex()?;
        let code = match high {
            0xd800..=0xdbff => {
                if !self.text[self.next..].starts_with("\\u") {
                    return Err(self.wrong("half of a surrogate pair"));
                }
                self.next += 2;
                match self.hex()? {
                    low @ 0xdc00..=0xdfff => 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00),
                    _ => return Err(self.wrong("half of a surrogate pair")),
                }
            }
            other => other,
        };
        char::from_u32(code).ok_or_else(|| self.wrong("half of a surrogate pair"))
    }

    fn hex(&mut self) -> Result<u32, Unreadable> {
        let digits = self.text.as_bytes().get(self.next..self.next + 4);
        let code = digits.and_then(|digits| digits.iter().try_fold(0, |code, byte| Some(code * 16 + char::from(*byte).to_digit(16)?)));
        let code = code.ok_or_else(|| self.unexpected("four hexadecimal digits"))?;
        self.next += 4;
        Ok(code)
    }
}
