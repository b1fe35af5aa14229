//! Published versions: copies of the unpublished one that never change.

use super::wire::FunctionConfiguration;
use super::{NAME, check_revision, find, invalid, named, page};
use crate::function::arn::LATEST;
use crate::function::record::{Configuration, Function, FunctionVersion, version_id};
use base::api::{self, ApiError, Control, Member, Operation, Route};
use base::store::{Realm, Txn};
use serde::{Deserialize, Serialize};

/// Publishes a function's unpublished version. One that is like the one published last is that one.
pub(super) fn publish(
    txn: &mut dyn Txn,
    realm: &Realm,
    function: &mut Function,
    description: Option<&str>,
) -> Result<FunctionVersion, ApiError> {
    let scope = realm.scope(&function.name);
    let mut configuration = function.latest.clone();
    if let Some(description) = description {
        configuration.description = description.to_owned();
    }
    let unlike = |one: &Configuration| Configuration {
        description: String::new(),
        modified: Default::default(),
        revision: String::new(),
        ..one.clone()
    };
    let last = txn.view().find::<FunctionVersion>(&scope, &version_id(function.last_version))?;
    if let Some(last) = last.filter(|last| unlike(&last.configuration) == unlike(&configuration)) {
        return Ok(last);
    }
    function.last_version += 1;
    let version = FunctionVersion { function: function.name.clone(), number: function.last_version, configuration };
    txn.save(realm, &version)?;
    Ok(version)
}

/// Publishes a version.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PublishVersion {
    function_name: String,
    #[serde(rename = "CodeSha256")]
    code_sha256: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
}

impl Operation for PublishVersion {
    const ROUTE: Route = api::post("PublishVersion", "/2015-03-31/functions/{FunctionName}/versions");
    const MEMBERS: &'static [Member] = &[NAME, api::text("CodeSha256"), api::text("Description"), api::text("RevisionId")];
    type Reply = FunctionConfiguration;

    async fn run(self, cx: &Control) -> Result<FunctionConfiguration, ApiError> {
        let Self { function_name, code_sha256, description, revision_id } = self;
        let (arn, realm) = (named(cx, &function_name, None)?, cx.realm().clone());
        let done = cx.write(move |txn| {
            let mut function = find(txn.view(), &realm, &arn)?;
            check_revision(revision_id.as_deref(), &function.latest.revision)?;
            let own = &function.latest.code.sha256;
            if let Some(asked) = code_sha256.as_ref().filter(|asked| !asked.is_empty() && *asked != own) {
                return Err(invalid(format!("CodeSHA256 ({asked}) is different from current CodeSHA256 in $LATEST ({own}). Please try again with the CodeSHA256 in $LATEST.")));
            }
            let version = publish(txn, &realm, &mut function, description.as_deref())?;
            txn.save(&realm, &function)?;
            Ok((function, version))
        });
        let (function, version) = done.await?;
        let qualifier = version.number.to_string();
        FunctionConfiguration::of(cx.realm(), &cx.sealer, &function, &version.configuration, Some(version.number), Some(&qualifier))
    }
}

/// All versions of a function, the unpublished one first.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListVersionsByFunction {
    function_name: String,
    marker: Option<String>,
    max_items: Option<i64>,
}

/// Some of them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VersionsReply {
    versions: Vec<FunctionConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

impl Operation for ListVersionsByFunction {
    const ROUTE: Route = api::get("ListVersionsByFunction", "/2015-03-31/functions/{FunctionName}/versions");
    const MEMBERS: &'static [Member] = &[NAME, api::text("Marker").in_query(), api::text("MaxItems").in_query()];
    type Reply = VersionsReply;

    async fn run(self, cx: &Control) -> Result<VersionsReply, ApiError> {
        let Self { function_name, marker, max_items } = self;
        let (arn, realm, sealer) = (named(cx, &function_name, None)?, cx.realm().clone(), cx.sealer.clone());
        cx.read(move |view| {
            let function = find(view, &realm, &arn)?;
            let mut all: Vec<(Option<u64>, Configuration)> = vec![(None, function.latest.clone())];
            let published: Vec<FunctionVersion> = view.all(&realm.scope(&function.name))?;
            all.extend(published.into_iter().map(|version| (Some(version.number), version.configuration)));
            let (some, next_marker) = page(all, marker.as_deref(), max_items, |(number, _)| version_id(number.unwrap_or(0)));
            let shown = some.iter().map(|(number, configuration)| {
                let qualifier = number.map_or_else(|| LATEST.to_owned(), |number| number.to_string());
                FunctionConfiguration::of(&realm, &sealer, &function, configuration, *number, Some(&qualifier))
            });
            Ok(VersionsReply { versions: shown.collect::<Result<_, _>>()?, next_marker })
        })
        .await
    }
}
