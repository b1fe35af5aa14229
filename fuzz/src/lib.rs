//! Fuzz targets: one function for everything that reads hostile bytes. Each panics when it finds something.
//!
//! ```text
//!   bytes ─► ours ──┐
//!        ├─► naive ─┼─► the same, or a panic        naive: written here, from the RFCs, with no thought of speed
//!        └─► hyper ─┘                               hyper: a whole server or client over memory
//! ```
//!
//! libFuzzer runs them for as long as one likes (`cargo xtask fuzz`, see README.md); the ordinary tests replay what is in `corpus/` and
//! `found/`. A target is a pure function of its bytes: no clock, no sockets, no dice.

mod answer_head;
mod archive;
mod chunked;
mod client;
mod connection;
mod control;
mod dialect;
mod dns;
mod event_stream;
mod http2_head;
mod json_schema;
mod jsonpath;
mod mapping;
mod member;
mod naive;
mod openapi_import;
mod patch;
mod peer;
mod policy;
mod request_head;
mod server;
mod signature;
mod template;

/// Bytes of one input.
pub const INPUT_BYTES_MAX: usize = 4_096;

/// One thing to be fuzzed.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of its folders, too.
    pub name: &'static str,
    /// What it holds its subject to, in a line.
    pub about: &'static str,
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "request_head",
        about: "request heads: what we take, httparse, hyper and a naive reader take for the same, however it is cut",
        run: request_head::run,
    },
    Target { name: "answer_head", about: "heads of back ends' answers, held to the same", run: answer_head::run },
    Target {
        name: "chunked",
        about: "chunked bodies: the same payload to us, hyper and a naive reader, however they are cut",
        run: chunked::run,
    },
    Target {
        name: "connection",
        about: "both connection machines under a script of reads, answers, deadlines and ends",
        run: connection::run,
    },
    Target {
        name: "http2_head",
        about: "heads of HTTP/2, through real frames, that must be writable as HTTP/1.1 without a second meaning",
        run: http2_head::run,
    },
    Target { name: "openapi_import", about: "definitions in JSON and YAML: read, planned, stored, compiled", run: openapi_import::run },
    Target {
        name: "member",
        about: "every control operation through the dispatch: an answer, or an error of AWS's shape",
        run: member::run,
    },
    Target {
        name: "dialect",
        about: "control calls in Query, JSON and CBOR: read or refused, and answered in good XML, JSON or CBOR",
        run: dialect::run,
    },
    Target { name: "dns", about: "answers of DNS servers: read, or none", run: dns::run },
    Target { name: "patch", about: "PATCH: all or nothing, and what is answered is what is kept", run: patch::run },
    Target {
        name: "signature",
        about: "signatures of control calls: what was signed is taken, what was changed since is not",
        run: signature::run,
    },
    Target { name: "archive", about: "archives of code: taken whole or refused, and never beyond what they announce", run: archive::run },
    Target {
        name: "event_stream",
        about: "event streams of Lambda: the same messages however they are cut, and the same again when they are written again",
        run: event_stream::run,
    },
    Target {
        name: "mapping",
        about: "parameter mappings and templates of an integration: what they make can be written",
        run: mapping::run,
    },
    Target { name: "jsonpath", about: "JSON as serde reads it, printed and read again; paths that find what they say", run: jsonpath::run },
    Target {
        name: "json_schema",
        about: "schemas whose verdict is the same alone, asked for by another, and the opposite where forbidden",
        run: json_schema::run,
    },
    Target {
        name: "policy",
        about: "policy documents: compiled or told what is wrong, the same however their statements are put together",
        run: policy::run,
    },
    Target {
        name: "template",
        about: "mapping templates: compiled or told where they are wrong, rendered twice alike, within their bounds",
        run: template::run,
    },
];

/// Where an input is cut in two: everywhere if it is short, at some two hundred places if it is not.
pub(crate) fn cuts(bytes: &[u8]) -> impl Iterator<Item = usize> {
    (1..bytes.len()).step_by(1 + bytes.len() / 200)
}

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
