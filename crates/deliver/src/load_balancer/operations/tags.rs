//! Tags of load balancers, target groups and listeners.

use super::{TEXT, balancer, exception, group, invalid, listener};
use base::api::{self, ApiError, Control, Member, Operation, Route, TAGS_MAX};
use base::store::{Realm, Txn, View};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Things that are tagged by one call.
const THINGS_MAX: usize = 20;
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

pub(super) const TAG: Member = api::structure("", &[api::text("Key"), api::text("Value")]);

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: Option<String>,
    #[serde(default)]
    value: String,
}

/// Tags as they are kept.
pub(super) fn read(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, ApiError> {
    let mut read = BTreeMap::new();
    for Tag { key, value } in tags {
        let key = key.filter(|key| !key.is_empty() && key.chars().count() <= KEY_CHARS_MAX && value.chars().count() <= VALUE_CHARS_MAX);
        let key = key.ok_or_else(|| invalid("A tag has a key of 1 to 128 characters and a value of up to 256"))?;
        if read.insert(key.clone(), value).is_some() {
            return Err(exception("DuplicateTagKeys", format!("The tag key '{key}' is there twice")));
        }
    }
    check(&read)?;
    Ok(read)
}

fn check(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    match tags.len() {
        ..=TAGS_MAX => Ok(()),
        _ => Err(exception("TooManyTags", format!("There may be {TAGS_MAX} tags"))),
    }
}

/// Changes the tags of what an ARN names.
fn change(txn: &mut dyn Txn, realm: &Realm, arn: &str, work: impl Fn(&mut BTreeMap<String, String>)) -> Result<(), ApiError> {
    let change = |tags: &mut BTreeMap<String, String>| {
        work(tags);
        check(tags)
    };
    if arn.contains(":targetgroup/") {
        let mut found = group(txn.view(), realm, arn)?;
        change(&mut found.tags)?;
        txn.save(realm, &found)?;
    } else if arn.contains(":listener/") {
        let mut found = listener(txn.view(), realm, arn)?;
        change(&mut found.tags)?;
        txn.save(realm, &found)?;
    } else {
        let mut found = balancer(txn.view(), realm, arn)?;
        change(&mut found.tags)?;
        txn.save(realm, &found)?;
    }
    Ok(())
}

fn tags_of(view: &dyn View, realm: &Realm, arn: &str) -> Result<BTreeMap<String, String>, ApiError> {
    match arn {
        arn if arn.contains(":targetgroup/") => group(view, realm, arn).map(|found| found.tags),
        arn if arn.contains(":listener/") => listener(view, realm, arn).map(|found| found.tags),
        arn => balancer(view, realm, arn).map(|found| found.tags),
    }
}

fn check_arns(arns: &[String]) -> Result<(), ApiError> {
    match arns.len() {
        1..=THINGS_MAX => Ok(()),
        _ => Err(invalid(format!("ResourceArns must have 1 to {THINGS_MAX} ARNs"))),
    }
}

/// Adds tags, or changes their values.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddTags {
    #[serde(default)]
    resource_arns: Vec<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

impl Operation for AddTags {
    const ROUTE: Route = api::post("AddTags", "/AddTags").status(200);
    const MEMBERS: &'static [Member] = &[api::list("ResourceArns", &TEXT), api::list("Tags", &TAG)];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { resource_arns, tags } = self;
        check_arns(&resource_arns)?;
        let (tags, realm) = (read(tags)?, cx.realm().clone());
        cx.write(move |txn| resource_arns.iter().try_for_each(|arn| change(txn, &realm, arn, |known| known.extend(tags.clone())))).await
    }
}

/// Removes tags.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemoveTags {
    #[serde(default)]
    resource_arns: Vec<String>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

impl Operation for RemoveTags {
    const ROUTE: Route = api::post("RemoveTags", "/RemoveTags").status(200);
    const MEMBERS: &'static [Member] = &[api::list("ResourceArns", &TEXT), api::list("TagKeys", &TEXT)];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { resource_arns, tag_keys } = self;
        check_arns(&resource_arns)?;
        let realm = cx.realm().clone();
        cx.write(move |txn| {
            let keep = |known: &mut BTreeMap<String, String>| known.retain(|key, _| !tag_keys.contains(key));
            resource_arns.iter().try_for_each(|arn| change(txn, &realm, arn, keep))
        })
        .await
    }
}

/// Shows tags.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeTags {
    #[serde(default)]
    resource_arns: Vec<String>,
}

impl Operation for DescribeTags {
    const ROUTE: Route = api::post("DescribeTags", "/DescribeTags").status(200);
    const MEMBERS: &'static [Member] = &[api::list("ResourceArns", &TEXT)];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let arns = self.resource_arns;
        check_arns(&arns)?;
        let realm = cx.realm().clone();
        cx.read(move |view| {
            let of = |arn: &String| {
                let tags: Vec<Value> =
                    tags_of(view, &realm, arn)?.into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                Ok(json!({"ResourceArn": arn, "Tags": tags}))
            };
            let told: Vec<Value> = arns.iter().map(of).collect::<Result<_, ApiError>>()?;
            Ok(json!({ "TagDescriptions": told }))
        })
        .await
    }
}
