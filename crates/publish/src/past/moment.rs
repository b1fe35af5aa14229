//! A moment of an API: where it is looked up, and what it consists of.

use crate::deployment::operations::{frozen_tree, known_deployment};
use crate::deployment::record::Deployment;
use crate::stage::checks::known_stage;
use crate::stage::record::{AccessLog, Canary, MethodSetting, Stage};
use base::api::{ApiError, known_api};
use base::store::{Realm, View};
use define::compare::{Members, Noun, Parts};
use define::tree::ApiTree;
use serde::Serialize;
use serde_json::{Value, json};

/// One side of a comparison, as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Present { api: String },
    Stage { api: String, stage: String },
    Deployment { api: String, deployment: String },
}

impl Moment {
    /// Reads `API`, `API/STAGE` or `API@DEPLOYMENT`.
    pub(super) fn read(text: &str) -> Result<Moment, ApiError> {
        let (api, rest) = text.split_at(text.find(['/', '@']).unwrap_or(text.len()));
        let (mark, name) = rest.split_at(rest.len().min(1));
        let (api, name) = (api.to_owned(), name.to_owned());
        match mark {
            _ if api.is_empty() => {}
            "" => return Ok(Moment::Present { api }),
            _ if name.is_empty() => {}
            "/" => return Ok(Moment::Stage { api, stage: name }),
            _ => return Ok(Moment::Deployment { api, deployment: name }),
        }
        Err(ApiError::bad_request("Nothing to compare is named so: write API, API/STAGE or API@DEPLOYMENT"))
    }
}

/// A side as it was found.
pub(super) struct Found {
    pub(super) side: Side,
    pub(super) tree: ApiTree,
    pub(super) stage: Option<Stage>,
}

/// What a side turned out to be.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Side {
    api_id: String,
    api_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment_id: Option<String>,
    /// When the deployment was made, seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_date: Option<u64>,
}

impl Moment {
    /// Looks it up; AWS's 404 for what is not there.
    pub(super) fn find(&self, view: &dyn View, realm: &Realm) -> Result<Found, ApiError> {
        let frozen = |deployment: Deployment, stage: Option<Stage>| {
            let tree = frozen_tree(view, &deployment)?;
            Ok(Found { side: Side::of(&tree, stage.as_ref(), Some(&deployment)), tree, stage })
        };
        match self {
            Moment::Present { api } => {
                let tree = ApiTree::read(view, realm, api)?.ok_or_else(|| ApiError::no_api(realm, api))?;
                Ok(Found { side: Side::of(&tree, None, None), tree, stage: None })
            }
            Moment::Stage { api, stage } => {
                known_api(view, realm, api)?;
                let stage = known_stage(view, realm, api, stage)?;
                frozen(known_deployment(view, realm, api, &stage.deployment)?, Some(stage))
            }
            Moment::Deployment { api, deployment } => frozen(known_deployment(view, realm, api, deployment)?, None),
        }
    }
}

impl Side {
    fn of(tree: &ApiTree, stage: Option<&Stage>, deployment: Option<&Deployment>) -> Side {
        Side {
            api_id: tree.api.id.clone(),
            api_name: tree.api.name.clone(),
            stage_name: stage.map(|stage| stage.name.clone()),
            deployment_id: deployment.map(|deployment| deployment.id.clone()),
            created_date: deployment.map(|deployment| deployment.created.seconds()),
        }
    }
}

/// Both sides as parts. A stage's settings count where both have them.
pub(super) fn parts(from: &Found, to: &Found) -> (Parts, Parts) {
    let (mut before, mut after) = (Parts::of(&from.tree), Parts::of(&to.tree));
    if let (Some(from), Some(to)) = (&from.stage, &to.stage) {
        before.add(Noun::Stage, "", settings(from));
        after.add(Noun::Stage, "", settings(to));
    }
    (before, after)
}

/// A stage's settings under AWS's names.
fn settings(stage: &Stage) -> Members {
    let Stage {
        api: _,
        name: _,
        deployment: _,
        description,
        cache_cluster_enabled,
        cache_cluster_size,
        variables,
        documentation_version,
        client_certificate,
        access_log,
        canary,
        tracing_enabled,
        method_settings,
        created: _,
        updated: _,
        tags,
    } = stage;
    let AccessLog { destination_arn, format } = access_log.clone().unwrap_or_default();
    let mut members = Members::from([
        ("description".to_owned(), json!(description)),
        ("cacheClusterEnabled".to_owned(), json!(cache_cluster_enabled)),
        ("cacheClusterSize".to_owned(), json!(cache_cluster_size)),
        ("documentationVersion".to_owned(), json!(documentation_version)),
        ("clientCertificateId".to_owned(), json!(client_certificate)),
        ("accessLogSettings/destinationArn".to_owned(), json!(destination_arn)),
        ("accessLogSettings/format".to_owned(), json!(format)),
        ("tracingEnabled".to_owned(), json!(tracing_enabled)),
    ]);
    members.extend(variables.iter().flatten().map(|(name, value)| (format!("variables/{name}"), json!(value))));
    members.extend(tags.iter().map(|(name, value)| (format!("tags/{name}"), json!(value))));
    if let Some(Canary { deployment: _, percent_traffic, variable_overrides, use_stage_cache }) = canary {
        members.insert("canarySettings/percentTraffic".to_owned(), json!(percent_traffic));
        members.insert("canarySettings/useStageCache".to_owned(), json!(use_stage_cache));
        let overrides = variable_overrides.iter().flatten();
        members.extend(overrides.map(|(name, value)| (format!("canarySettings/stageVariableOverrides/{name}"), json!(value))));
    }
    for (place, setting) in method_settings {
        members.extend(method_setting(setting).into_iter().map(|(name, value)| (format!("methodSettings/{place}/{name}"), value)));
    }
    members.retain(|_, value| !value.is_null());
    members
}

fn method_setting(setting: &MethodSetting) -> [(&'static str, Value); 10] {
    let MethodSetting {
        metrics_enabled,
        logging_level,
        data_trace_enabled,
        throttling_burst_limit,
        throttling_rate_limit,
        caching_enabled,
        cache_ttl_in_seconds,
        cache_data_encrypted,
        require_authorization_for_cache_control,
        unauthorized_cache_control_header_strategy,
    } = setting;
    [
        ("metricsEnabled", json!(metrics_enabled)),
        ("loggingLevel", json!(logging_level)),
        ("dataTraceEnabled", json!(data_trace_enabled)),
        ("throttlingBurstLimit", json!(throttling_burst_limit)),
        ("throttlingRateLimit", json!(throttling_rate_limit)),
        ("cachingEnabled", json!(caching_enabled)),
        ("cacheTtlInSeconds", json!(cache_ttl_in_seconds)),
        ("cacheDataEncrypted", json!(cache_data_encrypted)),
        ("requireAuthorizationForCacheControl", json!(require_authorization_for_cache_control)),
        ("unauthorizedCacheControlHeaderStrategy", json!(unauthorized_cache_control_header_strategy)),
    ]
}
