//! What the control API does with REST APIs.

use super::build::{self, NewId};
use super::clone::{NewIds, copied};
use super::patches::{Draft, PATCHES};
use super::policy::{self, Place};
use super::record::{ApiKeySource, RestApi};
use super::tags;
use super::wire::Reply;
use crate::tree::ApiTree;
use admit::usage_plan::record::UsagePlan;
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, PatchOp, Route, Shape, patch};
use base::store::{Kind, Realm, Scope, Txn, View, kind};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The operations of REST APIs. Import and put are in `import_export`.
pub const OPERATIONS: &[Entry] = &[
    api::op::<CreateRestApi>(),
    api::op::<GetRestApis>(),
    api::op::<GetRestApi>(),
    api::op::<UpdateRestApi>(),
    api::op::<DeleteRestApi>(),
];

/// What goes with an API.
const CHILDREN: &[Kind] = &[
    kind::RESOURCE,
    kind::METHOD,
    kind::MODEL,
    kind::AUTHORIZER,
    kind::REQUEST_VALIDATOR,
    kind::GATEWAY_RESPONSE,
    kind::DOCUMENTATION_PART,
    kind::DOCUMENTATION_VERSION,
    kind::DEPLOYMENT,
    kind::STAGE,
];

/// Starts an API: empty but for its root and two models, or a copy of another.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRestApi {
    name: Option<String>,
    description: Option<String>,
    version: Option<String>,
    clone_from: Option<String>,
    binary_media_types: Option<Vec<String>>,
    minimum_compression_size: Option<i64>,
    api_key_source: Option<ApiKeySource>,
    endpoint_configuration: Option<Endpoint>,
    policy: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    disable_execute_api_endpoint: Option<bool>,
    security_policy: Option<String>,
    endpoint_access_mode: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    types: Option<Vec<String>>,
    ip_address_type: Option<String>,
    vpc_endpoint_ids: Option<Vec<String>>,
}

impl CreateRestApi {
    /// The settings, in the order in which AWS complains about them. The policy waits until the id is known.
    fn settings(self, mut api: RestApi) -> Result<RestApi, ApiError> {
        let Self { name, description, version, clone_from: _, binary_media_types, minimum_compression_size, .. } = self;
        let Self { api_key_source, endpoint_configuration, policy: _, tags, disable_execute_api_endpoint, .. } = self;
        api.name = name.unwrap_or_default();
        if description.as_deref() == Some("") {
            return Err(ApiError::bad_request("Description cannot be an empty string"));
        }
        api.description = description.or(api.description);
        api.version = version.or(api.version).filter(|version| !version.is_empty());
        api.binary_media_types = binary_media_types.unwrap_or(api.binary_media_types);
        if let Some(asked) = minimum_compression_size {
            api.minimum_compression_size = Some(build::compression_size(asked)?);
        }
        api.api_key_source = api_key_source.unwrap_or(api.api_key_source);
        if let Some(Endpoint { types, ip_address_type, vpc_endpoint_ids }) = endpoint_configuration {
            api.endpoint_type = types.map_or_else(|| Ok("EDGE".into()), |types| build::endpoint_type(&types))?;
            api.ip_address_type = build::ip_address_type(&api.endpoint_type, ip_address_type)?;
            api.vpc_endpoint_ids = vpc_endpoint_ids.unwrap_or_default();
        }
        api.disable_execute_api_endpoint = disable_execute_api_endpoint.unwrap_or(api.disable_execute_api_endpoint);
        api.security_policy = self.security_policy.or(api.security_policy);
        api.endpoint_access_mode = self.endpoint_access_mode.or(api.endpoint_access_mode);
        api.tags = tags.unwrap_or_default();
        tags::check(&api.tags)?;
        build::check(&api)?;
        Ok(api)
    }
}

impl Operation for CreateRestApi {
    const ROUTE: Route = api::post("CreateRestApi", "/restapis");
    const MEMBERS: &'static [Member] = &[
        api::text("name"),
        api::text("description"),
        api::text("version"),
        api::text("cloneFrom"),
        api::list("binaryMediaTypes", &api::text("")),
        api::whole("minimumCompressionSize"),
        api::text("apiKeySource").one_of(&["HEADER", "AUTHORIZER"]),
        api::structure(
            "endpointConfiguration",
            &[
                api::list("types", &api::text("").one_of(build::ENDPOINT_TYPES)),
                api::text("ipAddressType").one_of(build::IP_ADDRESS_TYPES),
                api::list("vpcEndpointIds", &api::text("")),
            ],
        ),
        api::text("policy"),
        api::map("tags", &Shape::Text),
        api::flag("disableExecuteApiEndpoint"),
        api::text("securityPolicy"),
        api::text("endpointAccessMode").one_of(&["STRICT", "BASIC"]),
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let realm = cx.realm().clone();
        let id = NewId::of(self.tags.as_ref().unwrap_or(&BTreeMap::new()), &cx.ids)?;
        let root = cx.ids.lower(10);
        let model_ids = [cx.ids.lower(6), cx.ids.lower(6)];
        let mut copies = NewIds::new(cx.ids.clone());
        let (created, partition, strict) = (cx.clock.wall(), cx.settings.partition.clone(), cx.settings.aws_strict);
        let api = cx.write(move |txn| {
            let id = id.claim(txn, &realm)?;
            let mut api = build::fresh(id.clone(), String::new(), created, root.clone());
            let source = match &self.clone_from {
                None => None,
                Some(source) => Some(source_of(txn.view(), &realm, source)?),
            };
            if let Some(source) = &source {
                let ours = (api.id, api.created, api.root_resource_id);
                api = source.api.clone();
                (api.id, api.created, api.root_resource_id) = ours;
                api.warnings.clear();
                api.policy = api.policy.map(|policy| policy.replace(&format!(":{}/", source.api.id), &format!(":{id}/")));
            }
            let mut api = self.clone().settings(api)?;
            if let Some(text) = &self.policy {
                api.policy = policy::read(text, &Place { partition: &partition, realm: &realm, api: &id, strict })?;
            }
            match source {
                None => {
                    txn.save(&realm, &build::root(&api))?;
                    for model in build::default_models(&id, model_ids.clone()) {
                        txn.save(&realm, &model)?;
                    }
                }
                Some(source) => save_children(txn, &realm, &copied(source, &id, &root, &mut copies))?,
            }
            txn.save(&realm, &api)?;
            Ok(api)
        });
        api.await.map(Reply::terse)
    }
}

fn source_of(view: &dyn View, realm: &Realm, id: &str) -> Result<ApiTree, ApiError> {
    ApiTree::read(view, realm, id)?.ok_or_else(|| ApiError::no_api(realm, id))
}

/// Stores everything of a tree but the API itself.
pub fn save_children(txn: &mut dyn Txn, realm: &Realm, tree: &ApiTree) -> Result<(), ApiError> {
    let ApiTree { api: _, resources, methods, models, authorizers, validators, gateway_responses, documentation } = tree;
    resources.iter().try_for_each(|resource| txn.save(realm, resource))?;
    methods.iter().try_for_each(|method| txn.save(realm, method))?;
    models.iter().try_for_each(|model| txn.save(realm, model))?;
    authorizers.iter().try_for_each(|authorizer| txn.save(realm, authorizer))?;
    validators.iter().try_for_each(|validator| txn.save(realm, validator))?;
    gateway_responses.iter().try_for_each(|response| txn.save(realm, response))?;
    documentation.iter().try_for_each(|part| txn.save(realm, part))?;
    Ok(())
}

/// All APIs of the realm, the oldest first.
#[derive(Deserialize)]
pub struct GetRestApis {
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
}

impl Operation for GetRestApis {
    const ROUTE: Route = api::get("GetRestApis", "/restapis");
    const MEMBERS: &'static [Member] = &[api::text("position").in_query(), api::whole("limit").in_query()];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { limit, position } = self;
        let top = cx.realm().top();
        let key = |api: &RestApi| format!("{:020} {}", api.created.0, api.id);
        let mut apis = cx.read(move |view| Ok(view.all::<RestApi>(&top)?)).await?;
        apis.sort_by_cached_key(key);
        Ok(Page::of(apis, limit, position.as_deref(), key).map(Reply::terse))
    }
}

/// One API.
#[derive(Deserialize)]
pub struct GetRestApi {
    restapi_id: String,
}

impl Operation for GetRestApi {
    const ROUTE: Route = api::get("GetRestApi", "/restapis/{restapi_id}");
    const MEMBERS: &'static [Member] = &[api::text("restapi_id").in_path("restApiId")];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id } = self;
        let realm = cx.realm().clone();
        cx.read(move |view| find(view, &realm, &restapi_id)).await.map(Reply::full)
    }
}

/// The API with an id, or a 404.
pub fn find(view: &dyn View, realm: &Realm, id: &str) -> Result<RestApi, ApiError> {
    view.find(&realm.top(), id)?.ok_or_else(|| ApiError::no_api(realm, id))
}

/// Changes an API's settings.
#[derive(Deserialize)]
pub struct UpdateRestApi {
    restapi_id: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateRestApi {
    const ROUTE: Route = api::patch_route("UpdateRestApi", "/restapis/{restapi_id}");
    const MEMBERS: &'static [Member] = &[patch::MEMBER, api::text("restapi_id").in_path("restApiId")];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, patch_operations } = self;
        let ops = patch_operations.unwrap_or_default();
        let (realm, partition, strict) = (cx.realm().clone(), cx.settings.partition.clone(), cx.settings.aws_strict);
        let api = cx.write(move |txn| {
            let api = find(txn.view(), &realm, &restapi_id)?;
            let draft = Draft::new(api, partition.clone(), realm.clone(), strict);
            let api = PATCHES.apply(&draft, &ops)?.finish()?;
            txn.save(&realm, &api)?;
            Ok(api)
        });
        api.await.map(Reply::full)
    }
}

/// Ends an API, with all that belongs to it.
#[derive(Deserialize)]
pub struct DeleteRestApi {
    restapi_id: String,
}

impl Operation for DeleteRestApi {
    const ROUTE: Route = api::delete("DeleteRestApi", "/restapis/{restapi_id}");
    const MEMBERS: &'static [Member] = &[api::text("restapi_id").in_path("restApiId")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { restapi_id } = self;
        let realm = cx.realm().clone();
        let gone = cx.write(move |txn| {
            let api = find(txn.view(), &realm, &restapi_id)?;
            let plans: Vec<UsagePlan> = txn.view().all(&realm.top())?;
            let users: Vec<&str> =
                plans.iter().filter(|plan| plan.stages.iter().any(|stage| stage.api == api.id)).map(|plan| plan.id.as_str()).collect();
            if !users.is_empty() {
                let users = users.join(", ");
                return Err(ApiError::bad_request(format!(
                    "Cannot delete API '{restapi_id}' unless its stages have been removed from all usage plans: {users}"
                )));
            }
            if !txn.rows(kind::MAPPED_STAGE, &realm.scope(&api.id), None, 1)?.is_empty() {
                return Err(ApiError::bad_request(format!(
                    "Cannot delete API '{restapi_id}' unless all base path mappings related to the domains of its stages have been deleted"
                )));
            }
            empty(txn, &realm.scope(&api.id))?;
            txn.remove::<RestApi>(&realm.top(), &api.id)?;
            Ok(())
        });
        gone.await
    }
}

/// Deletes all that belongs to an API.
fn empty(txn: &mut dyn Txn, scope: &Scope) -> Result<(), ApiError> {
    CHILDREN.iter().try_for_each(|kind| Ok(txn.clear(*kind, scope)?))
}
