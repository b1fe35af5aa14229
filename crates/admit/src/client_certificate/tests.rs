//! The story of client certificates.

use super::record::ClientCertificate;
use crate::OPERATIONS;
use base::store::kind;
use base::testing::Bench;
use serde_json::{Value, json};

const ALL: &str = "/clientcertificates";
const YEAR_SECONDS: u64 = 365 * 86_400;

/// Seen: rest-api-control-plane.md §1.3; the text of the 404 is believed.
#[test]
fn a_certificate_is_made_found_listed_changed_and_is_valid_for_a_year() {
    let bench = Bench::new(OPERATIONS);
    let made = bench.ok("POST", ALL, json!({"description": "d", "tags": {"a": "b"}}));
    let (id, pem) = (made["clientCertificateId"].as_str().unwrap(), made["pemEncodedCertificate"].as_str().unwrap());
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n") && pem.trim_end().ends_with("-----END CERTIFICATE-----"));
    assert_eq!(
        made,
        json!({
            "clientCertificateId": id, "description": "d", "pemEncodedCertificate": pem, "createdDate": 1_795_348_800,
            "expirationDate": 1_795_348_800 + YEAR_SECONDS, "tags": {"a": "b"},
        })
    );
    let one = format!("{ALL}/{id}");
    assert_eq!(bench.ok("GET", &one, Value::Null), made);
    assert_eq!(bench.ok("GET", ALL, Value::Null), json!({ "item": [made] }));
    let patch = |path: &str, value: &str| json!({"patchOperations": [{"op": "replace", "path": path, "value": value}]});
    assert_eq!(bench.ok("PATCH", &one, patch("/description", "e"))["description"], "e");
    assert_eq!(bench.ok("PATCH", &one, patch("/description", "")).get("description"), None);
    assert_eq!(bench.no("PATCH", &one, patch("/pemEncodedCertificate", "x")).1, "Invalid patch path /pemEncodedCertificate");
    let unknown = (404, "Invalid client certificate identifier specified".to_owned());
    assert_eq!(bench.no("GET", &format!("{ALL}/nosuch"), Value::Null), unknown);
    assert_eq!(bench.no("PATCH", &format!("{ALL}/nosuch"), json!({})), unknown);
    let long = json!({"description": "d".repeat(super::operations::DESCRIPTION_BYTES_MAX + 1)});
    assert_eq!(bench.no("POST", ALL, long).0, 400);
}

#[test]
fn the_key_belongs_to_the_certificate_and_is_stored_sealed() {
    let bench = Bench::new(OPERATIONS);
    let made = bench.ok("POST", ALL, json!({}));
    let sealer = bench.house.sealer.clone();
    bench.write(move |txn| {
        txn.every(kind::CLIENT_CERTIFICATE, &mut |row| {
            assert!(!row.body.contains("PRIVATE KEY"));
            let stored: ClientCertificate = row.record()?;
            let key = sealer.open(&stored.private_key).unwrap();
            let key = rcgen::KeyPair::from_pem(&key).unwrap();
            let body: String = stored.certificate.lines().filter(|line| !line.starts_with("-----")).collect();
            let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap();
            // The certificate has the key's public half in it, which of 2048 bits is 256 bytes and what is around them.
            let public = rcgen::PublicKeyData::subject_public_key_info(&key);
            assert!(public.len() > 256 && der.windows(public.len()).any(|part| part == public));
            Ok(())
        })
    });
    let other = bench.ok("POST", ALL, json!({}));
    assert_ne!(made["pemEncodedCertificate"], other["pemEncodedCertificate"]);
}
