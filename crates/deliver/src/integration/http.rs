//! HTTP and HTTP_PROXY: an endpoint of the author's.
//!
//! HTTP sends what is mapped and nothing else; HTTP_PROXY sends what came, and what is mapped on top of it. Redirects are not followed.
//! What is odd: no body goes out with GET, HEAD and OPTIONS; `Content-Encoding` and `Via` stay behind where a proxy passes all else; the
//! literal query of the URI comes first, then the caller's as it is, then what is mapped, even under a name that is there already.
//! A name that came several times stays several lines. Seen: the atlas (lifecycle §2.5, integrations §3.2 to §3.4), and
//! observed/mapping-templates.json.

use super::compile::MethodFacts;
use super::onlooker::Onlooker;
use super::private::Private;
use super::record::{Integration, IntegrationType};
use super::trace;
use super::uri::Uri;
use crate::Flaw;
use crate::function::Transfer;
use crate::mapping::{Place, Seen, Source, is_dropped_on_arrival, path_form, push_encoded};
use crate::upstream::balance::Asking;
use crate::upstream::{Answered, Call, Failure, Trust, Upstreams, body_length};
use base::gate::{Ask, AskBody, Buffer, Exchange, Refusal, RefusalKind, Reply, ReplyBody, RequestBody};
use h1::{Known, Method, OwnField, RequestWriter, Unwritable};
use std::collections::BTreeMap;
use std::time::Duration;

const API_ID: OwnField = OwnField::new("X-Amzn-Apigateway-Api-Id");
const TRACE_ID: OwnField = OwnField::new("X-Amzn-Trace-Id");

/// A method's HTTP endpoint.
#[derive(Debug)]
pub struct HttpIntegration {
    is_proxy: bool,
    /// `None`: the caller's.
    method: Option<Box<str>>,
    uri: Uri,
    /// What a mapping says `Host` is.
    host: Option<Source>,
    /// The caller's `Authorization` was for the gateway.
    keeps_authorization: bool,
    timeout: Duration,
    transfer: Transfer,
    /// Where it leads, if not to the host of its URI.
    private: Option<Box<Private>>,
}

impl HttpIntegration {
    /// Compiles an integration's record.
    pub fn compile(record: &Integration, method: &MethodFacts<'_>) -> Result<HttpIntegration, Flaw> {
        let text = record.uri.as_deref().ok_or_else(|| Flaw::new("the integration has no URI"))?;
        let form = path_form(record.kind);
        let (mut sources, mut host) = (BTreeMap::new(), None);
        for (key, expression) in record.request_parameters.iter().flatten() {
            match key.strip_prefix("integration.request.").and_then(|rest| rest.split_once('.')) {
                Some(("path", name)) => {
                    sources.insert(name.to_owned(), Source::request(expression, form)?);
                }
                Some(("header", name)) if name.eq_ignore_ascii_case("host") => host = Some(Source::request(expression, form)?),
                _ => {}
            }
        }
        let trust = if record.insecure_skip_verification == Some(true) { Trust::AnyIssuer } else { Trust::Authorities };
        let verb = record.http_method.as_deref().filter(|verb| !verb.eq_ignore_ascii_case("ANY"));
        Ok(HttpIntegration {
            is_proxy: record.kind == IntegrationType::HttpProxy,
            method: verb.map(Box::from),
            uri: Uri::compile(text, trust, sources)?,
            host,
            keeps_authorization: !method.is_signed,
            timeout: Duration::from_millis(u64::from(record.timeout_ms)),
            transfer: Transfer::named(record.response_transfer_mode.as_deref()),
            private: Private::compile(record)?.map(Box::new),
        })
    }

    /// Asks the endpoint.
    pub async fn call<O: Onlooker>(&self, upstreams: &Upstreams, ask: Ask, ex: &mut Exchange, onlooker: &mut O) -> Result<Reply, Refusal> {
        let call = self.prepare(upstreams, ask, ex)?;
        if O::LOOKS {
            onlooker.asked(&call.target.origin(), &call.head, &call.body);
        }
        let (asked_by_head, wanted_by_head) = (call.method == Method::Head, ex.request.head.method() == Method::Head);
        let over_http2 = if self.is_proxy && self.private.is_none() { upstreams.over_http2(&call.target, ex) } else { None };
        let answered = match (&self.private, self.transfer) {
            // Boxed, as these are rare: the future of every call would carry them.
            (None, transfer) if let Some(manner) = over_http2 => {
                Box::pin(upstreams.ask_over_http2(call, manner, transfer == Transfer::Stream, &mut ex.notes.upstream)).await
            }
            (None, Transfer::Buffered) => upstreams.ask(call, &mut ex.notes.upstream).await,
            (None, Transfer::Stream) => upstreams.ask_for_stream(call, &mut ex.notes.upstream).await,
            (Some(private), transfer) => {
                let (asking, target) = private.choose(upstreams, &call.target, self.uri.is_fixed(), ex)?;
                Box::pin(among(upstreams, Call { target, ..call }, transfer, asking, ex)).await
            }
        };
        let answered = answered.map_err(|failure| failure.refusal())?;
        if answered.head.status() >= 600 {
            return Err(Refusal::of(RefusalKind::BadGateway, "the endpoint answered with a status over 599"));
        }
        Ok(reply(answered, asked_by_head && wanted_by_head))
    }

    /// Writes the request that goes out.
    pub(super) fn prepare(&self, upstreams: &Upstreams, ask: Ask, ex: &mut Exchange) -> Result<Call, Refusal> {
        let invalid = || Refusal::of(RefusalKind::ApiConfigurationError, "Invalid endpoint address");
        let mut target = Buffer::take();
        if self.private.as_ref().is_some_and(|private| private.names_the_stage()) {
            target.push(b'/');
            push_encoded(&mut target, ex.stage().stage.as_bytes(), Place::Path);
        }
        let (rendered, host) = {
            let seen = Seen::request(ex);
            (self.uri.render(upstreams, &seen, &ask.path, &mut target)?, self.mapped_host(&seen)?)
        };
        self.write_query(&ask, ex, rendered.has_query, &mut target);
        let target = std::str::from_utf8(&target).map_err(|_| invalid())?;
        let id = self.method.as_deref().map_or(ex.request.head.method(), |verb| Method::of(verb.as_bytes()));
        let body = match ask.body {
            _ if matches!(id, Method::Get | Method::Head | Method::Options) => RequestBody::None,
            AskBody::AsItCame => match std::mem::take(&mut ex.request.body) {
                RequestBody::Whole(nothing) if nothing.is_empty() => RequestBody::None,
                body => body,
            },
            AskBody::Whole(bytes) => RequestBody::Whole(bytes),
        };
        let mut head = Buffer::take();
        let verb = self.method.as_deref().unwrap_or(ex.request.head.method_text());
        let host = host.as_deref().unwrap_or(rendered.target.authority());
        let mut writer = RequestWriter::start(&mut head, verb, target, host).map_err(|_| invalid())?;
        let written = match self.is_proxy {
            true => self.pass_fields(&ask.fields, ex, &mut writer),
            false => default_fields(&ask.fields, ex, !matches!(body, RequestBody::None), &mut writer),
        };
        written
            .and_then(|()| gateway_fields(&ask.fields, ex, &mut writer))
            .map_err(|why| Refusal::of(RefusalKind::ApiConfigurationError, why.because))?;
        writer.finish(body_length(&body), h1::Connection::Unsaid);
        Ok(Call { target: rendered.target, method: id, head, body, timeout: self.timeout })
    }

    fn mapped_host(&self, seen: &Seen<'_>) -> Result<Option<String>, Refusal> {
        let Some(source) = &self.host else { return Ok(None) };
        let mut host = None;
        source.values(seen, |value| host = Some(value))?;
        Ok(host)
    }

    /// The caller's query as it is, for proxies; then what is mapped.
    fn write_query(&self, ask: &Ask, ex: &Exchange, has_query: bool, target: &mut Vec<u8>) {
        let mut next: &[u8] = if has_query { b"&" } else { b"?" };
        if let Some(query) = ex.request.head.query().filter(|query| self.is_proxy && !query.is_empty()) {
            target.extend_from_slice(next);
            target.extend_from_slice(query.as_bytes());
            next = b"&";
        }
        for (name, value) in &ask.query {
            target.extend_from_slice(next);
            push_encoded(target, name.as_bytes(), Place::Parameter);
            target.push(b'=');
            push_encoded(target, value.as_bytes(), Place::Parameter);
            next = b"&";
        }
    }

    /// Everything that came, but what is dropped or mapped.
    fn pass_fields(&self, mapped: &h1::Fields, ex: &Exchange, writer: &mut RequestWriter<'_>) -> Result<(), Unwritable> {
        let signed = |value: &[u8]| value.starts_with(b"AWS4-");
        let authorization = ex.request.head.field(Known::Authorization);
        let keeps_authorization = self.keeps_authorization && !authorization.is_some_and(signed);
        writer.forward(ex.request.head.fields(), |known, name| match known {
            Known::ContentEncoding | Known::Via | Known::XAmznApigatewayApiId | Known::XAmznTraceId | Known::XHttpMethodOverride => false,
            Known::Authorization if !keeps_authorization => false,
            known if is_dropped_on_arrival(known) => false,
            _ => mapped.is_empty() || std::str::from_utf8(name).is_ok_and(|name| mapped.named(name).next().is_none()),
        });
        Ok(())
    }
}

/// Asks one of several, and notes among whom it was chosen.
async fn among(upstreams: &Upstreams, call: Call, transfer: Transfer, mut asking: Asking, ex: &mut Exchange) -> Result<Answered, Failure> {
    let answered = upstreams.ask_among(call, transfer == Transfer::Stream, &mut ex.notes.upstream, &mut asking).await;
    ex.notes.among = Some(Box::new(asking.among()));
    answered
}

/// What HTTP sends when nothing is mapped.
fn default_fields(mapped: &h1::Fields, ex: &Exchange, has_body: bool, writer: &mut RequestWriter<'_>) -> Result<(), Unwritable> {
    if !mapped.has(Known::Accept) {
        writer.field("Accept", b"application/json")?;
    }
    if !mapped.has(Known::UserAgent) {
        let mut agent = Buffer::take();
        agent.extend_from_slice(b"AmazonAPIGateway_");
        agent.extend_from_slice(ex.stage().api.as_bytes());
        writer.field("User-Agent", &agent)?;
    }
    if let Some(media) = ex.request.head.field(Known::ContentType).filter(|_| has_body && !mapped.has(Known::ContentType)) {
        writer.field("Content-Type", media)?;
    }
    Ok(())
}

/// What is mapped, and what the gateway says of itself.
fn gateway_fields(mapped: &h1::Fields, ex: &Exchange, writer: &mut RequestWriter<'_>) -> Result<(), Unwritable> {
    for field in mapped.iter() {
        writer.field(field.name, field.value)?;
    }
    writer.own(API_ID, ex.stage().api.as_bytes())?;
    writer.own(TRACE_ID, &trace::for_backend(ex))
}

/// The endpoint's answer.
pub(super) fn reply(answered: Answered, is_by_head: bool) -> Reply {
    let status = answered.head.status();
    let length = || std::str::from_utf8(answered.head.field(Known::ContentLength)?).ok()?.parse().ok();
    let body = match answered.body {
        ReplyBody::Empty if is_by_head => length().map_or(ReplyBody::Empty, ReplyBody::Length),
        body => body,
    };
    Reply { status, fields: answered.head.into_fields(), body }
}
