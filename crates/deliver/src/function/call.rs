//! An invocation, its answer, and why there is none.

use super::arn::FunctionArn;
use super::host::stream::AnswerStream;
use crate::upstream;
use base::gate::{Buffer, Refusal, RefusalKind};
use std::borrow::Cow;

/// Bytes of a payload, there and back, that is waited for (AWS: 6 MB).
pub const PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Bytes of an answer that streams (AWS: 200 MB).
pub const STREAM_BYTES_MAX: u64 = 200 * 1024 * 1024;
/// Bytes of a payload that nobody waits for (AWS: 1 MB).
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// How a function is invoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvocationType {
    /// The answer is waited for.
    #[default]
    RequestResponse,
    /// It is queued.
    Event,
    /// It is only asked whether it could be.
    DryRun,
}

impl InvocationType {
    /// As on the wire.
    pub fn name(self) -> &'static str {
        match self {
            InvocationType::RequestResponse => "RequestResponse",
            InvocationType::Event => "Event",
            InvocationType::DryRun => "DryRun",
        }
    }

    /// Reads a type.
    pub fn named(name: &str) -> Option<InvocationType> {
        [InvocationType::RequestResponse, InvocationType::Event, InvocationType::DryRun].into_iter().find(|kind| kind.name() == name)
    }
}

/// What is asked of a function.
#[derive(Debug)]
pub struct Invocation {
    pub function: FunctionArn,
    pub kind: InvocationType,
    /// JSON.
    pub payload: Buffer,
    /// The last 4 KB of its log are wanted.
    pub wants_log: bool,
    /// The answer may come in pieces, as [`Invoked::stream`].
    pub wants_stream: bool,
    /// JSON for `context.client_context`.
    pub client_context: Option<Box<str>>,
    /// `X-Amzn-Trace-Id`.
    pub trace: Option<Box<str>>,
    /// The API's method that asks, where the function's policy must allow it.
    pub source: Option<String>,
    /// The role that the gateway takes for it, if the function is not hosted here.
    pub role: Option<Box<str>>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Invoked {
    /// 200, 202 (queued) or 204 (it could be).
    pub status: u16,
    /// `Unhandled` or `Handled`, if the function failed: then the payload tells how.
    pub error: Option<Cow<'static, str>>,
    pub version: Box<str>,
    pub request_id: Box<str>,
    pub payload: Buffer,
    /// The answer itself, if it has only begun.
    pub stream: Option<Streamed>,
    /// The last 4 KB of its log, if they were wanted. Of an answer that streams they come at its end.
    pub log: Option<Vec<u8>>,
}

/// An answer that has begun.
#[derive(Debug)]
pub struct Streamed {
    /// What the function calls it.
    pub media: Box<str>,
    pub rest: AnswerStream,
}

/// Why a function could not be invoked. What the function itself did wrong is an [`Invoked`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such function, version or alias.
    NotFound(String),
    /// Its concurrency is used up, or the machine's.
    Throttled(&'static str),
    /// The payload is too large.
    TooLarge(usize),
    /// The caller may not.
    Denied(String),
    /// The integration's time was up. The function goes on.
    TimedOut,
    /// The code cannot be run here.
    Unready(String),
    /// Lambda said no: its status, its exception, its message.
    Said { status: u16, name: String, message: String },
    /// Nothing was asked, for want of something of ours.
    Unable(String),
    /// Lambda was not reached.
    Upstream(upstream::Failure),
}

impl Failure {
    /// Lambda's status, exception and message.
    pub fn wire(&self) -> (u16, Cow<'_, str>, String) {
        let (status, name, message) = match self {
            Failure::NotFound(function) => (404, "ResourceNotFoundException", format!("Function not found: {function}")),
            Failure::Throttled(_) => (429, "TooManyRequestsException", "Rate Exceeded.".to_owned()),
            Failure::TooLarge(max) => {
                (413, "RequestTooLargeException", format!("Request must be smaller than {max} bytes for the InvokeFunction operation"))
            }
            Failure::Denied(why) => (403, "AccessDeniedException", why.clone()),
            Failure::TimedOut => (504, "ServiceException", "The function did not answer in time.".to_owned()),
            Failure::Unready(why) => (502, "InvalidZipFileException", why.clone()),
            Failure::Said { status, name, message } => return (*status, Cow::Borrowed(name), message.clone()),
            Failure::Unable(_) | Failure::Upstream(_) => (500, "ServiceException", "Internal failure".to_owned()),
        };
        (status, Cow::Borrowed(name), message)
    }

    /// For the operator.
    pub fn because(&self) -> Cow<'static, str> {
        match self {
            Failure::Throttled(why) => Cow::Borrowed(why),
            Failure::Denied(why) => format!("Invalid permissions on Lambda function: {why}").into(),
            Failure::TimedOut => "the function did not answer in time".into(),
            Failure::Unable(why) => why.clone().into(),
            Failure::Upstream(upstream::Failure::Unreachable(why) | upstream::Failure::Closed(why)) => why.clone(),
            Failure::Upstream(upstream::Failure::Garbage(why)) => Cow::Borrowed(why),
            Failure::Upstream(upstream::Failure::TimedOut) => "Lambda did not answer in time".into(),
            other => {
                let (status, name, message) = other.wire();
                format!("Lambda answered {status} {name}: {message}").into()
            }
        }
    }

    /// What the caller of an API is told. Seen in the atlas (integrations §3.7): a missing permission, or function, is the API's fault
    /// (500), a throttled function is a bad gateway behind AWS_PROXY; a function's own failures are no matter of this.
    pub fn refusal(self) -> Refusal {
        let kind = match &self {
            Failure::TimedOut | Failure::Upstream(upstream::Failure::TimedOut) => RefusalKind::IntegrationTimeout,
            Failure::TooLarge(_) | Failure::Said { status: 413, .. } => RefusalKind::RequestTooLarge,
            Failure::Throttled(_) | Failure::Said { status: 429, .. } => RefusalKind::BadGateway,
            Failure::Upstream(upstream::Failure::RequestBody(fault)) => return fault.refusal(),
            Failure::Upstream(upstream::Failure::Garbage(_)) => RefusalKind::BadGateway,
            Failure::Upstream(_) => RefusalKind::IntegrationFailure,
            Failure::Said { status: 400, name, message } if name == "InvalidRequestContentException" => {
                return Refusal::saying(RefusalKind::BadRequest, message.clone(), self.because());
            }
            _ => RefusalKind::ApiConfigurationError,
        };
        Refusal::of(kind, self.because())
    }
}
