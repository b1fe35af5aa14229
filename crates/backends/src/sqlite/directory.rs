//! The data directory and the lock that keeps a second process out of it.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use base::store::StoreError;

/// What a process holds while it uses the directory. It stays when the process goes.
pub const LOCK_FILE: &str = "lock";
/// How much of a lock file is read: a process number and a line end.
const LOCK_BYTES_MAX: u64 = 32;

/// A data directory held by this process. The system gives it up when the last holder drops it, or when the process dies.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    lock: File,
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Said aloud, not left to closing the file: a child that was forked a moment ago, and has not yet become another program, has it
        // open, too, and the lock would last until it does.
        let _gone = self.lock.unlock();
    }
}

impl Directory {
    /// Makes the directory if it is not there (readable by its owner alone) and holds it.
    ///
    /// Refused when another process (or another part of this one) holds it, or when it cannot be written.
    pub fn hold(path: &Path) -> Result<Directory, StoreError> {
        let refused = |cause: io::Error| StoreError::Refused(format!("cannot use the data directory {}: {cause}", path.display()));
        make(path).map_err(refused)?;
        let file = path.join(LOCK_FILE);
        let mut lock = File::options().read(true).write(true).create(true).truncate(false).open(file).map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held_by_another(path, &mut lock)),
            Err(TryLockError::Error(cause)) => return Err(refused(cause)),
        }
        // The number is for people; the lock itself is what counts. The file stays when we go: deleting it would race with the next.
        lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(refused)?;
        Ok(Directory { path: path.to_owned(), lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    // `recursive` so that a directory somebody made meanwhile is no error.
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn held_by_another(path: &Path, lock: &mut File) -> StoreError {
    let mut text = String::new();
    // A number that cannot be read (it may be written just now) only makes the message shorter.
    let _length = lock.take(LOCK_BYTES_MAX).read_to_string(&mut text);
    let holder = match text.trim().parse::<u32>() {
        Ok(process) => format!("process {process}"),
        Err(_) => "another process".to_owned(),
    };
    StoreError::Refused(format!(
        "the data directory {} is in use by {holder}: stop it, or choose another directory with --data-dir",
        path.display()
    ))
}
