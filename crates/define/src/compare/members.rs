//! A tree as members under AWS's names. Every record is taken apart by name, so that a member which is neither told nor left out on
//! purpose does not compile.

use super::{Key, Members, Noun, Parts};
use crate::method::record::{Method, MethodResponse};
use crate::model::record::Model;
use crate::resource::record::Resource;
use crate::rest_api::record::{ApiKeySource, RestApi};
use crate::tree::ApiTree;
use admit::authorizer::record::Authorizer;
use admit::request_validator::record::RequestValidator;
use deliver::gateway_response::record::GatewayResponse;
use deliver::integration::record::{Integration, IntegrationResponse};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// Names by id: what one thing calls another.
struct Names<'a> {
    paths: HashMap<&'a str, &'a str>,
    authorizers: HashMap<&'a str, &'a str>,
    validators: HashMap<&'a str, &'a str>,
}

pub(super) fn of(tree: &ApiTree) -> Parts {
    let ApiTree { api, resources, methods, models, authorizers, validators, gateway_responses, documentation: _ } = tree;
    let names = Names {
        paths: resources.iter().map(|one| (one.id.as_str(), one.path.as_str())).collect(),
        authorizers: authorizers.iter().map(|one| (one.id.as_str(), one.name.as_str())).collect(),
        validators: validators.iter().map(|one| (one.id.as_str(), one.name.as_str())).collect(),
    };
    let mut parts = Parts::default();
    parts.add(Noun::Settings, "", settings(api));
    for resource in resources {
        let Resource { api: _, id: _, parent: _, path_part: _, path } = resource;
        parts.add(Noun::Resource, path, Members::new());
    }
    for one in models {
        parts.add(Noun::Model, &one.name, model(one));
    }
    for one in authorizers {
        parts.add(Noun::Authorizer, &one.name, authorizer(one));
    }
    for one in validators {
        parts.add(Noun::RequestValidator, &one.name, validator(one));
    }
    for one in gateway_responses {
        parts.add(Noun::GatewayResponse, &one.kind, gateway_response(one));
    }
    for one in methods {
        let place = known(&names.paths, &one.resource);
        let key = |noun| Key { noun, place: place.to_owned(), verb: one.verb.clone() };
        parts.0.insert(key(Noun::Method), method(one, &names));
        if let Some(back) = &one.integration {
            parts.0.insert(key(Noun::Integration), integration(back, &one.resource));
        }
    }
    parts
}

/// Members as they are written down one by one.
#[derive(Default)]
struct Sheet(Members);

impl Sheet {
    fn put(mut self, member: &str, value: impl Into<Value>) -> Sheet {
        let value = value.into();
        if !value.is_null() {
            self.0.insert(member.to_owned(), value);
        }
        self
    }

    fn text(self, member: &str, text: Option<&String>) -> Sheet {
        self.put(member, text.map_or(Value::Null, |text| text.as_str().into()))
    }

    /// A list whose order means nothing; an empty one is as good as none.
    fn set(self, member: &str, items: &[String]) -> Sheet {
        let mut items = items.to_vec();
        items.sort_unstable();
        items.dedup();
        self.put(member, if items.is_empty() { Value::Null } else { items.into() })
    }

    /// One member for each entry.
    fn map<'a, V: Into<Value> + Clone + 'a>(self, member: &str, entries: impl IntoIterator<Item = (&'a String, &'a V)>) -> Sheet {
        entries.into_iter().fold(self, |sheet, (name, value)| sheet.put(&format!("{member}/{name}"), value.clone()))
    }

    /// One member for each template. A null template passes through, which is not the same as none.
    fn templates(self, member: &str, templates: Option<&BTreeMap<String, Option<String>>>) -> Sheet {
        let shown = |text: &Option<String>| text.clone().unwrap_or_default();
        templates.into_iter().flatten().fold(self, |sheet, (name, text)| sheet.put(&format!("{member}/{name}"), shown(text)))
    }
}

/// The name of what an id stands for; the id itself where nothing has it any more.
fn known<'a>(names: &HashMap<&str, &'a str>, id: &'a str) -> &'a str {
    names.get(id).copied().unwrap_or(id)
}

/// JSON text as JSON, in which the API's own id stands as `{api}`; as text where it is no JSON.
fn document(text: &str, api: &str) -> Value {
    let text = text.replace(&format!(":{api}/"), ":{api}/").replace(&format!("/restapis/{api}/"), "/restapis/{api}/");
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

fn settings(api: &RestApi) -> Members {
    let RestApi {
        id,
        name,
        description,
        version,
        created: _,
        binary_media_types,
        minimum_compression_size,
        api_key_source,
        endpoint_type,
        ip_address_type,
        vpc_endpoint_ids,
        policy,
        disable_execute_api_endpoint,
        security_policy,
        endpoint_access_mode,
        root_resource_id: _,
        warnings: _,
        tags,
    } = api;
    let source = match api_key_source {
        ApiKeySource::Header => "HEADER",
        ApiKeySource::Authorizer => "AUTHORIZER",
    };
    Sheet::default()
        .put("name", name.as_str())
        .text("description", description.as_ref())
        .text("version", version.as_ref())
        .set("binaryMediaTypes", binary_media_types)
        .put("minimumCompressionSize", *minimum_compression_size)
        .put("apiKeySource", source)
        .put("endpointConfiguration/types", endpoint_type.as_str())
        .put("endpointConfiguration/ipAddressType", ip_address_type.as_str())
        .set("endpointConfiguration/vpcEndpointIds", vpc_endpoint_ids)
        .put("policy", policy.as_ref().map_or(Value::Null, |text| document(text, id)))
        .put("disableExecuteApiEndpoint", *disable_execute_api_endpoint)
        .text("securityPolicy", security_policy.as_ref())
        .text("endpointAccessMode", endpoint_access_mode.as_ref())
        .map("tags", tags)
        .0
}

fn model(model: &Model) -> Members {
    let Model { api, id: _, name: _, content_type, description, schema } = model;
    Sheet::default()
        .put("contentType", content_type.as_str())
        .text("description", description.as_ref())
        .put("schema", schema.as_ref().map_or(Value::Null, |text| document(text, api)))
        .0
}

fn authorizer(authorizer: &Authorizer) -> Members {
    let Authorizer {
        api: _,
        id: _,
        name: _,
        kind,
        provider_arns,
        auth_type,
        uri,
        credentials,
        identity_source,
        identity_validation_expression,
        result_ttl_seconds,
        jwt,
    } = authorizer;
    Sheet::default()
        .put("type", kind.as_str())
        .set("providerARNs", provider_arns)
        .text("authType", auth_type.as_ref())
        .text("authorizerUri", uri.as_ref())
        .text("authorizerCredentials", credentials.as_ref())
        .text("identitySource", identity_source.as_ref())
        .text("identityValidationExpression", identity_validation_expression.as_ref())
        .put("authorizerResultTtlInSeconds", *result_ttl_seconds)
        .put("jwt", jwt.clone().unwrap_or(Value::Null))
        .0
}

fn validator(validator: &RequestValidator) -> Members {
    let RequestValidator { api: _, id: _, name: _, body, parameters } = validator;
    Sheet::default().put("validateRequestBody", *body).put("validateRequestParameters", *parameters).0
}

fn gateway_response(response: &GatewayResponse) -> Members {
    let GatewayResponse { api: _, kind: _, status_code, parameters, templates } = response;
    Sheet::default().text("statusCode", status_code.as_ref()).map("responseParameters", parameters).map("responseTemplates", templates).0
}

fn method(method: &Method, names: &Names<'_>) -> Members {
    let Method {
        api: _,
        resource: _,
        verb: _,
        authorization_type,
        authorizer,
        authorization_scopes,
        api_key_required,
        operation_name,
        request_validator,
        request_parameters,
        request_models,
        responses,
        integration: _,
    } = method;
    let sheet = Sheet::default()
        .put("authorizationType", authorization_type.to_ascii_uppercase())
        .put("authorizer", authorizer.as_deref().map_or(Value::Null, |id| known(&names.authorizers, id).into()))
        .set("authorizationScopes", authorization_scopes)
        .put("apiKeyRequired", *api_key_required)
        .text("operationName", operation_name.as_ref())
        .put("requestValidator", request_validator.as_deref().map_or(Value::Null, |id| known(&names.validators, id).into()))
        .map("requestParameters", request_parameters.iter().flatten())
        .map("requestModels", request_models.iter().flatten());
    let answers = responses.values().fold(sheet, |sheet, response| {
        let MethodResponse { status_code, response_parameters, response_models } = response;
        let under = format!("methodResponses/{status_code}");
        sheet
            .put(&under, status_code.as_str())
            .map(&format!("{under}/responseParameters"), response_parameters.iter().flatten())
            .map(&format!("{under}/responseModels"), response_models.iter().flatten())
    });
    answers.0
}

fn integration(integration: &Integration, resource: &str) -> Members {
    let Integration {
        kind,
        http_method,
        uri,
        connection_type,
        connection_id,
        credentials,
        request_parameters,
        request_templates,
        passthrough_behavior,
        content_handling,
        timeout_ms,
        cache_namespace,
        cache_key_parameters,
        insecure_skip_verification,
        response_transfer_mode,
        target,
        responses,
    } = integration;
    let sheet = Sheet::default()
        .put("type", kind.name())
        .text("httpMethod", http_method.as_ref())
        .text("uri", uri.as_ref())
        .text("connectionType", connection_type.as_ref())
        .text("connectionId", connection_id.as_ref())
        .text("credentials", credentials.as_ref())
        .map("requestParameters", request_parameters.iter().flatten())
        .templates("requestTemplates", request_templates.as_ref())
        .put("passthroughBehavior", passthrough_behavior.name())
        .text("contentHandling", content_handling.as_ref())
        .put("timeoutInMillis", *timeout_ms)
        // The default names the resource by its id, which means nothing elsewhere.
        .text("cacheNamespace", Some(cache_namespace).filter(|name| *name != resource))
        .set("cacheKeyParameters", cache_key_parameters)
        .put("tlsConfig/insecureSkipVerification", *insecure_skip_verification)
        .text("responseTransferMode", response_transfer_mode.as_ref())
        .text("integrationTarget", target.as_ref());
    let answers = responses.values().fold(sheet, |sheet, response| {
        let IntegrationResponse { status_code, selection_pattern, response_parameters, response_templates, content_handling } = response;
        let under = format!("integrationResponses/{status_code}");
        sheet
            .put(&under, status_code.as_str())
            .text(&format!("{under}/selectionPattern"), selection_pattern.as_ref())
            .map(&format!("{under}/responseParameters"), response_parameters.iter().flatten())
            .templates(&format!("{under}/responseTemplates"), response_templates.as_ref())
            .text(&format!("{under}/contentHandling"), content_handling.as_ref())
    });
    answers.0
}
