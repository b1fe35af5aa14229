//! A second reader of HTTP/1.1, which knows nothing of the first: written from RFC 9112 and from what we promise to refuse, over copies
//! and without care for speed. It has no state, so it cannot be cut.

/// Names that no trailer may bring: framing, routing, identity.
const NEVER_TRAILERS: [&str; 10] = [
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "forwarded",
    "host",
    "set-cookie",
    "transfer-encoding",
    "x-api-key",
];
const NEVER_TRAILER_FAMILIES: [&str; 4] = ["x-amz-", "x-amzn-", "x-apigw-", "x-forwarded-"];
const TRAILERS_MAX: usize = 32;
const TRAILERS_BYTES_MAX: usize = 8_192;
const EXTENSIONS_BYTES_MAX: usize = 4_096;

/// A field's name as it came, and its value without the blanks around it.
pub(crate) type FieldList = Vec<(String, Vec<u8>)>;

/// How a body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    None,
    Exact(u64),
    Chunked,
    UntilClose,
}

/// What stands at the front of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found<T> {
    Whole(T),
    /// More must come.
    Partial,
    /// Nothing that may stand there.
    Flaw(&'static str),
}

/// A head: three words (of an answer: version, status, reason) and fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) words: [String; 3],
    pub(crate) fields: FieldList,
    pub(crate) framing: Framing,
    /// Bytes of it all, with blank lines before and after.
    pub(crate) bytes: usize,
}

impl Head {
    /// The answer's status.
    pub(crate) fn status(&self) -> u16 {
        self.words[1].parse().unwrap_or_default()
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    /// Does `Connection` say this word?
    pub(crate) fn connection_says(&self, word: &str) -> bool {
        self.values("connection")
            .any(|value| value.split(|byte| *byte == b',').any(|member| member.trim_ascii().eq_ignore_ascii_case(word.as_bytes())))
    }
}

/// A body, as far as it is there.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Payload {
    pub(crate) bytes: Vec<u8>,
    /// How many bytes of the wire were used; only for a whole one.
    pub(crate) used: usize,
    pub(crate) is_whole: bool,
    pub(crate) is_flawed: bool,
}

pub(crate) fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

fn is_value(value: &[u8]) -> bool {
    value.iter().all(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f))
}

/// Without the blanks around it, which are spaces and tabs and nothing else.
fn trimmed(value: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let from = value.iter().position(|byte| !is_blank(byte)).unwrap_or(value.len());
    let to = value.iter().rposition(|byte| !is_blank(byte)).map_or(from, |last| last + 1);
    &value[from..to]
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn lossless(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Lines up to the blank one: the first line and the fields. `bytes` counts the blank line, too.
fn lines(wire: &[u8]) -> Found<(String, FieldList, usize)> {
    let Some(end) = find(wire, b"\r\n\r\n") else { return Found::Partial };
    let mut lines = Vec::new();
    let mut rest = &wire[..end];
    while let Some(at) = find(rest, b"\r\n") {
        lines.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    lines.push(rest);
    let mut fields = Vec::new();
    for line in &lines[1..] {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return Found::Flaw("a line without a colon") };
        let (name, value) = (&line[..colon], trimmed(&line[colon + 1..]));
        if !is_token(name) {
            return Found::Flaw("a name that is no token");
        }
        if !is_value(value) {
            return Found::Flaw("a control byte in a value");
        }
        fields.push((lossless(name), value.to_vec()));
    }
    Found::Whole((lossless(lines[0]), fields, end + 4))
}

fn decimal(value: &[u8]) -> Option<u64> {
    (!value.is_empty() && value.len() <= 18 && value.iter().all(u8::is_ascii_digit)).then(|| lossless(value).parse().ok())?
}

/// What the fields say of the length: nothing if they say two things.
fn framing(fields: &FieldList, version: &str, may_repeat: bool) -> Option<Framing> {
    let values = |name: &str| -> Vec<Vec<u8>> {
        fields.iter().filter(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone()).collect()
    };
    let (mut lengths, codings) = (values("content-length"), values("transfer-encoding"));
    if may_repeat {
        // 7 and 07 are the same length.
        lengths.dedup_by_key(|value| decimal(value));
    }
    match (&lengths[..], &codings[..]) {
        ([], []) => Some(Framing::None),
        ([one], []) => decimal(one).map(Framing::Exact),
        ([], [one]) if one.eq_ignore_ascii_case(b"chunked") && version == "HTTP/1.1" => Some(Framing::Chunked),
        _ => None,
    }
}

/// The request head at the front. Up to two blank lines may stand before it.
pub(crate) fn request_head(wire: &[u8]) -> Found<Head> {
    let mut from = 0;
    while from < 4 && wire[from..].starts_with(b"\r\n") {
        from += 2;
    }
    let (first, fields, bytes) = match lines(&wire[from..]) {
        Found::Whole(whole) => whole,
        Found::Partial => return Found::Partial,
        Found::Flaw(why) => return Found::Flaw(why),
    };
    let words: Vec<&str> = first.split(' ').collect();
    let [method, target, version] = words[..] else { return Found::Flaw("not three words") };
    if !is_token(method.as_bytes()) {
        return Found::Flaw("a method that is no token");
    }
    if !target.starts_with('/') || target.chars().any(|c| !c.is_ascii_graphic() || "\"<>\\^`{|}#".contains(c)) {
        return Found::Flaw("a target that is not in origin form");
    }
    if !matches!(version, "HTTP/1.0" | "HTTP/1.1") {
        return Found::Flaw("no version of ours");
    }
    let hosts = fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("host")).count();
    if hosts > 1 || (hosts == 0 && version == "HTTP/1.1") {
        return Found::Flaw("no Host, or two");
    }
    let Some(framing) = framing(&fields, version, false) else { return Found::Flaw("two lengths, or none that is one") };
    let words = [method, target, version].map(str::to_owned);
    Found::Whole(Head { words, fields, framing, bytes: from + bytes })
}

/// The head of an answer at the front.
pub(crate) fn answer_head(wire: &[u8], by_head: bool) -> Found<Head> {
    let (first, fields, bytes) = match lines(wire) {
        Found::Whole(whole) => whole,
        Found::Partial => return Found::Partial,
        Found::Flaw(why) => return Found::Flaw(why),
    };
    let mut words = first.splitn(3, ' ');
    let (version, status, reason) = (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_status = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit()) && !status.starts_with('0');
    if !matches!(version, "HTTP/1.0" | "HTTP/1.1") || !is_status || reason.chars().any(|c| c != '\t' && c.is_control() && c < '\u{80}') {
        return Found::Flaw("no status line");
    }
    let Some(framing) = framing(&fields, version, true) else { return Found::Flaw("two lengths, or none that is one") };
    let framing = match framing {
        _ if by_head || status.starts_with('1') || status == "204" || status == "304" => Framing::None,
        Framing::None => Framing::UntilClose,
        other => other,
    };
    Found::Whole(Head { words: [version, status, reason].map(str::to_owned), fields, framing, bytes })
}

/// The body at the front. `UntilClose` is whole when the wire is closed, which it is not here.
pub(crate) fn body(wire: &[u8], framing: Framing) -> Payload {
    match framing {
        Framing::None => Payload { is_whole: true, ..Payload::default() },
        Framing::Exact(length) => {
            let here = usize::try_from(length).unwrap_or(usize::MAX).min(wire.len());
            Payload { bytes: wire[..here].to_vec(), used: here, is_whole: here as u64 == length, is_flawed: false }
        }
        Framing::Chunked => chunked(wire),
        Framing::UntilClose => Payload { bytes: wire.to_vec(), used: wire.len(), is_whole: false, is_flawed: false },
    }
}

/// The chunked body at the front.
pub(crate) fn chunked(wire: &[u8]) -> Payload {
    let (mut bytes, mut used, mut extensions) = (Vec::new(), 0, 0);
    let partial = |bytes| Payload { bytes, ..Payload::default() };
    let flaw = |bytes| Payload { bytes, is_flawed: true, ..Payload::default() };
    loop {
        let rest = &wire[used..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits > 8 {
            return flaw(bytes);
        }
        let line = match find(rest, b"\r\n") {
            Some(end) => &rest[..end],
            // What is here of the line must be good, but for a CR whose LF is to come.
            None => {
                let here = rest.strip_suffix(b"\r").unwrap_or(rest);
                let is_good = is_size_line(here) && (digits > 0 || rest.is_empty());
                return if is_good && extensions + here.len() - digits <= EXTENSIONS_BYTES_MAX + 1 { partial(bytes) } else { flaw(bytes) };
            }
        };
        extensions += (line.len() - digits).saturating_sub(1);
        if digits == 0 || !is_size_line(line) || extensions > EXTENSIONS_BYTES_MAX {
            return flaw(bytes);
        }
        let size = usize::from_str_radix(&lossless(&line[..digits]), 16).unwrap_or(usize::MAX);
        used += line.len() + 2;
        if size == 0 {
            break;
        }
        let here = size.min(wire.len() - used);
        bytes.extend_from_slice(&wire[used..used + here]);
        let after = &wire[used + here..];
        if here < size || b"\r\n".starts_with(&after[..after.len().min(2)]) && after.len() < 2 {
            return partial(bytes);
        }
        if !after.starts_with(b"\r\n") {
            return flaw(bytes);
        }
        used += size + 2;
    }
    match trailers(&wire[used..]) {
        Found::Whole(more) => Payload { bytes, used: used + more, is_whole: true, is_flawed: false },
        Found::Partial => partial(bytes),
        Found::Flaw(_) => flaw(bytes),
    }
}

fn is_size_line(line: &[u8]) -> bool {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    match line.get(digits) {
        None => true,
        Some(b';') => digits > 0 && is_value(&line[digits..]),
        Some(_) => false,
    }
}

/// The trailers, with the blank line that ends them: how many bytes.
fn trailers(wire: &[u8]) -> Found<usize> {
    if wire.starts_with(b"\r\n") {
        return Found::Whole(2);
    }
    if wire.starts_with(b"\r") && wire.len() > 1 {
        return Found::Flaw("a CR without its LF");
    }
    let section = [b"x\r\n", wire].concat();
    match lines(&section) {
        Found::Whole((_, fields, bytes)) => {
            let is_guarded = |name: &str| {
                let name = name.to_ascii_lowercase();
                NEVER_TRAILERS.contains(&name.as_str()) || NEVER_TRAILER_FAMILIES.iter().any(|family| name.starts_with(family))
            };
            if fields.len() > TRAILERS_MAX || bytes - 3 > TRAILERS_BYTES_MAX || fields.iter().any(|(name, _)| is_guarded(name)) {
                return Found::Flaw("a trailer that may not be one");
            }
            Found::Whole(bytes - 3)
        }
        // A bare LF is seen as soon as it is there.
        Found::Partial if section.windows(2).any(|two| two[1] == b'\n' && two[0] != b'\r') => Found::Flaw("a bare LF"),
        Found::Partial => Found::Partial,
        Found::Flaw(why) => Found::Flaw(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A judge that lets all pass proves nothing.
    #[test]
    fn what_could_be_read_in_two_ways_is_a_flaw() {
        let good = "POST /a HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\n";
        assert!(
            matches!(request_head(good.as_bytes()), Found::Whole(head) if head.framing == Framing::Exact(2) && head.bytes == good.len())
        );
        assert_eq!(request_head(&good.as_bytes()[..good.len() - 1]), Found::Partial);
        for (right, wrong) in [
            ("Length: 2", "Length: +2"),
            ("Length: 2", "Length: 2\r\nContent-Length: 2"),
            ("Length: 2", "Length: 2\r\nTransfer-Encoding: chunked"),
            ("Host: b", "X: b"),
            ("Host: b", "Host: b\r\nhost: c"),
            ("Host: b", "Host: b\nX: c"),
            ("Host: b", "Host: b\r\n X: c"),
            ("Host: b", "Host : b"),
            ("/a ", "a "),
            ("/a ", "/a  "),
            ("1.1", "1.2"),
        ] {
            assert!(matches!(request_head(good.replace(right, wrong).as_bytes()), Found::Flaw(_)), "{wrong:?}");
        }
    }

    #[test]
    fn an_answers_body_depends_on_what_was_asked() {
        let framing = |text: &str, by_head| match answer_head(text.as_bytes(), by_head) {
            Found::Whole(head) => Some(head.framing),
            _ => None,
        };
        assert_eq!(framing("HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Length: 07\r\n\r\n", false), Some(Framing::Exact(7)));
        assert_eq!(framing("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", true), Some(Framing::None));
        assert_eq!(framing("HTTP/1.1 204\r\nTransfer-Encoding: chunked\r\n\r\n", false), Some(Framing::None));
        assert_eq!(framing("HTTP/1.0 200 OK\r\n\r\n", false), Some(Framing::UntilClose));
        assert_eq!(framing("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false), None);
        assert_eq!(framing("HTTP/1.1 20 OK\r\n\r\n", false), None);
    }

    #[test]
    fn chunks_end_where_they_say_or_nowhere() {
        let whole = chunked(b"3;x\r\nabc\r\n0\r\nX: y\r\n\r\nmore");
        assert_eq!((whole.bytes.as_slice(), whole.used, whole.is_whole), (&b"abc"[..], 21, true));
        for partial in ["", "3", "3\r", "3\r\nab", "3\r\nabc", "3\r\nabc\r", "0\r\n", "0\r\n\r", "0\r\nX: y\r\n"] {
            let found = chunked(partial.as_bytes());
            assert!(!found.is_whole && !found.is_flawed, "{partial:?}");
        }
        for flawed in
            ["x", "\r\n", "3 \r\n", "0x3\r\n", "3\n", "3\r\nabcd", "000000003", "0\r\nX\r\n\r\n", "0\r\nHost: a\r\n\r\n", "0\r\nX: y\n"]
        {
            assert!(chunked(flawed.as_bytes()).is_flawed, "{flawed:?}");
        }
    }
}
