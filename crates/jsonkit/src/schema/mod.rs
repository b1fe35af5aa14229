//! JSON Schema draft 4, in the words of the Java library that AWS uses (json-schema-validator of java-json-tools).
//!
//! A schema is compiled with all that it refers to into one table of nodes, so that circles cost nothing and nothing is looked up
//! by name while a body is judged.
//!
//! What is odd:
//!
//! * `1.0` is no integer. Formats beyond draft 4's own, `int32` and the like, mean nothing. (seen, for numbers)
//! * Faults come in the order of the keywords' names, then of the members' names. (assumed)
//! * Once there is a fault nothing deeper is looked at, but the neighbours on the same level are. (assumed)
//! * What stands beside a `$ref` is overlooked. (draft 4)

mod check;
mod compile;
mod format;
mod meta;
mod reference;
mod words;

#[cfg(test)]
mod tests;

use crate::pattern::Pattern;
use crate::{Number, Value};
use format::Format;
use std::collections::HashMap;
use std::sync::Arc;

pub use words::bracketed;

/// Bytes of one schema document. AWS's bound for a model is 400 KB.
pub const SCHEMA_BYTES_MAX: usize = 1 << 20;
/// Schemas within the documents that one schema refers to, all together.
pub const NODES_MAX: usize = 100_000;
/// Documents that one schema may refer to.
pub const DOCUMENTS_MAX: usize = 1_000;
/// Steps of judging one body: keywords tried, values compared.
pub const CHECK_STEPS_MAX: usize = 4_000_000;
/// Schemas applied within each other while judging.
pub const CHECK_DEPTH_MAX: usize = 400;
/// Faults that are told of one body.
pub const ERRORS_MAX: usize = 100;
/// Bytes of one fault's text; what is longer is cut.
pub const ERROR_BYTES_MAX: usize = 8_192;
/// Where the schema of schemas lives. It need not be resolved.
pub const META_SCHEMA_URL: &str = "http://json-schema.org/draft-04/schema";

/// Why a schema cannot be used, or gave up on a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    #[error("at {at}: {what}")]
    Invalid { at: String, what: String },
    #[error("nothing is at {0}")]
    Unresolved(String),
    #[error("a reference leads only to itself: {0}")]
    Circle(String),
    #[error("more than {0}")]
    TooMuch(&'static str),
}

/// A compiled schema.
#[derive(Clone, Debug)]
pub struct Schema {
    nodes: Arc<[Node]>,
    root: usize,
}

impl Schema {
    /// Compiles a schema that is found at the URL `base` (may be empty). `resolve` is asked for other documents by their absolute
    /// URLs, without fragments; once for each.
    pub fn compile(root: &Value, base: &str, resolve: &mut dyn FnMut(&str) -> Option<Value>) -> Result<Self, SchemaError> {
        compile::compile(root, base, resolve)
    }

    /// Judges a value: the faults in their order, none if it is valid. An error is a bound that was met.
    pub fn check(&self, value: &Value) -> Result<Vec<String>, SchemaError> {
        check::check(self, value)
    }
}

/// A schema among its neighbours; others are named by their place in the table.
#[derive(Clone, Debug, Default)]
struct Node {
    /// Where it only refers to another one.
    reference: Option<usize>,
    /// What is asked of a value itself, in the order of the keywords' names.
    keywords: Vec<Keyword>,
    properties: HashMap<Arc<str>, usize>,
    pattern_properties: Vec<(Pattern, usize)>,
    additional_properties: Option<usize>,
    items: Items,
}

#[derive(Clone, Debug, Default)]
enum Items {
    #[default]
    Any,
    Each(usize),
    Listed(Vec<usize>, Option<usize>),
}

#[derive(Clone, Debug)]
enum Keyword {
    /// No more items than there are schemas for.
    AdditionalItems(usize),
    AdditionalProperties,
    AllOf(Vec<usize>),
    AnyOf(Vec<usize>),
    /// The names that a member asks for, or the schema.
    Dependencies(Vec<(Arc<str>, Dependency)>),
    Enum(Arc<[Value]>),
    Format(Format),
    MaxItems(u64),
    MaxLength(u64),
    MaxProperties(u64),
    Maximum {
        limit: Number,
        exclusive: bool,
    },
    MinItems(u64),
    MinLength(u64),
    MinProperties(u64),
    Minimum {
        limit: Number,
        exclusive: bool,
    },
    MultipleOf(Number),
    Not(usize),
    OneOf(Vec<usize>),
    Pattern(Arc<str>, Pattern),
    /// Sorted.
    Required(Vec<Arc<str>>),
    /// Sorted; with `integer` where there is `number`.
    Type(Vec<&'static str>),
    UniqueItems,
}

#[derive(Clone, Debug)]
enum Dependency {
    /// Sorted.
    Names(Vec<Arc<str>>),
    Schema(usize),
}
