//! Sessions of roles: what an integration's `credentials` name is assumed at STS, once for all data threads, and anew before it ends.
//!
//! The Query protocol, signed with this process's own keys. The session has AWS's name, so that trust policies and trails which look for
//! it find it. What STS says no to is believed for a few seconds: a wrong role must not become a flood.

use super::credentials::{Credentials, Keys};
use super::endpoint::{Endpoint, suffix};
use super::metadata::moment;
use super::question::{self, Question};
use crate::mapping::{Place, push_encoded};
use crate::upstream::{Target, Tls, Trust};
use arc_swap::ArcSwap;
use base::world::{BoxFuture, Clock};
use sigv4::{Dialect, Payload, PayloadHeader, Request, Signing, TokenPlace};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Seen: the atlas, integrations §3.6.
const SESSION: &str = "BackplaneAssumeRoleSession";
const VERSION: &str = "2011-06-15";
/// Seconds a session lasts: all that a role must allow.
const SESSION_SECONDS: u32 = 3600;
/// Roles whose sessions are kept. With more, all are forgotten, and assumed again as they are wanted.
const ROLES_MAX: usize = 1024;
/// How long STS may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of STS's message that the operator is told.
const MESSAGE_BYTES_MAX: usize = 512;

/// The sessions of this process.
pub(super) struct Sessions {
    /// Read without a lock.
    by_role: ArcSwap<HashMap<Box<str>, Credentials>>,
    /// One new role at a time.
    making: Mutex<()>,
    asker: Arc<Asker>,
    background: tokio::runtime::Handle,
}

/// Whoever asks STS.
struct Asker {
    own: Credentials,
    sts: Option<Endpoint>,
    region: String,
    clock: Clock,
    tls: Arc<Tls>,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sessions({})", self.by_role.load().len())
    }
}

impl Sessions {
    /// None yet.
    pub(super) fn new(
        own: Credentials,
        sts: Option<Endpoint>,
        region: String,
        clock: Clock,
        tls: Arc<Tls>,
        background: tokio::runtime::Handle,
    ) -> Sessions {
        let asker = Arc::new(Asker { own, sts, region, clock, tls });
        Sessions { by_role: ArcSwap::default(), making: Mutex::default(), asker, background }
    }

    /// The session of a role. It begins when its keys are first wanted.
    pub(super) fn of(&self, role: &str) -> Credentials {
        if let Some(known) = self.by_role.load().get(role) {
            return known.clone();
        }
        let _one = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let mut roles = HashMap::clone(&self.by_role.load());
        if let Some(known) = roles.get(role) {
            return known.clone();
        }
        if roles.len() >= ROLES_MAX {
            roles.clear();
        }
        let (asker, name): (_, Arc<str>) = (self.asker.clone(), role.into());
        let look = move || -> BoxFuture<'static, Result<Keys, String>> {
            let (asker, name) = (asker.clone(), name.clone());
            Box::pin(async move { asker.assume(&name).await })
        };
        let session = Credentials::found_by(look, self.asker.clock.clone(), &self.background);
        roles.insert(role.into(), session.clone());
        self.by_role.store(Arc::new(roles));
        session
    }
}

impl Asker {
    async fn assume(&self, role: &str) -> Result<Keys, String> {
        let refused = |why: String| format!("API Gateway does not have permission to assume the provided role {role}: {why}");
        let keys = self.own.keys().await.map_err(refused)?;
        let partition = role.split(':').nth(1).unwrap_or("aws");
        let (target, path) = match &self.sts {
            Some(sts) => (sts.target.clone(), format!("{}/", sts.path)),
            None => {
                let authority = format!("sts.{}.{}", self.region, suffix(partition));
                let target = Target::parse("https", &authority, Trust::Authorities);
                (Arc::new(target.ok_or_else(|| format!("the region {} has no STS", self.region))?), "/".to_owned())
            }
        };
        let mut body = format!("Action=AssumeRole&Version={VERSION}&RoleSessionName={SESSION}&DurationSeconds={SESSION_SECONDS}&RoleArn=");
        let mut encoded = Vec::new();
        push_encoded(&mut encoded, role.as_bytes(), Place::Parameter);
        body.push_str(&String::from_utf8_lossy(&encoded));
        let (status, text) = self.ask(&target, &path, &body, &keys).await.map_err(refused)?;
        if status != 200 {
            return Err(refused(said(status, &text)));
        }
        session(&text).ok_or_else(|| format!("STS answered for the role {role} with what is no session"))
    }

    async fn ask(&self, target: &Target, path: &str, body: &str, keys: &Keys) -> Result<(u16, String), String> {
        let fields = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "text/xml"), ("User-Agent", "AmazonAPIGateway")];
        let signing = Signing {
            access_key: &keys.access_key,
            secret: &keys.secret,
            session_token: keys.session_token.as_deref(),
            token_place: TokenPlace::Signed,
            region: &self.region,
            service: "sts",
            now: i64::try_from(self.clock.wall().seconds()).unwrap_or(i64::MAX),
            dialect: Dialect::Standard,
            payload_header: PayloadHeader::Absent,
        };
        let host = std::iter::once(("host", target.authority().as_bytes()));
        let request = Request {
            method: "POST",
            path: path.as_bytes(),
            query: b"",
            headers: host.chain(fields.iter().map(|(name, value)| (*name, value.as_bytes()))),
            payload: Payload::Bytes(body.as_bytes()),
        };
        let signed = sigv4::sign(&signing, &request);
        let own = signed.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<(&str, &str)> = fields.into_iter().chain(own).collect();
        let question = Question { method: "POST", path, fields: &fields, body: Some(body.as_bytes()) };
        question::ask(target, &question, Some(&self.tls), TIMEOUT).await
    }
}

/// What STS says no with.
fn said(status: u16, text: &str) -> String {
    let (code, message) = (member(text, "Code").unwrap_or_default(), member(text, "Message").unwrap_or_default());
    let end = message.floor_char_boundary(MESSAGE_BYTES_MAX.min(message.len()));
    format!("STS answered {status} {code}: {}", &message[..end])
}

fn session(text: &str) -> Option<Keys> {
    let credentials = member(text, "Credentials")?;
    let read = |name: &str| member(credentials, name).map(str::trim).filter(|value| !value.is_empty());
    Some(Keys {
        access_key: read("AccessKeyId")?.into(),
        secret: read("SecretAccessKey")?.into(),
        session_token: Some(read("SessionToken")?.into()),
        expires: Some(read("Expiration").and_then(moment)?),
    })
}

/// The text of the first element of this name. STS's answers are plain: no attributes, and values that need no escapes.
fn member<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
        <AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s/+=</SecretAccessKey><SessionToken>t</SessionToken>\
        <Expiration>2026-11-22T13:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";

    #[test]
    fn a_session_is_read_from_stss_answer() {
        let keys = session(ANSWER).unwrap();
        assert_eq!((&*keys.access_key, &*keys.secret, keys.session_token.as_deref()), ("ASIA1", "s/+=", Some("t")));
        assert_eq!(keys.expires.map(|at| at.0), Some(1_795_352_400_000));
        for lost in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "Credentials"] {
            assert_eq!(session(&ANSWER.replace(lost, "Other")), None, "{lost}");
        }
    }

    #[test]
    fn what_sts_says_no_with_is_told() {
        let text = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>No.</Message></Error></ErrorResponse>";
        assert_eq!(said(403, text), "STS answered 403 AccessDenied: No.");
        assert_eq!(said(500, "?"), "STS answered 500 : ");
        let long = format!("<Code>C</Code><Message>{}</Message>", "é".repeat(600));
        assert!(said(400, &long).len() < 600);
    }
}
