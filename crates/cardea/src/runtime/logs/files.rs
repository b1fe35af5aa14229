//! Logs in files, one for each name, and on standard output.

use super::queue::{Queue, Work};
use super::{Batch, Drops};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files that are held open.
const OPEN_FILES_MAX: usize = 128;
/// Characters of a name that are kept in its file's name.
const FILE_NAME_CHARS_MAX: usize = 120;
/// AWS's name of the log group of a stage's execution logs, but for API and stage.
pub(super) const EXECUTION_LOGS: &str = "API-Gateway-Execution-Logs_";

/// The name of the file for a destination ARN: the log group's or the stream's name, fit for a file system.
pub fn file_name(arn: &str) -> Arc<str> {
    let tail = arn.trim_end_matches(":*").splitn(6, ':').last().unwrap_or(arn);
    let tail = tail.strip_prefix("log-group:").or(tail.strip_prefix("deliverystream/")).unwrap_or(tail);
    fit(tail).into()
}

/// The name of a stage's execution log. Its slash is a folder's.
pub fn execution_log_name(api: &str, stage: &str) -> Arc<str> {
    format!("{EXECUTION_LOGS}{}/{}", fit(api), fit(stage)).into()
}

/// A name that is one, and no path.
pub(super) fn fit(name: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let name: String = name.chars().take(FILE_NAME_CHARS_MAX).map(fit).collect();
    let name = name.trim_matches(['.', '-']);
    if name.is_empty() { "access".to_owned() } else { name.to_owned() }
}

/// The file of a log in the folder of logs.
pub fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.log"))
}

/// Writes what comes to files, for ever.
pub(super) fn write_all(folder: &Path, queue: &Queue, drops: &Drops) {
    let mut files = Files { folder, open: HashMap::new(), fails: false };
    loop {
        match queue.next() {
            Work::Reopen => files.open.clear(),
            Work::Write(batch) => files.write(&batch, drops),
        }
    }
}

struct Files<'a> {
    folder: &'a Path,
    open: HashMap<Arc<str>, File>,
    /// The last write failed, and the operator knows.
    fails: bool,
}

impl Files<'_> {
    fn write(&mut self, batch: &Batch, drops: &Drops) {
        match self.try_write(batch) {
            Ok(()) => self.fails = false,
            Err(why) => {
                if !std::mem::replace(&mut self.fails, true) {
                    tracing::warn!(log = &*batch.name, %why, "a log cannot be written");
                }
                self.open.remove(&batch.name);
                drops.count(batch);
            }
        }
    }

    fn try_write(&mut self, batch: &Batch) -> io::Result<()> {
        if let Some(file) = self.open.get_mut(&batch.name) {
            return file.write_all(&batch.bytes);
        }
        if self.open.len() >= OPEN_FILES_MAX {
            self.open.clear();
        }
        let path = path_of(self.folder, &batch.name);
        std::fs::create_dir_all(path.parent().unwrap_or(self.folder))?;
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(&batch.bytes)?;
        self.open.insert(batch.name.clone(), file);
        Ok(())
    }
}

/// Prints what comes on standard output, for ever.
pub(super) fn print_all(queue: &Queue, drops: &Drops) {
    loop {
        if let Work::Write(batch) = queue.next() {
            let mut out = io::stdout().lock();
            if out.write_all(&batch.bytes).and_then(|()| out.flush()).is_err() {
                drops.count(&batch);
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
        assert_eq!(&*execution_log_name("a1", "prod"), "API-Gateway-Execution-Logs_a1/prod");
        assert_eq!(&*execution_log_name("../x", ".."), "API-Gateway-Execution-Logs_x/access");
    }
}
