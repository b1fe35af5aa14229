//! What is stored of a REST API.

use base::store::{Kind, Record, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A REST API: its settings. Resources, methods and the rest are records of their own, under its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RestApi {
    /// Ten characters of `[a-z0-9]`.
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub version: Option<String>,
    pub created: Timestamp,
    /// In the order in which they were added.
    #[serde(default)]
    pub binary_media_types: Vec<String>,
    /// Bytes, 0 to 10,485,760; `None` when answers are not compressed.
    pub minimum_compression_size: Option<u32>,
    pub api_key_source: ApiKeySource,
    /// One of `EDGE`, `REGIONAL`, `PRIVATE`.
    pub endpoint_type: String,
    /// `ipv4` or `dualstack`.
    pub ip_address_type: String,
    #[serde(default)]
    pub vpc_endpoint_ids: Vec<String>,
    /// JSON text.
    pub policy: Option<String>,
    pub disable_execute_api_endpoint: bool,
    pub security_policy: Option<String>,
    pub endpoint_access_mode: Option<String>,
    pub root_resource_id: String,
    /// What the last import had to say.
    #[serde(default)]
    pub warnings: Vec<String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Where a caller's API key comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ApiKeySource {
    /// The header `x-api-key`.
    #[default]
    Header,
    /// A Lambda authorizer's `usageIdentifierKey`.
    Authorizer,
}

impl Record for RestApi {
    const KIND: Kind = kind::REST_API;
    fn id(&self) -> String {
        self.id.clone()
    }
}
