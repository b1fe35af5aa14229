//! An invocation on its way through the host.

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
    pub(super) reply: oneshot::Sender<Result<Invoked, Failure>>,
    /// Held until the function has answered.
    pub(super) place: Place,
}

impl Job {
    /// Whether nobody waits for it any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    /// Says why there is no answer.
    pub(super) fn fail(self, failure: Failure) {
        let Job { reply, place, .. } = self;
        drop(place);
        // Nobody waits any more if the caller has gone.
        let _gone = reply.send(Err(failure));
    }
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
