//! Quotas: how many requests a key may make in a plan's day, week or month.
//!
//! Each meter holds a *slice*: units that the ledger has on disk as reserved and that only this process may spend. Spending one is a
//! compare-and-swap. A slice belongs to one day and to one set of terms; when the day is over or the terms change, what is left of it
//! goes back and the next is reserved. Nobody is ever served a unit that is not on disk.

use super::ledger::{Ledger, LedgerError, Meter, Reservation, Used, Window};
use crate::world::{Clock, Day, Timestamp};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Units in a slice: what a crash can cost a caller at most. Near the limit slices are smaller.
pub const SLICE_UNITS_MAX: u32 = 100;

/// What a plan promises at the moment: from when to when, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// Units allowed in the window.
    pub limit: u64,
    /// The days it is for.
    pub window: Window,
}

/// What came of asking for a unit.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// Served, and this many are left in the window as far as this process knows.
    Some {
        /// Give it back with this if a throttle refuses.
        ticket: Ticket,
        /// Units left.
        left: u64,
    },
    /// The quota is used up.
    None,
    /// The ledger is away, so nobody knows.
    Unreachable,
}

/// Proof that a unit was taken, and of which slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    epoch: u32,
    day: Day,
}

/// What a meter has spent on a day: the truth at the moment of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The API key.
    pub key: Arc<str>,
    /// The day.
    pub day: Day,
    /// Requests.
    pub units: u64,
}

/// One meter's slice.
#[derive(Debug)]
pub struct Quota {
    meter: Meter,
    /// The epoch (high half) and the units left (low half) in one word. An epoch is one day under one set of terms: further slices of
    /// the same epoch are added to the word, and a unit given back late can never be spent in another epoch.
    word: AtomicU64,
    /// Until when the slice may be spent, in milliseconds since 1970.
    until_ms: AtomicU64,
    /// A digest of the terms the slice was reserved under.
    mark: AtomicU64,
    /// Unreserved units at the last reservation, as the ledger said.
    unreserved: AtomicU64,
    /// Units given back after their epoch was over, by day: they return to the ledger with the next exchange.
    late: Mutex<Vec<Day>>,
    /// Held while the slice is exchanged.
    counter: tokio::sync::Mutex<Counter>,
}

#[derive(Debug, Default)]
struct Counter {
    day: Day,
    /// The ledger had nothing more under the present mark and day.
    dry: bool,
}

/// All meters of a process.
pub struct Quotas {
    ledger: Arc<dyn Ledger>,
    clock: Clock,
    slice_units_max: u32,
    meters: Mutex<HashMap<Meter, Arc<Quota>>>,
}

impl Quotas {
    /// Meters over a ledger. `slice_units_max` is what a crash may cost (1 to [`SLICE_UNITS_MAX`]).
    pub fn new(ledger: Arc<dyn Ledger>, clock: Clock, slice_units_max: u32) -> Quotas {
        Quotas { ledger, clock, slice_units_max: slice_units_max.clamp(1, SLICE_UNITS_MAX), meters: Mutex::default() }
    }

    /// The quota of a meter. Looked up when a stage is bound, not for each request.
    pub fn of(&self, meter: &Meter) -> Arc<Quota> {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        meters.entry(meter.clone()).or_insert_with(|| Arc::new(Quota::new(meter.clone()))).clone()
    }

    fn known(&self, plan: &str, key: Option<&str>) -> Vec<Arc<Quota>> {
        let meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |meter: &Meter| &*meter.plan == plan && key.is_none_or(|key| key == &*meter.key);
        meters.iter().filter(|(meter, _)| wanted(meter)).map(|(_, quota)| quota.clone()).collect()
    }

    /// Takes one unit. `terms` is asked only when a slice must be reserved; `mark` must differ whenever its answer for the same day would.
    pub async fn take(&self, quota: &Quota, mark: u64, terms: impl Fn(Day) -> Terms) -> Taken {
        let now = self.clock.wall();
        if let Some(taken) = quota.spend(mark, now) {
            return taken;
        }
        let mut counter = quota.counter.lock().await;
        loop {
            let now = self.clock.wall();
            if let Some(taken) = quota.spend(mark, now) {
                return taken;
            }
            if self.return_late(quota, &mut counter).await.is_err() {
                return Taken::Unreachable;
            }
            let fresh = quota.mark.load(Ordering::Relaxed) == mark && counter.day == now.day();
            if fresh && counter.dry {
                return Taken::None;
            }
            match self.refill(quota, &mut counter, mark, now.day(), terms(now.day())).await {
                Ok(0) => return Taken::None,
                Ok(_) => {}
                Err(_) => return Taken::Unreachable,
            }
        }
    }

    /// Reserves a slice of today under the present terms; what is left of another epoch goes back first. Answers how many units came.
    async fn refill(&self, quota: &Quota, counter: &mut Counter, mark: u64, day: Day, terms: Terms) -> Result<u32, LedgerError> {
        let same_epoch = quota.mark.load(Ordering::Relaxed) == mark && counter.day == day;
        if !same_epoch {
            self.settle(quota, counter).await?;
        }
        let ask = Reservation { meter: quota.meter.clone(), day, window: terms.window, limit: terms.limit, wish: self.slice_units_max };
        let granted = self.ledger.reserve(ask).await?;
        counter.day = day;
        counter.dry = granted.units == 0;
        quota.unreserved.store(granted.unreserved, Ordering::Relaxed);
        quota.mark.store(mark, Ordering::Relaxed);
        quota.until_ms.store(day.plus(1).start().0, Ordering::Relaxed);
        quota.word.fetch_add(u64::from(granted.units), Ordering::Release);
        Ok(granted.units)
    }

    /// Gives back what came back too late to be spent again in its epoch.
    async fn return_late(&self, quota: &Quota, counter: &mut Counter) -> Result<(), LedgerError> {
        loop {
            let next = quota.late.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(day) = next else { return Ok(()) };
            self.ledger.give_back(quota.meter.clone(), day, 1).await?;
            counter.dry = false;
        }
    }

    /// Takes the slice out of circulation and gives back what was not spent of it.
    async fn settle(&self, quota: &Quota, counter: &mut Counter) -> Result<(), LedgerError> {
        self.return_late(quota, counter).await?;
        let unspent = quota.empty();
        counter.dry = false;
        if unspent > 0 {
            self.ledger.give_back(quota.meter.clone(), counter.day, unspent).await?;
        }
        Ok(())
    }

    /// What was spent in a plan on the days from `first` up to, but not including, `end`, by one key or by all: reservations less
    /// what is still unspent here.
    pub async fn spent(&self, plan: &str, key: Option<&str>, first: Day, end: Day) -> Result<Vec<Spent>, LedgerError> {
        let known = self.known(plan, key);
        let mut held = Vec::with_capacity(known.len());
        for quota in &known {
            // With the counter held, no slice is exchanged between the look at the ledger and the look at the slice.
            let mut counter = quota.counter.lock().await;
            self.return_late(quota, &mut counter).await?;
            held.push((quota, counter));
        }
        let used = self.ledger.used(plan.into(), key.map(Into::into), first, end).await?;
        let unspent = |used: &Used| {
            let slice = held.iter().find(|(quota, counter)| quota.meter == used.meter && counter.day == used.day);
            slice.map_or(0, |(quota, _)| u64::from(quota.left()))
        };
        Ok(used
            .iter()
            .map(|used| Spent { key: used.meter.key.clone(), day: used.day, units: used.units.saturating_sub(unspent(used)) })
            .collect())
    }

    /// Grants (or takes away) units of the window that begins on `first`.
    pub async fn extend(&self, meter: &Meter, first: Day, by: i64) -> Result<i64, LedgerError> {
        let quota = self.of(meter);
        let mut counter = quota.counter.lock().await;
        self.settle(&quota, &mut counter).await?;
        self.ledger.extend(meter.clone(), first, by).await
    }

    /// Forgets a plan, or a key of it: what it used is gone with it.
    pub async fn forget(&self, plan: &str, key: Option<&str>) -> Result<(), LedgerError> {
        let gone = self.known(plan, key);
        for quota in &gone {
            let mut counter = quota.counter.lock().await;
            quota.empty();
            counter.dry = false;
        }
        self.ledger.forget(plan.into(), key.map(Into::into)).await?;
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        gone.iter().for_each(|quota| drop(meters.remove(&quota.meter)));
        Ok(())
    }

    /// Gives every unspent unit back: for an orderly end, after which a restart has lost nothing.
    pub async fn close(&self) {
        let all: Vec<_> = self.meters.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for quota in all {
            let mut counter = quota.counter.lock().await;
            if let Err(why) = self.settle(&quota, &mut counter).await {
                tracing::warn!(plan = &*quota.meter.plan, key = &*quota.meter.key, %why, "unspent quota units could not be given back");
            }
        }
    }
}

impl Quota {
    fn new(meter: Meter) -> Quota {
        Quota {
            meter,
            word: AtomicU64::new(0),
            until_ms: AtomicU64::new(0),
            mark: AtomicU64::new(0),
            unreserved: AtomicU64::new(0),
            late: Mutex::default(),
            counter: tokio::sync::Mutex::default(),
        }
    }

    /// Spends a unit of the slice, if there is one and it is good for these terms at this time.
    fn spend(&self, mark: u64, now: Timestamp) -> Option<Taken> {
        let mut seen = self.word.load(Ordering::Acquire);
        loop {
            // The terms of an epoch are written before its word is: whoever sees the word sees them, and if they have been changed since
            // then, so has the epoch, and the exchange below fails.
            let until_ms = self.until_ms.load(Ordering::Relaxed);
            let good = self.mark.load(Ordering::Relaxed) == mark && now.0 < until_ms;
            let (epoch, left) = split(seen);
            if !good || left == 0 {
                return None;
            }
            match self.word.compare_exchange_weak(seen, seen - 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    let left = u64::from(left - 1) + self.unreserved.load(Ordering::Relaxed);
                    let day = Timestamp(until_ms - 1).day();
                    return Some(Taken::Some { ticket: Ticket { epoch, day }, left });
                }
                Err(changed) => seen = changed,
            }
        }
    }

    /// Gives back a unit that a throttle refused to serve.
    pub fn refund(&self, ticket: Ticket) {
        let back = |word: u64| (split(word).0 == ticket.epoch).then_some(word + 1);
        if self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, back).is_err() {
            self.late.lock().unwrap_or_else(PoisonError::into_inner).push(ticket.day);
        }
    }

    fn left(&self) -> u32 {
        split(self.word.load(Ordering::Acquire)).1
    }

    /// Ends the epoch and answers what was left of it.
    fn empty(&self) -> u32 {
        let next = |word: u64| Some(join(split(word).0.wrapping_add(1), 0));
        match self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, next) {
            Ok(word) | Err(word) => split(word).1,
        }
    }
}

fn split(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

fn join(epoch: u32, left: u32) -> u64 {
    u64::from(epoch) << 32 | u64::from(left)
}

#[cfg(test)]
mod tests {
    use super::super::ledger::MemoryLedger;
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const TODAY: u64 = 20_000;

    fn day_terms(limit: u64) -> impl Fn(Day) -> Terms + Copy {
        move |day| Terms { limit, window: Window { first: day, end: day.plus(1) } }
    }

    fn month_terms(limit: u64) -> impl Fn(Day) -> Terms + Copy {
        move |day| Terms { limit, window: Window { first: day.start_of_month(), end: day.start_of_next_month() } }
    }

    fn meter() -> Meter {
        Meter { plan: "gold".into(), key: "k1".into() }
    }

    fn bench(slice: u32) -> (Clock, Arc<MemoryLedger>, Quotas) {
        let clock = Clock::manual(Timestamp(TODAY * Day::MS));
        let ledger = Arc::new(MemoryLedger::default());
        let quotas = Quotas::new(ledger.clone(), clock.clone(), slice);
        (clock, ledger, quotas)
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    fn passes(taken: &Taken) -> bool {
        matches!(taken, Taken::Some { .. })
    }

    #[test]
    fn exactly_the_limit_passes_and_the_next_day_is_new() {
        let (clock, _, quotas) = bench(100);
        let quota = quotas.of(&meter());
        run(async {
            for day in 0..3 {
                let mut served = 0;
                for _ in 0..250 {
                    served += usize::from(passes(&quotas.take(&quota, 1, day_terms(137)).await));
                }
                assert_eq!(served, 137, "on day {day}");
                clock.advance(Duration::from_millis(Day::MS));
            }
        });
    }

    #[test]
    fn a_month_counts_all_its_days_and_usage_tells_each() {
        let (clock, _, quotas) = bench(100);
        let quota = quotas.of(&meter());
        run(async {
            let first = clock.wall().day();
            for _ in 0..3 {
                assert!(passes(&quotas.take(&quota, 1, month_terms(5)).await));
            }
            clock.advance(Duration::from_millis(Day::MS));
            let second = clock.wall().day();
            assert_eq!(first.start_of_month(), second.start_of_month());
            for _ in 0..2 {
                assert!(passes(&quotas.take(&quota, 1, month_terms(5)).await));
            }
            assert_eq!(quotas.take(&quota, 1, month_terms(5)).await, Taken::None);
            let spent = quotas.spent("gold", None, first, second.plus(1)).await.unwrap();
            assert_eq!(spent.iter().map(|s| (s.day, s.units)).collect::<Vec<_>>(), [(first, 3), (second, 2)]);
        });
    }

    #[test]
    fn what_a_throttle_refused_is_not_charged() {
        let (_, _, quotas) = bench(100);
        let quota = quotas.of(&meter());
        run(async {
            for _ in 0..1000 {
                let Taken::Some { ticket, .. } = quotas.take(&quota, 1, day_terms(3)).await else { panic!("refused") };
                quota.refund(ticket);
            }
            for expected in [true, true, true, false] {
                assert_eq!(passes(&quotas.take(&quota, 1, day_terms(3)).await), expected);
            }
        });
    }

    #[test]
    fn a_raised_limit_and_an_extension_let_more_through_at_once() {
        let (clock, _, quotas) = bench(100);
        let quota = quotas.of(&meter());
        run(async {
            for expected in [true, true, false] {
                assert_eq!(passes(&quotas.take(&quota, 1, day_terms(2)).await), expected);
            }
            for expected in [true, false] {
                assert_eq!(passes(&quotas.take(&quota, 2, day_terms(3)).await), expected);
            }
            quotas.extend(&meter(), clock.wall().day(), 2).await.unwrap();
            for expected in [true, true, false] {
                assert_eq!(passes(&quotas.take(&quota, 2, day_terms(3)).await), expected);
            }
        });
    }

    #[test]
    fn a_crash_forgets_no_answer_and_costs_at_most_a_slice() {
        let (clock, ledger, quotas) = bench(40);
        run(async {
            let quota = quotas.of(&meter());
            for _ in 0..133 {
                assert!(passes(&quotas.take(&quota, 1, day_terms(1000)).await));
            }
            drop(quotas); // nothing is given back
            let again = Quotas::new(ledger, clock, 40);
            let quota = again.of(&meter());
            let mut served = 0;
            while passes(&again.take(&quota, 1, day_terms(1000)).await) {
                served += 1;
            }
            assert!(served <= 867, "over by {}", served - 867);
            assert!(served >= 867 - 40, "lost {}", 867 - served);
        });
    }

    #[test]
    fn an_orderly_end_loses_nothing() {
        let (clock, ledger, quotas) = bench(40);
        run(async {
            let quota = quotas.of(&meter());
            assert!(passes(&quotas.take(&quota, 1, day_terms(100)).await));
            quotas.close().await;
            let again = Quotas::new(ledger, clock, 40);
            let quota = again.of(&meter());
            let mut served = 0;
            while passes(&again.take(&quota, 1, day_terms(100)).await) {
                served += 1;
            }
            assert_eq!(served, 99);
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
        /// Never one over, never one under, with many threads, refunds, and midnights in between.
        #[test]
        fn many_threads_pass_exactly_the_limit(limit in 1u64..600, threads in 2usize..6, slice in 1u32..100, days in 1u32..4) {
            let (clock, _, quotas) = bench(slice);
            let quota = quotas.of(&meter());
            for _ in 0..days {
                let served: u64 = std::thread::scope(|scope| {
                    let worker = |n: usize| {
                        let (quotas, quota) = (&quotas, &quota);
                        move || run(async move {
                            let mut served = 0u64;
                            for turn in 0..700 {
                                if let Taken::Some { ticket, .. } = quotas.take(quota, 1, day_terms(limit)).await {
                                    // Every seventh is refused by a throttle.
                                    if (turn + n).is_multiple_of(7) { quota.refund(ticket) } else { served += 1 }
                                }
                            }
                            served
                        })
                    };
                    let all: Vec<_> = (0..threads).map(|n| scope.spawn(worker(n))).collect();
                    all.into_iter().map(|thread| thread.join().unwrap()).sum()
                });
                prop_assert!(served <= limit);
                // Refunds at the very end leave units nobody asked for again: ask for them.
                let rest = run(async {
                    let mut rest = 0;
                    while passes(&quotas.take(&quota, 1, day_terms(limit)).await) { rest += 1 }
                    rest
                });
                prop_assert_eq!(served + rest, limit);
                clock.advance(Duration::from_millis(Day::MS));
            }
        }
    }
}
