//! Stores in folders of their own, and short ways to write and read.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use backends::sqlite::{Directory, Settings, SqliteLedger, SqliteStore};
use base::store::{Actor, Claim, Kind, Realm, Revision, Row, Store, StoreError, Txn, Verdict, View, WriteWork, kind};
use base::world::{Clock, Timestamp};

/// A folder that is gone when the test is.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Folder(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("store-{}-{count}", std::process::id())))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn try_store(&self) -> Result<SqliteStore, StoreError> {
        self.store_with(Settings::default())
    }

    pub(crate) fn store_with(&self, settings: Settings) -> Result<SqliteStore, StoreError> {
        let directory = Arc::new(Directory::hold(self.path())?);
        SqliteStore::open(&directory, Clock::manual(Timestamp(1_000_000)), settings)
    }

    pub(crate) fn store(&self) -> SqliteStore {
        self.try_store().expect("the store opens")
    }

    pub(crate) fn ledger(&self) -> SqliteLedger {
        let directory = Arc::new(Directory::hold(self.path()).expect("the folder is free"));
        SqliteLedger::open(&directory).expect("the ledger opens")
    }

    /// The words with which opening is refused.
    pub(crate) fn refusal(&self) -> String {
        match self.try_store() {
            Err(StoreError::Refused(words)) => words,
            Err(other) => panic!("refused otherwise: {other}"),
            Ok(_) => panic!("the store opened"),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is under the build's own folder and does no harm.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts").block_on(future)
}

pub(crate) fn realm() -> Realm {
    Realm::new("000000000000", "us-east-1")
}

pub(crate) fn row(kind: Kind, parent: &str, id: &str, body: &str) -> Row {
    let address = base::store::Address { kind, scope: realm().scope(parent), id: id.into() };
    Row { address, version: 1, body: body.into(), claims: Vec::new() }
}

pub(crate) fn stage(id: &str, body: &str) -> Row {
    row(kind::STAGE, "api", id, body)
}

pub(crate) fn claim(value: &str) -> Claim {
    Claim { what: "apikey-value", value: value.to_owned() }
}

pub(crate) fn actor() -> Actor {
    Actor("tester".into())
}

pub(crate) fn work(mut work: impl FnMut(&mut dyn Txn) -> Result<Verdict, StoreError> + Send + 'static) -> WriteWork {
    Box::new(move |txn| work(txn))
}

pub(crate) fn put(row: Row) -> WriteWork {
    work(move |txn| txn.put(row.clone()).map(|()| Verdict::Commit))
}

pub(crate) fn write(store: &dyn Store, work: WriteWork) -> Result<Revision, StoreError> {
    wait(store.write(actor(), work))
}

/// What a look at a snapshot finds.
pub(crate) fn look<T: Send + 'static>(store: &dyn Store, find: impl FnOnce(&dyn View) -> Result<T, StoreError> + Send + 'static) -> T {
    let found = Arc::new(Mutex::new(None));
    let place = found.clone();
    let look = Box::new(move |view: &dyn View| {
        *place.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(find(view)?);
        Ok(())
    });
    wait(store.read(look)).expect("the store reads");
    let mut found = found.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    found.take().expect("the look was run")
}

/// The body at an address, if any.
pub(crate) fn body(store: &dyn Store, id: &str) -> Option<String> {
    let address = stage(id, "").address;
    look(store, move |view| Ok(view.row(&address)?.map(|row| row.body.to_string())))
}
