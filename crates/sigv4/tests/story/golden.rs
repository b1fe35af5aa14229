//! Signatures as another signer makes them: the values were computed with botocore 1.44.5.

use sigv4::{Dialect, PayloadHeader, Rules, Signing};

use crate::bench::{HOST, NOW, Sent, signing};

const TOKEN: &str = "FwoGZXIvYXdzEBYaD+token/with=odd+chars==";
const S3_RULES: Rules<'static> = Rules { region: None, service: Some("s3"), skew_seconds: 900, dialect: Dialect::S3 };

#[test]
fn a_call_of_an_api_is_signed_as_botocore_signs_it() {
    let headers = [("Host", HOST), ("X-Custom", "  one   two ")];
    let mut sent = Sent::new("GET", "/prod/pets%20and/%40me//x/?b=2&a=1%2B1&a=0&flag=", &headers, b"");
    let signed = sent.sign(&signing("execute-api"));
    assert_eq!(
        signed.canonical_request,
        "GET\n/prod/pets%2520and/%2540me/x/\na=0&a=1%2B1&b=2&flag=\n\
         host:abc123.execute-api.eu-central-1.amazonaws.com\nx-amz-date:20260228T235958Z\nx-custom:one two\n\n\
         host;x-amz-date;x-custom\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        signed.headers.last().unwrap(),
        &(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDCARDEATEST0000001/20260228/eu-central-1/execute-api/aws4_request, \
             SignedHeaders=host;x-amz-date;x-custom, \
             Signature=b7d4d989d9ffbbabb1cf52522f2021b9a7dfd8a2fe0ac2bed0c3c20ca4d732ba"
                .to_owned()
        )
    );
    assert!(sent.verify().is_ok());
}

#[test]
fn a_control_call_with_a_session_token_is_signed_as_botocore_signs_it() {
    let headers = [("Host", "apigateway.eu-central-1.amazonaws.com"), ("Content-Type", "application/json"), ("Accept", "application/json")];
    let mut sent = Sent::new("POST", "/restapis", &headers, br#"{"name":"pets"}"#);
    let signed = sent.sign(&Signing { session_token: Some(TOKEN), ..signing("apigateway") });
    assert_eq!(signed.signature, "a8c6c30ca8303f4a685524ca95f502a51baddf8e2036214734eeeb888db91a30");
    assert_eq!(sent.verify().unwrap().session_token.as_deref(), Some(TOKEN));
}

#[test]
fn a_presigned_call_is_written_as_botocore_writes_it() {
    let mut sent = Sent::new("GET", "/prod/?route=a%20b", &[("Host", HOST)], b"");
    sent.presign(&Signing { session_token: Some(TOKEN), ..signing("execute-api") }, 900);
    assert_eq!(
        String::from_utf8(sent.query.clone()).unwrap(),
        "route=a%20b&X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIDCARDEATEST0000001%2F20260228%2Feu-central-1%2Fexecute-api%2Faws4_request\
         &X-Amz-Date=20260228T235958Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
         &X-Amz-Security-Token=FwoGZXIvYXdzEBYaD%2Btoken%2Fwith%3Dodd%2Bchars%3D%3D\
         &X-Amz-Signature=4b2f82cb873de0cdacc741f199cd28dcd15090b2a17c2a05102d2e3ead6cfbcb"
    );
    assert_eq!(sent.verify().unwrap().session_token.as_deref(), Some(TOKEN));
}

#[test]
fn an_object_of_s3_keeps_its_slashes_and_dots() {
    let mut sent = Sent::new("PUT", "/bucket//a/../b%20c%28d%29", &[("Host", "s3.eu-central-1.amazonaws.com")], b"hello");
    let s3 = Signing { dialect: Dialect::S3, payload_header: PayloadHeader::Hash, ..signing("s3") };
    assert_eq!(sent.sign(&s3).signature, "77a53f10ab14ba37747b885f9ed390091d6231322990fff5521329791b1ca7af");
    assert!(sent.verify_at(NOW, &S3_RULES).is_ok());
}

#[test]
fn a_presigned_object_of_s3_leaves_its_body_open() {
    let mut sent = Sent::new("GET", "/bucket/k%C3%A4se?versionId=1", &[("Host", "s3.eu-central-1.amazonaws.com")], b"");
    sent.presign(&Signing { dialect: Dialect::S3, ..signing("s3") }, 60);
    let query = String::from_utf8(sent.query.clone()).unwrap();
    assert!(query.ends_with("&X-Amz-Signature=919ea4245a32758c5b8e2b68632af95578eaae89cf3984e7442ab1624d5d4762"), "{query}");
    sent.body = b"anything".to_vec();
    assert!(sent.verify_at(NOW, &S3_RULES).is_ok());
}

#[test]
fn an_unsigned_body_passes_at_s3_and_nowhere_else() {
    let mut sent = Sent::new("PUT", "/bucket/key", &[("Host", "s3.eu-central-1.amazonaws.com")], b"hello");
    sent.sign(&Signing { dialect: Dialect::S3, payload_header: PayloadHeader::Unsigned, ..signing("s3") });
    assert!(sent.verify_at(NOW, &S3_RULES).is_ok());
    assert!(sent.verify().is_err());
    sent.sign(&Signing { payload_header: PayloadHeader::Unsigned, ..signing("execute-api") });
    assert!(sent.verify().is_err());
}
