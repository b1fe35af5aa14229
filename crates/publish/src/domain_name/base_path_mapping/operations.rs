//! What the control API does with base path mappings.

use super::record::{BasePathMapping, MappedStage, NONE};
use crate::domain_name::operations::{NAME, PRIVATE_ID, known_domain_name};
use crate::domain_name::record::{DomainName, domain_id};
use base::api::patch::{self, Arg, PatchOp, Table, Words, replace};
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, Route, op};
use base::store::{Realm, Record, StoreError, Txn, View, kind};
use define::rest_api::record::RestApi;
use serde::{Deserialize, Serialize};

/// What the control API can do with base path mappings.
pub const OPERATIONS: &[Entry] = &[
    op::<CreateBasePathMapping>(),
    op::<GetBasePathMappings>(),
    op::<GetBasePathMapping>(),
    op::<UpdateBasePathMapping>(),
    op::<DeleteBasePathMapping>(),
];

/// Characters of a base path.
const BASE_PATH_CHARS_MAX: usize = 300;
/// Mappings of one domain name.
const MAPPINGS_MAX: usize = 10_000;

const BASE_PATH: Member = api::text("base_path").in_path("basePath");

/// A mapping as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    base_path: String,
    rest_api_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
}

impl From<BasePathMapping> for Reply {
    fn from(BasePathMapping { domain: _, base_path, api, stage }: BasePathMapping) -> Reply {
        Reply { base_path, rest_api_id: api, stage }
    }
}

/// A base path as it is stored.
fn stored(base_path: Option<String>) -> String {
    base_path.filter(|path| !path.is_empty()).unwrap_or_else(|| NONE.into())
}

/// A stage as it is stored. `(none)` is none.
fn stage(name: Option<String>) -> Option<String> {
    name.filter(|name| !name.is_empty() && name != NONE)
}

/// Refuses what is no base path. The first text is AWS's; the other is assumed.
fn check_base_path(path: &str) -> Result<(), ApiError> {
    if path == NONE {
        return Ok(());
    }
    if path.contains('/') {
        return Err(ApiError::bad_request(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a multi-level base path mapping, use \
             API Gateway V2.",
        ));
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"$-_.+!*'()".contains(&byte);
    if path.len() <= BASE_PATH_CHARS_MAX && path.bytes().all(fits) {
        return Ok(());
    }
    Err(ApiError::bad_request(format!(
        "Base path mappings can only have letters, numbers and $-_.+!*'(), and at most {BASE_PATH_CHARS_MAX} of them."
    )))
}

/// Refuses an API or a stage that is not there, and an API that does not go with the domain (the texts are assumed).
fn check_target(view: &dyn View, realm: &Realm, domain: &DomainName, mapping: &BasePathMapping) -> Result<(), ApiError> {
    let refused = |text: &str| Err(ApiError::bad_request(text));
    let Some(api) = view.find::<RestApi>(&realm.top(), &mapping.api)? else {
        return refused("Invalid REST API identifier specified");
    };
    if (api.endpoint_type == "PRIVATE") != domain.is_private() {
        return refused("Private APIs can only be mapped to private domain names, and other APIs only to public ones.");
    }
    match &mapping.stage {
        Some(stage) if !view.has(kind::STAGE, &realm.scope(&mapping.api), stage)? => refused("Invalid stage identifier specified"),
        _ => Ok(()),
    }
}

fn already_there() -> ApiError {
    ApiError::conflict("Base path already exists for this domain name")
}

fn known_mapping(view: &dyn View, realm: &Realm, domain: &DomainName, base_path: &str) -> Result<BasePathMapping, ApiError> {
    let found = view.find(&realm.scope(&domain.id()), base_path)?;
    found.ok_or_else(|| ApiError::not_found("Invalid base path mapping identifier specified"))
}

fn save(txn: &mut dyn Txn, realm: &Realm, mapping: &BasePathMapping) -> Result<(), StoreError> {
    txn.save(realm, mapping)?;
    txn.save(realm, &mapping.mirrored())
}

fn end(txn: &mut dyn Txn, realm: &Realm, mapping: &BasePathMapping) -> Result<(), StoreError> {
    txn.remove::<BasePathMapping>(&realm.scope(&mapping.domain), &mapping.base_path)?;
    txn.remove::<MappedStage>(&realm.scope(&mapping.api), &mapping.mirrored().id())
}

/// Ends all mappings of a domain name.
pub(in crate::domain_name) fn end_all(txn: &mut dyn Txn, realm: &Realm, domain: &str) -> Result<(), StoreError> {
    let mappings: Vec<BasePathMapping> = txn.view().all(&realm.scope(domain))?;
    mappings.iter().try_for_each(|mapping| end(txn, realm, mapping))
}

/// Puts an API behind a base path.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateBasePathMapping {
    #[serde(rename = "domain_name")]
    name: String,
    #[serde(rename = "domainNameId")]
    private_id: Option<String>,
    base_path: Option<String>,
    rest_api_id: Option<String>,
    stage: Option<String>,
}

impl Operation for CreateBasePathMapping {
    const ROUTE: Route = api::post("CreateBasePathMapping", "/domainnames/{domain_name}/basepathmappings");
    const MEMBERS: &'static [Member] = &[NAME, PRIVATE_ID, api::text("basePath"), api::text("restApiId"), api::text("stage")];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { name, private_id, base_path, rest_api_id, stage: wanted } = self;
        let domain = domain_id(&name, private_id.as_deref().filter(|id| !id.is_empty()));
        let mapping = BasePathMapping { domain, base_path: stored(base_path), api: rest_api_id.unwrap_or_default(), stage: stage(wanted) };
        let realm = cx.realm().clone();
        let made = cx.write(move |txn| {
            let domain = known_domain_name(txn.view(), &realm, &name, private_id.as_deref())?;
            check_base_path(&mapping.base_path)?;
            check_target(txn.view(), &realm, &domain, &mapping)?;
            let scope = realm.scope(&mapping.domain);
            if txn.view().has(kind::BASE_PATH_MAPPING, &scope, &mapping.base_path)? {
                return Err(already_there());
            }
            if txn.rows(kind::BASE_PATH_MAPPING, &scope, None, MAPPINGS_MAX)?.len() >= MAPPINGS_MAX {
                return Err(ApiError::LimitExceeded(format!("Maximum number of base path mappings reached: {MAPPINGS_MAX}.")));
            }
            save(txn, &realm, &mapping)?;
            Ok(mapping.clone())
        });
        made.await.map(Reply::from)
    }
}

/// Lists the base paths of a domain name.
#[derive(Deserialize)]
struct GetBasePathMappings {
    #[serde(rename = "domain_name")]
    name: String,
    #[serde(rename = "domainNameId")]
    private_id: Option<String>,
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
}

impl Operation for GetBasePathMappings {
    const ROUTE: Route = api::get("GetBasePathMappings", "/domainnames/{domain_name}/basepathmappings");
    const MEMBERS: &'static [Member] = &[NAME, PRIVATE_ID, api::text("position").in_query(), api::whole("limit").in_query()];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { name, private_id, limit, position } = self;
        let realm = cx.realm().clone();
        let found: Vec<BasePathMapping> = cx
            .read(move |view| {
                let domain = known_domain_name(view, &realm, &name, private_id.as_deref())?;
                Ok(view.some(&realm.scope(&domain.id()), Page::after(position.as_deref()).as_deref(), limit.items() + 1)?)
            })
            .await?;
        Ok(Page::cut(found, limit, |mapping| mapping.base_path.clone()).map(Reply::from))
    }
}

/// Shows what a base path stands for.
#[derive(Deserialize)]
struct GetBasePathMapping {
    #[serde(rename = "domain_name")]
    name: String,
    #[serde(rename = "domainNameId")]
    private_id: Option<String>,
    base_path: String,
}

impl Operation for GetBasePathMapping {
    const ROUTE: Route = api::get("GetBasePathMapping", "/domainnames/{domain_name}/basepathmappings/{base_path}");
    const MEMBERS: &'static [Member] = &[NAME, PRIVATE_ID, BASE_PATH];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { name, private_id, base_path } = self;
        let realm = cx.realm().clone();
        let found = cx.read(move |view| {
            let domain = known_domain_name(view, &realm, &name, private_id.as_deref())?;
            known_mapping(view, &realm, &domain, &base_path)
        });
        found.await.map(Reply::from)
    }
}

/// The documentation prints the first two paths in small letters, clients send them as the members are written.
const PATCHES: Table<BasePathMapping> = Table {
    words: Words::Old,
    rows: &[
        replace("/basePath", set_base_path),
        replace("/basepath", set_base_path),
        replace("/restapiId", set_api),
        replace("/restApiId", set_api),
        replace("/stage", |mapping, arg| {
            mapping.stage = stage(arg.optional());
            Ok(())
        }),
    ],
};

fn set_base_path(mapping: &mut BasePathMapping, arg: &Arg<'_>) -> Result<(), ApiError> {
    mapping.base_path = stored(arg.optional());
    Ok(())
}

fn set_api(mapping: &mut BasePathMapping, arg: &Arg<'_>) -> Result<(), ApiError> {
    mapping.api = arg.text();
    Ok(())
}

/// Changes a base path, or what it stands for.
#[derive(Deserialize)]
struct UpdateBasePathMapping {
    #[serde(rename = "domain_name")]
    name: String,
    #[serde(rename = "domainNameId")]
    private_id: Option<String>,
    base_path: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateBasePathMapping {
    const ROUTE: Route = api::patch_route("UpdateBasePathMapping", "/domainnames/{domain_name}/basepathmappings/{base_path}");
    const MEMBERS: &'static [Member] = &[NAME, PRIVATE_ID, BASE_PATH, patch::MEMBER];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { name, private_id, base_path, patch_operations } = self;
        let (realm, ops) = (cx.realm().clone(), patch_operations.unwrap_or_default());
        let changed = cx.write(move |txn| {
            let domain = known_domain_name(txn.view(), &realm, &name, private_id.as_deref())?;
            let before = known_mapping(txn.view(), &realm, &domain, &base_path)?;
            let after = PATCHES.apply(&before, &ops)?;
            check_base_path(&after.base_path)?;
            check_target(txn.view(), &realm, &domain, &after)?;
            let is_renamed = after.base_path != before.base_path;
            if is_renamed && txn.view().has(kind::BASE_PATH_MAPPING, &realm.scope(&after.domain), &after.base_path)? {
                return Err(already_there());
            }
            end(txn, &realm, &before)?;
            save(txn, &realm, &after)?;
            Ok(after)
        });
        changed.await.map(Reply::from)
    }
}

/// Takes an API from behind a base path.
#[derive(Deserialize)]
struct DeleteBasePathMapping {
    #[serde(rename = "domain_name")]
    name: String,
    #[serde(rename = "domainNameId")]
    private_id: Option<String>,
    base_path: String,
}

impl Operation for DeleteBasePathMapping {
    const ROUTE: Route = api::delete("DeleteBasePathMapping", "/domainnames/{domain_name}/basepathmappings/{base_path}");
    const MEMBERS: &'static [Member] = &[NAME, PRIVATE_ID, BASE_PATH];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { name, private_id, base_path } = self;
        let realm = cx.realm().clone();
        let gone = cx.write(move |txn| {
            let domain = known_domain_name(txn.view(), &realm, &name, private_id.as_deref())?;
            let mapping = known_mapping(txn.view(), &realm, &domain, &base_path)?;
            Ok(end(txn, &realm, &mapping)?)
        });
        gone.await
    }
}
