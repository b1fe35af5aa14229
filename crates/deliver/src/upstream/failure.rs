//! Why a call brought no answer.

use base::gate::{BodyFault, Refusal, RefusalKind};
use std::borrow::Cow;

/// Why a call brought no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The head of the answer was not there in time.
    TimedOut,
    /// There is no connection: the name is unknown, nobody listens, the certificate is not good.
    Unreachable(Cow<'static, str>),
    /// The connection ended before the answer came.
    Closed(Cow<'static, str>),
    /// What came is no answer we take.
    Garbage(&'static str),
    /// The back end refused the call, or broke the protocol, in the frames of HTTP/2.
    Broken(Cow<'static, str>),
    /// The caller's own body broke off.
    RequestBody(BodyFault),
}

impl Failure {
    /// What the caller is told. Seen in the atlas: network errors are `INTEGRATION_FAILURE`, a malformed answer is a 502.
    pub fn refusal(self) -> Refusal {
        match self {
            Failure::TimedOut => Refusal::of(RefusalKind::IntegrationTimeout, "the endpoint did not answer in time"),
            Failure::Unreachable(because) | Failure::Closed(because) => Refusal::of(RefusalKind::IntegrationFailure, because),
            Failure::Garbage(because) => Refusal::of(RefusalKind::BadGateway, because),
            Failure::Broken(because) => Refusal::of(RefusalKind::BadGateway, because),
            Failure::RequestBody(fault) => fault.refusal(),
        }
    }
}
