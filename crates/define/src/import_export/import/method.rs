//! An operation as a method: what it takes, what it answers, whom it asks for.

use super::security::Admission;
use super::*;
use crate::import_export::document::Entry;
use crate::method::record::MethodResponse;

/// Whether a text is a status code.
pub(super) fn is_status(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1'..=b'5', tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit())
}

impl Spot<'_> {
    /// AWS's words for what is wrong with the method itself.
    pub(super) fn cannot_put_method(&self, why: &str) -> String {
        format!("Unable to put method '{}' on resource at path '{}': {why}", self.verb, self.path)
    }
}

/// A parameter by name and place: its value, and whether it is required.
type Parameters<'d> = BTreeMap<(&'d str, &'d str), &'d Node>;

impl<'d> Draft<'d> {
    pub(super) fn method(&mut self, resource: &Resource, item: &'d Node, operation: &'d Node, spot: &Spot<'_>) -> Method {
        let Admission { authorization_type, authorizer, scopes, api_key_required } = self.admission(operation);
        let mut parameters = Parameters::new();
        // An operation's parameter is stronger than its path's of the same name and place.
        for holder in [item, operation] {
            self.parameters(holder, &mut parameters);
        }
        let mut method = Method {
            api: self.api.id.clone(),
            resource: resource.id.clone(),
            verb: spot.verb.to_owned(),
            authorization_type: authorization_type.to_owned(),
            authorizer,
            authorization_scopes: scopes,
            api_key_required,
            operation_name: operation.find("operationId").and_then(Node::scalar).map(str::to_owned),
            request_validator: self.validator_of(operation, spot),
            request_parameters: self.request_parameters(&parameters, spot.path),
            request_models: self.request_models(&parameters, operation, spot),
            responses: self.responses(operation, spot),
            integration: None,
        };
        let mut flaws = check::method(&method);
        flaws.extend(method.responses.values().flat_map(check::method_response));
        self.tell(flaws, operation.at, |why| spot.cannot_put_method(why));
        let integration = operation.find("x-amazon-apigateway-integration").and_then(|node| self.follow(node));
        if let Some(node) = integration {
            method.integration = self.integration(node, &method, spot);
        }
        method
    }

    fn validator_of(&mut self, operation: &'d Node, spot: &Spot<'_>) -> Option<String> {
        let name = "x-amazon-apigateway-request-validator";
        let node = operation.find(name).or_else(|| self.root.find(name))?;
        let found = node.text().and_then(|name| self.validators.get(name)).map(|validator| validator.id.clone());
        if found.is_none() {
            self.notes.error(node.at, spot.cannot_put_method(&format!("Invalid Request Validator '{}' specified", shown(node))));
        }
        found
    }

    fn parameters(&mut self, holder: &'d Node, found: &mut Parameters<'d>) {
        for node in holder.find("parameters").map_or(&[][..], Node::items) {
            let Some(parameter) = self.follow(node) else { continue };
            let text = |name: &str| parameter.find(name).and_then(Node::text);
            let (Some(name), Some(place)) = (text("name"), text("in")) else {
                self.notes.refused_by_aws(parameter.at, "A parameter must have a 'name' and an 'in'");
                continue;
            };
            if !self.notes.unfold(node.at, name.len() + 64) {
                return;
            }
            found.insert((place, name), parameter);
        }
    }

    fn request_parameters(&mut self, parameters: &Parameters<'d>, path: &str) -> Option<BTreeMap<String, bool>> {
        let mut found = BTreeMap::new();
        // Seen: variables of the path are required parameters, declared or not.
        for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let name = name.strip_suffix('+').unwrap_or(name);
            found.insert(format!("method.request.path.{name}"), true);
        }
        for ((place, name), node) in parameters {
            let place = match *place {
                "query" => "querystring",
                "header" => "header",
                "path" => "path",
                "body" => continue,
                other => {
                    self.notes.remark(node.at, format!("Parameters in '{other}' have no counterpart; '{name}' is left out"));
                    continue;
                }
            };
            let required = node.find("required").and_then(Node::flag).unwrap_or(false);
            found.insert(format!("method.request.{place}.{name}"), required);
        }
        (!found.is_empty()).then_some(found)
    }

    fn request_models(&mut self, parameters: &Parameters<'d>, operation: &'d Node, spot: &Spot<'_>) -> Option<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        match self.version {
            Version::OpenApi3 => {
                let body = operation.find("requestBody").and_then(|node| self.follow(node));
                self.models_by_content(body, &mut found, spot);
            }
            Version::Swagger2 => {
                let body = parameters.iter().find(|((place, _), _)| *place == "body").map(|(_, node)| *node);
                self.models_by_media(body, "consumes", operation, &mut found, spot);
            }
        }
        (!found.is_empty()).then_some(found)
    }

    /// OpenAPI 3: a schema for each media type.
    fn models_by_content(&mut self, holder: Option<&'d Node>, found: &mut BTreeMap<String, String>, spot: &Spot<'_>) {
        let content = holder.and_then(|holder| holder.find("content"));
        for Entry { key, value, at } in content.map_or(&[][..], Node::entries) {
            let Some(schema) = value.find("schema") else { continue };
            if !self.notes.unfold(*at, key.len() + 64) {
                return;
            }
            if let Some(model) = self.model_for(schema, spot) {
                found.insert(key.clone(), model);
            }
        }
    }

    /// Swagger 2.0: one schema for all media types that are consumed or produced.
    fn models_by_media(
        &mut self,
        holder: Option<&'d Node>,
        list: &str,
        operation: &'d Node,
        found: &mut BTreeMap<String, String>,
        spot: &Spot<'_>,
    ) {
        let Some(schema) = holder.and_then(|holder| holder.find("schema")) else { return };
        let Some(model) = self.model_for(schema, spot) else { return };
        let media = operation.find(list).or_else(|| self.root.find(list)).map_or(&[][..], Node::items);
        for media in media.iter().filter_map(Node::text) {
            if !self.notes.unfold(schema.at, media.len() + model.len() + 64) {
                return;
            }
            found.insert(media.to_owned(), model.clone());
        }
        if found.is_empty() {
            found.insert("application/json".into(), model);
        }
    }

    fn responses(&mut self, operation: &'d Node, spot: &Spot<'_>) -> BTreeMap<String, MethodResponse> {
        let mut found = BTreeMap::new();
        for Entry { key: code, at, value } in operation.find("responses").map_or(&[][..], Node::entries) {
            if !is_status(code) {
                if !code.starts_with("x-") {
                    self.notes.remark(*at, format!("A method response has one status; '{code}' is left out"));
                }
                continue;
            }
            let Some(response) = self.follow(value) else { continue };
            let mut headers = BTreeMap::new();
            for header in response.find("headers").map_or(&[][..], Node::entries) {
                if !self.notes.unfold(header.at, header.key.len() + 64) {
                    return found;
                }
                // Seen: no header is required, whatever the definition says.
                headers.insert(format!("method.response.header.{}", header.key), false);
            }
            let mut models = BTreeMap::new();
            match self.version {
                Version::OpenApi3 => self.models_by_content(Some(response), &mut models, spot),
                Version::Swagger2 => self.models_by_media(Some(response), "produces", operation, &mut models, spot),
            }
            let record = MethodResponse {
                status_code: code.clone(),
                response_parameters: (!headers.is_empty()).then_some(headers),
                response_models: (!models.is_empty()).then_some(models),
            };
            found.insert(code.clone(), record);
        }
        found
    }
}
