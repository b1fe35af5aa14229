//! Who ends functions when this program cannot: after a `kill -9`, or a crash.
//!
//! A process that waits for work sees its Runtime API go, and ends; one that spins does not. So a few lines of shell wait at the end of a
//! pipe whose other end is ours alone: they are told each group of processes that begins and ends, and when the pipe ends, whatever the
//! reason, they kill the groups that are left and remove the run directory. What is odd: `PR_SET_PDEATHSIG` looks made for this, and is
//! not: it fires when the thread that forked ends, forgets itself when a process changes its user, and never reaches a function's children.
//! Between a fork and the line that tells of it are some microseconds in which nobody is told.

use rustix::process::Pid;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Reads `+ GROUP` and `- GROUP`; at the end it kills what is left. `$1` is the run directory.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
left=' '
while read -r sign group; do
  case "$sign$left" in
    +*) left="$left$group " ;;
    *" $group "*) left="${left%% "$group" *} ${left#* "$group" }" ;;
  esac
done
for group in $left; do kill -s KILL -- "-$group" 2>/dev/null; done
rm -rf -- "$1"
"#;

/// Knows which groups of processes there are.
pub(super) struct Keeper {
    run_dir: PathBuf,
    /// `None` before the first process, and once it could not be told.
    shell: Mutex<Option<Child>>,
}

impl Keeper {
    pub(super) fn new(run_dir: PathBuf) -> Keeper {
        Keeper { run_dir, shell: Mutex::default() }
    }

    /// A group of processes has begun.
    pub(super) fn begun(&self, group: Pid) {
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        let told = match &mut *shell {
            Some(shell) => tell(shell, '+', group),
            None => start(&self.run_dir).and_then(|started| tell(shell.insert(started), '+', group)),
        };
        if let Err(why) = told {
            tracing::warn!(%why, "without /bin/sh, functions that do not end by themselves would outlive a crash of this program");
            *shell = None;
        }
    }

    /// All of it has ended.
    pub(super) fn ended(&self, group: Pid) {
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shell) = &mut *shell {
            // Whom it has not told of a begin, it need not tell of an end.
            let _gone = tell(shell, '-', group);
        }
    }

    /// Ends it, when everything else has ended. Blocks for a moment.
    pub(super) fn stop(&self) {
        let shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut shell) = shell {
            drop(shell.stdin.take());
            // It was there.
            let _status = shell.wait();
        }
    }
}

fn start(run_dir: &Path) -> io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SCRIPT, "cardea-functions"]).arg(run_dir).env_clear().env("PATH", "/usr/bin:/bin").current_dir("/");
    // A group of its own: what ends this program from a terminal must not end it first.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn()
}

/// A line is far below what a pipe takes at once.
fn tell(shell: &mut Child, sign: char, group: Pid) -> io::Result<()> {
    let pipe = shell.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
    pipe.write_all(format!("{sign} {}\n", group.as_raw_nonzero()).as_bytes())
}
