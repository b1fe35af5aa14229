//! A stage as it is sent.

use super::method_settings::WireSetting;
use super::record::Stage;
use base::api::Tags;
use serde::Serialize;
use std::collections::BTreeMap;

/// Seen: observed/stages-and-deployments.json, observed/canary.json.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reply {
    deployment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_certificate_id: Option<String>,
    stage_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    cache_cluster_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_cluster_size: Option<String>,
    cache_cluster_status: &'static str,
    method_settings: BTreeMap<String, WireSetting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    documentation_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_log_settings: Option<WireAccessLog>,
    #[serde(skip_serializing_if = "Option::is_none")]
    canary_settings: Option<WireCanary>,
    tracing_enabled: bool,
    #[serde(skip_serializing_if = "Tags::is_empty")]
    tags: Tags,
    created_date: u64,
    last_updated_date: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireAccessLog {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireCanary {
    percent_traffic: f64,
    deployment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_variable_overrides: Option<BTreeMap<String, String>>,
    use_stage_cache: bool,
}

impl From<Stage> for Reply {
    fn from(stage: Stage) -> Reply {
        Reply {
            deployment_id: stage.deployment,
            client_certificate_id: stage.client_certificate,
            stage_name: stage.name,
            description: stage.description,
            cache_cluster_enabled: stage.cache_cluster_enabled,
            cache_cluster_size: stage.cache_cluster_size,
            // A cache is ready as soon as it is wanted.
            cache_cluster_status: if stage.cache_cluster_enabled { "AVAILABLE" } else { "NOT_AVAILABLE" },
            method_settings: stage.method_settings.into_iter().map(|(method, setting)| (method, setting.into())).collect(),
            variables: stage.variables,
            documentation_version: stage.documentation_version,
            access_log_settings: stage.access_log.map(|log| WireAccessLog { format: log.format, destination_arn: log.destination_arn }),
            canary_settings: stage.canary.map(|canary| WireCanary {
                percent_traffic: canary.percent_traffic,
                deployment_id: canary.deployment,
                stage_variable_overrides: canary.variable_overrides,
                use_stage_cache: canary.use_stage_cache,
            }),
            tracing_enabled: stage.tracing_enabled,
            tags: stage.tags,
            created_date: stage.created.seconds(),
            last_updated_date: stage.updated.seconds(),
        }
    }
}
