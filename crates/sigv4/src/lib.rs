//! AWS Signature Version 4: canonical request, string to sign, sign and verify.
//!
//! A caller proves that it holds a secret key by an HMAC over a *canonical request*: method, path, query, some of the headers and
//! the hash of the body, each written in one agreed way. It sends the proof in the `Authorization` header or, *presigned*, in the
//! query. This crate writes that form, makes the proof ([`sign`], [`presign`]) and checks it ([`parse`], then [`verify`]).
//! It has no clock, no I/O and no list of keys: the time is an argument, in seconds since the epoch, and so is the secret.
//!
//! ```text
//! parse ──► Claim ──► (the caller finds the secret of claim.access_key) ──► verify ──► Verified, or a Failure in AWS's words
//! ```
//!
//! What is odd, and where we know it from (`seen`) or only believe it (`assumed`):
//!
//! * Every service but S3 encodes the path *as it came on the wire* once more: `/a%20b` is signed as `/a%2520b`. (seen)
//! * Most signers first fold `//`, `.` and `..` away and some do not; both forms of the same path are taken. (assumed of execute-api)
//! * A literal `+` in a query is a space. (assumed)
//! * A date may be in `X-Amz-Date` or in `Date`, the latter also as RFC 1123; the signature covers its ISO basic form. (seen)
//! * A session token may be added after signing, so it alone of the `x-amz-*` headers may be left unsigned. (seen)
//! * An `Authorization` header is first read as `key=value` pairs and only then asked for its algorithm, so a bearer token that
//!   happens to hold a `=` is told that it lacks a `Credential`. (seen)

mod canonical;
mod claim;
mod encode;
mod failure;
mod key;
mod sign;
mod time;
mod verify;

pub use claim::{Claim, EXPIRES_SECONDS_MAX, Form, SIGNED_HEADERS_MAX, parse};
pub use failure::{Exception, Failure, Mismatch, Part, ScopeFault};
pub use key::SigningKey;
pub use sign::{PayloadHeader, Presigned, Signed, Signing, TokenPlace, presign, sign};
pub use time::Stamp;
pub use verify::{Rules, Verified, check, verify, verify_with_key};

/// The one algorithm of this crate, as it is written in headers, queries and strings to sign.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// How far a signature's time may be from ours, in seconds: five minutes, as on the control plane and `execute-api`.
pub const SKEW_SECONDS: u32 = 300;

/// What stands in place of a body's hash when the body is not covered; S3 alone takes it.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// A request as it is on the wire; nothing decoded, nothing folded. Cheap to build, borrowed throughout.
///
/// `headers` gives each field once, in order of arrival; names in any case. A request that came by HTTP/2 names its `:authority`
/// here as `host`.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a, H> {
    pub method: &'a str,
    /// From the first `/` up to, not including, the `?`.
    pub path: &'a [u8],
    /// After the `?`; empty when there is none.
    pub query: &'a [u8],
    pub headers: H,
    pub payload: Payload<'a>,
}

/// The body of a request, or what its owner has already made of it.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    Bytes(&'a [u8]),
    Sha256([u8; 32]),
}

/// Which of the three ways of writing a path (and a missing body) is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The path is folded, then encoded once more; the body is always hashed. A verifier takes `Unfolded` too.
    Standard,
    /// As `Standard`, with `//`, `.` and `..` left as they are.
    Unfolded,
    /// The path is encoded once and never folded: an object's key may hold `//`. The body may be left unsigned.
    S3,
}
