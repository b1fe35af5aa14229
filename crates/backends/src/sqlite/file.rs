//! Opening a database file: ours, of a format we know, and whole, or refused with a reason. Nothing is written before that is known.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base::store::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// What a file of ours looks like.
pub(crate) struct Format {
    pub(crate) name: &'static str,
    /// SQLite's mark for whose file it is.
    pub(crate) application_id: i32,
    /// The format this program writes. Older ones will be migrated here; there are none yet.
    pub(crate) version: i32,
    pub(crate) schema: &'static str,
}

/// How many complaints of the check are told.
const COMPLAINTS_MAX: usize = 3;
/// How long a copy waits for those who write.
const COPY_WAIT_MAX: Duration = Duration::from_secs(5);
/// The log file is cut back to this after a checkpoint, should a burst have made it larger.
const LOG_BYTES_KEPT: u64 = 64 << 20;

impl Format {
    pub(crate) fn path(&self, directory: &Path) -> PathBuf {
        directory.join(self.name)
    }

    /// The one connection that writes. Makes the file when it is not there.
    pub(crate) fn open_writer(&self, directory: &Path) -> Result<Connection, StoreError> {
        let path = self.path(directory);
        let conn = self.connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let is_new = self.judge(&conn, &path)?;
        let prepare = || -> rusqlite::Result<String> {
            let mode = conn.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
            conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY")?;
            conn.query_row(&format!("PRAGMA journal_size_limit = {LOG_BYTES_KEPT}"), (), |_| Ok(()))?;
            if is_new {
                // One transaction, headers and all: a process that dies here leaves an empty file, which is a new file.
                let Format { application_id, version, schema, .. } = self;
                conn.execute_batch(&format!(
                    "BEGIN IMMEDIATE; {schema}; PRAGMA application_id = {application_id}; PRAGMA user_version = {version}; COMMIT"
                ))?;
            }
            Ok(mode)
        };
        let mode = prepare().map_err(|cause| refused(&path, &cause.to_string()))?;
        if mode != "wal" {
            return Err(refused(&path, &format!("its file system cannot hold a write-ahead log (journal mode is {mode})")));
        }
        Ok(conn)
    }

    /// A connection that can only look. The file must have been opened by [`Format::open_writer`] before.
    pub(crate) fn open_reader(&self, directory: &Path) -> Result<Connection, StoreError> {
        let path = self.path(directory);
        let conn = self.connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        conn.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY").map_err(|cause| refused(&path, &cause.to_string()))?;
        Ok(conn)
    }

    /// Writes a copy of the file, as it is at one moment, to `into`.
    pub(crate) fn copy(&self, directory: &Path, into: &Path) -> Result<(), StoreError> {
        let path = self.path(directory);
        let conn = self.whole(directory)?;
        let into = into.to_str().ok_or_else(|| refused(&path, "its copy must have a name that is a text"))?;
        conn.execute("VACUUM INTO ?1", [into]).map_err(failed)?;
        Ok(())
    }

    /// Whether the file is there, whole, and of a format we know.
    pub(crate) fn check(&self, directory: &Path) -> Result<(), StoreError> {
        self.whole(directory).map(drop)
    }

    fn whole(&self, directory: &Path) -> Result<Connection, StoreError> {
        let path = self.path(directory);
        let conn = self.connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Others write meanwhile: unlike them, we may wait.
        conn.busy_timeout(COPY_WAIT_MAX).map_err(|cause| refused(&path, &cause.to_string()))?;
        if self.judge(&conn, &path)? { Err(refused(&path, "it is empty")) } else { Ok(conn) }
    }

    fn connect(&self, path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
        let open = || -> rusqlite::Result<Connection> {
            let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            conn.busy_timeout(Duration::ZERO)?;
            conn.execute_batch("PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF")?;
            Ok(conn)
        };
        open().map_err(|cause| refused(path, &cause.to_string()))
    }

    /// Whether the file is new (empty) or ours and whole.
    fn judge(&self, conn: &Connection, path: &Path) -> Result<bool, StoreError> {
        let header = || -> rusqlite::Result<(i32, i32, i64)> {
            let number = |sql: &str| conn.query_row(sql, (), |row| row.get(0));
            let tables = conn.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
            Ok((number("PRAGMA application_id")?, number("PRAGMA user_version")?, tables))
        };
        let (application_id, version, tables) = header().map_err(|cause| self.damaged(path, &cause))?;
        if (application_id, version, tables) == (0, 0, 0) {
            return Ok(true);
        }
        if application_id != self.application_id {
            return Err(refused(path, "it is a database of another program; nothing was changed"));
        }
        let ours = self.version;
        if version > ours {
            let words = format!(
                "it was written by a newer Cardea (its format is {version}, this program's {ours}): run that release or a newer one; \
                 nothing was changed"
            );
            return Err(refused(path, &words));
        }
        if version < ours {
            // No release has written an older one.
            return Err(damage(path, &format!("its header says format {version}")));
        }
        let complaints = || -> rusqlite::Result<Vec<String>> {
            let mut check = conn.prepare(&format!("PRAGMA quick_check({COMPLAINTS_MAX})"))?;
            check.query_map((), |row| row.get(0))?.collect()
        };
        let complaints = complaints().map_err(|cause| self.damaged(path, &cause))?;
        if complaints == ["ok"] { Ok(false) } else { Err(damage(path, &complaints.join("; "))) }
    }

    fn damaged(&self, path: &Path, cause: &rusqlite::Error) -> StoreError {
        match cause.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => damage(path, &cause.to_string()),
            _ => refused(path, &cause.to_string()),
        }
    }
}

fn refused(path: &Path, cause: &str) -> StoreError {
    StoreError::Refused(format!("cannot use {}: {cause}", path.display()))
}

fn damage(path: &Path, cause: &str) -> StoreError {
    refused(path, &format!("it is damaged or no database at all ({cause}); nothing was changed: restore a backup, or move the file away"))
}

/// What went wrong while the file was in use.
pub(crate) fn failed(cause: rusqlite::Error) -> StoreError {
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Refused(format!("the store's file is damaged: {cause}")),
        _ => StoreError::Away(cause.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_on_disk_before_it_is_answered_and_nobody_waits_for_a_lock() {
        let folder = std::env::temp_dir().join(format!("cardea-file-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let format = Format { name: "a.sqlite", application_id: 7, version: 1, schema: "CREATE TABLE a (b)" };
        // The second opening is of a file that is there, which is another way through.
        for _ in 0..2 {
            let writer = format.open_writer(&folder).unwrap();
            let pragma = |conn: &Connection, name: &str| -> String {
                conn.query_row(&format!("SELECT CAST((SELECT * FROM pragma_{name}) AS TEXT)"), (), |row| row.get(0)).unwrap()
            };
            assert_eq!(["journal_mode", "synchronous", "busy_timeout"].map(|name| pragma(&writer, name)), ["wal", "2", "0"]);
            let reader = format.open_reader(&folder).unwrap();
            assert_eq!(["query_only", "busy_timeout"].map(|name| pragma(&reader, name)), ["1", "0"]);
            assert!(reader.execute_batch("INSERT INTO a VALUES (1)").is_err());
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
