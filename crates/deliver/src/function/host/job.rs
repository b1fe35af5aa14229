//! An invocation on its way through the host.

use super::stream::Ended;
use crate::function::call::{Failure, Invoked};
use base::gate::Buffer;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::oneshot;

/// An invocation that waits for a process, or is with one.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request_id: Box<str>,
    pub(super) arn: Box<str>,
    pub(super) payload: Buffer,
    pub(super) client_context: Option<Box<str>>,
    pub(super) trace: Option<Box<str>>,
    pub(super) wants_log: bool,
    /// Its answer may come in pieces.
    pub(super) wants_stream: bool,
    pub(super) reply: Reply,
    /// Held until the function has answered.
    pub(super) place: Place,
}

/// Who is told what comes of an invocation.
#[derive(Debug)]
pub(super) enum Reply {
    /// Everything, at once.
    Whole(oneshot::Sender<Result<Invoked, Failure>>),
    /// Its answer has begun: how it ends.
    End(oneshot::Sender<Ended>),
}

impl Job {
    /// Whether nobody waits for it any more.
    pub(super) fn is_abandoned(&self) -> bool {
        matches!(&self.reply, Reply::Whole(reply) if reply.is_closed())
    }

    /// Says why there is no answer.
    pub(super) fn fail(self, failure: Failure) {
        let Job { reply, place, .. } = self;
        drop(place);
        match reply {
            // Nobody waits any more if the caller has gone.
            Reply::Whole(reply) => drop(reply.send(Err(failure))),
            Reply::End(end) => drop(end.send(Ended { error: Some(told(failure.wire().1.as_ref(), &failure.because())), log: None })),
        }
    }
}

/// A function's error as its runtime would tell it.
pub(super) fn told(kind: &str, message: &str) -> String {
    serde_json::json!({"errorType": kind, "errorMessage": message}).to_string()
}

/// How many invocations of a function run at once. It outlives changes of the function.
#[derive(Debug, Default)]
pub(super) struct Concurrency(AtomicU32);

/// One of them.
#[derive(Debug)]
pub(super) struct Place(Arc<Concurrency>);

impl Concurrency {
    /// Takes a place, if fewer than so many are taken.
    pub(super) fn take(self: &Arc<Self>, most: Option<u32>) -> Option<Place> {
        let before = self.0.fetch_add(1, Ordering::AcqRel);
        let place = Place(self.clone());
        (most.is_none_or(|most| before < most)).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}
