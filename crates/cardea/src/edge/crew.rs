//! Hands: what a request needs while it runs, kept by the thread between requests.
//!
//! The future that serves requests is several kilobytes large, and so is an exchange. A connection that waits has neither: it takes a
//! hand when bytes are there. A hand is one future that serves one connection after another and never ends, so nothing is allocated,
//! moved or dropped for a request that comes to a warm thread.

use super::Answers;
use super::dock::Dock;
use super::http1;
use super::line::Line;
use super::socket::Socket;
use base::gate::Exchange;
use h1::Rejection;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Hands that a thread keeps when they have nothing to do.
const KEPT_HANDS_MAX: usize = 256;

/// The hands of one thread for one sort of socket.
pub(super) struct Crew<S: Socket, A: Answers> {
    dock: Rc<Dock>,
    desk: Rc<A>,
    idle: RefCell<Vec<Hand<S>>>,
}

/// Serves one connection at a time.
pub(super) struct Hand<S: Socket> {
    post: Rc<Post<S>>,
    work: Pin<Box<dyn Future<Output = ()>>>,
}

/// Where a hand finds what to serve and leaves what came of it.
struct Post<S: Socket> {
    task: Cell<Option<Task<S>>>,
    after: Cell<Option<After>>,
}

struct Task<S: Socket> {
    line: Rc<Line<S>>,
    rejected: Option<Rejection>,
}

/// What a connection does after its hand has left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// It waits for the client.
    Wait,
    /// It has more to do, once others had their turn.
    Again,
    /// It ends.
    Close,
    /// It ends as a reset.
    Reset,
}

impl<S: Socket, A: Answers> Crew<S, A> {
    pub(super) fn new(dock: Rc<Dock>, desk: Rc<A>) -> Crew<S, A> {
        Crew { dock, desk, idle: RefCell::default() }
    }

    /// A hand for this connection. The machine is asked first, unless it said already that the request is refused.
    pub(super) fn take(&self, line: Rc<Line<S>>, rejected: Option<Rejection>) -> Hand<S> {
        let idle = self.idle.borrow_mut().pop();
        let hand = idle.unwrap_or_else(|| {
            let post = Rc::new(Post { task: Cell::new(None), after: Cell::new(None) });
            let work = Box::pin(work(post.clone(), self.dock.clone(), self.desk.clone()));
            Hand { post, work }
        });
        hand.post.task.set(Some(Task { line, rejected }));
        hand
    }

    /// Takes a hand back that has said what comes [after](Hand::poll).
    pub(super) fn rest(&self, hand: Hand<S>) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < KEPT_HANDS_MAX {
            idle.push(hand);
        }
    }
}

impl<S: Socket> Hand<S> {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<After> {
        let ended = self.work.as_mut().poll(cx).is_ready();
        match self.post.after.take() {
            Some(after) => Poll::Ready(after),
            None if ended => Poll::Ready(After::Reset),
            None => Poll::Pending,
        }
    }
}

async fn work<S: Socket, A: Answers>(post: Rc<Post<S>>, dock: Rc<Dock>, desk: Rc<A>) {
    let mut ex = Exchange::new(dock.lane.clone());
    loop {
        let Task { line, rejected } = poll_fn(|_| post.task.take().map_or(Poll::Pending, Poll::Ready)).await;
        let after = http1::turn(&line, rejected, &*desk, &mut ex).await;
        drop(line);
        post.after.set(Some(after));
    }
}
