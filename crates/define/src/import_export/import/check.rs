//! Whether AWS would take what a definition says of a method: by the same checks as a single call's. What AWS refuses but another reader
//! might understand is no fatal flaw: an address with a placeholder that nobody filled in, a name in an ARN's place, a header that the
//! method does not declare.

use crate::limits::{self, NAME_BYTES_MAX, TEXT_BYTES_MAX};
use crate::method::expressions::{
    check_method_parameters, check_request_mapping, check_response_headers, check_response_mapping, check_templates,
};
use crate::method::integration_check::{Rules, check_uri};
use crate::method::record::{Method, MethodResponse, VERBS};
use base::api::ApiError;
use deliver::integration::record::{Integration, IntegrationResponse, IntegrationType};

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

fn flaws(results: impl IntoIterator<Item = Result<(), ApiError>>) -> Vec<Flaw> {
    let found = results.into_iter().filter_map(Result::err).map(|why| why.to_string());
    found.map(|text| flaw(!is_about_names(&text), text)).collect()
}

/// Whether a refusal is about a parameter's name. A definition is no less clear for it.
fn is_about_names(text: &str) -> bool {
    text.starts_with("Invalid mapping expression specified") || text.starts_with("Parameter names must be unique")
}

/// What is wrong with a method's own parts.
pub(super) fn method(method: &Method) -> Vec<Flaw> {
    flaws([
        method.request_parameters.as_ref().map_or(Ok(()), check_method_parameters),
        limits::texts("requestModels", method.request_models.as_ref(), NAME_BYTES_MAX, String::len),
        limits::optional("operationName", method.operation_name.as_ref(), NAME_BYTES_MAX),
        limits::entries("authorizationScopes", method.authorization_scopes.len()),
        method.authorization_scopes.iter().try_for_each(|one| limits::text("An authorization scope", one, TEXT_BYTES_MAX)),
    ])
}

/// What is wrong with one of a method's responses.
pub(super) fn method_response(response: &MethodResponse) -> Vec<Flaw> {
    flaws([
        response.response_parameters.as_ref().map_or(Ok(()), check_response_headers),
        limits::texts("responseModels", response.response_models.as_ref(), NAME_BYTES_MAX, String::len),
    ])
}

/// What is wrong with an integration in its method.
pub(super) fn integration(method: &Method, integration: &Integration, rules: &Rules) -> Vec<Flaw> {
    let text = |what: &str, text: &Option<String>| limits::optional(what, text.as_ref(), TEXT_BYTES_MAX);
    let mut found = flaws([
        verb(integration),
        integration.request_parameters.as_ref().map_or(Ok(()), |mapped| check_request_mapping(mapped, method)),
        integration.request_templates.as_ref().map_or(Ok(()), |all| check_templates("requestTemplates", all)),
        limits::entries("cacheKeyParameters", integration.cache_key_parameters.len()),
        integration.cache_key_parameters.iter().try_for_each(|name| limits::text("A cache key parameter", name, TEXT_BYTES_MAX)),
        limits::text("cacheNamespace", &integration.cache_namespace, TEXT_BYTES_MAX),
        text("connectionId", &integration.connection_id),
        text("contentHandling", &integration.content_handling),
        text("credentials", &integration.credentials),
        text("integrationTarget", &integration.target),
        text("responseTransferMode", &integration.response_transfer_mode),
        text("uri", &integration.uri),
    ]);
    if let Err(why) = check_uri(integration, rules) {
        let text = why.to_string();
        found.push(flaw(!may_be_filled_in(integration.uri.as_deref().unwrap_or(""), &text), text));
    }
    if integration.connection_type.as_deref() == Some("VPC_LINK") && integration.connection_id.is_none() {
        found.push(flaw(false, "Connection Id must be specified for VPC_LINK connection type"));
    }
    found
}

fn verb(integration: &Integration) -> Result<(), ApiError> {
    match &integration.http_method {
        None if integration.kind != IntegrationType::Mock => {
            Err(ApiError::bad_request("Enumeration value for HttpMethod must be non-empty"))
        }
        Some(verb) if !VERBS.contains(&verb.as_str()) => {
            Err(ApiError::bad_request(format!("Invalid HttpMethod specified. Valid options are {}", VERBS.join(","))))
        }
        _ => Ok(()),
    }
}

/// Whether a refused address is one that somebody else completes: it has a placeholder (`${name}`, or a word in capitals where a function
/// should be), is no ARN but a name, or lacks a role.
fn may_be_filled_in(uri: &str, text: &str) -> bool {
    let function = || uri.split_once("/functions/").and_then(|(_, rest)| rest.rsplit_once('/')).map_or("", |(function, _)| function);
    match text {
        _ if uri.contains("${") => true,
        "Role ARN must be specified for AWS integrations" => true,
        "Invalid ARN specified in the request" => !uri.starts_with("arn:"),
        "Invalid function ARN or invalid uri" => {
            let in_capitals = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
            !function().is_empty() && function().bytes().all(in_capitals)
        }
        _ => false,
    }
}

/// What is wrong with an integration response in its method. A proxy's are never used, and so never wrong.
pub(super) fn integration_response(method: &Method, kind: IntegrationType, response: &IntegrationResponse) -> Vec<Flaw> {
    let declared = method.responses.get(&response.status_code);
    let is_used = !matches!(kind, IntegrationType::AwsProxy | IntegrationType::HttpProxy);
    let mut found = flaws([
        limits::optional("selectionPattern", response.selection_pattern.as_ref(), TEXT_BYTES_MAX),
        limits::optional("contentHandling", response.content_handling.as_ref(), TEXT_BYTES_MAX),
        response.response_templates.as_ref().map_or(Ok(()), |all| check_templates("responseTemplates", all)),
        limits::texts("responseParameters", response.response_parameters.as_ref(), TEXT_BYTES_MAX, String::len),
    ]);
    if is_used && declared.is_none() {
        found.push(flaw(false, "Invalid Response status code specified"));
    } else if is_used && let Some(mapped) = &response.response_parameters {
        found.extend(flaws([check_response_mapping(mapped, declared)]).into_iter().filter(|flaw| !flaw.is_fatal));
    }
    found
}
