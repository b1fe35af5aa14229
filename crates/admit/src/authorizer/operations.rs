//! What the control API does with authorizers.

use super::check::{TYPES, check};
use super::record::Authorizer;
use super::test_invoke::TestInvokeAuthorizer;
use base::api::patch::{Arg, Table, Words, add, remove, replace};
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, PatchOp, Route, known_api, patch};
use base::store::{Scope, View, kind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The operations of authorizers, but deletion.
pub const OPERATIONS: &[Entry] = &[
    api::op::<CreateAuthorizer>(),
    api::op::<GetAuthorizers>(),
    api::op::<GetAuthorizer>(),
    api::op::<UpdateAuthorizer>(),
    api::op::<TestInvokeAuthorizer>(),
];

/// Authorizers of one API on AWS.
pub(super) const AUTHORIZERS_MAX: usize = 10;
/// Authorizers of one API where AWS's quota was raised, or is not ours.
const AUTHORIZERS_MAX_EXTENDED: usize = 1_000;

/// An authorizer as AWS shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    id: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "providerARNs", skip_serializing_if = "Vec::is_empty")]
    provider_arns: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer_credentials: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_validation_expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer_result_ttl_in_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt_configuration: Option<Value>,
}

impl Reply {
    fn of(stored: Authorizer) -> Reply {
        Reply {
            id: stored.id,
            name: stored.name,
            kind: stored.kind,
            provider_arns: stored.provider_arns,
            auth_type: stored.auth_type,
            authorizer_uri: stored.uri,
            authorizer_credentials: stored.credentials,
            identity_source: stored.identity_source,
            identity_validation_expression: stored.identity_validation_expression,
            authorizer_result_ttl_in_seconds: stored.result_ttl_seconds,
            jwt_configuration: stored.jwt,
        }
    }
}

/// The `authType` of a type, when nobody says.
fn auth_type(kind: &str) -> &'static str {
    match kind {
        "COGNITO_USER_POOLS" => "cognito_user_pools",
        "JWT" => "jwt",
        _ => "custom",
    }
}

pub(super) fn find(view: &dyn View, scope: &Scope, id: &str) -> Result<Authorizer, ApiError> {
    view.find(scope, id)?.ok_or_else(|| ApiError::not_found("Invalid Authorizer identifier specified"))
}

/// Refuses the name of another authorizer.
fn check_name(held: &[Authorizer], authorizer: &Authorizer) -> Result<(), ApiError> {
    let name = &authorizer.name;
    if held.iter().any(|other| other.id != authorizer.id && other.name == *name) {
        return Err(ApiError::Conflict(format!("Authorizer name must be unique. Authorizer {name} already exists in this RestApi.")));
    }
    Ok(())
}

pub(super) const API: Member = api::text("restapi_id").in_path("restApiId");
pub(super) const ID: Member = api::text("authorizer_id").in_path("authorizerId");

/// Adds an authorizer to an API. It decides nothing until a method names it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateAuthorizer {
    #[serde(rename = "restapi_id")]
    restapi_id: String,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "providerARNs")]
    provider_arns: Option<Vec<String>>,
    auth_type: Option<String>,
    authorizer_uri: Option<String>,
    authorizer_credentials: Option<String>,
    identity_source: Option<String>,
    identity_validation_expression: Option<String>,
    authorizer_result_ttl_in_seconds: Option<i64>,
    jwt_configuration: Option<Value>,
}

const CLAIM: &[Member] = &[api::text("claimName"), api::text("format"), api::flag("required"), api::list("expectedValues", &api::text(""))];
const ISSUER: &[Member] =
    &[api::text("issuer"), api::list("audiences", &api::text("")), api::list("additionalClaims", &api::structure("", CLAIM))];

impl Operation for CreateAuthorizer {
    const ROUTE: Route = api::post("CreateAuthorizer", "/restapis/{restapi_id}/authorizers");
    const MEMBERS: &'static [Member] = &[
        api::text("name"),
        api::text("type").one_of(TYPES),
        api::list("providerARNs", &api::text("")),
        api::text("authType"),
        api::text("authorizerUri"),
        api::text("authorizerCredentials"),
        api::text("identitySource"),
        api::text("identityValidationExpression"),
        api::whole("authorizerResultTtlInSeconds"),
        api::structure(
            "jwtConfiguration",
            &[api::list("issuers", &api::structure("", ISSUER)), api::list("defaultAlgorithms", &api::text(""))],
        ),
        API,
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let kind = self.kind.unwrap_or_default();
        let authorizer = Authorizer {
            api: self.restapi_id,
            id: String::new(),
            name: self.name.unwrap_or_default(),
            provider_arns: self.provider_arns.unwrap_or_default(),
            auth_type: some(self.auth_type).or_else(|| Some(auth_type(&kind).into())),
            kind,
            uri: some(self.authorizer_uri),
            credentials: some(self.authorizer_credentials),
            identity_source: some(self.identity_source),
            identity_validation_expression: some(self.identity_validation_expression),
            result_ttl_seconds: self.authorizer_result_ttl_in_seconds,
            jwt: self.jwt_configuration,
        };
        let (realm, ids) = (cx.realm().clone(), [cx.ids.lower(6), cx.ids.lower(6), cx.ids.lower(6)]);
        let count_max = if cx.settings.aws_strict { AUTHORIZERS_MAX } else { AUTHORIZERS_MAX_EXTENDED };
        let done = cx.write(move |txn| {
            // So AWS words an unknown API here. (observed in rest-api.md §0.2)
            if !txn.view().has(kind::REST_API, &realm.top(), &authorizer.api)? {
                return Err(ApiError::conflict("Unable to complete operation due to concurrent modification. Please try again later."));
            }
            check(&authorizer)?;
            let held: Vec<Authorizer> = txn.view().all(&realm.scope(&authorizer.api))?;
            check_name(&held, &authorizer)?;
            if held.len() >= count_max {
                return Err(ApiError::LimitExceeded(format!("Maximum number of authorizers for this API has been reached: {count_max}")));
            }
            let id = ids.iter().find(|id| held.iter().all(|other| other.id != **id));
            let id = id.ok_or_else(|| ApiError::Internal("every new id is taken".into()))?.clone();
            let authorizer = Authorizer { id, ..authorizer.clone() };
            txn.save(&realm, &authorizer)?;
            Ok(authorizer)
        });
        done.await.map(Reply::of)
    }
}

/// All authorizers of an API.
#[derive(Deserialize)]
pub struct GetAuthorizers {
    restapi_id: String,
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
}

impl Operation for GetAuthorizers {
    const ROUTE: Route = api::get("GetAuthorizers", "/restapis/{restapi_id}/authorizers");
    const MEMBERS: &'static [Member] = &[API, api::text("position").in_query(), api::whole("limit").in_query()];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { restapi_id, limit, position } = self;
        let realm = cx.realm().clone();
        let page = cx.read(move |view| {
            known_api(view, &realm, &restapi_id)?;
            // By name, as the recorded list is. (observed/import.json)
            let key = |authorizer: &Authorizer| format!("{}\n{}", authorizer.name, authorizer.id);
            let mut authorizers: Vec<Authorizer> = view.all(&realm.scope(&restapi_id))?;
            authorizers.sort_by_cached_key(key);
            Ok(Page::of(authorizers, limit, position.as_deref(), key))
        });
        page.await.map(|page| page.map(Reply::of))
    }
}

/// One authorizer.
#[derive(Deserialize)]
pub struct GetAuthorizer {
    restapi_id: String,
    authorizer_id: String,
}

impl Operation for GetAuthorizer {
    const ROUTE: Route = api::get("GetAuthorizer", "/restapis/{restapi_id}/authorizers/{authorizer_id}");
    const MEMBERS: &'static [Member] = &[API, ID];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, authorizer_id } = self;
        let scope = cx.realm().scope(&restapi_id);
        cx.read(move |view| find(view, &scope, &authorizer_id)).await.map(Reply::of)
    }
}

const PATCHES: Table<Authorizer> = Table {
    words: Words::Old,
    rows: &[
        replace("/name", |authorizer: &mut Authorizer, arg| {
            authorizer.name = arg.text();
            Ok(())
        }),
        replace("/type", |authorizer: &mut Authorizer, arg| {
            let old = std::mem::replace(&mut authorizer.kind, arg.text());
            // A word that was only the old type's default becomes the new type's.
            if authorizer.auth_type.as_deref() == Some(auth_type(&old)) {
                authorizer.auth_type = Some(auth_type(&authorizer.kind).into());
            }
            Ok(())
        }),
        replace("/authType", |authorizer: &mut Authorizer, arg| {
            authorizer.auth_type = arg.optional();
            Ok(())
        }),
        replace("/authorizerUri", |authorizer: &mut Authorizer, arg| {
            authorizer.uri = arg.optional();
            Ok(())
        }),
        replace("/authorizerCredentials", |authorizer: &mut Authorizer, arg| {
            authorizer.credentials = arg.optional();
            Ok(())
        }),
        replace("/authorizerResultTtlInSeconds", |authorizer: &mut Authorizer, arg| {
            authorizer.result_ttl_seconds = if arg.optional().is_none() { None } else { Some(arg.number()?) };
            Ok(())
        }),
        replace("/identityValidationExpression", |authorizer: &mut Authorizer, arg| {
            authorizer.identity_validation_expression = arg.optional();
            Ok(())
        }),
        replace("/jwtConfiguration", |authorizer: &mut Authorizer, arg| {
            authorizer.jwt = Some(jwt(arg)?);
            Ok(())
        }),
        replace("/identitySource", |authorizer: &mut Authorizer, arg| {
            authorizer.identity_source = arg.optional();
            Ok(())
        }),
        add("/identitySource", |authorizer: &mut Authorizer, arg| {
            let mut sources = sources(authorizer);
            if !sources.contains(&arg.text()) {
                sources.push(arg.text());
            }
            authorizer.identity_source = joined(sources);
            Ok(())
        }),
        // Without a value all of them go.
        remove("/identitySource", |authorizer: &mut Authorizer, arg| {
            let gone = arg.optional();
            let left = sources(authorizer).into_iter().filter(|source| gone.as_ref().is_some_and(|gone| gone != source));
            authorizer.identity_source = joined(left.collect());
            Ok(())
        }),
        add("/providerARNs", |authorizer: &mut Authorizer, arg| {
            let arn = arg.text();
            if !authorizer.provider_arns.contains(&arn) {
                authorizer.provider_arns.push(arn);
            }
            Ok(())
        }),
        remove("/providerARNs", |authorizer: &mut Authorizer, arg| {
            let arn = arg.text();
            authorizer.provider_arns.retain(|held| *held != arn);
            Ok(())
        }),
    ],
};

fn sources(authorizer: &Authorizer) -> Vec<String> {
    let held = authorizer.identity_source.as_deref().unwrap_or("");
    held.split(',').map(|source| source.trim().to_owned()).filter(|source| !source.is_empty()).collect()
}

fn joined(sources: Vec<String>) -> Option<String> {
    Some(sources.join(",")).filter(|all| !all.is_empty())
}

fn jwt(arg: &Arg<'_>) -> Result<Value, ApiError> {
    let parsed = serde_json::from_str(&arg.text()).ok().filter(Value::is_object);
    parsed.ok_or_else(|| ApiError::bad_request("Invalid jwtConfiguration specified"))
}

/// Changes an authorizer.
#[derive(Deserialize)]
pub struct UpdateAuthorizer {
    restapi_id: String,
    authorizer_id: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateAuthorizer {
    const ROUTE: Route = api::patch_route("UpdateAuthorizer", "/restapis/{restapi_id}/authorizers/{authorizer_id}");
    const MEMBERS: &'static [Member] = &[patch::MEMBER, API, ID];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, authorizer_id, patch_operations } = self;
        let (realm, ops) = (cx.realm().clone(), patch_operations.unwrap_or_default());
        let done = cx.write(move |txn| {
            let scope = realm.scope(&restapi_id);
            let authorizer = PATCHES.apply(&find(txn.view(), &scope, &authorizer_id)?, &ops)?;
            check(&authorizer)?;
            check_name(&txn.view().all(&scope)?, &authorizer)?;
            txn.save(&realm, &authorizer)?;
            Ok(authorizer)
        });
        done.await.map(Reply::of)
    }
}
