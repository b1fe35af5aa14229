//! The client's side of the gateway: one connection that brings requests and takes answers.

use crate::body::{BodyError, Decoded, Decoder};
use crate::deadline::{Deadline, Wait};
use crate::encode::{EncodeError, Encoder, Frame};
use crate::head::{BodyLength, Parsed, Rejection, Version};
use crate::limits::Limits;
use crate::request::{Method, RequestHead};
use crate::write::{CONTINUE, Connection};

/// One connection from a client. It holds no bytes; the driver's one input buffer goes in and out of its calls.
#[derive(Debug)]
pub struct Server {
    decoder: Decoder,
    encoder: Encoder,
    /// Bytes of an incomplete head that were looked at; or, once a connection ends, bytes that were dropped.
    count: u32,
    phase: Phase,
    answer: AnswerPhase,
    version: Version,
    by_head: bool,
    websocket: bool,
    keep: bool,
    /// The client waits for `100 Continue`.
    waits_for_continue: bool,
    /// The request is no longer followed (it broke a rule, or stalled): nothing after it can be believed.
    broken: bool,
    input_ended: bool,
    drain: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Head,
    Exchange,
    /// The answer is out; the rest of a small request body is taken and dropped, to keep the connection.
    Surplus,
    /// The answer is out and was the last.
    Ending,
    Lingering,
    Upgraded,
    Closed,
    Aborted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnswerPhase {
    Due,
    Begun,
    Done,
}

/// What the driver does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// Read more into the buffer, until [`Server::read_deadline`]; then ask again.
    Read,
    /// The head holds a request. Answer it; what the buffer holds is its body and what follows.
    Request,
    /// What came is no request we take: answer with this status. The connection ends after it.
    Refuse(Rejection),
    /// A request is being answered; ask again after [`Server::finish_answer`].
    Exchange,
    /// Shut the sending side (once), then read on; what comes is dropped here.
    Linger,
    /// The connection speaks WebSocket now; the buffer may hold its first bytes.
    Upgraded,
    /// Close the connection.
    Close,
    /// Reset it, so that nobody takes what was sent for whole.
    Abort,
}

/// How an answer is to be written: pass both to [`crate::ResponseWriter::finish`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerPlan {
    pub framing: BodyLength,
    pub connection: Connection,
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    /// A connection that was just accepted.
    #[must_use]
    pub fn new() -> Self {
        Self {
            decoder: Decoder::ended(),
            encoder: Encoder::mute(),
            count: 0,
            phase: Phase::Idle,
            answer: AnswerPhase::Done,
            version: Version::Http11,
            by_head: false,
            websocket: false,
            keep: true,
            waits_for_continue: false,
            broken: false,
            input_ended: false,
            drain: false,
        }
    }

    /// What to do now. `buf` holds what was read and not yet used. Asking twice does no harm.
    pub fn next(&mut self, buf: &mut Vec<u8>, head: &mut RequestHead, limits: &Limits) -> Next {
        if self.phase == Phase::Surplus {
            self.drop_surplus(buf, limits);
        }
        if self.phase == Phase::Ending {
            // To close with bytes unread would reset the connection, and the answer might be lost with it.
            let all_read = self.decoder.is_ended() && !self.broken && buf.is_empty();
            self.phase = if all_read || self.input_ended { Phase::Closed } else { Phase::Lingering };
            self.count = 0;
        }
        match self.phase {
            Phase::Idle | Phase::Head => self.read_head(buf, head, limits),
            Phase::Exchange => Next::Exchange,
            Phase::Surplus => Next::Read,
            Phase::Lingering => self.linger(buf, limits),
            Phase::Upgraded => Next::Upgraded,
            Phase::Ending | Phase::Closed => Next::Close,
            Phase::Aborted => Next::Abort,
        }
    }

    /// Is there nothing but a connection? Then the driver may give its buffer back and wait.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// The pipeline is ready to read the body: appends `100 Continue` to `out`, once, if the client waits for it and has sent nothing.
    pub fn want_body(&mut self, out: &mut Vec<u8>) {
        if self.waits_for_continue && self.phase == Phase::Exchange && self.answer == AnswerPhase::Due {
            out.extend_from_slice(CONTINUE);
        }
        self.waits_for_continue = false;
    }

    /// Turns `buf[from..]` into payload of the request's body, in place (see [`Decoder::decode`]). `surplus` bytes at its end belong to
    /// the next request: the driver keeps them as its input buffer. After an error an answer can still be given.
    pub fn body(&mut self, buf: &mut Vec<u8>, from: usize) -> Result<Decoded, BodyError> {
        if buf.len() > from {
            self.waits_for_continue = false;
        }
        let decoded = self.decoder.decode(buf, from);
        self.broken |= decoded.is_err();
        decoded
    }

    /// Keeps the trailer of the body that is about to be read: else it is checked and dropped.
    pub fn want_trailers(&mut self) {
        self.decoder.keep_trailers();
    }

    /// Names and values of the trailer, if it was [wanted](Self::want_trailers), once the body has ended.
    pub fn trailers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.decoder.trailers()
    }

    #[must_use]
    pub fn body_is_ended(&self) -> bool {
        self.decoder.is_ended()
    }

    /// The client will send no more. An error, if a request's body was not complete; it can still be answered.
    pub fn end_of_input(&mut self) -> Result<(), BodyError> {
        self.input_ended = true;
        match self.phase {
            Phase::Idle | Phase::Head | Phase::Surplus | Phase::Lingering => {
                self.phase = Phase::Closed;
                Ok(())
            }
            Phase::Exchange => {
                let ended = self.decoder.end_of_input();
                self.broken |= ended.is_err();
                ended
            }
            Phase::Ending | Phase::Upgraded | Phase::Closed | Phase::Aborted => Ok(()),
        }
    }

    /// The [read deadline](Self::read_deadline) has passed. During an exchange it means that the body stalled: the pipeline may still
    /// answer (408) and the connection ends after it.
    pub fn read_expired(&mut self) -> Next {
        match self.phase {
            Phase::Head => self.refuse_head(Rejection { status: 408, because: "the head did not come in time" }),
            Phase::Exchange => {
                self.broken = true;
                Next::Exchange
            }
            Phase::Upgraded => Next::Upgraded,
            Phase::Aborted => Next::Abort,
            Phase::Idle | Phase::Surplus | Phase::Ending | Phase::Lingering | Phase::Closed => {
                self.phase = Phase::Closed;
                Next::Close
            }
        }
    }

    /// How long to wait for bytes from the client; nothing if none are due.
    #[must_use]
    pub fn read_deadline(&self, limits: &Limits) -> Option<Deadline> {
        match self.phase {
            Phase::Idle => Wait::Idle.at_most(limits.idle_ms),
            Phase::Head => Wait::Head.at_most(limits.head_ms),
            Phase::Exchange if !self.decoder.is_ended() && !self.broken => Wait::Body.at_most(limits.body_stall_ms),
            Phase::Surplus => Wait::Surplus.at_most(limits.linger_ms),
            Phase::Ending | Phase::Lingering => Wait::Linger.at_most(limits.linger_ms),
            Phase::Exchange | Phase::Upgraded | Phase::Closed | Phase::Aborted => None,
        }
    }

    /// How long the client may take nothing of what is being sent to it. Past it: [`Self::answer_failed`].
    #[must_use]
    pub fn write_deadline(&self, limits: &Limits) -> Option<Deadline> {
        Wait::Write.at_most(limits.write_stall_ms).filter(|_| self.phase != Phase::Closed && self.phase != Phase::Aborted)
    }

    /// An answer of this status and this body is about to be written: how. Nothing, if no answer is due (each request has one), or if
    /// it is a 101 that the client did not ask for or another interim answer.
    pub fn answer(&mut self, status: u16, body: BodyLength, limits: &Limits) -> Option<AnswerPlan> {
        let interim = status < 200 && !(status == 101 && self.websocket);
        if self.phase != Phase::Exchange || self.answer != AnswerPhase::Due || interim {
            return None;
        }
        self.answer = AnswerPhase::Begun;
        if status == 101 {
            self.encoder = Encoder::mute();
            return Some(AnswerPlan { framing: BodyLength::None, connection: Connection::Websocket });
        }
        self.websocket = false;
        let length = match body {
            BodyLength::None => BodyLength::Exact(0),
            BodyLength::Chunked | BodyLength::UntilClose if self.version == Version::Http10 => BodyLength::UntilClose,
            BodyLength::UntilClose => BodyLength::Chunked,
            known => known,
        };
        let framing = match (status, length) {
            (204 | 304, _) => BodyLength::None,
            // The length of what a GET would bring, if it is known.
            (_, BodyLength::Chunked | BodyLength::UntilClose) if self.by_head => BodyLength::None,
            _ => length,
        };
        let no_body = self.by_head || matches!(status, 204 | 304);
        self.encoder = if no_body { Encoder::mute() } else { Encoder::new(framing) };
        self.keep &=
            !self.drain && !self.broken && !self.input_ended && framing != BodyLength::UntilClose && self.body_is_near_its_end(limits);
        let connection = match (self.keep, self.version) {
            (false, _) => Connection::Close,
            (true, Version::Http10) => Connection::KeepAlive,
            (true, _) => Connection::Unsaid,
        };
        Some(AnswerPlan { framing, connection })
    }

    /// Did the client ask by HEAD? Whatever the request is taken for since, the answer has no body.
    #[must_use]
    pub fn is_asked_by_head(&self) -> bool {
        self.by_head
    }

    /// Frames a piece of the answer's body (see [`Encoder::frame`]). After an error: [`Self::answer_failed`].
    pub fn frame(&mut self, len: usize, out: &mut Vec<u8>) -> Result<Frame, EncodeError> {
        if self.answer != AnswerPhase::Begun {
            return Err(EncodeError::Overrun);
        }
        self.encoder.frame(len, out)
    }

    /// Ends the answer: appends what must still be sent. Send it, then ask what is [next](Self::next). If less was sent than was
    /// announced, the connection will be aborted.
    pub fn finish_answer(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.phase != Phase::Exchange || self.answer != AnswerPhase::Begun {
            return Ok(());
        }
        self.answer = AnswerPhase::Done;
        let finished = self.encoder.finish(out);
        self.phase = if finished.is_err() {
            Phase::Aborted
        } else if self.websocket {
            Phase::Upgraded
        } else if !self.keep || self.broken || self.input_ended {
            Phase::Ending
        } else if self.decoder.is_ended() {
            Phase::Idle
        } else {
            Phase::Surplus
        };
        self.count = 0;
        finished
    }

    /// The answer can not be given, or not to its end: the connection will be aborted.
    pub fn answer_failed(&mut self) {
        if self.phase != Phase::Closed {
            self.phase = Phase::Aborted;
        }
    }

    /// The process wants to go: no further request is taken, an idle connection closes when asked for its next step.
    pub fn drain(&mut self) {
        self.drain = true;
    }

    fn read_head(&mut self, buf: &mut Vec<u8>, head: &mut RequestHead, limits: &Limits) -> Next {
        if buf.is_empty() {
            (self.phase, self.count) = (Phase::Idle, 0);
            if self.drain {
                self.phase = Phase::Closed;
                return Next::Close;
            }
            return Next::Read;
        }
        match head.parse_further(buf, self.count as usize, &limits.head) {
            Ok(Parsed::Partial) => {
                (self.phase, self.count) = (Phase::Head, buf.len() as u32);
                Next::Read
            }
            Ok(Parsed::Complete) => self.begin(head, limits),
            Err(rejection) => self.refuse_head(rejection),
        }
    }

    fn begin(&mut self, head: &RequestHead, limits: &Limits) -> Next {
        self.version = head.version();
        self.by_head = head.method() == Method::Head;
        self.websocket = head.wants_websocket();
        self.keep = head.keep_alive();
        self.waits_for_continue = head.expects_continue();
        let Ok(decoder) = Decoder::new(head.body(), limits.body_bytes_max) else {
            return self.refuse(Rejection { status: 413, because: "the body is announced to be too large" });
        };
        self.decoder = decoder;
        (self.phase, self.answer) = (Phase::Exchange, AnswerPhase::Due);
        Next::Request
    }

    /// Nothing is known of what was asked, and what the request before it was must not count.
    fn refuse_head(&mut self, rejection: Rejection) -> Next {
        (self.version, self.by_head) = (Version::Http11, false);
        self.refuse(rejection)
    }

    fn refuse(&mut self, rejection: Rejection) -> Next {
        (self.phase, self.answer) = (Phase::Exchange, AnswerPhase::Due);
        (self.broken, self.keep, self.waits_for_continue, self.websocket) = (true, false, false, false);
        Next::Refuse(rejection)
    }

    /// Is what remains of the request's body nothing, or little and certain to come? A client that waits for `100 Continue` may send its
    /// body or not, so nobody could tell what comes next.
    fn body_is_near_its_end(&self, limits: &Limits) -> bool {
        self.decoder.left().is_some_and(|left| left == 0 || (left <= u64::from(limits.surplus_bytes_max) && !self.waits_for_continue))
    }

    fn drop_surplus(&mut self, buf: &mut Vec<u8>, limits: &Limits) {
        match self.decoder.decode(buf, 0) {
            Ok(decoded) => {
                let dropped = buf.len() - decoded.surplus;
                self.count = self.count.saturating_add(dropped as u32);
                buf.drain(..dropped);
                if self.count > limits.surplus_bytes_max {
                    self.phase = Phase::Ending;
                } else if decoded.end {
                    (self.phase, self.count) = (Phase::Idle, 0);
                }
            }
            Err(_) => {
                self.broken = true;
                self.phase = Phase::Ending;
            }
        }
    }

    fn linger(&mut self, buf: &mut Vec<u8>, limits: &Limits) -> Next {
        self.count = self.count.saturating_add(u32::try_from(buf.len()).unwrap_or(u32::MAX));
        buf.clear();
        if self.count > limits.linger_bytes_max {
            self.phase = Phase::Closed;
            return Next::Close;
        }
        Next::Linger
    }
}
