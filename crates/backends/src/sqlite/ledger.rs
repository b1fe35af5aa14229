//! The ledger of quotas. Its own file and thread: a reservation never waits for a control operation or for one's followers.

use std::sync::Arc;

use base::store::{BoxFuture, StoreError, Verdict};
use base::tally::{Granted, Ledger, LedgerError, Meter, Reservation, Used, slice};
use base::world::Day;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::oneshot;

use super::Directory;
use super::file::{Format, failed};
use super::lane::{Job, Lane, Work};

/// How many reservations and questions may wait. Beyond it the ledger says that it is away, and the plan's policy for that holds.
pub const LEDGER_QUEUE_MAX: usize = 4096;

pub(super) const FORMAT: Format = Format {
    name: "tally.sqlite",
    application_id: 0x4341_5254, // "CART"
    version: 1,
    schema: "
        CREATE TABLE used (
            plan TEXT NOT NULL, key TEXT NOT NULL, day INTEGER NOT NULL, units INTEGER NOT NULL,
            PRIMARY KEY (plan, key, day)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE extensions (
            plan TEXT NOT NULL, key TEXT NOT NULL, first INTEGER NOT NULL, units INTEGER NOT NULL,
            PRIMARY KEY (plan, key, first)
        ) STRICT, WITHOUT ROWID",
};

/// Quotas in `DIR/tally.sqlite`.
pub struct SqliteLedger {
    lane: Lane,
}

impl SqliteLedger {
    /// Opens the ledger in a directory this process holds; refuses what [`super::SqliteStore::open`] refuses.
    pub fn open(directory: &Arc<Directory>) -> Result<SqliteLedger, StoreError> {
        let conn = FORMAT.open_writer(directory.path())?;
        Ok(SqliteLedger { lane: Lane::start("tally-writer", vec![conn], LEDGER_QUEUE_MAX, directory)? })
    }

    /// Takes no more work; ready when what was accepted is done and the file is closed.
    pub fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.lane.close())
    }

    fn ask<T, W>(&self, work: W) -> BoxFuture<'static, Result<T, LedgerError>>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, reply) = oneshot::channel();
        let sent = self.lane.send(Work::Grouped(Box::new(Entry { work, done: None, answer })));
        Box::pin(async move {
            sent.map_err(away)?;
            reply.await.unwrap_or_else(|_| Err(LedgerError("it has been closed".to_owned())))
        })
    }
}

fn away(cause: StoreError) -> LedgerError {
    LedgerError(cause.to_string())
}

struct Entry<T, W> {
    work: W,
    done: Option<T>,
    answer: oneshot::Sender<Result<T, LedgerError>>,
}

impl<T: Send, W: Fn(&Connection) -> Result<T, StoreError> + Send> Job for Entry<T, W> {
    fn run(&mut self, conn: &Connection) -> Result<Verdict, StoreError> {
        self.done = Some((self.work)(conn)?);
        Ok(Verdict::Commit)
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Entry { done, answer, .. } = *self;
        let found = outcome.map(|()| done.expect("a job that ended well has left what it found"));
        let _gone = answer.send(found.map_err(away));
    }
}

impl Ledger for SqliteLedger {
    fn reserve(&self, ask: Reservation) -> BoxFuture<'_, Result<Granted, LedgerError>> {
        self.ask(move |conn| {
            let Reservation { meter: Meter { plan, key }, day, window, limit, wish } = &ask;
            let sum = "SELECT coalesce(sum(units), 0) FROM used WHERE plan = ?1 AND key = ?2 AND day >= ?3 AND day < ?4";
            let used: i64 = conn.query_row(sum, params![plan, key, window.first.0, window.end.0], |row| row.get(0)).map_err(failed)?;
            let extra = extension(conn, &ask.meter, window.first)?;
            let unreserved = limit.saturating_add_signed(extra).saturating_sub(used.unsigned_abs());
            let units = slice(unreserved, *wish);
            if units > 0 {
                let add =
                    "INSERT INTO used VALUES (?1, ?2, ?3, ?4) ON CONFLICT (plan, key, day) DO UPDATE SET units = units + excluded.units";
                conn.execute(add, params![plan, key, day.0, units]).map_err(failed)?;
            }
            Ok(Granted { units, unreserved: unreserved - u64::from(units) })
        })
    }

    fn give_back(&self, meter: Meter, day: Day, units: u32) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.ask(move |conn| {
            let sql = "UPDATE used SET units = max(units - ?4, 0) WHERE plan = ?1 AND key = ?2 AND day = ?3";
            conn.execute(sql, params![meter.plan, meter.key, day.0, units]).map_err(failed)?;
            Ok(())
        })
    }

    fn used(&self, plan: Arc<str>, key: Option<Arc<str>>, first: Day, end: Day) -> BoxFuture<'_, Result<Vec<Used>, LedgerError>> {
        self.ask(move |conn| {
            let sql = match key {
                Some(_) => "SELECT key, day, units FROM used WHERE plan = ?1 AND key = ?4 AND day >= ?2 AND day < ?3 ORDER BY key, day",
                None => "SELECT key, day, units FROM used WHERE plan = ?1 AND ?4 IS NULL AND day >= ?2 AND day < ?3 ORDER BY key, day",
            };
            let mut statement = conn.prepare(sql).map_err(failed)?;
            let mut found = statement.query(params![plan, first.0, end.0, key]).map_err(failed)?;
            let mut used = Vec::new();
            while let Some(columns) = found.next().map_err(failed)? {
                let read = || -> rusqlite::Result<(String, u32, i64)> { Ok((columns.get(0)?, columns.get(1)?, columns.get(2)?)) };
                let (key, day, units) = read().map_err(failed)?;
                let meter = Meter { plan: plan.clone(), key: key.into() };
                used.push(Used { meter, day: Day(day), units: units.unsigned_abs() });
            }
            Ok(used)
        })
    }

    fn extend(&self, meter: Meter, first: Day, by: i64) -> BoxFuture<'_, Result<i64, LedgerError>> {
        self.ask(move |conn| {
            let sum = extension(conn, &meter, first)?.saturating_add(by);
            let sql = "INSERT OR REPLACE INTO extensions VALUES (?1, ?2, ?3, ?4)";
            conn.execute(sql, params![meter.plan, meter.key, first.0, sum]).map_err(failed)?;
            Ok(sum)
        })
    }

    fn forget(&self, plan: Arc<str>, key: Option<Arc<str>>) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.ask(move |conn| {
            for table in ["used", "extensions"] {
                let sql = format!("DELETE FROM {table} WHERE plan = ?1 AND (?2 IS NULL OR key = ?2)");
                conn.execute(&sql, params![plan, key]).map_err(failed)?;
            }
            Ok(())
        })
    }
}

fn extension(conn: &Connection, meter: &Meter, first: Day) -> Result<i64, StoreError> {
    let sql = "SELECT units FROM extensions WHERE plan = ?1 AND key = ?2 AND first = ?3";
    let units = conn.query_row(sql, params![meter.plan, meter.key, first.0], |row| row.get(0)).optional().map_err(failed)?;
    Ok(units.unwrap_or(0))
}
