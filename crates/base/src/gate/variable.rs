//! `$context` variables: named once, when something is compiled, and written straight into a buffer when a request is there.

use super::exchange::{Exchange, Scheme};
use super::notes::{Notes, Stage, Verdict};
use super::tls::Tls;
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
    AwsEndpointRequestId = "awsEndpointRequestId",
    CipherSuite = "cipherSuite",
    CustomDomainBasePath = "customDomain.basePathMatched",
    DeploymentId = "deploymentId",
    DomainName = "domainName",
    DomainPrefix = "domainPrefix",
    EndpointType = "endpointType",
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
    IntegrationError = "integrationErrorMessage",
    IntegrationErrorLong = "integration.error",
    IntegrationLatency = "integrationLatency",
    IntegrationLatencyLong = "integration.latency",
    IntegrationRequestId = "integration.requestId",
    IntegrationStatus = "integrationStatus",
    IntegrationStatusLong = "integration.status",
    IntegrationStatusOfService = "integration.integrationStatus",
    IntegrationTimeToHeaders = "integration.timeToAllHeaders",
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
    TlsVersion = "tlsVersion",
}

/// Variables of AWS's that this build knows by name and never has a value for: what they tell of is not there yet. A whole name, or
/// with a full stop at its end all that begins so.
const WITHOUT_VALUE: &[&str] = &[
    "authenticate.",
    "authorize.",
    "authorizer.",
    "customDomain.routingRuleIdMatched",
    "identity.accessKey",
    "identity.accountId",
    "identity.caller",
    "identity.clientCert.",
    "identity.cognitoAuthenticationProvider",
    "identity.cognitoAuthenticationType",
    "identity.cognitoIdentityId",
    "identity.cognitoIdentityPoolId",
    "identity.principalOrgId",
    "identity.user",
    "identity.userArn",
    "identity.vpcId",
    "identity.vpceId",
    "integration.responseTransferMode",
    "integration.timeToFirstContent",
    "requestOverride.",
    "responseOverride.",
    "waf.",
    "wafResponseCode",
    "webaclArn",
    "xrayTraceId",
];

impl Variable {
    /// The variable of this name (without `$context.`), for what callers read, too.
    pub fn named(name: &str) -> Option<Variable> {
        // Why an integration failed is for the operator alone.
        Variable::logged(name).filter(|variable| !matches!(variable, Variable::IntegrationError | Variable::IntegrationErrorLong))
    }

    /// The variable of this name (without `$context.`), for access logs.
    pub fn logged(name: &str) -> Option<Variable> {
        ALL.iter().find(|(text, _)| *text == name).map(|(_, variable)| *variable)
    }

    /// Whether a name (without `$context.`) is one of AWS's, with a value in this build or without.
    pub fn is_known(name: &str) -> bool {
        let stands_for = |known: &&str| if known.ends_with('.') { name.starts_with(*known) } else { name == *known };
        Variable::logged(name).is_some() || WITHOUT_VALUE.iter().any(stands_for)
    }

    /// Whether its value is our own making: digits, ids and names that need no escaping, whoever asks.
    pub fn is_plain(self) -> bool {
        use Variable::*;
        matches!(
            self,
            AccountId
                | ApiId
                | CipherSuite
                | DeploymentId
                | EndpointType
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
                | IntegrationStatusOfService
                | IntegrationTimeToHeaders
                | IsCanaryRequest
                | Protocol
                | RequestId
                | RequestTime
                | RequestTimeEpoch
                | ResourceId
                | ResponseLatency
                | ResponseLength
                | Status
                | TlsVersion
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
            Variable::AwsEndpointRequestId | Variable::IntegrationRequestId => text(notes.endpoint_request_id.as_deref().unwrap_or("")),
            Variable::CipherSuite => text(tls(ex).map_or("", Tls::cipher)),
            Variable::CustomDomainBasePath => {
                if let Some(base_path) = &ex.place.base_path {
                    text(if base_path.is_empty() { "(none)" } else { base_path });
                }
            }
            Variable::DeploymentId => text(stage.map_or("", |stage| &stage.deployment)),
            Variable::DomainName => text(host()),
            Variable::DomainPrefix => text(host().split('.').next().unwrap_or("")),
            Variable::EndpointType => text(stage.map_or("", |stage| &stage.endpoint_type)),
            Variable::ErrorMessage => text(notes.error_message.as_deref().unwrap_or("")),
            Variable::ErrorMessageString if notes.refused.is_none() => {}
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
            Variable::IntegrationError | Variable::IntegrationErrorLong => text(integration_error(notes)),
            Variable::IntegrationLatency | Variable::IntegrationLatencyLong | Variable::IntegrationTimeToHeaders => {
                if let Some(ms) = integration_ms(notes) {
                    number(out, ms);
                }
            }
            Variable::IntegrationStatus | Variable::IntegrationStatusLong | Variable::IntegrationStatusOfService => {
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
            Variable::TlsVersion => text(tls(ex).map_or("", Tls::version)),
        }
    }
}

/// Milliseconds between asking the back end and its answer; `None` when it was not asked.
fn integration_ms(notes: &Notes) -> Option<u64> {
    let upstream = &notes.upstream;
    (upstream.attempts > 0).then(|| upstream.answered.since(upstream.began).as_millis() as u64)
}

/// Why the integration failed; nothing when it did not.
fn integration_error(notes: &Notes) -> &str {
    const STEPS: [Stage; 3] = [Stage::IntegrationRequest, Stage::Integration, Stage::IntegrationResponse];
    let failed = STEPS.iter().any(|step| notes.verdict(*step) == Verdict::Refused);
    notes.refused.as_ref().filter(|_| failed).map_or("", |(_, because)| because)
}

fn tls(ex: &Exchange) -> Option<Tls> {
    match ex.request.scheme {
        Scheme::Https(tls) => Some(tls),
        Scheme::Http => None,
    }
}

fn number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_awss_variables_are_known_by_name_and_no_other() {
        let documented = "accountId apiId authorizer.principalId authorizer.key authorizer.claims.sub awsEndpointRequestId deploymentId \
             domainName domainPrefix error.message error.messageString error.responseType error.validationErrorString extendedRequestId \
             httpMethod identity.accountId identity.apiKey identity.apiKeyId identity.caller identity.cognitoAuthenticationProvider \
             identity.cognitoAuthenticationType identity.cognitoIdentityId identity.cognitoIdentityPoolId identity.principalOrgId \
             identity.sourceIp identity.clientCert.clientCertPem identity.clientCert.validity.notAfter identity.vpcId identity.vpceId \
             identity.user identity.userAgent identity.userArn identity.accessKey isCanaryRequest path protocol requestId \
             requestOverride.header.x requestTime requestTimeEpoch resourceId resourcePath responseOverride.status stage \
             wafResponseCode webaclArn authorize.error authorize.latency authorize.status authenticate.status authorizer.error \
             authorizer.integrationLatency authorizer.integrationStatus authorizer.latency authorizer.requestId authorizer.status \
             cipherSuite tlsVersion endpointType customDomain.basePathMatched customDomain.routingRuleIdMatched integration.error \
             integration.integrationStatus integration.latency integration.requestId integration.responseTransferMode \
             integration.status integration.timeToAllHeaders integration.timeToFirstContent integrationErrorMessage \
             integrationLatency integrationStatus responseLatency responseLength status waf.error waf.latency waf.status xrayTraceId";
        for name in documented.split_whitespace() {
            assert!(Variable::is_known(name), "{name}");
        }
        for name in ["nonsense", "identity", "identity.api", "wafResponse", "Status", ""] {
            assert!(!Variable::is_known(name), "{name}");
        }
    }
}
