//! One call over HTTP/2: its request goes out and the head of its answer comes back, both at once.

use super::super::exchange::{Answered, Call};
use super::super::failure::Failure;
use super::super::pool::Upstreams;
use super::super::settings::Http2;
use super::super::target::Target;
use super::answer::{Answer, Held, Terms};
use super::link::Slot;
use super::outgoing::{Body, Stuck, pump};
use super::{Manner, failure, head, is_untouched};
use base::gate::{Exchange, ReplyBody};
use base::world::{Moment, Watch};
use bytes::Bytes;
use h1::{Limits, Method};
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};
use http::Response;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::task::spawn_local;

/// One attempt, until the head of the answer is here.
struct Attempt {
    slot: Slot,
    response: ResponseFuture,
    stream: SendStream<Bytes>,
    body: Body,
    /// There is nothing more to send, or nobody takes it.
    is_sent: bool,
}

/// Why an attempt brought no answer.
enum Failed {
    TimedOut,
    Body(Stuck),
    /// The error, and whether the other end is known to speak HTTP/2.
    Protocol(h2::Error, bool),
}

impl Upstreams {
    /// Whether a request is a call of gRPC that is passed on as one.
    pub fn passes_grpc(&self, ex: &Exchange) -> bool {
        self.0.settings.http2.is_some() && ex.is_grpc()
    }

    /// How a call is made over HTTP/2, if it is.
    pub(crate) fn over_http2(&self, target: &Target, ex: &Exchange) -> Option<Manner> {
        let Http2 { hosts, .. } = self.0.settings.http2.as_ref()?;
        match () {
            () if ex.is_grpc() => Some(Manner::Grpc),
            () => hosts.iter().any(|host| host.is(target)).then_some(Manner::Plain),
        }
    }

    /// Sends a request and waits for the head of its answer. `streams`: the answer may be longer and pause longer, as those of gRPC may.
    pub(crate) async fn ask_over_http2(
        &self,
        call: Call,
        manner: Manner,
        streams: bool,
        notes: &mut base::gate::Upstream,
    ) -> Result<Answered, Failure> {
        let (lane, settings) = (&self.0.lane, &self.0.settings);
        notes.began = lane.clock.now();
        let began = lane.deadlines.now();
        let by = began.after(call.timeout);
        let pause_ms = settings.http2.as_ref().map(|http2| http2.pause_ms).filter(|_| manner == Manner::Grpc);
        let limits = if streams || manner == Manner::Grpc { &settings.streamed } else { &settings.limits };
        let watch = lane.deadlines.watch();
        let request = head::request(&call.target, &call.head, manner)?;
        let mut body = Body::new(call.body, pause_ms);
        loop {
            let (slot, reused) = self.slot(&call.target, by).await.inspect_err(|_| notes.attempts += 1)?;
            notes.attempts += 1;
            notes.connected = if reused { notes.began } else { lane.clock.now() };
            notes.address = Some(slot.address());
            notes.reused = reused;
            watch.set(by.since(lane.deadlines.now()));
            let is_first = notes.attempts == 1;
            let (failed, again) = match Attempt::begin(slot, request.clone(), body) {
                Ok(mut attempt) => match poll_fn(|cx| attempt.poll_head(&watch, cx)).await {
                    Ok(response) => {
                        notes.answered = lane.clock.now();
                        notes.status = response.status().as_u16();
                        return attempt.settle(response, call.method, watch, terms(limits, manner, pause_ms));
                    }
                    Err(failed) => attempt.end(failed, began),
                },
                Err(refused) => *refused,
            };
            body = match (failed, again) {
                (Failed::Protocol(error, _), Some(again)) if is_first && may_again(&error, reused, call.method) => again,
                (Failed::Protocol(error, is_known), _) => return Err(failure(&error, is_known)),
                (Failed::Body(Stuck::Source(fault)), _) => return Err(Failure::RequestBody(fault)),
                (Failed::Body(Stuck::Deaf), _) => return Err(Failure::Closed("the endpoint takes no request".into())),
                (Failed::TimedOut, _) => return Err(Failure::TimedOut),
            };
            tracing::debug!(host = call.target.host(), "the endpoint did not look at a request; trying another connection");
        }
    }
}

fn terms(limits: &Limits, manner: Manner, pause_ms: Option<u32>) -> Terms {
    Terms {
        body_bytes_max: limits.body_bytes_max,
        stall_ms: pause_ms.unwrap_or(limits.body_stall_ms),
        head: limits.head.clone(),
        wants_trailers: manner == Manner::Grpc,
    }
}

/// Whether a request may be sent again: nobody has looked at it, or a connection had died, and asking twice does no harm.
fn may_again(error: &h2::Error, reused: bool, method: Method) -> bool {
    is_untouched(error) || reused && error.is_io() && method.is_idempotent()
}

impl Attempt {
    fn begin(slot: Slot, request: http::Request<()>, body: Body) -> Result<Attempt, Box<(Failed, Option<Body>)>> {
        match slot.sender().send_request(request, body.is_empty()) {
            Ok((response, stream)) => Ok(Attempt { slot, response, stream, is_sent: body.is_empty(), body }),
            Err(error) => {
                slot.shun();
                Err(Box::new((Failed::Protocol(error, slot.is_known()), body.again())))
            }
        }
    }

    fn poll_head(&mut self, watch: &Watch, cx: &mut Context<'_>) -> Poll<Result<Response<RecvStream>, Failed>> {
        if !self.is_sent
            && let Poll::Ready(sent) = self.body.poll_send(&mut self.stream, cx)
        {
            self.is_sent = true;
            if let Err(stuck @ Stuck::Source(_)) = sent {
                return Poll::Ready(Err(Failed::Body(stuck)));
            }
        }
        match Pin::new(&mut self.response).poll(cx) {
            Poll::Ready(Ok(response)) => {
                self.slot.know();
                Poll::Ready(Ok(response))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(Failed::Protocol(error, self.slot.is_known()))),
            Poll::Pending => watch.poll_passed(cx).map(|()| Err(Failed::TimedOut)),
        }
    }

    /// After a failure: the request's body, if all of it is still here.
    fn end(self, failed: Failed, began: Moment) -> (Failed, Option<Body>) {
        match &failed {
            // Not a word from the other end, for as long as it may take: it may be gone.
            Failed::TimedOut if !self.slot.has_heard_since(began) => self.slot.shun(),
            Failed::Protocol(error, _) if !error.is_reset() => self.slot.shun(),
            _ => {}
        }
        (failed, self.body.again())
    }

    /// The answer, as whole as it is.
    fn settle(self, response: Response<RecvStream>, method: Method, watch: Watch, terms: Terms) -> Result<Answered, Failure> {
        let (parts, stream) = response.into_parts();
        let is_whole = stream.is_end_stream();
        let head = head::answer(&parts, is_whole, &terms.head)?;
        if is_whole {
            let said = head.field(h1::Known::ContentLength).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            let body = match said.filter(|_| method == Method::Head) {
                Some(length) => ReplyBody::Length(length),
                None => ReplyBody::Empty,
            };
            return Ok(Answered { head, body });
        }
        let left = match head.body() {
            h1::BodyLength::Exact(length) => Some(length),
            _ => None,
        };
        let pump = (!self.is_sent).then(|| spawn_local(pump(self.body, self.stream)).abort_handle());
        let held = Held { _slot: self.slot, pump };
        Ok(Answered { head, body: ReplyBody::Stream(Box::new(Answer::new(stream, held, left, watch, terms))) })
    }
}
