//! Documentation parts: what is written of an API, each about one entity of it.
//!
//! AWS promises that a part is addressed by its id, and found by its location; that a location says no more than its type knows; and that
//! no two parts are about the same. What a location leaves out has a default (`/`, `*`), which is not shown. `properties` is a JSON
//! object as text, as it was sent. Odd: an unknown API is told as an unknown part, but by the list and by creation; a part that is
//! imported again gets a new id.
//!
//! Versions, which are snapshots that stages show, are `publish::documentation_version`.

pub(crate) mod import;
pub mod location;
mod operations;
pub mod record;
#[cfg(test)]
mod tests;
mod undocumented;

pub use operations::OPERATIONS;
