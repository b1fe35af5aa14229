//! All groups of this node, and what integrations have asked for.

use super::directory::{Directory, Part, Wanted};
use super::doctor::Doctor;
use super::peer::{Health, Peer};
use super::rota::{Member, Rota, Tally};
use super::terms::Check;
use crate::upstream::Tls;
use arc_swap::ArcSwap;
use base::world::{Clock, Moment};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Entries of one node: more are found anew for each request, which is slow.
const ENTRIES_MAX: usize = 8_192;
/// How often it is looked who is well.
const TICK: Duration = Duration::from_millis(100);

/// What an integration has asked for, and who answers. Found once, kept by the integration.
pub struct Entry {
    wanted: Wanted,
    /// The order of turns; or why there is none.
    pub(super) rota: ArcSwap<Result<Rota, Arc<str>>>,
}

/// All groups of this node. Data threads share it, and take its lock only when they meet an integration for the first time.
pub struct Registry {
    clock: Clock,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    directory: Directory,
    peers: HashMap<PeerKey, Arc<Peer>>,
    tallies: HashMap<Arc<str>, Arc<Tally>>,
    entries: HashMap<Wanted, Arc<Entry>>,
}

/// A target of a group: the group's ARN, host, port.
type PeerKey = (Arc<str>, Box<str>, u16);

/// How a target stands, for operators and for `DescribeTargetHealth`.
#[derive(Clone, Debug)]
pub struct PeerState {
    pub group: Arc<str>,
    pub host: Box<str>,
    pub port: u16,
    pub health: Health,
    pub is_ejected: bool,
    pub is_checked: bool,
    pub in_use: u32,
    /// Requests that it was asked, those that failed, and how often it was left out.
    pub counts: [u64; 3],
    /// Why it is unwell; empty if it is not.
    pub because: Arc<str>,
}

impl PeerState {
    /// Whether it is asked, as long as others are well.
    pub fn is_well(&self) -> bool {
        self.health != Health::Unhealthy && !self.is_ejected
    }
}

impl Registry {
    /// Nothing is known yet.
    pub fn new(clock: Clock) -> Registry {
        Registry { clock, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what stands behind names. When it returns, the next request sees it. Targets that stay keep what is known of them; requests
    /// that run on those that go are not disturbed.
    pub fn change(&self, work: impl FnOnce(&mut Directory)) {
        let now = self.clock.now();
        let mut known = self.known();
        work(&mut known.directory);
        known.refresh(now);
    }

    /// What is wanted, from then on kept true.
    pub fn entry(&self, wanted: Wanted) -> Arc<Entry> {
        let now = self.clock.now();
        let mut known = self.known();
        if let Some(entry) = known.entries.get(&wanted) {
            return entry.clone();
        }
        let rota = known.rota(&wanted, now);
        let entry = Arc::new(Entry { wanted: wanted.clone(), rota: ArcSwap::from_pointee(rota) });
        if known.entries.len() >= ENTRIES_MAX {
            known.entries.retain(|_, entry| Arc::strong_count(entry) > 1);
        }
        if known.entries.len() < ENTRIES_MAX {
            known.entries.insert(wanted, entry.clone());
        }
        entry
    }

    /// How all targets stand, by group and address.
    pub fn states(&self) -> Vec<PeerState> {
        let now = self.clock.now();
        let known = self.known();
        let state = |((group, host, port), peer): (&PeerKey, &Arc<Peer>)| PeerState {
            group: group.clone(),
            host: host.clone(),
            port: *port,
            health: peer.health(),
            is_ejected: peer.is_ejected(now),
            is_checked: known.directory.group(group).is_some_and(|plan| plan.terms.check.is_some()),
            in_use: peer.in_use(),
            counts: peer.counts(),
            because: peer.because(),
        };
        let mut states: Vec<PeerState> = known.peers.iter().map(state).collect();
        states.sort_by(|a, b| (&a.group, &a.host, a.port).cmp(&(&b.group, &b.host, b.port)));
        states
    }

    /// Retries, and requests for which no target had room, by the ARN that was asked for.
    pub fn tallies(&self) -> Vec<(Arc<str>, [u64; 2])> {
        let known = self.known();
        let counts = |tally: &Tally| [&tally.retries, &tally.turned_away].map(|count| count.load(Relaxed));
        let mut all: Vec<_> = known.tallies.iter().map(|(name, tally)| (name.clone(), counts(tally))).collect();
        all.sort();
        all
    }

    /// Looks after all targets for as long as the registry lives: health checks, who is left out, budgets.
    pub async fn keep(registry: Weak<Registry>, tls: Arc<Tls>) {
        let doctor = Doctor::new(tls);
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(registry) = registry.upgrade() else { return };
            registry.tick();
            let now = registry.clock.now();
            for (peer, check) in registry.due(now) {
                doctor.look(peer, check, registry.clock.clone());
            }
        }
    }

    /// Makes the orders of turns anew where somebody has become well or unwell, and reckons budgets.
    pub(super) fn tick(&self) {
        let now = self.clock.now();
        let known = self.known();
        for entry in known.entries.values() {
            let rota = entry.rota.load();
            let Ok(rota) = rota.as_ref() else { continue };
            if let Some(fresh) = rota.anew(now) {
                entry.rota.store(Arc::new(Ok(fresh)));
            }
        }
        for entry in known.entries.values() {
            if let Ok(rota) = entry.rota.load().as_ref() {
                rota.tally.reckon(rota.terms.retry_percent);
            }
        }
    }

    /// Targets that are to be looked at now; they are marked.
    pub(super) fn due(&self, now: Moment) -> Vec<(Arc<Peer>, Arc<Check>)> {
        let known = self.known();
        let mut due = Vec::new();
        for (group, plan) in known.directory.groups() {
            let Some(check) = &plan.terms.check else { continue };
            let interval = Duration::from_millis(u64::from(check.interval_ms));
            let mut shared = None;
            for endpoint in &plan.endpoints {
                let Some(peer) = known.peers.get(&(group.clone(), endpoint.host.clone(), endpoint.port)) else { continue };
                let last = peer.looked_at.load(Relaxed);
                let is_due = last == 0 || now.since(Moment(last)) >= interval;
                if is_due && !peer.is_looked_at.swap(true, Relaxed) {
                    peer.looked_at.store(now.0.max(1), Relaxed);
                    let check = shared.get_or_insert_with(|| Arc::new(check.clone()));
                    due.push((peer.clone(), check.clone()));
                }
            }
        }
        due
    }
}

impl Known {
    /// Makes everything true to the directory.
    fn refresh(&mut self, now: Moment) {
        let mut listed = HashSet::new();
        let groups: Vec<_> = self.directory.groups().map(|(group, plan)| (group.clone(), plan.clone())).collect();
        for (group, plan) in groups {
            for endpoint in plan.endpoints.iter().filter(|endpoint| !endpoint.host.starts_with("arn:")) {
                let key = (group.clone(), endpoint.host.clone(), endpoint.port);
                let peer = self.peers.entry(key.clone()).or_insert_with(|| Arc::new(Peer::new(&endpoint.host, endpoint.port, now)));
                if plan.terms.check.is_none() {
                    peer.set_health(endpoint.health);
                }
                listed.insert(key);
            }
        }
        self.peers.retain(|key, _| listed.contains(key));
        let entries: Vec<Arc<Entry>> = self.entries.values().cloned().collect();
        for entry in entries {
            let fresh = self.rota(&entry.wanted, now);
            entry.rota.store(Arc::new(fresh));
        }
        let names: HashSet<Arc<str>> =
            self.entries.values().filter_map(|entry| entry.rota.load().as_ref().as_ref().ok().map(|rota| rota.name.clone())).collect();
        self.tallies.retain(|name, tally| names.contains(name) || Arc::strong_count(tally) > 1);
    }

    fn rota(&mut self, wanted: &Wanted, now: Moment) -> Result<Rota, Arc<str>> {
        let (name, parts) = self.directory.resolve(wanted).map_err(Arc::<str>::from)?;
        let terms = parts.first().map(|part| part.plan.terms.clone()).unwrap_or_default();
        let tally = self.tallies.entry(name.clone()).or_default().clone();
        let mut members = Vec::new();
        for Part { group, endpoints, .. } in parts {
            for (endpoint, weight) in endpoints {
                let Some(peer) = self.peers.get(&(group.clone(), endpoint.host.clone(), endpoint.port)) else { continue };
                let target = Arc::new(wanted.origin.behind(&endpoint.host, endpoint.port));
                members.push(Arc::new(Member { peer: peer.clone(), target, weight }));
            }
        }
        members.truncate(super::directory::TARGETS_MAX);
        Ok(Rota::make(name, Arc::new(terms), tally, members.into(), now))
    }
}
