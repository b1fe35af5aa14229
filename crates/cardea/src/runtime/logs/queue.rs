//! Batches on their way from data threads to the thread of a destination: bounded by bytes, and never waited for by a request.

use super::{Batch, Kind};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes that may wait for one destination.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What a batch weighs besides its bytes.
const BATCH_BYTES: usize = 256;
/// Batches of one log that wait behind each other are taken as one, up to this many bytes.
const TAKEN_BYTES_MAX: usize = 256 * 1024;

/// What the thread of a destination is to do.
#[derive(Debug)]
pub(super) enum Work {
    Write(Batch),
    Reopen,
}

/// The queue of one destination.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something came.
    came: Condvar,
    /// Something was taken, or done.
    went: Condvar,
}

#[derive(Debug, Default)]
struct State {
    batches: VecDeque<Batch>,
    bytes: usize,
    reopens: bool,
    /// What the thread took last and is at work on: its kind, and its lines.
    busy: Option<(Kind, u64)>,
}

fn weight(batch: &Batch) -> usize {
    batch.bytes.len() + BATCH_BYTES
}

impl State {
    fn has_room(&self, batch: &Batch) -> bool {
        self.batches.is_empty() || self.bytes + weight(batch) <= WAITING_BYTES_MAX
    }

    fn put(&mut self, batch: Batch) {
        self.bytes += weight(&batch);
        self.batches.push_back(batch);
    }

    fn take(&mut self) -> Option<Batch> {
        let batch = self.batches.pop_front()?;
        self.bytes -= weight(&batch);
        Some(batch)
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a batch, or gives it back where there is no room.
    pub(super) fn push(&self, batch: Batch) -> Result<(), Batch> {
        let mut state = self.state();
        if !state.has_room(&batch) {
            return Err(batch);
        }
        state.put(batch);
        drop(state);
        self.came.notify_one();
        Ok(())
    }

    /// The same, waiting for room.
    pub(super) fn push_in(&self, batch: Batch, wait: Duration) -> Result<(), Batch> {
        let full = |state: &mut State| !state.has_room(&batch);
        drop(self.went.wait_timeout_while(self.state(), wait, full));
        self.push(batch)
    }

    /// Has files opened anew.
    pub(super) fn reopen(&self) {
        self.state().reopens = true;
        self.came.notify_one();
    }

    /// What is to be done next. Whoever asks is done with what it took before.
    pub(super) fn next(&self) -> Work {
        let mut state = self.state();
        state.busy = None;
        self.went.notify_all();
        let idle = |state: &mut State| state.batches.is_empty() && !state.reopens;
        let mut state = self.came.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut state.reopens) {
            return Work::Reopen;
        }
        let mut taken = state.take().expect("it is not idle, and nothing is to be opened anew");
        while let Some(next) = state.batches.front()
            && (next.kind, &next.name) == (taken.kind, &taken.name)
            && taken.bytes.len() + next.bytes.len() <= TAKEN_BYTES_MAX
        {
            let next = state.take().expect("there is one in front");
            taken.bytes.extend_from_slice(&next.bytes);
        }
        state.busy = Some((taken.kind, taken.lines()));
        Work::Write(taken)
    }

    /// Waits until all is done. Answers with the lines that are not by then: nothing more of them is begun.
    pub(super) fn finish(&self, wait: Duration) -> Vec<(Kind, u64)> {
        let busy = |state: &mut State| state.busy.is_some() || !state.batches.is_empty();
        let waited = self.went.wait_timeout_while(self.state(), wait, busy);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.bytes = 0;
        let begun = state.busy;
        state.batches.drain(..).map(|batch| (batch.kind, batch.lines())).chain(begun).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(name: &str, bytes: &[u8]) -> Batch {
        Batch { kind: Kind::Access, name: name.into(), bytes: bytes.to_vec() }
    }

    fn written(queue: &Queue) -> (String, String) {
        match queue.next() {
            Work::Write(batch) => (batch.name.to_string(), String::from_utf8(batch.bytes).unwrap()),
            Work::Reopen => ("reopen".into(), String::new()),
        }
    }

    #[test]
    fn neighbours_of_one_log_are_taken_as_one_and_the_order_stays() {
        let queue = Queue::default();
        for (name, bytes) in [("a", b"1\n"), ("a", b"2\n"), ("b", b"3\n"), ("a", b"4\n")] {
            queue.push(batch(name, bytes)).unwrap();
        }
        queue.reopen();
        assert_eq!(written(&queue).0, "reopen");
        assert_eq!([written(&queue), written(&queue), written(&queue)].map(|(name, text)| name + &text), ["a1\n2\n", "b3\n", "a4\n"]);
        assert_eq!(queue.finish(Duration::ZERO), [(Kind::Access, 1)], "the last is still at work");
    }

    #[test]
    fn what_has_no_room_comes_back_and_what_was_not_begun_is_left() {
        let queue = Queue::default();
        let large = vec![b'x'; WAITING_BYTES_MAX / 2];
        queue.push(batch("a", &large)).unwrap();
        assert!(queue.push(batch("a", &large)).is_err());
        assert!(queue.push_in(batch("a", &large), Duration::ZERO).is_err());
        queue.push(batch("a", b"small\n")).unwrap();
        assert!(matches!(queue.next(), Work::Write(taken) if taken.bytes == large));
        assert_eq!(queue.finish(Duration::ZERO), [(Kind::Access, 1), (Kind::Access, 0)], "what waits, and what is at work");
        // One that is larger than all the room there is has its turn, too.
        queue.push(batch("a", &[large.clone(), large].concat())).unwrap();
    }
}
