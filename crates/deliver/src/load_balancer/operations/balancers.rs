//! Load balancers.

use super::{EACH_MAX, TEXT, balancer, check_name, exception, fresh, invalid, listeners_of, page, required, tags};
use crate::load_balancer::record::{Listener, LoadBalancer, Noun};
use base::api::{self, ApiError, Control, Member, Operation, Route};
use base::store::Realm;
use serde::Deserialize;
use serde_json::{Value, json};

/// As it is sent.
fn shown(realm: &Realm, balancer: &LoadBalancer) -> Value {
    let LoadBalancer { id, name, kind, created, scheme, ip_address_type, subnets, security_groups, .. } = balancer;
    let hash = id.rsplit('/').next().unwrap_or_default();
    let region = &realm.region;
    let dns_name = match kind.as_str() {
        "network" => format!("{name}-{hash}.elb.{region}.amazonaws.com"),
        _ => format!("{}{name}-{hash}.{region}.elb.amazonaws.com", if scheme == "internal" { "internal-" } else { "" }),
    };
    let zones: Vec<Value> = subnets.iter().map(|subnet| json!({"ZoneName": format!("{region}a"), "SubnetId": subnet})).collect();
    json!({
        "LoadBalancerArn": Noun::LoadBalancer.arn(realm, id),
        "DNSName": dns_name,
        "CreatedTime": created.iso(),
        "LoadBalancerName": name,
        "Scheme": scheme,
        "State": {"Code": "active"},
        "Type": kind,
        "AvailabilityZones": zones,
        "SecurityGroups": security_groups,
        "IpAddressType": ip_address_type,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SubnetMapping {
    subnet_id: Option<String>,
}

/// Makes a load balancer, or finds the same one.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateLoadBalancer {
    name: Option<String>,
    #[serde(default)]
    subnets: Vec<String>,
    #[serde(default)]
    subnet_mappings: Vec<SubnetMapping>,
    #[serde(default)]
    security_groups: Vec<String>,
    scheme: Option<String>,
    #[serde(default)]
    tags: Vec<tags::Tag>,
    #[serde(rename = "Type")]
    kind: Option<String>,
    ip_address_type: Option<String>,
}

impl Operation for CreateLoadBalancer {
    const ROUTE: Route = api::post("CreateLoadBalancer", "/CreateLoadBalancer").status(200);
    const MEMBERS: &'static [Member] = &[
        api::text("Name"),
        api::list("Subnets", &TEXT),
        api::list("SubnetMappings", &api::structure("", &[api::text("SubnetId")])),
        api::list("SecurityGroups", &TEXT),
        api::text("Scheme").one_of(&["internet-facing", "internal"]),
        api::list("Tags", &tags::TAG),
        api::text("Type").one_of(&["application", "network"]),
        api::text("IpAddressType").one_of(&["ipv4", "dualstack", "dualstack-without-public-ipv4"]),
    ];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { name, mut subnets, subnet_mappings, security_groups, scheme, tags, kind, ip_address_type } = self;
        let name = required(name, "name")?;
        check_name(&name, "Load balancer")?;
        subnets.extend(subnet_mappings.into_iter().filter_map(|mapping| mapping.subnet_id));
        if subnets.len() > 100 || security_groups.len() > 100 {
            return Err(invalid("A load balancer has 100 subnets and 100 security groups at most"));
        }
        let kind = kind.unwrap_or_else(|| "application".into());
        let word = if kind == "network" { "net" } else { "app" };
        let made = LoadBalancer {
            id: format!("{word}/{name}/{}", fresh(&cx.ids)),
            name,
            kind,
            created: cx.clock.wall(),
            scheme: scheme.unwrap_or_else(|| "internet-facing".into()),
            ip_address_type: ip_address_type.unwrap_or_else(|| "ipv4".into()),
            subnets,
            security_groups,
            tags: tags::read(tags)?,
        };
        let realm = cx.realm().clone();
        let here = realm.clone();
        let made = cx.write(move |txn| {
            let all: Vec<LoadBalancer> = txn.view().all(&realm.top())?;
            if let Some(known) = all.iter().find(|known| known.name == made.name) {
                let same = LoadBalancer { id: known.id.clone(), created: known.created, ..made.clone() };
                return match same == *known {
                    true => Ok(known.clone()),
                    false => {
                        let text = format!("A load balancer with the same name '{}' exists, but with different settings", made.name);
                        Err(exception("DuplicateLoadBalancerName", text))
                    }
                };
            }
            if all.len() >= EACH_MAX {
                return Err(exception("TooManyLoadBalancers", format!("There may be {EACH_MAX} load balancers")));
            }
            txn.save(&realm, &made)?;
            Ok(made.clone())
        });
        made.await.map(|made| json!({"LoadBalancers": [shown(&here, &made)]}))
    }
}

/// Shows load balancers: all, or those named.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeLoadBalancers {
    #[serde(default)]
    load_balancer_arns: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    marker: Option<String>,
    page_size: Option<i64>,
}

impl Operation for DescribeLoadBalancers {
    const ROUTE: Route = api::post("DescribeLoadBalancers", "/DescribeLoadBalancers").status(200);
    const MEMBERS: &'static [Member] =
        &[api::list("LoadBalancerArns", &TEXT), api::list("Names", &TEXT), api::text("Marker"), api::whole("PageSize")];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { load_balancer_arns, names, marker, page_size } = self;
        let realm = cx.realm().clone();
        cx.read(move |view| {
            let mut all: Vec<LoadBalancer> = view.all(&realm.top())?;
            for arn in &load_balancer_arns {
                balancer(view, &realm, arn)?;
            }
            if let Some(none) = names.iter().find(|name| !all.iter().any(|known| known.name == **name)) {
                return Err(exception("LoadBalancerNotFound", format!("Load balancers '[{none}]' not found")));
            }
            if !load_balancer_arns.is_empty() || !names.is_empty() {
                all.retain(|one| names.contains(&one.name) || load_balancer_arns.contains(&Noun::LoadBalancer.arn(&realm, &one.id)));
            }
            let (items, next) = page(all, marker.as_deref(), page_size, |one| one.id.clone());
            let items: Vec<Value> = items.iter().map(|one| shown(&realm, one)).collect();
            Ok(json!({"LoadBalancers": items, "NextMarker": next}))
        })
        .await
    }
}

/// Deletes a load balancer, with its listeners. One that is not there is no error.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteLoadBalancer {
    load_balancer_arn: Option<String>,
}

impl Operation for DeleteLoadBalancer {
    const ROUTE: Route = api::post("DeleteLoadBalancer", "/DeleteLoadBalancer").status(200);
    const MEMBERS: &'static [Member] = &[api::text("LoadBalancerArn")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let arn = required(self.load_balancer_arn, "loadBalancerArn")?;
        let realm = cx.realm().clone();
        cx.write(move |txn| {
            let Ok(known) = balancer(txn.view(), &realm, &arn) else { return Ok(()) };
            for listener in listeners_of(txn.view(), &realm, &known)? {
                txn.remove::<Listener>(&realm.top(), &listener.id)?;
            }
            Ok(txn.remove::<LoadBalancer>(&realm.top(), &known.id)?)
        })
        .await
    }
}
