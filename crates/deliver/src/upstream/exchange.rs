//! One call: a request goes out and the head of its answer comes back, both at once.

use super::answer::Answer;
use super::balance::{Asking, Choice};
use super::connection::Connection;
use super::failure::Failure;
use super::outgoing::{Outgoing, Stuck};
use super::pool::Upstreams;
use super::target::Target;
use super::tunnel::Tunnel;
use base::gate::{Buffer, ReplyBody, RequestBody, give_back_fields, is_of_events, take_fields};
use h1::{BodyLength, ClientNext, Limits, Method, ResponseHead, RetryVerdict};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Room that is made before the head of an answer is read.
const HEAD_READ_BYTES: usize = 4 * 1024;

/// A request to a back end.
pub struct Call {
    /// Where it goes.
    pub target: Arc<Target>,
    /// Its method: whether it may be sent twice, and whether its answer has a body.
    pub method: Method,
    /// Its head as it will be sent; framed as [`body_length`] says of the body.
    pub head: Buffer,
    /// Its body.
    pub body: RequestBody,
    /// How long it may take until the head of the answer is here.
    pub timeout: Duration,
}

/// How an answer may come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// As a stream: it may be longer, and may pause longer.
    pub streams: bool,
    /// If it is a stream of events, it may pause as long as any stream.
    pub events_pause: bool,
    /// As another protocol: the head asks for WebSocket, and 101 is an answer.
    pub websocket: bool,
}

/// An answer whose head is here.
pub struct Answered {
    /// The head.
    pub head: ResponseHead,
    /// The body: `Whole` if it came with the head and the request was sent to its end, `Tunnel` behind a 101, else `Stream`.
    pub body: ReplyBody,
}

/// How a body is framed when it is sent.
pub fn body_length(body: &RequestBody) -> BodyLength {
    match body {
        RequestBody::None => BodyLength::None,
        RequestBody::Whole(bytes) => BodyLength::Exact(bytes.len() as u64),
        RequestBody::Stream(source) => source.left().map_or(BodyLength::Chunked, BodyLength::Exact),
    }
}

/// One attempt on one connection, until the head of the answer is here.
struct UpstreamExchange<'a> {
    upstreams: &'a Upstreams,
    limits: &'a Limits,
    manner: Manner,
    connection: Box<Connection>,
    outgoing: Option<Outgoing>,
    /// The back end takes no more of the request. It may have answered before that.
    deaf: bool,
    /// What was sent is kept, also on a fresh connection.
    keeps: bool,
    incoming: Buffer,
    head: ResponseHead,
}

impl Upstreams {
    /// Sends a request and waits for the head of its answer. `notes` tell of it in any case.
    pub fn ask<'a>(&'a self, call: Call, notes: &'a mut base::gate::Upstream) -> impl Future<Output = Result<Answered, Failure>> + use<'a> {
        self.ask_as(Manner::default(), call, notes)
    }

    /// The same for an answer that streams: it may be longer, and may pause longer.
    pub fn ask_for_stream<'a>(
        &'a self,
        call: Call,
        notes: &'a mut base::gate::Upstream,
    ) -> impl Future<Output = Result<Answered, Failure>> + use<'a> {
        self.ask_as(Manner { streams: true, ..Manner::default() }, call, notes)
    }

    /// The same for an answer that may come in this manner.
    pub fn ask_as<'a>(
        &'a self,
        manner: Manner,
        call: Call,
        notes: &'a mut base::gate::Upstream,
    ) -> impl Future<Output = Result<Answered, Failure>> + use<'a> {
        self.ask_with(manner, call, notes, ())
    }

    /// The same where several can be asked: the call goes to the one that was chosen, and to others where that fails and nothing is done
    /// twice by it.
    pub fn ask_among<'a>(
        &'a self,
        manner: Manner,
        call: Call,
        notes: &'a mut base::gate::Upstream,
        asking: &'a mut Asking,
    ) -> impl Future<Output = Result<Answered, Failure>> + use<'a> {
        self.ask_with(manner, call, notes, asking)
    }

    async fn ask_with<C: Choice>(
        &self,
        manner: Manner,
        call: Call,
        notes: &mut base::gate::Upstream,
        mut choice: C,
    ) -> Result<Answered, Failure> {
        let lane = &self.0.lane;
        notes.began = lane.clock.now();
        let by = lane.deadlines.now().after(call.timeout);
        let length = body_length(&call.body);
        let Call { mut target, method, head, body, .. } = call;
        let mut outgoing = Outgoing::new(head, body);
        let mut reused = self.take(&target);
        loop {
            let mut connection = match reused.take() {
                Some(connection) => connection,
                // Boxed, as it is rare: the future of every call would carry it.
                None => match Box::pin(self.dial(&target, by)).await {
                    Ok(connection) => connection,
                    Err(failure) => {
                        notes.attempts += 1;
                        // Nothing has gone out: it may go elsewhere whatever it is.
                        let Some((next, wait)) = choice.failed(&failure, true, lane) else { return Err(failure) };
                        self.pause(wait).await;
                        target = next;
                        reused = self.take(&target);
                        continue;
                    }
                },
            };
            if C::KEEPS {
                connection.in_use = choice.hold();
            }
            notes.attempts += 1;
            notes.connected = if connection.reused { notes.began } else { lane.clock.now() };
            notes.address = Some(connection.address);
            notes.reused = connection.reused;
            if !connection.client.begin(method, manner.websocket, length) {
                return Err(Failure::Closed("a connection from the pool was not free".into()));
            }
            connection.watch.set(by.since(lane.deadlines.now()));
            match outgoing.start(&mut connection) {
                Ok(true) => {}
                Ok(false) => return Err(Failure::Closed("the body is gone".into())),
                Err(stuck) => return Err(stuck.failure()),
            }
            let mut exchange = UpstreamExchange::new(self, manner, connection, outgoing, C::KEEPS);
            let Err(failure) = poll_fn(|cx| exchange.poll_head(cx)).await else {
                notes.answered = lane.clock.now();
                notes.status = exchange.head.status();
                choice.answered(exchange.head.status(), lane);
                return exchange.settle(&target);
            };
            if C::KEEPS {
                let (retried, in_use) = (exchange.is_worth_a_retry(&failure), exchange.connection.in_use.take());
                let kept = exchange.kept();
                if retried && let Some(kept) = kept {
                    // It had died in the pool, which says nothing of the target.
                    choice.resume(in_use);
                    outgoing = kept;
                    continue;
                }
                drop(in_use);
                let unsent = kept.filter(|kept| kept.is_whole() && method.is_idempotent());
                match (choice.failed(&failure, unsent.is_some(), lane), unsent) {
                    (Some((next, wait)), Some(unsent)) => {
                        self.pause(wait).await;
                        (target, outgoing) = (next, unsent);
                        reused = self.take(&target);
                    }
                    _ => return Err(failure),
                }
                continue;
            }
            outgoing = match exchange.unsent(&failure) {
                Some(unsent) => unsent,
                None => return Err(failure),
            };
            tracing::debug!(?failure, host = target.host(), "a pooled connection had died; trying a fresh one");
        }
    }

    /// Waits, as finely as deadlines are kept.
    async fn pause(&self, wait: Duration) {
        if !wait.is_zero() {
            let watch = self.0.lane.deadlines.watch();
            watch.set(wait);
            poll_fn(|cx| watch.poll_passed(cx)).await;
        }
    }
}

impl Stuck {
    fn failure(self) -> Failure {
        match self {
            Stuck::Source(fault) => Failure::RequestBody(fault),
            Stuck::Stream(error) => Failure::Closed(error.to_string().into()),
            Stuck::Framing => Failure::Closed("the body is not as long as was announced".into()),
        }
    }
}

impl<'a> UpstreamExchange<'a> {
    fn new(upstreams: &'a Upstreams, manner: Manner, connection: Box<Connection>, outgoing: Outgoing, keeps: bool) -> Self {
        let (head, settings) = (ResponseHead::reusing(take_fields()), &upstreams.0.settings);
        let limits = if manner.streams { &settings.streamed } else { &settings.limits };
        let outgoing = Some(outgoing);
        UpstreamExchange { upstreams, limits, manner, connection, outgoing, deaf: false, keeps, incoming: Buffer::none(), head }
    }

    /// After a failure: the request, if it may be sent again.
    fn unsent(self, failure: &Failure) -> Option<Outgoing> {
        let may_retry = self.is_worth_a_retry(failure);
        self.kept().filter(|_| may_retry)
    }

    /// Whether the connection had died before this request.
    fn is_worth_a_retry(&self, failure: &Failure) -> bool {
        matches!(failure, Failure::Closed(_)) && self.connection.client.may_retry() == RetryVerdict::Once
    }

    /// The request, as far as it is still here.
    fn kept(self) -> Option<Outgoing> {
        give_back_fields(self.head.into_fields());
        self.outgoing
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        if let Poll::Ready(Err(failure)) = self.poll_send(cx) {
            return Poll::Ready(Err(failure));
        }
        loop {
            match self.connection.client.next(&mut self.incoming, &mut self.head, self.limits) {
                ClientNext::Answer => return Poll::Ready(Ok(())),
                ClientNext::Bad(rejection) => return Poll::Ready(Err(Failure::Garbage(rejection.because))),
                ClientNext::Nothing => return Poll::Ready(Err(Failure::Closed("nothing was asked on this connection".into()))),
                ClientNext::Read => {}
            }
            match self.poll_read(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(self.ended())),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Failure::Closed(error.to_string().into()))),
                Poll::Pending => return self.connection.watch.poll_passed(cx).map(|()| Err(Failure::TimedOut)),
            }
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        let Some(outgoing) = self.outgoing.as_mut().filter(|_| !self.deaf) else { return Poll::Ready(Ok(())) };
        let mut moved = false;
        match outgoing.poll_send(&mut self.connection, cx, &mut moved) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => {
                // What can not be sent again need not be kept.
                if !self.connection.reused && !self.keeps {
                    self.outgoing = None;
                }
                Poll::Ready(Ok(()))
            }
            // It may have answered, and closed, before it had read everything.
            Poll::Ready(Err(Stuck::Stream(_))) => {
                self.deaf = true;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(stuck)) => Poll::Ready(Err(stuck.failure())),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        if self.incoming.capacity() == 0 {
            std::task::ready!(self.connection.stream.poll_readable(cx));
            self.incoming = Buffer::take();
        }
        self.incoming.reserve(HEAD_READ_BYTES);
        self.connection.stream.poll_read(cx, &mut self.incoming)
    }

    fn ended(&mut self) -> Failure {
        // An answer that was cut off is none.
        let _truncated = self.connection.client.end_of_input();
        match self.incoming.is_empty() {
            true => Failure::Closed("the endpoint closed the connection without an answer".into()),
            false => Failure::Garbage("the endpoint closed the connection in the head of its answer"),
        }
    }

    /// The answer, as whole as it is.
    fn settle(mut self, target: &Arc<Target>) -> Result<Answered, Failure> {
        if self.head.status() == 101 {
            return Ok(Answered { head: self.head, body: ReplyBody::Tunnel(Box::new(Tunnel::new(self.connection, self.incoming))) });
        }
        let decoded =
            self.connection.client.body(&mut self.incoming, 0).map_err(|_| Failure::Garbage("the body of the answer is malformed"))?;
        let payload = self.incoming.len() - decoded.surplus;
        self.incoming.truncate(payload);
        let outgoing = self.outgoing.filter(|outgoing| self.deaf || !outgoing.is_sent());
        let left = match self.head.body() {
            BodyLength::None => Some(0),
            BodyLength::Exact(length) => Some(length),
            BodyLength::Chunked | BodyLength::UntilClose if decoded.end => Some(self.incoming.len() as u64),
            BodyLength::Chunked | BodyLength::UntilClose => None,
        };
        if !self.connection.client.body_is_ended() || outgoing.is_some() {
            let answer = Answer::new(self.upstreams.clone(), target.clone(), self.connection, outgoing, self.incoming, left);
            let pauses = self.manner.events_pause && is_of_events(self.head.fields());
            let limits = if pauses { &self.upstreams.0.settings.streamed } else { self.limits };
            let answer = answer.patient_for(limits.body_stall_ms);
            let answer = if self.deaf { answer.cut() } else { answer };
            return Ok(Answered { head: self.head, body: ReplyBody::Stream(Box::new(answer)) });
        }
        if self.connection.client.finish() == h1::Reuse::Pool {
            self.upstreams.give_back(target, self.connection);
        }
        let body = if self.incoming.is_empty() { ReplyBody::Empty } else { ReplyBody::Whole(self.incoming) };
        Ok(Answered { head: self.head, body })
    }
}
