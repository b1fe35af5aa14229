//! What of a usage plan can be changed, row by row (rest-api-control-plane.md §1.19).

use super::wire::{WireThrottle, incomplete_quota, invalid_stage, no_stage, throttles};
use crate::usage_plan::record::{Period, PlanStage, Quota, Throttle, UsagePlan};
use base::api::ApiError;
use base::api::patch::{Arg, Op, PatchOp, Row, Table, Words, add, remove, replace};
use std::collections::BTreeMap;

/// `limit`, `offset` and `period` may come one by one. A quota that begins with a patch must be given both limit and period.
pub(super) fn apply(plan: &UsagePlan, ops: &[PatchOp]) -> Result<UsagePlan, ApiError> {
    let patched = TABLE.apply(plan, ops)?;
    let named = |path: &str| ops.iter().any(|op| op.path.as_deref() == Some(path));
    if plan.quota.is_none() && patched.quota.is_some() && !(named("/quota/limit") && named("/quota/period")) {
        return Err(incomplete_quota());
    }
    Ok(patched)
}

/// The list for `remove` is AWS's own, misspelling and all (seen in a public report of 2020-10-09); the other two are assumed.
const WORDS: Words = Words::NewByOp(&[
    (Op::Remove, &["/apiStages", "/quota", "/throttle", "/productCode", METHOD, "/apiStages/<apidId:stageName>/throttle"]),
    (Op::Add, SET),
    (Op::Replace, SET_OR_NAMED),
]);
const METHOD: &str = "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>";
const METHOD_RATE: &str = "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/rateLimit";
const METHOD_BURST: &str = "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/burstLimit";
const SET: &[&str] = &[
    "/apiStages",
    "/quota/limit",
    "/quota/offset",
    "/quota/period",
    "/throttle/rateLimit",
    "/throttle/burstLimit",
    "/productCode",
    "/apiStages/<apidId:stageName>/throttle",
    METHOD_RATE,
    METHOD_BURST,
];
const SET_OR_NAMED: &[&str] = &[
    "/name",
    "/description",
    "/quota/limit",
    "/quota/offset",
    "/quota/period",
    "/throttle/rateLimit",
    "/throttle/burstLimit",
    "/productCode",
    "/apiStages/<apidId:stageName>/throttle",
    METHOD_RATE,
    METHOD_BURST,
];

const STAGE_THROTTLE: &str = "/apiStages/{stage}/throttle";
const STAGE_METHOD: &str = "/apiStages/{stage}/throttle/{method+}";
const STAGE_METHOD_RATE: &str = "/apiStages/{stage}/throttle/{method+}/rateLimit";
const STAGE_METHOD_BURST: &str = "/apiStages/{stage}/throttle/{method+}/burstLimit";

const TABLE: Table<UsagePlan> = Table { words: WORDS, rows: ROWS };

const ROWS: &[Row<UsagePlan>] = &[
    replace("/name", |plan, arg| {
        plan.name = arg.text();
        Ok(())
    }),
    replace("/description", |plan, arg| {
        plan.description = arg.optional();
        Ok(())
    }),
    add("/productCode", set_product_code),
    replace("/productCode", set_product_code),
    remove("/productCode", |plan, _| {
        plan.product_code = None;
        Ok(())
    }),
    add("/apiStages", add_stage),
    remove("/apiStages", |plan, arg| {
        let at = stage_at(plan, arg.value.unwrap_or_default())?;
        plan.stages.remove(at);
        Ok(())
    }),
    add(STAGE_THROTTLE, set_stage_throttle),
    replace(STAGE_THROTTLE, set_stage_throttle),
    remove(STAGE_THROTTLE, |plan, arg| {
        stage_mut(plan, arg)?.throttle.clear();
        Ok(())
    }),
    add(STAGE_METHOD_RATE, set_method_rate),
    replace(STAGE_METHOD_RATE, set_method_rate),
    add(STAGE_METHOD_BURST, set_method_burst),
    replace(STAGE_METHOD_BURST, set_method_burst),
    remove(STAGE_METHOD, |plan, arg| {
        let method = method(arg);
        match stage_mut(plan, arg)?.throttle.remove(&method) {
            Some(_) => Ok(()),
            None => Err(ApiError::not_found(format!("Invalid method {method} specified for the throttle of an API Stage"))),
        }
    }),
    remove("/throttle", |plan, _| {
        plan.throttle = None;
        Ok(())
    }),
    add("/throttle/burstLimit", set_burst),
    replace("/throttle/burstLimit", set_burst),
    add("/throttle/rateLimit", set_rate),
    replace("/throttle/rateLimit", set_rate),
    remove("/quota", |plan, _| {
        plan.quota = None;
        Ok(())
    }),
    add("/quota/limit", set_limit),
    replace("/quota/limit", set_limit),
    add("/quota/offset", set_offset),
    replace("/quota/offset", set_offset),
    add("/quota/period", set_period),
    replace("/quota/period", set_period),
];

fn set_product_code(plan: &mut UsagePlan, arg: &Arg<'_>) -> Result<(), ApiError> {
    plan.product_code = arg.optional();
    Ok(())
}

fn set_burst(plan: &mut UsagePlan, arg: &Arg<'_>) -> Result<(), ApiError> {
    plan.throttle.get_or_insert_default().burst = Some(arg.number()?);
    Ok(())
}

fn set_rate(plan: &mut UsagePlan, arg: &Arg<'_>) -> Result<(), ApiError> {
    plan.throttle.get_or_insert_default().rate = Some(arg.number()?);
    Ok(())
}

fn quota_mut(plan: &mut UsagePlan) -> &mut Quota {
    plan.quota.get_or_insert(Quota { limit: 0, offset: 0, period: Period::Day })
}

fn set_limit(plan: &mut UsagePlan, arg: &Arg<'_>) -> Result<(), ApiError> {
    quota_mut(plan).limit = arg.number()?;
    Ok(())
}

fn set_offset(plan: &mut UsagePlan, arg: &Arg<'_>) -> Result<(), ApiError> {
    quota_mut(plan).offset = arg.number()?;
    Ok(())
}

fn set_period(plan: &mut UsagePlan, arg: &Arg<'_>) -> Result<(), ApiError> {
    quota_mut(plan).period = match arg.value {
        Some("DAY") => Period::Day,
        Some("WEEK") => Period::Week,
        Some("MONTH") => Period::Month,
        _ => return Err(ApiError::bad_request("Invalid Usage Plan quota period specified. Must be one of: [DAY, WEEK, MONTH]")),
    };
    Ok(())
}

/// The two halves of `{apiId}:{stage}`.
fn halves(text: &str) -> Result<(&str, &str), ApiError> {
    text.split_once(':').filter(|(api, stage)| !api.is_empty() && !stage.is_empty() && !stage.contains(':')).ok_or_else(invalid_stage)
}

/// A stage that is there already stays as it is.
fn add_stage(plan: &mut UsagePlan, arg: &Arg<'_>) -> Result<(), ApiError> {
    let (api, stage) = halves(arg.value.unwrap_or_default())?;
    if !plan.stages.iter().any(|there| there.api == api && there.stage == stage) {
        plan.stages.push(PlanStage { api: api.to_owned(), stage: stage.to_owned(), throttle: BTreeMap::new() });
    }
    Ok(())
}

fn stage_at(plan: &UsagePlan, text: &str) -> Result<usize, ApiError> {
    let (api, stage) = halves(text)?;
    plan.stages.iter().position(|there| there.api == api && there.stage == stage).ok_or_else(|| no_stage(&plan.id, api, stage))
}

fn stage_mut<'a>(plan: &'a mut UsagePlan, arg: &Arg<'_>) -> Result<&'a mut PlanStage, ApiError> {
    let at = stage_at(plan, arg.key())?;
    Ok(&mut plan.stages[at])
}

fn method(arg: &Arg<'_>) -> String {
    arg.captured.get(1).cloned().unwrap_or_default()
}

fn set_stage_throttle(plan: &mut UsagePlan, arg: &Arg<'_>) -> Result<(), ApiError> {
    let given: BTreeMap<String, WireThrottle> = serde_json::from_str(arg.value.unwrap_or_default())
        .map_err(|_| ApiError::bad_request(format!("Invalid patch value specified for path {}", arg.path)))?;
    stage_mut(plan, arg)?.throttle = throttles(given);
    Ok(())
}

fn method_throttle<'a>(plan: &'a mut UsagePlan, arg: &Arg<'_>) -> Result<&'a mut Throttle, ApiError> {
    Ok(stage_mut(plan, arg)?.throttle.entry(method(arg)).or_default())
}

fn set_method_rate(plan: &mut UsagePlan, arg: &Arg<'_>) -> Result<(), ApiError> {
    method_throttle(plan, arg)?.rate = Some(arg.number()?);
    Ok(())
}

fn set_method_burst(plan: &mut UsagePlan, arg: &Arg<'_>) -> Result<(), ApiError> {
    method_throttle(plan, arg)?.burst = Some(arg.number()?);
    Ok(())
}
