//! The lines of one data thread, by log, until they are handed over.

use super::{Batch, Kind, Logs};
use base::gate::{AccessLog, Exchange, Story};
use std::sync::Arc;

/// A log's lines are handed over when they are this many bytes, or a second old.
const BATCH_BYTES: usize = 64 * 1024;

/// One data thread's lines, by log.
#[derive(Default)]
pub struct Lines {
    batches: Vec<Batch>,
}

impl Lines {
    /// Adds the line of an access log.
    pub fn add(&mut self, log: &AccessLog, ex: &Exchange, logs: &Logs) {
        self.write(Kind::Access, &log.name, logs, |bytes| log.format.write(ex, bytes));
    }

    /// Adds the events of an execution log.
    pub fn tell(&mut self, story: &Story, ex: &Exchange, logs: &Logs) {
        self.write(Kind::Execution, &story.log().name, logs, |bytes| story.write(ex, bytes));
    }

    fn write(&mut self, kind: Kind, name: &Arc<str>, logs: &Logs, write: impl FnOnce(&mut Vec<u8>)) {
        let is_its = |batch: &Batch| batch.kind == kind && (Arc::ptr_eq(&batch.name, name) || batch.name == *name);
        let at = self.batches.iter().position(is_its).unwrap_or_else(|| {
            self.batches.push(Batch { kind, name: name.clone(), bytes: Vec::with_capacity(4096) });
            self.batches.len() - 1
        });
        let batch = &mut self.batches[at];
        write(&mut batch.bytes);
        if batch.bytes.len() >= BATCH_BYTES {
            // Who fills one within a second fills the next: it need not grow again.
            let bytes = std::mem::replace(&mut batch.bytes, Vec::with_capacity(BATCH_BYTES + 4096));
            logs.send(Batch { kind, name: name.clone(), bytes });
        }
    }

    /// Hands everything over: about once a second.
    pub fn flush(&mut self, logs: &Logs) {
        self.batches.drain(..).filter(|batch| !batch.bytes.is_empty()).for_each(|batch| logs.send(batch));
    }

    /// Hands everything over at the end.
    pub fn flush_last(&mut self, logs: &Logs) {
        self.batches.drain(..).filter(|batch| !batch.bytes.is_empty()).for_each(|batch| logs.send_last(batch));
    }
}
