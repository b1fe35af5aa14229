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
use super::websocket;
use crate::Flaw;
use crate::function::Transfer;
use crate::mapping::{Place, Seen, Source, is_dropped_on_arrival, path_form, push_encoded};
use crate::upstream::balance::Asking;
use crate::upstream::{Answered, Call, Failure, Manner, Trust, Upstreams, body_length};
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
    /// What AWS has not: WebSocket passes, and streams of events that nobody called streams are let be quiet.
    is_open: bool,
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
            is_open: record.kind == IntegrationType::HttpProxy && !method.converts_proxied,
        })
    }

    /// Asks the endpoint.
    pub async fn call<O: Onlooker>(&self, upstreams: &Upstreams, ask: Ask, ex: &mut Exchange, onlooker: &mut O) -> Result<Reply, Refusal> {
        let key = if self.is_open && ex.request.head.wants_websocket() { websocket::asked(&ask, ex) } else { None };
        let key = key.filter(|_| self.verb(ex) == Method::Get);
        let connection = if key.is_some() { h1::Connection::Websocket } else { h1::Connection::Unsaid };
        let call = self.prepare(upstreams, ask, connection, ex)?;
        if O::LOOKS {
            onlooker.asked(&call.target.origin(), &call.head, &call.body);
        }
        let (asked_by_head, wanted_by_head) = (call.method == Method::Head, ex.request.head.method() == Method::Head);
        let manner = Manner { streams: self.transfer == Transfer::Stream, events_pause: self.is_open, websocket: key.is_some() };
        // A tunnel begins as HTTP/1.1, and private integrations speak that alone.
        let may_be_http2 = self.is_proxy && self.private.is_none() && key.is_none();
        let over_http2 = if may_be_http2 { upstreams.over_http2(&call.target, ex) } else { None };
        let answered = match &self.private {
            // Boxed, as these are rare: the future of every call would carry them.
            None if let Some(http2) = over_http2 => {
                Box::pin(upstreams.ask_over_http2(call, http2, manner.streams, &mut ex.notes.upstream)).await
            }
            None => upstreams.ask_as(manner, call, &mut ex.notes.upstream).await,
            Some(private) => {
                let (asking, target) = private.choose(upstreams, &call.target, self.uri.is_fixed(), ex)?;
                Box::pin(among(upstreams, Call { target, ..call }, manner, asking, ex)).await
            }
        };
        let answered = answered.map_err(|failure| failure.refusal())?;
        if let Some(key) = key.filter(|_| answered.head.status() == 101) {
            return switched(&key, answered);
        }
        if answered.head.status() >= 600 {
            return Err(Refusal::of(RefusalKind::BadGateway, "the endpoint answered with a status over 599"));
        }
        Ok(reply(answered, asked_by_head && wanted_by_head))
    }

    /// Writes the request that goes out.
    pub(super) fn prepare(&self, upstreams: &Upstreams, ask: Ask, connection: h1::Connection, ex: &mut Exchange) -> Result<Call, Refusal> {
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
        let id = self.verb(ex);
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
        writer.finish(body_length(&body), connection);
        Ok(Call { target: rendered.target, method: id, head, body, timeout: self.timeout })
    }

    /// The verb that goes out.
    fn verb(&self, ex: &Exchange) -> Method {
        self.method.as_deref().map_or(ex.request.head.method(), |verb| Method::of(verb.as_bytes()))
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
async fn among(upstreams: &Upstreams, call: Call, manner: Manner, mut asking: Asking, ex: &mut Exchange) -> Result<Answered, Failure> {
    let answered = upstreams.ask_among(manner, call, &mut ex.notes.upstream, &mut asking).await;
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

/// The endpoint speaks WebSocket from here on, if it has understood what it was asked.
#[cold]
fn switched(key: &websocket::Key, answered: Answered) -> Result<Reply, Refusal> {
    let Answered { head, body } = answered;
    if !websocket::is_proven(key, head.fields()) {
        const BECAUSE: &str = "the endpoint's 101 has no Sec-WebSocket-Accept that fits the key";
        return Err(Refusal::of(RefusalKind::BadGateway, BECAUSE));
    }
    let mut fields = head.into_fields();
    // It was of that connection: it is not told, not even under another name.
    fields.remove("Connection");
    Ok(Reply { status: 101, fields, body })
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
