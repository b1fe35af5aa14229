//! Access logs and execution logs: lines that requests leave behind, on their way to files, to standard output, or to a collector.
//!
//! A data thread fills buffers of its own and hands them over when they are full, or a second old. Each destination has a thread and a
//! bounded [`Queue`]: when that is full, lines are dropped and counted, so that neither a slow disk nor a collector that is away slows a
//! request. At a drain, what was handed over is written to its end, within [`FINISH_WAIT`].
//!
//! AWS has log groups and streams of CloudWatch and Firehose where we have files: the log's name is that of the group or the stream.

mod collector;
mod destination;
mod files;
mod lines;
mod queue;

pub use destination::{Destination, Destinations};
pub use files::{execution_log_name, file_name, path_of};
pub use lines::Lines;

use base::world::{Clock, Moment};
use deliver::upstream::Tls;
use queue::Queue;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long the last lines may take at the end.
const FINISH_WAIT: Duration = Duration::from_secs(5);

/// Which of a stage's logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Access,
    Execution,
}

impl Kind {
    /// Both, with their names on `/metrics`.
    pub const ALL: [(Kind, &'static str); 2] = [(Kind::Access, "access"), (Kind::Execution, "execution")];
}

/// Lines of one log, each with its end.
#[derive(Debug)]
pub struct Batch {
    pub kind: Kind,
    pub name: Arc<str>,
    pub bytes: Vec<u8>,
}

impl Batch {
    fn lines(&self) -> u64 {
        memchr::memchr_iter(b'\n', &self.bytes).count() as u64
    }
}

/// Lines that were dropped, by kind.
#[derive(Debug, Default)]
struct Drops([AtomicU64; Kind::ALL.len()]);

impl Drops {
    fn count(&self, batch: &Batch) {
        self.add(batch.kind, batch.lines());
    }

    fn add(&self, kind: Kind, lines: u64) {
        self.0[kind as usize].fetch_add(lines, Ordering::Relaxed);
    }
}

/// What the logs need to know.
#[derive(Clone)]
pub struct LogSettings {
    /// Where files are.
    pub folder: PathBuf,
    pub access: Destinations,
    pub execution: Destinations,
    /// Whom collectors are believed.
    pub tls: Arc<Tls>,
    pub clock: Clock,
}

/// All logs of a node. Clones are the same.
#[derive(Clone)]
pub struct Logs(Arc<Inner>);

struct Inner {
    settings: LogSettings,
    sinks: Vec<(Destination, Arc<Queue>)>,
    drops: Arc<Drops>,
    /// Drops that the operator was told of.
    told: AtomicU64,
    /// By when the last lines must be written.
    ends: OnceLock<Moment>,
}

impl Logs {
    /// Starts a thread for each destination.
    pub fn start(settings: LogSettings) -> std::io::Result<Logs> {
        let drops = Arc::<Drops>::default();
        let mut sinks: Vec<(Destination, Arc<Queue>)> = Vec::new();
        for destination in settings.access.all().chain(settings.execution.all()) {
            if sinks.iter().any(|(known, _)| known == destination) {
                continue;
            }
            let queue = Arc::new(Queue::default());
            let (of_thread, drops) = (queue.clone(), drops.clone());
            let work: Box<dyn FnOnce() + Send> = match destination.clone() {
                Destination::File => {
                    let folder = settings.folder.clone();
                    Box::new(move || files::write_all(&folder, &of_thread, &drops))
                }
                Destination::Stdout => Box::new(move || files::print_all(&of_thread, &drops)),
                Destination::Collector(url) => {
                    let (tls, clock) = (settings.tls.clone(), settings.clock.clone());
                    Box::new(move || collector::send_all(&url, tls, clock, &of_thread, &drops))
                }
            };
            std::thread::Builder::new().name("logs".into()).spawn(work)?;
            sinks.push((destination.clone(), queue));
        }
        Ok(Logs(Arc::new(Inner { settings, sinks, drops, told: AtomicU64::new(0), ends: OnceLock::new() })))
    }

    fn queue(&self, batch: &Batch) -> &Queue {
        let destinations = match batch.kind {
            Kind::Access => &self.0.settings.access,
            Kind::Execution => &self.0.settings.execution,
        };
        let destination = destinations.of(&batch.name);
        let sink = self.0.sinks.iter().find(|(known, _)| known == destination);
        &sink.expect("each destination was given a thread at the start").1
    }

    /// Hands lines over, or drops them.
    pub fn send(&self, batch: Batch) {
        if let Err(batch) = self.queue(&batch).push(batch) {
            self.0.drops.count(&batch);
        }
    }

    /// Hands the last lines of a data thread over. It waits for room, not for long: nobody else waits for that thread any more.
    pub fn send_last(&self, batch: Batch) {
        if let Err(batch) = self.queue(&batch).push_in(batch, self.left()) {
            self.0.drops.count(&batch);
        }
    }

    /// Closes all files, so that the next line opens them anew: after a rotation.
    pub fn reopen(&self) {
        for (_, queue) in &self.0.sinks {
            queue.reopen();
        }
    }

    /// Waits, not for long, until everything is written that was handed over. It blocks.
    pub fn finish(&self) {
        for (_, queue) in &self.0.sinks {
            // Who takes longer is one that does not keep up.
            for (kind, lines) in queue.finish(self.left()) {
                self.0.drops.add(kind, lines);
            }
        }
    }

    /// What is left of the time for the last lines, which begins with the first question.
    fn left(&self) -> Duration {
        let now = self.0.settings.clock.now();
        self.0.ends.get_or_init(|| now.after(FINISH_WAIT)).since(now)
    }

    /// Lines that were dropped since the start.
    pub fn dropped(&self, kind: Kind) -> u64 {
        self.0.drops.0[kind as usize].load(Ordering::Relaxed)
    }

    /// Tells the operator of lines that were dropped since this was last asked: about once a second.
    pub fn tell_drops(&self) {
        let dropped: u64 = Kind::ALL.iter().map(|(kind, _)| self.dropped(*kind)).sum();
        let told = self.0.told.swap(dropped, Ordering::Relaxed);
        if dropped > told {
            tracing::warn!(
                lines = dropped - told,
                "lines of access or execution logs were dropped, since their destination does not keep up"
            );
        }
    }
}

#[cfg(test)]
mod tests;
