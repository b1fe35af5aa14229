//! HTTP/1.1 as state machines without I/O.

mod body;
mod check;
mod client;
mod deadline;
mod edit;
mod encode;
mod fields;
mod head;
mod known;
mod limits;
mod read;
mod request;
mod response;
mod server;
#[cfg(test)]
mod tests;
mod write;

pub use body::{BodyError, Decoded, Decoder};
pub use client::{Client, ClientNext, RetryVerdict, Reuse};
pub use deadline::{Deadline, Wait};
pub use encode::{CHUNK_HEAD_BYTES_MAX, EncodeError, Encoder, Frame};
pub use fields::{Field, Fields};
pub use head::{BodyLength, Parsed, Rejection, Version};
pub use known::Known;
pub use limits::{FIELDS_CEILING, HeadLimits, LEADING_BLANK_LINES_MAX, Limits, METHOD_BYTES_MAX};
pub use request::{Builder, Method, RequestHead};
pub use response::{Asked, ResponseHead};
pub use server::{AnswerPlan, Next, Server};
pub use write::{Connection, RequestWriter, ResponseWriter, Unwritable, reason};
