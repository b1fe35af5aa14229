//! The upstream's side of the gateway: one connection that takes requests and brings answers, many times if all goes well.

use crate::body::{BodyError, Decoded, Decoder};
use crate::deadline::{Deadline, Wait};
use crate::encode::{EncodeError, Encoder, Frame};
use crate::head::{BodyLength, Parsed, Rejection};
use crate::limits::Limits;
use crate::request::Method;
use crate::response::{Asked, ResponseHead};

/// One connection to an upstream. It holds no bytes.
#[derive(Debug)]
pub struct Client {
    decoder: Decoder,
    encoder: Encoder,
    /// Bytes of an incomplete head that were looked at.
    seen: u32,
    phase: Phase,
    asked: Asked,
    idempotent: bool,
    /// It has served a request before: the upstream may have closed it without our knowing.
    pooled: bool,
    /// Something of this request may have reached the upstream.
    sent: bool,
    /// A piece of this request's body has left the caller's hands.
    body_streamed: bool,
    request_finished: bool,
    /// Something of the answer has come.
    answered: bool,
    keep: bool,
    interim_answers: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    /// The request is being sent, or was; the answer's head has not come.
    Asked,
    /// The answer's head has come; its body is coming, or has.
    Answered,
    Upgraded,
    Closed,
}

/// What the driver does next about the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum ClientNext {
    /// Read more into the buffer, until [`Client::read_deadline`]; then ask again.
    Read,
    /// The head holds the answer (for 101: the buffer holds the first bytes of the other protocol). Its body is for [`Client::body`].
    Answer,
    /// What came is no answer we take. Close the connection; the client gets a 502.
    Bad(Rejection),
    /// Nothing is asked on this connection, or it is closed.
    Nothing,
}

/// What becomes of the connection after an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Reuse {
    Pool,
    Close,
}

/// May a request that got no answer be sent again, on a fresh connection?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum RetryVerdict {
    Once,
    Never(&'static str),
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A connection that was just made.
    #[must_use]
    pub fn new() -> Self {
        Self {
            decoder: Decoder::ended(),
            encoder: Encoder::mute(),
            seen: 0,
            phase: Phase::Idle,
            asked: Asked::Plainly,
            idempotent: false,
            pooled: false,
            sent: false,
            body_streamed: false,
            request_finished: false,
            answered: false,
            keep: true,
            interim_answers: 0,
        }
    }

    /// A request with this body is about to be sent. No, if the connection is not free.
    #[must_use]
    pub fn begin(&mut self, method: Method, wants_websocket: bool, body: BodyLength) -> bool {
        if self.phase != Phase::Idle {
            return false;
        }
        *self = Self { phase: Phase::Asked, pooled: self.pooled, idempotent: method.is_idempotent(), ..Self::new() };
        self.asked = match method {
            Method::Head => Asked::ByHead,
            _ if wants_websocket => Asked::ForWebsocket,
            _ => Asked::Plainly,
        };
        // As the writer: a request can not last until the connection closes.
        self.encoder = Encoder::new(if body == BodyLength::UntilClose { BodyLength::Chunked } else { body });
        true
    }

    /// A write has been tried: from now on the upstream may know of the request.
    pub fn mark_sent(&mut self) {
        self.sent = true;
    }

    /// Frames a piece of the request's body (see [`Encoder::frame`]). A body that the caller still holds as a whole, and could send
    /// again, is told by [`Self::body_is_held`] after it.
    pub fn frame(&mut self, len: usize, out: &mut Vec<u8>) -> Result<Frame, EncodeError> {
        if !matches!(self.phase, Phase::Asked | Phase::Answered) || self.request_finished {
            return Err(EncodeError::Overrun);
        }
        self.body_streamed |= len > 0;
        let frame = self.encoder.frame(len, out);
        self.keep &= frame.is_ok();
        frame
    }

    /// All pieces framed so far are still held by the caller.
    pub fn body_is_held(&mut self) {
        self.body_streamed = false;
    }

    /// Ends the request: appends what must still be sent. If less was sent than was announced, the connection must be closed.
    pub fn finish_request(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.request_finished {
            return Ok(());
        }
        let finished = self.encoder.finish(out);
        match finished {
            Ok(()) => self.request_finished = true,
            Err(_) => self.phase = Phase::Closed,
        }
        finished
    }

    /// Looks for the answer's head in `buf`, at any time after [`Self::begin`]: an answer may be early. Interim answers are skipped.
    pub fn next(&mut self, buf: &mut Vec<u8>, head: &mut ResponseHead, limits: &Limits) -> ClientNext {
        if self.phase != Phase::Asked {
            return ClientNext::Nothing;
        }
        self.answered |= !buf.is_empty();
        loop {
            if buf.is_empty() {
                self.seen = 0;
                return ClientNext::Read;
            }
            match head.parse(buf, self.seen as usize, self.asked, &limits.head) {
                Ok(Parsed::Partial) => {
                    self.seen = buf.len() as u32;
                    return ClientNext::Read;
                }
                Ok(Parsed::Complete) if head.status() < 200 && head.status() != 101 => {
                    self.seen = 0;
                    if self.interim_answers >= limits.interim_answers_max {
                        return self.bad(Rejection { status: 502, because: "too many interim answers" });
                    }
                    self.interim_answers += 1;
                }
                Ok(Parsed::Complete) => return self.take_answer(buf, head, limits),
                Err(rejection) => return self.bad(rejection),
            }
        }
    }

    /// Turns `buf[from..]` into payload of the answer's body, in place (see [`Decoder::decode`]). Surplus is to be dropped: the
    /// connection will not be used again.
    pub fn body(&mut self, buf: &mut Vec<u8>, from: usize) -> Result<Decoded, BodyError> {
        let decoded = self.decoder.decode(buf, from);
        self.keep &= matches!(decoded, Ok(Decoded { surplus: 0, .. }));
        decoded
    }

    #[must_use]
    pub fn body_is_ended(&self) -> bool {
        self.decoder.is_ended()
    }

    /// The upstream will send no more. An error if the answer was not complete.
    pub fn end_of_input(&mut self) -> Result<(), BodyError> {
        self.keep = false;
        match self.phase {
            Phase::Asked => {
                self.phase = Phase::Closed;
                Err(BodyError::Truncated)
            }
            Phase::Answered => self.decoder.end_of_input(),
            Phase::Idle | Phase::Closed => {
                self.phase = Phase::Closed;
                Ok(())
            }
            Phase::Upgraded => Ok(()),
        }
    }

    /// A free connection became readable: the upstream closed it, or sent what nobody asked for. It is never used again.
    pub fn became_readable_while_idle(&mut self) {
        if self.phase == Phase::Idle {
            self.phase = Phase::Closed;
        }
    }

    /// The exchange is over, well or not. Only a request sent to its end, and an answer read to its end without a byte to spare, on
    /// a connection that both sides want to keep, leave one that can be used again.
    pub fn finish(&mut self) -> Reuse {
        let well = self.phase == Phase::Answered && self.keep && self.request_finished && self.decoder.is_ended();
        let still_free = self.phase == Phase::Idle;
        if well || still_free {
            self.phase = Phase::Idle;
            self.pooled |= well;
            Reuse::Pool
        } else {
            self.phase = Phase::Closed;
            Reuse::Close
        }
    }

    /// After the connection failed: may the request be sent again? Ask before anything else is begun.
    pub fn may_retry(&self) -> RetryVerdict {
        if !self.pooled {
            return RetryVerdict::Never("the connection was fresh: the upstream itself failed");
        }
        if self.answered {
            return RetryVerdict::Never("the upstream began to answer");
        }
        if self.body_streamed {
            return RetryVerdict::Never("the body is gone");
        }
        if self.sent && !self.idempotent {
            return RetryVerdict::Never("the upstream may have done it");
        }
        RetryVerdict::Once
    }

    /// How long to wait for bytes from the upstream; nothing if none are due. The wait for an answer counts from the end of the request.
    #[must_use]
    pub fn read_deadline(&self, limits: &Limits) -> Option<Deadline> {
        match self.phase {
            Phase::Asked if self.request_finished => Wait::Answer.at_most(limits.answer_head_ms),
            Phase::Answered if !self.decoder.is_ended() => Wait::Body.at_most(limits.body_stall_ms),
            Phase::Asked | Phase::Answered | Phase::Idle | Phase::Upgraded | Phase::Closed => None,
        }
    }

    /// How long the upstream may take nothing of the request.
    #[must_use]
    pub fn write_deadline(&self, limits: &Limits) -> Option<Deadline> {
        let sending = matches!(self.phase, Phase::Asked | Phase::Answered) && !self.request_finished;
        Wait::Write.at_most(limits.write_stall_ms).filter(|_| sending)
    }

    fn take_answer(&mut self, buf: &[u8], head: &ResponseHead, limits: &Limits) -> ClientNext {
        let Ok(decoder) = Decoder::new(head.body(), limits.body_bytes_max) else {
            return self.bad(Rejection { status: 502, because: "the answer's body is announced to be too large" });
        };
        self.decoder = decoder;
        self.phase = if head.status() == 101 { Phase::Upgraded } else { Phase::Answered };
        self.keep &= head.keep_alive() && (buf.is_empty() || !self.decoder.is_ended());
        ClientNext::Answer
    }

    fn bad(&mut self, rejection: Rejection) -> ClientNext {
        self.phase = Phase::Closed;
        self.keep = false;
        ClientNext::Bad(rejection)
    }
}
