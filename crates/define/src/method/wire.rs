//! A method, its integration and their responses as AWS shows them.

use super::record::{Method, MethodResponse};
use deliver::integration::record::{Integration, IntegrationResponse};
use serde::Serialize;
use std::collections::BTreeMap;

/// A method.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodReply {
    http_method: String,
    authorization_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer_id: Option<String>,
    api_key_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_validator_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_parameters: Option<BTreeMap<String, bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_models: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    method_responses: BTreeMap<String, MethodResponseReply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method_integration: Option<IntegrationReply>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_scopes: Vec<String>,
}

impl MethodReply {
    /// A stored method, shown.
    pub fn of(method: Method) -> MethodReply {
        MethodReply {
            http_method: method.verb,
            authorization_type: method.authorization_type,
            authorizer_id: method.authorizer,
            api_key_required: method.api_key_required,
            request_validator_id: method.request_validator,
            operation_name: method.operation_name,
            request_parameters: method.request_parameters,
            request_models: method.request_models,
            method_responses: method.responses.into_iter().map(|(status, one)| (status, MethodResponseReply::of(one))).collect(),
            method_integration: method.integration.map(IntegrationReply::of),
            authorization_scopes: method.authorization_scopes,
        }
    }
}

/// A method response.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodResponseReply {
    status_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_parameters: Option<BTreeMap<String, bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_models: Option<BTreeMap<String, String>>,
}

impl MethodResponseReply {
    /// A stored response, shown.
    pub fn of(response: MethodResponse) -> MethodResponseReply {
        let MethodResponse { status_code, response_parameters, response_models } = response;
        MethodResponseReply { status_code, response_parameters, response_models }
    }
}

/// An integration.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationReply {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_parameters: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_templates: Option<BTreeMap<String, Option<String>>>,
    passthrough_behavior: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_handling: Option<String>,
    timeout_in_millis: u32,
    cache_namespace: String,
    cache_key_parameters: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    integration_responses: BTreeMap<String, IntegrationResponseReply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_config: Option<TlsConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_transfer_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    integration_target: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TlsConfig {
    insecure_skip_verification: bool,
}

impl IntegrationReply {
    /// A stored integration, shown.
    pub fn of(stored: Integration) -> IntegrationReply {
        IntegrationReply {
            kind: stored.kind.name(),
            http_method: stored.http_method,
            uri: stored.uri,
            connection_type: stored.connection_type,
            connection_id: stored.connection_id,
            credentials: stored.credentials,
            request_parameters: stored.request_parameters,
            request_templates: stored.request_templates,
            passthrough_behavior: stored.passthrough_behavior.name(),
            content_handling: stored.content_handling,
            timeout_in_millis: stored.timeout_ms,
            cache_namespace: stored.cache_namespace,
            cache_key_parameters: stored.cache_key_parameters,
            integration_responses: stored.responses.into_iter().map(|(status, one)| (status, IntegrationResponseReply::of(one))).collect(),
            tls_config: stored.insecure_skip_verification.map(|insecure_skip_verification| TlsConfig { insecure_skip_verification }),
            response_transfer_mode: stored.response_transfer_mode,
            integration_target: stored.target,
        }
    }
}

/// An integration response.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationResponseReply {
    status_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    selection_pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_parameters: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_templates: Option<BTreeMap<String, Option<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_handling: Option<String>,
}

impl IntegrationResponseReply {
    /// A stored response, shown.
    pub fn of(response: IntegrationResponse) -> IntegrationResponseReply {
        let IntegrationResponse { status_code, selection_pattern, response_parameters, response_templates, content_handling } = response;
        IntegrationResponseReply { status_code, selection_pattern, response_parameters, response_templates, content_handling }
    }
}
