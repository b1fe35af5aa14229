//! Folders of code are looked at while processes run from them: a file that is saved is met by the next invocation, a moment later; or,
//! where somebody develops (`--dev`), by the very next one, since each invocation looks first.
//!
//! By looking, not by being told: it works on every file system, costs nothing where no folder is code or nobody runs there, and cannot
//! come late. To be told (inotify) would be quicker in huge folders alone, and what is told arrives after the request that should meet it.

use super::Host;
use super::build::{Code, FunctionKey};
use super::job::Job;
use super::pool::Pool;
use crate::function::call::Failure;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often folders are looked at.
const LOOK: Duration = Duration::from_millis(150);
/// Files and folders of one function that are looked at; what is beyond is taken for unchanged.
const ENTRIES_MAX: usize = 5_000;
/// Folders in which nobody writes code.
const SKIPPED: [&str; 4] = ["node_modules", "__pycache__", ".git", ".venv"];

/// Looks at folders for as long as the host lives.
pub(super) fn watch(host: &Host) {
    let shared = Arc::downgrade(&host.0);
    host.0.background.spawn(async move {
        loop {
            tokio::time::sleep(LOOK).await;
            let Some(shared) = shared.upgrade() else { return };
            let host = Host(shared);
            let used = host.folders_in_use();
            if used.is_empty() {
                continue;
            }
            let is_changed = |(_, _, folder, before): &(FunctionKey, String, PathBuf, u64)| mark(folder) != *before;
            let looked = tokio::task::spawn_blocking(move || used.into_iter().filter(is_changed).collect::<Vec<_>>());
            for (key, version, folder, _) in looked.await.unwrap_or_default() {
                tracing::info!(function = &*key.name, folder = %folder.display(), "code has changed");
                host.renew(&key, &version);
            }
        }
    });
}

/// Runs an invocation by what its folder holds now. It looks on a thread that may block.
pub(super) fn submit_fresh(host: &Host, key: FunctionKey, version: String, job: Job) {
    let host = host.clone();
    host.0.background.clone().spawn(async move {
        let pool = |host: &Host| host.0.functions.load().get(&key).and_then(|entry| entry.pools.get(&version)).cloned();
        let changed = match pool(&host) {
            Some(pool) => is_changed(&pool).await,
            None => false,
        };
        if changed {
            host.renew(&key, &version);
        }
        match pool(&host) {
            Some(pool) => pool.submit(job),
            None => job.fail(Failure::NotFound(key.name.to_string())),
        }
    });
}

async fn is_changed(pool: &Pool) -> bool {
    let (Code::Folder(folder), Some(before)) = (&pool.build.code, pool.mark.get().copied()) else { return false };
    let folder = folder.clone();
    tokio::task::spawn_blocking(move || mark(&folder) != before).await.unwrap_or(false)
}

impl Host {
    /// Versions whose code is a folder that processes were started from, and what it held then.
    fn folders_in_use(&self) -> Vec<(FunctionKey, String, PathBuf, u64)> {
        let functions = self.0.functions.load();
        let mut found = Vec::new();
        for (key, entry) in functions.iter() {
            for (version, pool) in &entry.pools {
                if let (Code::Folder(folder), Some(mark)) = (&pool.build.code, pool.mark.get()) {
                    found.push((key.clone(), version.clone(), folder.clone(), *mark));
                }
            }
        }
        found
    }
}

/// Remembers what a pool's folder holds before the first process is started from it.
pub(super) async fn remember(pool: &Pool) {
    if let (Code::Folder(folder), None) = (&pool.build.code, pool.mark.get()) {
        let folder = folder.clone();
        if let Ok(mark) = tokio::task::spawn_blocking(move || mark(&folder)).await {
            // Another process may have been quicker.
            let _first = pool.mark.set(mark);
        }
    }
}

/// A number for what a folder holds: another one once a file was written, made or removed.
fn mark(folder: &Path) -> u64 {
    let (mut hasher, mut entries, mut folders) = (DefaultHasher::new(), 0, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let mut here: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
        here.sort_by_key(std::fs::DirEntry::file_name);
        for entry in here {
            let Ok(about) = entry.metadata() else { continue };
            entries += 1;
            if entries > ENTRIES_MAX {
                return hasher.finish();
            }
            if SKIPPED.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            entry.path().hash(&mut hasher);
            if about.is_dir() {
                folders.push(entry.path());
                continue;
            }
            // Editors put a new file in the place of the old one, and may keep its time.
            (about.ctime(), about.ctime_nsec(), about.mtime_nsec(), about.ino(), about.len()).hash(&mut hasher);
        }
    }
    hasher.finish()
}
