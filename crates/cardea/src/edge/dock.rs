//! What the connections of one data thread share.

use super::date::{DATE_BYTES, date};
use super::limits::Limits;
use super::losses::Losses;
use super::proxies::TrustedProxies;
use super::tunnel::Tunnels;
use base::gate::Lane;
use base::world::Moment;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// One data thread, as its connections see it.
pub(super) struct Dock {
    pub(super) lane: Rc<Lane>,
    pub(super) limits: Limits,
    pub(super) trusted: TrustedProxies,
    /// `Date`, formatted once a second, and the second it was made for.
    date: Cell<[u8; DATE_BYTES]>,
    date_second: Cell<u64>,
    draining: Cell<bool>,
    /// When those that are left are cut off, once we drain.
    drained: Cell<Moment>,
    seats: RefCell<Seats>,
    loads: Loads,
    pub(super) losses: Losses,
    pub(super) tunnels: Tunnels,
    /// Who waits for the last connection to end.
    emptied: RefCell<Option<Waker>>,
}

/// How many connections each data thread has, or is about to get.
#[derive(Clone)]
pub(super) struct Loads(Arc<[AtomicU32]>);

/// Which thread a connection goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Own,
    Lightest,
}

/// One connection in the [`Loads`]. Dropping it takes it off.
pub(super) struct Ticket {
    loads: Loads,
    thread: usize,
}

impl Loads {
    pub(super) fn new(threads: usize) -> Loads {
        Loads((0..threads).map(|_| AtomicU32::new(0)).collect())
    }

    pub(super) fn of(&self, thread: usize) -> u32 {
        self.0.get(thread).map_or(0, |load| load.load(Ordering::Relaxed))
    }

    fn ticket(&self, thread: usize) -> Ticket {
        self.0[thread].fetch_add(1, Ordering::Relaxed);
        Ticket { loads: self.clone(), thread }
    }

    /// A place with this thread, or with one that has fewer connections by more than a quarter.
    fn ticket_near(&self, thread: usize) -> Ticket {
        const UNNOTICED: u32 = 4;
        let own = self.of(thread);
        let least = (0..self.0.len()).map(|other| (self.of(other), other)).min();
        match least {
            Some((least, other)) if own > UNNOTICED && least < own - own / 4 => self.ticket(other),
            _ => self.ticket(thread),
        }
    }
}

impl Ticket {
    /// The thread it is for.
    pub(super) fn thread(&self) -> usize {
        self.thread
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.loads.0[self.thread].fetch_sub(1, Ordering::Relaxed);
    }
}

/// A waker for each open connection, so that a drain reaches those that wait.
#[derive(Default)]
struct Seats {
    wakers: Vec<Option<Waker>>,
    free: Vec<u32>,
    taken: u32,
}

/// A connection's place in the count. Dropping it, for whatever reason, gives it back.
pub(super) struct Seat {
    dock: Rc<Dock>,
    number: u32,
    _ticket: Ticket,
}

impl Dock {
    pub(super) fn new(lane: Rc<Lane>, limits: Limits, trusted: TrustedProxies, loads: Loads, losses: Losses, tunnels: Tunnels) -> Dock {
        let wall = lane.clock.wall();
        Dock {
            lane,
            limits,
            trusted,
            date: Cell::new(date(wall)),
            date_second: Cell::new(wall.seconds()),
            draining: Cell::new(false),
            drained: Cell::new(Moment::default()),
            seats: RefCell::default(),
            loads,
            losses,
            tunnels,
            emptied: RefCell::new(None),
        }
    }

    /// Moves the thread's wheel and its `Date` on. Called some fifty times a second.
    pub(super) fn tick(&self) {
        self.lane.tick();
        let wall = self.lane.clock.wall();
        if self.date_second.replace(wall.seconds()) != wall.seconds() {
            self.date.set(date(wall));
        }
    }

    pub(super) fn date(&self) -> [u8; DATE_BYTES] {
        self.date.get()
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// How long those that are left may still take, once we drain.
    pub(super) fn drain_left(&self) -> Option<Duration> {
        self.draining.get().then(|| self.drained.get().since(self.lane.deadlines.now()))
    }

    /// From here on each answer is its connection's last, and idle connections go. What is left after this time will be cut off.
    pub(super) fn drain(&self, at_most: Duration) {
        self.drained.set(self.lane.deadlines.now().after(at_most));
        self.draining.set(true);
        for waker in self.seats.borrow().wakers.iter().flatten() {
            waker.wake_by_ref();
        }
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> u32 {
        self.seats.borrow().taken
    }

    /// Where one more connection belongs.
    pub(super) fn ticket(&self, which: Which) -> Ticket {
        let own = usize::from(self.lane.thread);
        match which {
            Which::Own => self.loads.ticket(own),
            Which::Lightest => self.loads.ticket_near(own),
        }
    }

    /// A place for one more connection, if there is one.
    pub(super) fn seat(self: &Rc<Dock>, ticket: Ticket) -> Option<Seat> {
        let mut seats = self.seats.borrow_mut();
        if seats.taken >= self.limits.connections_per_thread_max {
            return None;
        }
        seats.taken += 1;
        let number = seats.free.pop().unwrap_or_else(|| {
            seats.wakers.push(None);
            seats.wakers.len() as u32 - 1
        });
        Some(Seat { dock: self.clone(), number, _ticket: ticket })
    }

    /// Ready once no connection is open.
    pub(super) fn poll_empty(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.open() == 0 {
            return Poll::Ready(());
        }
        *self.emptied.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Seat {
    /// Says whom to wake when the thread drains.
    pub(super) fn sit(&self, waker: &Waker) {
        self.dock.seats.borrow_mut().wakers[self.number as usize] = Some(waker.clone());
    }
}

impl Seat {
    /// What a connection must bring before it is served, unless it takes longer than this; once we drain, that is soon.
    pub(super) async fn in_time<T>(&self, at_most_ms: u32, overture: impl Future<Output = T>) -> Option<T> {
        let dock = &self.dock;
        let patience = dock.lane.deadlines.watch();
        patience.set(Duration::from_millis(u64::from(at_most_ms)));
        let (mut seated, mut hurried) = (false, false);
        let mut overture = pin!(overture);
        poll_fn(|cx| {
            if !std::mem::replace(&mut seated, true) {
                self.sit(cx.waker());
            }
            if let Poll::Ready(outcome) = overture.as_mut().poll(cx) {
                return Poll::Ready(Some(outcome));
            }
            if dock.is_draining() && !std::mem::replace(&mut hurried, true) {
                patience.set(Duration::from_millis(u64::from(dock.limits.drain_wait_ms)));
            }
            patience.poll_passed(cx).map(|()| None)
        })
        .await
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.dock.seats.borrow_mut();
        let waker = seats.wakers[self.number as usize].take();
        seats.free.push(self.number);
        seats.taken -= 1;
        let last = seats.taken == 0;
        drop(seats);
        drop(waker);
        if last && let Some(waker) = self.dock.emptied.borrow_mut().take() {
            waker.wake();
        }
    }
}
