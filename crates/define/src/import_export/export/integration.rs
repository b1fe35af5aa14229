//! An integration as `x-amazon-apigateway-integration`.

use crate::method::record::Method;
use deliver::integration::record::{Integration, IntegrationResponse, IntegrationType, TIMEOUT_MS_DEFAULT};
use serde_json::{Map, Value, json};

/// What answers a method. What is a default of imports is left out.
pub(super) fn written(method: &Method, integration: &Integration) -> Value {
    let mut out = Map::new();
    let mut say = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(name.into(), value);
        }
    };
    let text = |value: &Option<String>| value.as_deref().map(Value::from);
    let is_mock = integration.kind == IntegrationType::Mock;
    say("type", Some(integration.kind.name().to_ascii_lowercase().into()));
    say("httpMethod", text(&integration.http_method).filter(|_| !is_mock));
    say("uri", text(&integration.uri).filter(|_| !is_mock));
    // A link is all that needs saying of how a back end is reached.
    say("connectionType", text(&integration.connection_type).filter(|kind| kind != "INTERNET"));
    say("connectionId", text(&integration.connection_id));
    say("credentials", text(&integration.credentials));
    say("integrationTarget", text(&integration.target));
    let responses: Map<String, Value> = integration.responses.values().map(response).collect();
    say("responses", (!responses.is_empty()).then_some(Value::Object(responses)));
    say("requestParameters", integration.request_parameters.as_ref().filter(|map| !map.is_empty()).map(|map| json!(map)));
    say("requestTemplates", integration.request_templates.as_ref().filter(|map| !map.is_empty()).map(|map| json!(map)));
    say("passthroughBehavior", Some(integration.passthrough_behavior.name().to_ascii_lowercase().into()));
    say("contentHandling", text(&integration.content_handling));
    say("timeoutInMillis", (integration.timeout_ms != TIMEOUT_MS_DEFAULT).then(|| integration.timeout_ms.into()));
    say("cacheNamespace", (integration.cache_namespace != method.resource).then(|| integration.cache_namespace.as_str().into()));
    say("cacheKeyParameters", (!integration.cache_key_parameters.is_empty()).then(|| json!(integration.cache_key_parameters)));
    say("tlsConfig", integration.insecure_skip_verification.map(|skip| json!({ "insecureSkipVerification": skip })));
    say("responseTransferMode", text(&integration.response_transfer_mode));
    Value::Object(out)
}

/// A response under its pattern; the one without a pattern is the default.
fn response(response: &IntegrationResponse) -> (String, Value) {
    let mut out = Map::new();
    out.insert("statusCode".into(), response.status_code.as_str().into());
    if let Some(parameters) = response.response_parameters.as_ref().filter(|map| !map.is_empty()) {
        out.insert("responseParameters".into(), json!(parameters));
    }
    if let Some(templates) = response.response_templates.as_ref().filter(|map| !map.is_empty()) {
        out.insert("responseTemplates".into(), json!(templates));
    }
    if let Some(handling) = &response.content_handling {
        out.insert("contentHandling".into(), handling.as_str().into());
    }
    let pattern = response.selection_pattern.as_deref().filter(|pattern| !pattern.is_empty());
    (pattern.unwrap_or("default").to_owned(), Value::Object(out))
}
