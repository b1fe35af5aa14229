//! `x-amazon-apigateway-integration` as an integration.

use super::method::is_status;
use super::*;
use crate::import_export::document::Entry;
use deliver::integration::record::{Integration, IntegrationResponse, IntegrationType, PassthroughBehavior, TIMEOUT_MS_DEFAULT};

/// Members that AWS knows. Others (`payloadFormatVersion`) are for other kinds of APIs, and ignored.
const MEMBERS: &[&str] = &[
    "cacheKeyParameters",
    "cacheNamespace",
    "connectionId",
    "connectionType",
    "contentHandling",
    "credentials",
    "httpMethod",
    "integrationTarget",
    "passthroughBehavior",
    "requestParameters",
    "requestTemplates",
    "responseTransferMode",
    "responses",
    "timeoutInMillis",
    "tlsConfig",
    "type",
    "uri",
];

impl<'d> Draft<'d> {
    /// The integration of a method. `None` when it has no type we know; that is then told.
    pub(super) fn integration(&mut self, node: &'d Node, method: &Method, spot: &Spot<'_>) -> Option<Integration> {
        let Some(kind) = node.find("type").and_then(Node::text).and_then(IntegrationType::named) else {
            let why = match node.find("type") {
                None => "Enumeration value for type must be non-empty".to_owned(),
                Some(found) => {
                    format!("Invalid integration type '{}'. Must be one of: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]", shown(found))
                }
            };
            self.notes.error(node.at, spot.cannot_put("integration", &why));
            return None;
        };
        for entry in node.entries().iter().filter(|entry| !MEMBERS.contains(&entry.key.as_str())) {
            self.notes.remark(entry.at, format!("The integration's member '{}' has no meaning in a REST API", entry.key));
        }
        let bytes: usize = node.entries().iter().filter_map(|entry| Some(entry.value.scalar()?.len() + 32)).sum();
        self.notes.unfold(node.at, bytes);
        let text = |name: &str| node.find(name).and_then(Node::scalar).filter(|text| !text.is_empty()).map(str::to_owned);
        let capitals = |name: &str| text(name).map(|text| text.to_ascii_uppercase());
        // Seen: a mock has neither verb nor address, whatever the definition says.
        let is_mock = kind == IntegrationType::Mock;
        let connection_type = capitals("connectionType").unwrap_or_else(|| "INTERNET".into());
        let shows_connection = kind.is_http() || connection_type == "VPC_LINK";
        let mut integration = Integration {
            kind,
            http_method: capitals("httpMethod").filter(|_| !is_mock),
            uri: text("uri").filter(|_| !is_mock),
            connection_type: shows_connection.then_some(connection_type),
            connection_id: text("connectionId"),
            credentials: text("credentials"),
            request_parameters: node.find("requestParameters").map(|map| self.texts(map, "requestParameters", Some(spot))),
            request_templates: node.find("requestTemplates").map(|map| self.templates(map, "requestTemplates", spot)),
            passthrough_behavior: self.passthrough(node, spot),
            content_handling: capitals("contentHandling"),
            timeout_ms: self.timeout(node, spot),
            cache_namespace: text("cacheNamespace").unwrap_or_else(|| method.resource.clone()),
            cache_key_parameters: node.find("cacheKeyParameters").map(listed).unwrap_or_default(),
            insecure_skip_verification: node.find("tlsConfig").and_then(|tls| tls.find("insecureSkipVerification")).and_then(Node::flag),
            response_transfer_mode: capitals("responseTransferMode"),
            target: text("integrationTarget"),
            responses: BTreeMap::new(),
        };
        integration.request_parameters = integration.request_parameters.filter(|map| !map.is_empty());
        integration.request_templates = integration.request_templates.filter(|map| !map.is_empty());
        let flaws = check::integration(method, &integration);
        self.tell(flaws, "integration", node.at, spot);
        self.integration_responses(node, method, &mut integration, spot);
        Some(integration)
    }

    fn tell(&mut self, flaws: Vec<check::Flaw>, what: &str, at: Place, spot: &Spot<'_>) {
        for flaw in flaws {
            let text = spot.cannot_put(what, &flaw.text);
            if flaw.is_fatal { self.notes.error(at, text) } else { self.notes.refused_by_aws(at, text) }
        }
    }

    fn passthrough(&mut self, node: &'d Node, spot: &Spot<'_>) -> PassthroughBehavior {
        let Some(node) = node.find("passthroughBehavior") else { return PassthroughBehavior::default() };
        node.text().and_then(PassthroughBehavior::named).unwrap_or_else(|| {
            let why = "Invalid passthrough behavior specified. Valid options are WHEN_NO_MATCH,WHEN_NO_TEMPLATES,NEVER";
            self.notes.error(node.at, spot.cannot_put("integration", why));
            PassthroughBehavior::default()
        })
    }

    fn timeout(&mut self, node: &'d Node, spot: &Spot<'_>) -> u32 {
        let Some(node) = node.find("timeoutInMillis") else { return TIMEOUT_MS_DEFAULT };
        let range = check::timeouts_ms(self.notes.is_strict());
        match node.whole().and_then(|ms| u32::try_from(ms).ok()).filter(|ms| range.contains(ms)) {
            Some(ms) => ms,
            None => {
                let why = format!("Timeout should be between {} ms and {} ms", range.start(), range.end());
                self.notes.error(node.at, spot.cannot_put("integration", &why));
                TIMEOUT_MS_DEFAULT
            }
        }
    }

    /// Templates by media type. An empty one is none, and passes through.
    fn templates(&mut self, map: &'d Node, member: &str, spot: &Spot<'_>) -> BTreeMap<String, Option<String>> {
        let texts = self.texts(map, member, Some(spot));
        let mut found: BTreeMap<_, _> =
            texts.into_iter().map(|(media, text)| (media, Some(text).filter(|text| !text.is_empty()))).collect();
        let nulls = map.entries().iter().filter(|entry| entry.value.is_null());
        found.extend(nulls.map(|entry| (entry.key.clone(), None)));
        found
    }

    fn integration_responses(&mut self, node: &'d Node, method: &Method, integration: &mut Integration, spot: &Spot<'_>) {
        for Entry { key: pattern, at, value } in node.find("responses").map_or(&[][..], Node::entries) {
            let Some(response) = self.follow(value) else { continue };
            let code = response.find("statusCode").and_then(Node::scalar).filter(|code| is_status(code));
            let Some(code) = code else {
                let why = format!("The response '{pattern}' must have a status code of three digits");
                self.notes.refused_by_aws(*at, spot.cannot_put("integration response", &why));
                continue;
            };
            if !self.notes.unfold(*at, pattern.len() + 128) {
                return;
            }
            let parameters = response.find("responseParameters").map(|map| self.texts(map, "responseParameters", Some(spot)));
            let templates = response.find("responseTemplates").map(|map| self.templates(map, "responseTemplates", spot));
            let content_handling = response.find("contentHandling").and_then(Node::text).map(str::to_ascii_uppercase);
            let record = IntegrationResponse {
                status_code: code.to_owned(),
                selection_pattern: (pattern != "default").then(|| pattern.clone()),
                response_parameters: parameters.filter(|map| !map.is_empty()),
                response_templates: templates.filter(|map| !map.is_empty()),
                content_handling,
            };
            let flaws = check::integration_response(method, integration.kind, &record);
            self.tell(flaws, "integration response", *at, spot);
            if integration.responses.insert(code.to_owned(), record).is_some() {
                self.notes.remark(*at, format!("Two integration responses have the status {code}; the last one counts"));
            }
        }
    }
}
