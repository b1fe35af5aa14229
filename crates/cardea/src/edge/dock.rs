//! What the connections of one data thread share.

use super::date::{DATE_BYTES, date};
use super::limits::Limits;
use base::gate::Lane;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

/// One data thread, as its connections see it.
pub(super) struct Dock {
    pub(super) lane: Rc<Lane>,
    pub(super) limits: Limits,
    /// `Date`, formatted once a second, and the second it was made for.
    date: Cell<[u8; DATE_BYTES]>,
    date_second: Cell<u64>,
    draining: Cell<bool>,
    seats: RefCell<Seats>,
    /// Open connections of every data thread; this one's is at its own number.
    loads: Arc<[AtomicU32]>,
    /// Who waits for the last connection to end.
    emptied: RefCell<Option<Waker>>,
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
}

impl Dock {
    pub(super) fn new(lane: Rc<Lane>, limits: Limits, loads: Arc<[AtomicU32]>) -> Dock {
        let wall = lane.clock.wall();
        Dock {
            lane,
            limits,
            date: Cell::new(date(wall)),
            date_second: Cell::new(wall.seconds()),
            draining: Cell::new(false),
            seats: RefCell::default(),
            loads,
            emptied: RefCell::new(None),
        }
    }

    /// Moves the thread's wheel and its `Date` on. Called some fifty times a second.
    pub(super) fn tick(&self) {
        self.lane.deadlines.advance(self.lane.clock.now());
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

    /// From here on each answer is its connection's last, and idle connections go.
    pub(super) fn drain(&self) {
        self.draining.set(true);
        for waker in self.seats.borrow().wakers.iter().flatten() {
            waker.wake_by_ref();
        }
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> u32 {
        self.seats.borrow().taken
    }

    /// A place for one more connection, if there is one.
    pub(super) fn seat(self: &Rc<Dock>) -> Option<Seat> {
        let mut seats = self.seats.borrow_mut();
        if seats.taken >= self.limits.connections_per_thread_max {
            return None;
        }
        seats.taken += 1;
        let number = seats.free.pop().unwrap_or_else(|| {
            seats.wakers.push(None);
            seats.wakers.len() as u32 - 1
        });
        self.load().store(seats.taken, Ordering::Relaxed);
        Some(Seat { dock: self.clone(), number })
    }

    /// The thread that a new connection is better off with: one that has fewer by more than a quarter.
    pub(super) fn lighter_thread(&self) -> Option<usize> {
        const UNNOTICED: u32 = 4;
        let own = self.load().load(Ordering::Relaxed);
        let (thread, least) = self.loads.iter().map(|load| load.load(Ordering::Relaxed)).enumerate().min_by_key(|(_, load)| *load)?;
        (own > UNNOTICED && least < own - own / 4).then_some(thread)
    }

    /// Ready once no connection is open.
    pub(super) fn poll_empty(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.open() == 0 {
            return Poll::Ready(());
        }
        *self.emptied.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }

    fn load(&self) -> &AtomicU32 {
        &self.loads[usize::from(self.lane.thread)]
    }
}

impl Seat {
    /// Says whom to wake when the thread drains.
    pub(super) fn sit(&self, waker: &Waker) {
        self.dock.seats.borrow_mut().wakers[self.number as usize] = Some(waker.clone());
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.dock.seats.borrow_mut();
        let waker = seats.wakers[self.number as usize].take();
        seats.free.push(self.number);
        seats.taken -= 1;
        self.dock.load().store(seats.taken, Ordering::Relaxed);
        let last = seats.taken == 0;
        drop(seats);
        drop(waker);
        if last && let Some(waker) = self.dock.emptied.borrow_mut().take() {
            waker.wake();
        }
    }
}
