//! What is remembered of a request while it runs and for a while after: fixed in size, a few stores for each step.

use super::refusal::{Refusal, RefusalKind};
use crate::world::Moment;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

/// The steps of a request's life, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    Host,
    Waf,
    Route,
    ResourcePolicy,
    Authorizer,
    ApiKey,
    Quota,
    PlanThrottle,
    StageThrottle,
    AccountThrottle,
    Decompression,
    Validation,
    Cache,
    IntegrationRequest,
    Integration,
    IntegrationResponse,
}

impl Stage {
    /// All, in order.
    pub const ALL: [Stage; 16] = [
        Stage::Host,
        Stage::Waf,
        Stage::Route,
        Stage::ResourcePolicy,
        Stage::Authorizer,
        Stage::ApiKey,
        Stage::Quota,
        Stage::PlanThrottle,
        Stage::StageThrottle,
        Stage::AccountThrottle,
        Stage::Decompression,
        Stage::Validation,
        Stage::Cache,
        Stage::IntegrationRequest,
        Stage::Integration,
        Stage::IntegrationResponse,
    ];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Host => "host and stage",
            Stage::Waf => "web ACL",
            Stage::Route => "resource and method",
            Stage::ResourcePolicy => "resource policy",
            Stage::Authorizer => "authorizer",
            Stage::ApiKey => "API key",
            Stage::Quota => "quota",
            Stage::PlanThrottle => "usage plan throttle",
            Stage::StageThrottle => "stage and method throttle",
            Stage::AccountThrottle => "account throttle",
            Stage::Decompression => "decompression",
            Stage::Validation => "request validation",
            Stage::Cache => "response cache",
            Stage::IntegrationRequest => "integration request",
            Stage::Integration => "integration",
            Stage::IntegrationResponse => "integration response",
        }
    }
}

/// How a step went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// The request did not get there.
    #[default]
    NotReached,
    /// Nothing is configured there.
    Absent,
    /// It passed.
    Passed,
    /// It was refused there.
    Refused,
}

/// A short text in place: ids and names, cut at 31 bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Short {
    len: u8,
    bytes: [u8; 31],
}

impl Short {
    /// The text, cut where it is too long.
    pub fn of(text: &str) -> Short {
        let mut end = text.len().min(31);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut bytes = [0; 31];
        bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
        Short { len: end as u8, bytes }
    }

    /// The text's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The text; empty when nothing was noted.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("it was cut at a character")
    }
}

impl std::fmt::Debug for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// What is noted of the call to the back end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Upstream {
    /// Which address was used.
    pub address: Option<SocketAddr>,
    /// Whether the connection came from the pool.
    pub reused: bool,
    /// Connections tried: 2 after a retry.
    pub attempts: u8,
    /// When the call began.
    pub began: Moment,
    /// When a connection was there.
    pub connected: Moment,
    /// When the head of the answer was there.
    pub answered: Moment,
    /// The back end's status; 0 when there was no answer.
    pub status: u16,
}

/// Who was chosen from, where a back end is one of several.
#[derive(Clone, Debug)]
pub struct Among {
    /// The ARN that was asked for.
    pub group: Arc<str>,
    /// Targets behind it, and how many of them were well.
    pub targets: u16,
    pub well: u16,
    /// How often the request was tried again on another.
    pub retries: u8,
}

/// What the response cache had for a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Cached {
    /// It was not asked.
    #[default]
    Unasked,
    /// The answer.
    Hit,
    /// Nothing, or nothing that was wanted.
    Miss,
}

/// The notes of one request.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// How each step went.
    pub verdicts: [Verdict; Stage::ALL.len()],
    /// The API key's id.
    pub key: Short,
    /// The usage plan's id.
    pub plan: Short,
    /// Units left of the quota.
    pub quota_left: Option<u64>,
    /// Tokens left in the narrowest bucket that was asked.
    pub tokens_left: Option<u32>,
    /// The call to the back end.
    pub upstream: Upstream,
    /// Among whom it was chosen.
    pub among: Option<Box<Among>>,
    /// The function that was invoked, by ARN.
    pub function: Option<Arc<str>>,
    /// What was wrong with it: the message of its own error, or why there was no answer.
    pub function_error: Option<Box<str>>,
    /// What AWS's service, or the function host, calls its answer.
    pub endpoint_request_id: Option<Box<str>>,
    /// What the response cache had.
    pub cached: Cached,
    /// Why it was refused.
    pub refused: Option<(RefusalKind, Cow<'static, str>)>,
    /// The caller's text of the refusal, and what validation had to say, for `$context.error.*`.
    pub error_message: Option<Cow<'static, str>>,
    pub validation_error: Option<String>,
    /// The status that was sent.
    pub status: u16,
    /// Bytes of body sent.
    pub sent_bytes: u64,
    /// When the last of the request's head was there, where the edge knows; when it was read, and when the answer had been sent.
    pub came: Moment,
    pub head: Moment,
    pub done: Moment,
}

impl Notes {
    /// Notes how a step went.
    pub fn mark(&mut self, stage: Stage, verdict: Verdict) {
        self.verdicts[stage as usize] = verdict;
    }

    /// How a step went.
    pub fn verdict(&self, stage: Stage) -> Verdict {
        self.verdicts[stage as usize]
    }

    /// Notes a step's result and hands it on.
    pub fn outcome<T>(&mut self, stage: Stage, result: Result<T, Refusal>) -> Result<T, Refusal> {
        self.mark(stage, if result.is_ok() { Verdict::Passed } else { Verdict::Refused });
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!(Short::of("abc").as_str(), "abc");
        assert_eq!(Short::of(&"é".repeat(20)).as_str(), "é".repeat(15));
    }
}
