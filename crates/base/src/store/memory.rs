//! A store in memory, for tests: the same promises but durability. Everything runs at once, on the caller's thread. It has no clock: in
//! its log everything happened at the epoch.

use super::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

/// A store that forgets everything when it is dropped.
#[derive(Default)]
pub struct MemoryStore(Mutex<State>);

#[derive(Default)]
struct State {
    now: Tables,
    followers: Vec<tokio::sync::mpsc::Sender<Arc<Vec<Change>>>>,
}

#[derive(Clone, Default)]
struct Tables {
    revision: u64,
    rows: BTreeMap<Address, Row>,
    claims: HashMap<(Realm, Claim), Address>,
    frozen: HashMap<String, Arc<str>>,
    log: Vec<Logged>,
}

struct Draft {
    tables: Tables,
    changes: Vec<(Address, Option<Row>)>,
}

impl View for Tables {
    fn revision(&self) -> Revision {
        Revision(self.revision)
    }
    fn row(&self, address: &Address) -> Result<Option<Row>, StoreError> {
        Ok(self.rows.get(address).cloned())
    }
    fn rows(&self, kind: Kind, scope: &Scope, after: Option<&str>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let fits = |row: &&Row| row.address.kind == kind && row.address.scope == *scope && after.is_none_or(|last| &*row.address.id > last);
        Ok(self.rows.values().filter(fits).take(limit).cloned().collect())
    }
    fn every(&self, kind: Kind, each: &mut dyn FnMut(Row) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.rows.values().filter(|row| row.address.kind == kind).try_for_each(|row| each(row.clone()))
    }
    fn holder(&self, realm: &Realm, claim: &Claim) -> Result<Option<Address>, StoreError> {
        Ok(self.claims.get(&(realm.clone(), claim.clone())).cloned())
    }
    fn frozen(&self, digest: &str) -> Result<Option<Arc<str>>, StoreError> {
        Ok(self.frozen.get(digest).cloned())
    }
    fn log(&self, of: &Address, before: Option<Revision>, each: &mut LogReader<'_>) -> Result<(), StoreError> {
        let under = of.scope.realm.scope(&of.id);
        let is_of = |logged: &&Logged| logged.change.address == *of || logged.change.address.scope == under;
        let is_before = |logged: &&Logged| before.is_none_or(|before| logged.change.revision < before);
        for logged in self.log.iter().rev().filter(is_of).filter(is_before) {
            if each(logged.clone())?.is_break() {
                break;
            }
        }
        Ok(())
    }
    fn log_start(&self) -> Result<Revision, StoreError> {
        Ok(self.log.first().map_or(Revision(1), |logged| logged.change.revision))
    }
}

impl View for Draft {
    fn revision(&self) -> Revision {
        self.tables.revision()
    }
    fn row(&self, address: &Address) -> Result<Option<Row>, StoreError> {
        self.tables.row(address)
    }
    fn rows(&self, kind: Kind, scope: &Scope, after: Option<&str>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.tables.rows(kind, scope, after, limit)
    }
    fn every(&self, kind: Kind, each: &mut dyn FnMut(Row) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.tables.every(kind, each)
    }
    fn holder(&self, realm: &Realm, claim: &Claim) -> Result<Option<Address>, StoreError> {
        self.tables.holder(realm, claim)
    }
    fn frozen(&self, digest: &str) -> Result<Option<Arc<str>>, StoreError> {
        self.tables.frozen(digest)
    }
    fn log(&self, of: &Address, before: Option<Revision>, each: &mut LogReader<'_>) -> Result<(), StoreError> {
        self.tables.log(of, before, each)
    }
    fn log_start(&self) -> Result<Revision, StoreError> {
        self.tables.log_start()
    }
}

impl Txn for Draft {
    fn put(&mut self, row: Row) -> Result<(), StoreError> {
        let address = row.address.clone();
        self.tables.claims.retain(|_, holder| *holder != address);
        for claim in &row.claims {
            self.tables.claims.insert((address.scope.realm.clone(), claim.clone()), address.clone());
        }
        let plain = Row { claims: Vec::new(), ..row };
        self.tables.rows.insert(address.clone(), plain.clone());
        self.changes.push((address, Some(plain)));
        Ok(())
    }
    fn delete(&mut self, address: &Address) -> Result<(), StoreError> {
        self.tables.claims.retain(|_, holder| holder != address);
        if self.tables.rows.remove(address).is_some() {
            self.changes.push((address.clone(), None));
        }
        Ok(())
    }
    fn freeze(&mut self, digest: &str, text: &str) -> Result<(), StoreError> {
        self.tables.frozen.entry(digest.into()).or_insert_with(|| text.into());
        Ok(())
    }
}

impl MemoryStore {
    /// Forgets the log up to and including a revision, as a store does when the log is long.
    pub fn forget_log(&self, through: Revision) {
        self.state().now.log.retain(|logged| logged.change.revision > through);
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn read(&self, work: ReadWork) -> BoxFuture<'_, Result<(), StoreError>> {
        let seen = self.state().now.clone();
        Box::pin(async move { work(&seen) })
    }

    fn write(&self, actor: Actor, mut work: WriteWork) -> BoxFuture<'_, Result<Revision, StoreError>> {
        let done = {
            let mut state = self.state();
            let mut draft = Draft { tables: state.now.clone(), changes: Vec::new() };
            match work(&mut draft) {
                Err(why) => Err(why),
                Ok(Verdict::Abandon) => Ok((state.now.revision(), None)),
                Ok(Verdict::Commit) if draft.changes.is_empty() => {
                    state.now = draft.tables;
                    Ok((state.now.revision(), None))
                }
                Ok(Verdict::Commit) => {
                    draft.tables.revision += 1;
                    let revision = draft.tables.revision();
                    let changes: Vec<Change> =
                        draft.changes.into_iter().map(|(address, after)| Change { revision, address, after }).collect();
                    let logged = |change: &Change| Logged { change: change.clone(), time: Timestamp(0), actor: actor.clone() };
                    draft.tables.log.extend(changes.iter().map(logged));
                    state.now = draft.tables;
                    Ok((revision, Some((Arc::new(changes), state.followers.clone()))))
                }
            }
        };
        Box::pin(async move {
            let (revision, news) = done?;
            if let Some((changes, followers)) = news {
                for follower in followers {
                    // A follower that has gone away is not told.
                    let _gone = follower.send(changes.clone()).await;
                }
            }
            Ok(revision)
        })
    }

    fn follow(&self, work: ReadWork) -> BoxFuture<'_, Result<Follower, StoreError>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(FOLLOWER_REVISIONS_MAX);
        let seen = {
            let mut state = self.state();
            state.followers.push(sender);
            state.now.clone()
        };
        Box::pin(async move {
            work(&seen)?;
            Ok(Follower(receiver))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
