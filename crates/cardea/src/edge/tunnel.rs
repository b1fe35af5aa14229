//! A connection that goes on as WebSocket: bytes are copied both ways until an end closes.
//!
//! Nothing is looked at and nothing is kept beyond one buffer each way: who takes slowly, slows the other end down. A way without
//! traffic holds no buffer. When one end has said that it will send no more, the other is told and has a moment left to say goodbye. What
//! stays is bounded: by idling, by a life's length, by a drain. Neither connection ever serves a request again.

use super::answer::{Cut, write_head};
use super::limits::Limits;
use super::line::Line;
use super::socket::Socket;
use base::gate::{Buffer, Exchange, Reply, TunnelEnd, give_back_fields};
use base::world::{Deadlines, Watch};
use h1::BodyLength;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Buffers that one way moves before the others of its thread get their turn.
const BUFFERS_PER_TURN_MAX: usize = 16;

/// How many tunnels are open, for `/metrics`. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Tunnels(Arc<AtomicU64>);

/// One of them. Dropping it, for whatever reason, takes it off the count.
struct Counted<'a>(&'a Tunnels);

impl Tunnels {
    fn enter(&self) -> Counted<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Counted(self)
    }

    pub(super) fn open(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The client's end.
struct Client<'a, S: Socket>(&'a Line<S>);

impl<S: Socket> TunnelEnd for Client<'_, S> {
    fn poll_arrived(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.input.borrow().is_empty() { self.0.io.borrow().poll_arrived(cx) } else { Poll::Ready(()) }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<io::Result<usize>> {
        let early = std::mem::take(&mut *self.0.input.borrow_mut());
        if early.is_empty() {
            return self.0.poll_read(cx, into);
        }
        into.extend_from_slice(&early);
        Poll::Ready(Ok(early.len()))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.io.borrow_mut().poll_send(cx, bytes)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.io.borrow_mut()).poll_flush(cx)
    }

    fn poll_shut(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(cx))?;
        self.0.shut(cx);
        Poll::Ready(Ok(()))
    }
}

/// Which end of a way broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Source,
    Sink,
}

/// One way: from one end to the other.
#[derive(Default)]
struct Way {
    held: Buffer,
    /// How much of it has gone on.
    gone: usize,
    /// Something may not have left yet.
    unflushed: bool,
    /// Its source will bring no more.
    ended: bool,
    /// Its sink was told so.
    shut: bool,
    /// Bytes that have gone on, in all.
    bytes: u64,
}

impl Way {
    /// Moves what can be moved. Ready once there will be no more, and the sink was told.
    fn poll(&mut self, cx: &mut Context<'_>, from: &mut dyn TunnelEnd, to: &mut dyn TunnelEnd) -> Poll<Result<(), Fault>> {
        for _ in 0..BUFFERS_PER_TURN_MAX {
            if self.shut {
                return Poll::Ready(Ok(()));
            }
            while self.gone < self.held.len() {
                let sent = ready!(to.poll_send(cx, &self.held[self.gone..])).unwrap_or(0);
                if sent == 0 {
                    return Poll::Ready(Err(Fault::Sink));
                }
                self.gone += sent;
                self.bytes += sent as u64;
                self.unflushed = true;
            }
            // Whoever waits holds no buffer.
            (self.held, self.gone) = (Buffer::none(), 0);
            if self.unflushed {
                ready!(to.poll_flush(cx)).map_err(|_| Fault::Sink)?;
                self.unflushed = false;
            }
            if self.ended {
                // An end that is gone already was told enough.
                let _gone = ready!(to.poll_shut(cx));
                self.shut = true;
                continue;
            }
            ready!(from.poll_arrived(cx));
            let mut held = Buffer::take();
            match ready!(from.poll_receive(cx, &mut held)).map_err(|_| Fault::Source)? {
                0 => self.ended = true,
                _ => self.held = held,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Nobody takes what it brings.
    fn give_up(&mut self) {
        (self.held, self.gone, self.ended, self.shut) = (Buffer::none(), 0, true, true);
    }
}

/// How a tunnel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Both ends have said all, or one has and the other had its moment.
    Closed,
    /// One end broke off.
    Broken,
    /// Nothing went either way for too long.
    Idle,
    /// It was open as long as it may be, or the process goes.
    Over,
}

/// The bounds of one tunnel, and its two ways.
struct Copying {
    up: Way,
    down: Way,
    idle: Watch,
    by: Watch,
    idle_ms: u32,
    linger_ms: u32,
    moved_bytes: u64,
    lingers: bool,
    hurried: bool,
}

impl Copying {
    fn new(deadlines: &Deadlines, limits: &Limits) -> Copying {
        let watch = |ms: u32| {
            let watch = deadlines.watch();
            watch.set(Duration::from_millis(u64::from(ms)));
            watch
        };
        Copying {
            up: Way::default(),
            down: Way::default(),
            idle: watch(limits.tunnel_idle_ms),
            by: watch(limits.tunnel_ms_max),
            idle_ms: limits.tunnel_idle_ms,
            linger_ms: limits.tunnel_linger_ms,
            moved_bytes: 0,
            lingers: false,
            hurried: false,
        }
    }

    /// It must be over in so much time, unless that is so already.
    fn hurry(&mut self, left: Duration) {
        if !std::mem::replace(&mut self.hurried, true) && !self.lingers {
            self.by.set(left);
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, client: &mut dyn TunnelEnd, backend: &mut dyn TunnelEnd) -> Poll<End> {
        let mut up = self.up.poll(cx, client, backend);
        if up == Poll::Ready(Err(Fault::Sink)) {
            // A back end that takes no more may have said why.
            self.up.give_up();
            up = Poll::Ready(Ok(()));
        }
        let down = self.down.poll(cx, backend, client);
        match (up, down) {
            (Poll::Ready(Err(_)), _) | (_, Poll::Ready(Err(_))) => return Poll::Ready(End::Broken),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => return Poll::Ready(End::Closed),
            _ => {}
        }
        let moved_bytes = self.up.bytes + self.down.bytes;
        if std::mem::replace(&mut self.moved_bytes, moved_bytes) != moved_bytes {
            self.idle.set(Duration::from_millis(u64::from(self.idle_ms)));
        }
        if (self.up.ended || self.down.ended) && !std::mem::replace(&mut self.lingers, true) {
            self.by.set(Duration::from_millis(u64::from(self.linger_ms)));
        }
        if self.by.poll_passed(cx).is_ready() {
            return Poll::Ready(if self.lingers { End::Closed } else { End::Over });
        }
        self.idle.poll_passed(cx).map(|()| End::Idle)
    }
}

/// Tells the client that its connection goes on as WebSocket, and copies until that ends.
pub(super) async fn run<S: Socket>(line: &Line<S>, ex: &mut Exchange, reply: Reply, mut backend: Box<dyn TunnelEnd>) {
    if switch(line, ex, reply).await.is_err() {
        line.server.borrow_mut().answer_failed();
        return;
    }
    let dock = &line.dock;
    let _counted = dock.tunnels.enter();
    let mut copying = Copying::new(&dock.lane.deadlines, &dock.limits);
    let end = poll_fn(|cx| {
        if let Some(left) = dock.drain_left() {
            // A little sooner than those who are cut off, to close in order.
            copying.hurry(left.saturating_sub(Duration::from_millis(u64::from(dock.limits.drain_wait_ms)).min(left / 2)));
        }
        let end = copying.poll(cx, &mut Client(line), &mut *backend);
        ex.notes.sent_bytes = copying.down.bytes;
        end
    })
    .await;
    tracing::debug!(request = %ex.id, ?end, sent = copying.down.bytes, received = copying.up.bytes, "a tunnel ended");
    match end {
        End::Broken => line.server.borrow_mut().answer_failed(),
        End::Closed | End::Idle | End::Over => {
            poll_fn(|cx| {
                line.shut(cx);
                let _as_far_as_it_goes = backend.poll_shut(cx);
                Poll::Ready(())
            })
            .await;
        }
    }
}

/// Sends the 101.
async fn switch<S: Socket>(line: &Line<S>, ex: &mut Exchange, mut reply: Reply) -> Result<(), Cut> {
    let mut out = Buffer::take();
    ex.notes.status = reply.status;
    write_head(line, &reply, BodyLength::None, &mut out)?;
    give_back_fields(std::mem::take(&mut reply.fields));
    line.server.borrow_mut().finish_answer(&mut out)?;
    let mut sent = 0;
    poll_fn(|cx| line.poll_send(cx, &out, &[], &mut sent)).await.map_err(|_| Cut::Client)
}

#[cfg(test)]
mod tests;
