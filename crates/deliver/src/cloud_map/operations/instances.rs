//! Instances: registered, discovered.

use super::{exception, invalid, operation, page, required, service};
use crate::cloud_map::record::{DiscoveryService, Instance, Namespace, service_arn};
use base::api::{self, ApiError, Control, Member, Operation, Route, Shape, TargetState};
use base::store::{Realm, View};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Instances of one service, as AWS's quota.
const INSTANCES_MAX: usize = 1_000;
/// Attributes of one instance, and bytes of all of them, as on AWS.
const ATTRIBUTES_MAX: usize = 30;
const ATTRIBUTES_BYTES_MAX: usize = 5_000;
const ID_BYTES_MAX: usize = 64;
const DISCOVERED_MAX: usize = 1_000;
const DISCOVERED_USUAL: usize = 100;

fn find(view: &dyn View, realm: &Realm, service: &DiscoveryService, id: &str) -> Result<Instance, ApiError> {
    view.find(&realm.scope(&service.id), id)?.ok_or_else(|| exception("InstanceNotFound", format!("Instance {id} does not exist.")))
}

/// Registers an instance, or changes it: it is discovered, and asked, with the next request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RegisterInstance {
    service_id: Option<String>,
    instance_id: Option<String>,
    creator_request_id: Option<String>,
    attributes: Option<BTreeMap<String, String>>,
}

impl Operation for RegisterInstance {
    const ROUTE: Route = api::post("RegisterInstance", "/RegisterInstance").status(200);
    const MEMBERS: &'static [Member] =
        &[api::text("ServiceId"), api::text("InstanceId"), api::text("CreatorRequestId"), api::map("Attributes", &Shape::Text)];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let service_id = required(self.service_id, "serviceId")?;
        let id = required(self.instance_id, "instanceId")?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | ':' | '.' | '@' | '-');
        if id.is_empty() || id.len() > ID_BYTES_MAX || !id.chars().all(fits) {
            return Err(invalid(format!("InstanceId has 1 to {ID_BYTES_MAX} letters, digits and _/:.@-")));
        }
        let attributes = required(self.attributes, "attributes")?;
        let bytes: usize = attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
        if attributes.len() > ATTRIBUTES_MAX || bytes > ATTRIBUTES_BYTES_MAX {
            return Err(invalid(format!("An instance has {ATTRIBUTES_MAX} attributes of {ATTRIBUTES_BYTES_MAX} bytes in all at most")));
        }
        check(&attributes)?;
        let made = Instance {
            service: String::new(),
            creator_request: super::short("CreatorRequestId", self.creator_request_id)?,
            is_healthy: None,
            attributes,
            id: id.clone(),
        };
        let realm = cx.realm().clone();
        let saved = cx.write(move |txn| {
            let service = service(txn.view(), &realm, &service_id)?;
            let scope = realm.scope(&service.id);
            let known = txn.view().find::<Instance>(&scope, &made.id)?;
            if known.is_none() && txn.view().some::<Instance>(&scope, None, INSTANCES_MAX)?.len() == INSTANCES_MAX {
                return Err(exception("ResourceLimitExceeded", format!("A service has {INSTANCES_MAX} instances at most")));
            }
            let init = made.attributes.get("AWS_INIT_HEALTH_STATUS").is_none_or(|status| status != "UNHEALTHY");
            let is_healthy = service.custom_health.then(|| known.and_then(|known| known.is_healthy).unwrap_or(init));
            Ok(txn.save(&realm, &Instance { service: service.id, is_healthy, ..made.clone() })?)
        });
        saved.await?;
        Ok(operation(cx, 'r', &id))
    }
}

/// Addresses and ports that are none are refused, as by AWS.
fn check(attributes: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let wrong = |name: &str, value: &str| Err(invalid(format!("The value of {name} is invalid: {value}")));
    for (name, value) in attributes {
        let fits = match name.as_str() {
            "AWS_INSTANCE_IPV4" => value.parse::<std::net::Ipv4Addr>().is_ok(),
            "AWS_INSTANCE_IPV6" => value.parse::<std::net::Ipv6Addr>().is_ok(),
            "AWS_INSTANCE_PORT" => value.parse::<u16>().is_ok_and(|port| port > 0),
            "AWS_INSTANCE_CNAME" => {
                !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
            }
            _ => true,
        };
        if !fits {
            return wrong(name, value);
        }
    }
    Ok(())
}

/// Takes an instance off.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeregisterInstance {
    service_id: Option<String>,
    instance_id: Option<String>,
}

const ONE: &[Member] = &[api::text("ServiceId"), api::text("InstanceId")];

impl Operation for DeregisterInstance {
    const ROUTE: Route = api::post("DeregisterInstance", "/DeregisterInstance").status(200);
    const MEMBERS: &'static [Member] = ONE;
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let (service_id, id) = (required(self.service_id, "serviceId")?, required(self.instance_id, "instanceId")?);
        let (realm, gone) = (cx.realm().clone(), id.clone());
        let removed = cx.write(move |txn| {
            let service = service(txn.view(), &realm, &service_id)?;
            find(txn.view(), &realm, &service, &gone)?;
            Ok(txn.remove::<Instance>(&realm.scope(&service.id), &gone)?)
        });
        removed.await?;
        Ok(operation(cx, 'g', &id))
    }
}

/// Shows an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetInstance {
    service_id: Option<String>,
    instance_id: Option<String>,
}

impl Operation for GetInstance {
    const ROUTE: Route = api::post("GetInstance", "/GetInstance").status(200);
    const MEMBERS: &'static [Member] = ONE;
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let (service_id, id) = (required(self.service_id, "serviceId")?, required(self.instance_id, "instanceId")?);
        let realm = cx.realm().clone();
        cx.read(move |view| {
            let service = service(view, &realm, &service_id)?;
            let one = find(view, &realm, &service, &id)?;
            let told = json!({"Id": one.id, "CreatorRequestId": one.creator_request, "Attributes": one.attributes});
            Ok(json!({"ResourceOwner": &*realm.account, "Instance": told}))
        })
        .await
    }
}

/// Lists a service's instances.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListInstances {
    service_id: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

impl Operation for ListInstances {
    const ROUTE: Route = api::post("ListInstances", "/ListInstances").status(200);
    const MEMBERS: &'static [Member] = &[api::text("ServiceId"), api::text("NextToken"), api::whole("MaxResults")];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { service_id, next_token, max_results } = self;
        let (service_id, realm) = (required(service_id, "serviceId")?, cx.realm().clone());
        cx.read(move |view| {
            let service = service(view, &realm, &service_id)?;
            let all: Vec<Instance> = view.all(&realm.scope(&service.id))?;
            let (items, next) = page(all, next_token.as_deref(), max_results, |one| one.id.clone());
            let items: Vec<Value> = items.iter().map(|one| json!({"Id": one.id, "Attributes": one.attributes})).collect();
            Ok(json!({"ResourceOwner": &*realm.account, "Instances": items, "NextToken": next}))
        })
        .await
    }
}

/// Tells which instances there are, by name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DiscoverInstances {
    namespace_name: Option<String>,
    service_name: Option<String>,
    max_results: Option<i64>,
    #[serde(default)]
    query_parameters: BTreeMap<String, String>,
    #[serde(default)]
    optional_parameters: BTreeMap<String, String>,
    health_status: Option<String>,
}

/// How an instance is: as it is said, as it is looked at, or unknown.
fn health(instance: &Instance, states: &[TargetState]) -> &'static str {
    let looked = || {
        let (host, port) = instance.place()?;
        states.iter().find(|state| *state.host == host.to_ascii_lowercase() && state.port == port)?.health
    };
    match instance.is_healthy.or_else(looked) {
        Some(true) => "HEALTHY",
        Some(false) => "UNHEALTHY",
        None => "UNKNOWN",
    }
}

impl Operation for DiscoverInstances {
    const ROUTE: Route = api::post("DiscoverInstances", "/DiscoverInstances").status(200);
    const MEMBERS: &'static [Member] = &[
        api::text("NamespaceName"),
        api::text("ServiceName"),
        api::whole("MaxResults"),
        api::map("QueryParameters", &Shape::Text),
        api::map("OptionalParameters", &Shape::Text),
        api::text("HealthStatus").one_of(&["HEALTHY", "UNHEALTHY", "ALL", "HEALTHY_OR_ELSE_ALL"]),
    ];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { namespace_name, service_name, max_results, query_parameters, optional_parameters, health_status } = self;
        let namespace_name = required(namespace_name, "namespaceName")?;
        let service_name = required(service_name, "serviceName")?;
        let (realm, names) = (cx.realm().clone(), (namespace_name.clone(), service_name.clone()));
        let (found, all, revision) = cx
            .read(move |view| {
                let namespaces: Vec<Namespace> = view.all(&realm.top())?;
                let namespace = namespaces.into_iter().find(|known| known.name == names.0);
                let namespace =
                    namespace.ok_or_else(|| exception("NamespaceNotFound", format!("Namespace {} does not exist.", names.0)))?;
                let services: Vec<DiscoveryService> = view.all(&realm.top())?;
                let found = services.into_iter().find(|known| known.name == names.1 && known.namespace == namespace.id);
                let found = found.ok_or_else(|| exception("ServiceNotFound", format!("Service {} does not exist.", names.1)))?;
                let all: Vec<Instance> = view.all(&realm.scope(&found.id))?;
                Ok((found, all, view.revision().0))
            })
            .await?;
        let states = cx.running.targets(&service_arn(cx.realm(), &found.id));
        let has = |instance: &Instance, wanted: &BTreeMap<String, String>| {
            wanted.iter().all(|(key, value)| instance.attributes.get(key) == Some(value))
        };
        let mut chosen: Vec<&Instance> = all.iter().filter(|instance| has(instance, &query_parameters)).collect();
        // What is optional counts only if somebody fulfils it.
        if chosen.iter().any(|instance| has(instance, &optional_parameters)) {
            chosen.retain(|instance| has(instance, &optional_parameters));
        }
        let is_healthy = |instance: &&Instance| health(instance, &states) != "UNHEALTHY";
        match health_status.as_deref().unwrap_or("HEALTHY_OR_ELSE_ALL") {
            "HEALTHY" => chosen.retain(is_healthy),
            "UNHEALTHY" => chosen.retain(|instance| !is_healthy(instance)),
            "HEALTHY_OR_ELSE_ALL" if chosen.iter().any(is_healthy) => chosen.retain(is_healthy),
            _ => {}
        }
        let most = max_results.and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0).unwrap_or(DISCOVERED_USUAL);
        chosen.truncate(most.min(DISCOVERED_MAX));
        let told = chosen.into_iter().map(|instance| {
            json!({
                "InstanceId": instance.id,
                "NamespaceName": namespace_name,
                "ServiceName": service_name,
                "HealthStatus": health(instance, &states),
                "Attributes": instance.attributes,
            })
        });
        Ok(json!({"Instances": told.collect::<Vec<Value>>(), "InstancesRevision": revision}))
    }
}

/// Says how an instance is, where that is for its owner to say.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateInstanceCustomHealthStatus {
    service_id: Option<String>,
    instance_id: Option<String>,
    status: Option<String>,
}

impl Operation for UpdateInstanceCustomHealthStatus {
    const ROUTE: Route = api::post("UpdateInstanceCustomHealthStatus", "/UpdateInstanceCustomHealthStatus").status(200);
    const MEMBERS: &'static [Member] =
        &[api::text("ServiceId"), api::text("InstanceId"), api::text("Status").one_of(&["HEALTHY", "UNHEALTHY"])];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let (service_id, id) = (required(self.service_id, "serviceId")?, required(self.instance_id, "instanceId")?);
        let (status, realm) = (required(self.status, "status")?, cx.realm().clone());
        cx.write(move |txn| {
            let service = service(txn.view(), &realm, &service_id)?;
            let known = find(txn.view(), &realm, &service, &id)?;
            if !service.custom_health {
                let text = format!("Service {} has no custom health check configuration.", service.id);
                return Err(exception("CustomHealthNotFound", text));
            }
            Ok(txn.save(&realm, &Instance { is_healthy: Some(status == "HEALTHY"), ..known })?)
        })
        .await
    }
}
