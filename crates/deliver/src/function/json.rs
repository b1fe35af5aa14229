//! JSON text, written straight into a buffer: the event of a proxy integration is the hot path of most who use functions.

/// Appends a JSON string. What is no UTF-8 becomes U+FFFD.
pub(super) fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    match std::str::from_utf8(text) {
        Ok(_) => push_escaped(out, text),
        Err(_) => push_escaped(out, String::from_utf8_lossy(text).as_bytes()),
    }
    out.push(b'"');
}

/// Appends a string, or `null` for an empty one.
pub(super) fn push_text_or_null(out: &mut Vec<u8>, text: &[u8]) {
    if text.is_empty() { out.extend_from_slice(b"null") } else { push_text(out, text) }
}

fn push_escaped(out: &mut Vec<u8>, text: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut from = 0;
    for (at, &byte) in text.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text[from..at]);
        from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => out.extend_from_slice(&[b'\\', b'u', b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
    out.extend_from_slice(&text[from..]);
}

/// The members of an object, with their commas.
pub(super) struct Members<'o> {
    pub(super) out: &'o mut Vec<u8>,
    begun: bool,
}

impl<'o> Members<'o> {
    pub(super) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Members { out, begun: false }
    }

    /// The name of the next member; its value is then appended to what is returned.
    pub(super) fn name(&mut self, name: &[u8]) -> &mut Vec<u8> {
        if self.begun {
            self.out.push(b',');
        }
        self.begun = true;
        push_text(self.out, name);
        self.out.push(b':');
        self.out
    }

    pub(super) fn text(&mut self, name: &str, value: &[u8]) {
        push_text(self.name(name.as_bytes()), value);
    }

    pub(super) fn text_or_null(&mut self, name: &str, value: &[u8]) {
        push_text_or_null(self.name(name.as_bytes()), value);
    }

    pub(super) fn raw(&mut self, name: &str, json: &[u8]) {
        self.name(name.as_bytes()).extend_from_slice(json);
    }

    pub(super) fn close(self) {
        self.out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_become_a_string_that_reads_back(bytes: Vec<u8>) {
            let mut out = Vec::new();
            push_text(&mut out, &bytes);
            let read: String = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(read, String::from_utf8_lossy(&bytes));
        }
    }
}
