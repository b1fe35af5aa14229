//! Requests handed to a data thread as data, and answered as data: for those that came in by another door.

use super::Answers;
use super::dock::Dock;
use super::http1::{Recorded, answered, caught};
use base::gate::{BodySource, Buffer, Exchange, Fill, ReplyBody, RequestBody, Scheme};
use h1::{Fields, RequestHead};
use std::cell::Cell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::sync::oneshot;

/// Room for each piece of an answer's body.
const READ_BYTES_MIN: usize = 4 * 1024;

/// A request that is here as a whole.
pub struct Handed {
    /// Its head, under h1's rules ([`RequestHead::build`]).
    pub head: RequestHead,
    /// Its payload.
    pub body: Vec<u8>,
    /// Who sent it.
    pub peer: SocketAddr,
    /// The port it came to.
    pub port: u16,
    /// How it came.
    pub scheme: Scheme,
}

/// The answer to a [`Handed`] request. Its fields are end-to-end; framing and `Date` are for whoever sends it on.
#[derive(Debug)]
pub struct HandedAnswer {
    pub status: u16,
    pub fields: Fields,
    pub body: Vec<u8>,
}

/// Why a [`Handed`] request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unserved {
    /// The thread has its hands full, or ends: 503.
    #[error("the data thread takes no more requests now")]
    Busy,
    /// The request's body is over the limit: 413.
    #[error("the request's body is over the limit")]
    RequestTooLarge,
    /// The answer's body is over the limit: 502.
    #[error("the answer's body is over the limit")]
    AnswerTooLarge,
    /// The answer's body broke off, or the thread ended before it was whole: 502.
    #[error("the answer broke off")]
    Cut,
}

pub(super) struct Errand {
    pub(super) handed: Handed,
    pub(super) answer: oneshot::Sender<Result<HandedAnswer, Unserved>>,
}

/// A count of requests in hand.
#[derive(Default)]
pub(super) struct InHand {
    count: Cell<u32>,
    emptied: Cell<Option<Waker>>,
}

/// One of them. Dropping it, for whatever reason, takes it off the count.
pub(super) struct Counted(Rc<InHand>);

impl InHand {
    pub(super) fn count(&self) -> u32 {
        self.count.get()
    }

    /// One more.
    pub(super) fn enter(this: &Rc<InHand>) -> Counted {
        this.count.set(this.count.get() + 1);
        Counted(this.clone())
    }

    /// Ready while there are none.
    pub(super) fn poll_empty(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.count.get() == 0 {
            return Poll::Ready(());
        }
        self.emptied.set(Some(cx.waker().clone()));
        Poll::Pending
    }

    /// Waits until there are none.
    pub(super) async fn emptied(&self) {
        poll_fn(|cx| self.poll_empty(cx)).await;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.count.set(self.0.count.get() - 1);
        if let Some(waker) = self.0.emptied.take() {
            waker.wake();
        }
    }
}

/// Serves one, and answers whoever still waits for it; if nobody does, it is for the record.
pub(super) fn run<A: Answers>(errand: Errand, dock: Rc<Dock>, desk: Rc<A>, in_hand: Rc<InHand>) {
    let Errand { handed, answer } = errand;
    if in_hand.count() >= dock.limits.handed_max {
        let _nobody = answer.send(Err(Unserved::Busy));
        return;
    }
    let counted = InHand::enter(&in_hand);
    tokio::task::spawn_local(async move {
        let _counted = counted;
        let served = serve(handed, &dock, &*desk).await;
        let _nobody = answer.send(served);
    });
}

async fn serve<A: Answers>(handed: Handed, dock: &Dock, desk: &A) -> Result<HandedAnswer, Unserved> {
    let Handed { head, body, peer, port, scheme } = handed;
    let bytes_max = dock.limits.handed_body_bytes_max;
    if body.len() as u64 > bytes_max {
        return Err(Unserved::RequestTooLarge);
    }
    let mut ex = Exchange::new(dock.lane.clone());
    ex.notes.came = dock.lane.clock.now();
    ex.request.head = head;
    ex.request.body = if body.is_empty() { RequestBody::None } else { RequestBody::Whole(Buffer::from(body)) };
    (ex.request.peer, ex.request.port, ex.request.scheme) = (peer, port, scheme);
    let recorded = Recorded { desk, ex: &mut ex };
    let reply = answered(desk, recorded.ex).await;
    recorded.ex.notes.status = reply.status;
    let body = match reply.body {
        ReplyBody::Empty | ReplyBody::Length(_) | ReplyBody::Tunnel(_) => Buffer::none(),
        ReplyBody::Whole(bytes) => bytes,
        ReplyBody::Stream(source) => caught(pin!(collect(source, bytes_max))).await.ok_or(Unserved::Cut)??,
    };
    if body.len() as u64 > bytes_max {
        return Err(Unserved::AnswerTooLarge);
    }
    recorded.ex.notes.sent_bytes = body.len() as u64;
    Ok(HandedAnswer { status: reply.status, fields: reply.fields, body: body.to_vec() })
}

/// All of a body, or a little more than is allowed.
async fn collect(mut source: Box<dyn BodySource>, bytes_max: u64) -> Result<Buffer, Unserved> {
    let mut bytes = Buffer::take();
    let mut fill = Fill::More;
    while fill == Fill::More && bytes.len() as u64 <= bytes_max {
        bytes.reserve(READ_BYTES_MIN);
        fill = poll_fn(|cx| source.poll_fill(cx, &mut bytes)).await.map_err(|_| Unserved::Cut)?;
    }
    Ok(bytes)
}
