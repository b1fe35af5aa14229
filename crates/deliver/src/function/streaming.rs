//! Answers of functions that stream: what stands before them, and the rest as a body.
//!
//! A function that streams says first what a proxy's answer says in JSON, then eight NULs, then the body as it is (atlas, integrations
//! §3.8). What is odd: of a name in both maps the list alone counts here, where a buffered answer joins them; and once the head is out,
//! a failure can only cut the body.

use super::event_stream::{self, Message};
use super::host::stream::{AnswerStream, Piece};
use super::prelude::{Head, read_prelude};
use crate::upstream::Upstreams;
use base::gate::{BodyFault, BodySource, Buffer, Exchange, Fill, Lane, Refusal, RefusalKind, Reply, ReplyBody};
use base::world::{Moment, Watch};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// What stands between the head and the body.
pub(crate) const DELIMITER: [u8; 8] = [0; 8];
/// Bytes within which it must be.
pub(crate) const PRELUDE_BYTES_MAX: usize = 16 * 1024;
/// How long an answer may take in all (AWS: 15 minutes).
pub(crate) const STREAM_TIME_MAX: Duration = Duration::from_secs(15 * 60);
/// How long nothing of an answer may come (AWS: 5 minutes; 30 s for edge-optimised APIs).
pub(crate) const STREAM_IDLE_MAX: Duration = Duration::from_secs(5 * 60);

/// An answer that has begun, wherever the function is.
pub(crate) enum Stream {
    /// From a process of this machine.
    Here(AnswerStream),
    /// From Lambda, as an event stream.
    There(Events),
}

/// An event stream that is still arriving.
pub(crate) struct Events {
    /// `None` once everything is here.
    source: Option<Box<dyn BodySource>>,
    bytes: Buffer,
    /// How it broke off, behind what came before that.
    broken: Option<Broken>,
}

impl Events {
    /// Of Lambda's answer.
    pub(crate) fn new(body: ReplyBody) -> Events {
        match body {
            ReplyBody::Stream(source) => Events { source: Some(source), bytes: Buffer::take(), broken: None },
            ReplyBody::Whole(bytes) => Events { source: None, bytes, broken: None },
            ReplyBody::Empty | ReplyBody::Length(_) | ReplyBody::Tunnel(_) => Events { source: None, bytes: Buffer::none(), broken: None },
        }
    }
}

/// Why an answer broke off.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The function failed: its error, as JSON.
    Function(String),
    /// Its way to us did.
    Fault(BodyFault),
    TimedOut,
    /// What it begins with is no head.
    Refused(Refusal),
}

impl Stream {
    /// Appends what has come, at least one byte unless it ends.
    fn poll_more(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, Broken>> {
        match self {
            Stream::Here(stream) => match ready!(stream.poll_piece(cx)) {
                Piece::Bytes(bytes) if into.is_empty() => {
                    *into = bytes;
                    Poll::Ready(Ok(Fill::More))
                }
                Piece::Bytes(bytes) => {
                    into.extend_from_slice(&bytes);
                    Poll::Ready(Ok(Fill::More))
                }
                Piece::End(ended) => Poll::Ready(ended.error.map_or(Ok(Fill::End), |error| Err(Broken::Function(error)))),
            },
            Stream::There(events) => events.poll_more(cx, into),
        }
    }
}

impl Events {
    fn poll_more(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, Broken>> {
        let from = into.len();
        if let Some(broken) = self.broken.take() {
            return Poll::Ready(Err(broken));
        }
        let failed = |me: &mut Events, into: &Vec<u8>, error: String| {
            if into.len() == from {
                return Poll::Ready(Err(Broken::Function(error)));
            }
            me.broken = Some(Broken::Function(error));
            Poll::Ready(Ok(Fill::More))
        };
        loop {
            let malformed = |because| Broken::Fault(BodyFault::Malformed(because));
            match event_stream::read(&mut self.bytes).map_err(malformed)? {
                Some(Message::Chunk(bytes)) => into.extend_from_slice(&bytes),
                Some(Message::Complete(complete)) if complete.error_code.is_none() => {
                    if let Some(source) = &mut self.source {
                        // The end of its framing is here as well, as a rule: then the connection may serve again.
                        let _ended = source.poll_fill(cx, &mut self.bytes);
                    }
                    return Poll::Ready(Ok(Fill::End));
                }
                Some(Message::Complete(complete)) => {
                    let error = complete.error_details.or(complete.error_code).unwrap_or_default();
                    return failed(self, into, error);
                }
                Some(Message::Exception(_, text)) => return failed(self, into, text),
                Some(Message::Other) => {}
                None if into.len() > from => return Poll::Ready(Ok(Fill::More)),
                None => {
                    // The last message tells the end; without it, it broke off.
                    let Some(source) = &mut self.source else { return Poll::Ready(Err(Broken::Fault(BodyFault::Gone))) };
                    let fill = ready!(source.poll_fill(cx, &mut self.bytes)).map_err(Broken::Fault)?;
                    if !self.bytes.charge() {
                        return Poll::Ready(Err(Broken::Fault(BodyFault::NoMemory)));
                    }
                    if fill == Fill::End {
                        self.source = None;
                    }
                }
            }
        }
    }
}

/// The rest of an answer: a body.
struct FunctionBody {
    stream: Stream,
    /// What came with the head.
    early: Vec<u8>,
    /// By the function's own `Content-Length`.
    left: Option<u64>,
    watch: Watch,
    lane: Rc<Lane>,
    ends: Moment,
    /// Somebody waits, and the watch runs.
    is_waiting: bool,
    is_over: bool,
}

/// Waits for what stands before the body; the reply it makes streams the rest. `wait`: how long that may take.
pub(crate) async fn read_streamed(mut stream: Stream, upstreams: &Upstreams, wait: Duration, ex: &Exchange) -> Result<Reply, Broken> {
    let lane = upstreams.lane();
    let watch = lane.deadlines.watch();
    watch.set(wait);
    let (mut bytes, mut searched) = (Vec::new(), 0);
    let (at, fill) = loop {
        let polled = poll_fn(|cx| match stream.poll_more(cx, &mut bytes) {
            Poll::Pending => watch.poll_passed(cx).map(|()| Err(Broken::TimedOut)),
            ready => ready,
        });
        let fill = polled.await?;
        if let Some(at) = delimiter_in(&bytes, searched) {
            break (at, fill);
        }
        if fill == Fill::End || bytes.len() >= PRELUDE_BYTES_MAX {
            return Err(Broken::Refused(no_prelude()));
        }
        searched = bytes.len().saturating_sub(DELIMITER.len() - 1);
    };
    let Head { status, fields, length } = read_prelude(&bytes[..at], ex).map_err(Broken::Refused)?;
    bytes.drain(..at + DELIMITER.len());
    let body = FunctionBody {
        stream,
        early: bytes,
        left: length,
        watch,
        lane: lane.clone(),
        ends: lane.deadlines.now().after(STREAM_TIME_MAX),
        is_waiting: false,
        is_over: fill == Fill::End,
    };
    Ok(Reply { status, fields, body: ReplyBody::Stream(Box::new(body)) })
}

/// The same for an answer that is whole: of a function that does not stream.
pub(crate) fn read_whole_streamed(mut payload: Buffer, ex: &Exchange) -> Result<Reply, Refusal> {
    let at = delimiter_in(&payload, 0).ok_or_else(no_prelude)?;
    let Head { status, fields, .. } = read_prelude(&payload[..at], ex)?;
    payload.drain(..at + DELIMITER.len());
    let body = if payload.is_empty() { ReplyBody::Empty } else { ReplyBody::Whole(payload) };
    Ok(Reply { status, fields, body })
}

/// Where the delimiter is, if it is where it must be.
pub(crate) fn delimiter_in(bytes: &[u8], from: usize) -> Option<usize> {
    let near = &bytes[..bytes.len().min(PRELUDE_BYTES_MAX)];
    memchr::memmem::find(near.get(from..)?, &DELIMITER).map(|at| from + at)
}

fn no_prelude() -> Refusal {
    let because = "Malformed streaming response: no JSON and eight NULs are at its beginning";
    Refusal::of(RefusalKind::ApiConfigurationError, because)
}

impl FunctionBody {
    fn poll_bytes(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        if !self.early.is_empty() {
            into.append(&mut self.early);
            // Never the end at once: AWS sends what streams in chunks, however short it is.
            return Poll::Ready(Ok(Fill::More));
        }
        if self.is_over {
            return Poll::Ready(Ok(Fill::End));
        }
        let fill = ready!(self.stream.poll_more(cx, into)).map_err(|broken| match broken {
            Broken::Function(error) => {
                tracing::debug!(error, "a function failed in the middle of its answer");
                BodyFault::Gone
            }
            Broken::Fault(fault) => fault,
            Broken::TimedOut | Broken::Refused(_) => BodyFault::Stalled,
        })?;
        self.is_over = fill == Fill::End;
        Poll::Ready(Ok(fill))
    }
}

impl BodySource for FunctionBody {
    fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        let from = into.len();
        match self.poll_bytes(cx, into) {
            Poll::Ready(filled) => {
                self.watch.clear();
                self.is_waiting = false;
                let came = into.len().saturating_sub(from) as u64;
                self.left = self.left.map(|left| left.saturating_sub(came));
                Poll::Ready(filled)
            }
            Poll::Pending => {
                if !self.is_waiting {
                    self.is_waiting = true;
                    self.watch.set(self.ends.since(self.lane.deadlines.now()).min(STREAM_IDLE_MAX));
                }
                self.watch.poll_passed(cx).map(|()| Err(BodyFault::Stalled))
            }
        }
    }

    fn left(&self) -> Option<u64> {
        self.left
    }
}
