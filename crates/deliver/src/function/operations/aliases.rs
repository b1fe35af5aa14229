//! Aliases: names that move from version to version.

use super::wire::arn;
use super::{NAME, check_revision, conflict, find, invalid, named, no_function, not_found, page, revision};
use crate::function::arn::{LATEST, is_qualifier};
use crate::function::record::{Function, FunctionAlias, version_id};
use base::api::{self, ApiError, Control, Member, Operation, Route, Shape};
use base::store::{Realm, View, kind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Aliases of one function.
const ALIASES_MAX: usize = 1_000;

const ALIAS_PATTERN: &str = r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)";
const ALIAS: Member = api::text("Name").in_path("name").like(ALIAS_PATTERN, is_alias);
const ROUTING: &[Member] = &[api::map("AdditionalVersionWeights", &Shape::Number)];

fn is_alias(text: &str) -> bool {
    is_qualifier(text) && text != LATEST && !text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An alias as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AliasConfiguration {
    alias_arn: String,
    name: String,
    function_version: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_config: Option<Value>,
    revision_id: String,
}

impl AliasConfiguration {
    fn of(realm: &Realm, alias: FunctionAlias) -> AliasConfiguration {
        AliasConfiguration {
            alias_arn: format!("{}:{}", arn(realm, &alias.function), alias.name),
            name: alias.name,
            function_version: alias.version,
            description: alias.description,
            routing_config: (!alias.weights.is_empty()).then(|| json!({ "AdditionalVersionWeights": alias.weights })),
            revision_id: alias.revision,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Routing {
    #[serde(default)]
    additional_version_weights: Option<BTreeMap<String, f64>>,
}

/// Refuses an alias of versions that are not there, and shares that make no sense.
fn check(view: &dyn View, realm: &Realm, function: &Function, alias: &FunctionAlias) -> Result<(), ApiError> {
    let scope = realm.scope(&function.name);
    for version in std::iter::once(&alias.version).chain(alias.weights.keys()) {
        let known = match version.parse::<u64>() {
            Ok(number) => view.has(kind::FUNCTION_VERSION, &scope, &version_id(number))?,
            Err(_) => version == LATEST,
        };
        if !known {
            return Err(no_function(format!("{}:{version}", arn(realm, &function.name))));
        }
    }
    if alias.weights.is_empty() {
        return Ok(());
    }
    if alias.version == LATEST || alias.weights.contains_key(LATEST) {
        return Err(invalid("$LATEST is not supported for an alias pointing to more than 1 version"));
    }
    let fits = |share: &f64| (0.0..=1.0).contains(share);
    if alias.weights.len() > 1 || !alias.weights.values().all(fits) || alias.weights.contains_key(&alias.version) {
        return Err(invalid("An alias can have one additional version, another than its own, with a weight from 0.0 to 1.0"));
    }
    Ok(())
}

/// Makes an alias.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateAlias {
    function_name: String,
    name: Option<String>,
    function_version: Option<String>,
    description: Option<String>,
    routing_config: Option<Routing>,
}

impl Operation for CreateAlias {
    const ROUTE: Route = api::post("CreateAlias", "/2015-03-31/functions/{FunctionName}/aliases");
    const MEMBERS: &'static [Member] = &[
        NAME,
        api::text("Name").like(ALIAS_PATTERN, is_alias),
        api::text("FunctionVersion"),
        api::text("Description"),
        api::structure("RoutingConfig", ROUTING),
    ];
    type Reply = AliasConfiguration;

    async fn run(self, cx: &Control) -> Result<AliasConfiguration, ApiError> {
        let Self { function_name, name, function_version, description, routing_config } = self;
        let target = named(cx, &function_name, None)?;
        let alias = FunctionAlias {
            function: target.name.to_string(),
            name: name.ok_or_else(|| invalid("Name is missing"))?,
            version: function_version.ok_or_else(|| invalid("FunctionVersion is missing"))?,
            description: description.unwrap_or_default(),
            weights: routing_config.and_then(|routing| routing.additional_version_weights).unwrap_or_default(),
            revision: revision(cx),
        };
        let realm = cx.realm().clone();
        let made = cx.write(move |txn| {
            let function = find(txn.view(), &realm, &target)?;
            let scope = realm.scope(&function.name);
            if txn.view().has(kind::FUNCTION_ALIAS, &scope, &alias.name)? {
                return Err(conflict(format!("Alias already exists: {}:{}", arn(&realm, &function.name), alias.name)));
            }
            if txn.view().rows(kind::FUNCTION_ALIAS, &scope, None, ALIASES_MAX)?.len() >= ALIASES_MAX {
                return Err(invalid(format!("There are {ALIASES_MAX} aliases already")));
            }
            check(txn.view(), &realm, &function, &alias)?;
            txn.save(&realm, &alias)?;
            Ok(AliasConfiguration::of(&realm, alias.clone()))
        });
        made.await
    }
}

fn known(view: &dyn View, realm: &Realm, function: &str, name: &str) -> Result<FunctionAlias, ApiError> {
    let found = view.find(&realm.scope(function), name)?;
    found.ok_or_else(|| not_found(format!("Cannot find alias arn: {}:{name}", arn(realm, function))))
}

/// An alias as it is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetAlias {
    function_name: String,
    name: String,
}

impl Operation for GetAlias {
    const ROUTE: Route = api::get("GetAlias", "/2015-03-31/functions/{FunctionName}/aliases/{Name}");
    const MEMBERS: &'static [Member] = &[NAME, ALIAS];
    type Reply = AliasConfiguration;

    async fn run(self, cx: &Control) -> Result<AliasConfiguration, ApiError> {
        let Self { function_name, name } = self;
        let (target, realm) = (named(cx, &function_name, None)?, cx.realm().clone());
        cx.read(move |view| {
            let function = find(view, &realm, &target)?;
            Ok(AliasConfiguration::of(&realm, known(view, &realm, &function.name, &name)?))
        })
        .await
    }
}

/// Moves an alias.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateAlias {
    function_name: String,
    name: String,
    function_version: Option<String>,
    description: Option<String>,
    routing_config: Option<Routing>,
    revision_id: Option<String>,
}

impl Operation for UpdateAlias {
    const ROUTE: Route = api::put("UpdateAlias", "/2015-03-31/functions/{FunctionName}/aliases/{Name}").status(200);
    const MEMBERS: &'static [Member] = &[
        NAME,
        ALIAS,
        api::text("FunctionVersion"),
        api::text("Description"),
        api::structure("RoutingConfig", ROUTING),
        api::text("RevisionId"),
    ];
    type Reply = AliasConfiguration;

    async fn run(self, cx: &Control) -> Result<AliasConfiguration, ApiError> {
        let Self { function_name, name, function_version, description, routing_config, revision_id } = self;
        let (target, realm, fresh) = (named(cx, &function_name, None)?, cx.realm().clone(), revision(cx));
        let weights = routing_config.map(|routing| routing.additional_version_weights.unwrap_or_default());
        let changed = cx.write(move |txn| {
            let function = find(txn.view(), &realm, &target)?;
            let mut alias = known(txn.view(), &realm, &function.name, &name)?;
            check_revision(revision_id.as_deref(), &alias.revision)?;
            alias.version = function_version.clone().unwrap_or(alias.version);
            alias.description = description.clone().unwrap_or(alias.description);
            alias.weights = weights.clone().unwrap_or(alias.weights);
            alias.revision = fresh.clone();
            check(txn.view(), &realm, &function, &alias)?;
            txn.save(&realm, &alias)?;
            Ok(AliasConfiguration::of(&realm, alias))
        });
        changed.await
    }
}

/// Deletes an alias; one that is not there is deleted already.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteAlias {
    function_name: String,
    name: String,
}

impl Operation for DeleteAlias {
    const ROUTE: Route = api::delete("DeleteAlias", "/2015-03-31/functions/{FunctionName}/aliases/{Name}").status(204);
    const MEMBERS: &'static [Member] = &[NAME, ALIAS];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { function_name, name } = self;
        let (target, realm) = (named(cx, &function_name, None)?, cx.realm().clone());
        cx.write(move |txn| {
            let function = find(txn.view(), &realm, &target)?;
            txn.remove::<FunctionAlias>(&realm.scope(&function.name), &name)?;
            Ok(())
        })
        .await
    }
}

/// All aliases of a function, or those of one version.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListAliases {
    function_name: String,
    function_version: Option<String>,
    marker: Option<String>,
    max_items: Option<i64>,
}

/// Some of them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AliasesReply {
    aliases: Vec<AliasConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

impl Operation for ListAliases {
    const ROUTE: Route = api::get("ListAliases", "/2015-03-31/functions/{FunctionName}/aliases");
    const MEMBERS: &'static [Member] =
        &[NAME, api::text("FunctionVersion").in_query(), api::text("Marker").in_query(), api::text("MaxItems").in_query()];
    type Reply = AliasesReply;

    async fn run(self, cx: &Control) -> Result<AliasesReply, ApiError> {
        let Self { function_name, function_version, marker, max_items } = self;
        let (target, realm) = (named(cx, &function_name, None)?, cx.realm().clone());
        cx.read(move |view| {
            let function = find(view, &realm, &target)?;
            let mut all: Vec<FunctionAlias> = view.all(&realm.scope(&function.name))?;
            all.retain(|alias| function_version.as_ref().is_none_or(|version| alias.version == *version));
            let (some, next_marker) = page(all, marker.as_deref(), max_items, |alias| alias.name.clone());
            let aliases = some.into_iter().map(|alias| AliasConfiguration::of(&realm, alias)).collect();
            Ok(AliasesReply { aliases, next_marker })
        })
        .await
    }
}
