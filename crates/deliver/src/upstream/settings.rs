//! The bounds of a thread's connections.

use super::target::{Target, Trust};
use h1::Limits;
use std::sync::Arc;

/// Bounds of one data thread's connections to HTTP endpoints. Times are in milliseconds.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Idle connections kept for one target.
    pub idle_per_target_max: usize,
    /// Idle connections kept for all targets.
    pub idle_max: usize,
    /// How long a connection may be idle and still be used again.
    pub idle_ms: u32,
    /// How long all attempts to connect may take, name lookup and TLS included. Never longer than the call itself may.
    pub connect_ms: u32,
    /// Targets that are remembered: their idle connections and the addresses of their names.
    pub targets_max: usize,
    /// How long the addresses of a name are believed.
    pub addresses_ms: u32,
    /// How long a name that was not found is not asked for again.
    pub addresses_missing_ms: u32,
    /// Limits of the protocol: sizes of heads and bodies, stalls.
    pub limits: Limits,
    /// The same for answers that an integration streams: as long as they like, and nothing for five minutes at most (AWS).
    pub streamed: Limits,
    /// Calls over HTTP/2; `None`: every call goes over HTTP/1.1.
    pub http2: Option<Http2>,
}

/// Bounds of one data thread's connections of HTTP/2, and what goes over them beside calls of gRPC.
#[derive(Clone, Debug)]
pub struct Http2 {
    /// Places that are always spoken to in HTTP/2.
    pub hosts: Arc<[HostPort]>,
    /// Calls at once on one connection, if the back end does not say less. One more opens another connection.
    pub streams_max: u32,
    /// Bytes of one answer that wait to be read. A connection has as much for each of its streams, so that a caller who reads slowly keeps
    /// nobody else waiting.
    pub stream_window_bytes: u32,
    /// Bytes of one request that wait to be sent.
    pub send_buffer_bytes_max: usize,
    /// Bytes that names of fields may be kept in between answers.
    pub field_table_bytes_max: u32,
    /// How long either side of a gRPC call may pause, in milliseconds.
    pub pause_ms: u32,
}

impl Default for Http2 {
    fn default() -> Self {
        Http2 {
            hosts: Arc::default(),
            streams_max: 100,
            stream_window_bytes: 64 * 1024,
            send_buffer_bytes_max: 64 * 1024,
            field_table_bytes_max: 4_096,
            pause_ms: 300_000,
        }
    }
}

/// A host, in lower case, and perhaps a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    pub host: Box<str>,
    /// `None`: any.
    pub port: Option<u16>,
}

impl HostPort {
    /// Reads `HOST` or `HOST:PORT`; an IPv6 address stands in brackets.
    pub fn parse(text: &str) -> Option<HostPort> {
        let target = Target::parse("http", text, Trust::Authorities)?;
        let says_port = text.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
        Some(HostPort { host: target.host().into(), port: says_port.then(|| target.port()) })
    }

    /// Whether the target is there.
    pub(super) fn is(&self, target: &Target) -> bool {
        *self.host == *target.host() && self.port.is_none_or(|port| port == target.port())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            idle_per_target_max: 128,
            idle_max: 1024,
            idle_ms: 60_000,
            connect_ms: 10_000,
            targets_max: 1024,
            addresses_ms: 30_000,
            addresses_missing_ms: 1_000,
            limits: Limits::for_upstreams(),
            streamed: Limits { body_bytes_max: u64::MAX, body_stall_ms: 300_000, ..Limits::for_upstreams() },
            http2: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_meant_with_its_port_or_with_any() {
        let target = |authority| Target::parse("https", authority, Trust::Authorities).unwrap();
        let meant = |text: &str, authority| HostPort::parse(text).is_some_and(|host| host.is(&target(authority)));
        assert!(meant("A.test", "a.test") && meant("a.test", "a.test:9"));
        assert!(meant("a.test:443", "a.test") && !meant("a.test:80", "a.test") && !meant("b.test", "a.test"));
        assert!(meant("[::1]", "[::1]:8080") && meant("[::1]:8080", "[::1]:8080") && !meant("[::1]:8081", "[::1]:8080"));
        for text in ["", "http://a", "a:b", "a:0", "a b", "a/"] {
            assert_eq!(HostPort::parse(text), None, "{text}");
        }
    }
}
