//! A house in memory, for the tests of the crates above: a manual clock, seeded ids, a store that forgets, counters that count.

use crate::api::dispatch::{Answer, Ask, Catalogue};
use crate::api::{ApiError, Caller, Control, Entry, House, Progress, Running, Settings, Trial, Tried};
use crate::store::{Actor, BoxFuture, MemoryStore, Realm, Record, Revision, SEALING_KEY_BYTES, Sealer, StoreError, Txn, Verdict, View};
use crate::tally::{MemoryLedger, Meter, Quotas, Taken, Terms};
use crate::world::{Clock, Day, Ids, Timestamp};
use serde_json::Value;
use std::sync::Arc;

/// Operations to call, and a world to call them in.
pub struct Bench {
    /// What the operations share.
    pub house: Arc<House>,
    /// The clock, to be moved by hand. It starts at noon of 2026-11-22.
    pub clock: Clock,
    /// What is counted, as the data plane would.
    pub quotas: Arc<Quotas>,
    catalogue: Catalogue,
    caller: Caller,
}

struct Counting(Arc<Quotas>);

impl Running for Counting {
    fn caught_up(&self, _revision: Revision) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
    fn usage<'a>(&'a self, plan: &'a str, key: Option<&'a str>, first: Day, end: Day) -> BoxFuture<'a, Result<Vec<Progress>, ApiError>> {
        Box::pin(async move {
            let spent = self.0.spent(plan, key, first, end).await.map_err(|why| ApiError::Internal(why.to_string()))?;
            Ok(spent.into_iter().map(|spent| Progress { key: spent.key, day: spent.day, units: spent.units }).collect())
        })
    }
    fn extend<'a>(&'a self, plan: &'a str, key: &'a str, first: Day, by: i64) -> BoxFuture<'a, Result<i64, ApiError>> {
        let meter = Meter { plan: plan.into(), key: key.into() };
        Box::pin(async move { self.0.extend(&meter, first, by).await.map_err(|why| ApiError::Internal(why.to_string())) })
    }
    fn try_out(&self, trial: Trial) -> BoxFuture<'_, Result<Tried, ApiError>> {
        // Nothing runs on a bench: it tells what was to be tried.
        let body = format!("{} {} {}", trial.verb, trial.target.unwrap_or_default(), trial.body);
        let tried = Tried { status: 200, headers: trial.headers, body, log: "tried\n".into(), latency_ms: 1 };
        Box::pin(std::future::ready(Ok(tried)))
    }
    fn forget<'a>(&'a self, plan: &'a str, key: Option<&'a str>) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(async move { self.0.forget(plan, key).await.map_err(|why| ApiError::Internal(why.to_string())) })
    }
}

impl Bench {
    /// A bench for some features' operations.
    pub fn new(slices: &[&[Entry]]) -> Bench {
        Bench::with(slices, false)
    }

    /// A bench that allows only what AWS has.
    pub fn strict(slices: &[&[Entry]]) -> Bench {
        Bench::with(slices, true)
    }

    fn with(slices: &[&[Entry]], aws_strict: bool) -> Bench {
        let clock = Clock::manual(Timestamp(1_795_348_800_000));
        let quotas = Arc::new(Quotas::new(Arc::new(MemoryLedger::default()), clock.clone(), 100));
        let house = House {
            store: Arc::new(MemoryStore::default()),
            clock: clock.clone(),
            ids: Ids::seeded(1),
            sealer: Arc::new(Sealer::new(&[7; SEALING_KEY_BYTES], Ids::seeded(2))),
            running: Arc::new(Counting(quotas.clone())),
            settings: Settings { partition: "aws".into(), aws_strict, public_url: None, integration_timeout_ms_max: 29_000 },
        };
        let caller = Caller { name: "tester".into(), realm: Realm::new("111111111111", "us-east-1") };
        Bench { house: Arc::new(house), clock, quotas, catalogue: Catalogue::new(slices), caller }
    }

    /// Whose records the calls see.
    pub fn realm(&self) -> &Realm {
        &self.caller.realm
    }

    /// Changes records directly, as other features' operations would.
    pub fn write(&self, mut work: impl FnMut(&mut dyn Txn) -> Result<(), StoreError> + Send + 'static) {
        let done = self.house.store.write(Actor("bench".into()), Box::new(move |txn| work(txn).map(|()| Verdict::Commit)));
        run(done).expect("a store in memory takes what is written");
    }

    /// Calls by verb, path (with query) and JSON body, as a client would. Answers status and JSON.
    pub fn call(&self, verb: &str, target: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.send(verb, target, body);
        let value = if answer.body.is_empty() { Value::Null } else { serde_json::from_slice(&answer.body).unwrap_or(Value::Null) };
        (answer.status, value)
    }

    /// Calls with any body.
    pub fn send(&self, verb: &str, target: &str, body: Vec<u8>) -> Answer {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        self.ask(Ask { method: verb.into(), path: path.into(), query: query.into(), headers: Vec::new(), body })
    }

    /// Calls with all that a request has.
    pub fn ask(&self, ask: Ask) -> Answer {
        let place = format!("{} {}", ask.method, ask.path);
        self.try_ask(ask).unwrap_or_else(|| panic!("no operation answers {place}"))
    }

    /// Calls with anything; nothing, if no operation is at that place.
    pub fn try_ask(&self, ask: Ask) -> Option<Answer> {
        let found = self.catalogue.find(&ask)?;
        Some(run(found.run(self.house.clone(), self.caller.clone(), ask)))
    }

    /// Looks at the records.
    pub fn read<T: Send + 'static>(&self, look: impl FnOnce(&dyn View, &Realm) -> Result<T, StoreError> + Send + 'static) -> T {
        let cx = Control::new(self.house.clone(), self.caller.clone());
        let realm = self.realm().clone();
        run(cx.read(move |view| Ok(look(view, &realm)?))).expect("a store in memory can be read")
    }

    /// Uses a plan's quota as the data plane would; how many of the requests passed.
    pub fn take(&self, plan: &str, key: &str, requests: usize, mark: u64, terms: impl Fn(Day) -> Terms + Copy) -> usize {
        let quota = self.quotas.of(&Meter { plan: plan.into(), key: key.into() });
        let passed = |_: &usize| matches!(run(self.quotas.take(&quota, mark, terms)), Taken::Some { .. });
        (0..requests).filter(passed).count()
    }

    /// Stores a record of the caller's realm, for what no operation on the bench makes.
    pub fn store<R: Record>(&self, record: &R) {
        let (realm, record) = (self.realm().clone(), record.clone());
        self.write(move |txn| txn.save(&realm, &record));
    }

    /// A call that must succeed; its JSON.
    pub fn ok(&self, verb: &str, target: &str, body: Value) -> Value {
        let (status, value) = self.call(verb, target, body);
        assert!(status < 300, "{verb} {target} answered {status}: {value}");
        value
    }

    /// A call that must fail: status and message.
    pub fn no(&self, verb: &str, target: &str, body: Value) -> (u16, String) {
        let (status, value) = self.call(verb, target, body);
        assert!(status >= 400, "{verb} {target} answered {status}: {value}");
        (status, value["message"].as_str().unwrap_or_default().to_owned())
    }
}

/// Waits for something that needs no I/O.
fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime without I/O can be built").block_on(work)
}
