//! What a request that makes a stage, or deploys to one, may say about it.

use super::checks::{check_canary, check_variables};
use super::record::{Canary, Stage};
use base::api::{self, ApiError, Member, Shape};
use base::world::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Gigabytes of a cache when nobody says.
const CACHE_SIZE_DEFAULT: &str = "0.5";

/// Members of a canary that comes with a stage or a deployment.
pub(crate) const CANARY: &[Member] = &[
    api::number("percentTraffic"),
    api::text("deploymentId"),
    api::map("stageVariableOverrides", &Shape::Text),
    api::flag("useStageCache"),
];

/// A canary as it is asked for.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WantedCanary {
    percent_traffic: Option<f64>,
    deployment_id: Option<String>,
    stage_variable_overrides: Option<BTreeMap<String, String>>,
    use_stage_cache: Option<bool>,
}

impl WantedCanary {
    /// As it is stored, on the deployment that it names or else this one.
    pub(crate) fn record(self, deployment: &str) -> Result<Canary, ApiError> {
        let Self { percent_traffic, deployment_id, stage_variable_overrides, use_stage_cache } = self;
        let canary = Canary {
            deployment: deployment_id.unwrap_or_else(|| deployment.to_owned()),
            percent_traffic: percent_traffic.unwrap_or(0.0),
            variable_overrides: stage_variable_overrides.filter(|map| !map.is_empty()),
            use_stage_cache: use_stage_cache.unwrap_or(false),
        };
        check_canary(&canary)?;
        Ok(canary)
    }

    /// The same, for a deployment that is only now being made.
    pub(crate) fn record_on(self, deployment: &str) -> Result<Canary, ApiError> {
        WantedCanary { deployment_id: None, ..self }.record(deployment)
    }
}

/// Settings that are laid over a stage: what is absent stays as it is.
#[derive(Clone, Default)]
pub(crate) struct Overlay {
    pub description: Option<String>,
    pub cache_cluster_enabled: Option<bool>,
    pub cache_cluster_size: Option<String>,
    pub variables: Option<BTreeMap<String, String>>,
    pub tracing_enabled: Option<bool>,
}

impl Overlay {
    /// Refuses what cannot be laid over any stage.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        self.variables.as_ref().map_or(Ok(()), check_variables)
    }

    /// Lays it over a stage.
    pub(crate) fn lay_on(&self, stage: &mut Stage) {
        let Self { description, cache_cluster_enabled, cache_cluster_size, variables, tracing_enabled } = self;
        if let Some(text) = description {
            stage.description = Some(text.clone()).filter(|text| !text.is_empty());
        }
        if let Some(size) = cache_cluster_size {
            stage.cache_cluster_size = Some(size.clone());
        }
        if let Some(enabled) = *cache_cluster_enabled {
            enable_cache(stage, enabled);
        }
        if let Some(variables) = variables {
            stage.variables = Some(variables.clone()).filter(|map| !map.is_empty());
        }
        stage.tracing_enabled = tracing_enabled.unwrap_or(stage.tracing_enabled);
    }
}

/// Switches a stage's cache. One without a size gets the smallest.
pub(super) fn enable_cache(stage: &mut Stage, enabled: bool) {
    stage.cache_cluster_enabled = enabled;
    if enabled && stage.cache_cluster_size.is_none() {
        stage.cache_cluster_size = Some(CACHE_SIZE_DEFAULT.into());
    }
}

/// A stage as it begins.
pub(crate) fn fresh(api: &str, name: &str, deployment: &str, now: Timestamp) -> Stage {
    Stage {
        api: api.to_owned(),
        name: name.to_owned(),
        deployment: deployment.to_owned(),
        description: None,
        cache_cluster_enabled: false,
        cache_cluster_size: None,
        variables: None,
        documentation_version: None,
        client_certificate: None,
        access_log: None,
        canary: None,
        tracing_enabled: false,
        method_settings: BTreeMap::new(),
        created: now,
        updated: now,
        tags: BTreeMap::new(),
    }
}
