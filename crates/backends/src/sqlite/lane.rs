//! Threads that own a connection each and work through a bounded queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use base::store::{StoreError, Verdict};
use rusqlite::Connection;
use tokio::sync::watch;

use super::Directory;
use super::file::failed;

/// The most writes that share one commit.
pub const GROUP_WRITES_MAX: usize = 128;

/// A write. It shares a transaction with others and does not notice.
pub(crate) trait Job: Send {
    /// Runs inside a savepoint of its own.
    fn run(&mut self, conn: &Connection) -> Result<Verdict, StoreError>;

    /// Called once, in the order of the queue: with the error of `run`, or when what it kept is durable, or when it could not be.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// Work that is no write, or no part of a group.
pub(crate) type Alone = Box<dyn FnOnce(&Connection) + Send>;

pub(crate) enum Work {
    Grouped(Box<dyn Job>),
    /// Outside any transaction.
    Alone(Alone),
}

/// The way to the threads. Dropped or closed, they finish what was accepted and end.
pub(crate) struct Lane {
    queue: Mutex<Option<SyncSender<Work>>>,
    ended: watch::Receiver<()>,
}

impl Lane {
    /// One thread for each connection, all serving one queue; each holds the directory until it has closed its connection.
    /// Writes need a lane with one connection.
    pub(crate) fn start(name: &str, conns: Vec<Connection>, queue_max: usize, directory: &Arc<Directory>) -> Result<Lane, StoreError> {
        let (sender, receiver) = sync_channel(queue_max);
        let receiver = Arc::new(Mutex::new(receiver));
        let (ending, ended) = watch::channel(());
        for conn in conns {
            let (receiver, ending, directory) = (receiver.clone(), ending.clone(), directory.clone());
            let serve = move || {
                serve(&conn, &receiver);
                // In this order: the file is closed, the directory free, and only then is anybody told.
                drop(conn);
                drop(directory);
                drop(ending);
            };
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(serve)
                .map_err(|cause| StoreError::Away(format!("no thread for {name}: {cause}")))?;
        }
        Ok(Lane { queue: Mutex::new(Some(sender)), ended })
    }

    pub(crate) fn send(&self, work: Work) -> Result<(), StoreError> {
        match lock(&self.queue).as_ref().map(|queue| queue.try_send(work)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(StoreError::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(stopped()),
        }
    }

    /// Takes no more work. The future is ready when what was accepted is done and the threads' connections are closed.
    pub(crate) fn close(&self) -> impl Future<Output = ()> + Send + use<> {
        drop(lock(&self.queue).take());
        let mut ended = self.ended.clone();
        // Nothing is ever sent: the wait ends with the last thread's sender.
        async move { while ended.changed().await.is_ok() {} }
    }
}

pub(crate) fn stopped() -> StoreError {
    StoreError::Away("it has been closed".to_owned())
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs what a caller gave us; its panic is an error of this one piece of work.
pub(crate) fn contained<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(StoreError::Away("the work panicked and was undone".to_owned())))
}

fn serve(conn: &Connection, queue: &Mutex<Receiver<Work>>) {
    loop {
        // Taken in a statement of its own: the queue must be free for the other threads while this one works.
        let batch = next(&lock(queue));
        let Some(batch) = batch else { return };
        if !batch.group.is_empty() {
            commit(conn, batch.group);
        }
        if let Some(alone) = batch.alone {
            alone(conn);
        }
    }
}

struct Batch {
    group: Vec<Box<dyn Job>>,
    /// Comes after the group.
    alone: Option<Alone>,
}

/// Waits for work, then takes the writes that wait behind it, up to the first that must be alone. `None` when the lane was closed.
fn next(queue: &Receiver<Work>) -> Option<Batch> {
    let mut batch = Batch { group: Vec::new(), alone: None };
    let mut work = Some(queue.recv().ok()?);
    while let Some(taken) = work {
        match taken {
            Work::Grouped(job) => batch.group.push(job),
            Work::Alone(alone) => {
                batch.alone = Some(alone);
                break;
            }
        }
        work = if batch.group.len() < GROUP_WRITES_MAX { queue.try_recv().ok() } else { None };
    }
    Some(batch)
}

fn commit(conn: &Connection, mut group: Vec<Box<dyn Job>>) {
    match try_commit(conn, &mut group) {
        Ok(outcomes) => group.into_iter().zip(outcomes).for_each(|(job, outcome)| job.finish(outcome)),
        Err(cause) => {
            tracing::error!(%cause, writes = group.len(), "nothing of a group could be written");
            group.into_iter().for_each(|job| job.finish(Err(cause.clone())));
        }
    }
}

/// One transaction for all. What each job came to, or why none of them was kept.
fn try_commit(conn: &Connection, group: &mut [Box<dyn Job>]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
    in_transaction(conn, "BEGIN IMMEDIATE", || {
        let run = |job: &mut Box<dyn Job>| -> Result<Result<(), StoreError>, StoreError> {
            conn.execute_batch("SAVEPOINT job").map_err(failed)?;
            let verdict = contained(|| job.run(conn));
            if conn.is_autocommit() {
                // A full disk or a failed read ends the whole transaction, not the savepoint alone.
                return Err(verdict.err().unwrap_or_else(|| StoreError::Away("the transaction was ended by a failure".to_owned())));
            }
            let end = if matches!(verdict, Ok(Verdict::Commit)) { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
            conn.execute_batch(end).map_err(failed)?;
            Ok(verdict.map(drop))
        };
        group.iter_mut().map(run).collect()
    })
}

/// Commits what `work` did if it was all right, else leaves no trace of it.
pub(crate) fn in_transaction<T>(conn: &Connection, begin: &str, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    conn.execute_batch(begin).map_err(failed)?;
    let done = work().and_then(|done| conn.execute_batch("COMMIT").map(|()| done).map_err(failed));
    if !conn.is_autocommit() {
        // Either the work failed or the commit did; both leave the transaction open.
        conn.execute_batch("ROLLBACK").map_err(failed)?;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a statement and says how it ended.
    struct Statement(&'static str, SyncSender<(&'static str, bool)>);

    impl Job for Statement {
        fn run(&mut self, conn: &Connection) -> Result<Verdict, StoreError> {
            conn.execute_batch(self.0).map_err(failed).map(|()| Verdict::Commit)
        }

        fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
            self.1.send((self.0, outcome.is_ok())).expect("the test listens");
        }
    }

    /// Runs the statements as one group; whether each was acknowledged, and how many rows there are then.
    fn grouped(conn: &Connection, statements: &[&'static str]) -> (Vec<bool>, i64) {
        let (sender, outcomes) = sync_channel(statements.len());
        let group = statements.iter().map(|sql| Box::new(Statement(sql, sender.clone())) as Box<dyn Job>).collect();
        commit(conn, group);
        let outcomes = statements.iter().map(|sql| {
            let (finished, is_ok) = outcomes.recv().expect("every job is finished");
            assert_eq!(finished, *sql);
            is_ok
        });
        (outcomes.collect(), conn.query_row("SELECT count(*) FROM a", (), |row| row.get(0)).expect("rows can be counted"))
    }

    const ONE: &str = "INSERT INTO a VALUES ('x')";

    fn table() -> Connection {
        let conn = Connection::open_in_memory().expect("memory is there");
        conn.execute_batch("CREATE TABLE a (b)").expect("a table can be made");
        conn
    }

    #[test]
    fn a_full_disk_acknowledges_nothing_that_is_not_there() {
        let conn = table();
        conn.query_row("PRAGMA max_page_count = 20", (), |_| Ok(())).unwrap();
        let (acknowledged, rows) = grouped(&conn, &[ONE, "INSERT INTO a VALUES (zeroblob(1000000))", ONE]);
        assert!(!acknowledged[1]);
        assert_eq!(acknowledged.iter().filter(|is_ok| **is_ok).count() as i64, rows);
        // And the lane goes on.
        assert_eq!(grouped(&conn, &[ONE]), (vec![true], rows + 1));
    }

    #[test]
    fn a_transaction_that_ends_under_a_group_takes_the_group_along() {
        let conn = table();
        let (acknowledged, rows) = grouped(&conn, &[ONE, "ROLLBACK", ONE]);
        assert_eq!((acknowledged, rows), (vec![false; 3], 0));
        assert_eq!(grouped(&conn, &[ONE, "no statement", ONE]), (vec![true, false, true], 2));
    }

    #[test]
    fn a_commit_that_fails_is_told_to_all() {
        let conn = table();
        conn.execute_batch("CREATE TABLE parent (id INTEGER PRIMARY KEY); PRAGMA foreign_keys = ON").unwrap();
        conn.execute_batch("CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)").unwrap();
        assert_eq!(grouped(&conn, &[ONE, "INSERT INTO child VALUES (7)", ONE]), (vec![false; 3], 0));
        assert_eq!(grouped(&conn, &[ONE]), (vec![true], 1));
    }
}
