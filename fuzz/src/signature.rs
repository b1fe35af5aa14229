//! Signatures. An input is a request as text: a line `VERB target`, a line `name: value` for each header, a blank line, a body. It is
//! judged as it comes; and signed, it must be taken, and with a byte changed it must not.

use crate::naive::is_token;
use base::api::dispatch::Ask;
use base::api::{Credentials, Identity, trusted, verified};
use base::store::Realm;
use base::world::Timestamp;
use sigv4::{Dialect, Payload, PayloadHeader, Request, SIGNED_HEADERS_MAX, Signing, TokenPlace, sign};

/// Noon of 2026-11-22.
const NOW: i64 = 1_795_348_800;
const ACCESS_KEY: &str = "AKIAFUZZ";
const SECRET: &str = "a secret that is none";
const SERVICE: &str = "apigateway";

struct One;

impl Credentials for One {
    fn identity(&self, access_key_id: &str) -> Option<Identity> {
        (access_key_id == ACCESS_KEY).then(|| Identity { secret: SECRET.into(), account: "111111111111".into() })
    }
}

fn read(text: &str) -> Ask {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let (method, target) = lines.next().unwrap_or_default().split_once(' ').unwrap_or(("GET", "/"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.map(|line| line.split_once(':').unwrap_or((line, ""))).map(|(name, value)| (name.into(), value.into()));
    Ask { method: method.into(), path: path.into(), query: query.into(), headers: headers.collect(), body: body.into() }
}

/// Is it taken?
fn judged(ask: &Ask) -> bool {
    match verified(ask, &[SERVICE], &One, Timestamp(NOW as u64 * 1_000)) {
        Ok(caller) => {
            assert_eq!((&*caller.name, &*caller.realm.account), (ACCESS_KEY, "111111111111"));
            true
        }
        Err(why) => {
            let (status, name) = why.wire();
            assert!((400..500).contains(&status) && name.ends_with("Exception"), "{why:?}");
            false
        }
    }
}

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut ask = read(&text);
    let home = Realm::new("000000000000", "us-east-1");
    assert_eq!(trusted(&ask, &home).realm.account, home.account);
    judged(&ask);

    // What no connection would bring.
    let is_text = |value: &[u8]| value.iter().all(|byte| *byte >= b' ' && *byte != 0x7f);
    ask.headers.retain(|(name, value)| is_token(name.as_bytes()) && is_text(value));
    if !is_token(ask.method.as_bytes()) || !ask.path.starts_with('/') {
        return;
    }
    // What signs sets these itself, and one that says them in the query says them twice.
    ask.headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("x-amz-") && !name.eq_ignore_ascii_case("authorization"));
    if !ask.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        ask.headers.push(("host".into(), b"a.test".to_vec()));
    }
    let could_be_presigned = base::api::decode_form(&ask.query).is_none_or(|query| query.to_ascii_lowercase().contains("x-amz-"));
    if could_be_presigned || ask.headers.len() >= SIGNED_HEADERS_MAX {
        return;
    }
    let request = Request {
        method: &ask.method,
        path: ask.path.as_bytes(),
        query: ask.query.as_bytes(),
        headers: ask.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())),
        payload: Payload::Bytes(&ask.body),
    };
    let signing = Signing {
        access_key: ACCESS_KEY,
        secret: SECRET,
        session_token: None,
        token_place: TokenPlace::Signed,
        region: "us-east-1",
        service: SERVICE,
        now: NOW,
        dialect: Dialect::Standard,
        payload_header: PayloadHeader::Absent,
    };
    let headers = sign(&signing, &request).headers;
    ask.headers.extend(headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())));
    assert!(judged(&ask), "what was signed is taken: {ask:?}");

    let changes: [fn(&mut Ask); 4] =
        [|ask| ask.body.push(b'x'), |ask| ask.method.push('X'), |ask| ask.path.push_str("/x"), |ask| ask.query.push_str("&x")];
    for change in changes {
        let mut changed = ask.clone();
        change(&mut changed);
        assert!(!judged(&changed), "it was signed otherwise: {changed:?}");
    }
}
