//! Changing the fields of a head that is about to be passed on. Spans move, bytes do not.

use crate::check;
use crate::fields::{Field, Fields, Span};
use crate::known::{Known, OwnField};
use crate::write::Unwritable;

impl Fields {
    /// No fields yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field at the end. Framing is the writer's own and cannot be added, nor what would break a line.
    pub fn push(&mut self, name: &str, value: &[u8]) -> Result<(), Unwritable> {
        let known = Known::of(name.as_bytes());
        if known.is_framing() {
            return Err(Unwritable { because: "the field is the writer's own" });
        }
        if !check::is_token(name.as_bytes()) {
            return Err(Unwritable { because: "the field name is no token" });
        }
        self.append(name, known, value)
    }

    /// Adds a field of ours. Refused is a value that would break a line.
    pub fn push_own(&mut self, name: OwnField, value: &[u8]) -> Result<(), Unwritable> {
        self.append(name.text, name.known, value)
    }

    /// The length that a head of HTTP/2 stated: heads that are read have it among their fields, too.
    pub(crate) fn push_length(&mut self, length: u64) {
        // Digits break no line; where fields are full there is one less.
        let _full = self.append("content-length", Known::ContentLength, length.to_string().as_bytes());
    }

    fn append(&mut self, name: &str, known: Known, value: &[u8]) -> Result<(), Unwritable> {
        if !check::is_value(value) {
            return Err(Unwritable { because: "the field value has a control byte" });
        }
        let (Ok(at), Ok(name_len), Ok(value_len)) =
            (u32::try_from(self.bytes.len()), u16::try_from(name.len()), u32::try_from(value.len()))
        else {
            return Err(Unwritable { because: "the field is too long" });
        };
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b": ");
        self.bytes.extend_from_slice(value);
        self.bytes.extend_from_slice(b"\r\n");
        self.add(Span { name: at, name_len, value: at + u32::from(name_len) + 2, value_len, known, hop: known.is_hop_by_hop() });
        Ok(())
    }

    /// Replaces every field of this name with one, at the end.
    pub fn set(&mut self, name: &str, value: &[u8]) -> Result<(), Unwritable> {
        self.remove(name);
        self.push(name, value)
    }

    /// Drops every field of this name, in any spelling.
    pub fn remove(&mut self, name: &str) {
        let known = Known::of(name.as_bytes());
        if self.has(known) {
            self.retain(|field| field.known != known || known == Known::Other && !field.name.eq_ignore_ascii_case(name));
        }
    }

    /// Drops the fields for which `keep` says no.
    pub fn retain(&mut self, mut keep: impl FnMut(Field<'_>) -> bool) {
        let mut spans = std::mem::take(&mut self.spans);
        spans.retain(|span| keep(self.at(span)));
        self.present = spans.iter().fold(0, |bits, span| bits | span.known.bit());
        self.spans = spans;
    }

    /// Gives other names to the fields for which `to` says yes: `prefix` followed by the old name.
    pub fn prefix_names(&mut self, prefix: &str, mut to: impl FnMut(Known) -> bool) {
        for at in 0..self.spans.len() {
            let span = self.spans[at];
            if !to(span.known) {
                continue;
            }
            let name = span.name as usize..span.name_end();
            let (Ok(start), Ok(name_len)) = (u32::try_from(self.bytes.len()), u16::try_from(prefix.len() + name.len())) else {
                continue;
            };
            self.bytes.extend_from_slice(prefix.as_bytes());
            self.bytes.extend_from_within(name);
            let known = Known::of(&self.bytes[start as usize..]);
            self.spans[at] = Span { name: start, name_len, known, hop: false, ..span };
        }
        self.present = self.spans.iter().fold(0, |bits, span| bits | span.known.bit());
    }

    /// Empties it; its memory stays.
    pub fn reset(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(fields: &Fields) -> Vec<(String, String)> {
        fields.iter().map(|f| (f.name.to_owned(), String::from_utf8_lossy(f.value).into_owned())).collect()
    }

    #[test]
    fn fields_can_be_added_replaced_renamed_and_dropped() {
        let mut fields = Fields::new();
        fields.push("Server", b"x").unwrap();
        fields.push("a", b"1").unwrap();
        fields.push("A", b"2").unwrap();
        fields.set("a", b"3").unwrap();
        fields.prefix_names("x-amzn-Remapped-", |known| known == Known::Server);
        assert_eq!(told(&fields), [("x-amzn-Remapped-Server".into(), "x".into()), ("a".into(), "3".into())]);
        assert!(!fields.has(Known::Server));
        fields.retain(|field| field.name != "a");
        assert_eq!(fields.len(), 1);
    }

    #[test]
    fn framing_and_broken_lines_cannot_be_added() {
        let mut fields = Fields::new();
        for (name, value) in
            [("Content-Length", "1"), ("Transfer-Encoding", "chunked"), ("Host", "a"), ("a b", "1"), ("a", "1\r\nb: 2"), ("", "")]
        {
            assert!(fields.push(name, value.as_bytes()).is_err(), "{name}");
        }
        assert!(fields.is_empty());
    }

    #[test]
    fn fields_of_an_answer_are_taken_out_and_their_memory_is_used_again() {
        use crate::{Asked, HeadLimits, Parsed, ResponseHead};
        let mut answer = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n".to_vec();
        let mut old = Fields::new();
        old.push("old", b"1").unwrap();
        let mut head = ResponseHead::reusing(old);
        assert_eq!(head.parse(&mut answer, 0, Asked::Plainly, &HeadLimits::for_answers()), Ok(Parsed::Complete));
        assert_eq!(told(&head.into_fields()), [("Server".into(), "x".into())]);
    }
}
