//! The diagnostics log: on standard error, or in a file that is opened anew when it was rotated.

use crate::config::Config;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The file of this process, if it has one. A process has one log, as it has one standard error.
static FILE: OnceLock<Arc<LogFile>> = OnceLock::new();

struct LogFile {
    path: PathBuf,
    file: Mutex<File>,
}

/// Starts the log: as text for people and JSON for machines, unless the operator says which.
pub fn start(config: &Config) -> io::Result<()> {
    let is_for_people = config.log_file.is_none() && io::stderr().is_terminal();
    let json = config.log_json.unwrap_or(!is_for_people);
    let filter = tracing_subscriber::EnvFilter::new(&config.log_level);
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    // A second start in one process (a test, the demo) keeps the first log.
    let _first = match &config.log_file {
        None if json => builder.with_writer(io::stderr).json().try_init(),
        None => builder.with_writer(io::stderr).try_init(),
        Some(path) => {
            let file = Arc::new(LogFile { path: path.clone(), file: Mutex::new(open(path)?) });
            let file = FILE.get_or_init(|| file).clone();
            let builder = builder.with_writer(file).with_ansi(false);
            if json { builder.json().try_init() } else { builder.try_init() }
        }
    };
    Ok(())
}

/// Opens the file anew, after a rotation. If that fails, the old one goes on.
pub fn reopen() {
    if let Some(log) = FILE.get()
        && let Err(error) = log.reopen()
    {
        tracing::error!(%error, path = %log.path.display(), "the log cannot be opened anew, so the file that was open goes on");
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

impl LogFile {
    fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reopen(&self) -> io::Result<()> {
        let fresh = open(&self.path)?;
        *self.file() = fresh;
        Ok(())
    }
}

impl Write for &LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::world::Ids;

    #[test]
    fn a_log_that_was_moved_away_goes_on_in_a_new_file_once_it_is_opened_anew() {
        let folder = std::env::temp_dir().join(format!("cardea-log-{}", Ids::system().lower(10)));
        std::fs::create_dir(&folder).unwrap();
        let (path, old) = (folder.join("a.log"), folder.join("a.log.1"));
        let log = LogFile { path: path.clone(), file: Mutex::new(open(&path).unwrap()) };
        let say = |text: &str| (&log).write_all(text.as_bytes()).unwrap();
        say("one ");
        std::fs::rename(&path, &old).unwrap();
        say("two");
        log.reopen().unwrap();
        say("three");
        assert_eq!([&old, &path].map(|path| std::fs::read_to_string(path).unwrap()), ["one two", "three"]);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(log.reopen().is_err());
        say("the old file goes on");
    }
}
