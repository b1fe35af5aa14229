//! What a connection waits for, and how long at most.

use std::time::Duration;

/// A wait that has an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    pub wait: Wait,
    /// Counted from when the wait began; for those that [are renewed](Wait::is_renewed_by_progress), from the last byte that moved.
    pub after: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// For a request on a client connection.
    Idle,
    /// For the rest of a head.
    Head,
    /// For the next bytes of a body.
    Body,
    /// For the other side to take what we send.
    Write,
    /// For the rest of a request body that nobody wants.
    Surplus,
    /// For the client to close.
    Linger,
    /// For the head of an upstream's answer.
    Answer,
}

impl Wait {
    #[must_use]
    pub fn is_renewed_by_progress(self) -> bool {
        matches!(self, Self::Body | Self::Write)
    }

    pub(crate) fn at_most(self, milliseconds: u32) -> Option<Deadline> {
        Some(Deadline { wait: self, after: Duration::from_millis(u64::from(milliseconds)) })
    }
}
