//! A usage plan as it is sent and taken, and what must hold of one.

use crate::usage_plan::record::{Period, PlanStage, Quota, Throttle, UsagePlan};
use base::api::{self, ApiError, Member, Shape, Tags};
use base::store::{Realm, View, kind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Stages with their limits, by method.
pub(super) const STAGES: Member = api::list(
    "apiStages",
    &api::structure("", &[api::text("apiId"), api::text("stage"), api::map("throttle", &Shape::Structure(THROTTLE))]),
);
/// Members of a throttle.
pub(super) const THROTTLE: &[Member] = &[api::whole("burstLimit"), api::number("rateLimit")];
/// Members of a quota. The printed order of the periods is assumed.
pub(super) const QUOTA: &[Member] = &[api::whole("limit"), api::whole("offset"), api::text("period").one_of(&["DAY", "WEEK", "MONTH"])];

/// A plan as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reply {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    api_stages: Vec<WireStage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    throttle: Option<WireThrottle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<WireQuota>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Tags>,
}

impl Reply {
    /// As it is made or listed: empty tags are left out.
    pub(super) fn brief(plan: UsagePlan) -> Reply {
        let mut reply = Reply::whole(plan);
        reply.tags = reply.tags.filter(|tags| !tags.is_empty());
        reply
    }

    /// As it is looked up or changed.
    pub(super) fn whole(plan: UsagePlan) -> Reply {
        Reply {
            id: plan.id,
            name: plan.name,
            description: plan.description,
            api_stages: plan.stages.into_iter().map(WireStage::of).collect(),
            throttle: plan.throttle.map(WireThrottle::of),
            quota: plan.quota.map(|quota| WireQuota { limit: Some(quota.limit), offset: Some(quota.offset), period: Some(quota.period) }),
            product_code: plan.product_code,
            tags: Some(plan.tags),
        }
    }
}

/// A stage as it is sent and taken.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireStage {
    api_id: Option<String>,
    stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    throttle: Option<BTreeMap<String, WireThrottle>>,
}

impl WireStage {
    fn of(stage: PlanStage) -> WireStage {
        let throttle: BTreeMap<_, _> = stage.throttle.into_iter().map(|(method, throttle)| (method, WireThrottle::of(throttle))).collect();
        WireStage { api_id: Some(stage.api), stage: Some(stage.stage), throttle: Some(throttle).filter(|map| !map.is_empty()) }
    }

    /// As it is stored; a part that is missing stays empty and is refused by [`check_stage`].
    pub(super) fn record(self) -> PlanStage {
        let Self { api_id, stage, throttle } = self;
        PlanStage { api: api_id.unwrap_or_default(), stage: stage.unwrap_or_default(), throttle: throttles(throttle.unwrap_or_default()) }
    }
}

/// A throttle as it is sent and taken.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireThrottle {
    #[serde(skip_serializing_if = "Option::is_none")]
    burst_limit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<f64>,
}

impl WireThrottle {
    fn of(throttle: Throttle) -> WireThrottle {
        WireThrottle { burst_limit: throttle.burst, rate_limit: throttle.rate }
    }

    /// As it is stored.
    pub(super) fn record(self) -> Throttle {
        Throttle { burst: self.burst_limit, rate: self.rate_limit }
    }
}

/// Throttles by method as they are stored.
pub(super) fn throttles(wire: BTreeMap<String, WireThrottle>) -> BTreeMap<String, Throttle> {
    wire.into_iter().map(|(method, throttle)| (method, throttle.record())).collect()
}

/// A quota as it is sent and taken.
#[derive(Serialize, Deserialize)]
pub(super) struct WireQuota {
    limit: Option<i64>,
    offset: Option<i64>,
    period: Option<Period>,
}

impl WireQuota {
    /// As it is stored.
    pub(super) fn record(self) -> Result<Quota, ApiError> {
        match self {
            WireQuota { limit: Some(limit), offset, period: Some(period) } => Ok(Quota { limit, offset: offset.unwrap_or(0), period }),
            _ => Err(incomplete_quota()),
        }
    }
}

/// A quota says how many and in which time (the text is assumed).
pub(super) fn incomplete_quota() -> ApiError {
    ApiError::bad_request("Usage Plan quota must have a limit and a period")
}

/// Refuses a stage that is malformed or not there.
pub(super) fn check_stage(view: &dyn View, realm: &Realm, plan: &str, stage: &PlanStage) -> Result<(), ApiError> {
    let PlanStage { api, stage, .. } = stage;
    if api.is_empty() || stage.is_empty() {
        return Err(invalid_stage());
    }
    if view.has(kind::STAGE, &realm.scope(api), stage)? { Ok(()) } else { Err(no_stage(plan, api, stage)) }
}

/// No stage at all was named.
pub(super) fn invalid_stage() -> ApiError {
    ApiError::bad_request("Invalid API Stage specified")
}

/// A stage that is not there, or not in the plan.
pub(super) fn no_stage(plan: &str, api: &str, stage: &str) -> ApiError {
    ApiError::not_found(format!("Invalid API Stage {{api: {api}, stage: {stage}}} specified for usageplan {plan}"))
}

/// Refuses a plan without a name, and limits that are no limits (the texts are assumed). `burst` may be above or below `rate`.
pub(super) fn check(plan: &UsagePlan) -> Result<(), ApiError> {
    if plan.name.is_empty() {
        return Err(ApiError::bad_request("Usage Plan name cannot be blank"));
    }
    let whole = |limit: Option<i64>| limit.is_none_or(|limit| (0..=i64::from(i32::MAX)).contains(&limit));
    let throttles = plan.stages.iter().flat_map(|stage| stage.throttle.values()).chain(&plan.throttle);
    for throttle in throttles {
        if !whole(throttle.burst) {
            return Err(ApiError::bad_request("Usage Plan burst limit must be between 0 and 2147483647"));
        }
        if !throttle.rate.is_none_or(|rate| rate.is_finite() && rate >= 0.0) {
            return Err(ApiError::bad_request("Usage Plan rate limit must not be negative"));
        }
    }
    match plan.quota {
        Some(quota) if !whole(Some(quota.limit)) => Err(ApiError::bad_request("Usage Plan quota limit must be between 0 and 2147483647")),
        Some(quota) if !whole(Some(quota.offset)) => Err(ApiError::bad_request("Usage Plan quota offset must be between 0 and 2147483647")),
        _ => Ok(()),
    }
}
