//! AWS's words for everything that can be wrong.

use base64::Engine;
use sigv4::{Failure, Rules, SIGNED_HEADERS_MAX, Signing, TokenPlace};

use crate::bench::{HOST, NOW, SECRET, Sent, signed_call, signing};

const INCOMPLETE: &str = "IncompleteSignatureException";
const INVALID: &str = "InvalidSignatureException";

fn hashed(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(digest)
}

fn with_authorization(text: &str) -> Sent {
    Sent::new("GET", "/prod", &[("Host", HOST), ("Authorization", text)], b"")
}

#[test]
fn a_request_without_a_signature_misses_a_token() {
    let missing = ("MissingAuthenticationTokenException", "Missing Authentication Token".to_owned());
    assert_eq!(Sent::new("GET", "/prod?X-Amz-Date=1&x=2", &[("Host", HOST)], b"").refusal(), missing);
    assert_eq!(with_authorization(" ").refusal(), missing);
}

#[test]
fn a_bearer_token_lacks_an_equal_sign() {
    for text in ["Bearer abc.def", "allow"] {
        let want = format!(
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '{}'.",
            hashed(text)
        );
        assert_eq!(with_authorization(text).refusal(), (INCOMPLETE, want));
    }
}

#[test]
fn a_header_is_told_what_it_lacks_and_nothing_else() {
    let hash = |text: &str| format!("(Hashed with SHA-256 and encoded with Base64) Authorization={}", hashed(text));
    let bearer = "Bearer abc==";
    let all = "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
               Authorization header requires 'SignedHeaders' parameter. \
               Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    assert_eq!(with_authorization(bearer).refusal(), (INCOMPLETE, format!("{all}{}", hash(bearer))));
    let text = "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host";
    let mut sent = with_authorization(text);
    sent.set("Date", "Sat, 28 Feb 2026 23:59:58 GMT");
    assert_eq!(sent.refusal(), (INCOMPLETE, format!("Authorization header requires 'Signature' parameter. {}", hash(text))));
}

#[test]
fn a_presigned_query_is_told_what_it_lacks() {
    let sent =
        Sent::new("GET", "/prod?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-SignedHeaders=host", &[("Host", HOST)], b"");
    let want = "AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-Date'. \
                Re-examine the query-string parameters.";
    assert_eq!(sent.refusal(), (INCOMPLETE, want.to_owned()));
}

#[test]
fn a_malformed_part_is_named() {
    let authorization = |algorithm: &str, credential: &str| {
        let mut sent = with_authorization(&format!("{algorithm} Credential={credential}, SignedHeaders=host, Signature=0"));
        sent.set("X-Amz-Date", "20260228T235958Z");
        sent
    };
    let (_, text) = authorization("AWS4-ECDSA-P256-SHA256", "a/b/c/d/e").refusal();
    assert_eq!(text, "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now).");
    for credential in ["a/b/c/d", "a/b/c/d/e/f", ""] {
        let want =
            format!("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'");
        assert_eq!(authorization("AWS4-HMAC-SHA256", credential).refusal(), (INCOMPLETE, want));
    }
    let mut sent = signed_call();
    sent.set("X-Amz-Date", "yesterday");
    let want = "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601";
    assert_eq!(sent.refusal(), (INCOMPLETE, want.to_owned()));
}

#[test]
fn a_presigned_life_is_a_number_of_seconds_up_to_a_week() {
    for (expires, is_good) in [("1", true), ("604800", true), ("604801", false), ("0", false), ("-1", false), ("+5", false), ("", false)] {
        let target = format!(
            "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/b/c/d/e&X-Amz-Signature=0&X-Amz-SignedHeaders=host\
             &X-Amz-Date=20260228T235958Z&X-Amz-Expires={}",
            expires.replace('+', "%2B")
        );
        let parsed = sigv4::parse(&Sent::new("GET", &target, &[("Host", HOST)], b"").request());
        assert_eq!(parsed.is_ok(), is_good, "{expires}: {parsed:?}");
        assert!(is_good || parsed == Err(Failure::MalformedExpiry(expires.to_owned())));
    }
}

#[test]
fn all_that_is_wrong_with_a_scope_is_told_at_once() {
    let sent = signed_call();
    let claim = sigv4::parse(&sent.request()).unwrap();
    let wrong = sigv4::Claim { day: "20260301".to_owned(), terminator: "aws5".to_owned(), ..claim.clone() };
    let rules = Rules { region: Some("us-east-1"), service: Some("apigateway"), ..Rules::default() };
    let failure = sigv4::check(&wrong, &sent.request(), NOW, &rules).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'apigateway'. \
         Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'. \
         Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
         '20260301' != '20260228', from '20260228T235958Z'. "
    );
    assert_eq!(failure.exception().name(), INVALID);
    let rules = Rules { region: Some("eu-central-1"), service: Some("execute-api"), ..Rules::default() };
    assert_eq!(sigv4::check(&claim, &sent.request(), NOW, &rules), Ok(()));
}

#[test]
fn a_signature_lives_five_minutes_either_way_to_the_second() {
    let sent = signed_call();
    for offset in [-300, 0, 300] {
        assert!(sent.verify_at(NOW + offset, &Rules::default()).is_ok(), "{offset}");
    }
    assert_eq!(
        sent.verify_at(NOW + 301, &Rules::default()).unwrap_err().to_string(),
        "Signature expired: 20260228T235958Z is now earlier than 20260228T235959Z (20260301T000459Z - 5 min.)"
    );
    assert_eq!(
        sent.verify_at(NOW - 301, &Rules::default()).unwrap_err().to_string(),
        "Signature not yet current: 20260228T235958Z is still later than 20260228T235957Z (20260228T235457Z + 5 min.)"
    );
}

#[test]
fn a_presigned_request_lives_as_long_as_it_says() {
    let mut sent = Sent::new("GET", "/prod", &[("Host", HOST)], b"");
    sent.presign(&signing("execute-api"), 900);
    assert!(sent.verify_at(NOW + 900, &Rules::default()).is_ok());
    assert!(sent.verify_at(NOW - 300, &Rules::default()).is_ok());
    assert!(matches!(sent.verify_at(NOW + 901, &Rules::default()), Err(Failure::Expired { allowed_seconds: 900, .. })));
    assert!(matches!(sent.verify_at(NOW - 301, &Rules::default()), Err(Failure::NotYetCurrent { allowed_seconds: 300, .. })));
}

#[test]
fn the_host_the_date_and_every_amz_header_must_be_covered() {
    let mut sent = Sent::new("GET", "/prod", &[("X-Other", "1")], b"");
    sent.sign(&signing("execute-api"));
    sent.set("Host", HOST);
    assert_eq!(sent.refusal(), (INVALID, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned()));

    let mut sent = signed_call();
    sent.set("X-Amz-Target", "Something.Else");
    assert_eq!(sent.refusal(), (INVALID, "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.".to_owned()));

    let mut sent = signed_call();
    sent.headers.retain(|(name, _)| name != "x-amz-date");
    sent.set("Date", "20260228T235958Z");
    assert_eq!(sent.refusal(), (INVALID, "'date' must be a 'SignedHeader' in the AWS Authorization.".to_owned()));
}

#[test]
fn a_token_may_be_added_when_all_is_signed() {
    let mut sent = Sent::new("GET", "/prod", &[("Host", HOST)], b"");
    sent.sign(&Signing { session_token: Some("t"), token_place: TokenPlace::AddedAfter, ..signing("execute-api") });
    let claim = sent.verify().unwrap();
    assert_eq!((claim.session_token.as_deref(), claim.signed_headers.len()), (Some("t"), 2));
}

#[test]
fn a_path_may_be_signed_as_it_is() {
    for path in ["/prod//pets/./7", "/prod/a/../b/", "//"] {
        let mut sent = Sent::new("GET", path, &[("Host", HOST)], b"");
        sent.sign(&Signing { dialect: sigv4::Dialect::Unfolded, ..signing("execute-api") });
        assert!(sent.verify().is_ok(), "{path}");
        sent.path.extend(b"x");
        assert!(sent.verify().is_err(), "{path}");
    }
}

#[test]
fn another_secret_is_shown_what_we_hashed() {
    let sent = signed_call();
    let claim = sigv4::parse(&sent.request()).unwrap();
    let failure = sigv4::verify(&claim, "wrong", &sent.request(), NOW, &Rules::default()).unwrap_err();
    let signed = sigv4::sign(&signing("execute-api"), &sent.request());
    assert_eq!(
        failure.to_string(),
        format!(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and \
             signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n\
             '{}'\n\nThe String-to-Sign should have been\n'{}'\n",
            signed.canonical_request, signed.string_to_sign
        )
    );
    assert!(!failure.to_string().contains(SECRET));
    assert!(!failure.to_string().contains(&signed.signature));
}

#[test]
fn a_declared_hash_must_be_the_bodys() {
    let mut sent = Sent::new("POST", "/prod", &[("Host", HOST)], b"one");
    sent.sign(&Signing { payload_header: sigv4::PayloadHeader::Hash, ..signing("execute-api") });
    assert!(sent.verify().is_ok());
    sent.body = b"two".to_vec();
    assert!(matches!(sent.verify(), Err(Failure::Mismatch(_))));
}

#[test]
fn the_names_of_signed_headers_are_bounded() {
    let names = |count: usize| (0..count).map(|at| format!("h{at}")).collect::<Vec<_>>().join(";");
    for (count, is_good) in [(SIGNED_HEADERS_MAX, true), (SIGNED_HEADERS_MAX + 1, false)] {
        let mut sent = with_authorization(&format!("AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders={}, Signature=0", names(count)));
        sent.set("X-Amz-Date", "20260228T235958Z");
        assert_eq!(sigv4::parse(&sent.request()).is_ok(), is_good, "{count}");
    }
}
