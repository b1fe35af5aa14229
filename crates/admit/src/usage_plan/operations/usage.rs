//! What the keys of a plan have used, and may still use.

use crate::scan::scan;
use crate::usage_plan::membership::{known_membership, known_plan};
use crate::usage_plan::record::{UsagePlan, UsagePlanKey};
use base::api::patch::{self, PatchOp, Table, Words, replace};
use base::api::{self, ApiError, Control, Limit, Member, Operation, Page, Route};
use base::world::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days between the first and the last that are asked for (believed).
const DAYS_BETWEEN_MAX: u32 = 90;
/// Days after which a grant is no longer shown by any question: a window of a month, and the days that may be asked for.
const GRANT_DAYS_KEPT: u32 = 31 + 366;

/// Usage as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Usage {
    usage_plan_id: String,
    start_date: String,
    end_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<String>,
    /// By key, for each day: used on it, and left of its window at its end.
    values: BTreeMap<String, Vec<[u64; 2]>>,
}

/// Shows what a plan's keys used on each of some days. Every key of the plan is there, also one that used nothing; a plan without a
/// quota counts nothing, so it shows no key (both assumed).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetUsage {
    #[serde(rename = "usageplanId")]
    plan: String,
    key_id: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
}

impl Operation for GetUsage {
    const ROUTE: Route = api::get("GetUsage", "/usageplans/{usageplanId}/usage");
    const MEMBERS: &'static [Member] = &[
        api::text("usageplanId").in_path("usagePlanId"),
        api::text("keyId").in_query(),
        api::text("startDate").in_query(),
        api::text("endDate").in_query(),
        api::text("position").in_query(),
        api::whole("limit").in_query(),
    ];
    type Reply = Usage;

    async fn run(self, cx: &Control) -> Result<Usage, ApiError> {
        let Self { plan, key_id, start_date, end_date, limit, position } = self;
        let (start, end) = (day("startDate", start_date)?, day("endDate", end_date)?);
        if start > end {
            return Err(ApiError::bad_request("Usage start date must not be after the end date"));
        }
        if end.0 - start.0 > DAYS_BETWEEN_MAX {
            return Err(ApiError::bad_request(format!("Usage start and end date must be at most {DAYS_BETWEEN_MAX} days apart")));
        }
        let (realm, after) = (cx.realm().clone(), Page::after(position.as_deref()));
        let (plan, members) = cx
            .read(move |view| {
                let plan = known_plan(view, &realm, &plan)?;
                let scope = realm.scope(&plan.id);
                let members = match &key_id {
                    Some(key) => view.find::<UsagePlanKey>(&scope, key)?.into_iter().collect(),
                    None => scan(view, &scope, after, limit.items() + 1, |member: UsagePlanKey| Ok(Some(member)))?,
                };
                Ok((plan, members))
            })
            .await?;
        let mut usage = Usage {
            usage_plan_id: plan.id.clone(),
            start_date: start.to_string(),
            end_date: end.to_string(),
            position: None,
            values: BTreeMap::new(),
        };
        if let Some(terms) = plan.terms(start) {
            let page = Page::cut(members, limit, |member| member.key.clone());
            usage.position = page.position;
            for member in page.item {
                let used = used(cx, &member, terms.window.first, end.plus(1)).await?;
                usage.values.insert(member.key, daily(&plan, &member.grants, &used, start, end));
            }
        }
        Ok(usage)
    }
}

/// A calendar date of a query (the text is assumed).
fn day(member: &str, text: Option<String>) -> Result<Day, ApiError> {
    let text = text.unwrap_or_default();
    Day::parse(&text)
        .ok_or_else(|| ApiError::bad_request(format!("Invalid {member} specified: '{text}'. It must be of the form YYYY-MM-DD")))
}

/// What a key used on each day from `first` up to, but not including, `end`.
async fn used(cx: &Control, member: &UsagePlanKey, first: Day, end: Day) -> Result<BTreeMap<Day, u64>, ApiError> {
    let progress = cx.running.usage(&member.plan, Some(&member.key), first, end).await?;
    let mut used = BTreeMap::new();
    progress.into_iter().for_each(|seen| *used.entry(seen.day).or_default() += seen.units);
    Ok(used)
}

/// For each day: used on it, and left of its window at its end.
fn daily(plan: &UsagePlan, grants: &BTreeMap<Day, i64>, used: &BTreeMap<Day, u64>, start: Day, end: Day) -> Vec<[u64; 2]> {
    let line = |day: Day| {
        let units = used.get(&day).copied().unwrap_or(0);
        let left = plan.terms(day).map_or(0, |terms| {
            let granted = grants.get(&terms.window.first).copied().unwrap_or(0);
            let spent: u64 = used.range(terms.window.first..=day).map(|(_, units)| units).sum();
            terms.limit.saturating_add_signed(granted).saturating_sub(spent)
        });
        [units, left]
    };
    (start.0..=end.0).map(|day| line(Day(day))).collect()
}

/// Sets what a key may still use in the present window of its plan. The next window is an ordinary one again.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdateUsage {
    #[serde(rename = "usageplanId")]
    plan: String,
    #[serde(rename = "keyId")]
    key: String,
    patch_operations: Option<Vec<PatchOp>>,
}

/// What is wished for.
#[derive(Clone, Default)]
struct Wish {
    remaining: Option<u32>,
}

const PATCHES: Table<Wish> = Table {
    words: Words::New(&["/remaining"]),
    rows: &[replace("/remaining", |wish, arg| {
        wish.remaining = Some(arg.number()?);
        Ok(())
    })],
};

impl Operation for UpdateUsage {
    const ROUTE: Route = api::patch_route("UpdateUsage", "/usageplans/{usageplanId}/keys/{keyId}/usage");
    const MEMBERS: &'static [Member] =
        &[api::text("usageplanId").in_path("usagePlanId"), api::text("keyId").in_path("keyId"), patch::MEMBER];
    type Reply = Usage;

    async fn run(self, cx: &Control) -> Result<Usage, ApiError> {
        let Self { plan, key, patch_operations } = self;
        let realm = cx.realm().clone();
        let (plan, mut member) = {
            let realm = realm.clone();
            cx.read(move |view| Ok((known_plan(view, &realm, &plan)?, known_membership(view, &realm, &plan, &key)?))).await?
        };
        let wish = PATCHES.apply(&Wish::default(), &patch_operations.unwrap_or_default())?;
        let today = cx.clock.wall().day();
        let terms = plan.terms(today).ok_or_else(|| ApiError::bad_request(format!("Usage Plan {} has no quota", plan.id)))?;
        let window = terms.window;
        let spent = used(cx, &member, window.first, window.end).await?;
        if let Some(remaining) = wish.remaining {
            // The ledger, not the record, knows what was granted already.
            let granted = cx.running.extend(&member.plan, &member.key, window.first, 0).await?;
            let left = signed(terms.limit).saturating_add(granted).saturating_sub(signed(spent.values().sum()));
            let granted = cx.running.extend(&member.plan, &member.key, window.first, i64::from(remaining) - left).await?;
            member = cx
                .write(move |txn| {
                    let mut member = known_membership(txn.view(), &realm, &member.plan, &member.key)?;
                    member.grants.retain(|first, _| first.plus(GRANT_DAYS_KEPT) >= today);
                    member.grants.insert(window.first, granted);
                    txn.save(&realm, &member)?;
                    Ok(member)
                })
                .await?;
        }
        let values = BTreeMap::from([(member.key, daily(&plan, &member.grants, &spent, today, today))]);
        Ok(Usage { usage_plan_id: plan.id, start_date: today.to_string(), end_date: today.to_string(), position: None, values })
    }
}

fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}
