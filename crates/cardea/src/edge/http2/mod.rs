//! The driver of HTTP/2: hyper knows the frames, and everything else is as for HTTP/1.1. Heads pass h1's rules, the same desk answers,
//! bodies go both ways as they are taken.
//!
//! ```text
//!   serve ── one connection: idling, draining, its end
//!     ├─ Wire ── the stream; at the end it is listened to for a while, so that the client can read why
//!     ├─ Front ── a request comes ─► head::read ─► Answers::answer ─► answer::begin
//!     └─ Couriers ── a task for each stream; it ends a stream whose client takes nothing
//! ```
//!
//! * Every stream has the deadlines of a request of HTTP/1.1: its body's pieces, and its client's taking of ours. A connection without
//!   a running request idles; one that has never asked has as long as a head.
//! * What hyper counts itself is said aloud in [`Limits`]: streams at once, sizes of heads and windows, resets.
//! * What is odd: trailers are dropped, but for those of answers to gRPC calls; `Expect` brings no interim answer, and `$context.protocol` says HTTP/1.1, as AWS's does.

mod answer;
mod body;
mod head;
mod wire;

pub use head::read as read_head;

use super::Answers;
use super::answer::Waits;
use super::certificates::Wall;
use super::dock::{Dock, Seat};
use super::front;
use super::handed::{Counted, InHand};
use super::http1::{CLIENT_GONE, answered};
use super::losses::Loss;
use super::pace::Pace;
use answer::{Broken, Outgoing, Pieces};
use base::gate::{Exchange, LocalBoxFuture, Scheme};
use hyper::body::{Body, Incoming};
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::Service;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::spawn_local;
use wire::Wire;

/// What a stranger can make an HTTP/2 connection hold, beyond what holds for requests on any connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests at once on one connection; the client is told, and more are refused.
    pub streams_max: u32,
    /// Bytes of one request's body that wait to be read.
    pub stream_window_bytes: u32,
    /// Bytes of all bodies of a connection that wait to be read.
    pub connection_window_bytes: u32,
    /// Bytes of one answer that wait to be sent.
    pub send_buffer_bytes_max: usize,
    /// Streams that the client reset before they were looked at; one more ends the connection.
    pub early_resets_max: usize,
    /// Streams that we had to reset for the client's faults; one more ends the connection.
    pub fault_resets_max: usize,
    /// Bytes that names of fields may be kept in between requests.
    pub field_table_bytes_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams_max: 128,
            stream_window_bytes: 64 * 1024,
            connection_window_bytes: 1024 * 1024,
            send_buffer_bytes_max: 64 * 1024,
            early_resets_max: 20,
            fault_resets_max: 64,
            field_table_bytes_max: 4_096,
        }
    }
}

/// The largest frame of a body that we take: the least that the protocol allows.
const FRAME_BYTES_MAX: u32 = 16 * 1024;

/// Who is at the other end, and how it came.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) peer: SocketAddr,
    pub(super) port: u16,
    pub(super) scheme: Scheme,
    pub(super) wall: Option<Wall>,
}

/// Serves one connection to its end.
pub(super) async fn serve<S, A>(stream: S, origin: Origin, dock: Rc<Dock>, desk: Rc<A>, seat: Seat)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    A: Answers,
{
    let (flow, running, asked) = (Rc::default(), Rc::new(InHand::default()), Rc::new(Cell::new(false)));
    let couriers = Couriers { dock: dock.clone(), next: Rc::clone(&flow) };
    let peer = origin.peer;
    let front = Front { dock: dock.clone(), desk, origin, next: flow, running: running.clone(), asked: asked.clone() };
    let wire = Wire::new(stream);
    let mut connection = Box::pin(settings(&dock, couriers).serve_connection(TokioIo::new(wire.clone()), front));
    let patience = dock.lane.deadlines.watch();
    let (mut seated, mut leaving, mut armed) = (false, false, None);
    let leave = poll_fn(|cx| {
        if !std::mem::replace(&mut seated, true) {
            seat.sit(cx.waker());
        }
        loop {
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "an HTTP/2 connection broke off");
                }
                return Poll::Ready(Leave::Spoken);
            }
            if dock.is_draining() && !std::mem::replace(&mut leaving, true) {
                connection.as_mut().graceful_shutdown();
                continue;
            }
            let limits = &dock.limits.h1;
            let wait = match running.poll_empty(cx) {
                Poll::Pending => None,
                Poll::Ready(()) if leaving => Some(limits.linger_ms),
                Poll::Ready(()) if asked.get() => Some(limits.idle_ms),
                Poll::Ready(()) => Some(limits.head_ms),
            };
            if std::mem::replace(&mut armed, wait) != wait {
                match wait {
                    Some(ms) => patience.set(Duration::from_millis(u64::from(ms))),
                    None => patience.clear(),
                }
            }
            if wait.is_none() || patience.poll_passed(cx).is_pending() {
                return Poll::Pending;
            }
            if std::mem::replace(&mut leaving, true) {
                return Poll::Ready(Leave::Overdue);
            }
            connection.as_mut().graceful_shutdown();
        }
    })
    .await;
    // Who is only listened to is kept nothing for.
    drop(connection);
    if leave == Leave::Spoken {
        wire.linger(&patience, &dock.limits.h1).await;
    }
}

/// How a connection came to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leave {
    /// The protocol said so, perhaps with a reason that the client has yet to read.
    Spoken,
    /// The client was told to go, had its time, and stayed.
    Overdue,
}

fn settings(dock: &Dock, couriers: Couriers) -> http2::Builder<Couriers> {
    let (limits, head) = (&dock.limits.http2, &dock.limits.h1.head);
    // The protocol counts 32 bytes more for each field, and the request line as fields.
    let list_bytes_max = head.target_bytes_max + head.fields_bytes_max + 32 * u32::from(head.fields_max) + 512;
    let mut builder = http2::Builder::new(couriers);
    builder
        .max_concurrent_streams(limits.streams_max)
        .initial_stream_window_size(limits.stream_window_bytes)
        .initial_connection_window_size(limits.connection_window_bytes)
        .max_send_buf_size(limits.send_buffer_bytes_max)
        .max_frame_size(FRAME_BYTES_MAX)
        .max_header_list_size(list_bytes_max)
        .header_table_size(limits.field_table_bytes_max)
        .max_pending_accept_reset_streams(limits.early_resets_max)
        .max_local_error_reset_streams(limits.fault_resets_max)
        .auto_date_header(false);
    builder
}

/// Where the pieces of the next stream's answer are counted: the service leaves it, the stream's task takes it. Hyper calls both in
/// one breath.
type Next = Rc<Cell<Option<Rc<Pieces>>>>;

/// Takes the requests of one connection.
struct Front<A: Answers> {
    dock: Rc<Dock>,
    desk: Rc<A>,
    origin: Origin,
    next: Next,
    running: Rc<InHand>,
    asked: Rc<Cell<bool>>,
}

impl<A: Answers> Service<Request<Incoming>> for Front<A> {
    type Response = Response<Outgoing<A>>;
    type Error = Broken;
    type Future = LocalBoxFuture<'static, Result<Response<Outgoing<A>>, Broken>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.asked.set(true);
        let pieces = Rc::new(Pieces::default());
        self.next.set(Some(pieces.clone()));
        let mut held = Held::new(self);
        let (dock, desk, wall) = (self.dock.clone(), self.desk.clone(), self.origin.wall.clone());
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let client = if parts.method == Method::HEAD { Waits::ForHead } else { Waits::ForBody };
            let reply = match head::read(&parts, body.is_end_stream(), &dock.limits.h1) {
                Ok(head) if wall.is_some_and(|wall| !wall.is_around(head.host_name())) => {
                    front::refuse(&mut held.ex, 421, front::MISDIRECTED)
                }
                Ok(head) => {
                    held.ex.request.body = body::source(body, head.body(), &dock);
                    held.ex.request.head = head;
                    dock.trusted.note_peer(held.ex.request.peer, &mut held.ex);
                    answered(&*desk, &mut held.ex).await
                }
                Err(rejection) => front::refuse(&mut held.ex, rejection.status, rejection.because),
            };
            answer::begin(held, reply, client, pieces, &dock).await
        })
    }
}

/// One request while it runs. Dropping it, for whatever reason, records it.
struct Held<A: Answers> {
    dock: Rc<Dock>,
    desk: Rc<A>,
    ex: Box<Exchange>,
    _counted: Counted,
}

impl<A: Answers> Held<A> {
    fn new(front: &Front<A>) -> Held<A> {
        let mut ex = Box::new(Exchange::new(front.dock.lane.clone()));
        ex.notes.came = front.dock.lane.clock.now();
        (ex.request.peer, ex.request.port, ex.request.scheme) = (front.origin.peer, front.origin.port, front.origin.scheme);
        ex.request.over_http2 = true;
        Held { dock: front.dock.clone(), desk: front.desk.clone(), ex, _counted: InHand::enter(&front.running) }
    }
}

impl<A: Answers> Drop for Held<A> {
    fn drop(&mut self) {
        // While a panic unwinds, another one would end the process.
        if !std::thread::panicking() {
            if self.ex.notes.status == 0 {
                // Its client has reset the stream, or left, and hyper has let go of it.
                self.ex.notes.status = CLIENT_GONE;
                self.dock.losses.count(Loss::ClientGone);
            }
            self.desk.record(&mut self.ex);
        }
    }
}

/// Gives each stream a task.
#[derive(Clone)]
struct Couriers {
    dock: Rc<Dock>,
    next: Next,
}

impl<F: Future + 'static> Executor<F> for Couriers {
    fn execute(&self, work: F) {
        let (dock, pieces) = (self.dock.clone(), self.next.take().unwrap_or_default());
        spawn_local(async move {
            let mut work = pin!(work);
            let (mut patience, mut pace) = (None, Pace::default());
            let mut armed = None;
            poll_fn(|cx| {
                if work.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                let waits = pieces.waiting();
                if std::mem::replace(&mut armed, waits) != waits {
                    let patience = patience.get_or_insert_with(|| dock.lane.deadlines.watch());
                    let now = dock.lane.deadlines.now();
                    pace.moved(now);
                    patience.clear();
                    if waits.is_some()
                        && let Some(ours) = pace.wait(now, pieces.taken_bytes(), dock.limits.h1.write_stall_ms, &dock.limits)
                    {
                        patience.set(ours);
                    }
                }
                // Whoever takes too little for too long loses the stream: what is dropped unfinished is reset.
                match (&patience, waits) {
                    (Some(patience), Some(_)) => patience.poll_passed(cx).map(|()| dock.losses.count(Loss::SlowReader)),
                    _ => Poll::Pending,
                }
            })
            .await;
        });
    }
}
