//! One target as it is: what it serves now, how it fared, whether it is well. Shared by all data threads, and by the control runtime.

use super::terms::Terms;
use base::world::Moment;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A target is left out this many times longer than the first time at most.
const EJECTIONS_MAX: u32 = 10;

/// What health checks say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Nothing yet, or nobody looks: it is asked.
    #[default]
    Unknown,
    Healthy,
    Unhealthy,
}

/// One target of a group. It has a cache line of its own, since every thread writes to it.
#[derive(Debug)]
#[repr(align(128))]
pub struct Peer {
    /// Requests that it serves now.
    in_use: AtomicU32,
    /// Failures in a row.
    failed_in_row: AtomicU32,
    /// Until when it is left out for failing, as a [`Moment`].
    ejected_until: AtomicU64,
    /// How often it was left out in a row.
    ejections: AtomicU32,
    requests: AtomicU64,
    failures: AtomicU64,
    ejected: AtomicU64,
    health: AtomicU8,
    /// Good or bad looks in a row.
    looks: AtomicU32,
    pub(super) is_looked_at: AtomicBool,
    /// When it was looked at last, and since when it is to be asked, as [`Moment`]s.
    pub(super) looked_at: AtomicU64,
    pub(super) well_since: AtomicU64,
    host: Box<str>,
    port: u16,
    /// Why it is unwell. Read and written by the control runtime alone.
    because: Mutex<Arc<str>>,
}

impl Peer {
    /// A target of which nothing is known yet. A host is a name or an address.
    pub fn new(host: &str, port: u16, now: Moment) -> Peer {
        Peer {
            in_use: AtomicU32::new(0),
            failed_in_row: AtomicU32::new(0),
            ejected_until: AtomicU64::new(0),
            ejections: AtomicU32::new(0),
            requests: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            ejected: AtomicU64::new(0),
            health: AtomicU8::new(0),
            looks: AtomicU32::new(0),
            is_looked_at: AtomicBool::new(false),
            looked_at: AtomicU64::new(0),
            well_since: AtomicU64::new(now.0),
            host: host.into(),
            port,
            because: Mutex::new("".into()),
        }
    }

    /// Its name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Requests that it serves now.
    pub fn in_use(&self) -> u32 {
        self.in_use.load(Relaxed)
    }

    /// Requests that it was asked, those that failed, and how often it was left out.
    pub fn counts(&self) -> [u64; 3] {
        [&self.requests, &self.failures, &self.ejected].map(|count| count.load(Relaxed))
    }

    /// What health checks say.
    pub fn health(&self) -> Health {
        match self.health.load(Relaxed) {
            0 => Health::Unknown,
            1 => Health::Healthy,
            _ => Health::Unhealthy,
        }
    }

    /// Why it is unwell; empty if it is not.
    pub fn because(&self) -> Arc<str> {
        self.because.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether requests failed on it so often that it is left out.
    pub fn is_ejected(&self, now: Moment) -> bool {
        self.ejected_until.load(Relaxed) > now.0
    }

    /// Whether it is to be asked.
    pub fn is_well(&self, now: Moment) -> bool {
        self.health() != Health::Unhealthy && !self.is_ejected(now)
    }

    /// Whether it takes another request.
    pub(super) fn has_room(&self, connections_max: u32) -> bool {
        connections_max == 0 || self.in_use.load(Relaxed) < connections_max
    }

    /// A request goes there. One is let in too many when two threads ask in the same instant and one place is left: then it is given back.
    pub(super) fn enter(self: &Arc<Self>, connections_max: u32) -> Option<InUse> {
        let before = self.in_use.fetch_add(1, Relaxed);
        let entered = InUse(self.clone());
        if connections_max > 0 && before >= connections_max {
            return None;
        }
        self.requests.fetch_add(1, Relaxed);
        Some(entered)
    }

    /// It answered as it should.
    pub(super) fn succeeded(&self) {
        // Mostly there is nothing to forget, and nothing is written.
        if self.failed_in_row.load(Relaxed) != 0 {
            self.failed_in_row.store(0, Relaxed);
        }
        if self.ejections.load(Relaxed) != 0 {
            self.ejections.store(0, Relaxed);
        }
    }

    /// A request failed there. Says whether that is one failure too many: then [`Peer::eject`] is next, where the group allows it.
    pub(super) fn failed(&self, terms: &Terms, now: Moment) -> bool {
        self.failures.fetch_add(1, Relaxed);
        let in_row = self.failed_in_row.fetch_add(1, Relaxed) + 1;
        // Who comes back from being left out is on trial: the first failure counts for all.
        let enough = if self.ejections.load(Relaxed) > 0 { 1 } else { terms.eject_after };
        terms.eject_after > 0 && in_row >= enough && !self.is_ejected(now)
    }

    /// It is left out for a while, longer each time in a row.
    pub(super) fn eject(&self, terms: &Terms, now: Moment) {
        let times = self.ejections.fetch_add(1, Relaxed).min(EJECTIONS_MAX - 1) + 1;
        let until = now.after(Duration::from_millis(u64::from(terms.eject_ms)) * times);
        self.ejected_until.store(until.0, Relaxed);
        self.failed_in_row.store(0, Relaxed);
        self.ejected.fetch_add(1, Relaxed);
        self.well_since.store(until.0, Relaxed);
    }

    /// Somebody looked. Says whether it changed.
    pub(super) fn looked(&self, outcome: Result<(), String>, healthy_after: u32, unhealthy_after: u32, now: Moment) -> bool {
        let before = self.health();
        let is_good = outcome.is_ok();
        // What is known already need not be shown again; the first good look of a new target is enough.
        if (before == Health::Healthy) == is_good && before != Health::Unknown {
            self.looks.store(0, Relaxed);
            if let Err(because) = outcome {
                self.say(&because);
            }
            return false;
        }
        let looks = self.looks.fetch_add(1, Relaxed) + 1;
        let enough = match (before, is_good) {
            (Health::Unknown, true) => 1,
            (_, true) => healthy_after,
            (_, false) => unhealthy_after,
        };
        if looks < enough {
            return false;
        }
        self.looks.store(0, Relaxed);
        self.say(outcome.as_ref().err().map_or("", String::as_str));
        self.health.store(if is_good { 1 } else { 2 }, Relaxed);
        if before == Health::Unhealthy {
            self.well_since.store(now.0, Relaxed);
            self.ejected_until.store(0, Relaxed);
            self.ejections.store(0, Relaxed);
            self.failed_in_row.store(0, Relaxed);
        }
        true
    }

    /// Somebody else says how it is: Cloud Map's custom health, or checks that were taken away.
    pub(super) fn set_health(&self, health: Health) {
        self.health.store(health as u8, Relaxed);
    }

    fn say(&self, because: &str) {
        let mut said = self.because.lock().unwrap_or_else(PoisonError::into_inner);
        if **said != *because {
            *said = because.into();
        }
    }
}

/// A request that a target serves. Dropping it says that it is over.
#[derive(Debug)]
pub(crate) struct InUse(Arc<Peer>);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.in_use.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Moment = Moment(1_000_000_000);

    fn later(seconds: u64) -> Moment {
        AT.after(Duration::from_secs(seconds))
    }

    #[test]
    fn who_fails_too_often_is_left_out_comes_back_on_trial_and_is_left_out_longer() {
        let terms = Terms { eject_after: 3, eject_ms: 10_000, ..Terms::default() };
        let peer = Peer::new("a", 1, AT);
        assert_eq!([(); 3].map(|()| peer.failed(&terms, AT)), [false, false, true]);
        peer.eject(&terms, AT);
        assert!(peer.is_ejected(AT) && peer.is_ejected(later(9)) && !peer.is_ejected(later(10)));
        assert!(peer.failed(&terms, later(10)), "on trial");
        peer.eject(&terms, later(10));
        assert!(peer.is_ejected(later(29)) && !peer.is_ejected(later(30)));
        peer.succeeded();
        assert!(!peer.failed(&terms, later(31)), "one success ends the trial");
        assert_eq!(peer.counts()[2], 2);
    }

    #[test]
    fn a_success_in_between_begins_the_count_anew() {
        let terms = Terms { eject_after: 2, eject_ms: 1, ..Terms::default() };
        let peer = Peer::new("a", 1, AT);
        assert!(!peer.failed(&terms, AT));
        peer.succeeded();
        assert!(!peer.failed(&terms, AT));
        assert!(peer.failed(&terms, AT));
        assert!(!Peer::new("a", 1, AT).failed(&Terms::default(), AT), "off where nobody asked for it");
    }

    #[test]
    fn looks_in_a_row_change_what_is_known_and_the_first_good_one_is_enough() {
        let peer = Peer::new("a", 1, AT);
        let bad = || Err("refused".to_owned());
        let look = |outcome| peer.looked(outcome, 3, 2, AT);
        assert!(!look(bad()));
        assert_eq!((peer.health(), peer.is_well(AT)), (Health::Unknown, true));
        assert!(look(bad()));
        assert_eq!((peer.health(), peer.is_well(AT), &*peer.because()), (Health::Unhealthy, false, "refused"));
        assert!(!look(Ok(())));
        assert!(!look(bad()), "what it was is confirmed");
        assert_eq!([(); 3].map(|()| look(Ok(()))), [false, false, true]);
        assert_eq!((peer.health(), &*peer.because()), (Health::Healthy, ""));
        let fresh = Peer::new("a", 1, AT);
        assert!(fresh.looked(Ok(()), 3, 2, AT));
    }

    #[test]
    fn no_more_enter_than_there_is_room_and_leaving_makes_room() {
        let peer = Arc::new(Peer::new("a", 1, AT));
        let first = peer.enter(1).unwrap();
        assert!(!peer.has_room(1) && peer.enter(1).is_none());
        assert_eq!(peer.in_use(), 1);
        drop(first);
        assert!(peer.has_room(1) && peer.enter(0).is_some());
        assert_eq!(peer.in_use(), 0);
    }
}
