//! The embedded store: SQLite with a write-ahead log, one writer thread for each file, group commit.
//!
//! ```text
//! DIR/lock          held for as long as a process uses DIR; the number of that process is inside
//! DIR/store.sqlite  the records as they are, and the log of every change      ← SqliteStore
//! DIR/tally.sqlite  what was reserved of quotas; unlogged, kept apart so that  ← SqliteLedger
//!                   no control operation ever holds up a reservation
//! ```
//!
//! The writer takes everything that waits (up to [`GROUP_WRITES_MAX`]), runs each write in a savepoint of its own inside one
//! transaction, commits once, and only then answers all: one `fsync` serves the group, and a write that fails takes nobody along.
//! Readers have connections of their own and see one revision from their first look to their last.
//!
//! What is odd: `busy_timeout` is 0, since nobody but us may write and whoever does is an error worth seeing at once. A file that is
//! damaged, foreign or newer than the program is refused in words and left as it was: repair is for a person with a backup.

mod copy;
mod directory;
mod file;
mod lane;
mod ledger;
mod store;
mod view;

pub use copy::{FILES, check, copy};
pub use directory::{Directory, LOCK_FILE};
pub use lane::GROUP_WRITES_MAX;
pub use ledger::{LEDGER_QUEUE_MAX, SqliteLedger};
pub use store::{READ_QUEUE_MAX, Settings, SqliteStore, WRITE_QUEUE_MAX};
