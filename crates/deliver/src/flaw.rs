//! What keeps a method from running.

use std::borrow::Cow;
use std::fmt;

/// Why a record cannot be compiled: a text for the operator. The method then answers `API_CONFIGURATION_ERROR`, as AWS finds such flaws
/// only when a request comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw(pub Cow<'static, str>);

impl Flaw {
    /// A flaw in these words.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Flaw {
        Flaw(text.into())
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
