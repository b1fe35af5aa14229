//! The data side over real sockets: a desk that answers by path, a clock moved by hand, and clients that may be as rude as they like.

#![expect(clippy::unwrap_used, reason = "all of this is tests, the helpers included")]

mod bodies;
mod cost;
mod gone;
mod house;
mod http2;
mod lanes;
mod proxied;
mod refusals;
mod requests;
mod tls;
mod waits;
