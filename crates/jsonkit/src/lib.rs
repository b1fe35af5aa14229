//! JSON as Amazon API Gateway sees it: values, JSONPath, JSON Schema draft 4, JSON Pointer.
//!
//! ```text
//! bytes ─► parse ─► Value ─┬─► Path::find ─► Found ─► write          what `$input.json` and `$input.path` stand on
//!                          └─► Schema::check ─► errors               what a request validator says of a body
//! ```
//!
//! AWS runs Java: json-smart holds and prints the values, Jayway's JsonPath finds them, and java-json-tools' json-schema-validator
//! judges them. Their habits are the specification. This crate has no clock, no I/O and nothing of Cardea; paths and schemas are
//! compiled once and used by many threads.
//!
//! What is odd, and where we know it from (`seen` in recordings) or only believe it (`assumed`):
//!
//! * A list prints as JSON, also where Java prints it as an object's text; a map does not. (seen)
//! * What `toString()` of a list prints has `\/` for `/`, what `$input.json` prints has not. (assumed: json-smart's two styles)
//! * A number that is no integer is a double and prints as Java prints it: `1.0E10`. More than 18 characters make it a decimal
//!   that keeps its digits. Integers of any size are kept. (assumed: json-smart)
//! * Text is strict JSON. json-smart would also take single quotes, bare words and missing commas; no recording shows AWS doing so,
//!   and a body that is not JSON is answered as one that is not JSON.
//! * A deep scan followed by an index that is not the last step takes every element: `$..[0].x` is `$..[*].x`. (assumed: Jayway)
//! * A validator stops going deeper at the first fault, but tells all faults of the level it is on. (assumed: json-schema-validator)
//!
//! Everything that a stranger can send has a bound: see the `_MAX` constants.

mod number;
mod parse;
mod path;
mod pattern;
pub mod pointer;

mod schema;
mod text;
mod value;
mod write;

pub use number::Number;
pub use parse::{DEPTH_MAX, ParseError, TEXT_BYTES_MAX, VALUES_MAX, parse};
pub use path::{
    CALL_DEPTH_MAX, FILTER_DEPTH_MAX, Found, PATH_BYTES_MAX, PATH_STEPS_MAX, Path, PathError, RESULT_BYTES_MAX, RESULTS_MAX, TOKENS_MAX,
};
pub use pattern::{BACKTRACKS_MAX, PATTERN_BYTES_MAX};
pub use schema::{
    CHECK_DEPTH_MAX, CHECK_STEPS_MAX, DOCUMENTS_MAX, ERROR_BYTES_MAX, ERRORS_MAX, META_SCHEMA_URL, NODES_MAX, SCHEMA_BYTES_MAX, Schema,
    SchemaError, bracketed,
};
pub use text::Text;
pub use value::{Object, Value};
pub use write::{Style, TooLong};
