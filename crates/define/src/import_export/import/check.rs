//! Whether AWS would take an integration. What it refuses but another reader might understand is no fatal flaw: a URI with a placeholder
//! nobody filled in, a function's bare name, a header that the method does not declare.

use crate::method::record::Method;
use deliver::integration::record::{Integration, IntegrationResponse, IntegrationType, TIMEOUT_MS_MIN};
use std::ops::RangeInclusive;

/// Something AWS refuses.
pub(super) struct Flaw {
    /// Whether it is refused here under every profile.
    pub(super) is_fatal: bool,
    /// AWS's words.
    pub(super) text: String,
}

fn flaw(is_fatal: bool, text: impl Into<String>) -> Flaw {
    Flaw { is_fatal, text: text.into() }
}

/// Milliseconds an integration may take.
pub(super) fn timeouts_ms(strict: bool) -> RangeInclusive<u32> {
    TIMEOUT_MS_MIN..=if strict { 29_000 } else { 900_000 }
}

/// What is wrong with an integration in its method.
pub(super) fn integration(method: &Method, integration: &Integration) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if integration.http_method.is_none() && integration.kind != IntegrationType::Mock {
        flaws.push(flaw(true, "Enumeration value for HttpMethod must be non-empty"));
    }
    flaws.extend(uri(integration));
    if integration.connection_type.as_deref() == Some("VPC_LINK") && integration.connection_id.is_none() {
        flaws.push(flaw(false, "Connection Id must be specified for VPC_LINK connection type"));
    }
    let declared = |value: &str| method.request_parameters.as_ref().is_some_and(|all| all.contains_key(value));
    let mut errors = Vec::new();
    for (key, value) in integration.request_parameters.iter().flatten() {
        if !key.starts_with("integration.request.") {
            errors.push(format!("Invalid mapping expression specified: {key}"));
        } else if value.starts_with("method.request.") && !value.starts_with("method.request.body") {
            if !declared(value) && !declared(&value.replacen(".multivalue", ".", 1)) {
                errors.push(format!("Invalid mapping expression parameter specified: {value}"));
            }
        } else if !is_constant(value) && !value.starts_with("method.request.body") {
            errors.push(format!("Invalid mapping expression specified: {value}"));
        }
    }
    flaws.extend(mapping(&errors));
    flaws
}

/// What is wrong with an integration response in its method. A proxy's are never used, and so never wrong.
pub(super) fn integration_response(method: &Method, kind: IntegrationType, response: &IntegrationResponse) -> Vec<Flaw> {
    if matches!(kind, IntegrationType::AwsProxy | IntegrationType::HttpProxy) {
        return Vec::new();
    }
    let Some(declared) = method.responses.get(&response.status_code) else {
        return vec![flaw(false, "Invalid Response status code specified")];
    };
    let has = |key: &str| declared.response_parameters.as_ref().is_some_and(|all| all.contains_key(key));
    let mut errors = Vec::new();
    for (key, value) in response.response_parameters.iter().flatten() {
        if !has(key) {
            errors.push(format!("Invalid mapping expression parameter specified: {key}"));
        }
        if !is_constant(value) && !value.starts_with("integration.response.") {
            errors.push(format!("Invalid mapping expression specified: {value}"));
        }
    }
    mapping(&errors).into_iter().collect()
}

fn is_constant(value: &str) -> bool {
    let quoted = value.len() >= 2 && value.starts_with('\'') && value.ends_with('\'');
    quoted || value.starts_with("context.") || value.starts_with("stageVariables.")
}

fn mapping(errors: &[String]) -> Option<Flaw> {
    let text = format!("Invalid mapping expression specified: Validation Result: warnings : [], errors : [{}]", errors.join(", "));
    (!errors.is_empty()).then(|| flaw(false, text))
}

fn uri(integration: &Integration) -> Option<Flaw> {
    let uri = integration.uri.as_deref().unwrap_or("");
    match integration.kind {
        IntegrationType::Mock => None,
        IntegrationType::Http | IntegrationType::HttpProxy => {
            let scheme = |name: &str| uri.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)) && uri.len() > name.len();
            let fits = scheme("http://") || scheme("https://");
            (!fits).then(|| flaw(!uri.contains("${"), "Invalid HTTP endpoint specified for URI"))
        }
        IntegrationType::Aws | IntegrationType::AwsProxy => arn(integration, uri),
    }
}

/// `arn:{partition}:apigateway:{region}:{service}:{path or action}/{what}`.
fn arn(integration: &Integration, uri: &str) -> Option<Flaw> {
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let (service, what) = match parts[..] {
        ["arn", _, "apigateway", region, service, what] if !region.is_empty() && !service.is_empty() => (service, what),
        _ => return Some(flaw(uri.starts_with("arn:") && !uri.contains("${"), "Invalid ARN specified in the request")),
    };
    let Some((form, target)) = what.split_once('/').filter(|(form, _)| matches!(*form, "path" | "action")) else {
        return Some(flaw(!uri.contains("${"), "AWS ARN for integration must contain path or action"));
    };
    let is_function = service == "lambda" && form == "path";
    if integration.kind == IntegrationType::AwsProxy && !is_function && service != "firehose" {
        let text = "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.";
        return Some(flaw(true, text));
    }
    if is_function {
        let function = target.split_once("/functions/").and_then(|(_, rest)| {
            let (function, invocation) = rest.rsplit_once('/')?;
            matches!(invocation, "invocations" | "response-streaming-invocations").then_some(function)
        });
        // A bare name, a placeholder, or another service's ARN is a flaw of the function; all else is no function's URI at all.
        let is_hopeless = |function: &str| function.is_empty() || function.contains(':') && !function.starts_with("arn:");
        let is_fatal = function.is_none_or(is_hopeless) && !uri.contains("${");
        let fits = function.is_some_and(is_function_arn);
        return (!fits).then(|| flaw(is_fatal, "Invalid function ARN or invalid uri"));
    }
    integration.credentials.is_none().then(|| flaw(false, "Role ARN must be specified for AWS integrations"))
}

/// `arn:{partition}:lambda:{region}:{account}:function:{name}`, and perhaps a qualifier. Stage variables may stand anywhere in it.
fn is_function_arn(function: &str) -> bool {
    let parts: Vec<&str> = function.splitn(8, ':').collect();
    matches!(parts[..], ["arn", _, "lambda", _, _, "function", name, ..] if !name.is_empty()) || function.contains("${stageVariables.")
}
