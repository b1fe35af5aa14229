//! The scratch directory of a process: its `HOME` and its `TMPDIR`, empty when it starts, gone when it has ended.

use std::io;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};

/// Files and folders that are counted; a directory with more is taken for full.
const ENTRIES_MAX: usize = 100_000;

pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Makes one that its user alone can use.
    pub(super) async fn make(run_dir: PathBuf, name: String, user: Option<u32>) -> io::Result<Scratch> {
        let work = move || {
            let path = run_dir.join("scratch").join(name);
            std::fs::DirBuilder::new().mode(0o700).create(&path)?;
            if let Some(user) = user {
                chown(&path, Some(user), Some(user))?;
            }
            Ok(Scratch(path))
        };
        tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Whether there is more in it than so many MB.
    pub(super) async fn is_over(&self, most_mb: u32) -> bool {
        let path = self.0.clone();
        let most = u64::from(most_mb) * 1024 * 1024;
        tokio::task::spawn_blocking(move || bytes(&path, most) > most).await.unwrap_or(false)
    }

    pub(super) async fn remove(&self) {
        let path = self.0.clone();
        let _removed = tokio::task::spawn_blocking(move || {
            // What cannot be removed is removed with the rest, when the program ends.
            let _left = std::fs::remove_dir_all(path);
        })
        .await;
    }
}

/// Bytes in a folder and its folders; links are not followed. It stops counting where it is over.
fn bytes(path: &Path, most: u64) -> u64 {
    let (mut sum, mut entries, mut folders) = (0u64, 0, vec![path.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(about) = entry.metadata() else { continue };
            entries += 1;
            if about.is_dir() {
                folders.push(entry.path());
            } else {
                sum += about.len();
            }
            if sum > most || entries > ENTRIES_MAX {
                return u64::MAX;
            }
        }
    }
    sum
}
