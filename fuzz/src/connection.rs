//! The machines under a script. An input is: which machine and what is asked (1 byte), how many steps (1 byte), the steps, and then the
//! bytes that come over the wire.

use crate::{client, server};

/// The steps of an input. When they are used up, the driver goes on honestly to the end.
pub(crate) struct Script<'a> {
    steps: &'a [u8],
}

impl Script<'_> {
    pub(crate) fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.steps.split_first()?;
        self.steps = rest;
        Some(*first)
    }

    /// A number that goes with a step.
    pub(crate) fn number(&mut self) -> u8 {
        self.next().unwrap_or_default()
    }
}

/// The bytes that are still to come.
pub(crate) struct Wire<'a> {
    rest: &'a [u8],
}

impl<'a> Wire<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Wire<'a> {
        Wire { rest }
    }

    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (piece, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        piece
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// So many bytes are read at once.
pub(crate) const PIECES: [usize; 6] = [1, 2, 3, 17, 64, usize::MAX];

pub(crate) fn run(input: &[u8]) {
    let [kind, count, rest @ ..] = input else { return };
    let (steps, wire) = rest.split_at(usize::from(*count).min(rest.len()));
    let script = Script { steps };
    match kind % 2 {
        0 => server::run(script, wire),
        _ => client::run(kind / 2, script, wire),
    }
}
