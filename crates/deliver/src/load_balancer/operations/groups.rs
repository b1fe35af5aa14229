//! Target groups: how targets are looked at, and how requests are shared out among them.

use super::{EACH_MAX, TEXT, balancer, check_name, exception, fresh, group, invalid, listeners_of, page, required, tags};
use crate::load_balancer::record::{HealthCheck, Listener, Noun, TargetGroup, statuses};
use base::api::{self, ApiError, Control, Member, Operation, Route};
use base::store::{Realm, View};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const PROTOCOLS: &[&str] = &["HTTP", "HTTPS", "TCP", "TLS"];
const MATCHER: Member = api::structure("Matcher", &[api::text("HttpCode"), api::text("GrpcCode")]);
/// Attributes of a group, with AWS's defaults: only the first two mean anything here.
const ATTRIBUTES: [(&str, &str); 8] = [
    (ALGORITHM, "round_robin"),
    (SLOW_START, "0"),
    ("deregistration_delay.timeout_seconds", "300"),
    ("stickiness.enabled", "false"),
    ("stickiness.type", "lb_cookie"),
    ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
    ("preserve_client_ip.enabled", "false"),
    ("proxy_protocol_v2.enabled", "false"),
];
pub(super) const ALGORITHM: &str = "load_balancing.algorithm.type";
pub(super) const SLOW_START: &str = "slow_start.duration_seconds";

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Matcher {
    http_code: Option<String>,
}

/// What a call says of health checks.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    health_check_protocol: Option<String>,
    health_check_port: Option<String>,
    health_check_enabled: Option<bool>,
    health_check_path: Option<String>,
    health_check_interval_seconds: Option<i64>,
    health_check_timeout_seconds: Option<i64>,
    healthy_threshold_count: Option<i64>,
    unhealthy_threshold_count: Option<i64>,
    matcher: Option<Matcher>,
}

impl Asked {
    /// What was asked for, in place of what was.
    fn over(self, mut check: HealthCheck) -> Result<HealthCheck, ApiError> {
        let was_http = check.protocol.starts_with("HTTP");
        check.protocol = self.health_check_protocol.unwrap_or(check.protocol);
        check.port = self.health_check_port.unwrap_or(check.port);
        check.enabled = self.health_check_enabled.unwrap_or(check.enabled);
        let is_http = check.protocol.starts_with("HTTP");
        if is_http && !was_http {
            (check.path, check.matcher) = (Some("/".into()), Some("200-399".into()));
        }
        check.path = self.health_check_path.or(check.path).filter(|_| is_http);
        check.matcher = self.matcher.and_then(|matcher| matcher.http_code).or(check.matcher).filter(|_| is_http);
        let within = |name: &str, asked: Option<i64>, was: u32, least: u32, most: u32| match asked.map_or(Ok(was), u32::try_from) {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(invalid(format!("{name} must be between {least} and {most}"))),
        };
        check.interval_seconds = within("Health check interval", self.health_check_interval_seconds, check.interval_seconds, 5, 300)?;
        check.timeout_seconds = within("Health check timeout", self.health_check_timeout_seconds, check.timeout_seconds, 2, 120)?;
        check.healthy_after = within("Healthy threshold count", self.healthy_threshold_count, check.healthy_after, 2, 10)?;
        check.unhealthy_after = within("Unhealthy threshold count", self.unhealthy_threshold_count, check.unhealthy_after, 2, 10)?;
        if check.port != "traffic-port" && !check.port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err(invalid(format!("Health check port '{}' must be 'traffic-port' or a port", check.port)));
        }
        let is_path = |path: &String| path.starts_with('/') && path.len() <= 1_024 && path.bytes().all(|byte| byte.is_ascii_graphic());
        if !check.path.iter().all(is_path) {
            return Err(invalid("The health check path must begin with '/' and have up to 1024 printable characters"));
        }
        if !check.matcher.iter().all(|codes| statuses(codes).is_some()) {
            return Err(invalid("HTTP code matcher must be a list or a range of statuses, as 200,202 or 200-299"));
        }
        Ok(check)
    }
}

/// What AWS looks for when nobody says.
fn usual_check(protocol: &str) -> HealthCheck {
    let is_http = protocol.starts_with("HTTP");
    HealthCheck {
        enabled: true,
        protocol: if protocol == "TLS" { "TCP".into() } else { protocol.into() },
        port: "traffic-port".into(),
        path: is_http.then(|| "/".into()),
        matcher: is_http.then(|| "200".into()),
        interval_seconds: 30,
        timeout_seconds: if is_http { 5 } else { 10 },
        healthy_after: 5,
        unhealthy_after: 2,
    }
}

/// Listeners that forward to a group.
pub(super) fn users(view: &dyn View, realm: &Realm, group: &TargetGroup) -> Result<Vec<Listener>, ApiError> {
    let arn = Noun::TargetGroup.arn(realm, &group.id);
    let all: Vec<Listener> = view.all(&realm.top())?;
    Ok(all.into_iter().filter(|listener| listener.forwards.iter().any(|share| share.group == arn)).collect())
}

fn shown(view: &dyn View, realm: &Realm, group: &TargetGroup) -> Result<Value, ApiError> {
    let check = &group.check;
    let mut balancers: Vec<String> =
        users(view, realm, group)?.iter().map(|listener| Noun::LoadBalancer.arn(realm, &listener.balancer)).collect();
    balancers.dedup();
    Ok(json!({
        "TargetGroupArn": Noun::TargetGroup.arn(realm, &group.id),
        "TargetGroupName": group.name,
        "Protocol": group.protocol,
        "Port": group.port,
        "VpcId": group.vpc,
        "HealthCheckProtocol": check.protocol,
        "HealthCheckPort": check.port,
        "HealthCheckEnabled": check.enabled,
        "HealthCheckIntervalSeconds": check.interval_seconds,
        "HealthCheckTimeoutSeconds": check.timeout_seconds,
        "HealthyThresholdCount": check.healthy_after,
        "UnhealthyThresholdCount": check.unhealthy_after,
        "HealthCheckPath": check.path,
        "Matcher": check.matcher.as_ref().map(|codes| json!({"HttpCode": codes})),
        "LoadBalancerArns": balancers,
        "TargetType": group.target_type,
        "ProtocolVersion": group.protocol.starts_with("HTTP").then_some("HTTP1"),
        "IpAddressType": "ipv4",
    }))
}

/// Makes a target group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateTargetGroup {
    name: Option<String>,
    protocol: Option<String>,
    port: Option<i64>,
    vpc_id: Option<String>,
    target_type: Option<String>,
    #[serde(default)]
    tags: Vec<tags::Tag>,
    #[serde(flatten)]
    check: Asked,
}

impl Operation for CreateTargetGroup {
    const ROUTE: Route = api::post("CreateTargetGroup", "/CreateTargetGroup").status(200);
    const MEMBERS: &'static [Member] = &[
        api::text("Name"),
        api::text("Protocol").one_of(PROTOCOLS),
        api::whole("Port"),
        api::text("VpcId"),
        api::text("HealthCheckProtocol").one_of(PROTOCOLS),
        api::text("HealthCheckPort"),
        api::flag("HealthCheckEnabled"),
        api::text("HealthCheckPath"),
        api::whole("HealthCheckIntervalSeconds"),
        api::whole("HealthCheckTimeoutSeconds"),
        api::whole("HealthyThresholdCount"),
        api::whole("UnhealthyThresholdCount"),
        MATCHER,
        api::text("TargetType").one_of(&["instance", "ip", "alb"]),
        api::list("Tags", &tags::TAG),
    ];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { name, protocol, port, vpc_id, target_type, tags, check } = self;
        let name = required(name, "name")?;
        check_name(&name, "Target group")?;
        let protocol = protocol.ok_or_else(|| invalid("A protocol must be specified"))?;
        let port = port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
        let check = check.over(usual_check(&protocol))?;
        let made = TargetGroup {
            id: format!("{name}/{}", fresh(&cx.ids)),
            name,
            port: port.ok_or_else(|| invalid("A port must be specified, 1 to 65535"))?,
            vpc: vpc_id,
            target_type: target_type.unwrap_or_else(|| "instance".into()),
            check,
            protocol,
            attributes: BTreeMap::new(),
            targets: Vec::new(),
            tags: tags::read(tags)?,
        };
        let realm = cx.realm().clone();
        cx.write(move |txn| {
            let all: Vec<TargetGroup> = txn.view().all(&realm.top())?;
            if all.iter().any(|known| known.name == made.name) {
                let text = format!("A target group with the same name '{}' exists, but with different settings", made.name);
                return Err(exception("DuplicateTargetGroupName", text));
            }
            if all.len() >= EACH_MAX {
                return Err(exception("TooManyTargetGroups", format!("There may be {EACH_MAX} target groups")));
            }
            txn.save(&realm, &made)?;
            Ok(json!({"TargetGroups": [shown(txn.view(), &realm, &made)?]}))
        })
        .await
    }
}

/// Shows target groups: all, those of a load balancer, or those named.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeTargetGroups {
    load_balancer_arn: Option<String>,
    #[serde(default)]
    target_group_arns: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    marker: Option<String>,
    page_size: Option<i64>,
}

impl Operation for DescribeTargetGroups {
    const ROUTE: Route = api::post("DescribeTargetGroups", "/DescribeTargetGroups").status(200);
    const MEMBERS: &'static [Member] = &[
        api::text("LoadBalancerArn"),
        api::list("TargetGroupArns", &TEXT),
        api::list("Names", &TEXT),
        api::text("Marker"),
        api::whole("PageSize"),
    ];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { load_balancer_arn, target_group_arns, names, marker, page_size } = self;
        let realm = cx.realm().clone();
        cx.read(move |view| {
            let mut all: Vec<TargetGroup> = view.all(&realm.top())?;
            for arn in &target_group_arns {
                group(view, &realm, arn)?;
            }
            if let Some(none) = names.iter().find(|name| !all.iter().any(|known| known.name == **name)) {
                return Err(exception("TargetGroupNotFound", format!("Target groups '[{none}]' not found")));
            }
            if !target_group_arns.is_empty() || !names.is_empty() {
                all.retain(|one| names.contains(&one.name) || target_group_arns.contains(&Noun::TargetGroup.arn(&realm, &one.id)));
            }
            if let Some(arn) = &load_balancer_arn {
                let listeners = listeners_of(view, &realm, &balancer(view, &realm, arn)?)?;
                let is_used = |arn: String| listeners.iter().any(|listener| listener.forwards.iter().any(|share| share.group == arn));
                all.retain(|one| is_used(Noun::TargetGroup.arn(&realm, &one.id)));
            }
            let (items, next) = page(all, marker.as_deref(), page_size, |one| one.id.clone());
            let items: Vec<Value> = items.iter().map(|one| shown(view, &realm, one)).collect::<Result<_, _>>()?;
            Ok(json!({"TargetGroups": items, "NextMarker": next}))
        })
        .await
    }
}

/// Changes how targets are looked at.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ModifyTargetGroup {
    target_group_arn: Option<String>,
    #[serde(flatten)]
    check: Asked,
}

impl Operation for ModifyTargetGroup {
    const ROUTE: Route = api::post("ModifyTargetGroup", "/ModifyTargetGroup").status(200);
    const MEMBERS: &'static [Member] = &[
        api::text("TargetGroupArn"),
        api::text("HealthCheckProtocol").one_of(PROTOCOLS),
        api::text("HealthCheckPort"),
        api::flag("HealthCheckEnabled"),
        api::text("HealthCheckPath"),
        api::whole("HealthCheckIntervalSeconds"),
        api::whole("HealthCheckTimeoutSeconds"),
        api::whole("HealthyThresholdCount"),
        api::whole("UnhealthyThresholdCount"),
        MATCHER,
    ];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { target_group_arn, check } = self;
        let (arn, realm) = (required(target_group_arn, "targetGroupArn")?, cx.realm().clone());
        cx.write(move |txn| {
            let mut known = group(txn.view(), &realm, &arn)?;
            known.check = check.clone().over(known.check)?;
            txn.save(&realm, &known)?;
            Ok(json!({"TargetGroups": [shown(txn.view(), &realm, &known)?]}))
        })
        .await
    }
}

/// Deletes a target group that no listener forwards to. One that is not there is no error.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteTargetGroup {
    target_group_arn: Option<String>,
}

impl Operation for DeleteTargetGroup {
    const ROUTE: Route = api::post("DeleteTargetGroup", "/DeleteTargetGroup").status(200);
    const MEMBERS: &'static [Member] = &[api::text("TargetGroupArn")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let (arn, realm) = (required(self.target_group_arn, "targetGroupArn")?, cx.realm().clone());
        cx.write(move |txn| {
            let Ok(known) = group(txn.view(), &realm, &arn) else { return Ok(()) };
            if !users(txn.view(), &realm, &known)?.is_empty() {
                return Err(exception("ResourceInUse", format!("Target group '{arn}' is currently in use by a listener or a rule")));
            }
            Ok(txn.remove::<TargetGroup>(&realm.top(), &known.id)?)
        })
        .await
    }
}

fn attributes(group: &TargetGroup) -> Value {
    let told = |(key, usual): &(&str, &str)| json!({"Key": key, "Value": group.attributes.get(*key).map_or(*usual, String::as_str)});
    json!({"Attributes": ATTRIBUTES.iter().map(told).collect::<Vec<Value>>()})
}

/// Shows a group's attributes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeTargetGroupAttributes {
    target_group_arn: Option<String>,
}

impl Operation for DescribeTargetGroupAttributes {
    const ROUTE: Route = api::post("DescribeTargetGroupAttributes", "/DescribeTargetGroupAttributes").status(200);
    const MEMBERS: &'static [Member] = &[api::text("TargetGroupArn")];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let (arn, realm) = (required(self.target_group_arn, "targetGroupArn")?, cx.realm().clone());
        cx.read(move |view| group(view, &realm, &arn).map(|group| attributes(&group))).await
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    key: Option<String>,
    value: Option<String>,
}

/// Changes a group's attributes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ModifyTargetGroupAttributes {
    target_group_arn: Option<String>,
    #[serde(default)]
    attributes: Vec<Attribute>,
}

fn check_attribute(key: &str, value: &str) -> Result<(), ApiError> {
    let fits = match key {
        ALGORITHM => matches!(value, "round_robin" | "least_outstanding_requests" | "weighted_random"),
        SLOW_START => value.parse().is_ok_and(|seconds: u32| seconds == 0 || (30..=900).contains(&seconds)),
        key => ATTRIBUTES.iter().any(|(known, _)| *known == key) && value.len() <= 255,
    };
    if fits { Ok(()) } else { Err(invalid(format!("Target group attribute '{key}' cannot be '{value}' here"))) }
}

impl Operation for ModifyTargetGroupAttributes {
    const ROUTE: Route = api::post("ModifyTargetGroupAttributes", "/ModifyTargetGroupAttributes").status(200);
    const MEMBERS: &'static [Member] =
        &[api::text("TargetGroupArn"), api::list("Attributes", &api::structure("", &[api::text("Key"), api::text("Value")]))];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { target_group_arn, attributes: asked } = self;
        let (arn, realm) = (required(target_group_arn, "targetGroupArn")?, cx.realm().clone());
        let asked: Vec<(String, String)> =
            asked.into_iter().map(|one| (one.key.unwrap_or_default(), one.value.unwrap_or_default())).collect();
        asked.iter().try_for_each(|(key, value)| check_attribute(key, value))?;
        cx.write(move |txn| {
            let mut known = group(txn.view(), &realm, &arn)?;
            known.attributes.extend(asked.clone());
            txn.save(&realm, &known)?;
            Ok(attributes(&known))
        })
        .await
    }
}
