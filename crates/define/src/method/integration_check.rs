//! What must hold of every integration that is stored, whichever way it came.

use super::record::{Method, VERBS};
use super::{expressions, integration_response};
use crate::limits::{self, TEXT_BYTES_MAX};
use base::api::{ApiError, Control};
use deliver::integration::record::{
    Integration, IntegrationType, PassthroughBehavior, STREAM_TIMEOUT_MS_MAX, TIMEOUT_MS_DEFAULT, TIMEOUT_MS_MIN,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Under which rules an integration is checked.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whether only what AWS has is allowed.
    pub strict: bool,
    /// Whose roles may be assumed.
    pub account: Arc<str>,
    /// Milliseconds an integration may take at most: a quota on AWS, a setting here.
    pub timeout_ms_max: u32,
}

impl Rules {
    /// The rules of a call.
    pub fn of(cx: &Control) -> Rules {
        Rules {
            strict: cx.settings.aws_strict,
            account: cx.realm().account.clone(),
            timeout_ms_max: cx.settings.integration_timeout_ms_max,
        }
    }
}

/// An integration with AWS's defaults.
pub fn fresh(kind: IntegrationType, resource: &str) -> Integration {
    Integration {
        kind,
        http_method: None,
        uri: None,
        connection_type: None,
        connection_id: None,
        credentials: None,
        request_parameters: None,
        request_templates: None,
        passthrough_behavior: PassthroughBehavior::WhenNoMatch,
        content_handling: None,
        timeout_ms: TIMEOUT_MS_DEFAULT,
        cache_namespace: resource.to_owned(),
        cache_key_parameters: Vec::new(),
        insecure_skip_verification: None,
        response_transfer_mode: None,
        target: None,
        responses: BTreeMap::new(),
    }
}

/// An integration as it is stored, if it makes sense in its method. Imports check theirs here too.
pub fn check(method: &Method, mut integration: Integration, rules: &Rules) -> Result<Integration, ApiError> {
    let refuse = |text: &str| Err(ApiError::bad_request(text));
    integration.credentials = integration.credentials.filter(|role| !role.is_empty());
    // Shown for HTTP alone. (observed/integrations-crud.json)
    let shows_connection = integration.kind.is_http() || integration.connection_type.as_deref() == Some("VPC_LINK");
    integration.connection_type = shows_connection.then(|| integration.connection_type.take().unwrap_or_else(|| "INTERNET".into()));
    let verb = integration.http_method.take().filter(|verb| !verb.is_empty());
    match &verb {
        None if integration.kind != IntegrationType::Mock => return refuse("Enumeration value for HttpMethod must be non-empty"),
        Some(verb) if !VERBS.contains(&verb.as_str()) => {
            return refuse(&format!("Invalid HttpMethod specified. Valid options are {}", VERBS.join(",")));
        }
        _ => integration.http_method = verb,
    }
    check_uri(&integration, rules)?;
    if integration.connection_type.as_deref() == Some("VPC_LINK") && integration.connection_id.as_deref().unwrap_or("").is_empty() {
        return refuse("Connection Id must be specified for VPC_LINK connection type");
    }
    let streams = integration.response_transfer_mode.as_deref() == Some("STREAM");
    let timeout_ms_max = if streams { rules.timeout_ms_max.max(STREAM_TIMEOUT_MS_MAX) } else { rules.timeout_ms_max };
    if !(TIMEOUT_MS_MIN..=timeout_ms_max).contains(&integration.timeout_ms) {
        return refuse(&format!("Timeout should be between {TIMEOUT_MS_MIN} ms and {timeout_ms_max} ms"));
    }
    integration.request_parameters.as_ref().map_or(Ok(()), |mapped| expressions::check_request_mapping(mapped, method))?;
    integration.request_templates.as_ref().map_or(Ok(()), |all| expressions::check_templates("requestTemplates", all))?;
    limits::entries("cacheKeyParameters", integration.cache_key_parameters.len())?;
    integration.cache_key_parameters.iter().try_for_each(|name| limits::text("A cache key parameter", name, TEXT_BYTES_MAX))?;
    limits::text("cacheNamespace", &integration.cache_namespace, TEXT_BYTES_MAX)?;
    for (what, text) in [
        ("connectionId", &integration.connection_id),
        ("credentials", &integration.credentials),
        ("integrationTarget", &integration.target),
        ("uri", &integration.uri),
    ] {
        limits::optional(what, text.as_ref(), TEXT_BYTES_MAX)?;
    }
    Ok(integration)
}

/// The address of a back end, by the type of its integration.
pub(crate) fn check_uri(integration: &Integration, rules: &Rules) -> Result<(), ApiError> {
    let uri = integration.uri.as_deref().unwrap_or("");
    match integration.kind {
        IntegrationType::Mock => Ok(()),
        IntegrationType::Http | IntegrationType::HttpProxy if is_http(uri, rules) => Ok(()),
        IntegrationType::Http | IntegrationType::HttpProxy => Err(ApiError::bad_request("Invalid HTTP endpoint specified for URI")),
        IntegrationType::Aws | IntegrationType::AwsProxy => check_arn(integration, uri, rules),
    }
}

/// `http` or `https`, a host, and nothing that may not be in a URL. Path parameters and stage variables may stand anywhere but in the
/// scheme. (rest-api-control-plane.md §1.11)
fn is_http(uri: &str, rules: &Rules) -> bool {
    let scheme = |name: &str| uri.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)).then(|| &uri[name.len()..]);
    let Some(rest) = scheme("http://").or_else(|| scheme("https://")) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // A stage variable may well bring the port, and has no colon itself.
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let port_fits = |port: &str| match port.parse::<u16>() {
        Ok(port) => !rules.strict || port == 80 || port == 443 || port > 1024,
        Err(_) => port.contains('{'),
    };
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b'\\' | b'^' | b'`' | b'|');
    !name.is_empty() && port.is_none_or(port_fits) && rest.bytes().all(plain)
}

/// `arn:{partition}:apigateway:{region}:{service}:{path or action}/{what}`.
fn check_arn(integration: &Integration, uri: &str, rules: &Rules) -> Result<(), ApiError> {
    let refuse = |text: &str| Err(ApiError::bad_request(text));
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let ["arn", _, "apigateway", region, service, what] = parts[..] else {
        return refuse("Invalid ARN specified in the request");
    };
    if region.is_empty() || service.is_empty() {
        return refuse("Invalid ARN specified in the request");
    }
    let Some((form, target)) = what.split_once('/').filter(|(form, _)| matches!(*form, "path" | "action")) else {
        return refuse("AWS ARN for integration must contain path or action");
    };
    // Other paths of the Lambda service are asked for like those of any service.
    let invokes = integration.kind == IntegrationType::AwsProxy || target.ends_with("invocations");
    let is_function = service == "lambda" && form == "path" && invokes;
    if integration.kind == IntegrationType::AwsProxy && !is_function && service != "firehose" {
        return refuse("Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.");
    }
    if is_function {
        // AWS takes `path//2015-03-31/…`, too. (observed/lambda.json)
        let function = target.trim_start_matches('/').split_once("/functions/").and_then(|(_, rest)| {
            let (function, invocation) = rest.rsplit_once('/')?;
            matches!(invocation, "invocations" | "response-streaming-invocations").then_some(function)
        });
        let fits = |function: &str| function.starts_with("arn:") || function.contains("${stageVariables.");
        if !function.is_some_and(fits) {
            return refuse("Invalid function ARN or invalid uri");
        }
    } else if integration.credentials.is_none() {
        return refuse("Role ARN must be specified for AWS integrations");
    }
    // A foreign role is refused only where AWS's word is law: elsewhere definitions come with the account they were made for.
    let role_account = integration.credentials.as_deref().and_then(|role| role.split(':').nth(4)).unwrap_or("*");
    if rules.strict && !matches!(role_account, "*" | "") && *role_account != *rules.account {
        return Err(ApiError::AccessDenied("Cross-account pass role is not allowed.".into()));
    }
    Ok(())
}

/// Checks an integration together with its responses, for imports.
pub fn check_whole(method: &Method, integration: Integration, rules: &Rules) -> Result<Integration, ApiError> {
    let integration = check(method, integration, rules)?;
    integration.responses.values().try_for_each(|response| integration_response::check(method, response))?;
    Ok(integration)
}
