//! Where things run: cores, processes that we started, and what the system knows of them.

use crate::failure::{Outcome, fail};
use base::world::{Clock, Ids};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setpriority_process, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// The core of whatever is measured.
pub(crate) const MEASURED_CORE: usize = 0;
/// The core of the load.
pub(crate) const LOAD_CORE: usize = 1;

/// How long a process may take to end by itself before it is ended.
const GOODBYE: Duration = Duration::from_secs(5);

/// Moves this thread to some cores. What is started from here on begins there, too.
pub(crate) fn move_to(cores: &[usize]) -> Outcome<()> {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core);
    }
    sched_setaffinity(None, &set).map_err(|why| fail(format!("cores {cores:?} cannot be had: {why}; a comparison needs two")))
}

/// Lets this process, and what it starts, have as many descriptors as the system allows.
pub(crate) fn raise_descriptors() -> Outcome<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).map_err(fail)
}

/// Where the scheduler groups processes by session, priority counts within the group alone, so the group must be given it, too.
const SESSION: &str = "/proc/self/autogroup";

/// Priority over others on this machine, for this process and what it starts. The session's own is given back when this is dropped.
pub(crate) struct Priority;

impl Priority {
    pub(crate) fn take(nice: i32) -> Option<Priority> {
        let session_too = || !Path::new(SESSION).exists() || fs::write(SESSION, nice.to_string()).is_ok();
        if nice != 0 && !(setpriority_process(None, nice).is_ok() && session_too()) {
            eprintln!("xtask: no priority of {nice} for this user; others on this machine will be heard in the figures");
        }
        (nice != 0).then_some(Priority)
    }
}

impl Drop for Priority {
    fn drop(&mut self) {
        // Without grouping there is nothing to give back.
        let _ungrouped = fs::write(SESSION, "0");
    }
}

/// A folder that is gone when the run is.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> Outcome<Scratch> {
        let path = std::env::temp_dir().join(format!("cardea-xtask-{}", Ids::system().lower(10)));
        fs::create_dir(&path).map_err(|why| fail(format!("{}: {why}", path.display())))?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's cleaning of temporary files.
        let _left = fs::remove_dir_all(&self.0);
    }
}

/// A process that we started. It ends when this is dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) pid: u32,
}

impl Running {
    /// Starts a program on some cores. What it prints goes to `{name}.out` and `{name}.err` in a folder, or its output to us.
    pub(crate) fn start(command: &mut Command, cores: &[usize], folder: &Path, name: &str, output: Output) -> Outcome<Running> {
        let appended = |end: &str| File::options().create(true).append(true).open(folder.join(format!("{name}.{end}")));
        command.stdin(Stdio::null()).stderr(appended("err")?);
        match output {
            Output::Piped => command.stdout(Stdio::piped()),
            Output::Kept => command.stdout(appended("out")?),
        };
        move_to(cores)?;
        let child = command.spawn();
        move_to(&[LOAD_CORE])?;
        let child = child.map_err(|why| fail(format!("{} cannot be started: {why}", command.get_program().display())))?;
        Ok(Running { pid: child.id(), child })
    }

    /// What it prints, if it is piped to us.
    pub(crate) fn output(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Nanoseconds that the scheduler let its threads run.
    pub(crate) fn cpu_ns(&self) -> u64 {
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", self.pid)) else { return 0 };
        let run_time = |thread: fs::DirEntry| -> Option<u64> {
            fs::read_to_string(thread.path().join("schedstat")).ok()?.split_whitespace().next()?.parse().ok()
        };
        threads.flatten().filter_map(run_time).sum()
    }

    /// Descriptors it has open.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid)).map_or(0, Iterator::count)
    }

    /// Tells it something.
    pub(crate) fn signal(&self, signal: Signal) {
        // It may have gone by itself.
        let _gone = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Ends it without asking.
    pub(crate) fn kill(mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self, at_most: Duration) -> Option<ExitStatus> {
        let clock = Clock::system();
        let begun = clock.now();
        while clock.now().since(begun) < at_most {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    /// Bytes of memory it has resident.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kilobytes.unwrap_or(0) * 1024
    }
}

/// Where what a process prints goes.
pub(crate) enum Output {
    Piped,
    Kept,
}

impl Drop for Running {
    fn drop(&mut self) {
        let clock = Clock::system();
        let asked = clock.now();
        // It may have gone by itself, and then nobody is asked: the number stays its own until we wait for it.
        let _gone = kill_process(Pid::from_child(&self.child), Signal::TERM);
        while clock.now().since(asked) < GOODBYE {
            if self.has_ended() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// A loopback port that was free a moment ago, for programs that cannot choose one by themselves.
pub(crate) fn free_port() -> Outcome<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Waits until something listens on a loopback port.
pub(crate) fn wait_for_port(port: u16, process: &mut Running) -> bool {
    const AT_MOST: Duration = Duration::from_secs(20);
    let clock = Clock::system();
    let begun = clock.now();
    while clock.now().since(begun) < AT_MOST && !process.has_ended() {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}
