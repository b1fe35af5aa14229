//! Answer heads, as an upstream sends them.

use crate::check;
use crate::fields::{Field, Fields};
use crate::head::{BodyLength, Parsed, Rejection, Side, Version, may_be_complete, take_head};
use crate::known::Known;
use crate::limits::HeadLimits;
use crate::read;

/// What was asked: the same answer head means another body after HEAD, and another protocol after an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asked {
    #[default]
    Plainly,
    ByHead,
    ForWebsocket,
}

/// The head of one answer. Clear it and use it again: a warm one never allocates.
#[derive(Debug, Clone, Default)]
pub struct ResponseHead {
    fields: Fields,
    status: u16,
    version: Version,
    keep_alive: bool,
    reason_end: u32,
    body: BodyLength,
}

impl ResponseHead {
    /// Takes a head from the front of `buf`, if it is there as a whole, and leaves what follows it. Interim heads (1xx) come out like
    /// others, without a body. `seen` bytes are known to hold no whole head. After a rejection the connection is to be dropped.
    pub fn parse(&mut self, buf: &mut Vec<u8>, seen: usize, asked: Asked, limits: &HeadLimits) -> Result<Parsed, Rejection> {
        self.clear();
        let parsed = self.read(buf, seen, asked, limits);
        if parsed != Ok(Parsed::Complete) {
            self.clear();
        }
        parsed.map_err(Rejection::bad_answer)
    }

    fn read(&mut self, buf: &mut Vec<u8>, seen: usize, asked: Asked, limits: &HeadLimits) -> Result<Parsed, Rejection> {
        if matches!(buf.first(), Some(b'\r' | b'\n')) {
            return Err(Rejection::bad("a blank line before the answer"));
        }
        if seen > 0 && !may_be_complete(buf, seen) {
            return still_partial(buf, limits);
        }
        let Some((line, fields_from)) = read::start_line(buf)? else { return judge_line(buf).and_then(|()| still_partial(buf, limits)) };
        (self.version, self.status) = words(line)?;
        self.reason_end = u32::try_from(line.len()).map_err(|_| Rejection::bad("the head of the answer is too large"))?;
        let read = read::read_fields(Side::Answer, self.version, buf, fields_from, limits, &mut self.fields)?;
        let Some((facts, len)) = read else { return still_partial(buf, limits) };
        take_head(&mut self.fields.bytes, buf, 0, len);
        facts.settle(&mut self.fields)?;
        if self.status == 101 && (asked != Asked::ForWebsocket || !facts.says_upgrade || !facts.wants_websocket) {
            return Err(Rejection::bad("a switch of protocols that nobody asked for"));
        }
        let framed = facts.chunked || facts.content_length.is_some_and(|length| length > 0);
        let never_has_body = self.status < 200 || self.status == 204;
        self.body = match facts.content_length {
            _ if never_has_body || self.status == 304 || asked == Asked::ByHead => BodyLength::None,
            _ if facts.chunked => BodyLength::Chunked,
            Some(length) => BodyLength::Exact(length),
            None => BodyLength::UntilClose,
        };
        // A body was announced where none can be: it may come nevertheless, so nothing after it can be believed.
        let out_of_step = never_has_body && framed;
        self.keep_alive = facts.keeps_alive(self.version) && self.body != BodyLength::UntilClose && !out_of_step;
        Ok(Parsed::Complete)
    }

    /// An empty head in the buffers of these fields.
    #[must_use]
    pub fn reusing(mut fields: Fields) -> Self {
        fields.clear();
        Self { fields, ..Self::default() }
    }

    /// A head that came in frames, as HTTP/2's: its fields were checked as they were added, `said` is its `Content-Length`, and `body` is
    /// what the frames tell. Its connection serves on.
    #[must_use]
    pub fn build(status: u16, mut fields: Fields, said: Option<u64>, body: BodyLength) -> Self {
        if let Some(length) = said {
            fields.push_length(length);
        }
        Self { fields, status, version: Version::Http2, keep_alive: true, reason_end: 0, body }
    }

    /// Its fields, to be passed on without copying them.
    #[must_use]
    pub fn into_fields(self) -> Fields {
        self.fields
    }

    /// Empties it and keeps its buffers.
    pub fn clear(&mut self) {
        let mut fields = std::mem::take(&mut self.fields);
        fields.clear();
        *self = Self { fields, ..Self::default() };
    }

    /// 100 to 999: codes above 599 are passed on as they are.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The words after the status code; any bytes but controls.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        let from = ("HTTP/1.1 200 ".len()).min(self.reason_end as usize);
        &self.fields.bytes[from..self.reason_end as usize]
    }

    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// What follows on the wire: nothing after HEAD, 1xx, 204 and 304, whatever the fields say.
    #[must_use]
    pub fn body(&self) -> BodyLength {
        self.body
    }

    /// May the connection be used again once this answer has ended?
    #[must_use]
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
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
}

/// Version and status of a status line. The words after them may be missing, with the blank before them.
fn words(line: &[u8]) -> Result<(Version, u16), Rejection> {
    let (version, rest) = match line {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1', rest @ ..] => (Version::Http11, rest),
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0', rest @ ..] => (Version::Http10, rest),
        _ => return Err(Rejection::bad("no HTTP version")),
    };
    let Some([b' ', digits @ ..]) = rest.get(..4) else { return Err(Rejection::bad("no status code")) };
    match (check::decimal(digits), rest.get(4)) {
        (Some(status @ 100..), None | Some(b' ')) => Ok((version, status as u16)),
        (Some(0..100), _) => Err(Rejection::bad("a status under 100")),
        _ => Err(Rejection::bad("no status code")),
    }
}

/// The beginning of a status line whose end is still to come: may it go on to be one?
fn judge_line(bytes: &[u8]) -> Result<(), Rejection> {
    const FRONT: &[u8] = b"HTTP/1.";
    let some = bytes.len().min(FRONT.len());
    if bytes[..some] == FRONT[..some] { Ok(()) } else { Err(Rejection::bad("no HTTP version")) }
}

fn still_partial(bytes: &[u8], limits: &HeadLimits) -> Result<Parsed, Rejection> {
    if bytes.len() > limits.head_bytes_max() {
        return Err(Rejection::bad("the head of the answer is too large"));
    }
    Ok(Parsed::Partial)
}
