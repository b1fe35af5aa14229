//! Targets: what is registered, and how it stands.

use super::groups::users;
use super::{exception, group, invalid, required};
use crate::load_balancer::record::{Noun, Registered, TargetGroup};
use base::api::{self, ApiError, Control, Member, Operation, Route, TargetState};
use serde::Deserialize;
use serde_json::{Value, json};

/// Targets of one group, as AWS's quota.
const TARGETS_MAX: usize = 1_000;
const ID_BYTES_MAX: usize = 255;
const TARGET: Member = api::structure("", &[api::text("Id"), api::whole("Port"), api::text("AvailabilityZone")]);

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    id: Option<String>,
    port: Option<i64>,
    availability_zone: Option<String>,
}

fn read(targets: Option<Vec<Described>>) -> Result<Vec<Registered>, ApiError> {
    let one = |Described { id, port, availability_zone }: Described| {
        let id = required(id, "targets.1.member.id")?;
        let port = match port.map(u16::try_from) {
            None => None,
            Some(Ok(port)) if port > 0 => Some(port),
            Some(_) => return Err(invalid("The port of a target must be between 1 and 65535")),
        };
        Ok(Registered { id, port, zone: availability_zone })
    };
    let read: Vec<Registered> = required(targets, "targets")?.into_iter().map(one).collect::<Result<_, _>>()?;
    match read.len() {
        0 => Err(invalid("At least one target must be specified")),
        1..=TARGETS_MAX => Ok(read),
        _ => Err(exception("TooManyTargets", format!("A target group has {TARGETS_MAX} targets at most"))),
    }
}

/// Refuses what cannot be reached: on AWS an instance's id stands for its address, and nobody here knows instances.
fn check(group: &TargetGroup, target: &Registered, aws_strict: bool) -> Result<(), ApiError> {
    let wrong = |text: String| Err(exception("InvalidTarget", text));
    let id = &target.id;
    let is_name = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    match group.target_type.as_str() {
        _ if id.len() > ID_BYTES_MAX => wrong("The id of a target is too long".into()),
        "alb" if id.starts_with("arn:") && id.contains(":loadbalancer/app/") => Ok(()),
        "alb" => wrong(format!("The target '{id}' is not an application load balancer's ARN")),
        "ip" if id.parse::<std::net::IpAddr>().is_ok() => Ok(()),
        _ if aws_strict && group.target_type == "ip" => wrong(format!("The IP address '{id}' is not a valid IPv4 address")),
        _ if is_name(id) || id.parse::<std::net::IpAddr>().is_ok() => Ok(()),
        _ => wrong(format!("The target '{id}' is no address and no name")),
    }
}

/// Registers targets: they are asked with the next request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RegisterTargets {
    target_group_arn: Option<String>,
    targets: Option<Vec<Described>>,
}

impl Operation for RegisterTargets {
    const ROUTE: Route = api::post("RegisterTargets", "/RegisterTargets").status(200);
    const MEMBERS: &'static [Member] = &[api::text("TargetGroupArn"), api::list("Targets", &TARGET)];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { target_group_arn, targets } = self;
        let (arn, targets) = (required(target_group_arn, "targetGroupArn")?, read(targets)?);
        let (realm, aws_strict) = (cx.realm().clone(), cx.settings.aws_strict);
        cx.write(move |txn| {
            let mut known = group(txn.view(), &realm, &arn)?;
            for target in &targets {
                check(&known, target, aws_strict)?;
                let port = target.port.unwrap_or(known.port);
                let same = |other: &Registered| other.id == target.id && other.port.unwrap_or(known.port) == port;
                if !known.targets.iter().any(same) {
                    known.targets.push(target.clone());
                }
            }
            if known.targets.len() > TARGETS_MAX {
                return Err(exception("TooManyTargets", format!("A target group has {TARGETS_MAX} targets at most")));
            }
            Ok(txn.save(&realm, &known)?)
        })
        .await
    }
}

/// Takes targets off: no further request goes there, those that run are not disturbed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeregisterTargets {
    target_group_arn: Option<String>,
    targets: Option<Vec<Described>>,
}

impl Operation for DeregisterTargets {
    const ROUTE: Route = api::post("DeregisterTargets", "/DeregisterTargets").status(200);
    const MEMBERS: &'static [Member] = &[api::text("TargetGroupArn"), api::list("Targets", &TARGET)];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { target_group_arn, targets } = self;
        let (arn, targets) = (required(target_group_arn, "targetGroupArn")?, read(targets)?);
        let realm = cx.realm().clone();
        cx.write(move |txn| {
            let mut known = group(txn.view(), &realm, &arn)?;
            // Without a port, all registrations of the target go.
            let port = known.port;
            let goes = |one: &Registered| {
                targets.iter().any(|target| target.id == one.id && target.port.is_none_or(|asked| asked == one.port.unwrap_or(port)))
            };
            known.targets.retain(|one| !goes(one));
            Ok(txn.save(&realm, &known)?)
        })
        .await
    }
}

/// Tells how targets stand.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeTargetHealth {
    target_group_arn: Option<String>,
    targets: Option<Vec<Described>>,
}

impl Operation for DescribeTargetHealth {
    const ROUTE: Route = api::post("DescribeTargetHealth", "/DescribeTargetHealth").status(200);
    const MEMBERS: &'static [Member] = &[api::text("TargetGroupArn"), api::list("Targets", &TARGET)];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { target_group_arn, targets } = self;
        let arn = required(target_group_arn, "targetGroupArn")?;
        let asked = targets.map(|targets| read(Some(targets))).transpose()?;
        let (realm, name) = (cx.realm().clone(), arn.clone());
        let (group, is_used) = cx
            .read(move |view| {
                let group = group(view, &realm, &name)?;
                let is_used = !users(view, &realm, &group)?.is_empty();
                Ok((group, is_used))
            })
            .await?;
        let states = cx.running.targets(&Noun::TargetGroup.arn(cx.realm(), &group.id));
        let port = |target: &Registered| target.port.unwrap_or(group.port);
        let known: Vec<&Registered> = match &asked {
            None => group.targets.iter().collect(),
            Some(asked) => asked.iter().collect(),
        };
        let told = known.into_iter().map(|target| {
            let is_registered = group.targets.iter().any(|one| one.id == target.id && port(one) == port(target));
            let state = states.iter().find(|state| *state.host == *target.id.to_ascii_lowercase() && state.port == port(target));
            let check_port = if group.check.port == "traffic-port" { port(target).to_string() } else { group.check.port.clone() };
            json!({
                "Target": {"Id": target.id, "Port": port(target), "AvailabilityZone": target.zone},
                "HealthCheckPort": check_port,
                "TargetHealth": health(&group, is_registered, is_used, state),
            })
        });
        Ok(json!({"TargetHealthDescriptions": told.collect::<Vec<Value>>()}))
    }
}

fn health(group: &TargetGroup, is_registered: bool, is_used: bool, state: Option<&TargetState>) -> Value {
    let told = |state: &str, reason: &str, description: &str| json!({"State": state, "Reason": reason, "Description": description});
    match state {
        _ if !is_registered => told("unused", "Target.NotRegistered", "Target is not registered to the target group"),
        _ if !is_used => told("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"),
        _ if !group.check.enabled => told("unavailable", "Target.HealthCheckDisabled", "Health checks are not enabled for this target"),
        Some(state) if state.health == Some(true) => json!({"State": "healthy"}),
        Some(state) if state.health == Some(false) => {
            let reason = match &*state.because {
                because if because.contains("answered with") => "Target.ResponseCodeMismatch",
                because if because.contains("within") => "Target.Timeout",
                _ => "Target.FailedHealthChecks",
            };
            told("unhealthy", reason, &state.because)
        }
        _ => told("initial", "Elb.InitialHealthChecking", "Initial health checks in progress"),
    }
}
