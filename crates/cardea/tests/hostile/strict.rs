//! A reader of HTTP/1.1 that takes one spelling of everything and nothing else: the judge of what the gateway writes.

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The request or status line.
    pub(crate) line: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// How many bytes it had.
    pub(crate) bytes: usize,
}

/// Why there is no message at the front of these bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// More must come.
    Partial,
    /// Somebody could read it otherwise.
    Ambiguous(String),
}

/// Whether more bytes may come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Open,
    Ended,
}

fn no<T>(why: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Ambiguous(why.into()))
}

impl Message {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn count(&self, name: &str) -> usize {
        // Some back ends take `_` for `-`.
        self.fields.iter().filter(|(have, _)| have.replace('_', "-").eq_ignore_ascii_case(name)).count()
    }

    /// The request's target.
    pub(crate) fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    /// The answer's status.
    pub(crate) fn status(&self) -> u16 {
        self.line.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or_default()
    }
}

fn head(bytes: &[u8]) -> Result<Message, Fault> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        // Whatever is here already must be good as far as it goes.
        return if bytes.windows(2).any(|two| two[1] == b'\n' && two[0] != b'\r') { no("a bare LF") } else { Err(Fault::Partial) };
    };
    let Ok(text) = std::str::from_utf8(&bytes[..end]) else { return no("a head that is not ASCII") };
    if text.replace("\r\n", "").bytes().any(|byte| byte != b'\t' && (byte < b' ' || byte == 0x7f)) {
        return no("a control byte in a head");
    }
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let mut fields = Vec::new();
    for field in lines {
        let Some((name, value)) = field.split_once(": ") else { return no(format!("a field without name: {field:?}")) };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)) {
            return no(format!("a field name that is no token: {name:?}"));
        }
        fields.push((name.to_owned(), value.to_owned()));
    }
    Ok(Message { line, fields, body: Vec::new(), bytes: end + 4 })
}

/// The head of a request, without its body.
pub(crate) fn request_head(bytes: &[u8]) -> Result<Message, Fault> {
    let message = head(bytes)?;
    let words: Vec<&str> = message.line.split(' ').collect();
    match words[..] {
        [verb, target, "HTTP/1.1"] if !verb.is_empty() && verb.bytes().all(|byte| byte.is_ascii_uppercase()) && target.starts_with('/') => {
        }
        _ => return no(format!("a request line {:?}", message.line)),
    }
    if message.count("host") != 1 {
        return no(format!("{} Hosts", message.count("host")));
    }
    framed(message)
}

fn framed(message: Message) -> Result<Message, Fault> {
    let (lengths, codings) = (message.count("content-length"), message.count("transfer-encoding"));
    if lengths + codings > 1 {
        return no(format!("{lengths} lengths and {codings} transfer codings"));
    }
    if (lengths == 1 && message.field("content-length").is_none())
        || (codings == 1 && message.field("transfer-encoding") != Some("chunked"))
    {
        return no("a transfer coding, or a name that can be taken for framing");
    }
    Ok(message)
}

/// A whole request.
pub(crate) fn request(bytes: &[u8]) -> Result<Message, Fault> {
    body(request_head(bytes)?, bytes, None)
}

/// A whole answer, to something else than HEAD.
pub(crate) fn answer(bytes: &[u8], source: Source) -> Result<Message, Fault> {
    let message = framed(head(bytes)?)?;
    if !message.line.starts_with("HTTP/1.1 ") || !(100..600).contains(&message.status()) {
        return no(format!("a status line {:?}", message.line));
    }
    if message.status() < 200 || matches!(message.status(), 204 | 304) {
        return Ok(message);
    }
    body(message, bytes, Some(source))
}

fn body(mut message: Message, bytes: &[u8], until_end: Option<Source>) -> Result<Message, Fault> {
    let from = message.bytes;
    if let Some(length) = message.field("content-length") {
        let plain = length.len() <= 18 && !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let Some(length) = length.parse::<usize>().ok().filter(|_| plain) else { return no(format!("a length {length:?}")) };
        let Some(body) = bytes.get(from..from + length) else { return Err(Fault::Partial) };
        message.body = body.to_vec();
        message.bytes = from + length;
        return Ok(message);
    }
    if message.field("transfer-encoding").is_some() {
        return chunks(message, bytes);
    }
    match until_end {
        None => {}
        Some(Source::Open) => return Err(Fault::Partial),
        Some(Source::Ended) => {
            message.body = bytes[from..].to_vec();
            message.bytes = bytes.len();
        }
    }
    Ok(message)
}

fn chunks(mut message: Message, bytes: &[u8]) -> Result<Message, Fault> {
    loop {
        let rest = &bytes[message.bytes..];
        let Some(end) = rest.windows(2).position(|two| two == b"\r\n") else { return Err(Fault::Partial) };
        let digits = std::str::from_utf8(&rest[..end]).unwrap_or("?");
        let plain = (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let Some(size) = usize::from_str_radix(digits, 16).ok().filter(|_| plain) else { return no(format!("a chunk size {digits:?}")) };
        let Some(chunk) = rest.get(end + 2..end + 2 + size + 2) else { return Err(Fault::Partial) };
        if !chunk.ends_with(b"\r\n") {
            return no("a chunk (or a trailer) that does not end with its line");
        }
        message.body.extend_from_slice(&chunk[..size]);
        message.bytes += end + 2 + size + 2;
        if size == 0 {
            return Ok(message);
        }
    }
}

/// The judge's own test: a judge that lets all pass proves nothing.
pub(crate) fn sees_what_is_ambiguous() {
    let good = "POST /a HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(request(good.as_bytes()).unwrap().body, b"ok");
    let chunked = "POST /a HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    assert_eq!(request(chunked.as_bytes()).unwrap().body, b"ok");
    assert_eq!(request(&good.as_bytes()[..good.len() - 1]), Err(Fault::Partial));
    let ambiguous = [
        good.replace("Content-Length: 2", "Content-Length: +2"),
        good.replace("Content-Length: 2", "Content-Length: 2\r\nContent-Length: 2"),
        good.replace("Content-Length: 2", "Content-Length: 2\r\nTransfer-Encoding: chunked"),
        good.replace("Content-Length: 2", "Content_Length: 2"),
        good.replace("Host: b", "Host: b\r\nHost: b"),
        good.replace("Host: b", "X: b"),
        good.replace("Host: b", "Host: b\nX: c"),
        good.replace("Host: b", "Host: b\r\nX: \0"),
        good.replace("Host: b", "Host: b\r\n X: c"),
        good.replace("/a", "http://a/"),
        chunked.replace("\r\n2\r\n", "\r\n2;x\r\n"),
        chunked.replace("\r\n2\r\n", "\r\n0x2\r\n"),
        chunked.replace("0\r\n\r\n", "0\r\nA: b\r\n\r\n"),
        chunked.replace(": chunked", ": x, chunked"),
    ];
    for text in ambiguous {
        assert!(matches!(request(text.as_bytes()), Err(Fault::Ambiguous(_))), "{text:?}");
    }
}
