//! What Cloud Map's API does.

mod instances;
mod namespaces;
mod services;

use super::record::{DiscoveryService, Namespace};
use base::api::{self, ApiError, Control, Entry, Member, TAGS_MAX, op};
use base::store::{Realm, View};
use base::world::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What Cloud Map's API can do here.
pub const OPERATIONS: &[Entry] = &[
    op::<namespaces::CreateHttpNamespace>(),
    op::<namespaces::CreatePrivateDnsNamespace>(),
    op::<namespaces::CreatePublicDnsNamespace>(),
    op::<namespaces::GetNamespace>(),
    op::<namespaces::ListNamespaces>(),
    op::<namespaces::DeleteNamespace>(),
    op::<namespaces::GetOperation>(),
    op::<services::CreateService>(),
    op::<services::GetService>(),
    op::<services::ListServices>(),
    op::<services::DeleteService>(),
    op::<instances::RegisterInstance>(),
    op::<instances::DeregisterInstance>(),
    op::<instances::GetInstance>(),
    op::<instances::ListInstances>(),
    op::<instances::DiscoverInstances>(),
    op::<instances::UpdateInstanceCustomHealthStatus>(),
];

/// Namespaces of an account in a region, and services of one.
const EACH_MAX: usize = 3_000;
const TEXT_BYTES_MAX: usize = 1_024;
/// Items on a page, as on AWS.
const PAGE_MAX: usize = 100;
const TAG: Member = api::structure("", &[api::text("Key"), api::text("Value")]);
const FILTER: Member = api::structure("", &[api::text("Name"), api::list("Values", &api::text("")), api::text("Condition")]);

fn exception(name: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::exception(400, name, message)
}

fn invalid(message: impl Into<String>) -> ApiError {
    exception("InvalidInput", message)
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, ApiError> {
    value.ok_or_else(|| {
        invalid(format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"))
    })
}

fn short(name: &str, text: Option<String>) -> Result<Option<String>, ApiError> {
    match &text {
        Some(long) if long.len() > TEXT_BYTES_MAX => Err(invalid(format!("{name} can be at most {TEXT_BYTES_MAX} bytes long"))),
        _ => Ok(text.filter(|text| !text.is_empty())),
    }
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: Option<String>,
    #[serde(default)]
    value: String,
}

fn tags(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, ApiError> {
    if tags.len() > TAGS_MAX {
        return Err(exception("TooManyTagsException", format!("There may be {TAGS_MAX} tags")));
    }
    let fits = |tag: &Tag| tag.key.as_ref().is_some_and(|key| (1..=128).contains(&key.chars().count())) && tag.value.chars().count() <= 256;
    if !tags.iter().all(fits) {
        return Err(invalid("A tag has a key of 1 to 128 characters and a value of up to 256"));
    }
    Ok(tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value))).collect())
}

/// One filter of a list: by a member's value.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    name: Option<String>,
    #[serde(default)]
    values: Vec<String>,
    condition: Option<String>,
}

impl Filter {
    fn lets_pass(&self, value: &str) -> bool {
        match self.condition.as_deref() {
            Some("BEGINS_WITH") => self.values.iter().any(|begin| value.starts_with(begin.as_str())),
            _ => self.values.iter().any(|known| known == value),
        }
    }
}

fn namespace(view: &dyn View, realm: &Realm, id: &str) -> Result<Namespace, ApiError> {
    // Since 2025 an ARN will do, too.
    let id = id.rsplit('/').next().unwrap_or(id);
    view.find(&realm.top(), id)?.ok_or_else(|| exception("NamespaceNotFound", format!("Namespace {id} does not exist.")))
}

fn service(view: &dyn View, realm: &Realm, id: &str) -> Result<DiscoveryService, ApiError> {
    let id = id.rsplit('/').next().unwrap_or(id);
    view.find(&realm.top(), id)?.ok_or_else(|| exception("ServiceNotFound", format!("Service {id} does not exist.")))
}

/// Seconds, as dates are sent.
fn date(at: Timestamp) -> Value {
    json!(at.0 as f64 / 1000.0)
}

/// What was done, told by the id of its operation: a letter, when, and what it was done to.
fn operation(cx: &Control, letter: char, target: &str) -> Value {
    json!({"OperationId": format!("{letter}-{:x}-{target}", cx.clock.wall().0)})
}

/// A page of items after a token, and the next token.
fn page<T>(items: Vec<T>, token: Option<&str>, most: Option<i64>, key: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let most = most.and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0).map_or(PAGE_MAX, |most| most.min(PAGE_MAX));
    let after = |item: &T| token.is_none_or(|token| key(item).as_str() > token);
    let mut rest: Vec<T> = items.into_iter().filter(after).take(most + 1).collect();
    let more = rest.len() > most;
    rest.truncate(most);
    let next = if more { rest.last().map(&key) } else { None };
    (rest, next)
}
