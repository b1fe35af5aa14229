//! The access record: one line for each request, in the stage's format. A data thread fills a buffer of its own; one writer thread
//! writes. When that one cannot keep up, lines are dropped and counted: a slow disk slows no request.

use base::gate::{AccessLog, Exchange};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Batches that may wait for the writer thread.
const WAITING_BATCHES_MAX: usize = 128;
/// A thread's lines are handed over when they are this many bytes, or this old.
const BATCH_BYTES: usize = 64 * 1024;
/// How long the last lines may take at the end.
const FINISH_WAIT: Duration = Duration::from_secs(5);
/// Characters of a log group's name that are kept in its file's name.
const FILE_NAME_CHARS_MAX: usize = 120;

/// The writer thread's other end.
#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Batch>,
    dropped: Arc<AtomicU64>,
}

enum Batch {
    Lines {
        name: Arc<str>,
        bytes: Vec<u8>,
    },
    Reopen,
    /// Everything before it is written: says so.
    Finish(SyncSender<()>),
}

impl Writer {
    /// Starts the thread. Each name has a file of its own in `folder`.
    pub fn start(folder: PathBuf) -> std::io::Result<(Writer, JoinHandle<()>)> {
        let (queue, batches) = sync_channel(WAITING_BATCHES_MAX);
        let thread = std::thread::Builder::new().name("access-log".into()).spawn(move || write_all(&folder, &batches))?;
        Ok((Writer { queue, dropped: Arc::default() }, thread))
    }

    /// Hands lines over, or drops them.
    pub fn send(&self, name: Arc<str>, bytes: Vec<u8>) {
        if let Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) = self.queue.try_send(Batch::Lines { name, bytes })
            && let Batch::Lines { bytes, .. } = batch
        {
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
            self.dropped.fetch_add(lines as u64, Ordering::Relaxed);
        }
    }

    /// Closes all files, so that the next line opens them anew: after a rotation.
    pub fn reopen(&self) {
        // A full queue means that files are being written this moment; the operator can ask again.
        let _full = self.queue.try_send(Batch::Reopen);
    }

    /// Waits, not for long, until everything is written that was handed over. It blocks.
    pub fn finish(&self) {
        let (sender, written) = sync_channel(1);
        if self.queue.send(Batch::Finish(sender)).is_ok() {
            // A disk that takes longer is one that does not keep up.
            let _slow = written.recv_timeout(FINISH_WAIT);
        }
    }

    /// Lines that were dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn write_all(folder: &Path, batches: &Receiver<Batch>) {
    let mut files: HashMap<Arc<str>, File> = HashMap::new();
    while let Ok(batch) = batches.recv() {
        let (name, bytes) = match batch {
            Batch::Lines { name, bytes } => (name, bytes),
            Batch::Reopen => {
                files.clear();
                continue;
            }
            Batch::Finish(sender) => {
                // Nobody may be waiting any more.
                let _gone = sender.send(());
                continue;
            }
        };
        let written = match files.get_mut(&name) {
            Some(file) => file.write_all(&bytes),
            None => open(folder, &name).and_then(|mut file| {
                file.write_all(&bytes)?;
                files.insert(name.clone(), file);
                Ok(())
            }),
        };
        if let Err(why) = written {
            tracing::warn!(log = &*name, %why, "an access log cannot be written");
            files.remove(&name);
        }
    }
}

fn open(folder: &Path, name: &str) -> std::io::Result<File> {
    std::fs::create_dir_all(folder)?;
    OpenOptions::new().create(true).append(true).open(folder.join(format!("{name}.log")))
}

/// The name of the file for a destination ARN: the log group's or the stream's name, fit for a file system.
pub fn file_name(arn: &str) -> Arc<str> {
    let tail = arn.trim_end_matches(":*").splitn(6, ':').last().unwrap_or(arn);
    let tail = tail.strip_prefix("log-group:").or(tail.strip_prefix("deliverystream/")).unwrap_or(tail);
    let fit = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let name: String = tail.chars().take(FILE_NAME_CHARS_MAX).map(fit).collect();
    let name = name.trim_matches(['.', '-']);
    if name.is_empty() { "access".into() } else { name.into() }
}

/// One data thread's lines, by file.
#[derive(Default)]
pub struct Lines {
    batches: Vec<(Arc<str>, Vec<u8>)>,
}

impl Lines {
    /// Adds a line.
    pub fn add(&mut self, log: &AccessLog, ex: &Exchange, writer: &Writer) {
        let name = &log.name;
        let at = match self.batches.iter().position(|(known, _)| known == name) {
            Some(at) => at,
            None => {
                self.batches.push((name.clone(), Vec::with_capacity(BATCH_BYTES + 4096)));
                self.batches.len() - 1
            }
        };
        let (name, bytes) = &mut self.batches[at];
        log.format.write(ex, bytes);
        if bytes.len() >= BATCH_BYTES {
            let full = std::mem::replace(bytes, Vec::with_capacity(BATCH_BYTES + 4096));
            writer.send(name.clone(), full);
        }
    }

    /// Hands everything over: about once a second, and at the end.
    pub fn flush(&mut self, writer: &Writer) {
        for (name, bytes) in self.batches.drain(..) {
            if !bytes.is_empty() {
                writer.send(name, bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_group_names_a_file_and_no_path() {
        assert_eq!(&*file_name("arn:aws:logs:us-east-1:1:log-group:/api/gateway:*"), "api-gateway");
        assert_eq!(&*file_name("arn:aws:firehose:us-east-1:1:deliverystream/amazon-apigateway-x"), "amazon-apigateway-x");
        assert_eq!(&*file_name("../../etc/passwd"), "etc-passwd");
        assert_eq!(&*file_name("::::::"), "access");
    }
}
