//! A folder for a store that nobody keeps.

use super::{Failure, fail};
use base::world::Ids;
use std::path::{Path, PathBuf};

/// A folder that is gone when this is dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// A new one, among the system's temporary folders.
    pub(super) fn new(verb: &str) -> Result<Scratch, Failure> {
        let path = std::env::temp_dir().join(format!("cardea-{verb}-{}", Ids::system().lower(10)));
        std::fs::create_dir_all(&path).map_err(|why| fail(format!("{}: {why}", path.display())))?;
        Ok(Scratch(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's cleaning of temporary files.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}
