//! The story of access associations.

use super::record::AccessAssociation;
use crate::OPERATIONS;
use base::store::Realm;
use base::testing::Bench;
use serde_json::{Value, json};

const ALL: &str = "/domainnameaccessassociations";

fn private(bench: &Bench, name: &str) -> String {
    let asked = json!({"domainName": name, "endpointConfiguration": {"types": ["PRIVATE"]}, "certificateArn": "arn:aws:acm:x"});
    bench.ok("POST", "/domainnames", asked)["domainNameArn"].as_str().unwrap().to_owned()
}

fn body(domain: &str, source: &str) -> Value {
    json!({"domainNameArn": domain, "accessAssociationSourceType": "VPCE", "accessAssociationSource": source, "tags": {"a": "b"}})
}

/// Seen: rest-api-control-plane.md §1.6, and the ARN in rest-api.md §0.7.
#[test]
fn an_association_is_made_listed_and_ended() {
    let bench = Bench::new(OPERATIONS);
    let domain = private(&bench, "p.example.com");
    let made = bench.ok("POST", ALL, body(&domain, "vpce-1"));
    let arn = "arn:aws:apigateway:us-east-1:111111111111:/domainnameaccessassociations/domainname/p.example.com/vpcesource/vpce-1";
    assert_eq!(
        made,
        json!({
            "domainNameAccessAssociationArn": arn,
            "domainNameArn": domain,
            "accessAssociationSourceType": "VPCE",
            "accessAssociationSource": "vpce-1",
            "tags": {"a": "b"},
        })
    );
    assert_eq!(bench.ok("GET", ALL, Value::Null), json!({ "item": [made] }));
    assert_eq!(bench.ok("GET", &format!("{ALL}?resourceOwner=SELF"), Value::Null), json!({ "item": [made] }));
    assert_eq!(bench.ok("GET", &format!("{ALL}?resourceOwner=OTHER_ACCOUNTS"), Value::Null), json!({"item": []}));
    assert_eq!(bench.no("GET", &format!("{ALL}?resourceOwner=ME"), Value::Null).0, 400);
    bench.ok("PUT", &format!("/tags/{arn}"), json!({"tags": {"c": "d"}}));
    assert_eq!(bench.ok("GET", &format!("/tags/{arn}"), Value::Null), json!({"tags": {"a": "b", "c": "d"}}));
    assert_eq!(bench.call("DELETE", &format!("{ALL}/{}", arn.replace('/', "%2F")), Value::Null), (202, Value::Null));
    assert_eq!(bench.no("DELETE", &format!("{ALL}/{arn}"), Value::Null).0, 404);
    assert_eq!(bench.ok("GET", ALL, Value::Null), json!({"item": []}));
}

#[test]
fn one_endpoint_reaches_one_domain_of_a_name() {
    let bench = Bench::new(OPERATIONS);
    let (first, second) = (private(&bench, "p.example.com"), private(&bench, "p.example.com"));
    bench.ok("POST", ALL, body(&first, "vpce-1"));
    assert_eq!(bench.no("POST", ALL, body(&first, "vpce-1")).0, 409);
    assert_eq!(bench.no("POST", ALL, body(&second, "vpce-1")).0, 409);
    bench.ok("POST", ALL, body(&second, "vpce-2"));
    bench.ok("POST", ALL, body(&private(&bench, "q.example.com"), "vpce-1"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let bench = Bench::new(OPERATIONS);
    let domain = private(&bench, "p.example.com");
    let public = bench.ok("POST", "/domainnames", json!({"domainName": "a.example.com"}))["domainNameArn"].as_str().unwrap().to_owned();
    for source in ["", "vpc-1", "vpce-", "vpce-A", "vpce-1/2"] {
        assert_eq!(bench.no("POST", ALL, body(&domain, source)).0, 400, "{source}");
    }
    assert_eq!(bench.no("POST", ALL, body(&public, "vpce-1")).0, 400);
    assert_eq!(bench.no("POST", ALL, body(&domain.replace("111111111111", "222222222222"), "vpce-1")).0, 404);
    assert_eq!(bench.no("POST", ALL, body("", "vpce-1")).0, 404);
    let mut other = body(&domain, "vpce-1");
    other["accessAssociationSourceType"] = json!("VPC");
    let text = "1 validation error detected: Value 'VPC' at \
                'createDomainNameAccessAssociationInput.accessAssociationSourceType' failed to satisfy constraint: Member must satisfy \
                enum value set: [VPCE]";
    assert_eq!(bench.no("POST", ALL, other), (400, text.into()));
}

#[test]
fn strictly_only_what_others_made_can_be_rejected() {
    let bench = Bench::strict(OPERATIONS);
    let domain = private(&bench, "p.example.com");
    let ours = bench.ok("POST", ALL, body(&domain, "vpce-1"))["domainNameAccessAssociationArn"].as_str().unwrap().to_owned();
    let theirs = ours.replace("111111111111", "222222222222");
    let record = AccessAssociation { arn: theirs.clone(), domain: domain.clone(), source: "vpce-1".into(), tags: Default::default() };
    bench.write(move |txn| txn.save(&Realm::new("222222222222", "us-east-1"), &record));
    let listed = bench.ok("GET", &format!("{ALL}?resourceOwner=OTHER_ACCOUNTS"), Value::Null);
    assert_eq!(listed["item"][0]["domainNameAccessAssociationArn"], theirs);
    let reject = |association: &str, domain: &str| {
        let target = "/rejectdomainnameaccessassociations?domainNameAccessAssociationArn";
        bench.call("POST", &format!("{target}={association}&domainNameArn={}", domain.replace('+', "%2B")), Value::Null).0
    };
    assert_eq!(reject(&ours, &domain), 400);
    assert_eq!(reject(&theirs, &ours), 404);
    assert_eq!(reject(&theirs, &domain), 202);
    assert_eq!(reject(&theirs, &domain), 404);
}

#[test]
fn associations_end_with_their_name() {
    let bench = Bench::new(OPERATIONS);
    let domain = private(&bench, "p.example.com");
    bench.ok("POST", ALL, body(&domain, "vpce-1"));
    let id = domain.rsplit_once('+').unwrap().1;
    bench.ok("DELETE", &format!("/domainnames/p.example.com?domainNameId={id}"), Value::Null);
    assert_eq!(bench.ok("GET", ALL, Value::Null), json!({"item": []}));
}
