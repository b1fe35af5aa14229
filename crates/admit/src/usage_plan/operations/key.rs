//! Keys in usage plans.

use crate::api_key::record::ApiKey;
use crate::scan::scan;
use crate::usage_plan::membership::{join, known_membership, known_plan, leave};
use crate::usage_plan::record::UsagePlanKey;
use base::api::{self, ApiError, Control, Limit, Member, Operation, Page, Route};
use base::store::{Realm, Sealer, View};
use serde::{Deserialize, Serialize};

/// The one type of key there is.
const KEY_TYPE: &str = "API_KEY";

/// A key of a plan as it is sent.
#[derive(Serialize)]
pub(super) struct Reply {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

fn reply(sealer: &Sealer, key: ApiKey) -> Result<Reply, ApiError> {
    let unreadable = || ApiError::Internal(format!("the value of API key {} cannot be unsealed", key.id));
    Ok(Reply { value: sealer.open(&key.value).ok_or_else(unreadable)?, id: key.id, kind: KEY_TYPE, name: key.name })
}

/// The key of a membership. Both are written together.
fn key_of(view: &dyn View, realm: &Realm, member: &UsagePlanKey) -> Result<ApiKey, ApiError> {
    let missing = || ApiError::Internal(format!("API key {} of plan {} is not stored", member.key, member.plan));
    view.find(&realm.top(), &member.key)?.ok_or_else(missing)
}

/// Puts a key into a plan.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateUsagePlanKey {
    #[serde(rename = "usageplanId")]
    plan: String,
    key_id: Option<String>,
    key_type: Option<String>,
}

impl Operation for CreateUsagePlanKey {
    const ROUTE: Route = api::post("CreateUsagePlanKey", "/usageplans/{usageplanId}/keys");
    const MEMBERS: &'static [Member] = &[api::text("usageplanId").in_path("usagePlanId"), api::text("keyId"), api::text("keyType")];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { plan, key_id, key_type } = self;
        if key_type.as_deref() != Some(KEY_TYPE) {
            return Err(ApiError::bad_request("Invalid Usage Plan Key type specified. Must be one of: [API_KEY]"));
        }
        let (realm, key) = (cx.realm().clone(), key_id.unwrap_or_default());
        let key = cx.write(move |txn| join(txn, &realm, &plan, &key)).await?;
        reply(&cx.sealer, key)
    }
}

/// Lists the keys of a plan. A plan that is not there has none (observed).
#[derive(Deserialize)]
pub(super) struct GetUsagePlanKeys {
    #[serde(rename = "usageplanId")]
    plan: String,
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
    name: Option<String>,
}

impl Operation for GetUsagePlanKeys {
    const ROUTE: Route = api::get("GetUsagePlanKeys", "/usageplans/{usageplanId}/keys");
    const MEMBERS: &'static [Member] = &[
        api::text("usageplanId").in_path("usagePlanId"),
        api::text("position").in_query(),
        api::whole("limit").in_query(),
        api::text("name").in_query(),
    ];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { plan, limit, position, name } = self;
        let (realm, after) = (cx.realm().clone(), Page::after(position.as_deref()));
        let found = cx
            .read(move |view| {
                scan(view, &realm.scope(&plan), after, limit.items() + 1, |member: UsagePlanKey| {
                    let key = key_of(view, &realm, &member)?;
                    let wanted = name.as_deref().is_none_or(|prefix| key.name.as_deref().unwrap_or_default().starts_with(prefix));
                    Ok(wanted.then_some(key))
                })
            })
            .await?;
        let Page { item, position } = Page::cut(found, limit, |key| key.id.clone());
        Ok(Page { item: item.into_iter().map(|key| reply(&cx.sealer, key)).collect::<Result<_, _>>()?, position })
    }
}

/// Shows a key of a plan.
#[derive(Deserialize)]
pub(super) struct GetUsagePlanKey {
    #[serde(rename = "usageplanId")]
    plan: String,
    #[serde(rename = "keyId")]
    key: String,
}

impl Operation for GetUsagePlanKey {
    const ROUTE: Route = api::get("GetUsagePlanKey", "/usageplans/{usageplanId}/keys/{keyId}");
    const MEMBERS: &'static [Member] = &[api::text("usageplanId").in_path("usagePlanId"), api::text("keyId").in_path("keyId")];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { plan, key } = self;
        let realm = cx.realm().clone();
        let key = cx
            .read(move |view| {
                known_plan(view, &realm, &plan)?;
                key_of(view, &realm, &known_membership(view, &realm, &plan, &key)?)
            })
            .await?;
        reply(&cx.sealer, key)
    }
}

/// Takes a key out of a plan. What it used stays on the books, so that leaving and coming back is no way to a new quota.
#[derive(Deserialize)]
pub(super) struct DeleteUsagePlanKey {
    #[serde(rename = "usageplanId")]
    plan: String,
    #[serde(rename = "keyId")]
    key: String,
}

impl Operation for DeleteUsagePlanKey {
    const ROUTE: Route = api::delete("DeleteUsagePlanKey", "/usageplans/{usageplanId}/keys/{keyId}");
    const MEMBERS: &'static [Member] = &[api::text("usageplanId").in_path("usagePlanId"), api::text("keyId").in_path("keyId")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { plan, key } = self;
        let realm = cx.realm().clone();
        cx.write(move |txn| {
            known_plan(txn.view(), &realm, &plan)?;
            known_membership(txn.view(), &realm, &plan, &key)?;
            leave(txn, &realm, &plan, &key)
        })
        .await
    }
}
