//! What request heads and answer heads have in common: versions, body lengths, and the facts that fields state about the message.

use crate::check;
use crate::fields::Fields;
use crate::known::{self, Known};

/// Fields that `Connection` may name: each is compared with each field of the head.
const CONNECTION_MEMBERS_MAX: u8 = 16;

/// What was spoken. Heads of HTTP/2 are put into the same form by their driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    Http10,
    #[default]
    Http11,
    Http2,
}

/// How long a body is and how its end is found. It is decided once, from what was parsed; what is sent is decided anew from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyLength {
    /// No body, and nothing was said about one.
    #[default]
    None,
    /// So many bytes; perhaps 0.
    Exact(u64),
    /// Chunks, until the one of size 0.
    Chunked,
    /// Until the connection (HTTP/2: the stream) ends. Requests of HTTP/1 never have it.
    UntilClose,
}

impl BodyLength {
    /// Is it certain that there is no byte of body?
    #[must_use]
    pub fn is_empty(self) -> bool {
        matches!(self, Self::None | Self::Exact(0))
    }
}

/// Why a head is not taken. For requests `status` is what the client is told; for answers it is 502. `because` is for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    pub status: u16,
    pub because: &'static str,
}

impl Rejection {
    pub(crate) fn bad(because: &'static str) -> Self {
        Self { status: 400, because }
    }
    pub(crate) fn bad_answer(self) -> Self {
        Self { status: 502, ..self }
    }
}

/// Was the head there as a whole?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Parsed {
    Complete,
    /// Not yet. Give the count of bytes seen so far to the next attempt, and only what is new is looked at.
    Partial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Answer,
}

/// What the fields say about the message as a whole. Filled field by field, then settled.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) content_length: Option<u64>,
    pub(crate) chunked: bool,
    pub(crate) host_seen: bool,
    pub(crate) says_close: bool,
    pub(crate) says_keep_alive: bool,
    pub(crate) says_upgrade: bool,
    pub(crate) wants_websocket: bool,
    pub(crate) expects_continue: bool,
    names_fields: u8,
}

impl Facts {
    /// Takes note of one field; says no when it alone, or together with those before it, leaves the message ambiguous.
    pub(crate) fn note(&mut self, side: Side, version: Version, known: Known, value: &[u8]) -> Result<(), Rejection> {
        match known {
            Known::ContentLength => {
                let length = check::decimal(value).ok_or(Rejection::bad("Content-Length is not one plain number"))?;
                match self.content_length.replace(length) {
                    None => Ok(()),
                    Some(before) if side == Side::Answer && before == length => Ok(()),
                    Some(_) => Err(Rejection::bad("Content-Length is repeated")),
                }
            }
            Known::TransferEncoding => {
                if version != Version::Http11 {
                    return Err(Rejection::bad("Transfer-Encoding outside HTTP/1.1"));
                }
                if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Rejection::bad("Transfer-Encoding is not exactly `chunked`, once"));
                }
                self.chunked = true;
                Ok(())
            }
            Known::Host if side == Side::Request => {
                if self.host_seen {
                    return Err(Rejection::bad("Host is repeated"));
                }
                self.host_seen = true;
                if check::is_host(value) { Ok(()) } else { Err(Rejection::bad("Host is not a host")) }
            }
            Known::Connection => self.note_connection(value),
            Known::Upgrade => {
                self.wants_websocket |= check::members(value).any(|member| member.eq_ignore_ascii_case(b"websocket"));
                Ok(())
            }
            Known::Expect if side == Side::Request => {
                if !value.eq_ignore_ascii_case(b"100-continue") {
                    return Err(Rejection { status: 417, because: "Expect is not `100-continue`" });
                }
                self.expects_continue = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn note_connection(&mut self, value: &[u8]) -> Result<(), Rejection> {
        for member in check::members(value) {
            if !check::is_token(member) {
                return Err(Rejection::bad("Connection has a member that is no token"));
            }
            if member.eq_ignore_ascii_case(b"close") {
                self.says_close = true;
            } else if member.eq_ignore_ascii_case(b"keep-alive") {
                self.says_keep_alive = true;
            } else if member.eq_ignore_ascii_case(b"upgrade") {
                self.says_upgrade = true;
            } else if known::is_guarded(member) {
                // To strip these after they were believed is how requests are smuggled and identities shed.
                return Err(Rejection::bad("Connection names a field that may not be stripped"));
            } else {
                self.names_fields += 1;
                if self.names_fields > CONNECTION_MEMBERS_MAX {
                    return Err(Rejection::bad("Connection names too many fields"));
                }
            }
        }
        Ok(())
    }

    /// The rules that need all fields; then marks those that `Connection` named.
    pub(crate) fn settle(&self, fields: &mut Fields) -> Result<(), Rejection> {
        if self.chunked && self.content_length.is_some() {
            return Err(Rejection::bad("both Content-Length and Transfer-Encoding"));
        }
        if self.names_fields > 0 {
            mark_named(fields);
        }
        Ok(())
    }

    pub(crate) fn keeps_alive(&self, version: Version) -> bool {
        match version {
            Version::Http10 => self.says_keep_alive && !self.says_close,
            Version::Http11 => !self.says_close,
            Version::Http2 => true,
        }
    }
}

/// Rare: a `Connection` field that names others. They are of the hop, then, and will not be passed on.
#[cold]
fn mark_named(fields: &mut Fields) {
    let Fields { bytes, spans, .. } = fields;
    for at in 0..spans.len() {
        let field = spans[at];
        let name = &bytes[field.name as usize..field.name_end()];
        let named = spans
            .iter()
            .filter(|span| span.known == Known::Connection)
            .any(|span| check::members(&bytes[span.value as usize..span.value_end()]).any(|member| member.eq_ignore_ascii_case(name)));
        spans[at].hop |= named;
    }
}

/// Could a head that was incomplete at `seen` bytes be complete now? Only the new bytes are looked at, so that a head which comes
/// byte by byte costs no more than its length. A bare LF counts as a line end here; the parse then refuses it.
pub(crate) fn may_be_complete(bytes: &[u8], seen: usize) -> bool {
    let from = seen.saturating_sub(3).min(bytes.len());
    let fresh = &bytes[from..];
    memchr::memchr_iter(b'\n', fresh).any(|at| matches!(&fresh[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]))
}

/// Moves the head, `from..to`, out of `buf` and leaves what follows it. The head is copied, as it is short and outlives the read:
/// so a request that waits long holds a small buffer, and the large one is free at once.
pub(crate) fn take_head(into: &mut Vec<u8>, buf: &mut Vec<u8>, from: usize, to: usize) {
    into.clear();
    into.extend_from_slice(&buf[from..to]);
    if to == buf.len() {
        buf.clear();
    } else {
        buf.drain(..to);
    }
}
