//! Who is in which plan. A membership is written twice: as a record of the plan, and in the key.

use super::record::{UsagePlan, UsagePlanKey};
use crate::api_key::record::{ApiKey, PLANS_PER_KEY_MAX};
use crate::scan::scan;
use base::api::ApiError;
use base::store::{Realm, Txn, View, kind};
use std::collections::BTreeMap;

/// The plan with an id, or AWS's 404.
pub(super) fn known_plan(view: &dyn View, realm: &Realm, id: &str) -> Result<UsagePlan, ApiError> {
    view.find(&realm.top(), id)?.ok_or_else(|| ApiError::not_found("Invalid Usage Plan ID specified"))
}

/// The key with an id, or AWS's 404.
fn known_key(view: &dyn View, realm: &Realm, id: &str) -> Result<ApiKey, ApiError> {
    view.find(&realm.top(), id)?.ok_or_else(|| ApiError::not_found("Invalid API Key identifier specified"))
}

/// Whether a key is in a plan.
pub(crate) fn is_member(view: &dyn View, realm: &Realm, plan: &str, key: &str) -> Result<bool, ApiError> {
    Ok(view.has(kind::USAGE_PLAN_KEY, &realm.scope(plan), key)?)
}

/// A key's membership in a plan, or a 404 (its text is assumed).
pub(super) fn known_membership(view: &dyn View, realm: &Realm, plan: &str, key: &str) -> Result<UsagePlanKey, ApiError> {
    view.find(&realm.scope(plan), key)?.ok_or_else(|| ApiError::not_found("Invalid Usage Plan Key ID specified"))
}

/// Puts a key into a plan.
pub(crate) fn join(txn: &mut dyn Txn, realm: &Realm, plan: &str, key: &str) -> Result<ApiKey, ApiError> {
    let plan = known_plan(txn.view(), realm, plan)?;
    let mut key = known_key(txn.view(), realm, key)?;
    if key.plans.contains(&plan.id) {
        return Err(ApiError::conflict(format!("API Key {} is already associated with Usage Plan {}", key.id, plan.id)));
    }
    for other in &key.plans {
        if let Some(other) = txn.view().find::<UsagePlan>(&realm.top(), other)? {
            refuse_shared_stage(&plan, &other, &key.id)?;
        }
    }
    if key.plans.len() >= PLANS_PER_KEY_MAX {
        return Err(ApiError::LimitExceeded(format!("Maximum number of usage plans per API key reached: {PLANS_PER_KEY_MAX}.")));
    }
    txn.save(realm, &UsagePlanKey { plan: plan.id.clone(), key: key.id.clone(), grants: BTreeMap::new() })?;
    key.plans.push(plan.id);
    txn.save(realm, &key)?;
    Ok(key)
}

/// Takes a key out of a plan.
pub(super) fn leave(txn: &mut dyn Txn, realm: &Realm, plan: &str, key: &str) -> Result<(), ApiError> {
    txn.remove::<UsagePlanKey>(&realm.scope(plan), key)?;
    if let Some(mut key) = txn.view().find::<ApiKey>(&realm.top(), key)? {
        key.plans.retain(|joined| joined != plan);
        txn.save(realm, &key)?;
    }
    Ok(())
}

/// Refuses a plan with new stages when one of its keys is in another plan that covers one of them.
pub(super) fn refuse_ambiguous_keys(view: &dyn View, realm: &Realm, plan: &UsagePlan) -> Result<(), ApiError> {
    let others: Vec<UsagePlan> = scan(view, &realm.top(), None, usize::MAX, |other: UsagePlan| {
        Ok((other.id != plan.id && shared_stage(plan, &other).is_some()).then_some(other))
    })?;
    if others.is_empty() {
        return Ok(());
    }
    // Nothing is picked: each key is looked at and let go.
    let look = |member: UsagePlanKey| {
        for other in &others {
            if is_member(view, realm, &other.id, &member.key)? {
                refuse_shared_stage(plan, other, &member.key)?;
            }
        }
        Ok(None::<()>)
    };
    scan(view, &realm.scope(&plan.id), None, usize::MAX, look).map(drop)
}

fn shared_stage<'a>(plan: &'a UsagePlan, other: &UsagePlan) -> Option<&'a super::record::PlanStage> {
    let covered = |api: &str, stage: &str| other.stages.iter().any(|there| there.api == api && there.stage == stage);
    plan.stages.iter().find(|here| covered(&here.api, &here.stage))
}

fn refuse_shared_stage(plan: &UsagePlan, other: &UsagePlan, key: &str) -> Result<(), ApiError> {
    shared_stage(plan, other).map_or(Ok(()), |shared| {
        Err(ApiError::conflict(format!(
            "Usage plan {} cannot be added because API Key {key} cannot reference multiple Usage Plans with the same API stage: {}:{}",
            plan.id, shared.api, shared.stage
        )))
    })
}
