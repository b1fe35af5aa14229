//! `x-amazon-apigateway-integration` as an integration.

use super::method::is_status;
use super::*;
use crate::import_export::document::Entry;
use crate::method::integration_check::Rules;

/// Milliseconds that a definition may give an integration here, where AWS's quota would refuse it: AWS's own bound for streams.
const TIMEOUT_MS_TOLERATED_MAX: u32 = 900_000;
use deliver::integration::record::{
    Integration, IntegrationResponse, IntegrationType, PassthroughBehavior, TIMEOUT_MS_DEFAULT, TIMEOUT_MS_MIN,
};

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
            request_templates: node.find("requestTemplates").map(|map| self.templates(map)),
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
        let rules = Rules {
            strict: self.notes.is_strict(),
            account: self.options.realm.account.clone(),
            timeout_ms_max: self.options.timeout_ms_max,
        };
        let flaws = check::integration(method, &integration, &rules);
        self.tell(flaws, node.at, |why| spot.cannot_put("integration", why));
        self.integration_responses(node, method, &mut integration, spot);
        Some(integration)
    }

    pub(super) fn tell(&mut self, flaws: Vec<check::Flaw>, at: Place, words: impl Fn(&str) -> String) {
        for flaw in flaws {
            let text = words(&flaw.text);
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
        let max = if self.notes.is_strict() { self.options.timeout_ms_max } else { TIMEOUT_MS_TOLERATED_MAX };
        match node.whole().and_then(|ms| u32::try_from(ms).ok()).filter(|ms| (TIMEOUT_MS_MIN..=max).contains(ms)) {
            Some(ms) => ms,
            None => {
                let why = format!("Timeout should be between {TIMEOUT_MS_MIN} ms and {max} ms");
                self.notes.error(node.at, spot.cannot_put("integration", &why));
                TIMEOUT_MS_DEFAULT
            }
        }
    }

    /// Templates by media type. An empty one is none, and passes through; one that forgot its quotes is the JSON text it looks like.
    fn templates(&mut self, map: &'d Node) -> BTreeMap<String, Option<String>> {
        let mut found = BTreeMap::new();
        for entry in map.entries() {
            let template = match entry.value.scalar() {
                Some(text) => Some(text.to_owned()),
                None if entry.value.is_null() => None,
                None => {
                    self.notes.remark(entry.value.at, format!("The template for '{}' is no text; its JSON is taken", entry.key));
                    Some(entry.value.json(&|_| None))
                }
            };
            let template = template.filter(|text| !text.is_empty());
            if !self.notes.unfold(entry.at, entry.key.len() + template.as_ref().map_or(0, String::len) + 64) {
                break;
            }
            found.insert(entry.key.clone(), template);
        }
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
            let templates = response.find("responseTemplates").map(|map| self.templates(map));
            let content_handling = response.find("contentHandling").and_then(Node::text).map(str::to_ascii_uppercase);
            let record = IntegrationResponse {
                status_code: code.to_owned(),
                selection_pattern: (pattern != "default").then(|| pattern.clone()),
                response_parameters: parameters.filter(|map| !map.is_empty()),
                response_templates: templates.filter(|map| !map.is_empty()),
                content_handling,
            };
            let flaws = check::integration_response(method, integration.kind, &record);
            self.tell(flaws, *at, |why| spot.cannot_put("integration response", why));
            if integration.responses.insert(code.to_owned(), record).is_some() {
                self.notes.remark(*at, format!("Two integration responses have the status {code}; the last one counts"));
            }
        }
    }
}
