//! What the control API does with documentation versions. AWS's texts are not known here but for the 404: these are assumed.

use super::record::DocumentationVersion;
use crate::stage::checks::known_stage;
use crate::stage::record::Stage;
use base::api::patch::{self, PatchOp, Table, Words, replace};
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, Route, known_api, no_room, op};
use base::store::{Realm, View, digest, kind};
use define::documentation::record::DocumentationPart;
use define::import_export::export::Documented;
use define::limits::{self, DESCRIPTION_BYTES_MAX, NAME_BYTES_MAX};
use serde::{Deserialize, Serialize};

/// What the control API can do with documentation versions.
pub const OPERATIONS: &[Entry] = &[
    op::<CreateDocumentationVersion>(),
    op::<GetDocumentationVersions>(),
    op::<GetDocumentationVersion>(),
    op::<UpdateDocumentationVersion>(),
    op::<DeleteDocumentationVersion>(),
];

/// Versions of one API.
const VERSIONS_MAX: usize = 10_000;

const API: Member = api::text("restapi_id").in_path("restApiId");
const VERSION: Member = api::text("doc_version").in_path("documentationVersion");

/// A version as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    version: String,
    created_date: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

impl From<DocumentationVersion> for Reply {
    fn from(DocumentationVersion { api: _, version, created, description, parts: _ }: DocumentationVersion) -> Reply {
        Reply { version, created_date: created.seconds(), description }
    }
}

fn known_version(view: &dyn View, realm: &Realm, api: &str, version: &str) -> Result<DocumentationVersion, ApiError> {
    known_api(view, realm, api)?;
    view.find(&realm.scope(api), version)?.ok_or_else(|| ApiError::not_found("Invalid Documentation version specified"))
}

/// A version and its parts, where there is such a version.
pub(crate) fn documented(view: &dyn View, realm: &Realm, api: &str, version: &str) -> Result<Option<Documented>, ApiError> {
    let Some(version): Option<DocumentationVersion> = view.find(&realm.scope(api), version)? else { return Ok(None) };
    let lost = |cause: &str| ApiError::Internal(format!("the parts of documentation version {} cannot be read: {cause}", version.version));
    let text = view.frozen(&version.parts)?.ok_or_else(|| lost("they are not stored"))?;
    let parts: Vec<DocumentationPart> = serde_json::from_str(&text).map_err(|cause| lost(&cause.to_string()))?;
    Ok(Some(Documented { version: version.version, created: version.created.iso(), parts }))
}

/// Keeps an API's documentation parts as they are.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateDocumentationVersion {
    #[serde(rename = "restapi_id")]
    api: String,
    documentation_version: Option<String>,
    stage_name: Option<String>,
    description: Option<String>,
}

impl Operation for CreateDocumentationVersion {
    const ROUTE: Route = api::post("CreateDocumentationVersion", "/restapis/{restapi_id}/documentation/versions");
    const MEMBERS: &'static [Member] = &[api::text("documentationVersion"), api::text("stageName"), api::text("description"), API];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { api, documentation_version, stage_name, description } = self;
        let (version, stage_name) = (documentation_version.unwrap_or_default(), stage_name.filter(|name| !name.is_empty()));
        let description = description.filter(|text| !text.is_empty());
        let (realm, now) = (cx.realm().clone(), cx.clock.wall());
        let made = cx.write(move |txn| {
            known_api(txn.view(), &realm, &api)?;
            if version.trim().is_empty() {
                return Err(ApiError::bad_request("Documentation version cannot be blank"));
            }
            limits::text("Documentation version", &version, NAME_BYTES_MAX)?;
            limits::optional("Description", description.as_ref(), DESCRIPTION_BYTES_MAX)?;
            let scope = realm.scope(&api);
            let stage = stage_name.as_ref().map(|name| known_stage(txn.view(), &realm, &api, name)).transpose()?;
            if txn.view().has(kind::DOCUMENTATION_VERSION, &scope, &version)? {
                return Err(ApiError::conflict(format!("Documentation version {version} already exists")));
            }
            if txn.rows(kind::DOCUMENTATION_VERSION, &scope, None, VERSIONS_MAX)?.len() >= VERSIONS_MAX {
                return Err(no_room(VERSIONS_MAX, "documentation versions"));
            }
            let parts: Vec<DocumentationPart> = txn.view().all(&scope)?;
            let text = serde_json::to_string(&parts).map_err(|cause| ApiError::Internal(cause.to_string()))?;
            let parts = digest(&text);
            txn.freeze(&parts, &text)?;
            let made =
                DocumentationVersion { api: api.clone(), version: version.clone(), created: now, description: description.clone(), parts };
            txn.save(&realm, &made)?;
            if let Some(stage) = stage {
                txn.save(&realm, &Stage { documentation_version: Some(version.clone()), updated: now, ..stage })?;
            }
            Ok(made)
        });
        made.await.map(Reply::from)
    }
}

/// Lists the versions of an API's documentation.
#[derive(Deserialize)]
struct GetDocumentationVersions {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
}

impl Operation for GetDocumentationVersions {
    const ROUTE: Route = api::get("GetDocumentationVersions", "/restapis/{restapi_id}/documentation/versions");
    const MEMBERS: &'static [Member] = &[API, api::text("position").in_query(), api::whole("limit").in_query()];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { api, limit, position } = self;
        let realm = cx.realm().clone();
        let found: Vec<DocumentationVersion> = cx
            .read(move |view| {
                known_api(view, &realm, &api)?;
                Ok(view.some(&realm.scope(&api), Page::after(position.as_deref()).as_deref(), limit.items() + 1)?)
            })
            .await?;
        Ok(Page::cut(found, limit, |version| version.version.clone()).map(Reply::from))
    }
}

/// Shows a version.
#[derive(Deserialize)]
struct GetDocumentationVersion {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "doc_version")]
    version: String,
}

impl Operation for GetDocumentationVersion {
    const ROUTE: Route = api::get("GetDocumentationVersion", "/restapis/{restapi_id}/documentation/versions/{doc_version}");
    const MEMBERS: &'static [Member] = &[API, VERSION];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { api, version } = self;
        let realm = cx.realm().clone();
        cx.read(move |view| known_version(view, &realm, &api, &version)).await.map(Reply::from)
    }
}

const PATCHES: Table<DocumentationVersion> = Table {
    words: Words::Old,
    rows: &[replace("/description", |version, arg| {
        version.description = arg.optional();
        limits::optional("Description", version.description.as_ref(), DESCRIPTION_BYTES_MAX)
    })],
};

/// Changes a version's description: nothing else of it can.
#[derive(Deserialize)]
struct UpdateDocumentationVersion {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "doc_version")]
    version: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateDocumentationVersion {
    const ROUTE: Route = api::patch_route("UpdateDocumentationVersion", "/restapis/{restapi_id}/documentation/versions/{doc_version}");
    const MEMBERS: &'static [Member] = &[API, VERSION, patch::MEMBER];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { api, version, patch_operations } = self;
        let (realm, ops) = (cx.realm().clone(), patch_operations.unwrap_or_default());
        let changed = cx.write(move |txn| {
            let version = PATCHES.apply(&known_version(txn.view(), &realm, &api, &version)?, &ops)?;
            txn.save(&realm, &version)?;
            Ok(version)
        });
        changed.await.map(Reply::from)
    }
}

/// Deletes a version that no stage shows.
#[derive(Deserialize)]
struct DeleteDocumentationVersion {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "doc_version")]
    version: String,
}

impl Operation for DeleteDocumentationVersion {
    const ROUTE: Route = api::delete("DeleteDocumentationVersion", "/restapis/{restapi_id}/documentation/versions/{doc_version}");
    const MEMBERS: &'static [Member] = &[API, VERSION];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { api, version } = self;
        let realm = cx.realm().clone();
        let gone = cx.write(move |txn| {
            let version = known_version(txn.view(), &realm, &api, &version)?.version;
            let stages: Vec<Stage> = txn.view().all(&realm.scope(&api))?;
            if let Some(stage) = stages.iter().find(|stage| stage.documentation_version.as_ref() == Some(&version)) {
                return Err(ApiError::bad_request(format!("Documentation version {version} is used by stage {}", stage.name)));
            }
            Ok(txn.remove::<DocumentationVersion>(&realm.scope(&api), &version)?)
        });
        gone.await
    }
}
