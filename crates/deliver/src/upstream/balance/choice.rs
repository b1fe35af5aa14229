//! One request among several targets: which it goes to, and where it is tried again.

use super::peer::{InUse, Peer};
use super::registry::Entry;
use super::rota::{Nobody, Rota};
use super::schedule;
use super::terms::{Balance, HashBy, RETRIES_MAX, Terms};
use crate::upstream::{Failure, Target};
use base::gate::{Among, Exchange, Lane, Refusal, RefusalKind};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Attempts at one request at most.
const ATTEMPTS_MAX: usize = RETRIES_MAX as usize + 1;
/// Longest wait before a retry.
const BACK_OFF_MAX: Duration = Duration::from_secs(2);

/// Who decides where a request goes, and what is learnt from how it went. Nobody where there is one target: then all of it costs nothing.
pub(in crate::upstream) trait Choice {
    /// What was sent is kept as long as it may have to be sent again.
    const KEEPS: bool;

    /// Says that the target serves a request, until it is dropped.
    fn hold(&mut self) -> Option<InUse>;

    /// What was held is held on: the same target is asked again.
    fn resume(&mut self, in_use: Option<InUse>);

    /// A status came.
    fn answered(&mut self, status: u16, lane: &Lane);

    /// It failed. Where it is tried next, and after how long; `None` if it has failed for good. `unsent` is what may be sent again without
    /// harm.
    fn failed(&mut self, failure: &Failure, unsent: bool, lane: &Lane) -> Option<(Arc<Target>, Duration)>;
}

impl Choice for () {
    const KEEPS: bool = false;

    fn hold(&mut self) -> Option<InUse> {
        None
    }

    fn resume(&mut self, _in_use: Option<InUse>) {}

    fn answered(&mut self, _status: u16, _lane: &Lane) {}

    fn failed(&mut self, _failure: &Failure, _unsent: bool, _lane: &Lane) -> Option<(Arc<Target>, Duration)> {
        None
    }
}

/// A request that looks for its target.
pub struct Asking {
    entry: Arc<Entry>,
    key: u64,
    in_use: Option<InUse>,
    peer: Arc<Peer>,
    terms: Arc<Terms>,
    tried: [usize; ATTEMPTS_MAX],
    attempts: usize,
    among: Among,
}

impl Asking {
    /// Chooses the first target; or tells why there is none.
    pub(crate) fn begin(entry: &Arc<Entry>, ex: &Exchange) -> Result<(Asking, Arc<Target>), Refusal> {
        let loaded = entry.rota.load();
        let rota = match loaded.as_ref() {
            Ok(rota) => rota,
            Err(because) => return Err(Refusal::of(RefusalKind::ApiConfigurationError, because.to_string())),
        };
        let key = match &rota.terms.balance {
            Balance::RingHash(by) => key(by, ex),
            _ => 0,
        };
        let (member, in_use) = rota.choose(key, ex.lane.deadlines.now(), &[]).map_err(|nobody| turned_away(rota, nobody))?;
        let mut asking = Asking {
            entry: entry.clone(),
            key,
            in_use: Some(in_use),
            peer: member.peer.clone(),
            terms: rota.terms.clone(),
            tried: [0; ATTEMPTS_MAX],
            attempts: 0,
            among: Among { group: rota.name.clone(), targets: rota.members.len() as u16, well: rota.well() as u16, retries: 0 },
        };
        asking.mark();
        Ok((asking, member.target.clone()))
    }

    /// What is to be remembered of it.
    pub(crate) fn among(self) -> Among {
        self.among
    }

    fn mark(&mut self) {
        self.tried[self.attempts] = Arc::as_ptr(&self.peer) as usize;
        self.attempts += 1;
    }

    /// A target failed a request: that is remembered of it, and perhaps it is left out from now on.
    fn blame(&self, lane: &Lane) {
        let now = lane.deadlines.now();
        if self.peer.failed(&self.terms, now)
            && let Ok(rota) = self.entry.rota.load().as_ref()
            && rota.may_eject(now)
        {
            self.peer.eject(&self.terms, now);
            let (host, port) = (self.peer.host(), self.peer.port());
            tracing::warn!(group = &*rota.name, host, port, "a target fails too often and is left out for a while");
        }
    }
}

fn turned_away(rota: &Rota, nobody: Nobody) -> Refusal {
    match nobody {
        Nobody::Left => Refusal::of(RefusalKind::ApiConfigurationError, format!("{} has no target with a weight", rota.name)),
        Nobody::HasRoom => {
            rota.tally.turned_away.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let most = rota.terms.connections_max;
            Refusal::of(RefusalKind::Front(503), format!("all targets of {} serve as many requests as they may ({most})", rota.name))
        }
    }
}

fn key(by: &HashBy, ex: &Exchange) -> u64 {
    let by_address = || match ex.request.peer.ip() {
        IpAddr::V4(ip) => schedule::hash(&ip.octets()),
        IpAddr::V6(ip) => schedule::hash(&ip.octets()),
    };
    match by {
        HashBy::SourceIp => by_address(),
        HashBy::Path => schedule::hash(&ex.path()),
        HashBy::Header(name) => ex.request.head.fields().named(name).next().map_or_else(by_address, |field| schedule::hash(&field.value)),
    }
}

impl Choice for &mut Asking {
    const KEEPS: bool = true;

    fn hold(&mut self) -> Option<InUse> {
        self.in_use.take()
    }

    fn resume(&mut self, in_use: Option<InUse>) {
        self.in_use = in_use;
    }

    fn answered(&mut self, status: u16, lane: &Lane) {
        // These three say that the target cannot, whatever was asked; 500 is about the request.
        match status {
            502..=504 => self.blame(lane),
            _ => self.peer.succeeded(),
        }
    }

    fn failed(&mut self, failure: &Failure, unsent: bool, lane: &Lane) -> Option<(Arc<Target>, Duration)> {
        self.in_use = None;
        if matches!(failure, Failure::RequestBody(_)) {
            // That is the caller's doing.
            return None;
        }
        self.blame(lane);
        let may_again = unsent && self.attempts <= usize::from(self.terms.retries.min(RETRIES_MAX));
        if !may_again || !matches!(failure, Failure::Unreachable(_) | Failure::Closed(_)) {
            return None;
        }
        let loaded = self.entry.rota.load();
        let rota = loaded.as_ref().as_ref().ok()?;
        if !rota.tally.take_retry() {
            return None;
        }
        let (member, in_use) = rota.choose(self.key, lane.deadlines.now(), &self.tried[..self.attempts]).ok()?;
        let target = member.target.clone();
        (self.peer, self.in_use) = (member.peer.clone(), Some(in_use));
        drop(loaded);
        self.mark();
        self.among.retries += 1;
        Some((target, self.back_off(lane)))
    }
}

impl Asking {
    /// Nothing before the first retry, which goes elsewhere; then longer and longer, and not the same for all who wait.
    fn back_off(&self, lane: &Lane) -> Duration {
        let Some(doublings) = u32::from(self.among.retries).checked_sub(2) else { return Duration::ZERO };
        let wait = Duration::from_millis(u64::from(self.terms.back_off_ms)) * (1 << doublings.min(8));
        wait.min(BACK_OFF_MAX).mul_f64(0.5 + lane.dice.borrow_mut().fraction() / 2.0)
    }
}
