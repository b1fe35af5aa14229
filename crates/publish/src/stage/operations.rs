//! What the control API does with stages.

use super::checks::{
    CACHE_SIZES, STAGES_PER_API_MAX, check_access_log, check_canary, check_deployment, check_documentation, check_name, check_variables,
    known_stage,
};
use super::flush::{FlushStageAuthorizersCache, FlushStageCache};
use super::method_settings::begins_to_log;
use super::overlay::{CANARY, Overlay, WantedCanary, fresh};
use super::patches::PATCHES;
use super::record::Stage;
use super::references::DeleteClientCertificate;
use super::reply::Reply;
use crate::account::operations::account;
use crate::domain_name::base_path_mapping::record::MappedStage;
use base::api::patch::{self, PatchOp};
use base::api::{self, ApiError, Control, Entry, Member, Operation, Route, Settings, Shape, Tags, check_room, check_tags, known_api, op};
use base::store::{Realm, View, kind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the control API can do with stages.
pub const OPERATIONS: &[Entry] = &[
    op::<CreateStage>(),
    op::<GetStages>(),
    op::<GetStage>(),
    op::<UpdateStage>(),
    op::<DeleteStage>(),
    op::<FlushStageCache>(),
    op::<FlushStageAuthorizersCache>(),
    op::<DeleteClientCertificate>(),
];

/// The place of an API in the path.
const API: Member = api::text("restapi_id").in_path("restApiId");
/// The place of a stage in the path.
const STAGE: Member = api::text("stage_name").in_path("stageName");

/// Gives a deployment a place where it can be called.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateStage {
    #[serde(rename = "restapi_id")]
    api: String,
    stage_name: Option<String>,
    deployment_id: Option<String>,
    description: Option<String>,
    cache_cluster_enabled: Option<bool>,
    cache_cluster_size: Option<String>,
    variables: Option<BTreeMap<String, String>>,
    documentation_version: Option<String>,
    canary_settings: Option<WantedCanary>,
    tracing_enabled: Option<bool>,
    tags: Option<Tags>,
}

impl Operation for CreateStage {
    const ROUTE: Route = api::post("CreateStage", "/restapis/{restapi_id}/stages");
    const MEMBERS: &'static [Member] = &[
        API,
        api::text("stageName"),
        api::text("deploymentId"),
        api::text("description"),
        api::flag("cacheClusterEnabled"),
        api::text("cacheClusterSize").one_of(CACHE_SIZES),
        api::map("variables", &Shape::Text),
        api::text("documentationVersion"),
        api::structure("canarySettings", CANARY),
        api::flag("tracingEnabled"),
        api::map("tags", &Shape::Text),
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self {
            api,
            stage_name,
            deployment_id,
            description,
            cache_cluster_enabled,
            cache_cluster_size,
            variables,
            documentation_version,
            canary_settings,
            tracing_enabled,
            tags,
        } = self;
        let (name, deployment) = (stage_name.unwrap_or_default(), deployment_id.unwrap_or_default());
        check_name(&name)?;
        let overlay = Overlay { description, cache_cluster_enabled, cache_cluster_size, variables, tracing_enabled };
        overlay.check()?;
        let mut stage = fresh(&api, &name, &deployment, cx.clock.wall());
        overlay.lay_on(&mut stage);
        stage.documentation_version = documentation_version.filter(|version| !version.is_empty());
        stage.canary = canary_settings.map(|canary| canary.record(&deployment)).transpose()?;
        stage.tags = tags.unwrap_or_default();
        check_tags(&stage.tags)?;
        let (realm, settings) = (cx.realm().clone(), cx.settings.clone());
        let stage = cx
            .write(move |txn| {
                known_api(txn.view(), &realm, &stage.api)?;
                check_deployment(txn.view(), &realm, &stage.api, &stage.deployment)?;
                check_documentation(&settings, txn.view(), &realm, &stage)?;
                if let Some(canary) = &stage.canary {
                    check_deployment(txn.view(), &realm, &stage.api, &canary.deployment)?;
                }
                if txn.view().has(kind::STAGE, &realm.scope(&stage.api), &stage.name)? {
                    return Err(ApiError::conflict("Stage already exists"));
                }
                check_stage_room(&settings, txn.view(), &realm, &stage.api)?;
                txn.save(&realm, &stage)?;
                Ok(stage.clone())
            })
            .await?;
        Ok(stage.into())
    }
}

/// Refuses one more stage than AWS allows an API.
pub(crate) fn check_stage_room(settings: &Settings, view: &dyn View, realm: &Realm, api: &str) -> Result<(), ApiError> {
    check_room(settings, view, kind::STAGE, &realm.scope(api), STAGES_PER_API_MAX, "stages")
}

/// Lists all stages of an API: there are no pages.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetStages {
    #[serde(rename = "restapi_id")]
    api: String,
    deployment_id: Option<String>,
}

/// All stages.
#[derive(Serialize)]
struct Stages {
    item: Vec<Reply>,
}

impl Operation for GetStages {
    const ROUTE: Route = api::get("GetStages", "/restapis/{restapi_id}/stages");
    const MEMBERS: &'static [Member] = &[API, api::text("deploymentId").in_query()];
    type Reply = Stages;

    async fn run(self, cx: &Control) -> Result<Stages, ApiError> {
        let Self { api, deployment_id } = self;
        let realm = cx.realm().clone();
        let stages = cx
            .read(move |view| {
                known_api(view, &realm, &api)?;
                let mut stages: Vec<Stage> = view.all(&realm.scope(&api))?;
                stages.retain(|stage| deployment_id.as_ref().is_none_or(|id| stage.deployment == *id));
                Ok(stages)
            })
            .await?;
        Ok(Stages { item: stages.into_iter().map(Reply::from).collect() })
    }
}

/// Shows a stage.
#[derive(Deserialize)]
struct GetStage {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "stage_name")]
    name: String,
}

impl Operation for GetStage {
    const ROUTE: Route = api::get("GetStage", "/restapis/{restapi_id}/stages/{stage_name}");
    const MEMBERS: &'static [Member] = &[API, STAGE];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { api, name } = self;
        let realm = cx.realm().clone();
        let stage = cx
            .read(move |view| {
                known_api(view, &realm, &api)?;
                known_stage(view, &realm, &api, &name)
            })
            .await?;
        Ok(stage.into())
    }
}

/// Changes a stage. It acts at once.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateStage {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "stage_name")]
    name: String,
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateStage {
    const ROUTE: Route = api::patch_route("UpdateStage", "/restapis/{restapi_id}/stages/{stage_name}");
    const MEMBERS: &'static [Member] = &[API, STAGE, patch::MEMBER];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { api, name, patch_operations } = self;
        let (realm, settings, now) = (cx.realm().clone(), cx.settings.clone(), cx.clock.wall());
        let ops = patch_operations.unwrap_or_default();
        let stage = cx
            .write(move |txn| {
                known_api(txn.view(), &realm, &api)?;
                let before = known_stage(txn.view(), &realm, &api, &name)?;
                let stage = Stage { updated: now, ..PATCHES.apply(&before, &ops)? };
                check_change(txn.view(), &realm, &settings, &before, &stage)?;
                txn.save(&realm, &stage)?;
                Ok(stage)
            })
            .await?;
        Ok(stage.into())
    }
}

/// Refuses a changed stage whose parts do not hold, or that points at what is not there.
fn check_change(view: &dyn View, realm: &Realm, settings: &Settings, before: &Stage, after: &Stage) -> Result<(), ApiError> {
    if after.deployment != before.deployment {
        check_deployment(view, realm, &after.api, &after.deployment)?;
    }
    if let Some(canary) = after.canary.as_ref().filter(|canary| before.canary.as_ref() != Some(canary)) {
        check_deployment(view, realm, &after.api, &canary.deployment)?;
        check_canary(canary)?;
    }
    match &after.client_certificate {
        id if *id == before.client_certificate => {}
        Some(id) if !view.has(kind::CLIENT_CERTIFICATE, &realm.top(), id)? => {
            return Err(ApiError::bad_request("Invalid client certificate identifier specified"));
        }
        _ => {}
    }
    if after.documentation_version != before.documentation_version {
        check_documentation(settings, view, realm, after)?;
    }
    after.variables.as_ref().map_or(Ok(()), check_variables)?;
    after.access_log.as_ref().map_or(Ok(()), check_access_log)?;
    // Our own logs need no role: only `aws-strict` asks for one.
    if settings.aws_strict && begins_to_log(before, after) && account(view, realm)?.cloudwatch_role_arn.is_none() {
        return Err(ApiError::bad_request("CloudWatch Logs role ARN must be set in account settings to enable logging"));
    }
    Ok(())
}

/// Deletes a stage that no base path stands for (the text is assumed). Its deployment stays.
#[derive(Deserialize)]
struct DeleteStage {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "stage_name")]
    name: String,
}

impl Operation for DeleteStage {
    const ROUTE: Route = api::delete("DeleteStage", "/restapis/{restapi_id}/stages/{stage_name}");
    const MEMBERS: &'static [Member] = &[API, STAGE];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { api, name } = self;
        let realm = cx.realm().clone();
        cx.write(move |txn| {
            known_api(txn.view(), &realm, &api)?;
            let stage = known_stage(txn.view(), &realm, &api, &name)?;
            let mapped: Vec<MappedStage> = txn.view().all(&realm.scope(&api))?;
            if mapped.iter().any(|mapped| mapped.stage.as_ref() == Some(&stage.name)) {
                return Err(ApiError::bad_request(format!(
                    "Cannot delete stage '{name}' unless all base path mappings related to the domain in this stage have been deleted"
                )));
            }
            Ok(txn.remove::<Stage>(&realm.scope(&api), &stage.name)?)
        })
        .await
    }
}
