//! The body of an answer, as its caller takes it, and what follows it.

use super::head;
use super::link::Slot;
use base::gate::{BodyFault, BodySource, Fill};
use base::world::Watch;
use bytes::Bytes;
use h1::{Fields, HeadLimits};
use h2::{Error, Reason, RecvStream};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::task::AbortHandle;

/// What ends with the answer.
pub(super) struct Held {
    /// The place on the connection.
    pub(super) _slot: Slot,
    /// Sends what is left of the request.
    pub(super) pump: Option<AbortHandle>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(pump) = &self.pump {
            pump.abort();
        }
    }
}

/// An answer that is still arriving. Dropping it half-way resets its stream.
pub(super) struct Answer {
    /// `None` once it has ended.
    open: Option<(RecvStream, Held)>,
    left: Option<u64>,
    /// Payload that may still come.
    room_bytes: u64,
    watch: Watch,
    stall_ms: u32,
    armed: bool,
    head_limits: HeadLimits,
    /// Its caller takes trailers.
    wants_trailers: bool,
    trailers: Option<Box<Fields>>,
}

/// What bounds an answer.
pub(super) struct Terms {
    pub(super) body_bytes_max: u64,
    pub(super) stall_ms: u32,
    pub(super) head: HeadLimits,
    pub(super) wants_trailers: bool,
}

impl Answer {
    pub(super) fn new(stream: RecvStream, held: Held, left: Option<u64>, watch: Watch, terms: Terms) -> Answer {
        watch.clear();
        Answer {
            open: Some((stream, held)),
            left,
            room_bytes: terms.body_bytes_max,
            watch,
            stall_ms: terms.stall_ms,
            armed: false,
            head_limits: terms.head,
            wants_trailers: terms.wants_trailers,
            trailers: None,
        }
    }

    fn poll_body(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        loop {
            let Some((stream, _)) = &mut self.open else { return Poll::Ready(Ok(Fill::End)) };
            match ready!(stream.poll_data(cx)) {
                Some(Ok(piece)) => {
                    self.take(&piece, into)?;
                    let Some((stream, _)) = &mut self.open else { return Poll::Ready(Ok(Fill::End)) };
                    // What was taken may be sent anew.
                    stream.flow_control().release_capacity(piece.len()).map_err(|_| BodyFault::Gone)?;
                    if stream.is_end_stream() {
                        return Poll::Ready(Ok(Fill::End));
                    }
                    if !piece.is_empty() {
                        return Poll::Ready(Ok(Fill::More));
                    }
                }
                Some(Err(error)) if is_end(&error, self.left) => return Poll::Ready(Ok(Fill::End)),
                Some(Err(error)) => return Poll::Ready(Err(fault(&error))),
                None => {
                    let trailers = ready!(stream.poll_trailers(cx)).map_err(|error| fault(&error))?;
                    if let Some(trailers) = trailers.filter(|_| self.wants_trailers) {
                        let fields = head::fields(&trailers, &self.head_limits, Fields::new());
                        self.trailers = Some(Box::new(fields.map_err(|_| BodyFault::Malformed("the trailers are too large"))?));
                    }
                    return Poll::Ready(Ok(Fill::End));
                }
            }
        }
    }

    fn take(&mut self, piece: &Bytes, into: &mut Vec<u8>) -> Result<(), BodyFault> {
        let bytes = piece.len() as u64;
        self.room_bytes = self.room_bytes.checked_sub(bytes).ok_or(BodyFault::TooLarge)?;
        self.left = self.left.map(|left| left.saturating_sub(bytes));
        into.try_reserve(piece.len()).map_err(|_| BodyFault::NoMemory)?;
        into.extend_from_slice(piece);
        Ok(())
    }
}

impl BodySource for Answer {
    fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        match self.poll_body(cx, into) {
            Poll::Ready(Ok(Fill::More)) => {
                self.watch.clear();
                self.armed = false;
                Poll::Ready(Ok(Fill::More))
            }
            Poll::Ready(ended) => {
                self.open = None;
                Poll::Ready(ended)
            }
            Poll::Pending => {
                if !std::mem::replace(&mut self.armed, true) {
                    self.watch.set(Duration::from_millis(u64::from(self.stall_ms)));
                }
                ready!(self.watch.poll_passed(cx));
                self.open = None;
                Poll::Ready(Err(BodyFault::Stalled))
            }
        }
    }

    fn left(&self) -> Option<u64> {
        self.left
    }

    fn trailers(&mut self) -> Option<Box<Fields>> {
        self.trailers.take()
    }
}

/// A back end that has answered to the end may say so that it wants no more of the request (RFC 9113, 8.1).
fn is_end(error: &Error, left: Option<u64>) -> bool {
    error.is_remote() && error.is_reset() && error.reason() == Some(Reason::NO_ERROR) && left.is_none_or(|left| left == 0)
}

fn fault(error: &Error) -> BodyFault {
    match error.is_library() {
        true => BodyFault::Malformed("the answer breaks the rules of HTTP/2"),
        false => BodyFault::Gone,
    }
}
