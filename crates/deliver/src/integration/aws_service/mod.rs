//! AWS with any service: the request is mapped, signed and sent, and the service's answer is mapped back.
//!
//! The URI says what is asked for ([`uri`]). `path/…` is a path of the service, asked for with the integration's method; `action/Name` is the
//! query parameter `Action` at `/`, and for services that speak JSON `X-Amz-Target` as well ([`services`]). Of the caller's request only what is
//! mapped goes out, as with HTTP integrations. The role in `credentials` is assumed at STS, and signs ([`crate::aws`]).
//!
//! What is odd: an error of the service is an answer like any other, so that with a default response alone a 404 of S3 is a 200 for the
//! caller (observed/aws-integrations.json). The failure to become the role is a 500. Seen: the atlas, integrations §3.6, and execution logs
//! that people have published.

mod services;
#[cfg(test)]
mod tests;
mod uri;

use super::http::reply;
use super::onlooker::Onlooker;
use super::record::Integration;
use super::role::Role;
use super::trace;
use crate::Flaw;
use crate::aws::Keys;
use crate::mapping::{Place, Seen, Source, path_form, push_encoded};
use crate::upstream::{Call, Upstreams, body_length};
use base::gate::{Ask, AskBody, Buffer, Exchange, Refusal, RefusalKind, Reply, RequestBody};
use h1::{Known, Method, OwnField, RequestWriter};
use services::{Named, Protocol};
use sigv4::{Dialect, Payload, PayloadHeader, Request, Signing, TokenPlace};
use std::collections::BTreeMap;
use std::time::Duration;
use uri::{Asked, Destination, ServiceUri};

const API_ID: OwnField = OwnField::new("X-Amzn-Apigateway-Api-Id");
const TRACE_ID: OwnField = OwnField::new("X-Amzn-Trace-Id");
/// Bytes of a body that a data thread hashes by itself.
const HASHED_HERE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a body at most (AWS: 10 MB).
const BODY_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Bytes of a service's id of its answer that are kept.
const REQUEST_ID_BYTES_MAX: usize = 128;
/// What the signature sets: nobody else does.
const OF_THE_SIGNATURE: [&str; 5] = ["host", "authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"];

/// A method's service.
#[derive(Debug)]
pub struct AwsServiceIntegration {
    uri: ServiceUri,
    /// `None`: the caller's.
    method: Option<Box<str>>,
    role: Role,
    timeout: Duration,
}

impl AwsServiceIntegration {
    /// Compiles an integration's record.
    pub fn compile(record: &Integration) -> Result<AwsServiceIntegration, Flaw> {
        let text = record.uri.as_deref().ok_or_else(|| Flaw::new("the integration has no URI"))?;
        let mut sources = BTreeMap::new();
        for (key, expression) in record.request_parameters.iter().flatten() {
            if let Some(name) = key.strip_prefix("integration.request.path.") {
                sources.insert(name.to_owned(), Source::request(expression, path_form(record.kind))?);
            }
        }
        let no_role = || Flaw::new("Role ARN must be specified for AWS integrations");
        let verb = record.http_method.as_deref().filter(|verb| !verb.eq_ignore_ascii_case("ANY"));
        Ok(AwsServiceIntegration {
            uri: ServiceUri::compile(text, &sources)?,
            method: verb.map(Box::from),
            role: Role::compile(record.credentials.as_deref())?.ok_or_else(no_role)?,
            timeout: Duration::from_millis(u64::from(record.timeout_ms)),
        })
    }

    /// Asks the service.
    pub async fn call<O: Onlooker>(
        &self,
        upstreams: &Upstreams,
        mut ask: Ask,
        ex: &mut Exchange,
        onlooker: &mut O,
    ) -> Result<Reply, Refusal> {
        let misconfigured = |because: String| Refusal::of(RefusalKind::ApiConfigurationError, because);
        let aws = upstreams.functions().aws().ok_or_else(|| misconfigured("this process knows no way to AWS".to_owned()))?;
        let asked = self.uri.render(&Seen::request(ex), &ask.path)?;
        let named = Named::of(&asked.service);
        let destination = self.uri.destination(aws, upstreams, &asked, &named)?;
        let began = upstreams.lane().clock.now();
        let role = self.role.of(ex)?;
        let keys = aws.keys(Some(&role), upstreams.lane(), self.timeout).await;
        let late = || Refusal::of(RefusalKind::IntegrationTimeout, format!("the role {role} was not assumed in time"));
        let keys = keys.ok_or_else(late)?.map_err(misconfigured)?;
        let (body, sha256) = self.body(&mut ask, ex).await?;
        let spent = upstreams.lane().clock.now().since(began);
        let seconds = i64::try_from(upstreams.lane().clock.wall().seconds()).unwrap_or(i64::MAX);
        let letter = Letter { asked: &asked, named: &named, destination: &destination, keys: &keys, seconds };
        let (id, head) = self.write(&letter, &ask, &body, sha256, ex)?;
        let timeout = self.timeout.saturating_sub(spent);
        let call = Call { target: destination.target, method: id, head, body, timeout };
        if O::LOOKS {
            onlooker.asked(&call.target.origin(), &call.head, &call.body);
        }
        let (asked_by_head, wanted_by_head) = (call.method == Method::Head, ex.request.head.method() == Method::Head);
        let answered = upstreams.ask(call, &mut ex.notes.upstream).await.map_err(|failure| failure.refusal())?;
        if answered.head.status() >= 600 {
            return Err(Refusal::of(RefusalKind::BadGateway, "the service answered with a status over 599"));
        }
        let reply = reply(answered, asked_by_head && wanted_by_head);
        ex.notes.endpoint_request_id = request_id(&reply);
        Ok(reply)
    }

    /// The verb towards the service.
    fn verb<'e>(&'e self, ex: &'e Exchange) -> &'e str {
        self.method.as_deref().unwrap_or(ex.request.head.method_text())
    }

    /// The payload, and its hash.
    async fn body(&self, ask: &mut Ask, ex: &mut Exchange) -> Result<(RequestBody, [u8; 32]), Refusal> {
        let method = Method::of(self.verb(ex).as_bytes());
        let bytes = match std::mem::take(&mut ask.body) {
            _ if matches!(method, Method::Get | Method::Head | Method::Options) => Buffer::none(),
            AskBody::Whole(bytes) => bytes,
            AskBody::AsItCame => {
                let mut body = std::mem::take(&mut ex.request.body);
                body.whole(BODY_BYTES_MAX).await?;
                if let RequestBody::Whole(bytes) = body { bytes } else { Buffer::none() }
            }
        };
        let (sha256, bytes) = if bytes.len() <= HASHED_HERE_BYTES_MAX {
            (hash(&bytes), bytes)
        } else {
            // A long one is not for a thread that serves others meanwhile.
            let work = tokio::task::spawn_blocking(move || (hash(&bytes), bytes)).await;
            work.map_err(|why| Refusal::of(RefusalKind::Front(500), format!("the payload could not be hashed: {why}")))?
        };
        // S3 wants to be told the length of an empty object, too.
        let is_sent = !bytes.is_empty() || matches!(method, Method::Post | Method::Put | Method::Patch);
        Ok((if is_sent { RequestBody::Whole(bytes) } else { RequestBody::None }, sha256))
    }

    /// Writes and signs the head.
    fn write(
        &self,
        letter: &Letter<'_>,
        ask: &Ask,
        body: &RequestBody,
        sha256: [u8; 32],
        ex: &Exchange,
    ) -> Result<(Method, Buffer), Refusal> {
        let misconfigured = |because: &str| Refusal::of(RefusalKind::ApiConfigurationError, because.to_owned());
        let Letter { asked, named, destination, keys, seconds } = letter;
        let target = target_of(destination, asked, ask);
        let target = std::str::from_utf8(&target).map_err(|_| misconfigured("Invalid endpoint address"))?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let verb = self.verb(ex);
        let fields = fields_of(asked, named, ask, body, ex);
        let is_s3 = named.is_s3();
        let signing = Signing {
            access_key: &keys.access_key,
            secret: &keys.secret,
            session_token: keys.session_token.as_deref(),
            token_place: TokenPlace::Signed,
            region: &destination.region,
            service: named.signing(),
            now: *seconds,
            dialect: if is_s3 { Dialect::S3 } else { Dialect::Standard },
            payload_header: PayloadHeader::Hash,
        };
        let host = std::iter::once(("host", destination.host.as_bytes()));
        let request = Request {
            method: verb,
            path: path.as_bytes(),
            query: query.as_bytes(),
            headers: host.chain(fields.iter().map(|(name, value)| (&**name, &**value))),
            payload: Payload::Sha256(sha256),
        };
        let signed = sigv4::sign(&signing, &request);
        let mut head = Buffer::take();
        let mut written = || {
            let mut writer = RequestWriter::start(&mut head, verb, target, &destination.host)?;
            for (name, value) in &fields {
                writer.field(name, value)?;
            }
            for (name, value) in &signed.headers {
                writer.field(name, value.as_bytes())?;
            }
            writer.own(API_ID, ex.stage().api.as_bytes())?;
            writer.own(TRACE_ID, &trace::for_backend(ex))?;
            writer.finish(body_length(body), h1::Connection::Unsaid);
            Ok(())
        };
        written().map_err(|why: h1::Unwritable| misconfigured(why.because))?;
        Ok((Method::of(verb.as_bytes()), head))
    }
}

/// What the service calls its answer: most say it in the one field, S3 in the other.
fn request_id(reply: &Reply) -> Option<Box<str>> {
    let field = ["x-amzn-RequestId", "x-amz-request-id"].iter().find_map(|name| reply.fields.named(name).next());
    let text = field.and_then(|field| std::str::from_utf8(field.value).ok())?;
    Some(text[..text.floor_char_boundary(REQUEST_ID_BYTES_MAX)].into())
}

/// Everything that a request is written of, besides what was mapped.
struct Letter<'l> {
    asked: &'l Asked,
    named: &'l Named<'l>,
    destination: &'l Destination,
    keys: &'l Keys,
    /// Since the epoch.
    seconds: i64,
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    match Payload::hashed(bytes) {
        Payload::Sha256(sha256) => sha256,
        Payload::Bytes(_) => [0; 32],
    }
}

/// Path and query: those of the URI, the action, what is mapped.
fn target_of(destination: &Destination, asked: &Asked, ask: &Ask) -> Vec<u8> {
    let mut target = destination.prefix.clone().into_bytes();
    target.extend_from_slice(&asked.path);
    let mut next: &[u8] = if asked.path.contains(&b'?') { b"&" } else { b"?" };
    let mut push = |name: &str, value: &[u8], place: Place| {
        target.extend_from_slice(next);
        push_encoded(&mut target, name.as_bytes(), Place::Parameter);
        target.push(b'=');
        push_encoded(&mut target, value, place);
        next = b"&";
    };
    if let Some(action) = &asked.action {
        push("Action", action.as_bytes(), Place::Verbatim);
    }
    for (name, value) in &ask.query {
        push(name, value.as_bytes(), Place::Parameter);
    }
    target
}

type Lines<'l> = Vec<(&'l str, std::borrow::Cow<'l, [u8]>)>;

/// What is said when nothing is mapped, and what is mapped.
fn fields_of<'l>(asked: &'l Asked, named: &Named<'_>, ask: &'l Ask, body: &RequestBody, ex: &'l Exchange) -> Lines<'l> {
    let mapped = &ask.fields;
    let mut fields: Lines<'l> = Vec::with_capacity(mapped.len() + 4);
    if !mapped.has(Known::Accept) {
        fields.push(("Accept", b"application/json".into()));
    }
    if !mapped.has(Known::UserAgent) {
        fields.push(("User-Agent", format!("AmazonAPIGateway_{}", ex.stage().api).into_bytes().into()));
    }
    let json = match (&asked.action, named.facts.protocol) {
        (Some(action), Protocol::Json(target, version)) => Some((action, target, version)),
        _ => None,
    };
    if !mapped.has(Known::ContentType) && !matches!(body, RequestBody::None) {
        let said = ex.request.head.field(Known::ContentType);
        let media: Option<&[u8]> = match json {
            Some((_, _, version)) => Some(version.as_bytes()),
            None => said,
        };
        fields.extend(media.map(|media| ("Content-Type", media.into())));
    }
    if let Some((action, target, _)) = json.filter(|_| mapped.named("X-Amz-Target").next().is_none()) {
        fields.push(("X-Amz-Target", format!("{target}.{action}").into_bytes().into()));
    }
    let own = |name: &str| OF_THE_SIGNATURE.iter().any(|own| name.eq_ignore_ascii_case(own));
    fields.extend(mapped.iter().filter(|field| !own(field.name)).map(|field| (field.name, field.value.into())));
    fields
}
