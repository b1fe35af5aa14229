//! The processes of one version of a function: who is idle, who waits.
//!
//! An invocation goes to an idle process, else to a new one, else it waits. One that comes while a process is about to ask for more (it
//! has answered, and will be back in a moment) waits for that one a little, so that a caller who comes back at once starts no second
//! process. Lock order: a pool before its processes, never the other way round.

use super::Shared;
use super::build::Build;
use super::job::Job;
use super::journal::Journal;
use super::process::{self, End, Process};
use crate::function::call::Failure;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// Invocations of one version that wait for a process.
const WAITING_MAX: usize = 1_000;
/// How long one waits for a process that should be back any moment, before a new one is started.
const RETURN_WAIT: Duration = Duration::from_millis(20);

pub(super) struct Pool {
    pub(super) build: Arc<Build>,
    pub(super) host: Arc<Shared>,
    pub(super) journal: Arc<Journal>,
    state: Mutex<State>,
    /// Processes that have answered, and have not asked for more yet. It grows while a process is locked, so it is not of the state.
    returning: AtomicUsize,
    /// A timer runs that will look after those who wait.
    looking: AtomicBool,
    /// What its folder of code held when the first process was started.
    pub(super) mark: OnceLock<u64>,
}

#[derive(Default)]
struct State {
    /// The one used last is on top.
    idle: Vec<Arc<Process>>,
    waiting: VecDeque<Job>,
    /// Its version is another by now: whoever becomes idle ends.
    retired: bool,
}

/// What a process that asks for work is told.
pub(super) enum Work {
    Do(Job),
    Wait,
    Quit,
}

impl Pool {
    pub(super) fn new(build: Arc<Build>, host: Arc<Shared>, journal: Arc<Journal>) -> Arc<Pool> {
        Arc::new(Pool {
            build,
            host,
            journal,
            state: Mutex::default(),
            returning: AtomicUsize::new(0),
            looking: AtomicBool::new(false),
            mark: OnceLock::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an invocation: it will be answered.
    pub(super) fn submit(self: &Arc<Self>, mut job: Job) {
        {
            let mut state = self.state();
            while let Some(process) = state.idle.pop() {
                match process.assign(job) {
                    None => return,
                    Some(back) => job = back,
                }
            }
            if self.returning.load(Ordering::Acquire) > state.waiting.len() && state.waiting.len() < WAITING_MAX {
                state.waiting.push_back(job);
                drop(state);
                return self.look_again_soon();
            }
        }
        match self.host.permit() {
            Some(permit) => self.start(job, permit),
            None => self.wait(job),
        }
    }

    /// Puts an invocation behind the others. Who could make room may be busy yet: it is looked at again and again.
    fn wait(self: &Arc<Self>, job: Job) {
        let mut state = self.state();
        if state.waiting.len() < WAITING_MAX {
            state.waiting.push_back(job);
            drop(state);
            return self.look_again_soon();
        }
        drop(state);
        job.fail(Failure::Throttled("too many invocations wait for a process of this machine"));
    }

    fn start(self: &Arc<Self>, job: Job, permit: OwnedSemaphorePermit) {
        self.host.background.spawn(process::run(self.clone(), job, permit));
    }

    fn look_again_soon(self: &Arc<Self>) {
        if self.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let me = self.clone();
        self.host.background.spawn(async move {
            tokio::time::sleep(RETURN_WAIT).await;
            me.looking.store(false, Ordering::Release);
            me.balance();
        });
    }

    /// Starts processes for those who wait, as far as the machine's limit allows.
    pub(super) fn balance(self: &Arc<Self>) {
        while self.state().waiting.iter().any(|job| !job.is_abandoned()) {
            let Some(permit) = self.host.permit() else { return self.look_again_soon() };
            match self.next_waiting() {
                Some(job) => self.start(job, permit),
                None => return,
            }
        }
    }

    fn next_waiting(&self) -> Option<Job> {
        let mut state = self.state();
        loop {
            let job = state.waiting.pop_front()?;
            if !job.is_abandoned() {
                return Some(job);
            }
        }
    }

    /// A process asks for work, perhaps after it has answered. Unless it gets some, it is idle from now on.
    pub(super) fn ready(&self, process: &Arc<Process>, has_returned: bool) -> Work {
        let mut state = self.state();
        if has_returned {
            self.returned();
        }
        loop {
            match state.waiting.pop_front() {
                Some(job) if job.is_abandoned() => {}
                Some(job) => return Work::Do(job),
                None if state.retired => return Work::Quit,
                None => {
                    state.idle.push(process.clone());
                    return Work::Wait;
                }
            }
        }
    }

    /// A process has answered, and will ask for more.
    pub(super) fn returning(&self) {
        self.returning.fetch_add(1, Ordering::AcqRel);
    }

    /// It has asked, or will not any more.
    pub(super) fn returned(&self) {
        self.returning.fetch_sub(1, Ordering::AcqRel);
    }

    /// A process has ended.
    pub(super) fn gone(&self, process: &Arc<Process>) {
        self.state().idle.retain(|other| !Arc::ptr_eq(other, process));
    }

    /// Ends the idle process that was used longest ago, if there is one.
    pub(super) fn evict(&self) -> bool {
        let mut state = self.state();
        if state.idle.is_empty() {
            return false;
        }
        let oldest = state.idle.remove(0);
        oldest.end(End::Unwanted);
        true
    }

    /// Its version is another: what is idle ends, what is busy will when it has answered.
    pub(super) fn retire(&self) {
        let mut state = self.state();
        state.retired = true;
        for process in state.idle.drain(..) {
            process.end(End::Unwanted);
        }
    }
}
