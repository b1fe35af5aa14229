//! Whose turn it is: the targets of one entry as they are now, in the order of their turns.

use super::peer::{InUse, Peer};
use super::schedule;
use super::terms::{Balance, Terms};
use crate::upstream::Target;
use base::world::Moment;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU64};

/// Up to so many targets all are compared; of more, two.
const COMPARED_MAX: usize = 16;
/// Steps from nothing to its full share, for a target that is new.
pub(super) const STEPS: u64 = 10;
/// Thousandths of a retry.
pub(super) const RETRY: i64 = 1_000;
/// Retries at once that the budget allows before it is a share of the requests.
pub(super) const RETRIES_AT_ONCE: i64 = 500;

/// A target of an entry.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) peer: Arc<Peer>,
    /// Where connections to it go, under the entry's name.
    pub(super) target: Arc<Target>,
    pub(super) weight: u32,
}

/// What is counted of a name, whatever stands behind it.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Tally {
    /// Requests, and thereby whose turn it is.
    pub(super) cursor: AtomicU64,
    /// What is left of the budget, in thousandths of a retry.
    pub(super) budget: AtomicI64,
    /// Requests that have been reckoned into the budget.
    pub(super) reckoned: AtomicU64,
    pub(super) retries: AtomicU64,
    /// Requests for which no target had room.
    pub(super) turned_away: AtomicU64,
}

impl Default for Tally {
    fn default() -> Tally {
        let (zero, full) = (AtomicU64::default, AtomicI64::new(RETRIES_AT_ONCE * RETRY));
        Tally { cursor: zero(), budget: full, reckoned: zero(), retries: zero(), turned_away: zero() }
    }
}

impl Tally {
    /// Takes a retry out of the budget, if there is one left.
    pub(super) fn take_retry(&self) -> bool {
        if self.budget.fetch_sub(RETRY, Relaxed) < RETRY {
            self.budget.fetch_add(RETRY, Relaxed);
            return false;
        }
        self.retries.fetch_add(1, Relaxed);
        true
    }

    /// Adds what the requests since the last time allow. Called by one thread.
    pub(super) fn reckon(&self, percent: u32) {
        let now = self.cursor.load(Relaxed);
        let more = now.saturating_sub(self.reckoned.swap(now, Relaxed)) as i64 * i64::from(percent) * RETRY / 100;
        let room = RETRIES_AT_ONCE * RETRY - self.budget.load(Relaxed);
        self.budget.fetch_add(more.min(room.max(0)), Relaxed);
    }
}

/// The targets of an entry, and the order of their turns.
#[derive(Debug)]
pub(super) struct Rota {
    pub(super) name: Arc<str>,
    pub(super) terms: Arc<Terms>,
    pub(super) tally: Arc<Tally>,
    pub(super) members: Box<[Arc<Member>]>,
    order: Order,
    /// Of how many steps each member had its share when the order was made; 0 for those left out.
    shares: Box<[u8]>,
}

#[derive(Debug)]
enum Order {
    Turns(Box<[u16]>),
    /// Members and their weights.
    Fewest(Box<[(u16, u32)]>),
    Ring(Box<[(u64, u16)]>),
}

/// Why there is nobody to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nobody {
    /// All were tried.
    Left,
    /// All serve as many as they may.
    HasRoom,
}

impl Rota {
    /// The order of turns as things stand.
    pub(super) fn make(name: Arc<str>, terms: Arc<Terms>, tally: Arc<Tally>, members: Box<[Arc<Member>]>, now: Moment) -> Rota {
        let shares = shares(&members, &terms, now);
        // Where nobody is well, all are asked: they may be better than nothing.
        let are_all_out = shares.iter().all(|share| *share == 0);
        let step = |n: usize| if are_all_out { 1 } else { u32::from(shares[n]) };
        // Only while somebody is on the way to its full share are weights finer than they were given.
        let is_even = shares.iter().all(|share| matches!(u64::from(*share), 0 | STEPS));
        let weight = |n: usize| members[n].weight * if is_even { step(n).min(1) } else { step(n) };
        let in_order = || (0..members.len()).filter(|n| weight(*n) > 0);
        let order = match &terms.balance {
            Balance::RoundRobin => Order::Turns(schedule::turns(&(0..members.len()).map(weight).collect::<Vec<_>>()).into()),
            Balance::LeastOutstanding => Order::Fewest(in_order().map(|n| (n as u16, weight(n))).collect()),
            Balance::RingHash(_) => {
                // A new target has its place at once: keys must not move twice.
                let on = |n: usize| if weight(n) > 0 { members[n].weight } else { 0 };
                let names = members.iter().enumerate().map(|(n, member)| (member.peer.host(), member.peer.port(), on(n)));
                Order::Ring(schedule::ring(names).into())
            }
        };
        Rota { name, terms, tally, members, order, shares }
    }

    /// The same as things stand now; `None` if nothing has changed.
    pub(super) fn anew(&self, now: Moment) -> Option<Rota> {
        if shares(&self.members, &self.terms, now) == self.shares {
            return None;
        }
        Some(Rota::make(self.name.clone(), self.terms.clone(), self.tally.clone(), self.members.clone(), now))
    }

    /// How many targets are asked.
    pub(super) fn well(&self) -> usize {
        self.shares.iter().filter(|share| **share > 0).count()
    }

    /// Whose turn it is, apart from those that were tried. `key` is for rings.
    #[inline]
    pub(super) fn choose(&self, key: u64, now: Moment, tried: &[usize]) -> Result<(&Arc<Member>, InUse), Nobody> {
        let turn = self.tally.cursor.fetch_add(1, Relaxed);
        let fits = |n: u16| {
            let member = &self.members[usize::from(n)];
            let fits = !member.peer.is_ejected(now) && member.peer.has_room(self.terms.connections_max) && !is_among(member, tried);
            fits.then_some(member)
        };
        let found = match &self.order {
            Order::Turns(turns) => around(turns, turn).find_map(|n| fits(*n)),
            Order::Fewest(fewest) => self.fewest(fewest, turn, fits),
            Order::Ring(ring) => {
                let from = ring.partition_point(|(point, _)| *point < key);
                ring[from..].iter().chain(&ring[..from]).find_map(|(_, n)| fits(*n))
            }
        };
        match found.and_then(|member| Some((member, member.peer.enter(self.terms.connections_max)?))) {
            Some(found) => Ok(found),
            None => self.anybody(tried),
        }
    }

    /// Anybody who has room: who was left out is better than nobody.
    #[cold]
    fn anybody(&self, tried: &[usize]) -> Result<(&Arc<Member>, InUse), Nobody> {
        let mut untried = self.members.iter().filter(|member| !is_among(member, tried) && member.weight > 0).peekable();
        if untried.peek().is_none() {
            return Err(Nobody::Left);
        }
        let found = untried.find_map(|member| Some((member, member.peer.enter(self.terms.connections_max)?)));
        found.ok_or(Nobody::HasRoom)
    }

    fn fewest<'a>(&self, all: &[(u16, u32)], turn: u64, fits: impl Fn(u16) -> Option<&'a Arc<Member>>) -> Option<&'a Arc<Member>> {
        let load = |member: &Member, weight: u32| (u64::from(member.peer.in_use()) + 1) * u64::from(u32::MAX / weight.max(1));
        let least = |some: &mut dyn Iterator<Item = &(u16, u32)>| {
            let all = some.filter_map(|(n, weight)| fits(*n).map(|member| (member, load(member, *weight))));
            all.reduce(|best, next| if next.1 < best.1 { next } else { best }).map(|(member, _)| member)
        };
        if all.len() > COMPARED_MAX {
            // Two drawn by lot are nearly as good as all.
            let (one, other) = (scatter(turn), scatter(!turn));
            let pick = |lot: u64| &all[(lot % all.len() as u64) as usize];
            if let Some(found) = least(&mut [pick(one), pick(other)].into_iter()) {
                return Some(found);
            }
        }
        least(&mut around(all, turn))
    }

    /// Whether one more may be left out for failing.
    pub(super) fn may_eject(&self, now: Moment) -> bool {
        let out = self.members.iter().filter(|member| member.peer.is_ejected(now)).count() + 1;
        let most = (self.members.len() * self.terms.eject_percent_max as usize / 100).max(1);
        out <= most && out < self.members.len()
    }
}

/// All of these, once, beginning with the one whose turn it is.
fn around<T>(all: &[T], turn: u64) -> impl Iterator<Item = &T> {
    let from = if all.is_empty() { 0 } else { (turn % all.len() as u64) as usize };
    all[from..].iter().chain(&all[..from])
}

fn is_among(member: &Member, tried: &[usize]) -> bool {
    tried.contains(&(Arc::as_ptr(&member.peer) as usize))
}

/// A number that looks like chance, and is none.
fn scatter(n: u64) -> u64 {
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

/// Of how many steps each has its share.
fn shares(members: &[Arc<Member>], terms: &Terms, now: Moment) -> Box<[u8]> {
    let share = |member: &Arc<Member>| {
        if !member.peer.is_well(now) || member.weight == 0 {
            return 0;
        }
        let since = now.since(Moment(member.peer.well_since.load(Relaxed))).as_millis() as u64;
        let slow_start_ms = u64::from(terms.slow_start_ms);
        if since >= slow_start_ms { STEPS as u8 } else { (since * STEPS / slow_start_ms).max(1) as u8 }
    };
    members.iter().map(share).collect()
}
