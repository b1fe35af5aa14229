//! What is signed is taken, what was changed since is not; and nothing of a stranger makes us wait for its body.

use super::step::*;
use base::gate::{Exchange, Lane, RefusalKind, Signer, StageFacts};
use base::world::{Clock, Dice, Timestamp};
use h1::{HeadLimits, Parsed};
use sigv4::{Dialect, Payload, PayloadHeader, Request, Signing, TokenPlace};
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;

const NOON: Timestamp = Timestamp(1_795_348_800_000);
const SECRET: &str = "a secret that is none";

struct Root;

impl Keys for Root {
    fn find(&self, access_key: &str) -> Option<Arc<Identity>> {
        let signer = |account: &str| Signer {
            access_key: access_key.into(),
            account: account.into(),
            id: account.into(),
            arn: "arn:aws:iam::111111111111:root".into(),
        };
        (access_key == "AKIAROOT").then(|| {
            let signer = Arc::new(signer("111111111111"));
            Arc::new(Identity { secret: SECRET.into(), signer, kind: Kind::Root, powers: Powers::Everything })
        })
    }
}

fn exchange(head: &str) -> Exchange {
    let mut ex = Exchange::new(Rc::new(Lane::new(0, 0, Clock::manual(NOON), Dice::seeded(7))));
    let mut bytes = format!("{}\r\n\r\n", head.trim_end().replace('\n', "\r\n")).into_bytes();
    assert_eq!(ex.request.head.parse(&mut bytes, &HeadLimits::default()), Ok(Parsed::Complete), "{head}");
    ex.place.stage = Some(Arc::new(StageFacts { account: "111111111111".into(), region: "us-east-1".into(), ..StageFacts::default() }));
    ex.arrive();
    ex
}

fn signing(payload_header: PayloadHeader) -> Signing<'static> {
    Signing {
        access_key: "AKIAROOT",
        secret: SECRET,
        session_token: None,
        token_place: TokenPlace::Signed,
        region: "us-east-1",
        service: EXECUTE_API,
        now: NOON.seconds() as i64,
        dialect: Dialect::Standard,
        payload_header,
    }
}

const HOST: (&str, &[u8]) = ("Host", b"a1.execute-api.us-east-1.amazonaws.com");

/// A request that is signed in its header.
fn signed(verb: &str, path: &str, query: &str, body: &[u8], payload_header: PayloadHeader) -> String {
    let request = Request { method: verb, path: path.as_bytes(), query: query.as_bytes(), headers: [HOST], payload: Payload::Bytes(body) };
    let signed = sigv4::sign(&signing(payload_header), &request);
    let mut head = format!("{verb} {path}?{query} HTTP/1.1\nHost: {}\n", String::from_utf8_lossy(HOST.1));
    for (name, value) in signed.headers {
        writeln!(head, "{name}: {value}").unwrap();
    }
    head
}

/// Who it is, or the refusal's kind and text.
fn judged(head: &str, body: &[u8]) -> Result<String, (RefusalKind, String)> {
    let ex = exchange(head);
    let proved = Claimed::of(&ex, &Root).and_then(|claimed| claimed.prove(&ex, Payload::hashed(body)));
    proved.map(|identity| identity.signer.arn.to_string()).map_err(|refusal| (refusal.kind, refusal.message.text().unwrap_or("").into()))
}

fn kind(head: &str, body: &[u8]) -> Option<RefusalKind> {
    judged(head, body).err().map(|(kind, _)| kind)
}

#[test]
fn a_signed_request_is_its_signers_whole() {
    let head = signed("POST", "/prod/pets/a%20b", "b=2&a=1", b"{\"a\":1}", PayloadHeader::Absent);
    assert_eq!(judged(&head, b"{\"a\":1}"), Ok("arn:aws:iam::111111111111:root".into()));
    assert_eq!(kind(&head, b"{\"a\":2}"), Some(RefusalKind::InvalidSignature));
    for (from, to) in
        [("POST", "PUT"), ("/pets/", "/cats/"), ("a%20b", "a%2520b"), ("b=2", "b=3"), ("?b=2", "?c=2&b=2"), ("a1.exec", "a2.exec")]
    {
        assert_eq!(kind(&head.replacen(from, to, 1), b"{\"a\":1}"), Some(RefusalKind::InvalidSignature), "{from} {to}");
    }
    assert_eq!(kind(&format!("{head}X-Amz-Meta: x\n"), b"{\"a\":1}"), Some(RefusalKind::InvalidSignature));
    assert_eq!(kind(&format!("{head}X-Other: x\n"), b"{\"a\":1}"), None);
}

#[test]
fn a_hash_that_is_told_is_held_against_the_body() {
    let head = signed("POST", "/prod/pets", "", b"body", PayloadHeader::Hash);
    assert!(head.to_lowercase().contains("x-amz-content-sha256"));
    assert_eq!(kind(&head, b"body"), None);
    assert_eq!(kind(&head, b"other"), Some(RefusalKind::InvalidSignature));
}

#[test]
fn a_presigned_request_lives_as_long_as_it_says() {
    let request = Request { method: "GET", path: b"/prod/pets", query: b"a=1", headers: [HOST], payload: Payload::Bytes(b"") };
    let presigned = sigv4::presign(&signing(PayloadHeader::Absent), &request, 60);
    let head = format!("GET /prod/pets?{} HTTP/1.1\nHost: {}\n", presigned.query, String::from_utf8_lossy(HOST.1));
    assert_eq!(kind(&head, b""), None);
    let ex = |seconds: u64| {
        let mut ex = exchange(&head);
        ex.received = Timestamp(NOON.0 + seconds * 1_000);
        Claimed::of(&ex, &Root).err().map(|refusal| refusal.kind)
    };
    assert_eq!((ex(60), ex(61)), (None, Some(RefusalKind::InvalidSignature)));
    assert_eq!(kind(&head.replace("a=1", "a=2"), b""), Some(RefusalKind::InvalidSignature));
}

#[test]
fn strangers_are_told_before_their_body_is_asked_for() {
    let head = signed("POST", "/prod/pets", "", b"body", PayloadHeader::Absent);
    let early = |head: &str| Claimed::of(&exchange(head), &Root).err().map(|refusal| refusal.kind);
    assert_eq!(early(&head), None);
    assert_eq!(early(&head.replace("AKIAROOT", "AKIAOTHER")), Some(RefusalKind::UnrecognizedClient));
    assert_eq!(early(&head.replace("us-east-1/execute-api", "us-east-2/execute-api")), Some(RefusalKind::InvalidSignature));
    assert_eq!(early("POST /prod/pets HTTP/1.1\nHost: a\n"), Some(RefusalKind::MissingAuthenticationToken));
    assert_eq!(early("POST /prod/pets HTTP/1.1\nHost: a\nAuthorization: Basic abc\n"), Some(RefusalKind::IncompleteSignature));
    let unknown = Claimed::of(&exchange(&head), &()).err().map(|refusal| refusal.kind);
    assert_eq!(unknown, Some(RefusalKind::UnrecognizedClient));
}
