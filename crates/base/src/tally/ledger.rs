//! The ledger of quotas: what has been reserved, durably, by plan, key and day.

use crate::world::{BoxFuture, Day};
use std::sync::Arc;

/// Whose use is counted: one API key in one usage plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Meter {
    /// The usage plan's id.
    pub plan: Arc<str>,
    /// The API key's id.
    pub key: Arc<str>,
}

/// The days over which a limit holds: from `first` up to, but not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// The day it begins.
    pub first: Day,
    /// The day after it ends.
    pub end: Day,
}

/// A wish to use up some of a quota.
#[derive(Clone, Debug)]
pub struct Reservation {
    /// Whose.
    pub meter: Meter,
    /// The day the units will be spent on. It lies in `window`.
    pub day: Day,
    /// The days over which `limit` holds.
    pub window: Window,
    /// Units allowed in the window, before any extension.
    pub limit: u64,
    /// How many units are wished for at most.
    pub wish: u32,
}

/// What a reservation brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Units that may now be spent on that day: they are on disk. 0 when the window is used up.
    pub units: u32,
    /// Units of the window that nobody has reserved yet.
    pub unreserved: u64,
}

/// What was reserved on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Whose.
    pub meter: Meter,
    /// When.
    pub day: Day,
    /// Reserved units that were not given back.
    pub units: u64,
}

/// Why the ledger did not answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the ledger of quotas is away: {0}")]
pub struct LedgerError(pub String);

/// Where quotas are reserved. Whatever it grants is durable before it answers.
pub trait Ledger: Send + Sync + 'static {
    /// Reserves up to `wish` units. Fewer are granted near the limit, none at it: never more than `limit` plus extensions in a window.
    fn reserve(&self, ask: Reservation) -> BoxFuture<'_, Result<Granted, LedgerError>>;

    /// Returns reserved units that were not spent.
    fn give_back(&self, meter: Meter, day: Day, units: u32) -> BoxFuture<'_, Result<(), LedgerError>>;

    /// What was reserved for a plan on the days from `first` up to, but not including, `end`; for one key or for all.
    fn used(&self, plan: Arc<str>, key: Option<Arc<str>>, first: Day, end: Day) -> BoxFuture<'_, Result<Vec<Used>, LedgerError>>;

    /// Adds to (or takes from) a meter's limit in the window that begins on `first`, and answers the sum of all such extensions.
    fn extend(&self, meter: Meter, first: Day, by: i64) -> BoxFuture<'_, Result<i64, LedgerError>>;

    /// Forgets a plan, or one key of it.
    fn forget(&self, plan: Arc<str>, key: Option<Arc<str>>) -> BoxFuture<'_, Result<(), LedgerError>>;
}

/// How many units a window with `unreserved` left gives at once: less and less near the limit, so that a crash there costs little.
pub fn slice(unreserved: u64, wish: u32) -> u32 {
    let fair = unreserved.div_ceil(16).min(u64::from(wish));
    u32::try_from(fair).unwrap_or(wish)
}

#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryLedger;

#[cfg(any(test, feature = "testing"))]
mod memory {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::{Mutex, PoisonError};

    /// A ledger in memory, for tests: everything but durability.
    #[derive(Default)]
    pub struct MemoryLedger(Mutex<Books>);

    #[derive(Default)]
    struct Books {
        used: BTreeMap<(Meter, Day), u64>,
        extensions: BTreeMap<(Meter, Day), i64>,
    }

    impl MemoryLedger {
        fn books(&self) -> std::sync::MutexGuard<'_, Books> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl Ledger for MemoryLedger {
        fn reserve(&self, ask: Reservation) -> BoxFuture<'_, Result<Granted, LedgerError>> {
            let mut books = self.books();
            let span = (ask.meter.clone(), ask.window.first)..(ask.meter.clone(), ask.window.end);
            let used: u64 = books.used.range(span).map(|(_, units)| units).sum();
            let extra = books.extensions.get(&(ask.meter.clone(), ask.window.first)).copied().unwrap_or(0);
            let unreserved = ask.limit.saturating_add_signed(extra).saturating_sub(used);
            let units = slice(unreserved, ask.wish);
            *books.used.entry((ask.meter, ask.day)).or_default() += u64::from(units);
            let granted = Granted { units, unreserved: unreserved - u64::from(units) };
            Box::pin(std::future::ready(Ok(granted)))
        }

        fn give_back(&self, meter: Meter, day: Day, units: u32) -> BoxFuture<'_, Result<(), LedgerError>> {
            if let Some(used) = self.books().used.get_mut(&(meter, day)) {
                *used = used.saturating_sub(u64::from(units));
            }
            Box::pin(std::future::ready(Ok(())))
        }

        fn used(&self, plan: Arc<str>, key: Option<Arc<str>>, first: Day, end: Day) -> BoxFuture<'_, Result<Vec<Used>, LedgerError>> {
            let wanted = |meter: &Meter, day: Day| {
                meter.plan == plan && key.as_ref().is_none_or(|key| *key == meter.key) && first <= day && day < end
            };
            let found = self
                .books()
                .used
                .iter()
                .filter(|((meter, day), _)| wanted(meter, *day))
                .map(|((meter, day), units)| Used { meter: meter.clone(), day: *day, units: *units })
                .collect();
            Box::pin(std::future::ready(Ok(found)))
        }

        fn extend(&self, meter: Meter, first: Day, by: i64) -> BoxFuture<'_, Result<i64, LedgerError>> {
            let mut books = self.books();
            let sum = books.extensions.entry((meter, first)).or_default();
            *sum = sum.saturating_add(by);
            Box::pin(std::future::ready(Ok(*sum)))
        }

        fn forget(&self, plan: Arc<str>, key: Option<Arc<str>>) -> BoxFuture<'_, Result<(), LedgerError>> {
            let mut books = self.books();
            let kept = |meter: &Meter| meter.plan != plan || key.as_ref().is_some_and(|key| *key != meter.key);
            books.used.retain(|(meter, _), _| kept(meter));
            books.extensions.retain(|(meter, _), _| kept(meter));
            Box::pin(std::future::ready(Ok(())))
        }
    }
}
