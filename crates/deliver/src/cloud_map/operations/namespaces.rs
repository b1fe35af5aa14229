//! Namespaces, and operations that are over.

use super::{EACH_MAX, FILTER, Filter, TAG, Tag, date, exception, invalid, namespace, operation, page, required, short, tags};
use crate::cloud_map::record::{DiscoveryService, Namespace, namespace_arn};
use base::api::{self, ApiError, Control, Member, Operation, Route};
use base::store::{Realm, View};
use base::world::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

fn shown(view: &dyn View, realm: &Realm, one: &Namespace) -> Result<Value, ApiError> {
    let services: Vec<DiscoveryService> = view.all(&realm.top())?;
    let count = services.iter().filter(|service| service.namespace == one.id).count();
    let mut properties = json!({"HttpProperties": {"HttpName": one.name}});
    if one.kind != "HTTP" {
        properties["DnsProperties"] = json!({"SOA": {"TTL": 15}});
    }
    Ok(json!({
        "Id": one.id,
        "Arn": namespace_arn(realm, &one.id),
        "ResourceOwner": &*realm.account,
        "Name": one.name,
        "Type": one.kind,
        "Description": one.description,
        "ServiceCount": count,
        "Properties": properties,
        "CreateDate": date(one.created),
        "CreatorRequestId": one.creator_request,
    }))
}

/// What all three sorts are made of.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wish {
    name: Option<String>,
    creator_request_id: Option<String>,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

const MEMBERS: &[Member] =
    &[api::text("Name"), api::text("CreatorRequestId"), api::text("Description"), api::text("Vpc"), api::list("Tags", &TAG)];

async fn create(cx: &Control, wish: Wish, kind: &str) -> Result<Value, ApiError> {
    let name = required(wish.name, "name")?;
    if name.is_empty() || name.len() > 1_024 || name.starts_with("arn:") || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid("The name of a namespace has 1 to 1024 printable characters, and does not begin with arn:"));
    }
    let made = Namespace {
        id: format!("ns-{}", cx.ids.lower(16)),
        name,
        kind: kind.to_owned(),
        description: short("Description", wish.description)?,
        created: cx.clock.wall(),
        creator_request: short("CreatorRequestId", wish.creator_request_id)?,
        tags: tags(wish.tags)?,
    };
    let (realm, id) = (cx.realm().clone(), made.id.clone());
    let saved = cx.write(move |txn| {
        let all: Vec<Namespace> = txn.view().all(&realm.top())?;
        if all.iter().any(|known| known.name == made.name) {
            return Err(exception("NamespaceAlreadyExists", format!("A namespace with the name {} already exists.", made.name)));
        }
        if all.len() >= EACH_MAX {
            return Err(exception("ResourceLimitExceeded", format!("There may be {EACH_MAX} namespaces")));
        }
        Ok(txn.save(&realm, &made)?)
    });
    saved.await?;
    Ok(operation(cx, 'c', &id))
}

/// Makes a namespace that is asked by API.
#[derive(Deserialize)]
pub(super) struct CreateHttpNamespace {
    #[serde(flatten)]
    wish: Wish,
}

impl Operation for CreateHttpNamespace {
    const ROUTE: Route = api::post("CreateHttpNamespace", "/CreateHttpNamespace").status(200);
    const MEMBERS: &'static [Member] = MEMBERS;
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        create(cx, self.wish, "HTTP").await
    }
}

/// Makes a namespace of a private network's DNS, which here is a name like the others.
#[derive(Deserialize)]
pub(super) struct CreatePrivateDnsNamespace {
    #[serde(flatten)]
    wish: Wish,
}

impl Operation for CreatePrivateDnsNamespace {
    const ROUTE: Route = api::post("CreatePrivateDnsNamespace", "/CreatePrivateDnsNamespace").status(200);
    const MEMBERS: &'static [Member] = MEMBERS;
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        create(cx, self.wish, "DNS_PRIVATE").await
    }
}

/// Makes a namespace of public DNS, which here is a name like the others.
#[derive(Deserialize)]
pub(super) struct CreatePublicDnsNamespace {
    #[serde(flatten)]
    wish: Wish,
}

impl Operation for CreatePublicDnsNamespace {
    const ROUTE: Route = api::post("CreatePublicDnsNamespace", "/CreatePublicDnsNamespace").status(200);
    const MEMBERS: &'static [Member] = MEMBERS;
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        create(cx, self.wish, "DNS_PUBLIC").await
    }
}

/// Shows a namespace.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetNamespace {
    id: Option<String>,
}

impl Operation for GetNamespace {
    const ROUTE: Route = api::post("GetNamespace", "/GetNamespace").status(200);
    const MEMBERS: &'static [Member] = &[api::text("Id")];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let (id, realm) = (required(self.id, "id")?, cx.realm().clone());
        cx.read(move |view| Ok(json!({"Namespace": shown(view, &realm, &namespace(view, &realm, &id)?)?}))).await
    }
}

/// Lists namespaces.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListNamespaces {
    next_token: Option<String>,
    max_results: Option<i64>,
    #[serde(default)]
    filters: Vec<Filter>,
}

impl Operation for ListNamespaces {
    const ROUTE: Route = api::post("ListNamespaces", "/ListNamespaces").status(200);
    const MEMBERS: &'static [Member] = &[api::text("NextToken"), api::whole("MaxResults"), api::list("Filters", &FILTER)];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { next_token, max_results, filters } = self;
        let realm = cx.realm().clone();
        cx.read(move |view| {
            let mut all: Vec<Namespace> = view.all(&realm.top())?;
            all.retain(|one| {
                filters.iter().all(|filter| match filter.name.as_deref() {
                    Some("TYPE") => filter.lets_pass(&one.kind),
                    Some("NAME" | "HTTP_NAME") => filter.lets_pass(&one.name),
                    _ => true,
                })
            });
            let (items, next) = page(all, next_token.as_deref(), max_results, |one| one.id.clone());
            let items: Vec<Value> = items.iter().map(|one| shown(view, &realm, one)).collect::<Result<_, _>>()?;
            Ok(json!({"Namespaces": items, "NextToken": next}))
        })
        .await
    }
}

/// Deletes a namespace without services.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteNamespace {
    id: Option<String>,
}

impl Operation for DeleteNamespace {
    const ROUTE: Route = api::post("DeleteNamespace", "/DeleteNamespace").status(200);
    const MEMBERS: &'static [Member] = &[api::text("Id")];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let (asked, realm) = (required(self.id, "id")?, cx.realm().clone());
        let gone = cx.write(move |txn| {
            let known = namespace(txn.view(), &realm, &asked)?;
            let services: Vec<DiscoveryService> = txn.view().all(&realm.top())?;
            if services.iter().any(|service| service.namespace == known.id) {
                return Err(exception("ResourceInUse", format!("Namespace {} still has services.", known.id)));
            }
            txn.remove::<Namespace>(&realm.top(), &known.id)?;
            Ok(known.id)
        });
        let id = gone.await?;
        Ok(operation(cx, 'd', &id))
    }
}

/// Tells of an operation: what has an id here is done.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetOperation {
    operation_id: Option<String>,
}

impl Operation for GetOperation {
    const ROUTE: Route = api::post("GetOperation", "/GetOperation").status(200);
    const MEMBERS: &'static [Member] = &[api::text("OperationId")];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let id = required(self.operation_id, "operationId")?;
        let none = || exception("OperationNotFound", format!("Operation {id} does not exist."));
        let mut parts = id.splitn(3, '-');
        let (Some(letter), Some(when), Some(target)) = (parts.next(), parts.next(), parts.next()) else { return Err(none()) };
        let when = Timestamp(u64::from_str_radix(when, 16).map_err(|_| none())?);
        let (kind, noun) = match letter {
            "c" => ("CREATE_NAMESPACE", "NAMESPACE"),
            "d" => ("DELETE_NAMESPACE", "NAMESPACE"),
            "r" => ("REGISTER_INSTANCE", "INSTANCE"),
            "g" => ("DEREGISTER_INSTANCE", "INSTANCE"),
            _ => return Err(none()),
        };
        Ok(json!({"Operation": {
            "Id": id,
            "OwnerAccount": &*cx.realm().account,
            "Type": kind,
            "Status": "SUCCESS",
            "CreateDate": date(when),
            "UpdateDate": date(when),
            "Targets": {noun: target},
        }}))
    }
}
