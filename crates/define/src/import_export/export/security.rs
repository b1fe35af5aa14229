//! Whom a method asks, as security schemes and requirements.

use super::Wanted;
use crate::method::record::Method;
use crate::tree::ApiTree;
use admit::authorizer::record::Authorizer;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The schemes of an API: its authorizers by their names, and two of the gateway's own.
pub(super) struct Schemes<'t> {
    authorizers: BTreeMap<&'t str, &'t Authorizer>,
    /// The scheme of API keys, where a method wants one.
    key: Option<String>,
    /// The scheme of signed requests, where a method wants one.
    signed: Option<String>,
}

fn wants_signature(method: &Method) -> bool {
    method.authorization_type.eq_ignore_ascii_case("AWS_IAM")
}

impl<'t> Schemes<'t> {
    pub(super) fn of(tree: &'t ApiTree) -> Schemes<'t> {
        // An authorizer may have the name already.
        let free = |name: &str| {
            let taken = |name: &str| tree.authorizers.iter().any(|authorizer| authorizer.name == name);
            let mut name = name.to_owned();
            while taken(&name) {
                name.push('_');
            }
            name
        };
        Schemes {
            authorizers: tree.authorizers.iter().map(|authorizer| (authorizer.id.as_str(), authorizer)).collect(),
            key: tree.methods.iter().any(|method| method.api_key_required).then(|| free("api_key")),
            signed: tree.methods.iter().any(wants_signature).then(|| free("sigv4")),
        }
    }

    /// All schemes, by name. Both specifications have them in the same form.
    pub(super) fn written(&self, wanted: &Wanted) -> Map<String, Value> {
        let mut written = BTreeMap::new();
        for authorizer in self.authorizers.values() {
            written.insert(authorizer.name.clone(), scheme(authorizer, wanted.extensions.authorizers));
        }
        if let Some(name) = &self.key {
            written.insert(name.clone(), json!({"type": "apiKey", "name": "x-api-key", "in": "header"}));
        }
        if let Some(name) = &self.signed {
            let scheme = json!({"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"});
            written.insert(name.clone(), scheme);
        }
        written.into_iter().collect()
    }

    /// What a method asks of its callers.
    pub(super) fn requirements(&self, method: &Method) -> Vec<Value> {
        let named = |name: &str, scopes: &[String]| Value::Object(Map::from_iter([(name.to_owned(), json!(scopes))]));
        let authorizer = method.authorizer.as_deref().and_then(|id| self.authorizers.get(id));
        let authorizer = authorizer.map(|authorizer| named(&authorizer.name, &method.authorization_scopes));
        let signed = self.signed.as_deref().filter(|_| wants_signature(method)).map(|name| named(name, &[]));
        let key = self.key.as_deref().filter(|_| method.api_key_required).map(|name| named(name, &[]));
        [authorizer, signed, key].into_iter().flatten().collect()
    }
}

/// An authorizer as a scheme: what of a request it looks at, and, where that is wanted, how it decides.
fn scheme(authorizer: &Authorizer, whole: bool) -> Value {
    let source = authorizer.identity_source.as_deref().unwrap_or("");
    let header = source.strip_prefix("method.request.header.").filter(|name| !name.contains(','));
    let by_header = header.filter(|_| authorizer.kind != "REQUEST");
    let mut scheme = Map::new();
    scheme.insert("type".into(), "apiKey".into());
    // A request authorizer looks at more than one thing, which a scheme cannot say.
    scheme.insert("name".into(), by_header.unwrap_or("Unused").into());
    scheme.insert("in".into(), "header".into());
    if let Some(kind) = &authorizer.auth_type {
        scheme.insert("x-amazon-apigateway-authtype".into(), kind.as_str().into());
    }
    if whole {
        let mut how = Map::new();
        let mut say = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                how.insert(name.into(), value);
            }
        };
        say("type", Some(authorizer.kind.to_ascii_lowercase().into()));
        say("authorizerUri", authorizer.uri.as_deref().map(Value::from));
        say("authorizerCredentials", authorizer.credentials.as_deref().map(Value::from));
        say("providerARNs", (!authorizer.provider_arns.is_empty()).then(|| json!(authorizer.provider_arns)));
        say("authorizerResultTtlInSeconds", authorizer.result_ttl_seconds.map(Value::from));
        say("identityValidationExpression", authorizer.identity_validation_expression.as_deref().map(Value::from));
        say("identitySource", authorizer.identity_source.as_deref().filter(|_| by_header.is_none()).map(Value::from));
        say("jwtConfiguration", authorizer.jwt.clone());
        scheme.insert("x-amazon-apigateway-authorizer".into(), Value::Object(how));
    }
    Value::Object(scheme)
}
