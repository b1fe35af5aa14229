//! One process of a function, from its start to its end.
//!
//! It is started for an invocation, asks for it, answers, asks again. A watch looks after it: it never sleeps longer than the function may
//! take, so that handing out work needs to wake nobody. What ends a process takes its whole group along.

use super::command;
use super::folders;
use super::job::{Job, Reply, told};
use super::journal::Cutter;
use super::pool::{Pool, Work};
use super::runtime_api;
use super::scratch::Scratch;
use super::stream::{self, Ended};
use crate::function::call::{Failure, Invoked, Streamed};
use base::gate::Buffer;
use base::world::Moment;
use rustix::io::ioctl_fionread;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc};
use tokio::task::JoinSet;

/// Bytes of the end of an invocation's log that its caller may see (AWS: 4 KB).
const TAIL_BYTES_MAX: usize = 4 * 1024;
/// Connections of a process to its Runtime API.
const CONNECTIONS_MAX: usize = 16;
/// How often it is looked whether everything that was printed has been read, and how long to wait in between.
const SETTLE_TIMES_MAX: usize = 50;
const SETTLE_WAIT: Duration = Duration::from_millis(2);
/// How often the memory of a process is looked at.
const MEMORY_LOOK: Duration = Duration::from_secs(1);
/// How often the scratch directory of a busy process is looked at.
const SCRATCH_LOOK: Duration = Duration::from_secs(1);
/// How long what was printed last may take to be read.
const DRAIN_WAIT: Duration = Duration::from_millis(200);

pub(super) struct Process {
    pub(super) pool: Arc<Pool>,
    phase: Mutex<Phase>,
    /// There is work, for who waits in `next`.
    work: Notify,
    /// Something must be looked at, for the watch.
    look: Notify,
    tail: Mutex<VecDeque<u8>>,
    /// The most memory that it had, in MB, and when that was looked at.
    memory: Mutex<Option<(Moment, u32)>>,
    /// It must end, whatever it is at.
    forced: AtomicBool,
    pid: OnceLock<Pid>,
    /// What it prints comes out of these.
    pipes: OnceLock<Vec<OwnedFd>>,
}

#[derive(Debug)]
enum Phase {
    /// It has not asked for work yet; this is for when it does.
    Starting {
        job: Option<Job>,
        since: Moment,
    },
    Idle {
        since: Moment,
    },
    /// Work is there, and was not fetched yet.
    Assigned {
        job: Job,
        since: Moment,
    },
    Busy(Running),
    /// It has answered and not asked again.
    Returning {
        since: Moment,
    },
    Ending(End),
    Gone,
}

/// An invocation that a process is at.
#[derive(Debug)]
struct Running {
    job: Job,
    began: Moment,
    deadline: Moment,
}

/// Why a process ends.
#[derive(Debug)]
pub(super) enum End {
    /// By itself.
    Exited(Option<ExitStatus>),
    /// An invocation took too long.
    TimedOut,
    /// It has been idle for long, its version is another, or its place is needed.
    Unwanted,
    /// Its code cannot be had.
    Unready(String),
    /// It cannot be started.
    NoEntry(String),
    /// Its scratch directory is over its size.
    Full,
}

/// What a process gets for an invocation.
pub(super) struct Event {
    pub(super) request_id: Box<str>,
    pub(super) arn: Box<str>,
    pub(super) deadline_ms: u64,
    pub(super) client_context: Option<Box<str>>,
    pub(super) trace: Option<Box<str>>,
    pub(super) payload: Buffer,
}

/// Why the Runtime API refuses a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum No {
    /// 400: it is another invocation's id, or none.
    WrongId,
    /// 403: not now.
    WrongState(&'static str),
}

impl Process {
    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        self.pool.host.clock.now()
    }

    /// Gives an idle process work; the work, if it is not idle any more.
    pub(super) fn assign(&self, job: Job) -> Option<Job> {
        let mut phase = self.phase();
        if !matches!(*phase, Phase::Idle { .. }) {
            return Some(job);
        }
        *phase = Phase::Assigned { job, since: self.now() };
        drop(phase);
        self.work.notify_one();
        None
    }

    /// Ends it. Whatever it is at is answered by the watch.
    pub(super) fn end(&self, how: End) {
        let mut phase = self.phase();
        if matches!(*phase, Phase::Idle { .. } | Phase::Returning { .. }) {
            *phase = Phase::Ending(how);
        }
        drop(phase);
        self.look.notify_one();
    }

    /// Ends it, whatever it is at: that is told as if it had died.
    pub(super) fn force(&self) {
        self.forced.store(true, Ordering::Release);
        self.look.notify_one();
    }

    /// `GET next`: waits for work, as long as it takes.
    pub(super) async fn next(self: &Arc<Self>) -> Result<Event, No> {
        loop {
            if let Some(event) = self.try_next()? {
                return Ok(event);
            }
            self.work.notified().await;
        }
    }

    fn try_next(self: &Arc<Self>) -> Result<Option<Event>, No> {
        let mut phase = self.phase();
        let (now, mut has_returned) = (self.now(), false);
        match std::mem::replace(&mut *phase, Phase::Gone) {
            Phase::Starting { job: Some(job), .. } => return Ok(Some(self.begin(&mut phase, job, now))),
            Phase::Assigned { job, .. } => return Ok(Some(self.begin(&mut phase, job, now))),
            Phase::Starting { job: None, .. } => {}
            Phase::Returning { .. } => has_returned = true,
            Phase::Idle { since } => {
                *phase = Phase::Idle { since };
                return Ok(None);
            }
            other @ (Phase::Busy(_) | Phase::Ending(_) | Phase::Gone) => {
                *phase = other;
                return Err(No::WrongState("the invocation before it was not answered"));
            }
        }
        *phase = Phase::Idle { since: now };
        drop(phase);
        match self.pool.ready(self, has_returned) {
            Work::Wait => Ok(None),
            Work::Quit => {
                self.end(End::Unwanted);
                Ok(None)
            }
            Work::Do(job) => Ok(Some(self.begin(&mut self.phase(), job, now))),
        }
    }

    fn begin(&self, phase: &mut Phase, mut job: Job, now: Moment) -> Event {
        let timeout = Duration::from_millis(u64::from(self.pool.build.timeout_ms));
        let event = Event {
            request_id: job.request_id.clone(),
            arn: job.arn.clone(),
            deadline_ms: self.pool.host.clock.wall().0 + timeout.as_millis() as u64,
            client_context: job.client_context.take(),
            trace: job.trace.take(),
            payload: std::mem::take(&mut job.payload),
        };
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.print(&format!("START RequestId: {} Version: {}", job.request_id, self.pool.build.version));
        *phase = Phase::Busy(Running { job, began: now, deadline: now.after(timeout) });
        event
    }

    /// Takes what it is at, if that has this id.
    fn running(&self, id: Option<&str>) -> Result<Running, No> {
        let mut phase = self.phase();
        match std::mem::replace(&mut *phase, Phase::Gone) {
            Phase::Busy(running) if id.is_none_or(|id| *running.job.request_id == *id) => {
                *phase = Phase::Returning { since: self.now() };
                self.pool.returning();
                Ok(running)
            }
            other @ Phase::Busy(_) => {
                *phase = other;
                Err(No::WrongId)
            }
            other @ Phase::Returning { .. } => {
                *phase = other;
                Err(No::WrongState("it was answered already"))
            }
            other => {
                *phase = other;
                Err(No::WrongId)
            }
        }
    }

    /// Waits until what was printed before an answer has been read, where somebody wants to see it: the answer overtakes it else.
    pub(super) async fn settle_log(&self) {
        if !matches!(&*self.phase(), Phase::Busy(running) if running.job.wants_log) {
            return;
        }
        let is_read = |pipe: &OwnedFd| ioctl_fionread(pipe).map_or(true, |left| left == 0);
        for _ in 0..SETTLE_TIMES_MAX {
            let all_read = self.pipes.get().is_none_or(|pipes| pipes.iter().all(is_read));
            // Who has read the last of it needs a moment to write it down.
            tokio::time::sleep(SETTLE_WAIT).await;
            if all_read {
                return;
            }
        }
    }

    /// `POST response` and `POST error`.
    pub(super) fn answer(&self, id: &str, payload: Vec<u8>, error: Option<&'static str>) -> Result<(), No> {
        let running = self.running(Some(id))?;
        self.finish(running, payload, error);
        Ok(())
    }

    /// `POST response`, piece by piece: who waits gets to know now that there is an answer. `None`: who waits wants it whole.
    pub(super) fn stream(&self, id: &str, media: &str) -> Result<Option<mpsc::Sender<Vec<u8>>>, No> {
        let mut phase = self.phase();
        let running = match &mut *phase {
            Phase::Busy(running) if *running.job.request_id == *id => running,
            Phase::Returning { .. } => return Err(No::WrongState("it was answered already")),
            _ => return Err(No::WrongId),
        };
        if !running.job.wants_stream {
            return Ok(None);
        }
        let (coming, pieces, end) = stream::open();
        let invoked = Invoked {
            status: 200,
            version: self.pool.build.version.as_str().into(),
            request_id: running.job.request_id.clone(),
            stream: Some(Streamed { media: media.into(), rest: coming }),
            ..Invoked::default()
        };
        match std::mem::replace(&mut running.job.reply, Reply::End(end)) {
            // Nobody waits any more if the caller has gone: the function talks to nobody then.
            Reply::Whole(reply) => drop(reply.send(Ok(invoked))),
            other @ Reply::End(_) => {
                running.job.reply = other;
                return Err(No::WrongState("its answer has begun already"));
            }
        }
        Ok(Some(pieces))
    }

    /// The function has answered with more than is allowed.
    pub(super) fn answer_too_large(&self, max: u64) {
        if let Ok(running) = self.running(None) {
            let why = format!("Response payload size exceeded maximum allowed payload size ({max} bytes).");
            let payload = told("Function.ResponseSizeTooLarge", &why);
            self.finish(running, payload.into(), Some("Unhandled"));
        }
    }

    /// `POST init/error`: whoever it was started for gets to know.
    pub(super) fn init_failed(&self, payload: Vec<u8>) {
        let mut phase = self.phase();
        let Phase::Starting { job, .. } = &mut *phase else { return };
        let Some(job) = job.take() else { return };
        drop(phase);
        let now = self.now();
        self.finish(Running { job, began: now, deadline: now }, payload, Some("Unhandled"));
    }

    fn finish(&self, running: Running, payload: Vec<u8>, error: Option<&'static str>) {
        let Running { job, began, .. } = running;
        let took = self.now().since(began).as_micros() as f64 / 1000.0;
        let build = &self.pool.build;
        let (id, memory) = (&job.request_id, build.memory_mb);
        self.print(&format!("END RequestId: {id}"));
        self.print(&format!(
            "REPORT RequestId: {id}\tDuration: {took:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: {memory} MB\tMax Memory Used: {} MB",
            took.ceil(),
            self.memory_mb_used().unwrap_or(memory),
        ));
        let log = job.wants_log.then(|| self.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect());
        // Its place is free before its caller knows: who comes back at once must not be refused.
        drop(job.place);
        let reply = match job.reply {
            Reply::Whole(reply) => reply,
            Reply::End(end) => {
                let error = error.map(|_| String::from_utf8_lossy(&payload).into_owned());
                // Nobody listens any more if the caller has gone.
                return drop(end.send(Ended { error, log }));
            }
        };
        let invoked = Invoked {
            status: 200,
            error: error.map(Into::into),
            version: build.version.as_str().into(),
            request_id: job.request_id,
            payload: payload.into(),
            stream: None,
            log,
        };
        // Nobody waits any more if the caller has gone.
        let _gone = reply.send(Ok(invoked));
    }

    /// The most memory that it ever had, as far as that was looked at: once a second at most, since the kernel is slow to tell.
    fn memory_mb_used(&self) -> Option<u32> {
        let mut seen = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        if let Some((at, mb)) = *seen
            && now.since(at) < MEMORY_LOOK
        {
            return Some(mb);
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid.get()?.as_raw_nonzero())).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let mb = peak.trim().split(' ').next()?.parse::<u32>().ok()?.div_ceil(1024);
        *seen = Some((now, mb));
        Some(mb)
    }

    /// Adds a line to the log of the function, and to that of the invocation.
    pub(super) fn print(&self, line: &str) {
        self.pool.journal.add(line);
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let from = line.len().saturating_sub(TAIL_BYTES_MAX);
        tail.extend(&line.as_bytes()[from..]);
        tail.push_back(b'\n');
        let over = tail.len().saturating_sub(TAIL_BYTES_MAX);
        tail.drain(..over);
    }

    /// What the watch should do now: end it, or sleep so long.
    fn judge(&self) -> Result<Duration, End> {
        let mut phase = self.phase();
        let now = self.now();
        let settings = &self.pool.host.settings;
        let timeout = Duration::from_millis(u64::from(self.pool.build.timeout_ms));
        let left = |since: Moment, most: Duration| most.checked_sub(now.since(since)).filter(|left| !left.is_zero());
        if self.forced.load(Ordering::Acquire) {
            return Err(End::Unwanted);
        }
        if let Phase::Ending(how) = &mut *phase {
            return Err(std::mem::replace(how, End::Unwanted));
        }
        match &*phase {
            Phase::Ending(_) | Phase::Gone => Err(End::Unwanted),
            // Not longer than the function may take, here as below: who has got work in the meantime is looked at before its deadline.
            Phase::Starting { since, .. } => {
                left(*since, timeout.max(settings.init_time_max)).map(|left| left.min(timeout)).ok_or(End::TimedOut)
            }
            Phase::Assigned { since, .. } | Phase::Returning { since } => left(*since, timeout).ok_or(End::TimedOut),
            Phase::Busy(running) => match running.deadline.since(now) {
                Duration::ZERO => Err(End::TimedOut),
                left => Ok(left.min(SCRATCH_LOOK)),
            },
            Phase::Idle { since } => left(*since, settings.idle_time_max).map(|left| left.min(timeout)).ok_or(End::Unwanted),
        }
    }

    /// Marks it as gone, and takes what it was at.
    fn close(self: &Arc<Self>) -> Option<Job> {
        let left = std::mem::replace(&mut *self.phase(), Phase::Gone);
        self.pool.gone(self);
        self.work.notify_waiters();
        match left {
            Phase::Starting { job, .. } => job,
            Phase::Assigned { job, .. } => Some(job),
            Phase::Busy(running) => Some(running.job),
            Phase::Returning { .. } => {
                self.pool.returned();
                None
            }
            Phase::Idle { .. } | Phase::Ending(_) | Phase::Gone => None,
        }
    }
}

/// Runs a process for an invocation, and on, until it ends.
pub(super) async fn run(pool: Arc<Pool>, job: Job, permit: OwnedSemaphorePermit) {
    let since = pool.host.clock.now();
    let process = Arc::new(Process {
        phase: Mutex::new(Phase::Starting { job: Some(job), since }),
        work: Notify::new(),
        look: Notify::new(),
        tail: Mutex::default(),
        memory: Mutex::default(),
        forced: AtomicBool::new(false),
        pid: OnceLock::new(),
        pipes: OnceLock::new(),
        pool: pool.clone(),
    });
    pool.host.remember(&process);
    let ended = live(&process).await;
    if let Some(job) = process.close() {
        process.answer_for(job, ended);
    }
    drop(permit);
    pool.balance();
    pool.host.feed();
}

impl Process {
    /// Answers for a process that has ended.
    fn answer_for(&self, job: Job, ended: End) {
        let id = job.request_id.clone();
        let seconds = f64::from(self.pool.build.timeout_ms) / 1000.0;
        let (kind, message) = match ended {
            End::Unready(why) => return job.fail(Failure::Unready(why)),
            End::NoEntry(why) => ("Runtime.InvalidEntrypoint", why),
            End::TimedOut => ("Sandbox.Timedout", format!("Task timed out after {seconds:.2} seconds")),
            End::Exited(status) => ("Runtime.ExitError", exit_text(status)),
            End::Full => ("Runtime.ExitError", "Runtime exited with error: its scratch directory is full".to_owned()),
            End::Unwanted => ("Runtime.ExitError", exit_text(None)),
        };
        let payload = told(kind, &format!("RequestId: {id} Error: {message}"));
        self.print(&format!("{id} {kind}: {message}"));
        let now = self.now();
        self.finish(Running { job, began: now, deadline: now }, payload.into(), Some("Unhandled"));
    }
}

fn exit_text(status: Option<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(0), _)) | None => "Runtime exited without providing a reason".to_owned(),
        Some((Some(code), _)) => format!("Runtime exited with error: exit status {code}"),
        Some((None, Some(9))) => "Runtime exited with error: signal: killed".to_owned(),
        Some((None, Some(11))) => "Runtime exited with error: signal: segmentation fault".to_owned(),
        Some((None, signal)) => format!("Runtime exited with error: signal: {}", signal.unwrap_or_default()),
    }
}

/// The life of a process, and why it ended. When this returns, the process and its group are gone.
async fn live(process: &Arc<Process>) -> End {
    let (pool, build) = (&process.pool, &process.pool.build);
    // Held until the process is gone: its code stays where it is.
    let code = match pool.host.place(&build.code).await {
        Ok(code) => code,
        Err(why) => return End::Unready(why),
    };
    let folder = &code.path;
    folders::remember(pool).await;
    let settings = &pool.host.settings;
    let scratch = match Scratch::make(settings.run_dir.clone(), pool.host.unique(), settings.user).await {
        Ok(scratch) => scratch,
        Err(why) => return End::Unready(format!("no scratch directory can be made: {why}")),
    };
    let listener = match TcpListener::bind("127.0.0.1:0").await {
        Ok(listener) => listener,
        Err(why) => return End::Unready(format!("no port for the Runtime API can be had: {why}")),
    };
    let Ok(address) = listener.local_addr() else { return End::Unready("the port of the Runtime API is not known".into()) };
    let mut command = command::command(build, settings, folder, scratch.path(), &address.to_string());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(why) => return End::NoEntry(command::no_entry(build, &why)),
    };
    let pid = child.id().and_then(|id| Pid::from_raw(id as i32));
    if let Some(pid) = pid {
        pool.host.keeper.begun(pid);
        // Set once, right after: it is the first.
        let _first = process.pid.set(pid);
        command::limit(pid, build, settings.user.is_some());
    }
    let pipes = [child.stdout.as_ref().map(AsFd::as_fd), child.stderr.as_ref().map(AsFd::as_fd)];
    let pipes = pipes.into_iter().flatten().filter_map(|pipe| pipe.try_clone_to_owned().ok());
    // Set once, too.
    let _first = process.pipes.set(pipes.collect());
    let mut readers = JoinSet::new();
    if let Some(stdout) = child.stdout.take() {
        readers.spawn(read(stdout, process.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        readers.spawn(read(stderr, process.clone()));
    }
    let ended = watch(process, &listener, &mut child, &scratch).await;
    if let Some(pid) = pid {
        // Its children with it. No such group: they are all gone already.
        let _gone = kill_process_group(pid, Signal::KILL);
    }
    let status = child.wait().await.ok();
    if let Some(pid) = pid {
        pool.host.keeper.ended(pid);
    }
    let drained = async { while readers.join_next().await.is_some() {} };
    // Who has left the group may hold the pipe open: nobody waits for that.
    let _held = tokio::time::timeout(DRAIN_WAIT, drained).await;
    scratch.remove().await;
    match ended {
        End::Exited(None) => End::Exited(status),
        ended => ended,
    }
}

async fn watch(process: &Arc<Process>, listener: &TcpListener, child: &mut Child, scratch: &Scratch) -> End {
    let mut connections = JoinSet::new();
    loop {
        let wait = match process.judge() {
            Ok(wait) => wait,
            Err(end) => return end,
        };
        tokio::select! {
            status = child.wait() => return End::Exited(status.ok()),
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(runtime_api::serve(stream, process.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
            () = process.look.notified() => {}
            () = tokio::time::sleep(wait) => {
                if scratch.is_over(process.pool.build.scratch_mb).await {
                    return End::Full;
                }
            }
        }
    }
}

/// What is printed, line by line, for as long as the pipe is open.
async fn read(mut from: impl AsyncRead + Unpin, process: Arc<Process>) {
    let (mut cutter, mut bytes) = (Cutter::default(), vec![0; 8 * 1024]);
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        cutter.take(&bytes[..count], |line| process.print(line));
        // A flood must not keep others on this thread from their turn.
        tokio::task::yield_now().await;
    }
    if !cutter.is_empty() {
        cutter.finish(|line| process.print(line));
    }
}
