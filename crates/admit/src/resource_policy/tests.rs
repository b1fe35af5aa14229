//! What is no matter of a whole pipeline: the texts of refusals, the ARN, the keys. The tables of allowances are golden cases.

use super::step::*;
use base::gate::{Exchange, Lane, RefusalKind, RouteFacts, Scheme, StageFacts};
use base::world::{Clock, Dice, Timestamp};
use h1::{HeadLimits, Parsed};
use std::rc::Rc;
use std::sync::Arc;

fn exchange(head: &str, resource_path: &str, values: &[(u32, u32)]) -> Exchange {
    let mut ex = Exchange::new(Rc::new(Lane::new(0, 0, Clock::manual(Timestamp(1_795_348_800_000)), Dice::seeded(7))));
    let mut bytes = format!("{head} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
    assert_eq!(ex.request.head.parse(&mut bytes, &HeadLimits::default()), Ok(Parsed::Complete), "{head}");
    let stage = StageFacts {
        account: "111111111111".into(),
        region: "eu-west-1".into(),
        api: "a1".into(),
        stage: "prod".into(),
        ..StageFacts::default()
    };
    ex.place.stage = Some(Arc::new(stage));
    ex.place.route = Some(Arc::new(RouteFacts { resource_path: resource_path.into(), ..RouteFacts::default() }));
    ex.place.values = values.to_vec();
    ex.arrive();
    ex
}

fn policy(statement: &str) -> ResourcePolicy {
    ResourcePolicy::of(Some(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)), false).unwrap()
}

/// The resource that a refusal tells.
fn resource(ex: &Exchange) -> String {
    let refusal = check_open(&policy("[]"), ex).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::AccessDenied);
    refusal.message.text().unwrap().rsplit_once("resource: ").unwrap().1.to_owned()
}

#[test]
fn the_arn_is_that_of_the_resource_with_the_callers_values() {
    let here = "arn:aws:execute-api:eu-west-1:********1111:a1/prod";
    assert_eq!(resource(&exchange("GET /prod", "/", &[])), format!("{here}/GET/"));
    assert_eq!(resource(&exchange("POST /prod/pets", "/pets", &[])), format!("{here}/POST/pets"));
    assert_eq!(resource(&exchange("GET /prod/pets/a%20b", "/pets/{id}", &[(11, 16)])), format!("{here}/GET/pets/a%20b"));
    assert_eq!(
        resource(&exchange("GET /prod//%70ets/1/x/y", "/pets/{id}/{rest+}", &[(14, 15), (16, 19)])),
        format!("{here}/GET/pets/1/x/y")
    );
}

#[test]
fn an_arn_that_is_too_long_is_refused_before_any_policy_is_asked() {
    let long = "x".repeat(METHOD_ARN_BYTES_MAX);
    let ex = exchange(&format!("GET /{long}"), "/{x}", &[(1, 1 + long.len() as u32)]);
    let refusal = check_open(&policy(r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#), &ex).unwrap_err();
    assert_eq!((refusal.kind, refusal.message.text()), (RefusalKind::Front(414), Some("Request URI too long")));
}

#[test]
fn only_a_public_api_without_a_policy_has_none() {
    assert!(ResourcePolicy::of(None, false).is_none() && ResourcePolicy::of(Some(" "), false).is_none());
    let closed = ResourcePolicy::of(None, true).unwrap();
    assert!(check_open(&closed, &exchange("GET /prod", "/", &[])).is_err());
    assert!(check_denied(&closed, &exchange("GET /prod", "/", &[])).is_ok());
}

#[test]
fn a_policy_that_is_none_lets_nobody_in_and_says_why() {
    let flawed = policy(r#"[{"Effect":"Allow","Principal":"*","Action":"Invoke","Resource":"*"}]"#);
    assert!(flawed.flaw().unwrap().contains("statement 1"));
    let refusal = check_denied(&flawed, &exchange("GET /prod", "/", &[])).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::AuthorizerConfigurationError);
    assert!(refusal.because.contains("is no action"));
}

#[test]
fn the_keys_of_a_call_without_a_signature() {
    let holds = |ex: &Exchange, condition: &str| {
        let statement = format!(r#"{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{condition}}}"#);
        check_open(&policy(&statement), ex).is_ok()
    };
    let mut ex = exchange("GET /prod", "/", &[]);
    ex.request.peer.set_ip("203.0.113.7".parse().unwrap());
    ex.request.scheme = Scheme::Https(base::gate::Tls { version: 0x0304, cipher: 0x1301 });
    for condition in [
        r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#,
        r#"{"StringEquals":{"aws:sourceip":"203.0.113.7"}}"#,
        r#"{"Bool":{"aws:SecureTransport":true}}"#,
        r#"{"DateEquals":{"aws:CurrentTime":"2026-11-22T12:00:00Z"}}"#,
        r#"{"NumericEquals":{"aws:EpochTime":1795348800}}"#,
        r#"{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}"#,
        r#"{"Null":{"aws:SourceVpc":true,"aws:SourceVpce":true,"aws:VpcSourceIp":true,"aws:PrincipalArn":true,"aws:userid":true,"aws:Referer":true}}"#,
    ] {
        assert!(holds(&ex, condition), "{condition}");
    }
    assert!(!holds(&ex, r#"{"IpAddress":{"aws:SourceIp":"203.0.114.0/24"}}"#));
}
