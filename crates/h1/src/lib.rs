//! HTTP/1.1 as state machines without I/O.

mod body;
mod check;
mod fields;
mod head;
mod known;
mod limits;
mod read;
mod request;
mod response;

pub use body::{BodyError, Decoded, Decoder};
pub use fields::{Field, Fields};
pub use head::{BodyLength, Parsed, Rejection, Version};
pub use known::Known;
pub use limits::{FIELDS_CEILING, HeadLimits, LEADING_BLANK_LINES_MAX, Limits, METHOD_BYTES_MAX};
pub use request::{Builder, Method, RequestHead};
pub use response::{Asked, ResponseHead};
