//! The story of domain names. AWS's texts are not known but where a test says so.

use crate::OPERATIONS;
use base::testing::Bench;
use serde_json::{Value, json};

const ARN: &str = "arn:aws:acm:us-east-1:111111111111:certificate/1";

fn bench() -> Bench {
    Bench::new(OPERATIONS)
}

fn patched(bench: &Bench, target: &str, ops: Value) -> Value {
    bench.ok("PATCH", target, json!({ "patchOperations": ops }))
}

fn refused(bench: &Bench, target: &str, ops: Value) -> (u16, String) {
    bench.no("PATCH", target, json!({ "patchOperations": ops }))
}

fn private(bench: &Bench, name: &str) -> Value {
    bench.ok("POST", "/domainnames", json!({"domainName": name, "endpointConfiguration": {"types": ["PRIVATE"]}, "certificateArn": ARN}))
}

/// Seen: rest-api-control-plane.md §1.4 for the members; the shapes of hosts in rest-api.md §0.3.
#[test]
fn an_edge_name_has_every_default() {
    let bench = bench();
    let made = bench.ok("POST", "/domainnames", json!({"domainName": "api.example.com", "certificateArn": ARN}));
    let host = made["distributionDomainName"].as_str().unwrap();
    assert!(host.starts_with('d') && host.ends_with(".cloudfront.net") && host.len() == 14 + 15, "{host}");
    assert_eq!(
        made,
        json!({
            "domainName": "api.example.com",
            "domainNameArn": "arn:aws:apigateway:us-east-1::/domainnames/api.example.com",
            "certificateArn": ARN,
            "certificateUploadDate": 1_795_348_800,
            "distributionDomainName": host,
            "distributionHostedZoneId": "Z2FDTNDATAQYW2",
            "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
            "domainNameStatus": "AVAILABLE",
            "securityPolicy": "TLS_1_2",
            "routingMode": "BASE_PATH_MAPPING_ONLY",
        })
    );
    assert_eq!(bench.ok("GET", "/domainnames/api.example.com", Value::Null), made);
    assert_eq!(bench.call("DELETE", "/domainnames/api.example.com", Value::Null), (202, Value::Null));
    let gone = (404, "Invalid domain name identifier specified".to_owned());
    assert_eq!(bench.no("GET", "/domainnames/api.example.com", Value::Null), gone);
    assert_eq!(bench.no("DELETE", "/domainnames/api.example.com", Value::Null), gone);
    assert_eq!(refused(&bench, "/domainnames/api.example.com", json!([])), gone);
}

#[test]
fn a_regional_name_tells_what_was_said_of_it() {
    let bench = bench();
    let asked = json!({
        "domainName": "*.example.com",
        "regionalCertificateArn": ARN,
        "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "dualstack"},
        "securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09",
        "endpointAccessMode": "STRICT",
        "mutualTlsAuthentication": {"truststoreUri": "s3://bucket/trust.pem", "truststoreVersion": "v1"},
        "ownershipVerificationCertificateArn": ARN,
        "routingMode": "ROUTING_RULE_ONLY",
        "tags": {"team": "pets"},
    });
    let made = bench.ok("POST", "/domainnames", asked.clone());
    for (name, value) in asked.as_object().unwrap() {
        assert_eq!(made[name], *value, "{name}");
    }
    let host = made["regionalDomainName"].as_str().unwrap();
    assert!(host.starts_with("d-") && host.ends_with(".execute-api.us-east-1.amazonaws.com"), "{host}");
    assert_eq!(made.get("distributionDomainName"), None);
    assert_eq!(bench.ok("GET", "/domainnames/*.example.com", Value::Null), made);
}

/// Seen: rest-api-control-plane.md §1.4, §1.6.
#[test]
fn a_private_name_is_told_apart_by_its_id() {
    let bench = bench();
    let first = private(&bench, "api.example.com");
    let id = first["domainNameId"].as_str().unwrap();
    assert_eq!(id.len(), 10);
    assert_eq!(first["domainNameArn"], format!("arn:aws:apigateway:us-east-1:111111111111:/domainnames/api.example.com+{id}"));
    assert_eq!(first["endpointConfiguration"], json!({"types": ["PRIVATE"], "ipAddressType": "dualstack"}));
    // Without the id it is the public one that is meant.
    assert_eq!(bench.no("GET", "/domainnames/api.example.com", Value::Null).0, 404);
    bench.ok("POST", "/domainnames", json!({"domainName": "api.example.com"}));
    let second = private(&bench, "api.example.com");
    assert_ne!(second["domainNameId"], first["domainNameId"]);
    assert_eq!(bench.ok("GET", &format!("/domainnames/api.example.com?domainNameId={id}"), Value::Null), first);
    assert_eq!(bench.ok("GET", "/domainnames", Value::Null)["item"].as_array().unwrap().len(), 3);
    assert_eq!(bench.ok("GET", "/domainnames?resourceOwner=OTHER_ACCOUNTS", Value::Null), json!({"item": []}));
    bench.ok("DELETE", &format!("/domainnames/api.example.com?domainNameId={id}"), Value::Null);
    assert_eq!(bench.ok("GET", "/domainnames", Value::Null)["item"].as_array().unwrap().len(), 2);
}

/// Seen: the first text (rest-api-control-plane.md §1.4, believed). The other texts are assumed.
#[test]
fn a_name_that_makes_no_sense_is_refused() {
    let bench = bench();
    let no = |body: Value| bench.no("POST", "/domainnames", body);
    bench.ok("POST", "/domainnames", json!({"domainName": "api.example.com"}));
    assert_eq!(no(json!({"domainName": "api.example.com"})), (400, "The domain name you provided already exists.".into()));
    for name in ["", "localhost", "API.example.com", "a_b.example.com", "-a.example.com", "*.*.example.com", "a..b", &"a.".repeat(130)] {
        assert_eq!(no(json!({ "domainName": name })), (400, format!("Invalid domain name specified: {name}")));
    }
    let with = |member: &str, value: Value| no(json!({"domainName": "b.example.com", member: value})).0;
    assert_eq!(with("endpointConfiguration", json!({"types": ["EDGE", "REGIONAL"]})), 400);
    assert_eq!(with("endpointConfiguration", json!({"types": []})), 400);
    assert_eq!(with("endpointAccessMode", json!("BASIC")), 400);
    assert_eq!(with("securityPolicy", json!("SecurityPolicy_TLS13_1_3_2025_09")), 400);
    assert_eq!(with("policy", json!("{\"Statement\": []}")), 400);
    assert_eq!(with("certificateBody", json!("no pem")), 400);
    // Mutual TLS is for regional names.
    assert_eq!(with("mutualTlsAuthentication", json!({"truststoreUri": "s3://a/b"})), 400);
    let private = |member: &str, value: Value| {
        no(json!({"domainName": "*.b.example.com", "endpointConfiguration": {"types": ["PRIVATE"]}, member: value})).0
    };
    assert_eq!(private("routingMode", json!("ROUTING_RULE_ONLY")), 400, "no wildcard is private");
    assert_eq!(
        no(json!({"domainName": "b.example.com", "endpointConfiguration": {"types": ["PRIVATE"]}, "policy": "{"})).1,
        "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."
    );
    let (status, text) = no(json!({"domainName": "b.example.com", "routingMode": "x", "endpointConfiguration": {"types": ["x"]}}));
    assert_eq!(status, 400);
    assert!(text.starts_with("2 validation errors detected: Value '[x]' at 'createDomainNameInput.endpointConfiguration.types'"), "{text}");
}

#[test]
fn a_name_is_one_in_all_accounts_and_regions() {
    let bench = bench();
    bench.ok("POST", "/domainnames", json!({"domainName": "api.example.com"}));
    let stored = bench.ok("GET", "/domainnames/api.example.com", Value::Null);
    bench.ok("DELETE", "/domainnames/api.example.com", Value::Null);
    let record: super::record::DomainName = serde_json::from_value(json!({
        "name": stored["domainName"], "created": 0, "types": ["EDGE"], "ip_address_type": "ipv4", "certificate": {},
        "regional_certificate": {}, "regional_host": "", "distribution_host": "", "security_policy": "TLS_1_2",
        "routing_mode": "BASE_PATH_MAPPING_ONLY",
    }))
    .unwrap();
    bench.write(move |txn| txn.save(&base::store::Realm::new("222222222222", "eu-west-1"), &record));
    assert_eq!(bench.no("GET", "/domainnames/api.example.com", Value::Null).0, 404);
    assert_eq!(bench.no("POST", "/domainnames", json!({"domainName": "api.example.com"})).0, 400);
}

#[test]
fn only_strict_insists_on_a_certificate_and_counts() {
    let strict = Bench::strict(OPERATIONS);
    assert_eq!(strict.no("POST", "/domainnames", json!({"domainName": "api.example.com"})).0, 400);
    for n in 0..super::checks::PRIVATE_NAMES_MAX {
        private(&strict, &format!("p{n}.example.com"));
    }
    let more = json!({"domainName": "more.example.com", "endpointConfiguration": {"types": ["PRIVATE"]}, "certificateArn": ARN});
    assert_eq!(strict.no("POST", "/domainnames", more).0, 429);
    strict.ok("POST", "/domainnames", json!({"domainName": "api.example.com", "certificateArn": ARN}));
}

/// Seen: rest-api-control-plane.md §1.20.
#[test]
fn a_name_moves_from_edge_to_regional_in_two_steps() {
    let bench = bench();
    let target = "/domainnames/api.example.com";
    bench.ok("POST", "/domainnames", json!({"domainName": "api.example.com", "certificateArn": ARN}));
    let both = patched(
        &bench,
        target,
        json!([
            {"op": "add", "path": "/endpointConfiguration/types", "value": "REGIONAL"},
            {"op": "add", "path": "/regionalCertificateArn", "value": ARN},
        ]),
    );
    assert_eq!(both["endpointConfiguration"]["types"], json!(["EDGE", "REGIONAL"]));
    assert!(both["regionalDomainName"].is_string() && both["distributionDomainName"].is_string());
    let mixed = json!([
        {"op": "add", "path": "/endpointConfiguration/types", "value": "EDGE"},
        {"op": "remove", "path": "/endpointConfiguration/types", "value": "EDGE"},
    ]);
    assert_eq!(refused(&bench, target, mixed).0, 400);
    let regional = patched(
        &bench,
        target,
        json!([
            {"op": "remove", "path": "/endpointConfiguration/types", "value": "EDGE"},
            {"op": "remove", "path": "/certificateArn"},
        ]),
    );
    assert_eq!(regional["endpointConfiguration"]["types"], json!(["REGIONAL"]));
    assert_eq!((regional.get("certificateArn"), regional.get("distributionDomainName")), (None, None));
    assert_eq!(regional["regionalCertificateArn"], ARN);
    let last = json!([{"op": "remove", "path": "/endpointConfiguration/types/REGIONAL"}]);
    assert_eq!(refused(&bench, target, last).0, 400);
    let there = json!([{"op": "replace", "path": "/endpointConfiguration/types/REGIONAL", "value": "EDGE"}]);
    assert_eq!(patched(&bench, target, there)["endpointConfiguration"]["types"], json!(["EDGE"]));
    for value in ["PRIVATE", "NONE"] {
        assert_eq!(refused(&bench, target, json!([{"op": "add", "path": "/endpointConfiguration/types", "value": value}])).0, 400);
    }
}

#[test]
fn what_can_be_set_can_be_unset() {
    let bench = bench();
    let target = "/domainnames/api.example.com";
    bench.ok("POST", "/domainnames", json!({"domainName": "api.example.com", "endpointConfiguration": {"types": ["REGIONAL"]}}));
    let set = |path: &str, value: &str| patched(&bench, target, json!([{"op": "replace", "path": path, "value": value}]));
    assert_eq!(set("/regionalCertificateName", "mine")["regionalCertificateName"], "mine");
    assert_eq!(set("/mutualTlsAuthentication/truststoreUri", "s3://a/b")["mutualTlsAuthentication"], json!({"truststoreUri": "s3://a/b"}));
    let version = set("/mutualTlsAuthentication/truststoreVersion", "2");
    assert_eq!(version["mutualTlsAuthentication"], json!({"truststoreUri": "s3://a/b", "truststoreVersion": "2"}));
    assert_eq!(set("/mutualTlsAuthentication/truststoreUri", "").get("mutualTlsAuthentication"), None);
    assert_eq!(set("/ownershipVerificationCertificateArn", ARN)["ownershipVerificationCertificateArn"], ARN);
    assert_eq!(set("/endpointConfiguration/ipAddressType", "dualstack")["endpointConfiguration"]["ipAddressType"], "dualstack");
    assert_eq!(set("/routingMode", "ROUTING_RULE_ONLY")["routingMode"], "ROUTING_RULE_ONLY");
    let enhanced = json!([
        {"op": "replace", "path": "/securityPolicy", "value": "SecurityPolicy_TLS13_1_3_2025_09"},
        {"op": "replace", "path": "/endpointAccessMode", "value": "BASIC"},
    ]);
    assert_eq!(patched(&bench, target, enhanced)["endpointAccessMode"], "BASIC");
    assert_eq!(refused(&bench, target, json!([{"op": "replace", "path": "/securityPolicy", "value": "TLS_1_2"}])).0, 400);
    let plain = json!([
        {"op": "replace", "path": "/securityPolicy", "value": "TLS_1_2"},
        {"op": "replace", "path": "/endpointAccessMode", "value": ""},
    ]);
    assert_eq!(patched(&bench, target, plain).get("endpointAccessMode"), None);
    for (path, value) in
        [("/routingMode", "x"), ("/policy", "{\"Statement\": []}"), ("/domainName", "b.example.com"), ("/securityPolicy", "")]
    {
        assert_eq!(refused(&bench, target, json!([{"op": "replace", "path": path, "value": value}])).0, 400, "{path}");
    }
    let unknown = json!([{"op": "replace", "path": "/tags/x", "value": "y"}]);
    assert_eq!(refused(&bench, target, unknown).1, "Invalid patch path /tags/x");
}

#[test]
fn a_private_name_has_policies() {
    let bench = bench();
    let made = private(&bench, "api.example.com");
    let target = format!("/domainnames/api.example.com?domainNameId={}", made["domainNameId"].as_str().unwrap());
    for path in ["policy", "managementPolicy"] {
        let set = json!([{"op": "replace", "path": format!("/{path}"), "value": "{\"Statement\": [{\"Effect\": \"Allow\"}]}"}]);
        let told = patched(&bench, &target, set);
        // With its quotes escaped once more, as an API's policy.
        assert_eq!(told[path], "{\\\"Statement\\\": [{\\\"Effect\\\": \\\"Allow\\\"}]}");
        assert_eq!(refused(&bench, &target, json!([{"op": "replace", "path": format!("/{path}"), "value": "{}"}])).0, 400);
        assert_eq!(patched(&bench, &target, json!([{"op": "replace", "path": format!("/{path}"), "value": ""}])).get(path), None);
    }
}

#[test]
fn an_uploaded_key_is_not_stored_in_clear() {
    let bench = bench();
    let body = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----";
    let key = "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----";
    let asked = json!({"domainName": "a.example.com", "certificateName": "c", "certificateBody": body, "certificatePrivateKey": key});
    let made = bench.ok("POST", "/domainnames", asked);
    assert_eq!(made["certificateName"], "c");
    assert!(!made.to_string().contains("secret"));
    bench.write(|txn| {
        txn.every(base::store::kind::DOMAIN_NAME, &mut |row| {
            assert!(row.body.contains("BEGIN CERTIFICATE") && !row.body.contains("secret"));
            Ok(())
        })
    });
}
