//! What everything on one data thread shares.

use crate::world::{Clock, Deadlines, Dice};
use std::cell::RefCell;

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
}

impl Lane {
    /// The lane of a thread.
    pub fn new(node: u8, thread: u8, clock: Clock, dice: Dice) -> Lane {
        let deadlines = Deadlines::new(clock.now());
        Lane { node, thread, clock, deadlines, dice: RefCell::new(dice) }
    }
}
