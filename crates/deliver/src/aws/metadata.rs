//! Keys that the machine hands out: the container's agent, and the instance metadata service, version 2. Plain HTTP to link-local and
//! loopback addresses, one connection a question.

use super::credentials::{Environment, Keys, METADATA_TIMEOUT};
use super::question::{self, Question};
use crate::upstream::{Target, Trust};
use base::world::{Day, Timestamp};
use serde::Deserialize;

/// Where the container's agent listens.
const CONTAINER_HOST: &str = "169.254.170.2";
/// Who may be asked for a container's keys: what is sent there is a secret.
const CONTAINER_HOSTS: [&str; 5] = [CONTAINER_HOST, "169.254.170.23", "127.0.0.1", "localhost", "[fd00:ec2::23]"];
const INSTANCE: &str = "http://169.254.169.254";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HandedOut {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<String>,
}

impl HandedOut {
    fn keys(text: &str) -> Result<Keys, String> {
        let handed: HandedOut = serde_json::from_str(text).map_err(|why| format!("the keys handed out cannot be read: {why}"))?;
        Ok(Keys {
            access_key: handed.access_key_id.into(),
            secret: handed.secret_access_key.into(),
            session_token: handed.token.map(Into::into),
            expires: handed.expiration.as_deref().and_then(moment),
        })
    }
}

/// `2026-11-22T17:00:00Z`.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let (day, time) = text.split_once('T')?;
    let mut parts = time.get(..8)?.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    Some(Timestamp(Day::parse(day)?.start().0 + (hours * 3600 + minutes * 60 + seconds) * 1000))
}

/// A container's keys; `None` outside of containers.
pub(super) async fn container(environment: &Environment) -> Result<Option<Keys>, String> {
    let url = match (environment.text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), environment.text("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
        (Some(path), _) => format!("http://{CONTAINER_HOST}{path}"),
        (None, Some(url)) => url,
        (None, None) => return Ok(None),
    };
    let token = match environment.text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(path) => Some(tokio::task::spawn_blocking(move || std::fs::read_to_string(path)).await.map_err(|why| why.to_string())?),
        None => environment.text("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Ok),
    };
    let token = token.transpose().map_err(|why| format!("the container's authorization token cannot be read: {why}"))?;
    let host = url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let name = if host.starts_with('[') { host.split_inclusive(']').next() } else { host.split(':').next() };
    if !name.is_some_and(|name| CONTAINER_HOSTS.contains(&name)) {
        return Err("AWS_CONTAINER_CREDENTIALS_FULL_URI is not asked: it is no plain HTTP to the container's agent or to loopback".into());
    }
    let fields: Vec<(&str, &str)> = token.as_deref().map(|token| ("Authorization", token.trim())).into_iter().collect();
    let text = ask("GET", &url, &fields).await.map_err(|why| format!("the container's agent gives no keys: {why}"))?;
    HandedOut::keys(&text).map(Some)
}

/// An instance's keys.
pub(super) async fn instance(environment: &Environment) -> Result<Keys, String> {
    let base = environment.text("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| INSTANCE.to_owned());
    let base = base.trim_end_matches('/');
    let token = ask("PUT", &format!("{base}/latest/api/token"), &[("X-aws-ec2-metadata-token-ttl-seconds", "21600")]).await?;
    let fields = [("X-aws-ec2-metadata-token", token.trim())];
    let roles = format!("{base}/latest/meta-data/iam/security-credentials/");
    let listed = ask("GET", &roles, &fields).await?;
    let role = listed.lines().next().map(str::trim).filter(|role| !role.is_empty()).ok_or("the instance has no role")?;
    HandedOut::keys(&ask("GET", &format!("{roles}{role}"), &fields).await?)
}

/// One question, one connection.
async fn ask(method: &str, url: &str, fields: &[(&str, &str)]) -> Result<String, String> {
    let rest = url.strip_prefix("http://").ok_or("only plain HTTP is spoken to metadata services")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let target = Target::parse("http", authority, Trust::Authorities).ok_or_else(|| format!("{url} is no URL"))?;
    let question = Question { method, path, fields, body: None };
    match question::ask(&target, &question, None, METADATA_TIMEOUT).await? {
        (200, text) => Ok(text),
        (status, _) => Err(format!("{url} answered {status}")),
    }
}
