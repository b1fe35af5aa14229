//! The only place that emits request lines, status lines, Host, Content-Length, Transfer-Encoding and Connection. Framing is an enum
//! that somebody decided, never bytes that somebody sent.

use crate::check;
use crate::fields::Fields;
use crate::head::BodyLength;
use crate::known::{Known, OwnField};
use crate::limits::METHOD_BYTES_MAX;

/// What to tell a client that waits before it sends its body. [`crate::Server::want_body`] knows when.
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Why something is not written. Nothing of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unwritable {
    pub because: &'static str,
}

/// What a head says about its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connection {
    /// Nothing: HTTP/1.1 goes on.
    #[default]
    Unsaid,
    /// It goes on, said aloud for HTTP/1.0.
    KeepAlive,
    Close,
    /// It goes on as WebSocket.
    Websocket,
}

/// Writes one request head into a buffer.
#[derive(Debug)]
#[must_use = "a head without its end is no head"]
pub struct RequestWriter<'a> {
    out: &'a mut Vec<u8>,
    says_no_body: bool,
}

impl<'a> RequestWriter<'a> {
    /// Writes the request line and `Host`.
    pub fn start(out: &'a mut Vec<u8>, method: &str, target: &str, host: &str) -> Result<Self, Unwritable> {
        if !check::is_token(method.as_bytes()) || method.len() > METHOD_BYTES_MAX {
            return Err(Unwritable { because: "the method is no token, or too long" });
        }
        if !check::is_target(target.as_bytes()) {
            return Err(Unwritable { because: "the target is not in origin form, or has a byte that must be percent-encoded" });
        }
        if !check::is_host(host.as_bytes()) {
            return Err(Unwritable { because: "the host is not a host" });
        }
        for part in [method, " ", target, " HTTP/1.1\r\nHost: ", host, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        Ok(Self { out, says_no_body: matches!(method, "POST" | "PUT" | "PATCH") })
    }

    /// Writes a field. Names of framing (and `Expect`, which is never used upstream) are refused, as is what could break a line.
    pub fn field(&mut self, name: &str, value: &[u8]) -> Result<(), Unwritable> {
        let known = Known::of(name.as_bytes());
        if known.is_framing() || known == Known::Expect {
            return Err(Unwritable { because: "the field is the writer's own" });
        }
        write_field(self.out, name, value)
    }

    /// Writes a field of ours. Refused is a value that could break a line.
    pub fn own(&mut self, name: OwnField, value: &[u8]) -> Result<(), Unwritable> {
        write_own(self.out, name, value)
    }

    /// Passes on the fields of a received head for which `keep` says yes; those that never are (see
    /// [`crate::Field::is_end_to_end`]) are left out without asking. Neighbours that are kept go in one copy.
    pub fn forward(&mut self, fields: &Fields, keep: impl FnMut(Known, &[u8]) -> bool) {
        forward(self.out, fields, keep);
    }

    /// Writes framing, `Connection` and the end. A request can not last until the connection closes: such a body goes in chunks.
    pub fn finish(self, body: BodyLength, connection: Connection) {
        let framing = match body {
            // Servers may wait for a body where there could be one (RFC 9110, 8.6).
            BodyLength::None if self.says_no_body => BodyLength::Exact(0),
            BodyLength::UntilClose => BodyLength::Chunked,
            _ => body,
        };
        finish(self.out, framing, connection);
    }
}

/// Writes one answer head into a buffer.
#[derive(Debug)]
#[must_use = "a head without its end is no head"]
pub struct ResponseWriter<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> ResponseWriter<'a> {
    /// Writes the status line, with the usual words. Statuses are three digits: others become 500.
    pub fn start(out: &'a mut Vec<u8>, status: u16) -> Self {
        let status = if (100..1000).contains(&status) { status } else { 500 };
        out.extend_from_slice(b"HTTP/1.1 ");
        out.extend_from_slice(itoa::Buffer::new().format(status).as_bytes());
        out.push(b' ');
        out.extend_from_slice(reason(status).as_bytes());
        out.extend_from_slice(b"\r\n");
        Self { out }
    }

    /// Writes a field. Names of framing are refused, as is what could break a line.
    pub fn field(&mut self, name: &str, value: &[u8]) -> Result<(), Unwritable> {
        if Known::of(name.as_bytes()).is_framing() {
            return Err(Unwritable { because: "the field is the writer's own" });
        }
        write_field(self.out, name, value)
    }

    /// As [`RequestWriter::own`].
    pub fn own(&mut self, name: OwnField, value: &[u8]) -> Result<(), Unwritable> {
        write_own(self.out, name, value)
    }

    /// As [`RequestWriter::forward`].
    pub fn forward(&mut self, fields: &Fields, keep: impl FnMut(Known, &[u8]) -> bool) {
        forward(self.out, fields, keep);
    }

    /// Writes framing, `Connection` and the end, as [`crate::Server::answer`] decided them.
    pub fn finish(self, framing: BodyLength, connection: Connection) {
        finish(self.out, framing, connection);
    }
}

fn write_field(out: &mut Vec<u8>, name: &str, value: &[u8]) -> Result<(), Unwritable> {
    if !check::is_token(name.as_bytes()) {
        return Err(Unwritable { because: "the field name is no token" });
    }
    if !check::is_value(value) {
        return Err(Unwritable { because: "the field value has a control byte" });
    }
    put(out, name.as_bytes(), value);
    Ok(())
}

fn write_own(out: &mut Vec<u8>, name: OwnField, value: &[u8]) -> Result<(), Unwritable> {
    if !check::is_value(value) {
        return Err(Unwritable { because: "the field value has a control byte" });
    }
    put(out, name.text.as_bytes(), value);
    Ok(())
}

fn put(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

fn forward(out: &mut Vec<u8>, fields: &Fields, mut keep: impl FnMut(Known, &[u8]) -> bool) {
    let bytes = fields.bytes.as_slice();
    // The lines from `run.start` on are kept and canonical, up to `run.end`, and not yet written.
    let mut run = 0..0;
    for span in &fields.spans {
        if span.hop || span.known.is_framing() || !keep(span.known, fields.name(span)) {
            continue;
        }
        let (name, name_end) = (span.name as usize, span.name_end());
        let (value, value_end) = (span.value as usize, span.value_end());
        let line_end = value_end + 2;
        let canonical = value == name_end + 2 && bytes[name_end..value] == *b": " && bytes.get(value_end..line_end) == Some(b"\r\n");
        if canonical && name == run.end {
            run.end = line_end;
            continue;
        }
        out.extend_from_slice(&bytes[run]);
        if canonical {
            run = name..line_end;
        } else {
            run = 0..0;
            put(out, fields.name(span), fields.value(span));
        }
    }
    out.extend_from_slice(&bytes[run]);
}

fn finish(out: &mut Vec<u8>, framing: BodyLength, connection: Connection) {
    match framing {
        BodyLength::None | BodyLength::UntilClose => {}
        BodyLength::Exact(length) => put(out, b"Content-Length", itoa::Buffer::new().format(length).as_bytes()),
        BodyLength::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
    }
    out.extend_from_slice(match connection {
        Connection::Unsaid => b"\r\n",
        Connection::KeepAlive => b"Connection: keep-alive\r\n\r\n",
        Connection::Close => b"Connection: close\r\n\r\n",
        Connection::Websocket => b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    });
}

/// The usual words for a status (the registry of IANA); blank if there are none.
#[must_use]
pub fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        102 => "Processing",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        207 => "Multi-Status",
        208 => "Already Reported",
        226 => "IM Used",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        418 => "I'm a teapot",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        506 => "Variant Also Negotiates",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        510 => "Not Extended",
        511 => "Network Authentication Required",
        _ => "",
    }
}
