//! Listeners: which groups a load balancer's port shares its requests out to.

use super::{TEXT, balancer, exception, fresh, group, invalid, listener, listeners_of, page, required, tags};
use crate::load_balancer::record::{Listener, Noun, Share};
use base::api::{self, ApiError, Control, Member, Operation, Route};
use base::store::{Realm, View};
use serde::Deserialize;
use serde_json::{Value, json};

/// Listeners of one load balancer, as AWS's quota.
const LISTENERS_MAX: usize = 50;
/// Groups of one action, and a group's weight, as on AWS.
const GROUPS_MAX: usize = 5;
const WEIGHT_MAX: i64 = 999;
const CERTIFICATES_MAX: usize = 25;

const PROTOCOLS: &[&str] = &["HTTP", "HTTPS", "TCP", "TLS"];
const TUPLE: Member = api::structure("", &[api::text("TargetGroupArn"), api::whole("Weight")]);
const ACTION: Member = api::structure(
    "",
    &[
        api::text("Type"),
        api::text("TargetGroupArn"),
        api::whole("Order"),
        api::structure("ForwardConfig", &[api::list("TargetGroups", &TUPLE)]),
    ],
);
const CERTIFICATE: Member = api::structure("", &[api::text("CertificateArn")]);

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Action {
    #[serde(rename = "Type")]
    kind: Option<String>,
    target_group_arn: Option<String>,
    forward_config: Option<ForwardConfig>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ForwardConfig {
    #[serde(default)]
    target_groups: Vec<Tuple>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tuple {
    target_group_arn: Option<String>,
    weight: Option<i64>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Certificate {
    certificate_arn: Option<String>,
}

/// The shares of the one action that there may be.
fn shares(actions: Vec<Action>) -> Result<Vec<Share>, ApiError> {
    let [action] =
        <[Action; 1]>::try_from(actions).map_err(|_| invalid("A listener must have exactly one default action here: forward"))?;
    if action.kind.as_deref() != Some("forward") {
        return Err(invalid("Only actions of the type forward are known here"));
    }
    let tuples = action.forward_config.unwrap_or_default().target_groups;
    let tuples = match action.target_group_arn {
        Some(arn) if tuples.is_empty() => vec![Tuple { target_group_arn: Some(arn), weight: None }],
        _ => tuples,
    };
    if !(1..=GROUPS_MAX).contains(&tuples.len()) {
        return Err(invalid(format!("A forward action must have 1 to {GROUPS_MAX} target groups")));
    }
    let share = |Tuple { target_group_arn, weight }: Tuple| {
        let weight = match weight {
            None => None,
            Some(weight @ 0..=WEIGHT_MAX) => u32::try_from(weight).ok(),
            Some(_) => return Err(invalid(format!("Weight must be between 0 and {WEIGHT_MAX}"))),
        };
        Ok(Share {
            group: required(target_group_arn, "defaultActions.1.member.forwardConfig.targetGroups.1.member.targetGroupArn")?,
            weight,
        })
    };
    tuples.into_iter().map(share).collect()
}

fn check_groups(view: &dyn View, realm: &Realm, shares: &[Share]) -> Result<(), ApiError> {
    shares.iter().try_for_each(|share| group(view, realm, &share.group).map(drop))
}

fn check_port(view: &dyn View, realm: &Realm, made: &Listener) -> Result<(), ApiError> {
    let all: Vec<Listener> = view.all(&realm.top())?;
    let others = || all.iter().filter(|known| known.balancer == made.balancer && known.id != made.id);
    if others().any(|known| known.port == made.port) {
        let arn = Noun::LoadBalancer.arn(realm, &made.balancer);
        return Err(exception("DuplicateListener", format!("A listener already exists on this port for this load balancer '{arn}'")));
    }
    if others().count() >= LISTENERS_MAX {
        return Err(exception("TooManyListeners", format!("A load balancer has {LISTENERS_MAX} listeners at most")));
    }
    Ok(())
}

fn shown(realm: &Realm, listener: &Listener) -> Value {
    let tuples: Vec<Value> =
        listener.forwards.iter().map(|share| json!({"TargetGroupArn": share.group, "Weight": share.weight.unwrap_or(1)})).collect();
    let single = match listener.forwards.as_slice() {
        [one] => Some(one.group.as_str()),
        _ => None,
    };
    let certificates: Vec<Value> = listener.certificates.iter().map(|arn| json!({"CertificateArn": arn})).collect();
    json!({
        "ListenerArn": Noun::Listener.arn(realm, &listener.id),
        "LoadBalancerArn": Noun::LoadBalancer.arn(realm, &listener.balancer),
        "Port": listener.port,
        "Protocol": listener.protocol,
        "Certificates": (!certificates.is_empty()).then_some(certificates),
        "SslPolicy": listener.ssl_policy,
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": single, "ForwardConfig": {"TargetGroups": tuples}}],
    })
}

fn port(asked: Option<i64>) -> Result<Option<u16>, ApiError> {
    match asked.map(u16::try_from) {
        None => Ok(None),
        Some(Ok(port)) if port > 0 => Ok(Some(port)),
        Some(_) => Err(invalid("Port must be between 1 and 65535")),
    }
}

fn certificates(asked: Option<Vec<Certificate>>) -> Result<Option<Vec<String>>, ApiError> {
    let Some(asked) = asked else { return Ok(None) };
    if asked.len() > CERTIFICATES_MAX {
        return Err(exception("TooManyCertificates", format!("A listener has {CERTIFICATES_MAX} certificates at most")));
    }
    Ok(Some(asked.into_iter().filter_map(|certificate| certificate.certificate_arn).collect()))
}

/// Makes a listener.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateListener {
    load_balancer_arn: Option<String>,
    protocol: Option<String>,
    port: Option<i64>,
    ssl_policy: Option<String>,
    certificates: Option<Vec<Certificate>>,
    default_actions: Option<Vec<Action>>,
    #[serde(default)]
    tags: Vec<tags::Tag>,
}

impl Operation for CreateListener {
    const ROUTE: Route = api::post("CreateListener", "/CreateListener").status(200);
    const MEMBERS: &'static [Member] = &[
        api::text("LoadBalancerArn"),
        api::text("Protocol").one_of(PROTOCOLS),
        api::whole("Port"),
        api::text("SslPolicy"),
        api::list("Certificates", &CERTIFICATE),
        api::list("DefaultActions", &ACTION),
        api::list("Tags", &tags::TAG),
    ];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { load_balancer_arn, protocol, port: asked, ssl_policy, certificates: shown_certificates, default_actions, tags } = self;
        let arn = required(load_balancer_arn, "loadBalancerArn")?;
        let forwards = shares(required(default_actions, "defaultActions")?)?;
        let port = port(asked)?.ok_or_else(|| invalid("A port must be specified"))?;
        let protocol = protocol.ok_or_else(|| invalid("A protocol must be specified"))?;
        let (certificates, tags) = (certificates(shown_certificates)?.unwrap_or_default(), tags::read(tags)?);
        let (realm, end) = (cx.realm().clone(), fresh(&cx.ids));
        cx.write(move |txn| {
            let known = balancer(txn.view(), &realm, &arn)?;
            check_groups(txn.view(), &realm, &forwards)?;
            let made = Listener {
                id: format!("{}/{end}", known.id),
                balancer: known.id,
                port,
                protocol: protocol.clone(),
                forwards: forwards.clone(),
                certificates: certificates.clone(),
                ssl_policy: ssl_policy.clone(),
                tags: tags.clone(),
            };
            check_port(txn.view(), &realm, &made)?;
            txn.save(&realm, &made)?;
            Ok(json!({"Listeners": [shown(&realm, &made)]}))
        })
        .await
    }
}

/// Shows listeners: those of a load balancer, or those named.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeListeners {
    load_balancer_arn: Option<String>,
    #[serde(default)]
    listener_arns: Vec<String>,
    marker: Option<String>,
    page_size: Option<i64>,
}

impl Operation for DescribeListeners {
    const ROUTE: Route = api::post("DescribeListeners", "/DescribeListeners").status(200);
    const MEMBERS: &'static [Member] =
        &[api::text("LoadBalancerArn"), api::list("ListenerArns", &TEXT), api::text("Marker"), api::whole("PageSize")];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { load_balancer_arn, listener_arns, marker, page_size } = self;
        let realm = cx.realm().clone();
        cx.read(move |view| {
            let found = match &load_balancer_arn {
                Some(arn) => listeners_of(view, &realm, &balancer(view, &realm, arn)?)?,
                None if listener_arns.is_empty() => return Err(invalid("You must specify either listener ARNs or a load balancer ARN")),
                None => listener_arns.iter().map(|arn| listener(view, &realm, arn)).collect::<Result<_, _>>()?,
            };
            let (items, next) = page(found, marker.as_deref(), page_size, |one| one.id.clone());
            let items: Vec<Value> = items.iter().map(|one| shown(&realm, one)).collect();
            Ok(json!({"Listeners": items, "NextMarker": next}))
        })
        .await
    }
}

/// Changes a listener.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ModifyListener {
    listener_arn: Option<String>,
    port: Option<i64>,
    protocol: Option<String>,
    ssl_policy: Option<String>,
    certificates: Option<Vec<Certificate>>,
    default_actions: Option<Vec<Action>>,
}

impl Operation for ModifyListener {
    const ROUTE: Route = api::post("ModifyListener", "/ModifyListener").status(200);
    const MEMBERS: &'static [Member] = &[
        api::text("ListenerArn"),
        api::whole("Port"),
        api::text("Protocol").one_of(PROTOCOLS),
        api::text("SslPolicy"),
        api::list("Certificates", &CERTIFICATE),
        api::list("DefaultActions", &ACTION),
    ];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { listener_arn, port: asked, protocol, ssl_policy, certificates: asked_certificates, default_actions } = self;
        let arn = required(listener_arn, "listenerArn")?;
        let (port, certificates) = (port(asked)?, certificates(asked_certificates)?);
        let forwards = default_actions.map(shares).transpose()?;
        let realm = cx.realm().clone();
        cx.write(move |txn| {
            let mut known = listener(txn.view(), &realm, &arn)?;
            if let Some(forwards) = &forwards {
                check_groups(txn.view(), &realm, forwards)?;
                known.forwards.clone_from(forwards);
            }
            known.port = port.unwrap_or(known.port);
            known.protocol = protocol.clone().unwrap_or(known.protocol);
            known.ssl_policy = ssl_policy.clone().or(known.ssl_policy);
            known.certificates = certificates.clone().unwrap_or(known.certificates);
            check_port(txn.view(), &realm, &known)?;
            txn.save(&realm, &known)?;
            Ok(json!({"Listeners": [shown(&realm, &known)]}))
        })
        .await
    }
}

/// Deletes a listener.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteListener {
    listener_arn: Option<String>,
}

impl Operation for DeleteListener {
    const ROUTE: Route = api::post("DeleteListener", "/DeleteListener").status(200);
    const MEMBERS: &'static [Member] = &[api::text("ListenerArn")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let (arn, realm) = (required(self.listener_arn, "listenerArn")?, cx.realm().clone());
        cx.write(move |txn| {
            let known = listener(txn.view(), &realm, &arn)?;
            Ok(txn.remove::<Listener>(&realm.top(), &known.id)?)
        })
        .await
    }
}
