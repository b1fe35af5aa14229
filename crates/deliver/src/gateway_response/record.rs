//! What is stored of a customised gateway response.

use base::store::{Kind, Record, kind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How an API words one sort of refusal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GatewayResponse {
    pub api: String,
    /// AWS's word, e.g. `DEFAULT_4XX`.
    #[serde(rename = "type")]
    pub kind: String,
    pub status_code: Option<String>,
    /// `gatewayresponse.header.{name}` to a mapping expression.
    pub parameters: BTreeMap<String, String>,
    /// Media type to template.
    pub templates: BTreeMap<String, String>,
}

impl Record for GatewayResponse {
    const KIND: Kind = kind::GATEWAY_RESPONSE;
    fn parent(&self) -> String {
        self.api.clone()
    }
    fn id(&self) -> String {
        self.kind.clone()
    }
}
