//! Copies of the files, taken while they are in use.

use std::path::Path;

use base::store::StoreError;

use super::file::Format;
use super::{ledger, view};

/// The database files of a data directory, in the order in which they are copied: what is counted comes after what it is counted for,
/// so that a copy never knows a plan whose counts it lacks.
pub const FILES: [&str; 2] = [view::FORMAT.name, ledger::FORMAT.name];

const FORMATS: [&Format; 2] = [&view::FORMAT, &ledger::FORMAT];

/// Copies one of [`FILES`] to `into`, which must be absent or empty. The copy is one moment of the file: writers go on meanwhile and
/// are not in it. Blocks, for as long as it takes to read the file twice: it is checked first, so that no damage is kept for later.
///
/// Refuses what [`super::SqliteStore::open`] refuses, and a file that is not there.
pub fn copy(directory: &Path, name: &str, into: &Path) -> Result<(), StoreError> {
    FORMATS
        .into_iter()
        .find(|format| format.name == name)
        .map_or_else(|| Err(StoreError::Refused(format!("{name} is no file of the store"))), |format| format.copy(directory, into))
}

/// Whether the files of a directory that nobody uses are whole and of a format this program knows.
pub fn check(directory: &Path) -> Result<(), StoreError> {
    FORMATS.into_iter().try_for_each(|format| format.check(directory))
}
