//! HTTP endpoints: connections that are kept and used again, and the call over one of them.
//!
//! Each data thread has its own [`Upstreams`]: no locks, no stealing. A [`Target`] says where (scheme, host, port, how a certificate is
//! judged); it is made once, when an integration is compiled. [`Upstreams::ask`] sends a request and waits for the head of the answer,
//! both directions at once: an answer may begin before the request has ended, and the rest of the request then goes out while the answer
//! is read. Nothing is buffered beyond one piece each way; who reads slowly, slows the other end down.
//!
//! Where several targets stand behind one name, [`balance`] says which is asked, and where a request is tried again.
//!
//! What is odd: a back end closes idle connections when it likes. One that became readable while idle is never used again, and a request
//! that met a connection on its deathbed is tried once more on a fresh one, but only where asking twice does no harm
//! ([`h1::RetryVerdict`]).
//!
//! Calls of gRPC, and calls to the places that the operator named, go over HTTP/2 instead: [`http2`].

mod answer;
pub mod balance;
mod connection;
mod dial;
pub mod dns;
mod exchange;
mod failure;
mod http2;
mod outgoing;
mod pool;
mod settings;
mod target;
#[cfg(test)]
mod tests;
mod tls;
mod tunnel;
mod validity;

pub use exchange::{Answered, Call, Manner, body_length};
pub use failure::Failure;
pub use pool::Upstreams;
pub use settings::{HostPort, Http2, Settings};
pub use target::{Target, Transport, Trust};
pub use tls::Tls;
