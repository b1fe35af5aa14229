//! Documents that are looked at: what a template does not ask for is not made.

use crate::text::Text;
use crate::value::Value;

/// A list of a document. It is the same each time.
pub trait ListSource {
    /// How many items it has.
    fn len(&self) -> usize;

    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An item; null where there is none.
    fn item(&self, at: usize) -> Value;
}

/// A map of a document. It is the same each time, and no name is in it twice.
pub trait MapSource {
    /// How many members it has.
    fn len(&self) -> usize;

    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the member of this name stands.
    fn place(&self, name: &str) -> Option<usize>;

    /// A member's name; empty where there is none.
    fn name(&self, at: usize) -> Text;

    /// A member's value; null where there is none.
    fn value(&self, at: usize) -> Value;
}
