//! Where Cardea's memory lives: implementations of base's `Store` and `Ledger`. The program alone links this crate.
//!
//! [`sqlite`] is the embedded default: two files in a data directory that one process holds. No type of a database driver leaves
//! this crate.

pub mod sqlite;
