//! What is stored of an authorizer. Its operations and its running half come with authorization; imports keep it from the first day.

use base::store::{Kind, Record, kind};
use serde::{Deserialize, Serialize};

/// An authorizer of a REST API.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Authorizer {
    pub api: String,
    pub id: String,
    pub name: String,
    /// `TOKEN`, `REQUEST`, `COGNITO_USER_POOLS` or `JWT`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub provider_arns: Vec<String>,
    pub auth_type: Option<String>,
    pub uri: Option<String>,
    pub credentials: Option<String>,
    pub identity_source: Option<String>,
    pub identity_validation_expression: Option<String>,
    /// Seconds, 0 to 3600.
    pub result_ttl_seconds: Option<i64>,
    /// As it came, for JWT authorizers.
    pub jwt: Option<serde_json::Value>,
}

impl Record for Authorizer {
    const KIND: Kind = kind::AUTHORIZER;
    fn parent(&self) -> String {
        self.api.clone()
    }
    fn id(&self) -> String {
        self.id.clone()
    }
}
