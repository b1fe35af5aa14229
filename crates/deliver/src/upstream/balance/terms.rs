//! How the targets of one group are treated.

use std::ops::RangeInclusive;

/// How often a request is tried again at most: more only hides what is broken.
pub const RETRIES_MAX: u8 = 5;
/// The highest weight of a target.
pub const WEIGHT_MAX: u32 = 1_000;

/// How the targets of one group are treated. The default is what AWS's load balancers do: turns, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Who is asked next.
    pub balance: Balance,
    /// How targets are looked at; `None` for not at all.
    pub check: Option<Check>,
    /// How often a request is tried again on another target; 0 to [`RETRIES_MAX`].
    pub retries: u8,
    /// Retries for each hundred requests, beyond a few at once.
    pub retry_percent: u32,
    /// Milliseconds to wait before the second retry; each further one waits twice as long. The first does not wait.
    pub back_off_ms: u32,
    /// Failures in a row after which a target is left out; 0 for never.
    pub eject_after: u32,
    /// Milliseconds that a target is left out for the first time; each time in a row is as long again.
    pub eject_ms: u32,
    /// Of a hundred targets, how many may be left out at once for failing.
    pub eject_percent_max: u32,
    /// Milliseconds in which a target that is new, or well again, comes to its full share.
    pub slow_start_ms: u32,
    /// Requests, and with them connections, that a target serves at once; 0 for any number.
    pub connections_max: u32,
}

/// Who is asked next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// One after the other, as often as their weights say.
    #[default]
    RoundRobin,
    /// Who has the fewest requests at hand for its weight.
    LeastOutstanding,
    /// The same one for the same key.
    RingHash(HashBy),
}

/// What is the key of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashBy {
    /// The caller's address.
    SourceIp,
    /// The path.
    Path,
    /// A header field, in lower case; the caller's address where there is none.
    Header(Box<str>),
}

/// How targets are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is asked; `None` for a connection alone.
    pub http: Option<HttpCheck>,
    /// Another port than the target's own.
    pub port: Option<u16>,
    /// Milliseconds between two looks.
    pub interval_ms: u32,
    /// Milliseconds one may take.
    pub timeout_ms: u32,
    /// Good looks in a row that make a target well.
    pub healthy_after: u32,
    /// Bad ones that make it unwell.
    pub unhealthy_after: u32,
}

/// What is asked of a target that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCheck {
    /// Path and query.
    pub path: Box<str>,
    /// Statuses that are good.
    pub statuses: Vec<RangeInclusive<u16>>,
    /// Over TLS; certificates are not judged, as load balancers do not.
    pub tls: bool,
}
