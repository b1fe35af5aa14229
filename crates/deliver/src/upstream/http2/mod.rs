//! HTTP/2 towards back ends: by prior knowledge where the URI says `http`, by ALPN where it says `https`.
//!
//! ```text
//!   Upstreams::ask_over_http2 ── a call, and its second attempt
//!     ├─ Pool ── the connections of a target; one more is dialled when all have as many streams as they may
//!     │   └─ Link ── one connection, driven by a task of its own; counts its streams
//!     ├─ head ── the head that was written for HTTP/1.1 in the words of HTTP/2, and the answer's head the other way
//!     ├─ Outgoing ── the request's body, a piece at a time, as the back end takes it
//!     └─ Answer ── the answer's body, as the caller takes it; then its trailers
//! ```
//!
//! * Streams are independent: once the head of the answer is here, what is left of the request is sent by a task of its own, so that who
//!   does not read yet can still write.
//! * Dropping an answer half-way resets its stream, and nothing else on the connection.
//! * A call is made once more, on another connection, if the back end says that it has not looked at it (`REFUSED_STREAM`, or GOAWAY with
//!   an earlier stream), and all of it is still here.
//! * What is odd: only who is asked knows that it speaks HTTP/2. What answers otherwise is told as what it is, and asked anew next time.

mod answer;
mod call;
mod head;
mod io;
mod link;
mod outgoing;
mod pool;
#[cfg(test)]
mod tests;

pub(super) use pool::Pool;

use super::failure::Failure;
use h2::{Error, Reason};

/// What a call is, beside HTTP/2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Both sides send when they like, and the answer ends with trailers.
    Grpc,
    /// As over HTTP/1.1.
    Plain,
}

/// Why a call failed, in the words of its protocol. `is_known`: the other end has spoken HTTP/2 on this connection.
fn failure(error: &Error, is_known: bool) -> Failure {
    if let Some(error) = error.get_io() {
        let doubt = if is_known { "" } else { "; it was its first call over HTTP/2, which the endpoint may not speak" };
        return Failure::Closed(format!("{error}{doubt}").into());
    }
    let reason = error.reason().unwrap_or(Reason::INTERNAL_ERROR);
    match () {
        () if error.is_remote() && error.is_reset() => Failure::Broken(format!("the endpoint reset the stream: {reason}").into()),
        () if error.is_remote() => Failure::Closed(format!("the endpoint ended the connection: {reason}").into()),
        () => Failure::Broken(format!("the endpoint speaks no HTTP/2, or speaks it wrongly: {reason}").into()),
    }
}

/// Whether the back end has said that it has not looked at the request: it may be sent again, whatever it asks for.
fn is_untouched(error: &Error) -> bool {
    let is_refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    let is_leaving = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
    error.is_remote() && (is_refused || is_leaving)
}
