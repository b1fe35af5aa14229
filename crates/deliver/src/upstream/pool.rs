//! The connections of one data thread.

use super::balance::{Entry, Registry, Wanted};
use super::connection::Connection;
use super::http2::Pool as Http2Pool;
use super::settings::Settings;
use super::target::{ByTarget, Target, Trust};
use super::tls::Tls;
use crate::function::Functions;
use base::gate::Lane;
use base::world::Moment;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How often idle connections are looked at.
const SWEEP: Duration = Duration::from_secs(1);

/// A data thread's connections to HTTP endpoints. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Upstreams(pub(super) Rc<Inner>);

pub(super) struct Inner {
    pub(super) lane: Rc<Lane>,
    pub(super) tls: Arc<Tls>,
    pub(super) settings: Settings,
    places: RefCell<HashMap<Arc<Target>, Place, ByTarget>>,
    /// Targets of URLs that are put together for each request.
    parsed: RefCell<HashMap<Box<str>, Arc<Target>>>,
    idle: Cell<usize>,
    pub(super) open: Rc<Cell<usize>>,
    swept: Cell<Moment>,
    functions: Arc<Functions>,
    registry: OnceCell<Arc<Registry>>,
    /// What was found in the registry under names that are put together for each request.
    entries: RefCell<HashMap<Wanted, Arc<Entry>>>,
    pub(super) http2: Http2Pool,
}

/// What is remembered of a target.
#[derive(Default)]
#[expect(clippy::vec_box, reason = "a connection goes in and out with each request, and is large")]
struct Place {
    /// The one used last is on top: it is the likeliest to be alive, and the others may grow old.
    idle: Vec<Box<Connection>>,
    names: Rc<Names>,
}

/// What is known of a name.
#[derive(Default)]
pub(super) struct Names {
    pub(super) known: RefCell<Option<Known>>,
    /// One request asks, the others wait for its answer.
    pub(super) asking: tokio::sync::Mutex<()>,
}

/// The addresses of a name, or that it has none; until when that is believed.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) until: Moment,
    pub(super) addresses: Result<Rc<[SocketAddr]>, Rc<str>>,
}

impl Upstreams {
    /// No connections yet.
    pub fn new(lane: Rc<Lane>, tls: Arc<Tls>, settings: Settings) -> Upstreams {
        Upstreams::with_functions(lane, tls, settings, Arc::default())
    }

    /// No connections yet, and functions within reach.
    pub fn with_functions(lane: Rc<Lane>, tls: Arc<Tls>, settings: Settings, functions: Arc<Functions>) -> Upstreams {
        let swept = Cell::new(lane.deadlines.now());
        Upstreams(Rc::new(Inner {
            lane,
            tls,
            settings,
            places: RefCell::default(),
            parsed: RefCell::default(),
            idle: Cell::new(0),
            open: Rc::default(),
            swept,
            functions,
            registry: OnceCell::new(),
            entries: RefCell::default(),
            http2: Http2Pool::default(),
        }))
    }

    /// The same, with groups of targets within reach.
    #[must_use]
    pub fn balancing(self, registry: Arc<Registry>) -> Upstreams {
        // Whoever has it twice has it from the first time.
        let _same = self.0.registry.set(registry);
        self
    }

    /// What answers for a private integration; what was found before is remembered. `None` where there are no groups at all.
    pub(crate) fn entry(&self, wanted: Wanted) -> Option<Arc<Entry>> {
        let mut entries = self.0.entries.borrow_mut();
        if let Some(entry) = entries.get(&wanted) {
            return Some(entry.clone());
        }
        let entry = self.0.registry.get()?.entry(wanted.clone());
        if entries.len() >= self.0.settings.targets_max {
            entries.clear();
        }
        entries.insert(wanted, entry.clone());
        Some(entry)
    }

    /// The target of a URL that was put together for a request: what was parsed before is remembered.
    pub(crate) fn target(&self, scheme: &str, authority: &str, trust: Trust) -> Option<Arc<Target>> {
        let mut parsed = self.0.parsed.borrow_mut();
        let found = parsed.get(authority).filter(|target| target.is_spoken(scheme, trust));
        if let Some(target) = found {
            return Some(target.clone());
        }
        let target = Arc::new(Target::parse(scheme, authority, trust)?);
        if parsed.len() >= self.0.settings.targets_max {
            parsed.clear();
        }
        parsed.insert(authority.into(), target.clone());
        Some(target)
    }

    /// The functions that can be invoked from here.
    pub fn functions(&self) -> &Functions {
        &self.0.functions
    }

    /// Whose connections they are.
    pub fn lane(&self) -> &Rc<Lane> {
        &self.0.lane
    }

    /// Connections that are open, idle ones with them.
    pub fn open(&self) -> usize {
        self.0.open.get()
    }

    /// Connections that are idle.
    pub fn idle(&self) -> usize {
        self.0.idle.get()
    }

    /// Closes idle connections that are old, or that the other end has closed. To be called about as often as the wheel of deadlines is
    /// turned; it looks once a second.
    pub fn tick(&self) {
        let now = self.0.lane.deadlines.now();
        if now.since(self.0.swept.get()) >= SWEEP {
            self.0.swept.set(now);
            self.sweep(now);
        }
    }

    fn sweep(&self, now: Moment) {
        let mut places = self.0.places.borrow_mut();
        let mut idle = 0;
        for place in places.values_mut() {
            place.idle.retain_mut(|connection| self.is_young(connection, now) && connection.is_quiet());
            idle += place.idle.len();
        }
        self.0.idle.set(idle);
        self.0.http2.sweep(now, Duration::from_millis(u64::from(self.0.settings.idle_ms)));
    }

    fn is_young(&self, connection: &Connection, now: Moment) -> bool {
        now.since(connection.idle_since) < Duration::from_millis(u64::from(self.0.settings.idle_ms))
    }

    /// An idle connection to the target that is fit to be used again.
    pub(super) fn take(&self, target: &Arc<Target>) -> Option<Box<Connection>> {
        let mut places = self.0.places.borrow_mut();
        let place = places.get_mut(target)?;
        let now = self.0.lane.deadlines.now();
        while let Some(mut connection) = place.idle.pop() {
            self.0.idle.set(self.0.idle.get() - 1);
            if self.is_young(&connection, now) && connection.is_quiet() {
                connection.reused = true;
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection for the next request to its target, if there is room.
    pub(super) fn give_back(&self, target: &Arc<Target>, mut connection: Box<Connection>) {
        let mut places = self.0.places.borrow_mut();
        let Some(place) = places.get_mut(target) else { return };
        if place.idle.len() >= self.0.settings.idle_per_target_max || self.0.idle.get() >= self.0.settings.idle_max {
            return;
        }
        connection.watch.clear();
        connection.in_use = None;
        connection.idle_since = self.0.lane.deadlines.now();
        place.idle.push(connection);
        self.0.idle.set(self.0.idle.get() + 1);
    }

    /// What is known of a target's name. From now on the target is remembered.
    pub(super) fn names(&self, target: &Arc<Target>) -> Rc<Names> {
        let mut places = self.0.places.borrow_mut();
        if !places.contains_key(target) && places.len() >= self.0.settings.targets_max {
            places.retain(|_, place| !place.idle.is_empty());
            if places.len() >= self.0.settings.targets_max {
                // Every one is in use: the new one is served, and forgotten.
                return Rc::default();
            }
        }
        places.entry(target.clone()).or_default().names.clone()
    }
}
