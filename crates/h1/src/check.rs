//! Which bytes may stand where: one table for all the alphabets of a head.

const TOKEN: u8 = 1;
const TARGET: u8 = 2;
const VALUE: u8 = 4;
const HOST: u8 = 8;

const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        let word = byte.is_ascii_alphanumeric();
        let mut class = 0;
        if word || among(byte, b"!#$%&'*+-.^_`|~") {
            class |= TOKEN;
        }
        // RFC 3986: pchar, `/` and `?`, and percent as itself: whoever decodes decides about a percent sign that stands alone.
        // `[` and `]` are no pchar, yet clients send `?filter[a]=1` raw and AWS takes it. AWS documents `|`, `{` and `}` as refused
        // (400); the RFC refuses `"`, `<`, `>`, `\`, `^`, the backtick, `#`, controls, space and everything above ASCII.
        if word || among(byte, b"-._~!$&'()*+,;=:@/?%[]") {
            class |= TARGET;
        }
        if byte == b'\t' || (byte >= b' ' && byte != 0x7f) {
            class |= VALUE;
        }
        // A name or IPv4 address. RFC 3986 also has sub-delims and percent; no name that resolves has them.
        if word || among(byte, b"-._") {
            class |= HOST;
        }
        table[at] = class;
        at += 1;
    }
    table
}

const fn among(byte: u8, set: &[u8]) -> bool {
    let mut at = 0;
    while at < set.len() {
        if set[at] == byte {
            return true;
        }
        at += 1;
    }
    false
}

fn all(bytes: &[u8], class: u8) -> bool {
    // Without a branch for each byte: what comes is nearly always good, and short.
    bytes.iter().fold(class, |common, byte| common & CLASSES[usize::from(*byte)]) != 0
}

/// The same for constants.
pub(crate) const fn is_token_const(bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        if CLASSES[bytes[at] as usize] & TOKEN == 0 {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty()
}

/// A token: field names, methods, members of `Connection`.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && all(bytes, TOKEN)
}

/// How many bytes at the front are those of a token.
pub(crate) fn token_len(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| CLASSES[usize::from(*byte)] & TOKEN == 0).unwrap_or(bytes.len())
}

/// An origin-form target: it starts with a slash and has nothing that two parsers could read in two ways.
pub(crate) fn is_target(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'/') && all(bytes, TARGET)
}

/// A field value: visible bytes, space, tab, and the upper half, which HTTP calls opaque; no CR, LF, NUL or other control.
pub(crate) fn is_value(bytes: &[u8]) -> bool {
    // In arithmetic without branches, so that sixteen bytes are looked at at once; what is left, by the table.
    let (chunks, rest) = bytes.as_chunks::<16>();
    let bad = |byte: u8| (u8::from(byte < b' ') & u8::from(byte != b'\t')) | u8::from(byte == 0x7f);
    let of_chunk = |chunk: &[u8; 16]| chunk.iter().fold(0, |sum, byte| sum | bad(*byte));
    chunks.iter().all(|chunk| of_chunk(chunk) == 0) && all(rest, VALUE)
}

/// A host as `Host` may carry it: a name or address, perhaps with a port. Blank is refused: a gateway chooses the API by it.
pub(crate) fn is_host(bytes: &[u8]) -> bool {
    let (name_is_good, port) = match bytes.strip_prefix(b"[") {
        Some(rest) => {
            let Some(end) = memchr::memchr(b']', rest) else { return false };
            let address = &rest[..end];
            let good = !address.is_empty() && address.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
            (good, &rest[end + 1..])
        }
        None => {
            let end = memchr::memchr(b':', bytes).unwrap_or(bytes.len());
            (end > 0 && all(&bytes[..end], HOST), &bytes[end..])
        }
    };
    let port_is_good = match port.strip_prefix(b":") {
        Some(digits) => matches!(decimal(digits), Some(0..=65_535)) && digits.len() <= 5,
        None => port.is_empty(),
    };
    name_is_good && port_is_good
}

/// Digits and nothing else, at most 18 of them, so that the sum of two can not overflow.
pub(crate) fn decimal(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || bytes.len() > 18 {
        return None;
    }
    bytes.iter().try_fold(0, |sum: u64, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

/// The value without the blanks (space, tab) around it.
pub(crate) fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// The members of a comma list, trimmed, without the blank ones.
pub(crate) fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trimmed).filter(|member| !member.is_empty())
}
