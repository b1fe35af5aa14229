//! What the control API does with documentation parts.

use super::import::{self, ID_CHARS, PARTS_MAX, PARTS_MAX_EXTENDED};
use super::location::{TYPES, check_properties};
use super::record::{DocumentationPart, Location};
use super::undocumented::undocumented;
use crate::import_export::document::DOCUMENT_BYTES_MAX;
use crate::import_export::{Definition, Mode, Notes, Severity, refusal};
use crate::tree::ApiTree;
use base::api::patch::{self, PatchOp, Table, Words, replace};
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, Route, known_api, no_room, op};
use base::store::{Scope, View};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What the control API can do with documentation parts.
pub const OPERATIONS: &[Entry] = &[
    op::<CreateDocumentationPart>(),
    op::<ImportDocumentationParts>(),
    op::<GetDocumentationParts>(),
    op::<GetDocumentationPart>(),
    op::<UpdateDocumentationPart>(),
    op::<DeleteDocumentationPart>(),
];

const API: Member = api::text("restapi_id").in_path("restApiId");
const PART: Member = api::text("part_id").in_path("documentationPartId");
/// Ids to choose from.
const ID_TRIES: usize = 4;

/// A part as it is sent. One that is not there yet has a location alone.
#[derive(Serialize)]
struct Reply {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    location: Location,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<String>,
}

impl From<DocumentationPart> for Reply {
    fn from(DocumentationPart { api: _, id, location, properties }: DocumentationPart) -> Reply {
        Reply { id: Some(id), location, properties: Some(properties) }
    }
}

/// The part with an id, or AWS's 404. (observed/documentation.json)
fn known_part(view: &dyn View, scope: &Scope, id: &str) -> Result<DocumentationPart, ApiError> {
    view.find(scope, id)?.ok_or_else(|| ApiError::not_found("Invalid Documentation part identifier specified"))
}

/// A location as it is taken.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    #[serde(rename = "type")]
    kind: Option<String>,
    path: Option<String>,
    method: Option<String>,
    status_code: Option<String>,
    name: Option<String>,
}

impl Wanted {
    fn record(self) -> Location {
        let Self { kind, path, method, status_code, name } = self;
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        Location {
            kind: kind.unwrap_or_default(),
            path: some(path),
            method: some(method),
            status_code: some(status_code),
            name: some(name),
        }
    }
}

/// Writes something about an entity of an API.
#[derive(Deserialize)]
struct CreateDocumentationPart {
    #[serde(rename = "restapi_id")]
    api: String,
    location: Option<Wanted>,
    properties: Option<String>,
}

impl Operation for CreateDocumentationPart {
    const ROUTE: Route = api::post("CreateDocumentationPart", "/restapis/{restapi_id}/documentation/parts");
    const MEMBERS: &'static [Member] = &[
        api::structure(
            "location",
            &[api::text("type").one_of(TYPES), api::text("path"), api::text("method"), api::text("statusCode"), api::text("name")],
        ),
        api::text("properties"),
        API,
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { api, location, properties } = self;
        let (location, properties) = (location.unwrap_or_default().record(), properties.unwrap_or_default());
        let ids: Vec<String> = (0..ID_TRIES).map(|_| cx.ids.lower(ID_CHARS)).collect();
        let parts_max = if cx.settings.aws_strict { PARTS_MAX } else { PARTS_MAX_EXTENDED };
        let realm = cx.realm().clone();
        let made = cx.write(move |txn| {
            known_api(txn.view(), &realm, &api)?;
            location.check()?;
            check_properties(&properties)?;
            let held: Vec<DocumentationPart> = txn.view().all(&realm.scope(&api))?;
            let place = location.whole();
            if held.iter().any(|part| part.location.whole() == place) {
                let shown = location.shown();
                return Err(ApiError::Conflict(format!("Documentation part already exists for the specified location: {shown}")));
            }
            if held.len() >= parts_max {
                return Err(no_room(parts_max, "documentation parts"));
            }
            let id = ids.iter().find(|id| held.iter().all(|part| part.id != **id));
            let id = id.ok_or_else(|| ApiError::Internal("every new id is taken".into()))?.clone();
            let part = DocumentationPart { api: api.clone(), id, location: location.clone(), properties: properties.clone() };
            txn.save(&realm, &part)?;
            Ok(part)
        });
        made.await.map(Reply::from)
    }
}

/// Reads the parts of a definition into an API.
#[derive(Deserialize)]
struct ImportDocumentationParts {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(default)]
    body: String,
    mode: Option<String>,
    failonwarnings: Option<String>,
}

/// What an import made, and what was odd.
#[derive(Serialize)]
struct Imported {
    ids: Vec<String>,
    warnings: Vec<String>,
}

impl Operation for ImportDocumentationParts {
    const ROUTE: Route = api::put("ImportDocumentationParts", "/restapis/{restapi_id}/documentation/parts").status(200).raw();
    const MEMBERS: &'static [Member] = &[API, api::text("mode").in_query().one_of(&["merge", "overwrite"])];
    type Reply = Imported;

    async fn run(self, cx: &Control) -> Result<Imported, ApiError> {
        let Self { api, body, mode, failonwarnings } = self;
        if body.len() > DOCUMENT_BYTES_MAX {
            return Err(ApiError::RequestEntityTooLarge(DOCUMENT_BYTES_MAX));
        }
        let mode = if mode.as_deref() == Some("overwrite") { Mode::Overwrite } else { Mode::Merge };
        let fails = failonwarnings.is_some_and(|word| word.eq_ignore_ascii_case("true"));
        // Seen: rest-api-control-plane.md §1.18.
        let definition = Definition::read(&body).map_err(|_| ApiError::bad_request("Unable to build importer with provided input."));
        let (realm, ids, strict) = (cx.realm().clone(), cx.ids.clone(), cx.settings.aws_strict);
        cx.write(move |txn| {
            known_api(txn.view(), &realm, &api)?;
            let definition = definition.as_ref().map_err(Clone::clone)?;
            let scope = realm.scope(&api);
            let old: Vec<DocumentationPart> = txn.view().all(&scope)?;
            let mut notes = Notes::new(strict);
            let read = import::read(definition.root(), &api, mode, old.clone(), &ids, &mut notes);
            let refused = notes.has_errors();
            let problems = notes.told();
            let is_warning = |severity: Severity| severity == Severity::Warning;
            let warnings: Vec<String> =
                problems.iter().filter(|problem| is_warning(problem.severity)).map(|problem| problem.text.clone()).collect();
            if refused || fails && !warnings.is_empty() {
                return Err(ApiError::BadRequest(refusal(&problems)));
            }
            let left: HashSet<&str> = read.parts.iter().map(|part| part.id.as_str()).collect();
            for gone in old.iter().filter(|old| !left.contains(old.id.as_str())) {
                txn.remove::<DocumentationPart>(&scope, &gone.id)?;
            }
            let new: HashSet<&str> = read.new_ids.iter().map(String::as_str).collect();
            for part in read.parts.iter().filter(|part| new.contains(part.id.as_str())) {
                txn.save(&realm, part)?;
            }
            Ok(Imported { ids: read.new_ids, warnings })
        })
        .await
    }
}

/// Lists what is written of an API, or what nothing is written about.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetDocumentationParts {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    path: Option<String>,
    location_status: Option<String>,
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
}

impl Operation for GetDocumentationParts {
    const ROUTE: Route = api::get("GetDocumentationParts", "/restapis/{restapi_id}/documentation/parts");
    const MEMBERS: &'static [Member] = &[
        API,
        api::text("type").in_query().one_of(TYPES),
        api::text("name").in_query(),
        api::text("path").in_query(),
        api::text("position").in_query(),
        api::whole("limit").in_query(),
        // The printed order is assumed.
        api::text("locationStatus").in_query().one_of(&["DOCUMENTED", "UNDOCUMENTED"]),
    ];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { api, kind, name, path, location_status, limit, position } = self;
        let realm = cx.realm().clone();
        let fits = move |location: &Location| {
            let whole = location.whole();
            kind.as_ref().is_none_or(|kind| *kind == whole.kind)
                && name.as_ref().is_none_or(|name| Some(name) == whole.name.as_ref())
                && path.as_ref().is_none_or(|path| Some(path) == whole.path.as_ref())
        };
        cx.read(move |view| {
            known_api(view, &realm, &api)?;
            let parts: Vec<DocumentationPart> = view.all(&realm.scope(&api))?;
            if location_status.as_deref() != Some("UNDOCUMENTED") {
                let parts = parts.into_iter().filter(|part| fits(&part.location)).collect();
                return Ok(Page::of(parts, limit, position.as_deref(), |part: &DocumentationPart| part.id.clone()).map(Reply::from));
            }
            let tree = ApiTree::read(view, &realm, &api)?.ok_or_else(|| ApiError::no_api(&realm, &api))?;
            let mut places: Vec<Location> = undocumented(&tree, &parts).into_iter().filter(fits).collect();
            places.sort_by_cached_key(Location::shown);
            let page = Page::of(places, limit, position.as_deref(), Location::shown);
            Ok(page.map(|location| Reply { id: None, location, properties: None }))
        })
        .await
    }
}

/// Shows a part.
#[derive(Deserialize)]
struct GetDocumentationPart {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "part_id")]
    id: String,
}

impl Operation for GetDocumentationPart {
    const ROUTE: Route = api::get("GetDocumentationPart", "/restapis/{restapi_id}/documentation/parts/{part_id}");
    const MEMBERS: &'static [Member] = &[API, PART];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { api, id } = self;
        let scope = cx.realm().scope(&api);
        cx.read(move |view| known_part(view, &scope, &id)).await.map(Reply::from)
    }
}

const PATCHES: Table<DocumentationPart> = Table {
    words: Words::New(&["/properties"]),
    rows: &[replace("/properties", |part, arg| {
        part.properties = arg.text();
        check_properties(&part.properties)
    })],
};

/// Writes something else about the same.
#[derive(Deserialize)]
struct UpdateDocumentationPart {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "part_id")]
    id: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateDocumentationPart {
    const ROUTE: Route = api::patch_route("UpdateDocumentationPart", "/restapis/{restapi_id}/documentation/parts/{part_id}");
    const MEMBERS: &'static [Member] = &[API, PART, patch::MEMBER];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { api, id, patch_operations } = self;
        let (realm, ops) = (cx.realm().clone(), patch_operations.unwrap_or_default());
        let changed = cx.write(move |txn| {
            let part = PATCHES.apply(&known_part(txn.view(), &realm.scope(&api), &id)?, &ops)?;
            txn.save(&realm, &part)?;
            Ok(part)
        });
        changed.await.map(Reply::from)
    }
}

/// Deletes a part. Versions keep what it said.
#[derive(Deserialize)]
struct DeleteDocumentationPart {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "part_id")]
    id: String,
}

impl Operation for DeleteDocumentationPart {
    const ROUTE: Route = api::delete("DeleteDocumentationPart", "/restapis/{restapi_id}/documentation/parts/{part_id}");
    const MEMBERS: &'static [Member] = &[API, PART];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { api, id } = self;
        let scope = cx.realm().scope(&api);
        let gone = cx.write(move |txn| {
            let part = known_part(txn.view(), &scope, &id)?;
            Ok(txn.remove::<DocumentationPart>(&scope, &part.id)?)
        });
        gone.await
    }
}
