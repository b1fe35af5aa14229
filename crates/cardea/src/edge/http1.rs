//! The driver of HTTP/1.1: moves bytes between a socket and [`h1::Server`], and requests to whoever answers them.

use super::Answers;
use super::answer;
use super::crew::{After, Crew, Hand};
use super::dock::Seat;
use super::front;
use super::incoming;
use super::line::{Line, More};
use super::losses::Loss;
use super::socket::Socket;
use super::tunnel;
use base::gate::{Exchange, Reply, ReplyBody};
use h1::{Next, Rejection};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

/// What is written down where a client hung up before its answer: a word of nginx's, since AWS has none. It is never sent.
pub(super) const CLIENT_GONE: u16 = 499;

/// A client's connection, from its first byte to its last: the future of its task. It is what an idle connection costs, so it is kept
/// small; what a request needs is in the hand.
pub struct Connection<S: Socket, A: Answers> {
    line: Rc<Line<S>>,
    crew: Rc<Crew<S, A>>,
    hand: Option<Hand<S>>,
    seat: Seat,
    seated: bool,
    again: bool,
}

impl<S: Socket, A: Answers> Connection<S, A> {
    pub(super) fn new(line: Line<S>, crew: Rc<Crew<S, A>>, seat: Seat) -> Connection<S, A> {
        Connection { line: Rc::new(line), crew, hand: None, seat, seated: false, again: false }
    }
}

impl<S: Socket, A: Answers> Future for Connection<S, A> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if !std::mem::replace(&mut this.seated, true) {
            this.seat.sit(cx.waker());
        }
        loop {
            if let Some(mut hand) = this.hand.take() {
                // If it panics it is gone, and its connection with it.
                let Poll::Ready(after) = hand.poll(cx) else {
                    this.hand = Some(hand);
                    return Poll::Pending;
                };
                this.crew.rest(hand);
                match after {
                    After::Wait => {}
                    After::Close => {
                        this.line.say_goodbye(cx);
                        return Poll::Ready(());
                    }
                    After::Reset => return Poll::Ready(()),
                    After::Again => {
                        this.again = true;
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
            }
            let more = if std::mem::take(&mut this.again) { More::Bytes } else { ready!(this.line.poll_more(cx)) };
            let rejected = match more {
                More::Bytes => None,
                More::Refuse(rejection) => Some(rejection),
                More::Over => {
                    this.line.say_goodbye(cx);
                    return Poll::Ready(());
                }
            };
            this.hand = Some(this.crew.take(this.line.clone(), rejected));
        }
    }
}

/// Serves the requests that are here, up to a bound.
pub(super) async fn turn<S: Socket, A: Answers>(line: &Rc<Line<S>>, rejected: Option<Rejection>, desk: &A, ex: &mut Exchange) -> After {
    let mut next = rejected.map(Next::Refuse);
    for _ in 0..line.dock.limits.requests_per_turn_max.max(1) {
        match next.take().unwrap_or_else(|| line.next(&mut ex.request.head)) {
            Next::Request => exchange(line, None, desk, ex).await,
            Next::Refuse(rejection) => exchange(line, Some(rejection), desk, ex).await,
            Next::Read => return After::Wait,
            Next::Linger => {
                poll_fn(|cx| {
                    line.shut(cx);
                    Poll::Ready(())
                })
                .await;
                return After::Wait;
            }
            // What was spoken after a switch of protocols has been spoken.
            Next::Close | Next::Upgraded => return After::Close,
            // Each exchange ends before the machine is asked again.
            Next::Abort | Next::Exchange => {
                line.reset();
                return After::Reset;
            }
        }
        ex.clear();
    }
    After::Again
}

/// One request and its answer.
async fn exchange<S: Socket, A: Answers>(line: &Rc<Line<S>>, rejected: Option<Rejection>, desk: &A, ex: &mut Exchange) {
    line.begin(ex);
    let recorded = Recorded { desk, ex };
    let reply = match rejected {
        Some(rejection) => front::refuse(recorded.ex, rejection.status, rejection.because),
        None if line.misdirects(&recorded.ex.request.head) => front::refuse(recorded.ex, 421, front::MISDIRECTED),
        None => {
            recorded.ex.request.body = incoming::body(line, recorded.ex.request.head.body());
            let reply = {
                let mut answer = pin!(answered(desk, recorded.ex));
                poll_fn(|cx| match answer.as_mut().poll(cx) {
                    Poll::Ready(reply) => Poll::Ready(Some(reply)),
                    Poll::Pending => line.poll_gone(cx).map(|()| None),
                })
                .await
            };
            match reply {
                Some(reply) => reply,
                None => {
                    recorded.ex.notes.status = CLIENT_GONE;
                    line.dock.losses.count(Loss::ClientGone);
                    line.server.borrow_mut().answer_failed();
                    return line.end();
                }
            }
        }
    };
    let sent = match reply {
        // Boxed, as it is rare: the future of every request would carry it.
        Reply { body: ReplyBody::Tunnel(backend), status: 101, fields } => {
            let reply = Reply { status: 101, fields, body: ReplyBody::Empty };
            caught(Box::pin(tunnel::run(line, recorded.ex, reply, backend)).as_mut()).await
        }
        reply => caught(pin!(answer::send(line, recorded.ex, reply))).await,
    };
    if sent.is_none() {
        tracing::error!(request = %recorded.ex.id, "the body of an answer panicked; its connection is reset");
        line.server.borrow_mut().answer_failed();
    }
    line.end();
}

/// The desk's reply; if it panics, an apology.
pub(super) async fn answered<A: Answers>(desk: &A, ex: &mut Exchange) -> Reply {
    let reply = caught(pin!(desk.answer(ex))).await;
    reply.unwrap_or_else(|| {
        let reply = front::refuse(ex, 500, "the pipeline panicked");
        tracing::error!(request = %ex.id, "a request made the pipeline panic; it was answered 500");
        reply
    })
}

/// What the future brings; nothing if it panics. It is pinned by the caller: taken by value, it would stand in ours twice.
pub(super) async fn caught<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}

/// Records an exchange when it is over, also when it is cut off in the middle.
pub(super) struct Recorded<'a, A: Answers> {
    pub(super) desk: &'a A,
    pub(super) ex: &'a mut Exchange,
}

impl<A: Answers> Drop for Recorded<'_, A> {
    fn drop(&mut self) {
        // While a panic unwinds, another one would end the process.
        if !std::thread::panicking() {
            self.desk.record(self.ex);
        }
    }
}
