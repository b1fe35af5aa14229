//! The header fields that are treated apart. Seen: the atlas, lifecycle §2.5 ("recorded behaviour, finer"), and
//! observed/mapping-templates.json.

use h1::Known;

/// Dropped when a request arrives: neither mappings nor templates nor back ends see them.
pub(crate) fn is_dropped_on_arrival(known: Known) -> bool {
    matches!(
        known,
        Known::Connection
            | Known::ContentLength
            | Known::ContentMd5
            | Known::Expect
            | Known::MaxForwards
            | Known::ProxyAuthenticate
            | Known::Server
            | Known::Te
            | Known::TransferEncoding
            | Known::Trailer
            | Known::Upgrade
            | Known::WwwAuthenticate
    )
}

/// What becomes of a header that a mapping sets on the request to an HTTP endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnRequest {
    Sent,
    /// Silently left out.
    Dropped,
    /// The request fails with 500.
    Forbidden,
}

pub(super) fn on_request(name: &str) -> OnRequest {
    match Known::of(name.as_bytes()) {
        Known::ContentLength | Known::TransferEncoding | Known::XAmznTraceId | Known::XAmznApigatewayApiId => OnRequest::Forbidden,
        Known::Expect | Known::ProxyAuthenticate | Known::Te | Known::Via => OnRequest::Dropped,
        // The connection to the back end is ours.
        Known::Connection | Known::KeepAlive | Known::ProxyConnection => OnRequest::Dropped,
        _ => OnRequest::Sent,
    }
}

/// What the new name of a field begins with.
pub(crate) const REMAPPED: &str = "x-amzn-Remapped-";

/// Whether a field of a proxy's answer goes on under another name. Ids of another gateway must not pass for ours.
pub(crate) fn is_renamed(known: Known) -> bool {
    use Known::{Connection, ContentLength, Date, Server, XAmzApigwId, XAmznRequestId};
    matches!(known, Connection | ContentLength | Date | Server | XAmznRequestId | XAmzApigwId)
}

/// What becomes of a header that a mapping sets on the answer of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnResponse {
    Sent,
    /// Under another name: [`REMAPPED`] and its own.
    Remapped,
    Dropped,
}

pub(super) fn on_response(name: &str) -> OnResponse {
    match Known::of(name.as_bytes()) {
        Known::TransferEncoding | Known::KeepAlive | Known::ProxyConnection => OnResponse::Dropped,
        Known::Connection
        | Known::ContentLength
        | Known::Date
        | Known::Server
        | Known::Authorization
        | Known::ContentMd5
        | Known::Expect
        | Known::Host
        | Known::MaxForwards
        | Known::ProxyAuthenticate
        | Known::Trailer
        | Known::Upgrade
        | Known::UserAgent
        | Known::WwwAuthenticate => OnResponse::Remapped,
        _ => OnResponse::Sent,
    }
}
