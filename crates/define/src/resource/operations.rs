//! What the control API does with resources.

use super::record::Resource;
use super::tree::{self, Tree};
use crate::limits::{RESOURCES_MAX, RESOURCES_MAX_EXTENDED};
use crate::method::record::{Method, VERBS, method_id};
use crate::method::wire::MethodReply;
use crate::rest_api::build::Candidates;
use base::api::patch::{Table, Words, replace};
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, PatchOp, Route, known_api, patch};
use base::store::{Scope, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The operations of resources.
pub const OPERATIONS: &[Entry] = &[
    api::op::<CreateResource>(),
    api::op::<GetResources>(),
    api::op::<GetResource>(),
    api::op::<UpdateResource>(),
    api::op::<DeleteResource>(),
];

/// A resource as AWS shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_part: Option<String>,
    path: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    resource_methods: BTreeMap<String, Shown>,
}

/// A method as part of its resource: `{}` unless it was asked for.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Shown {
    Whole(Box<MethodReply>),
    Name {},
}

/// How much of the methods is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Embed {
    Names,
    Methods,
}

impl Embed {
    fn of(asked: Option<Vec<String>>) -> Embed {
        let methods = asked.is_some_and(|asked| asked.iter().flat_map(|word| word.split(',')).any(|word| word == "methods"));
        if methods { Embed::Methods } else { Embed::Names }
    }
}

fn shown(view: &dyn View, scope: &Scope, resource: Resource, embed: Embed) -> Result<Reply, ApiError> {
    // A method's id begins with its resource's, so those of one resource lie together.
    let before = method_id(&resource.id, "");
    let methods: Vec<Method> = view.some(scope, Some(&before), VERBS.len())?;
    let own = methods.into_iter().filter(|method| method.resource == resource.id);
    let resource_methods = own.map(|method| match embed {
        Embed::Methods => (method.verb.clone(), Shown::Whole(Box::new(MethodReply::of(method)))),
        Embed::Names => (method.verb, Shown::Name {}),
    });
    let resource_methods = resource_methods.collect();
    let path_part = resource.parent.is_some().then_some(resource.path_part);
    Ok(Reply { id: resource.id, parent_id: resource.parent, path_part, path: resource.path, resource_methods })
}

/// Adds a segment under a resource.
#[derive(Deserialize)]
pub struct CreateResource {
    restapi_id: String,
    parent_id: String,
    #[serde(rename = "pathPart")]
    path_part: Option<String>,
}

impl Operation for CreateResource {
    const ROUTE: Route = api::post("CreateResource", "/restapis/{restapi_id}/resources/{parent_id}");
    const MEMBERS: &'static [Member] =
        &[api::text("pathPart"), api::text("restapi_id").in_path("restApiId"), api::text("parent_id").in_path("parentId")];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, parent_id, path_part } = self;
        let part = path_part.unwrap_or_default();
        let (realm, scope) = (cx.realm().clone(), cx.realm().scope(&restapi_id));
        let ids = Candidates::new(&cx.ids, 6);
        let count_max = if cx.settings.aws_strict { RESOURCES_MAX } else { RESOURCES_MAX_EXTENDED };
        let done = cx.write(move |txn| {
            known_api(txn.view(), &realm, &restapi_id)?;
            let mut tree = Tree::read(txn.view(), &scope)?;
            tree.find(&parent_id)?;
            let id = ids.free(|id| Ok(tree.find(id).is_ok()))?;
            if tree.len() >= count_max {
                return Err(ApiError::LimitExceeded(format!("Maximum number of resources for this API has been reached: {count_max}")));
            }
            let resource = tree.add(&parent_id, id, &part)?;
            txn.save(&realm, &resource)?;
            shown(txn.view(), &scope, resource, Embed::Names)
        });
        done.await
    }
}

/// All resources of an API, by path.
#[derive(Deserialize)]
pub struct GetResources {
    restapi_id: String,
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
    embed: Option<Vec<String>>,
}

impl Operation for GetResources {
    const ROUTE: Route = api::get("GetResources", "/restapis/{restapi_id}/resources");
    const MEMBERS: &'static [Member] = &[
        api::text("restapi_id").in_path("restApiId"),
        api::text("position").in_query(),
        api::whole("limit").in_query(),
        api::text("embed").in_query(),
    ];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { restapi_id, limit, position, embed } = self;
        let (realm, scope, embed) = (cx.realm().clone(), cx.realm().scope(&restapi_id), Embed::of(embed));
        let page = cx.read(move |view| {
            known_api(view, &realm, &restapi_id)?;
            let resources = Tree::read(view, &scope)?.sorted();
            let Page { item, position } = Page::of(resources, limit, position.as_deref(), |resource| resource.path.clone());
            let item = item.into_iter().map(|resource| shown(view, &scope, resource, embed)).collect::<Result<_, _>>()?;
            Ok(Page { item, position })
        });
        page.await
    }
}

/// One resource.
#[derive(Deserialize)]
pub struct GetResource {
    restapi_id: String,
    resource_id: String,
    embed: Option<Vec<String>>,
}

/// Where a resource is, in violations.
const PLACE: [Member; 2] = [api::text("restapi_id").in_path("restApiId"), api::text("resource_id").in_path("resourceId")];

impl Operation for GetResource {
    const ROUTE: Route = api::get("GetResource", "/restapis/{restapi_id}/resources/{resource_id}");
    const MEMBERS: &'static [Member] = &[PLACE[0], PLACE[1], api::text("embed").in_query()];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, resource_id, embed } = self;
        let (scope, embed) = (cx.realm().scope(&restapi_id), Embed::of(embed));
        let reply = cx.read(move |view| {
            let resource = view.find::<Resource>(&scope, &resource_id)?.ok_or_else(tree::unknown)?;
            shown(view, &scope, resource, embed)
        });
        reply.await
    }
}

/// A tree, and which of its resources is being changed.
#[derive(Clone)]
struct Draft {
    tree: Tree,
    id: String,
}

const PATCHES: Table<Draft> = Table {
    words: Words::New(&["/parentId", "/pathPart"]),
    rows: &[
        replace("/parentId", |draft: &mut Draft, arg| draft.tree.rehang(&draft.id, &arg.text())),
        replace("/pathPart", |draft: &mut Draft, arg| draft.tree.rename(&draft.id, &arg.text())),
    ],
};

/// Renames or moves a resource, and all below it.
#[derive(Deserialize)]
pub struct UpdateResource {
    restapi_id: String,
    resource_id: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateResource {
    const ROUTE: Route = api::patch_route("UpdateResource", "/restapis/{restapi_id}/resources/{resource_id}");
    const MEMBERS: &'static [Member] = &[patch::MEMBER, PLACE[0], PLACE[1]];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, resource_id, patch_operations } = self;
        let ops = patch_operations.unwrap_or_default();
        let (realm, scope) = (cx.realm().clone(), cx.realm().scope(&restapi_id));
        let done = cx.write(move |txn| {
            let tree = Tree::read(txn.view(), &scope)?;
            tree.find(&resource_id)?;
            let Draft { tree, id } = PATCHES.apply(&Draft { tree, id: resource_id.clone() }, &ops)?;
            if !ops.is_empty() {
                tree.subtree(&id).into_iter().try_for_each(|resource| txn.save(&realm, resource))?;
            }
            shown(txn.view(), &scope, tree.find(&id)?.clone(), Embed::Names)
        });
        done.await
    }
}

/// Takes a resource away, with all below it and their methods.
#[derive(Deserialize)]
pub struct DeleteResource {
    restapi_id: String,
    resource_id: String,
}

impl Operation for DeleteResource {
    const ROUTE: Route = api::delete("DeleteResource", "/restapis/{restapi_id}/resources/{resource_id}");
    const MEMBERS: &'static [Member] = &PLACE;
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { restapi_id, resource_id } = self;
        let scope = cx.realm().scope(&restapi_id);
        let gone = cx.write(move |txn| {
            let tree = Tree::read(txn.view(), &scope)?;
            if tree.find(&resource_id)?.parent.is_none() {
                return Err(ApiError::bad_request("Root resource cannot be deleted"));
            }
            for resource in tree.subtree(&resource_id) {
                for verb in VERBS {
                    txn.remove::<Method>(&scope, &method_id(&resource.id, verb))?;
                }
                txn.remove::<Resource>(&scope, &resource.id)?;
            }
            Ok(())
        });
        gone.await
    }
}
