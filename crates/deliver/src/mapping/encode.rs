//! Percent-encoding, put on what back ends get.

use base::gate::decoded;

/// Where encoded text is to stand: what may stay as it is differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a host: nothing that could end it.
    Host,
    /// In a path: slashes stay, so that a greedy parameter keeps its segments.
    Path,
    /// Among the values of a query: nothing that could begin another parameter.
    Query,
    /// As a whole name or value of a query parameter.
    Parameter,
    /// As one segment of a path: a slash in it is no slash.
    Segment,
    /// Text that its author has encoded: only what can not stand in a URL at all is encoded.
    Verbatim,
}

impl Place {
    fn keeps(self, byte: u8) -> bool {
        KEPT[self as usize][usize::from(byte)]
    }
}

/// For each place, the bytes that stay.
static KEPT: [[bool; 256]; 6] =
    [kept(b""), kept(b"!$&'()*+,;=:@/"), kept(b"!$'()*,:@/"), kept(b""), kept(b"!$&'()*+,;=:@"), kept(b"!$%&'()*+,/:;=?@[]")];

const _: () = assert!(Place::Host as usize == 0 && Place::Query as usize == 2 && Place::Verbatim as usize == 5);

const fn kept(besides: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    let mut at = 0;
    while at < besides.len() {
        table[besides[at] as usize] = true;
        at += 1;
    }
    table
}

/// Appends text, with what may not stand in this place percent-encoded.
pub(crate) fn push_encoded(out: &mut Vec<u8>, text: &[u8], place: Place) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| !place.keeps(*byte)) {
        let byte = rest[at];
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Appends a path whose segments are decoded and encoded anew, each for itself: what was one segment stays one, and none of them can
/// climb out of the path it is put into.
pub(crate) fn push_segments(out: &mut Vec<u8>, path: &str) {
    for (n, segment) in path.split('/').enumerate() {
        if n > 0 {
            out.push(b'/');
        }
        match &*decoded(segment, false) {
            "." => out.extend_from_slice(b"%2E"),
            ".." => out.extend_from_slice(b"%2E%2E"),
            text => push_encoded(out, text.as_bytes(), Place::Segment),
        }
    }
}

/// Appends text that is encoded already: its escapes stay, all else is treated as the place demands.
pub(crate) fn push_reencoded(out: &mut Vec<u8>, text: &[u8], place: Place) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        push_encoded(out, &rest[..at], place);
        let is_escape = rest.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        out.extend_from_slice(if is_escape { b"%" } else { b"%25" });
        rest = &rest[at + 1..];
    }
    push_encoded(out, rest, place);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, place: Place) -> String {
        let mut out = Vec::new();
        push_encoded(&mut out, text.as_bytes(), place);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_place_keeps_what_can_do_no_harm_there() {
        assert_eq!(encoded("a b/c?d&e=f+g%é", Place::Path), "a%20b/c%3Fd&e=f+g%25%C3%A9");
        assert_eq!(encoded("a b/c?d&e=f+g;", Place::Query), "a%20b/c%3Fd%26e%3Df%2Bg%3B");
        assert_eq!(encoded("a/b:c,d", Place::Parameter), "a%2Fb%3Ac%2Cd");
        assert_eq!(encoded("a.b/c:8@d", Place::Host), "a.b%2Fc%3A8%40d");
        assert_eq!(encoded("a%20b?c=d{e} #", Place::Verbatim), "a%20b?c=d%7Be%7D%20%23");
    }

    #[test]
    fn text_that_is_encoded_keeps_its_escapes() {
        let mut out = Vec::new();
        push_reencoded(&mut out, b"a%2Fb%zz&c", Place::Query);
        assert_eq!(out, b"a%2Fb%25zz%26c");
    }
}
