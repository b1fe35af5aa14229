//! The body of a request, read from its connection when somebody asks for it.

use super::line::Line;
use super::losses::Loss;
use super::pace::Pace;
use super::socket::Socket;
use base::gate::{BodyFault, BodySource, Buffer, Fill, RequestBody};
use h1::{BodyError, BodyLength, Deadline};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

/// Room that is made for a read when there is none.
const READ_BYTES_MIN: usize = 16 * 1024;
/// Room for a read once whole reads come back full.
const READ_BYTES_MAX: usize = 256 * 1024;

struct Incoming<S: Socket> {
    line: Rc<Line<S>>,
    /// The request it belongs to.
    turn: u32,
    left: Option<u64>,
    read_bytes: usize,
    pace: Pace,
    /// What came behind the head, framing included.
    came_bytes: u64,
    /// What came of it, once it ended or failed.
    outcome: Option<Result<Fill, BodyFault>>,
}

/// The body of the request that runs on this line. It is boxed only if there is one.
pub(super) fn body<S: Socket>(line: &Rc<Line<S>>, length: BodyLength) -> RequestBody {
    let left = match length {
        BodyLength::None | BodyLength::Exact(0) => return RequestBody::None,
        BodyLength::Exact(length) => Some(length),
        BodyLength::Chunked | BodyLength::UntilClose => None,
    };
    let (line, turn) = (line.clone(), line.turn.get());
    RequestBody::Stream(Box::new(Incoming {
        line,
        turn,
        left,
        read_bytes: READ_BYTES_MIN,
        pace: Pace::default(),
        came_bytes: 0,
        outcome: None,
    }))
}

impl<S: Socket> BodySource for Incoming<S> {
    fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        if let Some(outcome) = self.outcome {
            return Poll::Ready(outcome);
        }
        if self.turn != self.line.turn.get() {
            return Poll::Ready(Err(BodyFault::Gone));
        }
        let from = into.len();
        let filled = ready!(self.poll_payload(cx, into));
        if filled.is_err() {
            into.truncate(from);
        }
        if filled != Ok(Fill::More) {
            self.outcome = Some(filled);
        }
        Poll::Ready(filled)
    }

    fn left(&self) -> Option<u64> {
        self.left
    }
}

impl<S: Socket> Incoming<S> {
    /// Reads until there is payload, or the end.
    fn poll_payload(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        let from = into.len();
        loop {
            if !self.take_what_came_with_the_head(into) {
                ready!(self.poll_continue(cx))?;
                ready!(self.poll_read(cx, into))?;
            }
            self.line.disarm();
            let decoded = self.line.server.borrow_mut().body(into, from).map_err(fault)?;
            let payload_to = into.len() - decoded.surplus;
            if decoded.surplus > 0 {
                self.line.input.borrow_mut().splice(..0, into.drain(payload_to..));
            }
            self.left = self.left.map(|left| left.saturating_sub((payload_to - from) as u64));
            if decoded.end {
                return Poll::Ready(Ok(Fill::End));
            }
            if payload_to > from {
                return Poll::Ready(Ok(Fill::More));
            }
        }
    }

    /// Moves what was read with the head, or behind it, to where payload goes. Bytes that are surely the next request's stay.
    fn take_what_came_with_the_head(&self, into: &mut Vec<u8>) -> bool {
        let mut input = self.line.input.borrow_mut();
        if input.is_empty() {
            return false;
        }
        let bytes = self.left.map_or(input.len(), |left| input.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        into.extend_from_slice(&input[..bytes]);
        if bytes == input.len() {
            *input = Buffer::none();
        } else {
            input.drain(..bytes);
        }
        true
    }

    /// Tells a client that waits for it to go on.
    fn poll_continue(&self, cx: &mut Context<'_>) -> Poll<Result<(), BodyFault>> {
        let mut interim = self.line.interim.borrow_mut();
        self.line.server.borrow_mut().want_body(&mut interim);
        if interim.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut sent = 0;
        let outcome = self.line.poll_send(cx, &interim, b"", &mut sent);
        interim.drain(..sent);
        outcome.map(|outcome| outcome.map_err(|_| BodyFault::Gone))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<(), BodyFault>> {
        let before = into.len();
        if into.capacity() - before < self.read_bytes.min(READ_BYTES_MIN) || self.read_bytes > READ_BYTES_MIN {
            // A body that is kept whole is the largest thing there is, and its memory may be where there is none.
            into.try_reserve(self.read_bytes).map_err(|_| BodyFault::NoMemory)?;
        }
        let room = into.capacity() - before;
        let now = self.line.dock.lane.deadlines.now();
        match self.line.poll_read(cx, into) {
            Poll::Ready(Ok(1..)) => {
                self.pace.moved(now);
                self.came_bytes += (into.len() - before) as u64;
                if into.len() - before == room {
                    self.read_bytes = (self.read_bytes * 2).min(READ_BYTES_MAX);
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Ok(0) | Err(_)) => {
                // That the body is short is told below; the machine keeps it in mind.
                let _short = self.line.server.borrow_mut().end_of_input();
                Poll::Ready(Err(BodyFault::Gone))
            }
            Poll::Pending => {
                let mut server = self.line.server.borrow_mut();
                if let Some(patience) = self.pace.wait(now, self.came_bytes, self.line.limits().body_stall_ms, &self.line.dock.limits) {
                    let deadline = server.read_deadline(self.line.limits());
                    self.line.arm(deadline.map(|deadline| Deadline { after: patience.min(deadline.after), ..deadline }));
                }
                ready!(self.line.poll_deadline(cx));
                self.line.dock.losses.count(Loss::SlowBody);
                let _exchange = server.read_expired();
                Poll::Ready(Err(BodyFault::Stalled))
            }
        }
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
