//! The tables of the records, and what base's `View` and `Txn` are in SQL.

use std::cell::RefCell;
use std::sync::Arc;

use base::store::{Actor, Address, Change, Claim, Kind, LogReader, Logged, Realm, Revision, Row, Scope, StoreError, Txn, View};
use base::world::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Statement, params};

use super::file::{Format, failed};

/// `revision` has one row: the number of the last transaction. The columns that make an address come in the order of base's
/// `Address`, so that an index and a `BTreeMap` agree.
pub(crate) const FORMAT: Format = Format {
    name: "store.sqlite",
    application_id: 0x4341_5244, // "CARD"
    version: 1,
    schema: "
        CREATE TABLE revision (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL) STRICT;
        INSERT INTO revision VALUES (1, 0);
        CREATE TABLE records (
            kind TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, parent TEXT NOT NULL, id TEXT NOT NULL,
            version INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (kind, account, region, parent, id)
        ) STRICT;
        CREATE TABLE claims (
            account TEXT NOT NULL, region TEXT NOT NULL, what TEXT NOT NULL, value TEXT NOT NULL,
            kind TEXT NOT NULL, parent TEXT NOT NULL, id TEXT NOT NULL,
            PRIMARY KEY (account, region, what, value)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX claims_by_holder ON claims (kind, account, region, parent, id);
        CREATE TABLE frozen (digest TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT;
        CREATE TABLE changes (
            revision INTEGER NOT NULL, sequence INTEGER NOT NULL, time_ms INTEGER NOT NULL, actor TEXT NOT NULL,
            kind TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, parent TEXT NOT NULL, id TEXT NOT NULL,
            version INTEGER, body TEXT,
            PRIMARY KEY (revision, sequence)
        ) STRICT",
};

/// A view of one transaction of `conn`: the look at the revision fixes the snapshot.
pub(crate) struct Reading<'c> {
    conn: &'c Connection,
    revision: Revision,
    ready: Ready<'c>,
}

/// The statements of one transaction, each made ready once: a transaction of ten thousand records would else spend most of its time on
/// reading SQL.
struct Ready<'c> {
    conn: &'c Connection,
    made: RefCell<Vec<(&'static str, Statement<'c>)>>,
}

impl<'c> Ready<'c> {
    fn run<T>(&self, sql: &'static str, work: impl FnOnce(&mut Statement<'c>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let at = self.made.borrow().iter().position(|(made, _)| std::ptr::eq(*made, sql));
        let found = at.map(|at| self.made.borrow_mut().swap_remove(at).1);
        let mut statement = match found {
            Some(statement) => statement,
            None => self.conn.prepare(sql).map_err(failed)?,
        };
        let done = work(&mut statement);
        self.made.borrow_mut().push((sql, statement));
        done
    }

    fn execute(&self, sql: &'static str, bound: impl Params) -> Result<usize, StoreError> {
        self.run(sql, |statement| statement.execute(bound).map_err(failed))
    }
}

impl<'c> Reading<'c> {
    /// Call it inside a transaction.
    pub(crate) fn begin(conn: &'c Connection) -> Result<Reading<'c>, StoreError> {
        let number: i64 = conn.query_row("SELECT number FROM revision", (), |row| row.get(0)).map_err(failed)?;
        let number = u64::try_from(number).map_err(|_| StoreError::Refused("the store's revision is below zero".to_owned()))?;
        Ok(Reading { conn, revision: Revision(number), ready: Ready { conn, made: RefCell::default() } })
    }
}

impl View for Reading<'_> {
    fn revision(&self) -> Revision {
        self.revision
    }

    fn row(&self, address: &Address) -> Result<Option<Row>, StoreError> {
        let Address { kind, scope: Scope { realm, parent }, id } = address;
        let sql = "SELECT version, body FROM records WHERE kind = ?1 AND account = ?2 AND region = ?3 AND parent = ?4 AND id = ?5";
        self.ready.run(sql, |statement| {
            let mut found = statement.query(params![kind.0, realm.account, realm.region, parent, id]).map_err(failed)?;
            let found = found.next().map_err(failed)?;
            found.map(|columns| stored(columns, 0, address.clone())).transpose()
        })
    }

    fn rows(&self, kind: Kind, scope: &Scope, after: Option<&str>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let Scope { realm, parent } = scope;
        // No id is below the empty one, so `id >= ''` is the form of "from the first".
        let sql = match after {
            Some(_) => {
                "SELECT version, body, id FROM records WHERE kind = ?1 AND account = ?2 AND region = ?3 AND parent = ?4 AND id > ?5
                 ORDER BY id LIMIT ?6"
            }
            None => {
                "SELECT version, body, id FROM records WHERE kind = ?1 AND account = ?2 AND region = ?3 AND parent = ?4 AND id >= ?5
                 ORDER BY id LIMIT ?6"
            }
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.conn.prepare(sql).map_err(failed)?;
        let bound = params![kind.0, realm.account, realm.region, parent, after.unwrap_or_default(), limit];
        let mut found = statement.query(bound).map_err(failed)?;
        let mut rows = Vec::new();
        while let Some(columns) = found.next().map_err(failed)? {
            let address = Address { kind, scope: scope.clone(), id: text(columns, 2)? };
            rows.push(stored(columns, 0, address)?);
        }
        Ok(rows)
    }

    fn every(&self, kind: Kind, each: &mut dyn FnMut(Row) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let sql = "SELECT version, body, account, region, parent, id FROM records WHERE kind = ?1 ORDER BY account, region, parent, id";
        let mut statement = self.conn.prepare(sql).map_err(failed)?;
        let mut found = statement.query(params![kind.0]).map_err(failed)?;
        // Neighbours mostly share their realm: one copy of it serves them all.
        let mut realm: Option<Realm> = None;
        while let Some(columns) = found.next().map_err(failed)? {
            let (account, region) = (text(columns, 2)?, text(columns, 3)?);
            let shared = realm.take().filter(|last| last.account == account && last.region == region);
            let shared = realm.insert(shared.unwrap_or(Realm { account, region }));
            let scope = Scope { realm: shared.clone(), parent: text(columns, 4)? };
            each(stored(columns, 0, Address { kind, scope, id: text(columns, 5)? })?)?;
        }
        Ok(())
    }

    fn holder(&self, realm: &Realm, claim: &Claim) -> Result<Option<Address>, StoreError> {
        let sql = "SELECT kind, parent, id FROM claims WHERE account = ?1 AND region = ?2 AND what = ?3 AND value = ?4";
        self.ready.run(sql, |statement| {
            let mut found = statement.query(params![realm.account, realm.region, claim.what, claim.value]).map_err(failed)?;
            let Some(columns) = found.next().map_err(failed)? else { return Ok(None) };
            let word = text(columns, 0)?;
            let kind = Kind::named(&word).ok_or_else(|| StoreError::Unreadable {
                address: format!("the holder of a {}", claim.what),
                cause: format!("its kind {word} is unknown"),
            })?;
            Ok(Some(Address { kind, scope: Scope { realm: realm.clone(), parent: text(columns, 1)? }, id: text(columns, 2)? }))
        })
    }

    fn frozen(&self, digest: &str) -> Result<Option<Arc<str>>, StoreError> {
        let mut statement = self.conn.prepare("SELECT body FROM frozen WHERE digest = ?1").map_err(failed)?;
        let mut found = statement.query(params![digest]).map_err(failed)?;
        found.next().map_err(failed)?.map(|columns| text(columns, 0)).transpose()
    }

    /// The log has no index but its order: this looks through it from the end, and writers keep none up to date for it.
    fn log(&self, of: &Address, before: Option<Revision>, each: &mut LogReader<'_>) -> Result<(), StoreError> {
        let Address { kind, scope: Scope { realm, parent }, id } = of;
        let sql = "SELECT version, body, revision, time_ms, actor, kind, parent, id FROM changes
                   WHERE revision < ?1 AND account = ?2 AND region = ?3 AND (parent = ?4 OR (kind = ?5 AND parent = ?6 AND id = ?4))
                   ORDER BY revision DESC, sequence DESC";
        let before = before.map_or(Ok(i64::MAX), |before| number(before.0))?;
        let mut statement = self.conn.prepare(sql).map_err(failed)?;
        let mut found = statement.query(params![before, realm.account, realm.region, id, kind.0, parent]).map_err(failed)?;
        while let Some(columns) = found.next().map_err(failed)? {
            // A newer program may have written sorts of records that this one knows nothing of.
            let Some(kind) = Kind::named(&text(columns, 5)?) else { continue };
            let address = Address { kind, scope: realm.scope(&text(columns, 6)?), id: text(columns, 7)? };
            let is_deleted = matches!(columns.get_ref(1).map_err(failed)?, ValueRef::Null);
            let after = if is_deleted { None } else { Some(stored(columns, 0, address.clone())?) };
            let (revision, time_ms): (i64, i64) = (columns.get(2).map_err(failed)?, columns.get(3).map_err(failed)?);
            let change = Change { revision: Revision(revision.unsigned_abs()), address, after };
            let logged = Logged { change, time: Timestamp(time_ms.unsigned_abs()), actor: Actor(text(columns, 4)?) };
            if each(logged)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn log_start(&self) -> Result<Revision, StoreError> {
        let sql = "SELECT coalesce(min(revision), 1) FROM changes";
        let start: i64 = self.conn.query_row(sql, (), |row| row.get(0)).map_err(failed)?;
        Ok(Revision(start.unsigned_abs()))
    }
}

/// Version and body from column `first` on.
fn stored(columns: &rusqlite::Row<'_>, first: usize, address: Address) -> Result<Row, StoreError> {
    let version: i64 = columns.get(first).map_err(failed)?;
    let version = u32::try_from(version)
        .map_err(|_| StoreError::Unreadable { address: address.to_string(), cause: format!("its form {version} is none") })?;
    let body =
        text(columns, first + 1).map_err(|cause| StoreError::Unreadable { address: address.to_string(), cause: cause.to_string() })?;
    Ok(Row { address, version, body, claims: Vec::new() })
}

fn text(columns: &rusqlite::Row<'_>, at: usize) -> Result<Arc<str>, StoreError> {
    match columns.get_ref(at).map_err(failed)? {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).map(Arc::from).map_err(|cause| StoreError::Refused(cause.to_string())),
        other => Err(StoreError::Refused(format!("text was expected where the store has {}", other.data_type()))),
    }
}

/// A transaction under way. What it puts and deletes is kept for the log and the followers.
pub(crate) struct Writing<'c> {
    reading: Reading<'c>,
    pub(crate) changes: Vec<(Address, Option<Row>)>,
}

impl<'c> Writing<'c> {
    pub(crate) fn begin(conn: &'c Connection) -> Result<Writing<'c>, StoreError> {
        Ok(Writing { reading: Reading::begin(conn)?, changes: Vec::new() })
    }

    /// The revision this transaction will be, if it changes anything.
    fn next(&self) -> u64 {
        self.reading.revision.0 + 1
    }

    /// Writes the log and the new revision. `None` when nothing was put or deleted: such a transaction is no revision.
    pub(crate) fn seal(&self, actor: &str, time_ms: i64) -> Result<Option<Revision>, StoreError> {
        if self.changes.is_empty() {
            return Ok(None);
        }
        let conn = self.reading.conn;
        let number = number(self.next())?;
        let mut log = conn.prepare("INSERT INTO changes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)").map_err(failed)?;
        for (sequence, (address, after)) in (0i64..).zip(&self.changes) {
            let Address { kind, scope: Scope { realm, parent }, id } = address;
            let (version, body) = (after.as_ref().map(|row| row.version), after.as_ref().map(|row| &row.body));
            log.execute(params![number, sequence, time_ms, actor, kind.0, realm.account, realm.region, parent, id, version, body])
                .map_err(failed)?;
        }
        conn.execute("UPDATE revision SET number = ?1", params![number]).map_err(failed)?;
        Ok(Some(Revision(self.next())))
    }

    fn drop_claims(&self, address: &Address) -> Result<(), StoreError> {
        let Address { kind, scope: Scope { realm, parent }, id } = address;
        let sql = "DELETE FROM claims WHERE kind = ?1 AND account = ?2 AND region = ?3 AND parent = ?4 AND id = ?5";
        self.reading.ready.execute(sql, params![kind.0, realm.account, realm.region, parent, id])?;
        Ok(())
    }
}

/// A number as SQLite counts.
pub(crate) fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Away(format!("{value} is beyond what the store counts to")))
}

impl View for Writing<'_> {
    fn revision(&self) -> Revision {
        self.reading.revision
    }
    fn row(&self, address: &Address) -> Result<Option<Row>, StoreError> {
        self.reading.row(address)
    }
    fn rows(&self, kind: Kind, scope: &Scope, after: Option<&str>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.reading.rows(kind, scope, after, limit)
    }
    fn every(&self, kind: Kind, each: &mut dyn FnMut(Row) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.reading.every(kind, each)
    }
    fn holder(&self, realm: &Realm, claim: &Claim) -> Result<Option<Address>, StoreError> {
        self.reading.holder(realm, claim)
    }
    fn frozen(&self, digest: &str) -> Result<Option<Arc<str>>, StoreError> {
        self.reading.frozen(digest)
    }
    fn log(&self, of: &Address, before: Option<Revision>, each: &mut LogReader<'_>) -> Result<(), StoreError> {
        self.reading.log(of, before, each)
    }
    fn log_start(&self) -> Result<Revision, StoreError> {
        self.reading.log_start()
    }
}

impl Txn for Writing<'_> {
    fn put(&mut self, row: Row) -> Result<(), StoreError> {
        let Address { kind, scope: Scope { realm, parent }, id } = &row.address;
        let ready = &self.reading.ready;
        let sql = "INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (kind, account, region, parent, id)
                   DO UPDATE SET version = excluded.version, revision = excluded.revision, body = excluded.body";
        let revision = number(self.next())?;
        ready.execute(sql, params![kind.0, realm.account, realm.region, parent, id, row.version, revision, row.body])?;
        self.drop_claims(&row.address)?;
        for claim in &row.claims {
            let sql = "INSERT OR REPLACE INTO claims VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            ready.execute(sql, params![realm.account, realm.region, claim.what, claim.value, kind.0, parent, id])?;
        }
        let plain = Row { claims: Vec::new(), ..row };
        self.changes.push((plain.address.clone(), Some(plain)));
        Ok(())
    }

    fn delete(&mut self, address: &Address) -> Result<(), StoreError> {
        self.drop_claims(address)?;
        let Address { kind, scope: Scope { realm, parent }, id } = address;
        let sql = "DELETE FROM records WHERE kind = ?1 AND account = ?2 AND region = ?3 AND parent = ?4 AND id = ?5";
        let gone = self.reading.ready.execute(sql, params![kind.0, realm.account, realm.region, parent, id])?;
        if gone > 0 {
            self.changes.push((address.clone(), None));
        }
        Ok(())
    }

    fn freeze(&mut self, digest: &str, text: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO frozen VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING";
        self.reading.ready.execute(sql, params![digest, text])?;
        Ok(())
    }
}

/// Forgets the log up to and including a revision.
pub(crate) fn forget_log(conn: &Connection, through: Revision) -> Result<(), StoreError> {
    conn.execute("DELETE FROM changes WHERE revision <= ?1", params![number(through.0)?]).map_err(failed)?;
    Ok(())
}
