//! Those who sign in golden cases: `root`, users of the API's own account and of another, and the session of a role.

use admit::identity::{EXECUTE_API, Identity, Keys, Kind, Powers};
use base::gate::Signer;
use base::world::Timestamp;
use iam::{Form, Policy};
use sigv4::{Dialect, Payload, PayloadHeader, Request, Signing, TokenPlace};
use std::fmt::Write;
use std::sync::Arc;

/// The account of every API of the cases.
const OURS: &str = "111111111111";
const OTHERS: &str = "222222222222";
/// What the session must bring along.
const TOKEN: &str = "token-of-guest";
/// When the session ends: an hour after the cases begin.
const SESSION_END: Timestamp = Timestamp(1_795_352_400_000);

/// Their names, accounts, and the statements of their own policies.
const ALL: &[(&str, &str, &str)] = &[
    ("root", OURS, ""),
    ("ann", OURS, ""),
    ("bob", OURS, r#"{"Effect":"Allow","Action":"execute-api:*","Resource":"*"}"#),
    ("mal", OURS, r#"{"Sid":"NoDogs","Effect":"Deny","Action":"execute-api:Invoke","Resource":"*/dogs"}"#),
    ("eve", OTHERS, r#"{"Effect":"Allow","Action":"execute-api:*","Resource":"*"}"#),
    ("kim", OTHERS, ""),
    ("guest", OURS, r#"{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*/GET/*"}"#),
];

/// All of them.
pub(crate) struct Signers;

impl Keys for Signers {
    fn find(&self, access_key: &str) -> Option<Arc<Identity>> {
        ALL.iter().find(|(name, ..)| access_key_of(name) == access_key).map(|(name, account, statement)| {
            let (kind, id, arn) = match *name {
                "root" => (Kind::Root, (*account).to_owned(), "iam::111111111111:root".to_owned()),
                "guest" => {
                    let role_arn = format!("arn:aws:iam::{account}:role/Guests").into();
                    let kind = Kind::Session { role_arn, token: TOKEN.into(), expires: SESSION_END };
                    (kind, "AROAGUESTS:me".to_owned(), format!("sts::{account}:assumed-role/Guests/me"))
                }
                name => {
                    (Kind::User { name: name.into() }, format!("AIDA{}", name.to_ascii_uppercase()), format!("iam::{account}:user/{name}"))
                }
            };
            let policy = |statement: &str| {
                let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
                Policy::parse(&text, Form::Identity).unwrap()
            };
            let powers = match kind {
                Kind::Root => Powers::Everything,
                _ => Powers::These([policy(statement)].into()),
            };
            let signer =
                Signer { access_key: access_key.into(), account: (*account).into(), id: id.into(), arn: format!("arn:aws:{arn}").into() };
            Arc::new(Identity { secret: secret_of(name).into(), signer: Arc::new(signer), kind, powers })
        })
    }
}

fn access_key_of(name: &str) -> String {
    format!("AKIA{}", name.to_ascii_uppercase())
}

fn secret_of(name: &str) -> String {
    format!("the secret of {name}")
}

/// Adds a signature to a head: `name`'s, with somebody else's secret for `NAME badly`, without its token for `NAME alone`.
pub(crate) fn sign(head: &mut String, body: &str, how: &str, now: Timestamp) {
    let (name, way) = how.split_once(' ').unwrap_or((how, ""));
    let mut lines = head.lines();
    let (method, target) = lines.next().and_then(|line| line.split_once(' ')).unwrap();
    let target = target.trim_end_matches(" HTTP/1.1");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let fields: Vec<(&str, &[u8])> = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name, value.as_bytes())).collect();
    let secret = secret_of(if way == "badly" { "nobody" } else { name });
    let signing = Signing {
        access_key: &access_key_of(name),
        secret: &secret,
        session_token: (name == "guest" && way != "alone").then_some(TOKEN),
        token_place: TokenPlace::Signed,
        region: if way == "elsewhere" { "eu-west-1" } else { "us-east-1" },
        service: if way == "to another service" { "lambda" } else { EXECUTE_API },
        now: i64::try_from(now.seconds()).unwrap() - if way == "late" { 301 } else { 0 },
        dialect: Dialect::Standard,
        payload_header: PayloadHeader::Absent,
    };
    let request =
        Request { method, path: path.as_bytes(), query: query.as_bytes(), headers: fields, payload: Payload::Bytes(body.as_bytes()) };
    let added: String = sigv4::sign(&signing, &request).headers.into_iter().fold(String::new(), |mut all, (name, value)| {
        writeln!(all, "{name}: {value}").unwrap();
        all
    });
    head.push_str(&added);
}
