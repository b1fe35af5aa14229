//! What the load balancing API does.

mod balancers;
mod groups;
mod listeners;
mod tags;
mod targets;

use super::record::{Listener, LoadBalancer, Noun, TargetGroup};
use base::api::{self, ApiError, Entry, Member, op};
use base::store::{Realm, View};
use base::world::Ids;

/// What the load balancing API can do here.
pub const OPERATIONS: &[Entry] = &[
    op::<balancers::CreateLoadBalancer>(),
    op::<balancers::DescribeLoadBalancers>(),
    op::<balancers::DeleteLoadBalancer>(),
    op::<groups::CreateTargetGroup>(),
    op::<groups::DescribeTargetGroups>(),
    op::<groups::ModifyTargetGroup>(),
    op::<groups::DeleteTargetGroup>(),
    op::<groups::DescribeTargetGroupAttributes>(),
    op::<groups::ModifyTargetGroupAttributes>(),
    op::<targets::RegisterTargets>(),
    op::<targets::DeregisterTargets>(),
    op::<targets::DescribeTargetHealth>(),
    op::<listeners::CreateListener>(),
    op::<listeners::DescribeListeners>(),
    op::<listeners::ModifyListener>(),
    op::<listeners::DeleteListener>(),
    op::<tags::AddTags>(),
    op::<tags::RemoveTags>(),
    op::<tags::DescribeTags>(),
];

const NAME_CHARS_MAX: usize = 32;
/// Items on a page, as on AWS.
const PAGE_MAX: usize = 400;
/// Load balancers, and target groups, of an account in a region: more than AWS's quotas.
const EACH_MAX: usize = 3_000;
const TEXT: Member = api::text("");

fn exception(name: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::exception(400, name, message)
}

fn invalid(message: impl Into<String>) -> ApiError {
    exception("ValidationError", message)
}

/// A member that must be there.
fn required<T>(value: Option<T>, name: &str) -> Result<T, ApiError> {
    value.ok_or_else(|| {
        invalid(format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"))
    })
}

fn check_name(name: &str, what: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    match name {
        "" => Err(invalid(format!("{what} name cannot be empty"))),
        long if long.chars().count() > NAME_CHARS_MAX => {
            Err(invalid(format!("{what} name '{name}' cannot be longer than '32' characters")))
        }
        _ if !name.chars().all(fits) => {
            Err(invalid(format!("{what} name '{name}' can only contain characters that are alphanumeric characters and hyphens(-)")))
        }
        _ if name.starts_with('-') || name.ends_with('-') => {
            Err(invalid(format!("{what} name '{name}' cannot begin or end with a hyphen(-)")))
        }
        _ => Ok(()),
    }
}

/// The end of a new ARN.
fn fresh(ids: &Ids) -> String {
    let mut bytes = [0u8; 8];
    ids.bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn balancer(view: &dyn View, realm: &Realm, arn: &str) -> Result<LoadBalancer, ApiError> {
    let none = || exception("LoadBalancerNotFound", format!("Load balancer '{arn}' not found"));
    view.find(&realm.top(), &Noun::LoadBalancer.id(realm, arn).ok_or_else(none)?)?.ok_or_else(none)
}

fn group(view: &dyn View, realm: &Realm, arn: &str) -> Result<TargetGroup, ApiError> {
    let none = || exception("TargetGroupNotFound", format!("Target group '{arn}' not found"));
    view.find(&realm.top(), &Noun::TargetGroup.id(realm, arn).ok_or_else(none)?)?.ok_or_else(none)
}

fn listener(view: &dyn View, realm: &Realm, arn: &str) -> Result<Listener, ApiError> {
    let none = || exception("ListenerNotFound", format!("Listener '{arn}' not found"));
    view.find(&realm.top(), &Noun::Listener.id(realm, arn).ok_or_else(none)?)?.ok_or_else(none)
}

fn listeners_of(view: &dyn View, realm: &Realm, balancer: &LoadBalancer) -> Result<Vec<Listener>, ApiError> {
    let all: Vec<Listener> = view.all(&realm.top())?;
    Ok(all.into_iter().filter(|listener| listener.balancer == balancer.id).collect())
}

/// A page of items after a marker, and the next marker.
fn page<T>(items: Vec<T>, marker: Option<&str>, most: Option<i64>, key: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let most = most.and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0).map_or(PAGE_MAX, |most| most.min(PAGE_MAX));
    let after = |item: &T| marker.is_none_or(|marker| key(item).as_str() > marker);
    let mut rest: Vec<T> = items.into_iter().filter(after).take(most + 1).collect();
    let more = rest.len() > most;
    rest.truncate(most);
    let next = if more { rest.last().map(&key) } else { None };
    (rest, next)
}
