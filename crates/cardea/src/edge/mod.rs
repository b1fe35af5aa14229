//! Sockets: bytes ⇄ exchanges. One thread per core serves the connections that its own listener accepted; nothing here is shared
//! between threads but a few counters.
//!
//! ```text
//!   Lanes ── start, post, serve_once, drain            one listener, one runtime, one desk for each data thread
//!     └─ accept ─► (a PROXY header, where one must come) ─► (Secure: a handshake, behind a listener of its own)
//!          ├─► http2::serve ── where TLS agreed on it; the same desk, limits and deadlines
//!          └─► Connection ── waits with nothing but its Line: no buffer, no exchange, no head
//!                    │  bytes came
//!                    └─► Hand ── out of the thread's Crew, with an Exchange to work in
//!                          ├─ h1::Server says what the bytes are
//!                          ├─ Answers::answer ◄─ Incoming (the request's body, read when asked for)
//!                          ├─ answer::send: head and small body leave in one write
//!                          └─ Answers::record
//! ```
//!
//! * An idle connection is a socket, a machine of a hundred bytes and a place in the wheel of deadlines. What a request needs is taken
//!   from the thread when its first byte is here and given back when its last byte has gone: a warm request allocates nothing.
//! * One request without a body costs one `recv` and one `send`; when nothing is left to do, the thread waits in one `epoll_wait`.
//! * Every wait has a deadline in the thread's wheel: head, idle, body, write, linger. A body must also come, and an answer be taken,
//!   at a least rate.
//! * A client that hangs up while its answer is waited for takes its request with it: the call to the back end ends at once. One that
//!   only shuts its sending side cannot be told from it (TCP says the same in both cases), and is taken for gone, too, as with nginx.
//! * A panic while a request is answered is a 500 to its caller; one anywhere else ends its connection with a reset, never the thread.
//!
//! What AWS promises: 10 MiB of body, 10,240 bytes of fields and of URL, 310 s of idling, `Date`, `Content-Length` and
//! `Connection: keep-alive` on every answer. What is odd: an answer that cannot be told whole is ended by a reset, so that nobody
//! takes it for whole, and a head that is refused is answered in JSON by the front end, since no API is known yet.

mod accept;
mod answer;
mod certificates;
pub mod control;
mod crew;
mod date;
mod dock;
mod file_body;
mod flow_body;
mod front;
mod handed;
mod http1;
mod http2;
mod incoming;
mod lanes;
mod limits;
mod line;
mod listener;
mod losses;
mod metrics;
mod pace;
mod proxies;
mod proxy_protocol;
mod secure;
mod socket;
mod tunnel;

pub use certificates::{CERTIFICATES_MAX, CertificateError, Certificates, LeastVersion, POLICIES_MAX, Pair, PolicyPlan};
pub use file_body::Packer;
pub use handed::{Handed, HandedAnswer, Unserved};
pub use http1::Connection;
pub use http2::{Limits as Http2Limits, read_head as read_http2_head};
pub use lanes::{Job, Lanes, Plan, TlsPlan, Unposted, start};
pub use limits::Limits;
pub use listener::ListenError;
pub use losses::{Loss, Losses};
pub use proxies::{NETWORKS_MAX, Network, NotANetwork, TrustedProxies};
pub use socket::Socket;

use crate::runtime::Desk;
use base::gate::{Exchange, Reply};
use std::future::Future;

/// Who answers the requests of one data thread.
pub trait Answers: 'static {
    /// Answers a request: gives it its ids ([`Exchange::arrive`]) and, whatever happens on the way, a reply.
    fn answer(&self, ex: &mut Exchange) -> impl Future<Output = Reply>;

    /// Takes note of a request once the last byte of its answer has gone, or its client has. Called once for each request, also for
    /// those that the front end refused and those that were cut off.
    fn record(&self, ex: &mut Exchange);
}

impl Answers for Desk {
    fn answer(&self, ex: &mut Exchange) -> impl Future<Output = Reply> {
        Desk::answer(self, ex)
    }

    fn record(&self, ex: &mut Exchange) {
        Desk::record(self, ex);
    }
}
