//! One connection's socket and state, and every wait on it.

use super::certificates::Wall;
use super::dock::Dock;
use super::losses::Loss;
use super::pace::Pace;
use super::socket::Socket;
use base::gate::{Buffer, Exchange, Scheme};
use base::world::{Moment, Watch};
use h1::{Deadline, Limits, Next, Rejection, RequestHead, Server, Wait};
use std::cell::{Cell, OnceCell, RefCell};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// One connection: what it is while it waits, and what a request and its body share while it runs.
pub(super) struct Line<S: Socket> {
    pub(super) dock: Rc<Dock>,
    pub(super) server: RefCell<Server>,
    /// What was read and not used. Without memory while the connection is idle.
    pub(super) input: RefCell<Buffer>,
    /// What is left to send of a `100 Continue`.
    pub(super) interim: RefCell<Vec<u8>>,
    /// Which request of this connection runs: bodies of earlier ones must not read on.
    pub(super) turn: Cell<u32>,
    pub(super) io: RefCell<S>,
    peer: SocketAddr,
    port: u16,
    scheme: Scheme,
    /// The TLS policy that the connection is under, where there are several.
    wall: Option<Wall>,
    /// When the last bytes of the request's head were there.
    came: Cell<Moment>,
    /// The wait for the client's bytes.
    reading: Watch,
    armed: Cell<Option<Wait>>,
    /// The wait for the client to take ours: made when it first does not.
    writing: OnceCell<Box<Writing>>,
    /// What the client took of the answer, head included.
    sent_bytes: Cell<u64>,
    hurried: Cell<bool>,
    /// The sending side was shut.
    shut: Cell<bool>,
    /// A request is being answered: if the connection ends now, it ends as a reset.
    answering: Cell<bool>,
}

/// A client that did not take at once what was sent to it.
struct Writing {
    watch: Watch,
    pace: Cell<Pace>,
    /// How often it was waited for.
    stalls: Cell<u32>,
}

/// What came of waiting for the client.
pub(super) enum More {
    /// Bytes, or nothing that changes anything: ask the machine.
    Bytes,
    /// The wait was too long, and the client is told so.
    Refuse(Rejection),
    /// The connection is over.
    Over,
}

/// Room for a read: below it, a buffer grows.
const READ_BYTES_MIN: usize = 4 * 1024;

impl<S: Socket> Line<S> {
    pub(super) fn new(io: S, dock: Rc<Dock>, peer: SocketAddr, port: u16, scheme: Scheme) -> Line<S> {
        let reading = dock.lane.deadlines.watch();
        Line {
            dock,
            server: RefCell::new(Server::new()),
            input: RefCell::new(Buffer::none()),
            interim: RefCell::new(Vec::new()),
            turn: Cell::new(0),
            io: RefCell::new(io),
            peer,
            port,
            scheme,
            wall: None,
            came: Cell::new(Moment::default()),
            reading,
            armed: Cell::new(None),
            writing: OnceCell::new(),
            sent_bytes: Cell::new(0),
            hurried: Cell::new(false),
            shut: Cell::new(false),
            answering: Cell::new(false),
        }
    }

    /// As it is, under a TLS policy.
    pub(super) fn within(mut self, wall: Option<Wall>) -> Line<S> {
        self.wall = wall;
        self
    }

    /// Whether a request belongs on another connection: its host is under another TLS policy than this one was begun under.
    pub(super) fn misdirects(&self, head: &RequestHead) -> bool {
        self.wall.as_ref().is_some_and(|wall| !wall.is_around(head.host_name()))
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.dock.limits.h1
    }

    /// What the machine wants done next.
    pub(super) fn next(&self, head: &mut RequestHead) -> Next {
        self.server.borrow_mut().next(&mut self.input.borrow_mut(), head, self.limits())
    }

    /// A request begins to be answered: writes down what the socket knows of it.
    pub(super) fn begin(&self, ex: &mut Exchange) {
        self.turn.set(self.turn.get().wrapping_add(1));
        self.answering.set(true);
        self.disarm();
        self.sent_bytes.set(0);
        if let Some(writing) = self.writing.get() {
            writing.pace.take();
        }
        self.dock.trusted.note_peer(self.peer, ex);
        ex.request.port = self.port;
        ex.request.scheme = self.scheme;
        ex.request.may_switch = true;
        ex.notes.came = self.came.get();
    }

    /// Its answer has gone, or failed as the machine knows.
    pub(super) fn end(&self) {
        self.turn.set(self.turn.get().wrapping_add(1));
        self.answering.set(false);
        self.disarm();
        // What is pipelined behind it has been waiting; its own time begins now.
        if !self.input.borrow().is_empty() {
            self.came.set(self.dock.lane.clock.now());
        }
    }

    /// Shuts the sending side, once.
    pub(super) fn shut(&self, cx: &mut Context<'_>) {
        if !self.shut.replace(true) {
            // TCP does it at once; whoever cannot is closed a little later.
            let _later = Pin::new(&mut *self.io.borrow_mut()).poll_shutdown(cx);
        }
    }

    /// The connection is about to be closed in order: says so where that has to be said.
    pub(super) fn say_goodbye(&self, cx: &mut Context<'_>) {
        if S::SAYS_GOODBYE {
            self.shut(cx);
        }
    }

    /// The connection will end as a reset.
    pub(super) fn reset(&self) {
        self.io.borrow().reset_on_close();
    }

    /// Waits, between requests, for what the client sends. The connection holds no buffer meanwhile, or the few bytes of a head that
    /// is not whole.
    pub(super) fn poll_more(&self, cx: &mut Context<'_>) -> Poll<More> {
        let mut input = self.input.borrow_mut();
        let mut bytes = std::mem::take(&mut *input);
        let partial = !bytes.is_empty();
        if bytes.capacity() - bytes.len() < READ_BYTES_MIN {
            let mut roomy = Buffer::take();
            roomy.extend_from_slice(&bytes);
            roomy.reserve(READ_BYTES_MIN);
            bytes = roomy;
        }
        match self.poll_read(cx, &mut bytes) {
            Poll::Ready(Ok(1..)) => {
                self.came.set(self.dock.lane.clock.now());
                *input = bytes;
                return Poll::Ready(More::Bytes);
            }
            Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(More::Over),
            Poll::Pending if partial => *input = Buffer::from(bytes.to_vec()),
            Poll::Pending => drop(bytes),
        }
        drop(input);
        let mut server = self.server.borrow_mut();
        let leaves = self.dock.is_draining() && server.is_idle();
        if leaves {
            self.hurry();
        }
        self.arm(server.read_deadline(self.limits()));
        ready!(self.poll_deadline(cx));
        if leaves && self.io.borrow().has_arrivals() {
            // It came in this very moment, and the event loop is about to tell.
            self.hurried.set(false);
            self.hurry();
            return self.poll_deadline(cx).map(|()| More::Over);
        }
        Poll::Ready(match server.read_expired() {
            Next::Refuse(rejection) => {
                self.dock.losses.count(Loss::SlowHead);
                More::Refuse(rejection)
            }
            _ => More::Over,
        })
    }

    /// Ready once a client that waits for its answer has gone, so that what is done for it can be let go. It is not looked at while there
    /// is anything of its body, or of a next request. It costs no system call before the socket tells of something.
    pub(super) fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut input = self.input.borrow_mut();
        if !input.is_empty() || !self.server.borrow().body_is_ended() {
            return Poll::Pending;
        }
        ready!(self.io.borrow().poll_arrived(cx));
        let mut bytes = Buffer::take();
        match ready!(self.poll_read(cx, &mut bytes)) {
            Ok(1..) => {
                *input = bytes;
                Poll::Pending
            }
            Ok(0) | Err(_) => Poll::Ready(()),
        }
    }

    /// We drain, and nothing was asked. A request may be on its way all the same: whoever asks one after the other cannot know, and what
    /// it sends to a connection that closes is lost. So it may bring one more, whose answer tells it to go.
    fn hurry(&self) {
        if !self.hurried.replace(true) {
            self.reading.set(Duration::from_millis(u64::from(self.dock.limits.drain_wait_ms)));
            self.armed.set(Some(Wait::Idle));
        }
    }

    /// Appends what has come to `into`, which should have room; 0 is the end.
    pub(super) fn poll_read(&self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<io::Result<usize>> {
        self.io.borrow_mut().poll_receive(cx, into)
    }

    /// Waits for bytes not longer than this, counted from the first call for this sort of wait (and from the last progress).
    pub(super) fn arm(&self, deadline: Option<Deadline>) {
        let wait = deadline.map(|deadline| deadline.wait);
        if self.armed.get() == wait {
            return;
        }
        match deadline {
            Some(deadline) => self.reading.set(deadline.after),
            None => self.reading.clear(),
        }
        self.armed.set(wait);
    }

    /// There was progress, or something else is waited for.
    pub(super) fn disarm(&self) {
        if self.armed.replace(None).is_some() {
            self.reading.clear();
        }
    }

    /// Ready once the deadline that was armed has passed.
    pub(super) fn poll_deadline(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.armed.get().is_none() { Poll::Pending } else { self.reading.poll_passed(cx) }
    }

    /// Sends `first` and `second`, of which `sent` bytes have gone before, as one write where the socket takes them. Fails when the
    /// client takes nothing for too long.
    pub(super) fn poll_send(&self, cx: &mut Context<'_>, first: &[u8], second: &[u8], sent: &mut usize) -> Poll<io::Result<()>> {
        let mut io = self.io.borrow_mut();
        loop {
            let wrote = if *sent < first.len() && !second.is_empty() {
                Pin::new(&mut *io).poll_write_vectored(cx, &[IoSlice::new(&first[*sent..]), IoSlice::new(second)])
            } else if *sent < first.len() {
                io.poll_send(cx, &first[*sent..])
            } else if *sent < first.len() + second.len() {
                io.poll_send(cx, &second[*sent - first.len()..])
            } else {
                break;
            };
            match wrote {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(bytes)) => {
                    *sent += bytes;
                    self.took(bytes);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return self.poll_stalled(cx),
            }
        }
        match Pin::new(&mut *io).poll_flush(cx) {
            Poll::Ready(flushed) => {
                self.took(0);
                Poll::Ready(flushed)
            }
            Poll::Pending => self.poll_stalled(cx),
        }
    }

    /// How often the client was waited for to take what is sent to it.
    pub(super) fn stalls(&self) -> u32 {
        self.writing.get().map_or(0, |writing| writing.stalls.get())
    }

    fn took(&self, bytes: usize) {
        self.sent_bytes.set(self.sent_bytes.get() + bytes as u64);
        let Some(writing) = self.writing.get() else { return };
        let mut pace = writing.pace.get();
        if pace.moved(self.dock.lane.deadlines.now()) {
            writing.watch.clear();
        }
        writing.pace.set(pace);
    }

    fn poll_stalled(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let writing = self.writing.get_or_init(|| {
            Box::new(Writing { watch: self.dock.lane.deadlines.watch(), pace: Cell::new(Pace::default()), stalls: Cell::new(0) })
        });
        let mut pace = writing.pace.get();
        if let Some(patience) =
            pace.wait(self.dock.lane.deadlines.now(), self.sent_bytes.get(), self.limits().write_stall_ms, &self.dock.limits)
        {
            writing.watch.set(patience);
            writing.pace.set(pace);
            writing.stalls.set(writing.stalls.get().wrapping_add(1));
        }
        ready!(writing.watch.poll_passed(cx));
        self.dock.losses.count(Loss::SlowReader);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: Socket> Drop for Line<S> {
    fn drop(&mut self) {
        if self.answering.get() {
            self.reset();
        }
    }
}
