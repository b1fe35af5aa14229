//! What everything on one data thread shares.

use crate::world::{Clock, Deadlines, Dice, Moment, Timestamp};
use std::cell::{Cell, RefCell};

/// One data thread: its clock, its wheel of deadlines, its dice.
pub struct Lane {
    /// The number of this node in its cluster (0 when alone).
    pub node: u8,
    /// The number of this thread in its node.
    pub thread: u8,
    /// Time.
    pub clock: Clock,
    /// Coarse deadlines for every wait.
    pub deadlines: Deadlines,
    /// Chance.
    pub dice: RefCell<Dice>,
    /// A moment, and what the calendar said then.
    wall: Cell<(Moment, Timestamp)>,
}

impl Lane {
    /// The lane of a thread.
    pub fn new(node: u8, thread: u8, clock: Clock, dice: Dice) -> Lane {
        let deadlines = Deadlines::new(clock.now());
        let wall = Cell::new((clock.now(), clock.wall()));
        Lane { node, thread, clock, deadlines, dice: RefCell::new(dice), wall }
    }

    /// What the calendar says at a moment near the last [`Lane::tick`]: so one clock is read for each request, not two.
    pub fn wall_at(&self, moment: Moment) -> Timestamp {
        let (then, wall) = self.wall.get();
        let (after, before) = (moment.since(then), then.since(moment));
        Timestamp(wall.0 + after.as_millis() as u64 - before.as_millis() as u64)
    }

    /// Looks at the clocks, and turns the wheel of deadlines. To be called about fifty times a second.
    pub fn tick(&self) {
        let now = self.clock.now();
        self.wall.set((now, self.clock.wall()));
        self.deadlines.advance(now);
    }
}
