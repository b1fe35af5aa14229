//! Percent, hexadecimal and base64 forms.

const HEX_LOWER: &[u8; 16] = b"0123456789abcdef";
const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [HEX_LOWER[usize::from(byte >> 4)], HEX_LOWER[usize::from(byte & 15)]]).map(char::from).collect()
}

/// Appends `byte` as it is if it is one of the unreserved `A-Za-z0-9-._~`, else as `%XX`.
pub(crate) fn push_encoded(out: &mut Vec<u8>, byte: u8) {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
        out.push(byte);
    } else {
        out.extend([b'%', HEX_UPPER[usize::from(byte >> 4)], HEX_UPPER[usize::from(byte & 15)]]);
    }
}

/// The bytes of `text` with `%XX` undone. A `%` that starts no escape stands for itself.
pub(crate) fn decoded(text: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let byte = *text.get(at)?;
        let digits = text.get(at + 1..at + 3).filter(|_| byte == b'%');
        let escaped = digits.and_then(|pair| Some((nibble(pair[0])? << 4) | nibble(pair[1])?));
        at += if escaped.is_some() { 3 } else { 1 };
        Some(escaped.unwrap_or(byte))
    })
}

/// As [`decoded`], for queries: a literal `+` is a space.
pub(crate) fn decoded_query(text: &[u8]) -> impl Iterator<Item = u8> + '_ {
    // The `+` is judged before escapes are undone, so that `%2B` stays a plus: split there and put the spaces between.
    let mut pieces = text.split(|byte| *byte == b'+');
    let first = pieces.next().unwrap_or_default();
    decoded(first).chain(pieces.flat_map(|piece| std::iter::once(b' ').chain(decoded(piece))))
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Standard base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, at| (word << 8) | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4usize {
            let sextet = (word >> (18 - 6 * at)) & 63;
            out.push(if at <= chunk.len() { char::from(BASE64[sextet as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::base64::Engine;

    #[test]
    fn base64_pads_as_everybody_does() {
        for length in 0..40u8 {
            let bytes: Vec<u8> = (0..length).map(|at| at.wrapping_mul(151)).collect();
            assert_eq!(base64(&bytes), ::base64::engine::general_purpose::STANDARD.encode(&bytes));
        }
    }

    #[test]
    fn a_percent_that_starts_no_escape_stands_for_itself() {
        let plain = |text: &str| String::from_utf8(decoded(text.as_bytes()).collect()).unwrap();
        assert_eq!(plain("a%20b"), "a b");
        assert_eq!(plain("100%"), "100%");
        assert_eq!(plain("%4"), "%4");
        assert_eq!(plain("%zz%41"), "%zzA");
        assert_eq!(plain("%2541"), "%41");
        assert_eq!(plain("a+b"), "a+b");
    }

    #[test]
    fn a_plus_in_a_query_is_a_space_and_an_escaped_plus_is_not() {
        let plain = |text: &str| String::from_utf8(decoded_query(text.as_bytes()).collect()).unwrap();
        assert_eq!(plain("a+b%2Bc+"), "a b+c ");
        assert_eq!(plain("%2+0"), "%2 0");
    }
}
