//! The body of an answer on its way in, and the rest of its request on its way out.

use super::connection::Connection;
use super::outgoing::{Outgoing, Stuck};
use super::pool::Upstreams;
use super::target::Target;
use base::gate::{BodyFault, BodySource, Buffer, Fill};
use h1::{BodyError, Reuse};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Room for the first read of a body; it doubles whenever a read fills it.
const READ_BYTES_MIN: usize = 16 * 1024;
/// The most room for one read: large bodies like large reads.
const READ_BYTES_MAX: usize = 256 * 1024;

/// An answer that is still arriving. Dropping it half-way closes its connection.
pub(super) struct Answer {
    upstreams: Upstreams,
    target: Arc<Target>,
    /// `None` once the answer has ended.
    connection: Option<Box<Connection>>,
    /// What is still to be sent of the request.
    outgoing: Option<Outgoing>,
    /// The request will never be sent to its end: whatever follows on this connection would be taken for the rest of it.
    is_cut: bool,
    /// Payload that came with the head.
    early: Buffer,
    /// Payload that was not handed over yet, where that is known.
    left: Option<u64>,
    read_bytes: usize,
    /// How long nothing may come.
    stall_ms: u32,
    /// Somebody waits, and the watch runs.
    armed: bool,
}

impl Answer {
    pub(super) fn new(
        upstreams: Upstreams,
        target: Arc<Target>,
        connection: Box<Connection>,
        outgoing: Option<Outgoing>,
        early: Buffer,
        left: Option<u64>,
    ) -> Answer {
        connection.watch.clear();
        Answer {
            stall_ms: upstreams.0.settings.limits.body_stall_ms,
            upstreams,
            target,
            connection: Some(connection),
            outgoing,
            is_cut: false,
            early,
            left,
            read_bytes: READ_BYTES_MIN,
            armed: false,
        }
    }

    pub(super) fn patient_for(self, stall_ms: u32) -> Answer {
        Answer { stall_ms, ..self }
    }

    /// As it is, when the back end takes no more of the request.
    pub(super) fn cut(self) -> Answer {
        Answer { outgoing: None, is_cut: true, ..self }
    }

    /// The answer has ended well: its connection may serve again.
    fn finish(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        // The client has framed the request to its end; whether all of it has gone is known here alone.
        let is_sent = self.outgoing.take().is_none() && !self.is_cut;
        if connection.client.finish() == Reuse::Pool && is_sent {
            self.upstreams.give_back(&self.target, connection);
        }
    }

    /// Goes on sending the request. If its body breaks off, nobody is there to read the answer either.
    fn pump(&mut self, cx: &mut Context<'_>, moved: &mut bool) -> Result<(), BodyFault> {
        let (Some(connection), Some(outgoing)) = (&mut self.connection, &mut self.outgoing) else { return Ok(()) };
        match outgoing.poll_send(connection, cx, moved) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.outgoing = None,
            Poll::Ready(Err(Stuck::Source(fault))) => return Err(fault),
            Poll::Ready(Err(Stuck::Stream(_) | Stuck::Framing)) => (self.outgoing, self.is_cut) = (None, true),
        }
        Ok(())
    }

    fn poll_body(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        if !self.early.is_empty() {
            if into.is_empty() {
                std::mem::swap(&mut *self.early, into);
            } else {
                into.extend_from_slice(&self.early);
            }
            self.early = Buffer::none();
            let ended = self.connection.as_ref().is_none_or(|connection| connection.client.body_is_ended());
            return Poll::Ready(Ok(if ended { Fill::End } else { Fill::More }));
        }
        let Some(connection) = self.connection.as_mut().filter(|connection| !connection.client.body_is_ended()) else {
            return Poll::Ready(Ok(Fill::End));
        };
        loop {
            let from = into.len();
            std::task::ready!(connection.stream.poll_readable(cx));
            reserve(into, self.read_bytes);
            let room = into.capacity() - from;
            let read = match std::task::ready!(connection.stream.poll_read(cx, into)) {
                Ok(0) => {
                    let ended = connection.client.end_of_input();
                    return Poll::Ready(ended.map(|()| Fill::End).map_err(fault));
                }
                Ok(read) => read,
                Err(_) => return Poll::Ready(Err(BodyFault::Gone)),
            };
            if read == room {
                self.read_bytes = (self.read_bytes * 2).min(READ_BYTES_MAX);
            }
            let decoded = connection.client.body(into, from).map_err(fault)?;
            into.truncate(into.len() - decoded.surplus);
            if decoded.end {
                return Poll::Ready(Ok(Fill::End));
            }
            if into.len() > from {
                return Poll::Ready(Ok(Fill::More));
            }
        }
    }
}

/// Makes room for a read where there is none. Whoever has some has said how large a piece may be.
fn reserve(into: &mut Vec<u8>, bytes: usize) {
    let free = into.capacity() - into.len();
    if free < bytes.min(READ_BYTES_MIN) {
        into.reserve_exact(bytes);
    }
}

impl BodySource for Answer {
    fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        let mut moved = false;
        let from = into.len();
        let polled = match self.pump(cx, &mut moved) {
            Ok(()) => self.poll_body(cx, into),
            Err(fault) => Poll::Ready(Err(fault)),
        };
        let came = into.len().saturating_sub(from) as u64;
        self.left = self.left.map(|left| left.saturating_sub(came));
        match polled {
            Poll::Ready(Ok(fill)) => {
                if let Some(connection) = &self.connection {
                    connection.watch.clear();
                }
                self.armed = false;
                if fill == Fill::End {
                    self.left = Some(0);
                    self.finish();
                }
                Poll::Ready(Ok(fill))
            }
            Poll::Ready(Err(fault)) => {
                self.connection = None;
                Poll::Ready(Err(fault))
            }
            Poll::Pending => {
                let Some(connection) = &self.connection else { return Poll::Pending };
                if moved || !self.armed {
                    connection.watch.set(Duration::from_millis(u64::from(self.stall_ms)));
                    self.armed = true;
                }
                match connection.watch.poll_passed(cx) {
                    Poll::Ready(()) => {
                        self.connection = None;
                        Poll::Ready(Err(BodyFault::Stalled))
                    }
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn left(&self) -> Option<u64> {
        self.left
    }
}

fn fault(error: BodyError) -> BodyFault {
    match error {
        BodyError::TooLarge => BodyFault::TooLarge,
        BodyError::Malformed(because) => BodyFault::Malformed(because),
        BodyError::Truncated => BodyFault::Gone,
        BodyError::Stalled => BodyFault::Stalled,
    }
}
