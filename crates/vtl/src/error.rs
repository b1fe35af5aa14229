//! What went wrong, and where in the text.

use std::fmt;

/// A place in a template: line and column, both from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Place {
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a template did not compile, or a rendering did not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The text is not VTL.
    Syntax,
    /// Something that was called said no: Java would have thrown.
    Call,
    /// A directive that the engine has, but not here: `#include`, `#parse`, `#evaluate`.
    Unavailable,
    /// A bound of [`Limits`](crate::Limits), by its name.
    Limit(&'static str),
}

/// An error of a template, for its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub place: Place,
    pub cause: Cause,
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for Error {}

/// A no from below the level where places are known: a host's, or a method's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub cause: Cause,
    pub message: String,
}

impl Fault {
    /// Something that was called said no.
    pub fn call(message: impl Into<String>) -> Self {
        Self { cause: Cause::Call, message: message.into() }
    }

    pub(crate) fn limit(name: &'static str, max: impl fmt::Display) -> Self {
        Self { cause: Cause::Limit(name), message: format!("the template is over its limit {name} = {max}") }
    }

    pub(crate) fn at(self, place: Place) -> Error {
        Error { place, cause: self.cause, message: self.message }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
