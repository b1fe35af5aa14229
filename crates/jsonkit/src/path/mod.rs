//! JSONPath in Jayway's dialect.
//!
//! A path is a row of steps. It is *definite* when it can lead to one place only: names, single indices, several names at its end
//! (which give one object), functions. A definite path that leads nowhere finds nothing; an indefinite one finds a list, perhaps empty.
//!
//! What is odd, all of it from the recorded answers of Jayway (`oracles`) or its behaviour as known (`assumed`):
//!
//! * `store` is `$.store`, `@` is `$`, and one stray character after a name or a bracket is overlooked: `$.store[` is `$.store`. (oracles)
//! * `[1:2:3:4]` is `[1:2]`, but `[::2]` and `[:]` are no slices. (oracles)
//! * An index before the beginning counts from the end, also within a slice: `[-2:1]` is the last two, then the first. (assumed)
//! * In filters `1 == '1'`; a comparison that makes no sense (`in` with something that is no list) drops the element. (oracles, assumed)
//! * `$..x.length()` counts what `$..x.*` finds. (oracles)

mod compare;
mod filter;
mod function;
mod syntax;
mod walk;

#[cfg(test)]
mod tests;

use crate::Value;
use crate::pattern::Pattern;
use std::sync::Arc;

/// Bytes of a path.
pub const PATH_BYTES_MAX: usize = 4_096;
/// Steps of a path, those of its filters and parameters counted each for itself.
pub const TOKENS_MAX: usize = 256;
/// Filters, groups and calls within each other.
pub const FILTER_DEPTH_MAX: usize = 8;
/// Steps that finding may take: places looked at, things compared.
pub const PATH_STEPS_MAX: usize = 4_000_000;
/// What a path may find.
pub const RESULTS_MAX: usize = 1 << 20;
/// Bytes of a text that a function makes.
pub const RESULT_BYTES_MAX: usize = 10 << 20;
/// Calls within each other while a path is followed.
pub const CALL_DEPTH_MAX: usize = 1_200;

/// A compiled path.
#[derive(Clone, Debug)]
pub struct Path {
    steps: Vec<Step>,
    /// Whether it starts at the whole document, also within a filter.
    from_root: bool,
    definite: bool,
}

/// What a path finds.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A definite path that leads nowhere.
    Missing,
    /// What a definite path leads to. `$input` treats a null here as nothing.
    One(Value),
    /// What an indefinite path leads to, in the order of the document.
    Many(Vec<Value>),
}

impl Found {
    /// One value: what is missing is nothing, and a list is an array.
    #[must_use]
    pub fn into_value(self) -> Option<Value> {
        match self {
            Self::Missing => None,
            Self::One(value) => Some(value),
            Self::Many(values) => Some(values.into()),
        }
    }
}

/// Why a path is none, or could not be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("invalid path: {0}")]
    Invalid(String),
    /// A function that does not apply: `max()` of nothing.
    #[error("{0}")]
    Failed(&'static str),
    #[error("more than {0}")]
    TooMuch(&'static str),
}

impl Path {
    /// Compiles a path of up to [`PATH_BYTES_MAX`] bytes.
    pub fn compile(text: &str) -> Result<Self, PathError> {
        if text.len() > PATH_BYTES_MAX {
            return Err(PathError::TooMuch("4096 bytes of path"));
        }
        syntax::path(text, 0)
    }

    /// Whether it can lead to one place only.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.definite
    }

    /// Follows the path. An error is a bound that was met, or a function that does not apply.
    pub fn find(&self, document: &Value) -> Result<Found, PathError> {
        walk::find(self, document)
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// One name or several.
    Names(Vec<Arc<str>>),
    Indices(Vec<i64>),
    Slice(Slice),
    Wildcard,
    Filter(Arc<filter::Filter>),
    Scan,
    Call(function::Call),
}

#[derive(Clone, Copy, Debug)]
enum Slice {
    From(i64),
    Between(i64, i64),
    To(i64),
}

impl Step {
    fn is_definite(&self, is_last: bool) -> bool {
        match self {
            Self::Names(names) => names.len() == 1 || is_last,
            Self::Indices(indices) => indices.len() == 1,
            Self::Call(_) => true,
            Self::Slice(_) | Self::Wildcard | Self::Filter(_) | Self::Scan => false,
        }
    }
}

/// What stands in a filter beside an operator.
#[derive(Clone, Debug)]
enum Operand {
    Path(Path),
    Value(Value),
    Pattern(Pattern),
}
