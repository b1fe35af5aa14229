//! What is stored of a stage. All of it is live: it acts without a deployment.

use base::store::{Kind, Record, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a deployment can be called, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stage {
    pub api: String,
    pub name: String,
    pub deployment: String,
    pub description: Option<String>,
    pub cache_cluster_enabled: bool,
    /// Gigabytes, as AWS writes them: `0.5`, `1.6`, …
    pub cache_cluster_size: Option<String>,
    pub variables: Option<BTreeMap<String, String>>,
    pub documentation_version: Option<String>,
    pub client_certificate: Option<String>,
    pub access_log: Option<AccessLog>,
    pub canary: Option<Canary>,
    pub tracing_enabled: bool,
    /// By `{resource path, ~1-escaped or not}/{VERB}` as it was patched, or `*/*`.
    #[serde(default)]
    pub method_settings: BTreeMap<String, MethodSetting>,
    pub created: Timestamp,
    pub updated: Timestamp,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Where each request is written down, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AccessLog {
    pub destination_arn: Option<String>,
    pub format: Option<String>,
}

/// Another deployment that gets a part of the stage's requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    pub deployment: String,
    /// 0.0 to 100.0.
    pub percent_traffic: f64,
    pub variable_overrides: Option<BTreeMap<String, String>>,
    pub use_stage_cache: bool,
}

/// Settings of one method of a stage. The whole object appears with the first property that is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodSetting {
    pub metrics_enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging_level: Option<String>,
    pub data_trace_enabled: bool,
    pub throttling_burst_limit: i64,
    pub throttling_rate_limit: f64,
    pub caching_enabled: bool,
    pub cache_ttl_in_seconds: i64,
    pub cache_data_encrypted: bool,
    pub require_authorization_for_cache_control: bool,
    pub unauthorized_cache_control_header_strategy: String,
}

impl Default for MethodSetting {
    /// Seen: observed/stages-and-deployments.json.
    fn default() -> Self {
        MethodSetting {
            metrics_enabled: false,
            logging_level: None,
            data_trace_enabled: false,
            throttling_burst_limit: 5000,
            throttling_rate_limit: 10_000.0,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control_header_strategy: "SUCCEED_WITH_RESPONSE_HEADER".into(),
        }
    }
}

impl Record for Stage {
    const KIND: Kind = kind::STAGE;
    fn parent(&self) -> String {
        self.api.clone()
    }
    fn id(&self) -> String {
        self.name.clone()
    }
}
