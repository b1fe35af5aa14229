//! Who may call: security schemes as authorizers, and security requirements as a method's authorization.

use super::*;
use crate::import_export::document::Entry;

/// What a method asks of its callers.
pub(super) struct Admission {
    pub(super) authorization_type: &'static str,
    pub(super) authorizer: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) api_key_required: bool,
}

impl<'d> Draft<'d> {
    fn schemes(&self) -> Option<&'d Node> {
        match self.version {
            Version::Swagger2 => self.root.find("securityDefinitions"),
            Version::OpenApi3 => self.root.find("components")?.find("securitySchemes"),
        }
    }

    pub(super) fn authorizers(&mut self) {
        for Entry { key, value, .. } in self.schemes().map_or(&[][..], Node::entries) {
            let Some(scheme) = self.follow(value) else { continue };
            let Some(authorizer) = scheme.find("x-amazon-apigateway-authorizer") else { continue };
            let Some(authorizer) = self.follow(authorizer) else { continue };
            let text = |name: &str| authorizer.find(name).and_then(Node::scalar).map(str::to_owned);
            let kind = text("type").map(|kind| kind.to_ascii_uppercase()).unwrap_or_default();
            if authorization_type(&kind).is_none() {
                let what = format!("Unable to create authorizer '{key}': Invalid authorizer type '{kind}'");
                self.notes.error(authorizer.at, format!("{what}. Must be one of: [TOKEN, REQUEST, COGNITO_USER_POOLS, JWT]"));
                continue;
            }
            let ttl = authorizer.find("authorizerResultTtlInSeconds");
            let result_ttl_seconds = ttl.and_then(Node::whole).filter(|seconds| (0..=3600).contains(seconds));
            if let Some(node) = ttl.filter(|_| result_ttl_seconds.is_none()) {
                let why = "Authorizer result TTL in seconds should be between 0 and 3600";
                self.notes.error(node.at, format!("Unable to create authorizer '{key}': {why}"));
            }
            let id = match self.authorizers.get(key) {
                Some(old) => old.id.clone(),
                None => self.short_id(),
            };
            let record = Authorizer {
                api: self.api.id.clone(),
                id,
                name: key.clone(),
                provider_arns: authorizer.find("providerARNs").map(listed).unwrap_or_default(),
                auth_type: Some(auth_type(scheme, &kind)),
                uri: text("authorizerUri"),
                credentials: text("authorizerCredentials"),
                identity_source: text("identitySource").or_else(|| identity_source(scheme, &kind)),
                identity_validation_expression: text("identityValidationExpression"),
                result_ttl_seconds,
                jwt: authorizer.find("jwtConfiguration").and_then(|node| serde_json::from_str(&node.json(&|_| None)).ok()),
                kind,
            };
            self.authorizers.insert(key.clone(), record);
        }
    }

    /// What an operation asks of its callers, by its own word or else the root's.
    pub(super) fn admission(&mut self, operation: &'d Node) -> Admission {
        let mut found = Admission { authorization_type: "NONE", authorizer: None, scopes: Vec::new(), api_key_required: false };
        // Seen: the root's requirements count, whatever the documentation says. An empty list of an operation's own turns them off.
        let security = operation.find("security").or_else(|| self.root.find("security"));
        for requirement in security.map_or(&[][..], Node::items) {
            for entry in requirement.entries() {
                self.require(entry, &mut found);
                if !self.notes.unfold(entry.at, 64) {
                    return found;
                }
            }
        }
        let auth = operation.find("x-amazon-apigateway-auth").and_then(|auth| auth.find("type"));
        match auth.and_then(Node::text).map(str::to_ascii_uppercase).as_deref() {
            Some("AWS_IAM") => found = Admission { authorization_type: "AWS_IAM", authorizer: None, scopes: Vec::new(), ..found },
            Some("NONE") => found = Admission { authorization_type: "NONE", authorizer: None, scopes: Vec::new(), ..found },
            _ => {}
        }
        found
    }

    fn require(&mut self, Entry { key, at, value }: &'d Entry, found: &mut Admission) {
        let Some(scheme) = self.schemes().and_then(|schemes| schemes.find(key)) else {
            self.notes.remark(*at, format!("There is no security scheme '{key}'"));
            return;
        };
        let Some(scheme) = self.follow(scheme) else { return };
        let word = |name: &str| scheme.find(name).and_then(Node::text).unwrap_or("").to_ascii_lowercase();
        let wanted = if scheme.find("x-amazon-apigateway-authorizer").is_some() {
            let authorizer = self.authorizers.get(key);
            authorizer.and_then(|authorizer| Some((authorization_type(&authorizer.kind)?, Some(authorizer.id.clone()))))
        } else if word("x-amazon-apigateway-authtype") == "awssigv4" {
            Some(("AWS_IAM", None))
        } else {
            if word("type") == "apikey" && word("name") == "x-api-key" {
                found.api_key_required = true;
            } else {
                self.notes.remark(*at, format!("The security scheme '{key}' names no authorizer; it has no effect"));
            }
            None
        };
        match wanted {
            Some((kind, authorizer)) if found.authorization_type == "NONE" => {
                found.authorization_type = kind;
                found.authorizer = authorizer;
                found.scopes = listed(value);
                let bytes = found.scopes.iter().map(|scope| scope.len() + 32).sum();
                self.notes.unfold(*at, bytes);
            }
            Some(_) => self.notes.remark(*at, format!("A method has one authorizer; '{key}' has no effect after the first")),
            None => {}
        }
    }
}

/// A method's authorization type by its authorizer's.
fn authorization_type(kind: &str) -> Option<&'static str> {
    match kind {
        "TOKEN" | "REQUEST" => Some("CUSTOM"),
        "COGNITO_USER_POOLS" => Some("COGNITO_USER_POOLS"),
        "JWT" => Some("JWT"),
        _ => None,
    }
}

fn auth_type(scheme: &Node, kind: &str) -> String {
    let said = scheme.find("x-amazon-apigateway-authtype").and_then(Node::text);
    let usual = if kind == "COGNITO_USER_POOLS" { "cognito_user_pools" } else { "custom" };
    said.unwrap_or(usual).to_owned()
}

/// Seen: the scheme's header is where a token comes from, if the authorizer does not say. `Unused` is AWS's word for no header.
fn identity_source(scheme: &Node, kind: &str) -> Option<String> {
    let header = scheme.find("in").and_then(Node::text) == Some("header");
    let name = scheme.find("name").and_then(Node::text).filter(|name| *name != "Unused")?;
    (header && kind != "REQUEST").then(|| format!("method.request.header.{name}"))
}
