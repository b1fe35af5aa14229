//! What was lost of connections and why, for `/metrics`. Each is rare, so all data threads count in one place.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a connection ended before its time, or never began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The head of its request took too long: 408.
    SlowHead,
    /// The body of its request took too long: 408, if nothing was answered before.
    SlowBody,
    /// Its client took our answer too slowly: reset.
    SlowReader,
    /// A TLS handshake, or a PROXY header, took too long.
    SlowStart,
    /// Its client hung up before its answer.
    ClientGone,
    /// There were as many connections as there may be: 503.
    NoRoom,
}

impl Loss {
    /// All of them, with their names on `/metrics`.
    pub const ALL: [(Loss, &'static str); 6] = [
        (Loss::SlowHead, "slow_head"),
        (Loss::SlowBody, "slow_body"),
        (Loss::SlowReader, "slow_reader"),
        (Loss::SlowStart, "slow_start"),
        (Loss::ClientGone, "client_gone"),
        (Loss::NoRoom, "no_room"),
    ];
}

/// The counts, since the start. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Losses(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    losses: [AtomicU64; Loss::ALL.len()],
    pauses: AtomicU64,
}

impl Losses {
    pub(super) fn count(&self, loss: Loss) {
        self.0.losses[loss as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn pause(&self) {
        self.0.pauses.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it happened.
    pub fn of(&self, loss: Loss) -> u64 {
        self.0.losses[loss as usize].load(Ordering::Relaxed)
    }

    /// How often accepting paused, since the machine had no descriptor or memory for another connection.
    pub fn pauses(&self) -> u64 {
        self.0.pauses.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_loss_has_a_count_of_its_own() {
        let losses = Losses::default();
        for (number, (loss, _)) in Loss::ALL.into_iter().enumerate() {
            (0..=number).for_each(|_| losses.clone().count(loss));
        }
        let counts = Loss::ALL.map(|(loss, _)| losses.of(loss));
        assert_eq!((counts, losses.pauses()), ([1, 2, 3, 4, 5, 6], 0));
    }
}
