//! What is stored of an integration. It is part of its method's record: AWS nests it there, and they live and die together.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The back end of a method, and how messages are mapped to it and back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Integration {
    #[serde(rename = "type")]
    pub kind: IntegrationType,
    /// The verb towards the back end; `None` (or `ANY`) means the caller's.
    pub http_method: Option<String>,
    pub uri: Option<String>,
    /// `INTERNET` or `VPC_LINK`; `None` where AWS shows none (AWS, AWS_PROXY and MOCK).
    pub connection_type: Option<String>,
    pub connection_id: Option<String>,
    pub credentials: Option<String>,
    /// `integration.request.{location}.{name}` to a mapping expression.
    pub request_parameters: Option<BTreeMap<String, String>>,
    /// Media type to template; a null template passes through.
    pub request_templates: Option<BTreeMap<String, Option<String>>>,
    pub passthrough_behavior: PassthroughBehavior,
    /// `CONVERT_TO_BINARY` or `CONVERT_TO_TEXT`.
    pub content_handling: Option<String>,
    /// Milliseconds, 50 to 29,000 (longer under `extended`).
    pub timeout_ms: u32,
    /// The resource's id unless set.
    pub cache_namespace: String,
    #[serde(default)]
    pub cache_key_parameters: Vec<String>,
    pub insecure_skip_verification: Option<bool>,
    /// `BUFFERED` or `STREAM`.
    pub response_transfer_mode: Option<String>,
    /// A load balancer's ARN, with VPC links of the second kind.
    pub target: Option<String>,
    /// By status code.
    #[serde(default)]
    pub responses: BTreeMap<String, IntegrationResponse>,
}

/// What makes the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IntegrationType {
    /// Any HTTP endpoint, with mappings.
    Http,
    /// Any AWS service, with mappings.
    Aws,
    /// The gateway itself.
    Mock,
    /// Any HTTP endpoint, as it is.
    HttpProxy,
    /// A function, as it is.
    AwsProxy,
}

impl IntegrationType {
    /// As on the wire.
    pub fn name(self) -> &'static str {
        match self {
            IntegrationType::Http => "HTTP",
            IntegrationType::Aws => "AWS",
            IntegrationType::Mock => "MOCK",
            IntegrationType::HttpProxy => "HTTP_PROXY",
            IntegrationType::AwsProxy => "AWS_PROXY",
        }
    }

    /// Reads a type; definitions spell it in any case.
    pub fn named(name: &str) -> Option<IntegrationType> {
        use IntegrationType::{Aws, AwsProxy, Http, HttpProxy, Mock};
        [Http, Aws, Mock, HttpProxy, AwsProxy].into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// Whether it talks HTTP to an endpoint of the author's.
    pub fn is_http(self) -> bool {
        matches!(self, IntegrationType::Http | IntegrationType::HttpProxy)
    }
}

/// What happens to a body no template is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PassthroughBehavior {
    /// It passes.
    #[default]
    WhenNoMatch,
    /// It passes if there is no template at all, else 415.
    WhenNoTemplates,
    /// 415.
    Never,
}

impl PassthroughBehavior {
    /// As on the wire.
    pub fn name(self) -> &'static str {
        match self {
            PassthroughBehavior::WhenNoMatch => "WHEN_NO_MATCH",
            PassthroughBehavior::WhenNoTemplates => "WHEN_NO_TEMPLATES",
            PassthroughBehavior::Never => "NEVER",
        }
    }

    /// Reads a behaviour; definitions spell it in any case.
    pub fn named(name: &str) -> Option<PassthroughBehavior> {
        use PassthroughBehavior::{Never, WhenNoMatch, WhenNoTemplates};
        [WhenNoMatch, WhenNoTemplates, Never].into_iter().find(|way| way.name().eq_ignore_ascii_case(name))
    }
}

/// How one sort of back-end answer becomes the method's answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IntegrationResponse {
    pub status_code: String,
    /// A regular expression over the back end's status (or a function's error); the default response has none, or an empty one.
    pub selection_pattern: Option<String>,
    /// `method.response.header.{name}` to a mapping expression.
    pub response_parameters: Option<BTreeMap<String, String>>,
    /// Media type to template; a null template passes through.
    pub response_templates: Option<BTreeMap<String, Option<String>>>,
    pub content_handling: Option<String>,
}

/// Milliseconds an integration may take when nobody says.
pub const TIMEOUT_MS_DEFAULT: u32 = 29_000;
/// Milliseconds an integration that streams may be given (AWS: 15 minutes).
pub const STREAM_TIMEOUT_MS_MAX: u32 = 900_000;
/// Milliseconds an integration must be given at least.
pub const TIMEOUT_MS_MIN: u32 = 50;
