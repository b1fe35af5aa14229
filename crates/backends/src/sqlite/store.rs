//! The store of records.

use std::sync::{Arc, Mutex};

use base::store::{
    Actor, BoxFuture, Change, FOLLOWER_REVISIONS_MAX, Follower, ReadWork, Revision, Store, StoreError, Verdict, View, WriteWork,
};
use base::world::Clock;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::Directory;
use super::lane::{Job, Lane, Work, contained, in_transaction, lock, stopped};
use super::view::{FORMAT, Reading, Writing, forget_log};

/// How many writes may wait; one more is told that the store is busy.
pub const WRITE_QUEUE_MAX: usize = 1024;
/// How many reads may wait.
pub const READ_QUEUE_MAX: usize = 1024;

/// What can be set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Threads that serve snapshots.
    pub reader_threads: usize,
    /// How many revisions the log of changes keeps.
    pub log_revisions_kept: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { reader_threads: 2, log_revisions_kept: 100_000 }
    }
}

/// Records in `DIR/store.sqlite`. Dropped without [`Store::close`] it finishes what it accepted, but nobody hears when.
pub struct SqliteStore {
    writer: Lane,
    readers: Lane,
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    log_revisions_kept: u64,
    /// Touched by the writer's thread alone; the lock is for the compiler.
    followers: Mutex<Vec<mpsc::Sender<Arc<Vec<Change>>>>>,
}

impl SqliteStore {
    /// Opens the store in a directory this process holds; makes it when there is none. Blocks while the file is checked.
    ///
    /// Refused, in words for the operator, when the file is damaged, another program's, or of a format this program does not know.
    pub fn open(directory: &Arc<Directory>, clock: Clock, settings: Settings) -> Result<SqliteStore, StoreError> {
        let writer = FORMAT.open_writer(directory.path())?;
        let readers = (0..settings.reader_threads.max(1)).map(|_| FORMAT.open_reader(directory.path())).collect::<Result<_, _>>()?;
        let shared = Shared { clock, log_revisions_kept: settings.log_revisions_kept, followers: Mutex::default() };
        Ok(SqliteStore {
            writer: Lane::start("store-writer", vec![writer], WRITE_QUEUE_MAX, directory)?,
            readers: Lane::start("store-reader", readers, READ_QUEUE_MAX, directory)?,
            shared: Arc::new(shared),
        })
    }
}

impl Store for SqliteStore {
    fn read(&self, work: ReadWork) -> BoxFuture<'_, Result<(), StoreError>> {
        let (answer, reply) = oneshot::channel();
        let look = move |conn: &Connection| {
            // Whoever asked may have gone; then nobody hears it.
            let _gone = answer.send(snapshot(conn, work));
        };
        replied(self.readers.send(Work::Alone(Box::new(look))), reply)
    }

    fn write(&self, actor: Actor, work: WriteWork) -> BoxFuture<'_, Result<Revision, StoreError>> {
        let (answer, reply) = oneshot::channel();
        let write = Write { shared: self.shared.clone(), actor, work, revision: Revision(0), changes: Vec::new(), answer };
        replied(self.writer.send(Work::Grouped(Box::new(write))), reply)
    }

    fn follow(&self, work: ReadWork) -> BoxFuture<'_, Result<Follower, StoreError>> {
        let (answer, reply) = oneshot::channel();
        let shared = self.shared.clone();
        // On the writer's thread: between the snapshot and the first change it delivers there is no write.
        let join = move |conn: &Connection| {
            let joined = snapshot(conn, work).map(|()| {
                let (sender, receiver) = mpsc::channel(FOLLOWER_REVISIONS_MAX);
                lock(&shared.followers).push(sender);
                Follower(receiver)
            });
            let _gone = answer.send(joined);
        };
        replied(self.writer.send(Work::Alone(Box::new(join))), reply)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let (writer, readers) = (self.writer.close(), self.readers.close());
        Box::pin(async move {
            writer.await;
            readers.await;
        })
    }
}

fn replied<T: Send + 'static>(
    sent: Result<(), StoreError>,
    reply: oneshot::Receiver<Result<T, StoreError>>,
) -> BoxFuture<'static, Result<T, StoreError>> {
    Box::pin(async move {
        sent?;
        reply.await.unwrap_or_else(|_| Err(stopped()))
    })
}

fn snapshot(conn: &Connection, work: ReadWork) -> Result<(), StoreError> {
    in_transaction(conn, "BEGIN", || {
        let view = Reading::begin(conn)?;
        contained(|| work(&view))
    })
}

struct Write {
    shared: Arc<Shared>,
    actor: Actor,
    work: WriteWork,
    /// Set by `run`, true once `finish` hears that all is well.
    revision: Revision,
    changes: Vec<Change>,
    answer: oneshot::Sender<Result<Revision, StoreError>>,
}

impl Job for Write {
    fn run(&mut self, conn: &Connection) -> Result<Verdict, StoreError> {
        let mut txn = Writing::begin(conn)?;
        self.revision = txn.revision();
        if (self.work)(&mut txn)? == Verdict::Abandon {
            return Ok(Verdict::Abandon);
        }
        let time_ms = i64::try_from(self.shared.clock.wall().0).unwrap_or(i64::MAX);
        if let Some(revision) = txn.seal(&self.actor.0, time_ms)? {
            self.revision = revision;
            self.changes = txn.changes.into_iter().map(|(address, after)| Change { revision, address, after }).collect();
            if let Some(old) = revision.0.checked_sub(self.shared.log_revisions_kept) {
                forget_log(conn, Revision(old))?;
            }
        }
        Ok(Verdict::Commit)
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Write { shared, revision, changes, answer, .. } = *self;
        if outcome.is_ok() && !changes.is_empty() {
            let changes = Arc::new(changes);
            // A follower that has gone away is struck off; one that is behind is waited for.
            lock(&shared.followers).retain(|follower| follower.blocking_send(changes.clone()).is_ok());
        }
        let _gone = answer.send(outcome.map(|()| revision));
    }
}
