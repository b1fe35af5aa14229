//! A method as an operation: what it takes, what it answers, whom it asks.

use super::documentation::Entity;
use super::{Dialect, Writer, integration, schema};
use crate::method::record::{Method, MethodResponse};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

impl Writer<'_> {
    pub(super) fn operation(&self, method: &Method, path: &str) -> Value {
        let mut out = Map::new();
        let here = Entity { kind: "METHOD", path, verb: &method.verb, ..Entity::default() };
        self.documentation.add_to(&mut out, &here, &["tags", "summary", "description", "externalDocs", "deprecated"]);
        if let Some(name) = &method.operation_name {
            out.insert("operationId".into(), name.as_str().into());
        }
        let bodies = self.models(method.request_models.as_ref());
        if !self.is_openapi() {
            self.media(&mut out, method, &bodies);
        }
        let mut parameters = self.parameters(method, path);
        let about_body = Entity { kind: "REQUEST_BODY", ..here };
        if !bodies.is_empty() && self.is_openapi() {
            let mut body = Map::new();
            self.documentation.add_to(&mut body, &about_body, &["description"]);
            body.insert("content".into(), self.content(&bodies));
            body.insert("required".into(), true.into());
            if !parameters.is_empty() {
                out.insert("parameters".into(), Value::Array(std::mem::take(&mut parameters)));
            }
            out.insert("requestBody".into(), Value::Object(body));
        } else if let Some(model) = bodies.get("application/json").or_else(|| bodies.values().next()) {
            // Swagger has one schema for all media types.
            let mut body = Map::from_iter([("in".to_owned(), "body".into()), ("name".to_owned(), Value::from(*model))]);
            self.documentation.add_to(&mut body, &about_body, &["description"]);
            body.insert("required".into(), true.into());
            body.insert("schema".into(), self.reference(model));
            parameters.push(Value::Object(body));
        }
        if !parameters.is_empty() {
            out.insert("parameters".into(), Value::Array(parameters));
        }
        out.insert("responses".into(), self.responses(method, &here));
        let security = self.schemes.requirements(method);
        if !security.is_empty() {
            out.insert("security".into(), Value::Array(security));
        }
        if self.wanted.extensions.integrations {
            if let Some(name) = method.request_validator.as_deref().and_then(|id| self.validators.get(id)) {
                out.insert("x-amazon-apigateway-request-validator".into(), (*name).into());
            }
            if let Some(integration) = &method.integration {
                out.insert("x-amazon-apigateway-integration".into(), integration::written(method, integration));
            }
        }
        Value::Object(out)
    }

    /// Models of bodies by media type, as far as they can be said.
    fn models<'m>(&self, models: Option<&'m BTreeMap<String, String>>) -> BTreeMap<&'m str, &'m str> {
        let all = models.into_iter().flatten().map(|(media, model)| (media.as_str(), model.as_str()));
        all.filter(|(_, model)| self.json_models.contains(model)).collect()
    }

    fn reference(&self, model: &str) -> Value {
        json!({ "$ref": schema::reference(model, self.wanted.dialect) })
    }

    fn content(&self, models: &BTreeMap<&str, &str>) -> Value {
        let written = |(media, model): (&&str, &&str)| ((*media).to_owned(), json!({ "schema": self.reference(model) }));
        Value::Object(models.iter().map(written).collect())
    }

    /// Swagger: what is taken, where a body is; and what is answered, by models and templates.
    fn media(&self, out: &mut Map<String, Value>, method: &Method, bodies: &BTreeMap<&str, &str>) {
        if !bodies.is_empty() {
            out.insert("consumes".into(), json!(bodies.keys().collect::<Vec<_>>()));
        }
        let models = method.responses.values().filter_map(|response| response.response_models.as_ref()).flat_map(BTreeMap::keys);
        let responses = method.integration.iter().flat_map(|integration| integration.responses.values());
        let templates = responses.filter_map(|response| response.response_templates.as_ref()).flat_map(BTreeMap::keys);
        let produced: BTreeSet<&String> = models.chain(templates).collect();
        if !produced.is_empty() {
            out.insert("produces".into(), json!(produced));
        }
    }

    fn parameters(&self, method: &Method, path: &str) -> Vec<Value> {
        let mut required: BTreeMap<(&str, &str), bool> = BTreeMap::new();
        for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            required.insert(("path", part.strip_suffix('+').unwrap_or(part)), true);
        }
        for (name, is_required) in method.request_parameters.iter().flatten() {
            let Some((place, name)) = name.strip_prefix("method.request.").and_then(|rest| rest.split_once('.')) else { continue };
            match place {
                "querystring" => required.insert(("query", name), *is_required),
                "header" => required.insert(("header", name), *is_required),
                "path" => required.insert(("path", name), *is_required),
                _ => None,
            };
        }
        let written = required.into_iter().map(|((place, name), is_required)| {
            let mut out = Map::from_iter([("name".to_owned(), name.into()), ("in".to_owned(), Value::from(place))]);
            let kind = match place {
                "path" => "PATH_PARAMETER",
                "query" => "QUERY_PARAMETER",
                _ => "REQUEST_HEADER",
            };
            let entity = Entity { kind, path, verb: &method.verb, name, ..Entity::default() };
            self.documentation.add_to(&mut out, &entity, &["description"]);
            match self.wanted.dialect {
                Dialect::OpenApi3 => {
                    if is_required {
                        out.insert("required".into(), true.into());
                    }
                    out.insert("schema".into(), json!({"type": "string"}));
                }
                Dialect::Swagger2 => {
                    out.insert("required".into(), is_required.into());
                    out.insert("type".into(), "string".into());
                }
            }
            Value::Object(out)
        });
        written.collect()
    }

    fn responses(&self, method: &Method, here: &Entity<'_>) -> Value {
        let mut all: Map<String, Value> =
            method.responses.iter().map(|(code, response)| (code.clone(), self.response(code, response, here))).collect();
        if all.is_empty() && method.verb != "ANY" {
            all.insert("default".into(), json!({"description": "Default response"}));
        }
        Value::Object(all)
    }

    fn response(&self, code: &str, response: &MethodResponse, here: &Entity<'_>) -> Value {
        let mut out = Map::from_iter([("description".to_owned(), Value::from(format!("{code} response")))]);
        self.documentation.add_to(&mut out, &Entity { kind: "RESPONSE", code, ..*here }, &["description"]);
        let mut headers = Map::new();
        for name in response.response_parameters.iter().flat_map(BTreeMap::keys) {
            let Some(name) = name.strip_prefix("method.response.header.") else { continue };
            let mut header = match self.wanted.dialect {
                Dialect::OpenApi3 => Map::from_iter([("schema".to_owned(), json!({"type": "string"}))]),
                Dialect::Swagger2 => Map::from_iter([("type".to_owned(), "string".into())]),
            };
            self.documentation.add_to(&mut header, &Entity { kind: "RESPONSE_HEADER", code, name, ..*here }, &["description"]);
            headers.insert(name.to_owned(), Value::Object(header));
        }
        let models = self.models(response.response_models.as_ref());
        if let (Dialect::Swagger2, Some(model)) = (self.wanted.dialect, models.get("application/json").or_else(|| models.values().next())) {
            out.insert("schema".into(), self.reference(model));
        }
        if !headers.is_empty() {
            out.insert("headers".into(), Value::Object(headers));
        }
        if self.is_openapi() {
            out.insert("content".into(), self.content(&models));
        }
        Value::Object(out)
    }
}
