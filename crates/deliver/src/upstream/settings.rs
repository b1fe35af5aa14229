//! The bounds of a thread's connections.

use h1::Limits;

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
        }
    }
}
