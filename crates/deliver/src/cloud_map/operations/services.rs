//! Services.

use super::{EACH_MAX, FILTER, Filter, TAG, Tag, date, exception, invalid, namespace, page, required, service, short, tags};
use crate::cloud_map::record::{DiscoveryService, Instance, InstanceCheck, service_arn};
use base::api::{self, ApiError, Control, Member, Operation, Route};
use base::store::{Realm, View};
use serde::Deserialize;
use serde_json::{Value, json};

const NAME_CHARS_MAX: usize = 127;
const RECORD: Member = api::structure("", &[api::text("Type"), api::whole("TTL")]);
const DNS: &[Member] = &[api::text("NamespaceId"), api::text("RoutingPolicy"), api::list("DnsRecords", &RECORD)];
const CHECK: &[Member] = &[api::text("Type").one_of(&["HTTP", "HTTPS", "TCP"]), api::text("ResourcePath"), api::whole("FailureThreshold")];

fn shown(view: &dyn View, realm: &Realm, one: &DiscoveryService) -> Result<Value, ApiError> {
    let count = view.rows(base::store::kind::INSTANCE, &realm.scope(&one.id), None, usize::MAX)?.len();
    let check = one.check.as_ref().map(|check| {
        let mut told = json!({"Type": check.protocol, "FailureThreshold": check.failures});
        if let Some(path) = &check.path {
            told["ResourcePath"] = json!(path);
        }
        told
    });
    Ok(json!({
        "Id": one.id,
        "Arn": service_arn(realm, &one.id),
        "ResourceOwner": &*realm.account,
        "Name": one.name,
        "NamespaceId": one.namespace,
        "Description": one.description,
        "InstanceCount": count,
        "DnsConfig": one.dns,
        "Type": one.kind,
        "HealthCheckConfig": check,
        "HealthCheckCustomConfig": one.custom_health.then(|| json!({"FailureThreshold": 1})),
        "CreateDate": date(one.created),
        "CreatorRequestId": one.creator_request,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CheckWish {
    #[serde(rename = "Type")]
    protocol: Option<String>,
    resource_path: Option<String>,
    failure_threshold: Option<i64>,
}

impl CheckWish {
    fn read(self) -> Result<InstanceCheck, ApiError> {
        let protocol = required(self.protocol, "healthCheckConfig.type")?;
        let path = self.resource_path.filter(|_| protocol != "TCP");
        let path = path.or_else(|| (protocol != "TCP").then(|| "/".to_owned()));
        let is_path = |path: &String| path.starts_with('/') && path.len() <= 255 && path.bytes().all(|byte| byte.is_ascii_graphic());
        if !path.iter().all(is_path) {
            return Err(invalid("ResourcePath must begin with / and have up to 255 printable characters"));
        }
        match self.failure_threshold.unwrap_or(1) {
            failures @ 1..=10 => Ok(InstanceCheck { protocol, path, failures: failures as u32 }),
            _ => Err(invalid("FailureThreshold must be 1 to 10")),
        }
    }
}

/// Makes a service.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateService {
    name: Option<String>,
    namespace_id: Option<String>,
    creator_request_id: Option<String>,
    description: Option<String>,
    dns_config: Option<Value>,
    health_check_config: Option<CheckWish>,
    health_check_custom_config: Option<Value>,
    #[serde(default)]
    tags: Vec<Tag>,
}

impl Operation for CreateService {
    const ROUTE: Route = api::post("CreateService", "/CreateService").status(200);
    const MEMBERS: &'static [Member] = &[
        api::text("Name"),
        api::text("NamespaceId"),
        api::text("CreatorRequestId"),
        api::text("Description"),
        api::structure("DnsConfig", DNS),
        api::structure("HealthCheckConfig", CHECK),
        api::structure("HealthCheckCustomConfig", &[api::whole("FailureThreshold")]),
        api::list("Tags", &TAG),
        api::text("Type"),
    ];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let name = required(self.name, "name")?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || !name.chars().all(fits) {
            return Err(invalid(format!("The name of a service has 1 to {NAME_CHARS_MAX} letters, digits, '-', '_' and '.'")));
        }
        let check = self.health_check_config.map(CheckWish::read).transpose()?;
        let custom_health = self.health_check_custom_config.is_some();
        if check.is_some() && custom_health {
            return Err(invalid("Specify either HealthCheckConfig or HealthCheckCustomConfig, not both."));
        }
        let dns = self.dns_config;
        if dns.as_ref().is_some_and(|dns| dns.to_string().len() > 4_096) {
            return Err(invalid("DnsConfig is too large"));
        }
        let in_dns = dns.as_ref().and_then(|dns| dns["NamespaceId"].as_str()).map(str::to_owned);
        let wanted = required(self.namespace_id.or(in_dns), "namespaceId")?;
        let made = DiscoveryService {
            id: format!("srv-{}", cx.ids.lower(16)),
            name,
            namespace: String::new(),
            description: short("Description", self.description)?,
            created: cx.clock.wall(),
            creator_request: short("CreatorRequestId", self.creator_request_id)?,
            kind: if dns.is_some() { "DNS_HTTP".into() } else { "HTTP".into() },
            dns,
            check,
            custom_health,
            tags: tags(self.tags)?,
        };
        let realm = cx.realm().clone();
        cx.write(move |txn| {
            let made = DiscoveryService { namespace: namespace(txn.view(), &realm, &wanted)?.id, ..made.clone() };
            let all: Vec<DiscoveryService> = txn.view().all(&realm.top())?;
            if all.iter().any(|known| known.name == made.name && known.namespace == made.namespace) {
                return Err(exception("ServiceAlreadyExists", format!("A service with the name {} already exists.", made.name)));
            }
            if all.len() >= EACH_MAX {
                return Err(exception("ResourceLimitExceeded", format!("There may be {EACH_MAX} services")));
            }
            txn.save(&realm, &made)?;
            Ok(json!({"Service": shown(txn.view(), &realm, &made)?}))
        })
        .await
    }
}

/// Shows a service.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetService {
    id: Option<String>,
}

impl Operation for GetService {
    const ROUTE: Route = api::post("GetService", "/GetService").status(200);
    const MEMBERS: &'static [Member] = &[api::text("Id")];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let (id, realm) = (required(self.id, "id")?, cx.realm().clone());
        cx.read(move |view| Ok(json!({"Service": shown(view, &realm, &service(view, &realm, &id)?)?}))).await
    }
}

/// Lists services.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListServices {
    next_token: Option<String>,
    max_results: Option<i64>,
    #[serde(default)]
    filters: Vec<Filter>,
}

impl Operation for ListServices {
    const ROUTE: Route = api::post("ListServices", "/ListServices").status(200);
    const MEMBERS: &'static [Member] = &[api::text("NextToken"), api::whole("MaxResults"), api::list("Filters", &FILTER)];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { next_token, max_results, filters } = self;
        let realm = cx.realm().clone();
        cx.read(move |view| {
            let mut all: Vec<DiscoveryService> = view.all(&realm.top())?;
            let by_namespace = |filter: &&Filter| filter.name.as_deref() == Some("NAMESPACE_ID");
            all.retain(|one| filters.iter().filter(by_namespace).all(|filter| filter.lets_pass(&one.namespace)));
            let (items, next) = page(all, next_token.as_deref(), max_results, |one| one.id.clone());
            let items: Vec<Value> = items.iter().map(|one| shown(view, &realm, one)).collect::<Result<_, _>>()?;
            Ok(json!({"Services": items, "NextToken": next}))
        })
        .await
    }
}

/// Deletes a service without instances.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteService {
    id: Option<String>,
}

impl Operation for DeleteService {
    const ROUTE: Route = api::post("DeleteService", "/DeleteService").status(200);
    const MEMBERS: &'static [Member] = &[api::text("Id")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let (id, realm) = (required(self.id, "id")?, cx.realm().clone());
        cx.write(move |txn| {
            let known = service(txn.view(), &realm, &id)?;
            if !txn.view().some::<Instance>(&realm.scope(&known.id), None, 1)?.is_empty() {
                return Err(exception("ResourceInUse", format!("Service {} still has instances.", known.id)));
            }
            Ok(txn.remove::<DiscoveryService>(&realm.top(), &known.id)?)
        })
        .await
    }
}
