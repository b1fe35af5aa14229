//! HTTP/1.1, both sides, as state machines without I/O: bytes and deadlines in, bytes and actions out.
//!
//! This is the front door for hostile bytes and the hot path of the proxy. It knows no socket, no clock, no runtime and nothing of
//! Cardea, so an event loop of any kind can be put under it, and a test can cut its input at every byte.
//!
//! ```text
//!                     bytes                                          bytes
//!   client ══════════════════════► Server ─ RequestHead ─► pipeline ─ RequestWriter ═══════════► upstream
//!          ◄══════════════════════        ◄ ResponseWriter ─        ◄ ResponseHead ─ Client ◄═══
//!
//!   Server   Idle ──► Head ──► Exchange ──┬──► Idle                    (keep-alive, the body was read)
//!              ▲                          ├──► Surplus ──► Idle        (a little of the body was not)
//!              └──────── pipelined ───────┼──► Lingering ──► Closed    (rejected, broken, too much left, last one)
//!                                         └──► Aborted                 (the answer ended before its length)
//!
//!   Client   Idle ──► Asked ──► Answered ──┬──► Idle                   (both ended, to the byte)
//!              ▲    (1xx skipped)          └──► Closed
//!              └───────── pool ────────────┘
//! ```
//!
//! * **Heads** ([`RequestHead`], [`ResponseHead`]) are spans over one buffer; cleared and used again, a warm one never allocates. They are
//!   the form in which HTTP/2 heads enter the gateway too ([`RequestHead::build`]), under the same rules.
//! * **Bodies** ([`Decoder`], [`Encoder`]) are decoded in the buffer they were read into, and framed without being touched.
//! * **Framing is never copied.** What was parsed is checked; what is sent is decided anew, as an enum, and written by the writers alone
//!   ([`RequestWriter`], [`ResponseWriter`]).
//! * **The machines** ([`Server`], [`Client`]) hold no bytes. They decide keep-alive, reuse, retry, lingering and which deadline is in
//!   force; the driver moves bytes and tells them what happened. Idle connections need no buffer.
//!
//! What is odd: we are stricter than RFC 9112 lets a server be. A target must be in origin form, `Host` may not be blank, no line may end
//! with a bare LF, `Content-Length` may not be repeated even if equal, and a `Connection` field that names framing or identity is a 400.
//! Whatever two parsers could read in two ways is refused, because a gateway's whole worth is that it and the upstream read the same.
//! What AWS promises here is little: 10,240 bytes of fields and of URL, 10 MiB of body, 310 s of idling; the defaults are those.
//!
//! # How a driver uses it
//!
//! ```
//! use h1::{BodyLength, Limits, Next, RequestHead, ResponseWriter, Server};
//!
//! let (limits, mut server, mut head) = (Limits::default(), Server::new(), RequestHead::default());
//! let mut arriving = [&b"GET /pets HTTP/1.1\r\nHost: api.exa"[..], b"mple\r\n\r\n"].into_iter();
//! let (mut buf, mut out) = (Vec::new(), Vec::new());
//! loop {
//!     match server.next(&mut buf, &mut head, &limits) {
//!         // A real driver reads into a borrowed buffer, not longer than `server.read_deadline(&limits)` says, and calls
//!         // `server.read_expired()` when it is past. While the server is idle, it holds no buffer.
//!         Next::Read | Next::Linger => match arriving.next() {
//!             Some(bytes) => buf.extend_from_slice(bytes),
//!             None => server.end_of_input().unwrap(),
//!         },
//!         Next::Request | Next::Refuse(_) => {
//!             // The pipeline goes here. If it wants the body: `server.want_body(&mut out)`, then read and `server.body(…)`.
//!             let plan = server.answer(200, BodyLength::Exact(2), &limits).expect("each request is due one answer");
//!             let mut writer = ResponseWriter::start(&mut out, 200);
//!             writer.field("Content-Type", b"text/plain").unwrap();
//!             writer.finish(plan.framing, plan.connection);
//!             let frame = server.frame(2, &mut out).unwrap();
//!             if frame.payload {
//!                 out.extend_from_slice(b"hi");
//!                 out.extend_from_slice(frame.tail);
//!             }
//!             server.finish_answer(&mut out).unwrap(); // Then send `out`.
//!         }
//!         Next::Exchange => unreachable!("each request was answered at once"),
//!         Next::Upgraded | Next::Close | Next::Abort => break,
//!     }
//! }
//! assert_eq!(head.path(), "/pets");
//! assert!(out.starts_with(b"HTTP/1.1 200 OK\r\n") && out.ends_with(b"\r\n\r\nhi"));
//! ```
//!
//! On the other side: [`Client::begin`], write a head, [`Client::mark_sent`] before the first write, frame and send the body,
//! [`Client::finish_request`]; at the same time read, ask [`Client::next`] until it has the answer, [`Client::body`] until it ends; then
//! [`Client::finish`] says whether the connection goes back to the pool. If it fails before, [`Client::may_retry`] says whether to try
//! the request once more on a fresh one.

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
pub use known::{Known, OwnField};
pub use limits::{FIELDS_CEILING, HeadLimits, LEADING_BLANK_LINES_MAX, Limits, METHOD_BYTES_MAX};
pub use request::{Builder, Method, RequestHead};
pub use response::{Asked, ResponseHead};
pub use server::{AnswerPlan, Next, Server};
pub use write::{Connection, RequestWriter, ResponseWriter, Unwritable, reason};
