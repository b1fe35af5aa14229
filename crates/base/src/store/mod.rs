//! What is remembered: records by address, whole transactions, and a feed of what changed. It knows no noun.
//!
//! The store is a log with a present. One table holds the records as they are, one append-only table holds every change. A
//! *revision* is one transaction: it is committed whole, delivered whole to followers, and no reader sees revision n+1 before n.
//! Large frozen things (deployment trees) are stored once, by digest.

#[cfg(any(test, feature = "testing"))]
mod memory;
mod record;
mod seal;

#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryStore;
pub use record::{Address, Kind, Realm, Record, Row, Scope, digest, kind};
pub use seal::{SEALING_KEY_BYTES, Sealed, Sealer};

pub use crate::world::BoxFuture;
use crate::world::Timestamp;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The number of a transaction; each is one higher than the one before. 0 is the empty store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// One record put or deleted.
#[derive(Clone, Debug)]
pub struct Change {
    /// The transaction it belongs to.
    pub revision: Revision,
    /// Where.
    pub address: Address,
    /// The record afterwards; `None` when it was deleted.
    pub after: Option<Row>,
}

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Logged {
    /// What was done.
    pub change: Change,
    /// When, by the store's clock.
    pub time: Timestamp,
    /// By whom.
    pub actor: Actor,
}

/// Takes lines of the log, until it has enough.
pub type LogReader<'a> = dyn FnMut(Logged) -> Result<ControlFlow<()>, StoreError> + 'a;

/// Why the store could not do as asked. Callers of the control API see only that something internal failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached or has stopped.
    #[error("the store is away: {0}")]
    Away(String),
    /// Too much is waiting to be written.
    #[error("the store is busy: its queue is full")]
    Busy,
    /// A record is there but cannot be read.
    #[error("stored record {address} cannot be read: {cause}")]
    Unreadable {
        /// Which record.
        address: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The files are not ours, are newer than this program, or are damaged. Nothing was repaired.
    #[error("{0}")]
    Refused(String),
}

/// A consistent look at the records: everything read through one view belongs to one revision.
pub trait View {
    /// The revision this view shows (in a transaction: the one it began at).
    fn revision(&self) -> Revision;

    /// The record at an address.
    fn row(&self, address: &Address) -> Result<Option<Row>, StoreError>;

    /// Up to `limit` records of a kind in one scope, by ascending id, strictly after `after`.
    fn rows(&self, kind: Kind, scope: &Scope, after: Option<&str>, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// Every record of a kind, in all realms and scopes, handed to `each` in address order. For start-up.
    fn every(&self, kind: Kind, each: &mut dyn FnMut(Row) -> Result<(), StoreError>) -> Result<(), StoreError>;

    /// Who holds a claim, if anyone.
    fn holder(&self, realm: &Realm, claim: &Claim) -> Result<Option<Address>, StoreError>;

    /// A frozen text by its digest.
    fn frozen(&self, digest: &str) -> Result<Option<Arc<str>>, StoreError>;

    /// What the log has of the record at an address and of all that belongs to it, the newest first, within a revision the last first;
    /// strictly before a revision where one is named. It looks through as much of the log as `each` asks for, and the log is bounded.
    fn log(&self, of: &Address, before: Option<Revision>, each: &mut LogReader<'_>) -> Result<(), StoreError>;

    /// The oldest revision that the log still has; 1 while it has forgotten nothing.
    fn log_start(&self) -> Result<Revision, StoreError>;
}

/// A view that can change what it sees. What it writes, it reads back.
pub trait Txn: View {
    /// Puts a record, in place of any at its address. Its claims replace the old record's.
    fn put(&mut self, row: Row) -> Result<(), StoreError>;

    /// Deletes a record and its claims. A record that is not there is no error.
    fn delete(&mut self, address: &Address) -> Result<(), StoreError>;

    /// Stores a frozen text under its digest. Storing it again changes nothing.
    fn freeze(&mut self, digest: &str, text: &str) -> Result<(), StoreError>;
}

/// Something of which there may be only one in a realm: an API key's value, a domain name. Held by one record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// What is claimed, e.g. `apikey-value`.
    pub what: &'static str,
    /// The value, or a digest of it where it is secret.
    pub value: String,
}

/// What a piece of work wants done with its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Keep what was written.
    Commit,
    /// Throw it away.
    Abandon,
}

/// Work inside a transaction. It must be pure but for the transaction and its own results, since it may be run again.
pub type WriteWork = Box<dyn FnMut(&mut dyn Txn) -> Result<Verdict, StoreError> + Send>;

/// Work on a snapshot.
pub type ReadWork = Box<dyn FnOnce(&dyn View) -> Result<(), StoreError> + Send>;

/// A store of records. One program holds it at a time unless it says otherwise.
pub trait Store: Send + Sync + 'static {
    /// Runs `work` on a consistent snapshot.
    fn read(&self, work: ReadWork) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Runs `work` in a transaction. The answer comes when the change is durable and has been handed to every follower, with the
    /// revision that holds it (the current one if nothing was written).
    fn write(&self, actor: Actor, work: WriteWork) -> BoxFuture<'_, Result<Revision, StoreError>>;

    /// All changes after the revision that `work` is shown, which runs on a snapshot first: nothing is missed between the two.
    /// A follower that does not keep up holds writers back.
    fn follow(&self, work: ReadWork) -> BoxFuture<'_, Result<Follower, StoreError>>;

    /// Refuses further work and ends the store's threads, after what was accepted is done.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// Who made a change, for the log: an access key id, or `system`.
#[derive(Clone, Debug)]
pub struct Actor(pub Arc<str>);

/// How many revisions may wait for a follower before writers wait for it.
pub const FOLLOWER_REVISIONS_MAX: usize = 1024;

/// The feed of changes: whole revisions, in order.
#[derive(Debug)]
pub struct Follower(pub tokio::sync::mpsc::Receiver<Arc<Vec<Change>>>);

impl<'a> dyn View + 'a {
    /// The typed record at an address.
    pub fn find<R: Record>(&self, scope: &Scope, id: &str) -> Result<Option<R>, StoreError> {
        self.row(&Address::of::<R>(scope, id))?.map(|row| row.record()).transpose()
    }

    /// Whether there is a record of some kind, by address alone: for looking at features one may not import.
    pub fn has(&self, kind: Kind, scope: &Scope, id: &str) -> Result<bool, StoreError> {
        Ok(self.row(&Address { kind, scope: scope.clone(), id: id.into() })?.is_some())
    }

    /// All records of a type in a scope, by ascending id. For scopes whose size is bounded by a quota.
    pub fn all<R: Record>(&self, scope: &Scope) -> Result<Vec<R>, StoreError> {
        self.rows(R::KIND, scope, None, usize::MAX)?.iter().map(Row::record).collect()
    }

    /// Up to `limit` records after an id.
    pub fn some<R: Record>(&self, scope: &Scope, after: Option<&str>, limit: usize) -> Result<Vec<R>, StoreError> {
        self.rows(R::KIND, scope, after, limit)?.iter().map(Row::record).collect()
    }
}

impl<'a> dyn Txn + 'a {
    /// This transaction as a view.
    pub fn view(&self) -> &(dyn View + 'a) {
        self
    }

    /// Stores a record.
    pub fn save<R: Record>(&mut self, realm: &Realm, record: &R) -> Result<(), StoreError> {
        let row = Row::of(realm, record)?;
        self.put(row)
    }

    /// Deletes a record.
    pub fn remove<R: Record>(&mut self, scope: &Scope, id: &str) -> Result<(), StoreError> {
        self.delete(&Address::of::<R>(scope, id))
    }

    /// Deletes all records of a kind in a scope.
    pub fn clear(&mut self, kind: Kind, scope: &Scope) -> Result<(), StoreError> {
        for row in self.rows(kind, scope, None, usize::MAX)? {
            self.delete(&row.address)?;
        }
        Ok(())
    }
}
