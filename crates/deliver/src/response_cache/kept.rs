//! An answer that is kept.

use crate::integration::trace;
use base::gate::{BodyFault, BodySource, Buffer, Exchange, Fill, Refusal, Reply, ReplyBody, is_of_events, take_fields};
use base::world::Moment;
use h1::{Fields, Known};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

/// Bytes of an answer that is kept, its head included (documented: 1,048,576).
pub const ENTRY_BYTES_MAX: u64 = 1 << 20;

/// What an entry costs beside its bytes, about.
const ENTRY_OVERHEAD_BYTES: u64 = 256;

/// The bytes that all caches of a node hold, and may hold.
#[derive(Debug)]
pub struct Total {
    bytes: AtomicU64,
    bytes_max: u64,
}

impl Total {
    /// At most so many bytes.
    pub fn new(bytes_max: u64) -> Total {
        Total { bytes: AtomicU64::new(0), bytes_max }
    }

    /// How many are held now.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// An answer that is kept. Its bytes count until the last request lets go of it.
#[derive(Debug)]
pub struct Kept {
    status: u16,
    fields: Fields,
    body: Box<[u8]>,
    until: Moment,
    /// It has a trace id, of its own for each request.
    traced: bool,
    total: Arc<Total>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.total.bytes.fetch_sub(self.bytes(), Ordering::Relaxed);
    }
}

impl Kept {
    /// Whether it may be answered still.
    pub(super) fn is_fresh(&self, now: Moment) -> bool {
        now < self.until
    }

    /// What it costs.
    pub(super) fn bytes(&self) -> u64 {
        let fields: usize = self.fields.iter().map(|field| field.name.len() + field.value.len() + 16).sum();
        self.body.len() as u64 + fields as u64 + ENTRY_OVERHEAD_BYTES
    }

    /// The answer once more. A 503 where there is no memory for its body.
    pub fn reply(&self, ex: &Exchange) -> Result<Reply, Refusal> {
        let mut fields = take_fields();
        fields.clone_from(&self.fields);
        if self.traced {
            let mut value = Buffer::take();
            trace::write_for_caller(ex, &mut value);
            fields.push("X-Amzn-Trace-Id", &value).expect("a trace id is hex digits");
        }
        let mut body = Buffer::take();
        body.extend_from_slice(&self.body);
        let body = if self.body.is_empty() { ReplyBody::Empty } else { ReplyBody::Whole(body.charged()?) };
        Ok(Reply { status: self.status, fields, body })
    }
}

/// Makes an answer one that can be kept, if it may be: its body is waited for, up to what an entry may have. Without, the answer is as it
/// was. `heeds_privacy`: what says of itself that it is for one caller, or depends on more of the request, is not kept, nor are
/// events that are still to come.
pub async fn keep(
    mut reply: Reply,
    time: Duration,
    now: impl Fn() -> Moment,
    heeds_privacy: bool,
    total: &Arc<Total>,
) -> Result<(Reply, Option<Kept>), Refusal> {
    let may_not = |reply: &Reply| is_private(reply) || matches!(reply.body, ReplyBody::Stream(_)) && is_of_events(&reply.fields);
    if matches!(reply.body, ReplyBody::Length(_)) || heeds_privacy && may_not(&reply) {
        return Ok((reply, None));
    }
    if let ReplyBody::Stream(source) = reply.body {
        reply.body = gather(source).await?;
    }
    let body: &[u8] = match &reply.body {
        ReplyBody::Empty => b"",
        ReplyBody::Whole(bytes) => bytes,
        ReplyBody::Length(_) | ReplyBody::Stream(_) | ReplyBody::Tunnel(_) => return Ok((reply, None)),
    };
    let mut fields = Fields::new();
    let mut traced = false;
    for field in reply.fields.iter() {
        if field.known == Known::XAmznTraceId {
            traced = true;
        } else {
            fields.push(field.name, field.value).expect("it was a field before");
        }
    }
    let kept = Kept { status: reply.status, fields, body: body.into(), until: now().after(time), traced, total: total.clone() };
    let bytes = kept.bytes();
    // Counted before it is known to fit, for dropping it takes it off again.
    let before = total.bytes.fetch_add(bytes, Ordering::Relaxed);
    let fits = bytes <= ENTRY_BYTES_MAX && before + bytes <= total.bytes_max;
    Ok((reply, fits.then_some(kept)))
}

/// Reads a body whole if it is short enough to be kept; else what was read goes before what is still to come.
async fn gather(mut source: Box<dyn BodySource>) -> Result<ReplyBody, Refusal> {
    if source.left().is_some_and(|left| left > ENTRY_BYTES_MAX) {
        return Ok(ReplyBody::Stream(source));
    }
    let mut bytes = Buffer::take();
    loop {
        let fill = poll_fn(|cx| source.poll_fill(cx, &mut bytes)).await.map_err(crate::mapping::broken)?;
        if fill == Fill::End {
            return Ok(ReplyBody::Whole(bytes));
        }
        if bytes.len() as u64 > ENTRY_BYTES_MAX || !bytes.charge() {
            return Ok(ReplyBody::Stream(Box::new(Resumed { read: Some(bytes), source })));
        }
    }
}

/// A body of which a part was read already.
struct Resumed {
    read: Option<Buffer>,
    source: Box<dyn BodySource>,
}

impl BodySource for Resumed {
    fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        match self.read.take() {
            Some(read) => {
                into.extend_from_slice(&read);
                Poll::Ready(Ok(Fill::More))
            }
            None => self.source.poll_fill(cx, into),
        }
    }

    fn left(&self) -> Option<u64> {
        let read = self.read.as_ref().map_or(0, |read| read.len() as u64);
        self.source.left().map(|left| left + read)
    }

    fn trailers(&mut self) -> Option<Box<Fields>> {
        self.source.trailers()
    }
}

/// Whether an answer is for its caller alone, by its own words, or is for a part of what was asked for.
fn is_private(reply: &Reply) -> bool {
    let says = |known, word: &str| {
        let values = reply.fields.all(known).filter_map(|value| std::str::from_utf8(value).ok());
        values
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().split('=').next().is_some_and(|name| name.eq_ignore_ascii_case(word)))
    };
    reply.fields.has(Known::SetCookie)
        || matches!(reply.status, 206 | 304)
        || says(Known::CacheControl, "private")
        || says(Known::CacheControl, "no-store")
}
