//! What a definition says of the API itself, and its validators and gateway responses.

use super::*;
use crate::rest_api::policy;
use crate::rest_api::record::ApiKeySource;
use crate::rest_api::tags;

/// The gateway responses there are.
const RESPONSE_TYPES: &[&str] = &[
    "ACCESS_DENIED",
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "BAD_REQUEST_BODY",
    "BAD_REQUEST_PARAMETERS",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "INVALID_API_KEY",
    "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN",
    "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "THROTTLED",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    "WAF_FILTERED",
];

/// The template of a gateway response that brings none.
const RESPONSE_TEMPLATE: (&str, &str) = ("application/json", "{\"message\":$context.error.messageString}");

/// Makes an API one of an endpoint type, with the address type that goes with it.
pub(super) fn set_endpoint_type(api: &mut RestApi, endpoint_type: &str) {
    endpoint_type.clone_into(&mut api.endpoint_type);
    api.ip_address_type = if endpoint_type == "PRIVATE" { "dualstack" } else { "ipv4" }.into();
}

impl<'d> Draft<'d> {
    pub(super) fn settings(&mut self) {
        if self.options.mode == Mode::Overwrite {
            let api = &mut self.api;
            (api.description, api.version, api.policy) = (None, None, None);
            (api.binary_media_types, api.minimum_compression_size) = (Vec::new(), None);
            api.api_key_source = ApiKeySource::Header;
        }
        self.info();
        self.endpoint();
        self.media();
        if let Some(node) = self.root.find("x-amazon-apigateway-api-key-source") {
            match node.text().map(str::to_ascii_uppercase).as_deref() {
                Some("HEADER") => self.api.api_key_source = ApiKeySource::Header,
                Some("AUTHORIZER") => self.api.api_key_source = ApiKeySource::Authorizer,
                _ => self.notes.error(node.at, format!("Invalid api key source '{}'. Must be one of: [HEADER, AUTHORIZER]", shown(node))),
            }
        }
        if let Some(node) = self.root.find("x-amazon-apigateway-policy") {
            let text = node.text().map_or_else(|| node.json(&|_| None), str::to_owned);
            let Options { partition, realm, aws_strict, .. } = self.options;
            match policy::read(&text, &policy::Place { partition, realm, api: &self.api.id, strict: *aws_strict }) {
                Ok(policy) => self.api.policy = policy,
                Err(why) => self.notes.error(node.at, why.to_string()),
            }
        }
        if let Err(why) = build::check(&self.api) {
            self.notes.error(self.root.at, why.to_string());
        }
    }

    pub(super) fn tags(&mut self) {
        self.api.tags.extend(self.definition.tags());
        if let Err(why) = tags::check(&self.api.tags) {
            self.notes.error(self.root.find("tags").map_or(self.root.at, |node| node.at), why.to_string());
        }
    }

    fn info(&mut self) {
        let member = |name: &str| self.root.find("info")?.find(name)?.scalar().map(str::to_owned);
        let title = member("title").filter(|title| !title.is_empty());
        let (description, version) = (member("description").filter(|text| !text.is_empty()), member("version"));
        self.api.description = description.or(self.api.description.take());
        self.api.version = version.or(self.api.version.take());
        // Seen: a PUT keeps the API's name, also when it overwrites.
        if self.is_new {
            if title.is_none() {
                self.notes.refused_by_aws(self.root.at, "Parse issue: attribute info.title is missing");
            }
            self.api.name = title.unwrap_or_else(|| "Untitled".into());
        }
    }

    fn endpoint(&mut self) {
        if let Some(endpoint_type) = &self.options.endpoint_type
            && *endpoint_type != self.api.endpoint_type
        {
            set_endpoint_type(&mut self.api, endpoint_type);
        }
        let name = "x-amazon-apigateway-endpoint-configuration";
        let servers = self.root.find("servers").map_or(&[][..], Node::items);
        let configurations = self.root.find(name).into_iter().chain(servers.iter().filter_map(|server| server.find(name)));
        for configuration in configurations {
            if let Some(disabled) = configuration.find("disableExecuteApiEndpoint").and_then(Node::flag) {
                self.api.disable_execute_api_endpoint = disabled;
            }
            if let Some(ids) = configuration.find("vpcEndpointIds") {
                self.api.vpc_endpoint_ids = listed(ids);
            }
        }
        let member = |name: &str| self.root.find(name)?.text().map(str::to_owned);
        if let Some(policy) = member("x-amazon-apigateway-security-policy") {
            self.api.security_policy = Some(policy);
        }
        if let Some(mode) = member("x-amazon-apigateway-endpoint-access-mode") {
            self.api.endpoint_access_mode = Some(mode);
        }
    }

    fn media(&mut self) {
        if let Some(types) = self.root.find("x-amazon-apigateway-binary-media-types") {
            let mut seen: HashSet<String> = self.api.binary_media_types.iter().cloned().collect();
            let new = listed(types).into_iter().filter(|media| seen.insert(media.clone()));
            self.api.binary_media_types.extend(new);
        }
        if let Some(node) = self.root.find("x-amazon-apigateway-minimum-compression-size") {
            match node.whole().ok_or_else(build::bad_compression_size).and_then(build::compression_size) {
                Ok(size) => self.api.minimum_compression_size = Some(size),
                Err(why) => self.notes.error(node.at, why.to_string()),
            }
        }
    }

    pub(super) fn validators(&mut self) {
        for entry in self.root.find("x-amazon-apigateway-request-validators").map_or(&[][..], Node::entries) {
            let flag = |name: &str| entry.value.find(name).and_then(Node::flag).unwrap_or(false);
            let id = match self.validators.get(&entry.key) {
                Some(old) => old.id.clone(),
                None => self.short_id(),
            };
            let validator = RequestValidator {
                api: self.api.id.clone(),
                id,
                name: entry.key.clone(),
                body: flag("validateRequestBody"),
                parameters: flag("validateRequestParameters"),
            };
            self.validators.insert(entry.key.clone(), validator);
        }
    }

    pub(super) fn gateway_responses(&mut self) {
        for entry in self.root.find("x-amazon-apigateway-gateway-responses").map_or(&[][..], Node::entries) {
            if !RESPONSE_TYPES.contains(&entry.key.as_str()) {
                self.notes.error(entry.at, format!("Invalid gateway response type specified: {}", entry.key));
                continue;
            }
            let Some(response) = self.follow(&entry.value) else { continue };
            let status_code = response.find("statusCode").and_then(|node| {
                let code = node.scalar().filter(|code| method::is_status(code)).map(str::to_owned);
                if code.is_none() {
                    self.notes.error(node.at, format!("Invalid status code '{}' for gateway response {}", shown(node), entry.key));
                }
                code
            });
            let parameters = response.find("responseParameters").map(|node| self.texts(node, "responseParameters", None));
            let templates = response.find("responseTemplates").map(|node| self.texts(node, "responseTemplates", None));
            let usual = || BTreeMap::from([(RESPONSE_TEMPLATE.0.to_owned(), RESPONSE_TEMPLATE.1.to_owned())]);
            let response = GatewayResponse {
                api: self.api.id.clone(),
                kind: entry.key.clone(),
                status_code,
                parameters: parameters.unwrap_or_default(),
                templates: templates.unwrap_or_else(usual),
            };
            self.gateway_responses.insert(entry.key.clone(), response);
        }
    }
}
