//! What the control API does with deployments.

use super::record::Deployment;
use crate::stage::checks::{CACHE_SIZES, check_name};
use crate::stage::operations::check_stage_room;
use crate::stage::overlay::{CANARY, Overlay, WantedCanary, fresh};
use crate::stage::record::Stage;
use base::api::patch::{self, PatchOp, Table, Words, replace};
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, Route, Settings, Shape, known_api, op};
use base::store::{Realm, Txn, View, digest, kind};
use base::world::Timestamp;
use define::tree::ApiTree;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the control API can do with deployments.
pub const OPERATIONS: &[Entry] =
    &[op::<CreateDeployment>(), op::<GetDeployments>(), op::<GetDeployment>(), op::<UpdateDeployment>(), op::<DeleteDeployment>()];

/// Characters of a deployment's id.
const ID_CHARS: usize = 6;

const API: Member = api::text("restapi_id").in_path("restApiId");
const DEPLOYMENT: Member = api::text("deployment_id").in_path("deploymentId");

/// A deployment as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    created_date: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_summary: Option<Summary>,
}

/// Methods by path and verb.
type Summary = BTreeMap<String, BTreeMap<String, MethodSnapshot>>;

/// What a summary tells of a method.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MethodSnapshot {
    authorization_type: String,
    api_key_required: bool,
}

impl From<Deployment> for Reply {
    fn from(deployment: Deployment) -> Reply {
        let Deployment { id, description, created, .. } = deployment;
        Reply { id, description, created_date: created.seconds(), api_summary: None }
    }
}

/// The deployment with an id, or AWS's 404; that of its API comes first.
pub(crate) fn known_deployment(view: &dyn View, realm: &Realm, api: &str, id: &str) -> Result<Deployment, ApiError> {
    known_api(view, realm, api)?;
    view.find(&realm.scope(api), id)?.ok_or_else(|| ApiError::not_found("Invalid Deployment identifier specified"))
}

/// Freezes an API, and makes it callable where a stage is named.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateDeployment {
    #[serde(rename = "restapi_id")]
    api: String,
    stage_name: Option<String>,
    stage_description: Option<String>,
    description: Option<String>,
    cache_cluster_enabled: Option<bool>,
    cache_cluster_size: Option<String>,
    variables: Option<BTreeMap<String, String>>,
    canary_settings: Option<WantedCanary>,
    tracing_enabled: Option<bool>,
}

/// Where a new deployment is to be called.
struct Place {
    name: Option<String>,
    overlay: Overlay,
    canary: Option<WantedCanary>,
}

impl Operation for CreateDeployment {
    const ROUTE: Route = api::post("CreateDeployment", "/restapis/{restapi_id}/deployments");
    const MEMBERS: &'static [Member] = &[
        API,
        api::text("stageName"),
        api::text("stageDescription"),
        api::text("description"),
        api::flag("cacheClusterEnabled"),
        api::text("cacheClusterSize").one_of(CACHE_SIZES),
        api::map("variables", &Shape::Text),
        api::structure("canarySettings", CANARY),
        api::flag("tracingEnabled"),
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self {
            api,
            stage_name,
            stage_description,
            description,
            cache_cluster_enabled,
            cache_cluster_size,
            variables,
            canary_settings,
            tracing_enabled,
        } = self;
        let overlay = Overlay { description: stage_description, cache_cluster_enabled, cache_cluster_size, variables, tracing_enabled };
        let place = Place { name: stage_name, overlay, canary: canary_settings };
        let (id, now) = (cx.ids.lower(ID_CHARS), cx.clock.wall());
        let description = description.filter(|text| !text.is_empty());
        let (realm, settings) = (cx.realm().clone(), cx.settings.clone());
        let deployment = cx
            .write(move |txn| {
                known_api(txn.view(), &realm, &api)?;
                if txn.view().has(kind::DEPLOYMENT, &realm.scope(&api), &id)? {
                    return Err(ApiError::conflict("Unable to complete operation due to concurrent modification. Please try again later."));
                }
                let stage = place.stage(txn.view(), &realm, &settings, &api, &id, now)?;
                let text = frozen_text(txn.view(), &realm, &api)?;
                let tree = digest(&text);
                txn.freeze(&tree, &text)?;
                let deployment = Deployment { api: api.clone(), id: id.clone(), description: description.clone(), created: now, tree };
                txn.save(&realm, &deployment)?;
                stage.map_or(Ok(()), |stage| txn.save(&realm, &stage))?;
                Ok(deployment)
            })
            .await?;
        Ok(deployment.into())
    }
}

impl Place {
    /// The stage as it will be when it has the deployment; `None` when no stage is named.
    fn stage(
        &self,
        view: &dyn View,
        realm: &Realm,
        settings: &Settings,
        api: &str,
        deployment: &str,
        now: Timestamp,
    ) -> Result<Option<Stage>, ApiError> {
        let invalid = |why: String| ApiError::bad_request(format!("Invalid deployment content specified.{why}"));
        let name = self.name.as_deref().filter(|name| !name.is_empty());
        let Some(name) = name else {
            let Some(_) = self.canary else { return Ok(None) };
            let given = self.name.as_deref().unwrap_or("null");
            return Err(invalid(format!(
                "Non null and non empty stageName must be provided for canary deployment. Provided value is {given}"
            )));
        };
        check_name(name)?;
        self.overlay.check()?;
        let known: Option<Stage> = view.find(&realm.scope(api), name)?;
        let mut stage = match (known, &self.canary) {
            (None, Some(_)) => {
                return Err(invalid(format!("Stage {name} must already be created before making a canary release deployment")));
            }
            (None, None) => {
                check_stage_room(settings, view, realm, api)?;
                fresh(api, name, deployment, now)
            }
            // Seen: a public report of 2022-11-15.
            (Some(Stage { canary: Some(_), .. }), None) => {
                return Err(invalid(format!(
                    "Non canary deployment not supported on stage {name} because Canary is enabled. Provide CanarySettings in deploymentInput."
                )));
            }
            (Some(stage), None) => Stage { deployment: deployment.to_owned(), ..stage },
            (Some(stage), Some(canary)) => Stage { canary: Some(canary.clone().record_on(deployment)?), ..stage },
        };
        self.overlay.lay_on(&mut stage);
        stage.updated = now;
        Ok(Some(stage))
    }
}

/// The API as text, the same for equal APIs. One without methods, or with a method that nobody answers, is refused.
fn frozen_text(view: &dyn View, realm: &Realm, api: &str) -> Result<String, ApiError> {
    let tree = ApiTree::read(view, realm, api)?.ok_or_else(|| ApiError::no_api(realm, api))?;
    if tree.methods.is_empty() {
        return Err(ApiError::bad_request("The REST API doesn't contain any methods"));
    }
    if tree.methods.iter().any(|method| method.integration.is_none()) {
        return Err(ApiError::bad_request("No integration defined for method"));
    }
    serde_json::to_string(&tree).map_err(|cause| ApiError::Internal(cause.to_string()))
}

/// Lists the deployments of an API.
#[derive(Deserialize)]
struct GetDeployments {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
}

impl Operation for GetDeployments {
    const ROUTE: Route = api::get("GetDeployments", "/restapis/{restapi_id}/deployments");
    const MEMBERS: &'static [Member] = &[API, api::text("position").in_query(), api::whole("limit").in_query()];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { api, limit, position } = self;
        let realm = cx.realm().clone();
        let found: Vec<Deployment> = cx
            .read(move |view| {
                known_api(view, &realm, &api)?;
                Ok(view.some(&realm.scope(&api), Page::after(position.as_deref()).as_deref(), limit.items() + 1)?)
            })
            .await?;
        Ok(Page::cut(found, limit, |deployment| deployment.id.clone()).map(Reply::from))
    }
}

/// Shows a deployment; with `embed=apisummary` also its methods.
#[derive(Deserialize)]
struct GetDeployment {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "deployment_id")]
    id: String,
    #[serde(default)]
    embed: Vec<String>,
}

impl Operation for GetDeployment {
    const ROUTE: Route = api::get("GetDeployment", "/restapis/{restapi_id}/deployments/{deployment_id}");
    const MEMBERS: &'static [Member] = &[API, DEPLOYMENT, api::list("embed", &api::text("")).in_query()];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { api, id, embed } = self;
        let realm = cx.realm().clone();
        let wants_summary = embed.iter().flat_map(|words| words.split(',')).any(|word| word.eq_ignore_ascii_case("apisummary"));
        cx.read(move |view| {
            let deployment = known_deployment(view, &realm, &api, &id)?;
            let api_summary = if wants_summary { Some(summary(view, &deployment)?) } else { None };
            Ok(Reply { api_summary, ..deployment.into() })
        })
        .await
    }
}

/// What a deployment froze.
pub(crate) fn frozen_tree(view: &dyn View, deployment: &Deployment) -> Result<ApiTree, ApiError> {
    let lost = |cause: String| ApiError::Internal(format!("the tree of deployment {} cannot be read: {cause}", deployment.id));
    let text = view.frozen(&deployment.tree)?.ok_or_else(|| lost("it is not stored".into()))?;
    serde_json::from_str(&text).map_err(|cause| lost(cause.to_string()))
}

fn summary(view: &dyn View, deployment: &Deployment) -> Result<Summary, ApiError> {
    let tree = frozen_tree(view, deployment)?;
    let paths: BTreeMap<&str, &str> = tree.resources.iter().map(|resource| (resource.id.as_str(), resource.path.as_str())).collect();
    let mut summary = Summary::new();
    for method in &tree.methods {
        let Some(path) = paths.get(method.resource.as_str()) else { continue };
        let snapshot = MethodSnapshot { authorization_type: method.authorization_type.clone(), api_key_required: method.api_key_required };
        summary.entry((*path).to_owned()).or_default().insert(method.verb.clone(), snapshot);
    }
    Ok(summary)
}

/// Changes a deployment's description: nothing else of it can.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateDeployment {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "deployment_id")]
    id: String,
    patch_operations: Option<Vec<PatchOp>>,
}

const PATCHES: Table<Deployment> = Table {
    words: Words::Old,
    rows: &[replace("/description", |deployment, arg| {
        deployment.description = arg.optional();
        Ok(())
    })],
};

impl Operation for UpdateDeployment {
    const ROUTE: Route = api::patch_route("UpdateDeployment", "/restapis/{restapi_id}/deployments/{deployment_id}");
    const MEMBERS: &'static [Member] = &[API, DEPLOYMENT, patch::MEMBER];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { api, id, patch_operations } = self;
        let (realm, ops) = (cx.realm().clone(), patch_operations.unwrap_or_default());
        let deployment = cx
            .write(move |txn| {
                let deployment = PATCHES.apply(&known_deployment(txn.view(), &realm, &api, &id)?, &ops)?;
                txn.save(&realm, &deployment)?;
                Ok(deployment)
            })
            .await?;
        Ok(deployment.into())
    }
}

/// Deletes a deployment that no stage and no canary points at.
#[derive(Deserialize)]
struct DeleteDeployment {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "deployment_id")]
    id: String,
}

impl Operation for DeleteDeployment {
    const ROUTE: Route = api::delete("DeleteDeployment", "/restapis/{restapi_id}/deployments/{deployment_id}");
    const MEMBERS: &'static [Member] = &[API, DEPLOYMENT];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { api, id } = self;
        let realm = cx.realm().clone();
        cx.write(move |txn| delete(txn, &realm, &api, &id)).await
    }
}

fn delete(txn: &mut dyn Txn, realm: &Realm, api: &str, id: &str) -> Result<(), ApiError> {
    let deployment = known_deployment(txn.view(), realm, api, id)?;
    let points_here = |stage: &Stage| stage.deployment == id || stage.canary.as_ref().is_some_and(|canary| canary.deployment == id);
    if txn.view().all::<Stage>(&realm.scope(api))?.iter().any(points_here) {
        return Err(ApiError::bad_request("Active stages pointing to this deployment must be moved or deleted"));
    }
    Ok(txn.remove::<Deployment>(&realm.scope(api), &deployment.id)?)
}
