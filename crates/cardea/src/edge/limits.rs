//! What a stranger can make the edge hold or wait for.

/// The limits of the data side. Those of one connection (heads, bodies, times) are h1's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Heads, bodies (`body_bytes_max`, AWS: 10 MiB, more is 413), idling, stalls and lingering of each connection.
    pub h1: h1::Limits,
    /// What HTTP/2 adds.
    pub http2: super::http2::Limits,
    /// Open client connections of one data thread; the next one is told 503 and closed.
    pub connections_per_thread_max: u32,
    /// Pipelined requests a connection may have answered before the others get their turn.
    pub requests_per_turn_max: u32,
    /// Jobs, moved connections and handed requests that wait for one data thread; more are refused.
    pub mailbox_max: usize,
    /// Requests handed over as data ([`super::Lanes::serve_once`]) that one data thread has in hand; more are refused.
    pub handed_max: u32,
    /// Bytes of body that such a request or its answer may have. AWS: 10 MiB.
    pub handed_body_bytes_max: u64,
    /// Bytes a second that a client must send of its body, or take of its answer, while we wait for it; 0 for any. Over all of one body.
    pub client_bytes_per_second_min: u32,
    /// How long we wait for it beyond that, in all waits of one body.
    pub client_grace_ms: u32,
    /// How long, once we drain, a connection on which nothing was asked may still bring one request.
    pub drain_wait_ms: u32,
    /// How long nothing may go either way through a tunnel. AWS: 10 minutes.
    pub tunnel_idle_ms: u32,
    /// How long a tunnel may be open in all. AWS: 2 hours.
    pub tunnel_ms_max: u32,
    /// How long one end of a tunnel may go on after the other has said that it will send no more.
    pub tunnel_linger_ms: u32,
    /// From a connection's first moment to the end of its PROXY header, where one must come.
    pub proxy_header_ms: u32,
    /// From a TLS connection's first moment to the end of its handshake.
    pub handshake_ms: u32,
    /// Handshakes whose arithmetic one data thread does between two looks at its sockets; the others wait for the next.
    pub handshakes_per_turn_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            h1: h1::Limits::default(),
            http2: super::http2::Limits::default(),
            connections_per_thread_max: 16_384,
            requests_per_turn_max: 32,
            mailbox_max: 1_024,
            handed_max: 256,
            handed_body_bytes_max: 10 * 1024 * 1024,
            client_bytes_per_second_min: 1_024,
            client_grace_ms: 20_000,
            drain_wait_ms: 500,
            tunnel_idle_ms: 600_000,
            tunnel_ms_max: 7_200_000,
            tunnel_linger_ms: 10_000,
            proxy_header_ms: 5_000,
            handshake_ms: 10_000,
            handshakes_per_turn_max: 4,
        }
    }
}
