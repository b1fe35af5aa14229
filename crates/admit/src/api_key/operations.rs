//! What the control API does with API keys.

use super::record::{ApiKey, NAME_CHARS_MAX, VALUE_CLAIM};
use crate::scan::scan;
use crate::usage_plan::record::UsagePlanKey;
use base::api::patch::{self, Op, PatchOp, Table, Words, add, remove, replace};
use base::api::{self, ApiError, Control, Limit, Member, Operation, Page, Route, Shape, Tags, check_room, check_tags};
use base::store::{Claim, Realm, Sealer, View, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};

/// Characters of a description: one more is refused (observed).
const DESCRIPTION_CHARS_MAX: usize = 125_000;
/// Characters of a given value.
const VALUE_CHARS_MIN: usize = 20;
const VALUE_CHARS_MAX: usize = 128;
/// Characters of a value that is made here.
const VALUE_CHARS_MADE: usize = 40;
/// Keys of an account in a region.
pub(super) const KEYS_MAX: usize = 10_000;
/// Stages that a key may be tied to the deprecated way.
const STAGE_KEYS_MAX: usize = 100;
/// Ids in reserve, for keys made in the same millisecond.
const SPARE_IDS: usize = 8;

/// A key as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reply {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    enabled: bool,
    created_date: u64,
    last_updated_date: u64,
    stage_keys: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Tags>,
}

impl Reply {
    /// As it is made or listed: empty tags are left out.
    fn brief(key: ApiKey, value: Option<String>) -> Reply {
        let mut reply = Reply::whole(key, value);
        reply.tags = reply.tags.filter(|tags| !tags.is_empty());
        reply
    }

    /// As it is looked up or changed.
    fn whole(key: ApiKey, value: Option<String>) -> Reply {
        Reply {
            id: key.id,
            value,
            name: key.name,
            customer_id: key.customer_id,
            description: key.description,
            enabled: key.enabled,
            created_date: key.created.seconds(),
            last_updated_date: key.updated.seconds(),
            stage_keys: key.stage_keys,
            tags: Some(key.tags),
        }
    }
}

/// The key with an id, or AWS's 404.
pub(crate) fn known_key(view: &dyn View, realm: &Realm, id: &str) -> Result<ApiKey, ApiError> {
    view.find(&realm.top(), id)?.ok_or_else(|| ApiError::not_found("Invalid API Key identifier specified"))
}

/// The value of a key in clear.
pub(crate) fn clear_value(sealer: &Sealer, key: &ApiKey) -> Result<String, ApiError> {
    sealer.open(&key.value).ok_or_else(|| ApiError::Internal(format!("the value of API key {} cannot be unsealed", key.id)))
}

/// More ids than `count` new keys need, the newest first. Each is of a millisecond of its own, so that many keys can be made at once.
pub(super) fn new_ids(cx: &Control, now: Timestamp, count: usize) -> Vec<String> {
    (0..count + SPARE_IDS).map(|n| cx.ids.newest_first(Timestamp(now.0 + n as u64))).collect()
}

/// The first id that is not taken; the others stay for the next.
pub(super) fn free_id<'a>(view: &dyn View, realm: &Realm, ids: &mut impl Iterator<Item = &'a String>) -> Result<String, ApiError> {
    for id in ids {
        if !view.has(kind::API_KEY, &realm.top(), id)? {
            return Ok(id.clone());
        }
    }
    Err(ApiError::conflict("Unable to complete operation due to concurrent modification. Please try again later."))
}

/// The id of the key that has a value, by the value's mark.
pub(super) fn key_with(view: &dyn View, realm: &Realm, mark: &str) -> Result<Option<String>, ApiError> {
    let claim = Claim { what: VALUE_CLAIM, value: mark.to_owned() };
    Ok(view.holder(realm, &claim)?.map(|address| address.id.to_string()))
}

/// A name, where an empty one is none.
pub(super) fn checked_name(name: Option<String>) -> Result<Option<String>, ApiError> {
    match name {
        Some(name) if name.chars().count() > NAME_CHARS_MAX => {
            Err(ApiError::bad_request("Invalid API Key name, can be at most 1024 characters."))
        }
        name => Ok(name.filter(|name| !name.is_empty())),
    }
}

/// A description, where an empty one is none.
pub(super) fn checked_description(text: Option<String>) -> Result<Option<String>, ApiError> {
    match text {
        Some(text) if text.chars().count() > DESCRIPTION_CHARS_MAX => Err(ApiError::bad_request("Invalid API Key description specified.")),
        text => Ok(text.filter(|text| !text.is_empty())),
    }
}

/// The value that was asked for, if it is fit to be one.
pub(super) fn checked_value(value: String, chars_min: usize) -> Result<String, ApiError> {
    match value.chars().count() {
        n if n < chars_min => Err(ApiError::bad_request(format!("API Key value should be at least {chars_min} characters"))),
        n if n > VALUE_CHARS_MAX => Err(ApiError::bad_request("API Key value exceeds maximum size of 128 characters")),
        _ => Ok(value),
    }
}

/// Makes an API key. It opens nothing until it is in a usage plan.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateApiKey {
    name: Option<String>,
    description: Option<String>,
    enabled: Option<bool>,
    value: Option<String>,
    stage_keys: Option<Vec<StageKey>>,
    customer_id: Option<String>,
    tags: Option<Tags>,
}

/// The deprecated way to tie a key to a stage.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StageKey {
    rest_api_id: Option<String>,
    stage_name: Option<String>,
}

impl Operation for CreateApiKey {
    const ROUTE: Route = api::post("CreateApiKey", "/apikeys");
    const MEMBERS: &'static [Member] = &[
        api::text("name"),
        api::text("description"),
        api::flag("enabled"),
        // Deprecated, and without effect: every id is distinct.
        api::flag("generateDistinctId"),
        api::text("value"),
        api::list("stageKeys", &api::structure("", &[api::text("restApiId"), api::text("stageName")])),
        api::text("customerId"),
        api::map("tags", &Shape::Text),
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { name, description, enabled, value, stage_keys, customer_id, tags } = self;
        let (name, description) = (checked_name(name)?, checked_description(description)?);
        let value = match value.filter(|value| !value.is_empty()) {
            Some(value) => checked_value(value, VALUE_CHARS_MIN)?,
            None => cx.ids.mixed(VALUE_CHARS_MADE),
        };
        let tags = tags.unwrap_or_default();
        check_tags(&tags)?;
        let stage_keys = stage_keys.unwrap_or_default();
        if stage_keys.len() > STAGE_KEYS_MAX {
            return Err(too_many_stage_keys());
        }
        let joined = |key: StageKey| format!("{}/{}", key.rest_api_id.unwrap_or_default(), key.stage_name.unwrap_or_default());
        let now = cx.clock.wall();
        let key = ApiKey {
            id: String::new(),
            mark: cx.sealer.mark(&value),
            value: cx.sealer.seal(&value),
            name,
            description,
            customer_id: customer_id.filter(|id| !id.is_empty()),
            enabled: enabled.unwrap_or(false),
            created: now,
            updated: now,
            stage_keys: stage_keys.into_iter().map(joined).collect(),
            plans: Vec::new(),
            tags,
        };
        let (ids, realm, settings) = (new_ids(cx, now, 1), cx.realm().clone(), cx.settings.clone());
        let key = cx
            .write(move |txn| {
                if key_with(txn.view(), &realm, &key.mark)?.is_some() {
                    return Err(ApiError::conflict("API Key already exists"));
                }
                check_room(&settings, txn.view(), kind::API_KEY, &realm.top(), KEYS_MAX, "API keys")?;
                let key = ApiKey { id: free_id(txn.view(), &realm, &mut ids.iter())?, ..key.clone() };
                txn.save(&realm, &key)?;
                Ok(key)
            })
            .await?;
        Ok(Reply::brief(key, Some(value)))
    }
}

fn too_many_stage_keys() -> ApiError {
    ApiError::bad_request(format!("An API Key can be tied to at most {STAGE_KEYS_MAX} stages"))
}

/// Lists the keys, the newest first.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetApiKeys {
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
    name: Option<String>,
    customer_id: Option<String>,
    #[serde(default)]
    include_values: bool,
}

impl Operation for GetApiKeys {
    const ROUTE: Route = api::get("GetApiKeys", "/apikeys");
    const MEMBERS: &'static [Member] = &[
        api::text("position").in_query(),
        api::whole("limit").in_query(),
        api::text("name").in_query(),
        api::text("customerId").in_query(),
        api::flag("includeValues").in_query(),
    ];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { limit, position, name, customer_id, include_values } = self;
        let wanted = move |key: &ApiKey| {
            let named = name.as_deref().is_none_or(|prefix| key.name.as_deref().unwrap_or_default().starts_with(prefix));
            named && customer_id.as_ref().is_none_or(|id| key.customer_id.as_ref() == Some(id))
        };
        let (scope, after) = (cx.realm().top(), Page::after(position.as_deref()));
        let found = cx
            .read(move |view| scan(view, &scope, after, limit.items() + 1, |key: ApiKey| Ok(Some(key).filter(|key| wanted(key)))))
            .await?;
        let Page { item, position } = Page::cut(found, limit, |key| key.id.clone());
        let shown = |key: ApiKey| {
            let value = if include_values { Some(clear_value(&cx.sealer, &key)?) } else { None };
            Ok(Reply::brief(key, value))
        };
        Ok(Page { item: item.into_iter().map(shown).collect::<Result<_, ApiError>>()?, position })
    }
}

/// Shows a key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetApiKey {
    #[serde(rename = "api_Key")]
    id: String,
    #[serde(default)]
    include_value: bool,
}

impl Operation for GetApiKey {
    const ROUTE: Route = api::get("GetApiKey", "/apikeys/{api_Key}");
    const MEMBERS: &'static [Member] = &[api::text("api_Key").in_path("apiKey"), api::flag("includeValue").in_query()];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { id, include_value } = self;
        let realm = cx.realm().clone();
        let key = cx.read(move |view| known_key(view, &realm, &id)).await?;
        let value = if include_value { Some(clear_value(&cx.sealer, &key)?) } else { None };
        Ok(Reply::whole(key, value))
    }
}

/// Changes a key. Its value never changes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdateApiKey {
    #[serde(rename = "api_Key")]
    id: String,
    patch_operations: Option<Vec<PatchOp>>,
}

/// Seen for `replace`: observed/usage-plans-and-keys.json. The lists of the other two are assumed.
const PATCHES: Table<ApiKey> = Table {
    words: Words::NewByOp(&[
        (Op::Replace, &["/description", "/enabled", "/name", "/customerId"]),
        (Op::Add, &["/stages", "/labels"]),
        (Op::Remove, &["/stages", "/labels"]),
    ]),
    rows: &[
        replace("/customerId", |key, arg| {
            key.customer_id = arg.optional();
            Ok(())
        }),
        replace("/description", |key, arg| {
            key.description = checked_description(arg.optional())?;
            Ok(())
        }),
        replace("/enabled", |key, arg| {
            key.enabled = arg.flag();
            Ok(())
        }),
        replace("/name", |key, arg| {
            key.name = checked_name(arg.optional())?;
            Ok(())
        }),
        add("/stages", |key, arg| {
            let stage = arg.text();
            if !key.stage_keys.contains(&stage) {
                key.stage_keys.push(stage);
            }
            if key.stage_keys.len() > STAGE_KEYS_MAX { Err(too_many_stage_keys()) } else { Ok(()) }
        }),
        remove("/stages", |key, arg| {
            key.stage_keys.retain(|stage| Some(stage.as_str()) != arg.value);
            Ok(())
        }),
        // Labels are taken and shown nowhere.
        add("/labels", |_, _| Ok(())),
        remove("/labels", |_, _| Ok(())),
    ],
};

impl Operation for UpdateApiKey {
    const ROUTE: Route = api::patch_route("UpdateApiKey", "/apikeys/{api_Key}");
    const MEMBERS: &'static [Member] = &[api::text("api_Key").in_path("apiKey"), patch::MEMBER];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { id, patch_operations } = self;
        let (realm, now, ops) = (cx.realm().clone(), cx.clock.wall(), patch_operations.unwrap_or_default());
        let key = cx
            .write(move |txn| {
                let key = known_key(txn.view(), &realm, &id)?;
                let key = ApiKey { updated: now, ..PATCHES.apply(&key, &ops)? };
                txn.save(&realm, &key)?;
                Ok(key)
            })
            .await?;
        Ok(Reply::whole(key, None))
    }
}

/// Deletes a key: it leaves its usage plans, and what it used of them is forgotten.
#[derive(Deserialize)]
pub(super) struct DeleteApiKey {
    #[serde(rename = "api_Key")]
    id: String,
}

impl Operation for DeleteApiKey {
    const ROUTE: Route = api::delete("DeleteApiKey", "/apikeys/{api_Key}");
    const MEMBERS: &'static [Member] = &[api::text("api_Key").in_path("apiKey")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { id } = self;
        let realm = cx.realm().clone();
        let key = cx
            .write(move |txn| {
                let key = known_key(txn.view(), &realm, &id)?;
                for plan in &key.plans {
                    txn.remove::<UsagePlanKey>(&realm.scope(plan), &key.id)?;
                }
                txn.remove::<ApiKey>(&realm.top(), &key.id)?;
                Ok(key)
            })
            .await?;
        for plan in &key.plans {
            cx.running.forget(plan, Some(&key.id)).await?;
        }
        Ok(())
    }
}
