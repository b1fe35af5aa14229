//! `$context` variables: named once, when something is compiled, and written straight into a buffer when a request is there.

use super::exchange::Exchange;
use super::notes::Notes;
use h1::{Known, Version};

macro_rules! variables {
    ($($name:ident = $text:literal,)*) => {
        /// A `$context` variable that Cardea knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Variable {
            $(#[doc = $text] $name,)*
        }

        const ALL: &[(&str, Variable)] = &[$(($text, Variable::$name),)*];
    };
}

variables! {
    AccountId = "accountId",
    ApiId = "apiId",
    CustomDomainBasePath = "customDomain.basePathMatched",
    DeploymentId = "deploymentId",
    DomainName = "domainName",
    DomainPrefix = "domainPrefix",
    ErrorMessage = "error.message",
    ErrorMessageString = "error.messageString",
    ErrorResponseType = "error.responseType",
    ErrorValidation = "error.validationErrorString",
    ExtendedRequestId = "extendedRequestId",
    HttpMethod = "httpMethod",
    IdentityAccessKey = "identity.accessKey",
    IdentityAccountId = "identity.accountId",
    IdentityApiKey = "identity.apiKey",
    IdentityApiKeyId = "identity.apiKeyId",
    IdentityCaller = "identity.caller",
    IdentitySourceIp = "identity.sourceIp",
    IdentityUser = "identity.user",
    IdentityUserAgent = "identity.userAgent",
    IdentityUserArn = "identity.userArn",
    IntegrationLatency = "integrationLatency",
    IntegrationLatencyLong = "integration.latency",
    IntegrationStatus = "integrationStatus",
    IntegrationStatusLong = "integration.status",
    IsCanaryRequest = "isCanaryRequest",
    OperationName = "operationName",
    Path = "path",
    Protocol = "protocol",
    RequestId = "requestId",
    RequestTime = "requestTime",
    RequestTimeEpoch = "requestTimeEpoch",
    ResourceId = "resourceId",
    ResourcePath = "resourcePath",
    ResponseLatency = "responseLatency",
    ResponseLength = "responseLength",
    Stage = "stage",
    Status = "status",
}

impl Variable {
    /// The variable of this name (without `$context.`).
    pub fn named(name: &str) -> Option<Variable> {
        ALL.iter().find(|(text, _)| *text == name).map(|(_, variable)| *variable)
    }

    /// Whether its value is our own making: digits, ids and names that need no escaping, whoever asks.
    pub fn is_plain(self) -> bool {
        use Variable::*;
        matches!(
            self,
            AccountId
                | ApiId
                | DeploymentId
                | ErrorResponseType
                | ExtendedRequestId
                | IdentityAccessKey
                | IdentityAccountId
                | IdentityApiKeyId
                | IdentitySourceIp
                | IntegrationLatency
                | IntegrationLatencyLong
                | IntegrationStatus
                | IntegrationStatusLong
                | IsCanaryRequest
                | Protocol
                | RequestId
                | RequestTime
                | RequestTimeEpoch
                | ResourceId
                | ResponseLatency
                | ResponseLength
                | Status
        )
    }

    /// Appends its value; answers whether it has one.
    pub fn write(self, ex: &Exchange, out: &mut Vec<u8>) -> bool {
        let begin = out.len();
        self.put(ex, out);
        out.len() > begin
    }

    /// Its value as text; `None` when it has none.
    pub fn text(self, ex: &Exchange) -> Option<String> {
        let mut out = Vec::new();
        self.write(ex, &mut out).then(|| String::from_utf8_lossy(&out).into_owned())
    }

    fn put(self, ex: &Exchange, out: &mut Vec<u8>) {
        let notes = &ex.notes;
        let stage = ex.place.stage.as_deref();
        let route = ex.place.route.as_deref();
        let signer = ex.caller.signer.as_deref();
        let host = || ex.request.head.host_name();
        let mut text = |text: &str| out.extend_from_slice(text.as_bytes());
        match self {
            Variable::AccountId => text(stage.map_or("", |stage| &stage.account)),
            Variable::ApiId => text(stage.map_or("", |stage| &stage.api)),
            Variable::CustomDomainBasePath => {
                if let Some(base_path) = &ex.place.base_path {
                    text(if base_path.is_empty() { "(none)" } else { base_path });
                }
            }
            Variable::DeploymentId => text(stage.map_or("", |stage| &stage.deployment)),
            Variable::DomainName => text(host()),
            Variable::DomainPrefix => text(host().split('.').next().unwrap_or("")),
            Variable::ErrorMessage => text(notes.error_message.as_deref().unwrap_or("")),
            Variable::ErrorMessageString => text(&match &notes.error_message {
                Some(message) => serde_json::Value::from(message.as_ref()).to_string(),
                None => "null".to_owned(),
            }),
            Variable::ErrorResponseType => text(notes.refused.as_ref().and_then(|(kind, _)| kind.word()).unwrap_or("")),
            Variable::ErrorValidation => text(notes.validation_error.as_deref().unwrap_or("")),
            Variable::ExtendedRequestId => out.extend_from_slice(ex.extended_id.as_bytes()),
            Variable::HttpMethod => text(ex.request.head.method_text()),
            Variable::IdentityAccessKey => text(signer.map_or("", |signer| &signer.access_key)),
            Variable::IdentityAccountId => text(signer.map_or("", |signer| &signer.account)),
            // Of what signs there is one id, told twice (documented).
            Variable::IdentityCaller | Variable::IdentityUser => text(signer.map_or("", |signer| &signer.id)),
            Variable::IdentityUserArn => text(signer.map_or("", |signer| &signer.arn)),
            // A key that was found good is the one that came in the header. It is a secret: access logs mask it.
            Variable::IdentityApiKey if !ex.caller.api_key_id.as_bytes().is_empty() => {
                out.extend_from_slice(ex.request.head.field(Known::XApiKey).unwrap_or_default());
            }
            Variable::IdentityApiKey => {}
            Variable::IdentityApiKeyId => out.extend_from_slice(ex.caller.api_key_id.as_bytes()),
            Variable::IdentitySourceIp => match ex.request.peer.ip() {
                std::net::IpAddr::V4(ip) => ip.octets().into_iter().enumerate().for_each(|(n, octet)| {
                    if n > 0 {
                        out.push(b'.');
                    }
                    number(out, u64::from(octet));
                }),
                std::net::IpAddr::V6(ip) => {
                    use std::io::Write;
                    write!(out, "{ip}").expect("a vector takes what is written to it");
                }
            },
            Variable::IdentityUserAgent => out.extend_from_slice(ex.request.head.field(Known::UserAgent).unwrap_or_default()),
            Variable::IntegrationLatency | Variable::IntegrationLatencyLong => {
                if let Some(ms) = integration_ms(notes) {
                    number(out, ms);
                }
            }
            Variable::IntegrationStatus | Variable::IntegrationStatusLong => {
                if notes.upstream.status != 0 {
                    number(out, u64::from(notes.upstream.status));
                }
            }
            Variable::IsCanaryRequest => text(match ex.place.canary {
                Some(true) => "true",
                Some(false) => "false",
                None => "",
            }),
            Variable::OperationName => text(route.and_then(|route| route.operation_name.as_deref()).unwrap_or("")),
            Variable::Path => text(ex.path()),
            Variable::Protocol => text(if ex.request.head.version() == Version::Http10 { "HTTP/1.0" } else { "HTTP/1.1" }),
            Variable::RequestId => out.extend_from_slice(ex.id.as_bytes()),
            Variable::RequestTime => ex.received.write_common_log(out),
            Variable::RequestTimeEpoch => number(out, ex.received.0),
            Variable::ResourceId => text(route.map_or("", |route| &route.resource_id)),
            Variable::ResourcePath => text(route.map_or("", |route| &route.resource_path)),
            Variable::ResponseLatency => number(out, notes.done.since(notes.head).as_millis() as u64),
            Variable::ResponseLength => number(out, notes.sent_bytes),
            Variable::Stage => text(stage.map_or("", |stage| &stage.stage)),
            Variable::Status => number(out, u64::from(notes.status)),
        }
    }
}

/// Milliseconds between asking the back end and its answer; `None` when it was not asked.
fn integration_ms(notes: &Notes) -> Option<u64> {
    let upstream = &notes.upstream;
    (upstream.attempts > 0).then(|| upstream.answered.since(upstream.began).as_millis() as u64)
}

fn number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}
