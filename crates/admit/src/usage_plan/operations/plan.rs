//! Usage plans themselves.

use super::patches;
use super::wire::{QUOTA, Reply, STAGES, THROTTLE, WireQuota, WireStage, WireThrottle, check, check_stage};
use crate::scan::scan;
use crate::usage_plan::membership::{is_member, known_plan, leave, refuse_ambiguous_keys};
use crate::usage_plan::record::{PlanStage, UsagePlan, UsagePlanKey};
use base::api::patch::{self, PatchOp};
use base::api::{self, ApiError, Control, Limit, Member, Operation, Page, Route, Settings, Shape, Tags, check_room, check_tags};
use base::store::{Realm, View, kind};
use serde::Deserialize;

/// Characters of a plan's id.
const ID_CHARS: usize = 6;
/// Plans of an account in a region.
const PLANS_MAX: usize = 300;
/// Methods of a stage with a throttle of their own.
const METHOD_THROTTLES_MAX: usize = 20;

/// Starts a usage plan. It meters nothing until a stage and a key are added.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateUsagePlan {
    name: Option<String>,
    description: Option<String>,
    api_stages: Option<Vec<WireStage>>,
    throttle: Option<WireThrottle>,
    quota: Option<WireQuota>,
    tags: Option<Tags>,
}

impl Operation for CreateUsagePlan {
    const ROUTE: Route = api::post("CreateUsagePlan", "/usageplans");
    const MEMBERS: &'static [Member] = &[
        api::text("name"),
        api::text("description"),
        STAGES,
        api::structure("throttle", THROTTLE),
        api::structure("quota", QUOTA),
        api::map("tags", &Shape::Text),
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { name, description, api_stages, throttle, quota, tags } = self;
        let plan = UsagePlan {
            id: cx.ids.lower(ID_CHARS),
            name: name.unwrap_or_default(),
            description: description.filter(|text| !text.is_empty()),
            product_code: None,
            stages: api_stages.unwrap_or_default().into_iter().map(WireStage::record).collect(),
            throttle: throttle.map(WireThrottle::record),
            quota: quota.map(WireQuota::record).transpose()?,
            created: cx.clock.wall(),
            tags: tags.unwrap_or_default(),
        };
        check(&plan)?;
        check_tags(&plan.tags)?;
        let (realm, settings) = (cx.realm().clone(), cx.settings.clone());
        let plan = cx
            .write(move |txn| {
                check_stages(txn.view(), &realm, &settings, &plan, &[])?;
                check_room(&settings, txn.view(), kind::USAGE_PLAN, &realm.top(), PLANS_MAX, "usage plans")?;
                if txn.view().has(kind::USAGE_PLAN, &realm.top(), &plan.id)? {
                    return Err(ApiError::conflict("Unable to complete operation due to concurrent modification. Please try again later."));
                }
                txn.save(&realm, &plan)?;
                Ok(plan.clone())
            })
            .await?;
        Ok(Reply::brief(plan))
    }
}

/// Refuses new stages that are not there (one that the plan had, and that was deleted, must not stand in the way of a change), or
/// that would put a key into two plans of one stage.
fn check_stages(view: &dyn View, realm: &Realm, settings: &Settings, plan: &UsagePlan, before: &[PlanStage]) -> Result<(), ApiError> {
    let had = |stage: &PlanStage| before.iter().any(|had| had.api == stage.api && had.stage == stage.stage);
    for stage in plan.stages.iter().filter(|stage| !had(stage)) {
        check_stage(view, realm, &plan.id, stage)?;
    }
    if !plan.stages.iter().all(had) {
        refuse_ambiguous_keys(view, realm, plan)?;
    }
    for stage in &plan.stages {
        if settings.aws_strict && stage.throttle.len() > METHOD_THROTTLES_MAX {
            return Err(ApiError::LimitExceeded(format!("Maximum number of method throttles per stage reached: {METHOD_THROTTLES_MAX}.")));
        }
    }
    Ok(())
}

/// Lists the plans, or those that a key is in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetUsagePlans {
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
    key_id: Option<String>,
}

impl Operation for GetUsagePlans {
    const ROUTE: Route = api::get("GetUsagePlans", "/usageplans");
    const MEMBERS: &'static [Member] = &[api::text("position").in_query(), api::text("keyId").in_query(), api::whole("limit").in_query()];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { limit, position, key_id } = self;
        let (realm, after) = (cx.realm().clone(), Page::after(position.as_deref()));
        let found = cx
            .read(move |view| {
                scan(view, &realm.top(), after, limit.items() + 1, |plan: UsagePlan| {
                    let wanted = match &key_id {
                        Some(key) => is_member(view, &realm, &plan.id, key)?,
                        None => true,
                    };
                    Ok(wanted.then_some(plan))
                })
            })
            .await?;
        Ok(Page::cut(found, limit, |plan| plan.id.clone()).map(Reply::brief))
    }
}

/// Shows a plan.
#[derive(Deserialize)]
pub(super) struct GetUsagePlan {
    #[serde(rename = "usageplanId")]
    id: String,
}

impl Operation for GetUsagePlan {
    const ROUTE: Route = api::get("GetUsagePlan", "/usageplans/{usageplanId}");
    const MEMBERS: &'static [Member] = &[api::text("usageplanId").in_path("usagePlanId")];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { id } = self;
        let realm = cx.realm().clone();
        Ok(Reply::whole(cx.read(move |view| known_plan(view, &realm, &id)).await?))
    }
}

/// Changes a plan. It acts at once, on requests that are still to come.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdateUsagePlan {
    #[serde(rename = "usageplanId")]
    id: String,
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateUsagePlan {
    const ROUTE: Route = api::patch_route("UpdateUsagePlan", "/usageplans/{usageplanId}");
    const MEMBERS: &'static [Member] = &[api::text("usageplanId").in_path("usagePlanId"), patch::MEMBER];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { id, patch_operations } = self;
        let (realm, settings, ops) = (cx.realm().clone(), cx.settings.clone(), patch_operations.unwrap_or_default());
        let plan = cx
            .write(move |txn| {
                let before = known_plan(txn.view(), &realm, &id)?;
                let plan = patches::apply(&before, &ops)?;
                check(&plan)?;
                check_stages(txn.view(), &realm, &settings, &plan, &before.stages)?;
                txn.save(&realm, &plan)?;
                Ok(plan)
            })
            .await?;
        Ok(Reply::whole(plan))
    }
}

/// Deletes a plan that covers no stage any more. Its keys stay; what they used of it is forgotten.
#[derive(Deserialize)]
pub(super) struct DeleteUsagePlan {
    #[serde(rename = "usageplanId")]
    id: String,
}

impl Operation for DeleteUsagePlan {
    const ROUTE: Route = api::delete("DeleteUsagePlan", "/usageplans/{usageplanId}");
    const MEMBERS: &'static [Member] = &[api::text("usageplanId").in_path("usagePlanId")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { id } = self;
        let (realm, plan_id) = (cx.realm().clone(), id.clone());
        cx.write(move |txn| {
            let plan = known_plan(txn.view(), &realm, &plan_id)?;
            for PlanStage { api, stage, .. } in &plan.stages {
                // A stage that is gone holds nothing back.
                if txn.view().has(kind::STAGE, &realm.scope(api), stage)? {
                    return Err(ApiError::bad_request("Cannot delete usage plan with associated API stages"));
                }
            }
            let members = scan(txn.view(), &realm.scope(&plan_id), None, usize::MAX, |member: UsagePlanKey| Ok(Some(member.key)))?;
            for key in members {
                leave(txn, &realm, &plan_id, &key)?;
            }
            txn.remove::<UsagePlan>(&realm.top(), &plan_id)?;
            Ok(())
        })
        .await?;
        cx.running.forget(&id, None).await
    }
}
