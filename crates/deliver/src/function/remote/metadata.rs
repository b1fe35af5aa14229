//! Keys that the machine hands out: the container's agent, and the instance metadata service, version 2. Plain HTTP to link-local and
//! loopback addresses, one connection a question.

use super::credentials::{Environment, Keys, METADATA_TIMEOUT};
use base::world::{Day, Timestamp};
use h1::{BodyLength, Client, ClientNext, Limits, Method, RequestWriter, ResponseHead};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of an answer at most.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
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
fn moment(text: &str) -> Option<Timestamp> {
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
    match tokio::time::timeout(METADATA_TIMEOUT, exchange(method, url, fields)).await {
        Ok(answered) => answered,
        Err(_) => Err(format!("{url} did not answer in time")),
    }
}

async fn exchange(method: &str, url: &str, fields: &[(&str, &str)]) -> Result<String, String> {
    let rest = url.strip_prefix("http://").ok_or("only plain HTTP is spoken to metadata services")?;
    let (authority, target) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let address =
        if authority.rsplit(']').next().is_some_and(|tail| tail.contains(':')) { authority.to_owned() } else { format!("{authority}:80") };
    let mut stream = TcpStream::connect(&address).await.map_err(|why| format!("{address}: {why}"))?;
    let mut out = Vec::new();
    let mut writer = RequestWriter::start(&mut out, method, target, authority).map_err(|why| why.because.to_owned())?;
    for (name, value) in fields {
        writer.field(name, value.as_bytes()).map_err(|why| why.because.to_owned())?;
    }
    writer.finish(BodyLength::None, h1::Connection::Close);
    let mut client = Client::new();
    if !client.begin(Method::of(method.as_bytes()), false, BodyLength::None) {
        return Err("a new connection is not free".to_owned());
    }
    client.finish_request(&mut out).map_err(|_| "the request cannot be framed")?;
    client.mark_sent();
    stream.write_all(&out).await.map_err(|why| why.to_string())?;
    let limits = Limits { body_bytes_max: ANSWER_BYTES_MAX, ..Limits::for_upstreams() };
    let (mut bytes, mut head) = (Vec::new(), ResponseHead::default());
    loop {
        match client.next(&mut bytes, &mut head, &limits) {
            ClientNext::Answer => break,
            ClientNext::Read => {}
            ClientNext::Bad(why) => return Err(why.because.to_owned()),
            ClientNext::Nothing => return Err("nothing was asked".to_owned()),
        }
        if stream.read_buf(&mut bytes).await.map_err(|why| why.to_string())? == 0 {
            return Err("the connection ended before the answer".to_owned());
        }
    }
    let mut from = 0;
    loop {
        let decoded = client.body(&mut bytes, from).map_err(|why| format!("{why:?}"))?;
        from = bytes.len();
        if decoded.end {
            break;
        }
        if stream.read_buf(&mut bytes).await.map_err(|why| why.to_string())? == 0 {
            client.end_of_input().map_err(|why| format!("{why:?}"))?;
            break;
        }
    }
    if head.status() != 200 {
        return Err(format!("{url} answered {}", head.status()));
    }
    String::from_utf8(bytes).map_err(|_| "the answer is no text".to_owned())
}
