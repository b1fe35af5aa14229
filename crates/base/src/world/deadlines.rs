//! One coarse wheel of deadlines per thread.
//!
//! Every wait of the data plane has a bound, and there may be a hundred thousand of them at once, most of which are moved on before
//! they are reached. So a deadline is a number in a cell: moving it on is one store. The wheel looks at a watch only when its slot
//! comes up, and puts it back when the deadline has moved meanwhile.

use super::Moment;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// How finely deadlines are kept: they fire up to this much late, never early.
const TICK: Duration = Duration::from_millis(20);
const SLOTS: usize = 1024;
const NEVER: u64 = u64::MAX;

/// The wheel of one thread. Its owner calls [`Deadlines::advance`] about once a [`TICK`].
#[derive(Clone)]
pub struct Deadlines(Rc<Wheel>);

struct Wheel {
    slots: RefCell<Vec<Vec<Rc<Cells>>>>,
    /// The tick that was handled last.
    tick: Cell<u64>,
    now: Cell<Moment>,
}

struct Cells {
    /// The tick at which the wait is over; [`NEVER`] while there is none.
    due: Cell<u64>,
    /// The tick of the slot this watch sits in; [`NEVER`] while it sits in none.
    slot: Cell<u64>,
    waker: RefCell<Option<Waker>>,
}

/// One waiter's deadline. Dropping it ends the wait.
pub struct Watch {
    cells: Rc<Cells>,
    wheel: Rc<Wheel>,
}

impl Deadlines {
    /// A wheel that stands at `now`.
    pub fn new(now: Moment) -> Deadlines {
        let slots = (0..SLOTS).map(|_| Vec::new()).collect();
        Deadlines(Rc::new(Wheel { slots: RefCell::new(slots), tick: Cell::new(tick_of(now)), now: Cell::new(now) }))
    }

    /// A watch without a deadline.
    pub fn watch(&self) -> Watch {
        let cells = Rc::new(Cells { due: Cell::new(NEVER), slot: Cell::new(NEVER), waker: RefCell::new(None) });
        Watch { cells, wheel: self.0.clone() }
    }

    /// The time at the last [`Deadlines::advance`]: good enough for anything that may be [`TICK`] off, and free.
    pub fn now(&self) -> Moment {
        self.0.now.get()
    }

    /// Wakes everyone whose deadline has passed.
    pub fn advance(&self, now: Moment) {
        let wheel = &self.0;
        wheel.now.set(now);
        let target = now.0 / tick_ns();
        while wheel.tick.get() < target {
            // A wheel that was not turned for longer than a turn needs one turn, not many.
            let next = (wheel.tick.get() + 1).max(target.saturating_sub(SLOTS as u64));
            wheel.tick.set(next);
            let due = std::mem::take(&mut wheel.slots.borrow_mut()[next as usize % SLOTS]);
            for cells in due {
                wheel.visit(cells, next);
            }
        }
    }
}

impl Wheel {
    fn visit(&self, cells: Rc<Cells>, tick: u64) {
        if cells.slot.get() > tick {
            // An old copy: the watch was seated elsewhere since (a slot is never a whole turn away).
            return;
        }
        cells.slot.set(NEVER);
        let due = cells.due.get();
        if due == NEVER {
            return;
        }
        if due > tick {
            self.seat(&cells, due);
            return;
        }
        if let Some(waker) = cells.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    fn seat(&self, cells: &Rc<Cells>, due: u64) {
        // Far deadlines are looked at once a turn.
        let slot = due.min(self.tick.get() + SLOTS as u64 - 1).max(self.tick.get() + 1);
        cells.slot.set(slot);
        self.slots.borrow_mut()[slot as usize % SLOTS].push(cells.clone());
    }
}

impl Watch {
    /// Sets the deadline to `wait` from now, in place of any before.
    pub fn set(&self, wait: Duration) {
        let due = tick_of(self.wheel.now.get().after(wait)) + 1;
        self.cells.due.set(due);
        if self.cells.slot.get() > due {
            self.wheel.seat(&self.cells, due);
        }
    }

    /// Ends the wait without a deadline.
    pub fn clear(&self) {
        self.cells.due.set(NEVER);
    }

    /// Whether the deadline has passed.
    pub fn passed(&self) -> bool {
        self.cells.due.get() <= self.wheel.tick.get()
    }

    /// Ready once the deadline has passed. Only the last caller is woken.
    pub fn poll_passed(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.passed() {
            return Poll::Ready(());
        }
        let mut waker = self.cells.waker.borrow_mut();
        match &mut *waker {
            Some(old) if old.will_wake(cx.waker()) => {}
            slot => *slot = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.cells.due.set(NEVER);
        self.cells.waker.borrow_mut().take();
    }
}

fn tick_ns() -> u64 {
    TICK.as_nanos() as u64
}

fn tick_of(at: Moment) -> u64 {
    at.0 / tick_ns()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    struct Count(AtomicU32);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn at(ms: u64) -> Moment {
        Moment(ms * 1_000_000)
    }

    #[test]
    fn a_deadline_fires_after_its_time_and_not_before() {
        for wait_ms in [1, 20, 500, 29_000, 310_000] {
            let wheel = Deadlines::new(at(0));
            let count = Arc::new(Count(AtomicU32::new(0)));
            let waker = Waker::from(count.clone());
            let mut cx = Context::from_waker(&waker);
            let watch = wheel.watch();
            watch.set(Duration::from_millis(wait_ms));
            assert!(watch.poll_passed(&mut cx).is_pending());
            let mut ms = 0;
            while ms < wait_ms {
                assert_eq!(count.0.load(Ordering::SeqCst), 0, "woken {ms} ms into {wait_ms} ms");
                ms = (ms + 20).min(wait_ms);
                wheel.advance(at(ms.saturating_sub(1)));
            }
            wheel.advance(at(wait_ms + 45));
            assert_eq!(count.0.load(Ordering::SeqCst), 1, "for {wait_ms} ms");
            assert!(watch.poll_passed(&mut cx).is_ready());
        }
    }

    #[test]
    fn a_deadline_that_moves_on_costs_a_store_and_fires_at_the_new_time() {
        let wheel = Deadlines::new(at(0));
        let watch = wheel.watch();
        watch.set(Duration::from_millis(100));
        wheel.advance(at(80));
        watch.set(Duration::from_millis(100));
        wheel.advance(at(150));
        assert!(!watch.passed());
        wheel.advance(at(230));
        assert!(watch.passed());
    }

    #[test]
    fn a_deadline_can_be_brought_forward() {
        let wheel = Deadlines::new(at(0));
        let watch = wheel.watch();
        watch.set(Duration::from_secs(300));
        watch.set(Duration::from_millis(50));
        let count = Arc::new(Count(AtomicU32::new(0)));
        let waker = Waker::from(count.clone());
        assert!(watch.poll_passed(&mut Context::from_waker(&waker)).is_pending());
        wheel.advance(at(100));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_cleared_deadline_never_fires() {
        let wheel = Deadlines::new(at(0));
        let watch = wheel.watch();
        watch.set(Duration::from_millis(50));
        watch.clear();
        wheel.advance(at(10_000));
        assert!(!watch.passed());
    }

    #[test]
    fn a_wheel_left_alone_for_hours_catches_up_at_once() {
        let wheel = Deadlines::new(at(0));
        let watch = wheel.watch();
        watch.set(Duration::from_secs(30));
        wheel.advance(at(10_000_000));
        assert!(watch.passed());
    }
}
