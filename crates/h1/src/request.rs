//! Request heads: parsed from bytes, or built field by field (by the HTTP/2 driver and by tests) under the same rules.

use crate::check;
use crate::fields::{Field, Fields, Span};
use crate::head::{BodyLength, Facts, Parsed, Rejection, Side, Version, may_be_complete, take_head};
use crate::known::{Known, is_framing_twin};
use crate::limits::{HeadLimits, LEADING_BLANK_LINES_MAX, METHOD_BYTES_MAX};
use crate::read;

/// The methods an API can have, by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Method {
    #[default]
    Get,
    Head,
    Post,
    Put,
    Delete,
    Patch,
    Options,
    /// Any other token; [`RequestHead::method_text`] has it.
    Other,
}

impl Method {
    /// The id of this text. Methods are told apart by case: `get` is `Other`.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        match text {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"PUT" => Self::Put,
            b"DELETE" => Self::Delete,
            b"PATCH" => Self::Patch,
            b"OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }

    /// As it is written; nothing for `Other`.
    #[must_use]
    pub fn text(self) -> Option<&'static str> {
        Some(match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
            Self::Options => "OPTIONS",
            Self::Other => return None,
        })
    }

    /// Does asking twice do no more than asking once (RFC 9110)?
    #[must_use]
    pub fn is_idempotent(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Put | Self::Delete | Self::Options)
    }
}

/// The head of one request. Clear it and use it again: a warm one never allocates.
#[derive(Debug, Clone, Default)]
pub struct RequestHead {
    fields: Fields,
    method: Method,
    method_len: u8,
    version: Version,
    keep_alive: bool,
    expects_continue: bool,
    wants_websocket: bool,
    /// Target and host, side by side: asked for often, so that they are texts once and for all.
    text: String,
    path_end: u32,
    target_end: u32,
    /// Where the host's port begins, with its colon.
    port_from: u32,
    body: BodyLength,
}

impl RequestHead {
    /// Takes a head from the front of `buf`, if it is there as a whole, and leaves what follows it. After a rejection the connection
    /// has no known state: answer and close. On a retry after `Partial`, use [`Self::parse_further`].
    pub fn parse(&mut self, buf: &mut Vec<u8>, limits: &HeadLimits) -> Result<Parsed, Rejection> {
        self.parse_further(buf, 0, limits)
    }

    /// As `parse`, where the first `seen` bytes are known to hold no whole head.
    pub fn parse_further(&mut self, buf: &mut Vec<u8>, seen: usize, limits: &HeadLimits) -> Result<Parsed, Rejection> {
        self.clear();
        let parsed = self.read(buf, seen, limits);
        if parsed != Ok(Parsed::Complete) {
            self.clear();
        }
        parsed
    }

    fn read(&mut self, buf: &mut Vec<u8>, seen: usize, limits: &HeadLimits) -> Result<Parsed, Rejection> {
        let from = skip_blank_lines(buf)?;
        if from == buf.len() || (seen > 0 && !may_be_complete(buf, seen)) {
            return still_partial(&buf[from..], limits);
        }
        let bytes = &buf[from..];
        let Some((line, fields_from)) = read::start_line(bytes)? else {
            return judge_line(bytes).and_then(|()| still_partial(bytes, limits));
        };
        let (method, target, version) = words(line)?;
        self.version = version;
        self.start(method, target, limits)?;
        let read = read::read_fields(Side::Request, version, bytes, fields_from, limits, &mut self.fields)?;
        let Some((facts, len)) = read else { return still_partial(bytes, limits) };
        take_head(&mut self.fields.bytes, buf, from, from + len);
        self.settle(&facts)?;
        Ok(Parsed::Complete)
    }

    /// Starts a head by hand. See [`Builder`].
    #[must_use]
    pub fn build(method: &str, target: &str, version: Version) -> Builder {
        Self::default().rebuild(method, target, version)
    }

    /// As `build`, in the buffers of this one.
    #[must_use]
    pub fn rebuild(mut self, method: &str, target: &str, version: Version) -> Builder {
        self.clear();
        self.version = version;
        let started =
            self.start(method.as_bytes(), target.as_bytes(), &HeadLimits { target_bytes_max: u32::MAX / 2, ..HeadLimits::default() });
        for part in [method, " ", target, "\r\n"] {
            self.fields.bytes.extend_from_slice(part.as_bytes());
        }
        Builder { head: self, facts: Facts::default(), body: None, flaw: started.err() }
    }

    /// Empties it and keeps its buffers.
    pub fn clear(&mut self) {
        let (mut fields, mut text) = (std::mem::take(&mut self.fields), std::mem::take(&mut self.text));
        fields.clear();
        text.clear();
        *self = Self { fields, text, ..Self::default() };
    }

    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    #[must_use]
    pub fn method_text(&self) -> &str {
        let usual = self.method.text().filter(|text| text.len() == usize::from(self.method_len));
        usual.unwrap_or_else(|| self.fields.text(0, usize::from(self.method_len)))
    }

    /// Path and query as received: they start with a slash and are ASCII without controls, spaces and ``"<>\^`{|}#``.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.text[..self.target_end as usize]
    }

    /// The target up to the question mark.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.text[..self.path_end as usize]
    }

    /// What follows the question mark; blank if nothing does, nothing if there is none.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        let (mark, end) = (self.path_end as usize, self.target_end as usize);
        (mark < end).then(|| &self.text[mark + 1..end])
    }

    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    #[must_use]
    pub fn body(&self) -> BodyLength {
        self.body
    }

    /// Does the client want to go on with this connection?
    #[must_use]
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Does the client wait for `100 Continue` before it sends its body?
    #[must_use]
    pub fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    /// Is it a GET that asks, by `Connection` and `Upgrade`, to speak WebSocket from here on?
    #[must_use]
    pub fn wants_websocket(&self) -> bool {
        self.wants_websocket
    }

    /// `Host` as received, with its port; blank only for HTTP/1.0.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.text[self.target_end as usize..]
    }

    /// `Host` without its port. An IPv6 address keeps its brackets.
    #[must_use]
    pub fn host_name(&self) -> &str {
        &self.text[self.target_end as usize..self.port_from as usize]
    }

    #[must_use]
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The value of the first field of this name.
    #[must_use]
    pub fn field(&self, known: Known) -> Option<&[u8]> {
        self.fields.first(known)
    }

    /// All fields of this name, in any spelling.
    pub fn fields_named<'a>(&'a self, name: &str) -> impl Iterator<Item = Field<'a>> {
        self.fields.named(name)
    }

    /// Checks and keeps what the request line says.
    fn start(&mut self, method: &[u8], target: &[u8], limits: &HeadLimits) -> Result<(), Rejection> {
        if !check::is_token(method) || method.len() > METHOD_BYTES_MAX {
            return Err(Rejection::bad("the method is no token, or too long"));
        }
        if target.len() > (limits.target_bytes_max as usize).min(u32::MAX as usize / 2) {
            return Err(too_long_target());
        }
        if !check::is_target(target) {
            return Err(Rejection::bad("the target is not in origin form, or has a byte that must be percent-encoded"));
        }
        self.method = Method::of(method);
        self.method_len = method.len() as u8;
        self.text.push_str(str::from_utf8(target).expect("what may stand in a target is ASCII"));
        self.path_end = memchr::memchr(b'?', target).unwrap_or(target.len()) as u32;
        self.target_end = target.len() as u32;
        self.port_from = self.target_end;
        Ok(())
    }

    /// The rules that need all fields.
    fn settle(&mut self, facts: &Facts) -> Result<(), Rejection> {
        if !facts.host_seen && self.version != Version::Http10 {
            return Err(Rejection::bad("no Host"));
        }
        facts.settle(&mut self.fields)?;
        let host = self.fields.first(Known::Host).unwrap_or_default();
        self.text.push_str(str::from_utf8(host).expect("what may stand in a host is ASCII"));
        self.port_from = self.text.len() as u32 - port_len(host);
        self.body = match facts.content_length {
            _ if facts.chunked => BodyLength::Chunked,
            Some(length) => BodyLength::Exact(length),
            None => BodyLength::None,
        };
        self.keep_alive = facts.keeps_alive(self.version);
        self.expects_continue = facts.expects_continue && self.version == Version::Http11 && !self.body.is_empty();
        self.wants_websocket = facts.wants_websocket
            && facts.says_upgrade
            && self.version == Version::Http11
            && self.method == Method::Get
            && self.body.is_empty();
        Ok(())
    }
}

/// A request head that is made field by field. The first flaw is kept and told at the end.
#[derive(Debug)]
pub struct Builder {
    head: RequestHead,
    facts: Facts,
    body: Option<BodyLength>,
    flaw: Option<Rejection>,
}

impl Builder {
    /// Adds a field. HTTP/2's `:authority` comes as `Host`.
    #[must_use]
    pub fn push(mut self, name: &str, value: &[u8]) -> Self {
        if self.flaw.is_none() {
            self.flaw = self.add(name.as_bytes(), check::trimmed(value)).err();
        }
        self
    }

    /// States the length of the body where the fields do not: HTTP/2 tells by its frames.
    #[must_use]
    pub fn body(mut self, length: BodyLength) -> Self {
        self.body = Some(length);
        self
    }

    /// The head, or the first rule it breaks. Sizes are not checked here: they are the caller's, who had the bytes first.
    pub fn finish(mut self) -> Result<RequestHead, Rejection> {
        if let Some(flaw) = self.flaw {
            return Err(flaw);
        }
        self.head.settle(&self.facts)?;
        self.head.body = self.body.unwrap_or(self.head.body);
        Ok(self.head)
    }

    fn add(&mut self, name: &[u8], value: &[u8]) -> Result<(), Rejection> {
        if !check::is_token(name) {
            return Err(Rejection::bad("a field name is no token"));
        }
        if !check::is_value(value) {
            return Err(Rejection::bad("a control byte in a field value"));
        }
        let too_large = Rejection { status: 431, because: "the fields are too large" };
        let name_len = u16::try_from(name.len()).map_err(|_| too_large)?;
        let value_len = u32::try_from(value.len()).map_err(|_| too_large)?;
        let known = Known::of(name);
        if known == Known::Other && is_framing_twin(name) {
            return Err(read::FRAMING_TWIN);
        }
        self.facts.note(Side::Request, self.head.version, known, value)?;
        let fields = &mut self.head.fields;
        let from = u32::try_from(fields.bytes.len()).map_err(|_| too_large)?;
        for part in [name, b": ", value, b"\r\n"] {
            fields.bytes.extend_from_slice(part);
        }
        let value = from + u32::from(name_len) + 2;
        fields.add(Span { name: from, value, value_len, name_len, known, hop: known.is_hop_by_hop() });
        Ok(())
    }
}

/// Bytes of a host's port, with its colon. That colon is the last one: it stands after the bracket of an address, and names have none.
fn port_len(host: &[u8]) -> u32 {
    let digits = host.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    if host[..host.len() - digits].ends_with(b":") { digits as u32 + 1 } else { 0 }
}

/// How many bytes of blank lines stand before the request line.
fn skip_blank_lines(bytes: &[u8]) -> Result<usize, Rejection> {
    let mut from = 0;
    while bytes[from..].starts_with(b"\r\n") {
        from += 2;
        if from > 2 * LEADING_BLANK_LINES_MAX {
            return Err(Rejection::bad("too many blank lines before the request"));
        }
    }
    match &bytes[from..] {
        [b'\n', ..] => Err(Rejection::bad("a bare LF before the request")),
        b"\r" => Ok(bytes.len()),
        rest => Ok(bytes.len() - rest.len()),
    }
}

/// The head goes on; is there room for what is to come?
fn still_partial(bytes: &[u8], limits: &HeadLimits) -> Result<Parsed, Rejection> {
    let line_bytes_max = limits.target_bytes_max as usize + METHOD_BYTES_MAX + " HTTP/1.1\r\n".len() + 1;
    if bytes.len() > line_bytes_max && memchr::memchr(b'\n', &bytes[..line_bytes_max]).is_none() {
        return Err(too_long_target());
    }
    if bytes.len() > limits.head_bytes_max() {
        return Err(Rejection { status: 431, because: "the head is too large" });
    }
    Ok(Parsed::Partial)
}

fn too_long_target() -> Rejection {
    Rejection { status: 414, because: "the target is too long" }
}

/// The three words of a request line.
fn words(line: &[u8]) -> Result<(&[u8], &[u8], Version), Rejection> {
    let end = memchr::memchr(b' ', line).ok_or(Rejection::bad("the request line is one word"))?;
    let (method, rest) = (&line[..end], &line[end + 1..]);
    let (target, version) = match rest {
        [target @ .., b' ', b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'] => (target, Version::Http11),
        [target @ .., b' ', b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'] => (target, Version::Http10),
        _ => return Err(version_rejection(line)),
    };
    Ok((method, target, version))
}

/// The beginning of a request line whose end is still to come: may it go on to be one?
fn judge_line(bytes: &[u8]) -> Result<(), Rejection> {
    let method_len = check::token_len(bytes);
    match bytes.get(method_len) {
        _ if method_len > METHOD_BYTES_MAX => Err(Rejection::bad("the method is no token, or too long")),
        None => Ok(()),
        Some(b' ') if method_len > 0 => Ok(()),
        Some(_) => Err(Rejection::bad("the method is no token, or too long")),
    }
}

/// A version that is written well but that we do not speak is 505; anything else in its place is no request.
fn version_rejection(line: &[u8]) -> Rejection {
    let mut words = line.split(|byte| *byte == b' ');
    match (words.nth(2), words.next()) {
        (Some([b'H', b'T', b'T', b'P', b'/', major, b'.', minor]), None) if major.is_ascii_digit() && minor.is_ascii_digit() => {
            Rejection { status: 505, because: "an HTTP version other than 1.0 and 1.1" }
        }
        _ => Rejection::bad("no HTTP version"),
    }
}
