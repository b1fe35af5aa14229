//! The tree of an API as a definition: pure, with nothing read and no clock.
//!
//! What AWS promises: OpenAPI 3.0.1 and Swagger 2.0; without extensions what a client needs to know, with them what it takes to make the
//! same API again. What is odd, all of it recorded (observed/export.json): a response is called `200 response`; OpenAPI 3 says
//! `"components":{}` and `"content":{}` where there is nothing; a parameter that is not required says so in Swagger alone; a timeout is
//! told only when it is not the default; a mapping's words are in small letters.
//!
//! Ours: a verb without method responses has a `default` one, since neither specification takes none; a resource without methods and
//! children is an empty path, so that an import makes it again. Path variables are always declared.

mod documentation;
mod integration;
mod operation;
mod schema;
mod security;
#[cfg(test)]
mod tests;
pub mod yaml;

use crate::documentation::record::DocumentationPart;
use crate::method::record::Method;
use crate::rest_api::build::CUSTOM_ID_TAG;
use crate::rest_api::record::ApiKeySource;
use crate::tree::ApiTree;
use documentation::Documentation;
use security::Schemes;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The specification to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Swagger 2.0.
    Swagger2,
    /// OpenAPI 3.0.1.
    OpenApi3,
}

/// What is to be said beyond the specification. (`postman` is taken, and says nothing.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Back ends, and the API's own settings.
    pub integrations: bool,
    /// Who decides about callers.
    pub authorizers: bool,
    /// What is written of the API.
    pub documentation: bool,
}

impl Extensions {
    /// Reads AWS's list of words. `apigateway` stands for all that it takes to make the API again.
    pub fn named(words: &str) -> Option<Extensions> {
        let mut found = Extensions::default();
        for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "integrations" => found.integrations = true,
                "authorizers" => found.authorizers = true,
                "documentation" => found.documentation = true,
                "apigateway" => (found.integrations, found.authorizers) = (true, true),
                "postman" => {}
                _ => return None,
            }
        }
        Some(found)
    }
}

/// What is wanted, and what the tree does not know.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub dialect: Dialect,
    pub extensions: Extensions,
    /// Where the stage is called.
    pub server: Server,
    /// The definition's version, where the API has none.
    pub version: String,
    /// What the stage shows.
    pub documented: Option<Documented>,
}

/// The address of a stage.
#[derive(Clone, Debug)]
pub struct Server {
    /// `http` or `https`.
    pub scheme: String,
    /// Host, and port where it is not the scheme's.
    pub host: String,
    /// What comes before the stage: empty, or a path that begins with a slash.
    pub path: String,
    pub stage: String,
}

/// A documentation version.
#[derive(Clone, Debug)]
pub struct Documented {
    pub version: String,
    /// `2026-11-22T17:00:00Z`.
    pub created: String,
    pub parts: Vec<DocumentationPart>,
}

/// The definition of an API at a stage.
pub fn export(tree: &ApiTree, wanted: &Wanted) -> Value {
    Writer {
        tree,
        wanted,
        schemes: Schemes::of(tree),
        documentation: Documentation::of(wanted),
        validators: tree.validators.iter().map(|validator| (validator.id.as_str(), validator.name.as_str())).collect(),
        json_models: schema::names(tree),
    }
    .document()
}

struct Writer<'t> {
    tree: &'t ApiTree,
    wanted: &'t Wanted,
    schemes: Schemes<'t>,
    documentation: Documentation,
    /// Names by id.
    validators: BTreeMap<&'t str, &'t str>,
    /// Names of models that are JSON schemas; others cannot be said.
    json_models: BTreeSet<&'t str>,
}

/// Verbs of methods, as definitions spell them.
const VERBS: &[(&str, &str)] = &[
    ("GET", "get"),
    ("PUT", "put"),
    ("POST", "post"),
    ("DELETE", "delete"),
    ("OPTIONS", "options"),
    ("HEAD", "head"),
    ("PATCH", "patch"),
    ("ANY", "x-amazon-apigateway-any-method"),
];

impl Writer<'_> {
    fn is_openapi(&self) -> bool {
        self.wanted.dialect == Dialect::OpenApi3
    }

    fn document(&self) -> Value {
        let Server { scheme, host, path, stage } = &self.wanted.server;
        let mut root = Map::new();
        let (schemas, schemes) = (schema::schemas(self.tree, self.wanted.dialect), self.schemes.written(self.wanted));
        if self.is_openapi() {
            root.insert("openapi".into(), "3.0.1".into());
            root.insert("info".into(), self.info());
            let mut server = json!({"url": format!("{scheme}://{host}{path}/{{basePath}}"), "variables": {"basePath": {"default": stage}}});
            if let (Some(endpoint), Some(server)) = (self.endpoint(), server.as_object_mut()) {
                server.insert("x-amazon-apigateway-endpoint-configuration".into(), endpoint);
            }
            root.insert("servers".into(), json!([server]));
            self.tags(&mut root);
            root.insert("paths".into(), self.paths());
            let mut components = Map::new();
            put(&mut components, "schemas", schemas);
            put(&mut components, "securitySchemes", schemes);
            root.insert("components".into(), Value::Object(components));
        } else {
            root.insert("swagger".into(), "2.0".into());
            root.insert("info".into(), self.info());
            root.insert("host".into(), host.as_str().into());
            root.insert("basePath".into(), format!("{path}/{stage}").into());
            self.tags(&mut root);
            root.insert("schemes".into(), json!([scheme]));
            root.insert("paths".into(), self.paths());
            put(&mut root, "securityDefinitions", schemes);
            put(&mut root, "definitions", schemas);
            if let Some(endpoint) = self.endpoint() {
                root.insert("x-amazon-apigateway-endpoint-configuration".into(), endpoint);
            }
        }
        self.settings(&mut root);
        if let Some(documentation) = self.documentation.extension() {
            root.insert("x-amazon-apigateway-documentation".into(), documentation);
        }
        Value::Object(root)
    }

    fn info(&self) -> Value {
        let api = &self.tree.api;
        let mut info = Map::new();
        info.insert("title".into(), api.name.as_str().into());
        if let Some(description) = &api.description {
            info.insert("description".into(), description.as_str().into());
        }
        info.insert("version".into(), api.version.as_deref().unwrap_or(&self.wanted.version).into());
        self.documentation.add_to_info(&mut info);
        Value::Object(info)
    }

    /// Labels of the API. A pinned id is no label: an import would want it again.
    fn tags(&self, root: &mut Map<String, Value>) {
        if !self.wanted.extensions.integrations {
            return;
        }
        let tags = self.tree.api.tags.iter().filter(|(key, _)| *key != CUSTOM_ID_TAG);
        let tags: Vec<Value> = tags.map(|(key, value)| json!({"name": key, "x-amazon-apigateway-tag-value": value})).collect();
        if !tags.is_empty() {
            root.insert("tags".into(), Value::Array(tags));
        }
    }

    fn paths(&self) -> Value {
        let mut methods: BTreeMap<&str, Vec<&Method>> = BTreeMap::new();
        for method in &self.tree.methods {
            methods.entry(&method.resource).or_default().push(method);
        }
        let parents: BTreeSet<&str> = self.tree.resources.iter().filter_map(|resource| resource.parent.as_deref()).collect();
        let mut paths = BTreeMap::new();
        for resource in &self.tree.resources {
            let here = methods.get(resource.id.as_str()).map_or(&[][..], Vec::as_slice);
            if here.is_empty() && (resource.parent.is_none() || parents.contains(resource.id.as_str())) {
                continue;
            }
            let mut item = Map::new();
            for (verb, name) in VERBS {
                if let Some(method) = here.iter().find(|method| method.verb == *verb) {
                    item.insert((*name).into(), self.operation(method, &resource.path));
                }
            }
            paths.insert(resource.path.clone(), Value::Object(item));
        }
        Value::Object(paths.into_iter().collect())
    }

    fn endpoint(&self) -> Option<Value> {
        let api = &self.tree.api;
        let mut endpoint = Map::new();
        if api.disable_execute_api_endpoint {
            endpoint.insert("disableExecuteApiEndpoint".into(), true.into());
        }
        if !api.vpc_endpoint_ids.is_empty() {
            endpoint.insert("vpcEndpointIds".into(), json!(api.vpc_endpoint_ids));
        }
        (self.wanted.extensions.integrations && !endpoint.is_empty()).then_some(Value::Object(endpoint))
    }

    /// What the API says of itself.
    fn settings(&self, root: &mut Map<String, Value>) {
        if !self.wanted.extensions.integrations {
            return;
        }
        let ApiTree { api, validators, gateway_responses, .. } = self.tree;
        let mut say = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                root.insert(format!("x-amazon-apigateway-{name}"), value);
            }
        };
        say("api-key-source", (api.api_key_source == ApiKeySource::Authorizer).then(|| "AUTHORIZER".into()));
        say("minimum-compression-size", api.minimum_compression_size.map(Value::from));
        say("security-policy", api.security_policy.as_deref().map(Value::from));
        say("endpoint-access-mode", api.endpoint_access_mode.as_deref().map(Value::from));
        let validators: Map<String, Value> = validators
            .iter()
            .map(|one| (one.name.clone(), json!({"validateRequestParameters": one.parameters, "validateRequestBody": one.body})))
            .collect();
        say("request-validators", (!validators.is_empty()).then_some(Value::Object(validators)));
        let responses: Map<String, Value> = gateway_responses
            .iter()
            .map(|response| {
                let mut written = Map::new();
                if let Some(code) = &response.status_code {
                    written.insert("statusCode".into(), code.parse::<u16>().map_or_else(|_| code.as_str().into(), Value::from));
                }
                if !response.parameters.is_empty() {
                    written.insert("responseParameters".into(), json!(response.parameters));
                }
                written.insert("responseTemplates".into(), json!(response.templates));
                (response.kind.clone(), Value::Object(written))
            })
            .collect();
        say("gateway-responses", (!responses.is_empty()).then_some(Value::Object(responses)));
        say("binary-media-types", (!api.binary_media_types.is_empty()).then(|| json!(api.binary_media_types)));
        say("policy", api.policy.as_deref().and_then(|text| serde_json::from_str(text).ok()));
    }
}

/// Adds a member that says something.
fn put(to: &mut Map<String, Value>, name: &str, members: Map<String, Value>) {
    if !members.is_empty() {
        to.insert(name.into(), Value::Object(members));
    }
}
