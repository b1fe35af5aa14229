//! The log of a function: what its processes print, and a few lines of ours. A ring in memory: a flood pushes out what is old, and
//! nothing else.

use base::world::{Clock, Timestamp};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Bytes of a function's log that are kept.
pub const LOG_BYTES_MAX: usize = 512 * 1024;
/// Bytes of a line; what is longer goes on in the next.
pub const LINE_BYTES_MAX: usize = 16 * 1024;
/// What a line costs beside its text.
const LINE_BYTES_OVERHEAD: usize = 32;

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Each line's number, from 1.
    pub number: u64,
    pub at: Timestamp,
    pub text: Box<str>,
}

/// The log of one function.
#[derive(Debug)]
pub struct Journal {
    clock: Clock,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Line>,
    bytes: usize,
    last: u64,
}

impl Journal {
    /// An empty log.
    pub fn new(clock: Clock) -> Journal {
        Journal { clock, kept: Mutex::default() }
    }

    /// Appends a line.
    pub fn add(&self, text: &str) {
        let at = self.clock.wall();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let line = Line { number: kept.last, at, text: text.into() };
        kept.bytes += line.text.len() + LINE_BYTES_OVERHEAD;
        kept.lines.push_back(line);
        while kept.bytes > LOG_BYTES_MAX {
            let Some(old) = kept.lines.pop_front() else { break };
            kept.bytes -= old.text.len() + LINE_BYTES_OVERHEAD;
        }
    }

    /// The lines after one, and the number of the last there is.
    pub fn after(&self, number: u64) -> (Vec<Line>, u64) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.lines.iter().filter(|line| line.number > number).cloned().collect(), kept.last)
    }
}

/// Cuts what a process prints into lines.
#[derive(Debug, Default)]
pub(super) struct Cutter(Vec<u8>);

impl Cutter {
    /// Takes what came; `each` gets every line that is whole.
    pub(super) fn take(&mut self, mut came: &[u8], mut each: impl FnMut(&str)) {
        while !came.is_empty() {
            let room = LINE_BYTES_MAX - self.0.len();
            let end = memchr::memchr(b'\n', came).filter(|end| *end <= room);
            let upto = end.unwrap_or(came.len().min(room));
            self.0.extend_from_slice(&came[..upto]);
            came = &came[upto + usize::from(end.is_some())..];
            if end.is_some() || self.0.len() >= LINE_BYTES_MAX {
                self.finish(&mut each);
            }
        }
    }

    /// Takes what is left for a line.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&str)) {
        each(String::from_utf8_lossy(&self.0).trim_end_matches('\r'));
        self.0.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_pushes_out_what_is_old_and_nothing_else() {
        let journal = Journal::new(Clock::manual(Timestamp(0)));
        let long = "x".repeat(LINE_BYTES_MAX);
        for _ in 0..100 {
            journal.add(&long);
        }
        journal.add("last");
        let (lines, last) = journal.after(0);
        assert!(lines.iter().map(|line| line.text.len()).sum::<usize>() <= LOG_BYTES_MAX);
        assert_eq!((last, &*lines[lines.len() - 1].text), (101, "last"));
        assert_eq!(journal.after(100).0.len(), 1);
        assert_eq!(journal.after(101).0.len(), 0);
    }

    #[test]
    fn what_is_printed_is_cut_into_lines_of_bounded_length() {
        let (mut cutter, mut lines) = (Cutter::default(), Vec::new());
        let mut take = |cutter: &mut Cutter, bytes: &[u8]| cutter.take(bytes, |line| lines.push(line.to_owned()));
        take(&mut cutter, b"one\r\ntw");
        take(&mut cutter, b"o\n\n");
        take(&mut cutter, &[b'x'; LINE_BYTES_MAX * 2 + 1]);
        take(&mut cutter, b"\xff\n");
        let sizes: Vec<usize> = lines.iter().map(String::len).collect();
        assert_eq!(lines[..3], ["one", "two", ""]);
        assert_eq!(sizes[3..], [LINE_BYTES_MAX, LINE_BYTES_MAX, 1 + '\u{fffd}'.len_utf8()]);
    }
}
