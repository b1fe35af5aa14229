//! The outside corpus of signing vectors, where the folder is there; our own few in any case.

use serde_json::Value;
use sigv4::{Dialect, Failure, PayloadHeader, Rules, Signing, TokenPlace};

use crate::bench::{HOST, Sent};

/// Signatures made by botocore 1.44.5 for `GET {target}` of a service `service`, key `AKID`, the bench's secret, host and time.
const OWN: [(&str, &str); 4] = [
    ("/", "92bc406f04fe6765df7659b24691ef9a1f04f4e8ca43da64120871727063839a"),
    ("/a//b/../c%20d/?z=1&a=%20&a=", "2a3cbf3bbfae98e28b434bd02d845744cd194ef7fbdf06d5bb0f817b0c5ac893"),
    ("/%E1%88%B4?%E1%88%B4=b%2Bc", "3b967b6446880af762574ca96f3984a60e254e7c36597f0098d500383af58573"),
    ("/-._~/*!'()?q=%2A", "3571103b47184a3113b95afaa98037f0f5b449f54c301ec41195b96b49d9027e"),
];

#[test]
fn every_vector_is_signed_alike_and_verified() {
    let mut ran = 0;
    for (target, want) in OWN {
        let mut sent = Sent::new("GET", target, &[("Host", HOST)], b"");
        let signing = Signing { access_key: "AKID", region: "us-east-1", ..crate::bench::signing("service") };
        assert_eq!(sent.sign(&signing).signature, want, "{target}");
        assert_eq!(sent.verify().map(|claim| claim.access_key), Ok("AKID".to_owned()), "{target}");
        ran += 1;
    }
    println!("ran {ran} own cases");

    let Some(folder) = std::env::var_os("CARDEA_CORPORA") else { return };
    let file = std::path::Path::new(&folder).join("oracles/sigv4/vectors.json");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("CARDEA_CORPORA is set, but {}: {error}", file.display()));
    let corpus: Value = serde_json::from_str(&text).expect("the corpus is JSON");
    let vectors = corpus["vectors"].as_array().expect("the corpus is a list of vectors");
    assert!(vectors.len() > 50, "the corpus has shrunk to {}", vectors.len());
    vectors.iter().for_each(vector_holds);
    println!("ran {} outside vectors", vectors.len());
}

fn vector_holds(vector: &Value) {
    let text = |name: &str| text_of(&vector[name]);
    let id = text("id");
    let pairs = vector["headers"].as_array().expect("headers are a list");
    let headers: Vec<(&str, &str)> = pairs.iter().map(|pair| (text_of(&pair[0]), text_of(&pair[1]))).collect();
    let mut sent = Sent::new(text("method"), text("uri"), &headers, text("body").as_bytes());
    let want = |name: &str| text_of(&vector["want"][name]);
    // A token among the headers is the token of the signature. One vector names its token only in what it wants.
    let sent_token = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-amz-security-token")).map(|(_, value)| *value);
    let wanted_token = || want("canonical_request").lines().find_map(|line| line.strip_prefix("x-amz-security-token:"));
    let signing = Signing {
        access_key: text("access_key"),
        secret: text("secret_key"),
        session_token: vector["token"].as_str().or(sent_token).or_else(wanted_token),
        token_place: if vector["omit_token"].as_bool() == Some(true) { TokenPlace::AddedAfter } else { TokenPlace::Signed },
        region: text("region"),
        service: text("service"),
        now: seconds(text("date")),
        dialect: if vector["normalize"].as_bool() == Some(false) { Dialect::Unfolded } else { Dialect::Standard },
        payload_header: if vector["sign_body"].as_bool() == Some(true) { PayloadHeader::Hash } else { PayloadHeader::Absent },
    };
    let signed = sent.sign(&signing);
    assert_eq!(signed.canonical_request, want("canonical_request"), "{id}");
    assert_eq!(signed.string_to_sign, want("string_to_sign"), "{id}");
    assert_eq!(signed.signature, want("signature"), "{id}");

    let verify = |sent: &Sent, secret: &str| -> Result<(), Failure> {
        let claim = sigv4::parse(&sent.request())?;
        let rules = Rules { region: Some(text("region")), service: Some(text("service")), ..Rules::default() };
        sigv4::verify(&claim, secret, &sent.request(), signing.now, &rules).map(|_| ())
    };
    assert_eq!(verify(&sent, signing.secret), Ok(()), "{id}");
    assert!(verify(&sent, "another secret").is_err(), "{id}");
    let mut presigned = Sent::new(text("method"), text("uri"), &[("Host", HOST)], text("body").as_bytes());
    presigned.presign(&signing, 60);
    assert_eq!(verify(&presigned, signing.secret), Ok(()), "{id}, presigned");
    presigned.body.push(b'.');
    assert!(verify(&presigned, signing.secret).is_err(), "{id}, presigned");
}

fn text_of(value: &Value) -> &str {
    value.as_str().expect("the corpus has text here")
}

/// All vectors are of one second.
fn seconds(date: &str) -> i64 {
    assert_eq!(date, "20150830T123600Z");
    1_440_938_160
}
