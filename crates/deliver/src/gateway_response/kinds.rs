//! The types of gateway responses, and what each looks like by default.

use super::record::GatewayResponse;
use std::collections::BTreeMap;

/// The types in the order in which violations print them. (observed in rest-api-control-plane.md §1.16)
pub const PRINTED: &[&str] = &[
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "MISSING_AUTHENTICATION_TOKEN",
    "BAD_REQUEST_BODY",
    "INVALID_SIGNATURE",
    "INVALID_API_KEY",
    "BAD_REQUEST_PARAMETERS",
    "AUTHORIZER_FAILURE",
    "UNAUTHORIZED",
    "INTEGRATION_TIMEOUT",
    "ACCESS_DENIED",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "WAF_FILTERED",
    "QUOTA_EXCEEDED",
    "THROTTLED",
    "API_CONFIGURATION_ERROR",
    "UNSUPPORTED_MEDIA_TYPE",
    "INTEGRATION_FAILURE",
    "EXPIRED_TOKEN",
];

/// The types by name, each with its status; the two defaults have none of their own. (observed/gateway-responses.json)
pub const STATUSES: &[(&str, Option<u16>)] = &[
    ("ACCESS_DENIED", Some(403)),
    ("API_CONFIGURATION_ERROR", Some(500)),
    ("AUTHORIZER_CONFIGURATION_ERROR", Some(500)),
    ("AUTHORIZER_FAILURE", Some(500)),
    ("BAD_REQUEST_BODY", Some(400)),
    ("BAD_REQUEST_PARAMETERS", Some(400)),
    ("DEFAULT_4XX", None),
    ("DEFAULT_5XX", None),
    ("EXPIRED_TOKEN", Some(403)),
    ("INTEGRATION_FAILURE", Some(504)),
    ("INTEGRATION_TIMEOUT", Some(504)),
    ("INVALID_API_KEY", Some(403)),
    ("INVALID_SIGNATURE", Some(403)),
    ("MISSING_AUTHENTICATION_TOKEN", Some(403)),
    ("QUOTA_EXCEEDED", Some(429)),
    ("REQUEST_TOO_LARGE", Some(413)),
    ("RESOURCE_NOT_FOUND", Some(404)),
    ("THROTTLED", Some(429)),
    ("UNAUTHORIZED", Some(401)),
    ("UNSUPPORTED_MEDIA_TYPE", Some(415)),
    ("WAF_FILTERED", Some(403)),
];

/// The template of every type that has no words of its own.
pub const TEMPLATE: &str = r#"{"message":$context.error.messageString}"#;

/// A type as nobody has worded it.
pub fn plain(api: &str, kind: &str) -> GatewayResponse {
    let status = STATUSES.iter().find(|(name, _)| *name == kind).and_then(|(_, status)| *status);
    GatewayResponse {
        api: api.to_owned(),
        kind: kind.to_owned(),
        status_code: status.map(|status| status.to_string()),
        parameters: BTreeMap::new(),
        templates: BTreeMap::from([("application/json".into(), TEMPLATE.into())]),
    }
}

/// The type whose words a type takes when it has none of its own.
pub fn family(kind: &str) -> Option<&'static str> {
    let (_, status) = STATUSES.iter().find(|(name, _)| *name == kind)?;
    status.map(|status| if status < 500 { "DEFAULT_4XX" } else { "DEFAULT_5XX" })
}

/// What a type looks like in an API that worded these: its own words, else its family's, else AWS's.
pub fn effective<'a>(api: &str, kind: &str, worded: impl Fn(&str) -> Option<&'a GatewayResponse>) -> GatewayResponse {
    if let Some(own) = worded(kind) {
        return own.clone();
    }
    let plain = plain(api, kind);
    match family(kind).and_then(worded) {
        Some(family) => GatewayResponse {
            status_code: family.status_code.clone().or(plain.status_code),
            parameters: family.parameters.clone(),
            templates: family.templates.clone(),
            ..plain
        },
        None => plain,
    }
}
