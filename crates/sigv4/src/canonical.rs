//! The canonical request: one way to write what was asked, so that both ends hash the same bytes.

use crate::{ALGORITHM, Dialect, Stamp, encode, key};

/// Header fields by lower-case name, those of one name together and in order of arrival.
pub(crate) struct Fields<'a>(Vec<(String, &'a [u8])>);

impl<'a> Fields<'a> {
    pub(crate) fn of(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut fields: Vec<_> = headers.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        fields.sort_by(|one, other| one.0.cmp(&other.0)); // stable: order of arrival within a name is part of the signature
        Self(fields)
    }

    /// The fields of this lower-case name.
    pub(crate) fn all(&self, name: &str) -> &[(String, &'a [u8])] {
        let start = self.0.partition_point(|(field, _)| field.as_str() < name);
        let length = self.0[start..].partition_point(|(field, _)| field == name);
        &self.0[start..start + length]
    }

    pub(crate) fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).first().map(|(_, value)| *value)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Leaves out what `keep` does not name.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    /// Puts a field in its place.
    pub(crate) fn insert(&mut self, name: &str, value: &'a [u8]) {
        let at = self.0.partition_point(|(field, _)| field.as_str() <= name);
        self.0.insert(at, (name.to_owned(), value));
    }
}

/// What goes into a canonical request besides the path, ready to be written: a verifier writes it once for each form of the path.
pub(crate) struct Parts<'p> {
    pub(crate) method: &'p str,
    pub(crate) query: Vec<u8>,
    pub(crate) fields: &'p Fields<'p>,
    /// Lower-case, sorted, each once.
    pub(crate) signed_headers: &'p [String],
    pub(crate) payload_line: &'p str,
}

impl Parts<'_> {
    pub(crate) fn request(&self, path: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        for line in [self.method.as_bytes(), path, &self.query] {
            out.extend(line);
            out.push(b'\n');
        }
        for name in self.signed_headers {
            out.extend(name.bytes());
            out.push(b':');
            for (at, (_, value)) in self.fields.all(name).iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                push_value(&mut out, value);
            }
            out.push(b'\n');
        }
        out.push(b'\n');
        out.extend(self.signed_headers.join(";").bytes());
        out.push(b'\n');
        out.extend(self.payload_line.bytes());
        out
    }
}

/// A value without the blanks around it, inner runs of blanks as one space. A folded line is such a run.
fn push_value(out: &mut Vec<u8>, value: &[u8]) {
    let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for (at, word) in words.enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        out.extend(word);
    }
}

/// The second line of a canonical request.
pub(crate) fn path(path: &[u8], dialect: Dialect) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len() + 16);
    match dialect {
        Dialect::Standard => folded(path, &mut out),
        Dialect::Unfolded => path.iter().for_each(|byte| push_path_byte(&mut out, *byte)),
        Dialect::S3 => encode::decoded(path).for_each(|byte| push_path_byte(&mut out, byte)),
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

/// Without empty and `.` segments, each `..` taking the segment before it along; a slash at the end stays.
fn folded(path: &[u8], out: &mut Vec<u8>) {
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    for segment in &kept {
        out.push(b'/');
        segment.iter().for_each(|byte| push_path_byte(out, *byte));
    }
    if path.ends_with(b"/") && !kept.is_empty() {
        out.push(b'/');
    }
}

fn push_path_byte(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'/' => out.push(b'/'),
        byte => encode::push_encoded(out, byte),
    }
}

/// The parameters of a raw query: name and value undone, in order of arrival. `a` and `a=` are the same; empty pieces are nothing.
pub(crate) fn parameters(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    query.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()).map(|piece| {
        let equals = piece.iter().position(|byte| *byte == b'=').unwrap_or(piece.len());
        (&piece[..equals], piece.get(equals + 1..).unwrap_or_default())
    })
}

/// The third line of a canonical request: every parameter but `without`, encoded anew, by name and then by value.
pub(crate) fn query(query: &[u8], without: Option<&str>) -> Vec<u8> {
    let mut text = Vec::with_capacity(query.len() + 16);
    let mut spans = Vec::new();
    for (name, value) in parameters(query) {
        if without.is_some_and(|without| encode::decoded_query(name).eq(without.bytes())) {
            continue;
        }
        let start = text.len();
        encode::decoded_query(name).for_each(|byte| encode::push_encoded(&mut text, byte));
        let middle = text.len();
        encode::decoded_query(value).for_each(|byte| encode::push_encoded(&mut text, byte));
        spans.push((start..middle, middle..text.len()));
    }
    spans.sort_by(|one, other| {
        let pair = |span: &(std::ops::Range<usize>, std::ops::Range<usize>)| (&text[span.0.clone()], &text[span.1.clone()]);
        pair(one).cmp(&pair(other))
    });
    let mut out = Vec::with_capacity(text.len() + 2 * spans.len());
    for (name, value) in spans {
        if !out.is_empty() {
            out.push(b'&');
        }
        out.extend(&text[name]);
        out.push(b'=');
        out.extend(&text[value]);
    }
    out
}

/// `scope` is `{day}/{region}/{service}/aws4_request`.
pub(crate) fn string_to_sign(at: Stamp, scope: &str, canonical_request: &[u8]) -> String {
    format!("{ALGORITHM}\n{at}\n{scope}\n{}", key::sha256_hex(canonical_request))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_text(text: &str, dialect: Dialect) -> String {
        String::from_utf8(path(text.as_bytes(), dialect)).unwrap()
    }

    fn query_text(text: &str) -> String {
        String::from_utf8(query(text.as_bytes(), Some("X-Amz-Signature"))).unwrap()
    }

    #[test]
    fn a_path_is_folded_and_encoded_once_more() {
        for (sent, want) in [
            ("", "/"),
            ("/", "/"),
            ("//a//b//", "/a/b/"),
            ("/a/./b/../c", "/a/c"),
            ("/../..", "/"),
            ("/a/..", "/"),
            ("/a/../", "/"),
            ("/a%20b/%40connections", "/a%2520b/%2540connections"),
            ("/%2e%2e/a", "/%252e%252e/a"),
        ] {
            assert_eq!(path_text(sent, Dialect::Standard), want, "{sent}");
        }
    }

    #[test]
    fn s3_keeps_the_path_and_encodes_it_once() {
        assert_eq!(path_text("/bucket//a/../b%20c(d)", Dialect::S3), "/bucket//a/../b%20c%28d%29");
        assert_eq!(path_text("//a/./%41", Dialect::Unfolded), "//a/./%2541");
    }

    #[test]
    fn a_query_is_sorted_by_name_then_value_and_loses_its_signature() {
        for (sent, want) in [
            ("", ""),
            ("&&", ""),
            ("b&a=2&a=1", "a=1&a=2&b="),
            ("a-b=1&a=2", "a=2&a-b=1"),
            ("a=b=c", "a=b%3Dc"),
            ("q=a+b%2Bc%7e", "q=a%20b%2Bc~"),
            ("X-Amz-Signature=1&X%2DAmz-Signature=2&x-amz-signature=3", "x-amz-signature=3"),
        ] {
            assert_eq!(query_text(sent), want, "{sent}");
        }
    }
}
