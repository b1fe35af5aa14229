//! What is wrong with a document.

use std::fmt;

/// One thing that is wrong with a document, in words for whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw(String);

impl Flaw {
    pub(crate) fn new(text: impl Into<String>) -> Flaw {
        Flaw(text.into())
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Flaw {}
