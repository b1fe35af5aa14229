//! The integration response and the method response: from the back end's answer to the method's.

use super::body::BodyText;
use super::lists::{OnResponse, REMAPPED, is_renamed, on_response};
use super::payload::{self, BinaryTypes, Conversion, Handling};
use super::select::{Pattern, select};
use super::source::{Seen, Source};
use super::template::{render, text_of};
use super::templates::{Template, Templates};
use crate::Flaw;
use crate::function::{Transfer, is_function_uri};
use crate::integration::MethodFacts;
use crate::integration::record::{self, Integration, IntegrationType};
use crate::integration::trace;
use base::gate::{BodyFault, Buffer, Exchange, Fill, JSON, Overrides, Refusal, RefusalKind, Reply, ReplyBody};
use base::gate::{accepted, answered_media_type, give_back_fields, take_fields};
use h1::{Fields, Known};
use std::future::poll_fn;
use std::sync::Arc;

/// How an answer is mapped.
#[derive(Debug)]
pub struct IntegrationResponse(Kind);

#[derive(Debug)]
enum Kind {
    /// It passes, some of its fields under other names. With binary media types its payload is text or bytes by them (`aws-strict`).
    Proxy(Option<Arc<BinaryTypes>>),
    /// It is made already.
    Function,
    /// One of these makes the method's answer of it.
    Mapped(Mappings),
}

#[derive(Debug)]
struct Mappings {
    /// By ascending status.
    responses: Vec<Response>,
    binary: Arc<BinaryTypes>,
    /// Who answered was asked over the network.
    traced: bool,
    chosen_by: ChosenBy,
}

/// What chooses among the responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChosenBy {
    /// The back end's status.
    Status,
    /// The message of a function's error; an empty text where there is none.
    FunctionError,
}

#[derive(Debug)]
struct Response {
    pattern: Pattern,
    status: u16,
    /// Whether the method may answer with this status.
    is_declared: bool,
    parameters: Vec<Mapped>,
    templates: Templates,
    handling: Handling,
}

#[derive(Debug)]
struct Mapped {
    name: Box<str>,
    on_response: OnResponse,
    from: Source,
}

impl IntegrationResponse {
    /// Compiles the responses of a record; every flaw is told.
    pub(crate) fn compile(record: &Integration, method: &MethodFacts<'_>, flaws: &mut Vec<Flaw>) -> IntegrationResponse {
        match record.kind {
            IntegrationType::HttpProxy => {
                // What streams is never text: it passes as it is.
                let converts = method.converts_proxied && Transfer::named(record.response_transfer_mode.as_deref()) == Transfer::Buffered;
                return IntegrationResponse(Kind::Proxy(converts.then(|| method.binary.clone())));
            }
            IntegrationType::AwsProxy => return IntegrationResponse(Kind::Function),
            IntegrationType::Http | IntegrationType::Aws | IntegrationType::Mock => {}
        }
        let declared = method.response_statuses;
        // By ascending status: which of several patterns wins is said nowhere, and this is what was recorded (§3.9).
        let mut responses: Vec<Response> =
            record.responses.iter().filter_map(|(key, response)| compile(key, response, declared, flaws)).collect();
        responses.sort_by_key(|response| response.status);
        let (binary, traced) = (method.binary.clone(), record.kind != IntegrationType::Mock);
        let is_function = record.kind == IntegrationType::Aws && record.uri.as_deref().is_some_and(is_function_uri);
        let chosen_by = if is_function { ChosenBy::FunctionError } else { ChosenBy::Status };
        IntegrationResponse(Kind::Mapped(Mappings { responses, binary, traced, chosen_by }))
    }

    /// Whether the back end's body must be whole before [`Self::apply`]: a mapping reads it, a template takes its place, or it is text.
    pub fn needs_body(&self) -> bool {
        !matches!(self.0, Kind::Proxy(None) | Kind::Function)
    }

    /// Waits for the back end's body if it must be whole. At most `bytes_max` bytes: more is a 502.
    pub async fn read_body(&self, reply: &mut Reply, bytes_max: u64) -> Result<(), Refusal> {
        if self.needs_body() { read_whole(reply, bytes_max).await } else { Ok(()) }
    }

    /// The method's answer.
    pub fn apply(&self, reply: Reply, ex: &mut Exchange) -> Result<Reply, Refusal> {
        match &self.0 {
            Kind::Proxy(binary) => proxied(reply, binary.as_deref(), ex),
            Kind::Function => Ok(reply),
            Kind::Mapped(mappings) => mappings.apply(reply, ex),
        }
    }
}

/// Waits for the back end's body. At most `bytes_max` bytes: more is a 502.
pub async fn read_whole(reply: &mut Reply, bytes_max: u64) -> Result<(), Refusal> {
    let ReplyBody::Stream(source) = &mut reply.body else { return Ok(()) };
    let mut bytes = Buffer::take();
    loop {
        let fill = poll_fn(|cx| source.poll_fill(cx, &mut bytes)).await.map_err(broken)?;
        if bytes.len() as u64 > bytes_max || !bytes.charge() {
            return Err(broken(BodyFault::TooLarge));
        }
        if fill == Fill::End {
            break;
        }
    }
    reply.body = ReplyBody::Whole(bytes);
    Ok(())
}

pub(crate) fn broken(fault: BodyFault) -> Refusal {
    let because = match fault {
        BodyFault::TooLarge => "the endpoint's body is over the limit",
        BodyFault::Malformed(because) => because,
        BodyFault::NoMemory => "there is no memory for the endpoint's body",
        BodyFault::Stalled => return Refusal::of(RefusalKind::IntegrationTimeout, "the endpoint's body stopped coming"),
        BodyFault::Gone => "the endpoint went away in the middle of its body",
    };
    Refusal::of(RefusalKind::BadGateway, because)
}

fn compile(key: &str, response: &record::IntegrationResponse, declared: &[&str], flaws: &mut Vec<Flaw>) -> Option<Response> {
    let Some(status) = key.parse().ok().filter(|status| (200..600).contains(status)) else {
        flaws.push(Flaw::new(format!("an integration response has the status {key}")));
        return None;
    };
    let pattern = Pattern::compile(response.selection_pattern.as_deref()).map_err(|flaw| flaws.push(flaw)).ok()?;
    let mut parameters = Vec::new();
    for (key, expression) in response.response_parameters.iter().flatten() {
        let Some(name) = key.strip_prefix("method.response.header.") else {
            flaws.push(Flaw::new(format!("{key} is no destination of a response parameter")));
            continue;
        };
        match Source::response(expression) {
            Ok(from) => parameters.push(Mapped { name: name.into(), on_response: on_response(name), from }),
            Err(flaw) => flaws.push(flaw),
        }
    }
    let templates = Templates::compile(response.response_templates.as_ref(), &format!("response ({key})"), flaws);
    let handling = Handling::named(response.content_handling.as_deref());
    Some(Response { pattern, status, is_declared: declared.contains(&key), parameters, templates, handling })
}

/// A proxy's answer. Seen: lifecycle §2.5 and observed/mapping-templates.json. `Content-Encoding` stays, as the documented table has it: the
/// body passes in its coding, and without the field nobody could read it.
fn proxied(mut reply: Reply, binary: Option<&BinaryTypes>, ex: &Exchange) -> Result<Reply, Refusal> {
    reply.fields.prefix_names(REMAPPED, is_renamed);
    if reply.fields.has(Known::Via) {
        reply.fields.remove("Via");
    }
    // What is packed is no text, whatever its media type.
    if let (Some(binary), ReplyBody::Whole(bytes)) = (binary, &mut reply.body)
        && !reply.fields.has(Known::ContentEncoding)
    {
        let is_binary = binary.takes(&answered_media_type(&reply.fields));
        payload::of_answer(is_binary, binary.are_wanted(ex), Handling::Unset).apply(bytes)?;
    }
    Ok(reply)
}

impl Mappings {
    fn apply(&self, mut reply: Reply, ex: &mut Exchange) -> Result<Reply, Refusal> {
        let mut digits = itoa::Buffer::new();
        let status = digits.format(reply.status);
        let misconfigured = |because: String| Refusal::of(RefusalKind::ApiConfigurationError, because);
        let value = match self.chosen_by {
            ChosenBy::Status => status,
            ChosenBy::FunctionError => ex.notes.function_error.as_deref().unwrap_or_default(),
        };
        let response = select(&self.responses, |response| &response.pattern, value).ok_or_else(|| {
            misconfigured(format!(
                "No match for output mapping and no default output mapping configured. Endpoint Response Status Code: {status}"
            ))
        })?;
        if !response.is_declared {
            return Err(misconfigured(format!("Output mapping refers to an invalid method response: {}", response.status)));
        }
        let mut fields = take_fields();
        set_parameters(response, &reply, ex, &mut fields)?;
        let media = self.set_body(response, &mut reply, ex)?;
        let status = override_reply(ex.overrides.as_deref(), &mut fields)?;
        if !fields.has(Known::ContentType) {
            fields.push("Content-Type", media.as_bytes()).map_err(|why| misconfigured(why.because.to_owned()))?;
        }
        if self.traced {
            let mut value = Buffer::take();
            trace::write_for_caller(ex, &mut value);
            fields.push("X-Amzn-Trace-Id", &value).expect("a trace id is hex digits");
        }
        give_back_fields(std::mem::replace(&mut reply.fields, fields));
        reply.status = status.unwrap_or(response.status);
        Ok(reply)
    }

    /// The template's text, or the body as it came: as text or as bytes. Answers the media type that it then has.
    fn set_body<'r>(&self, response: &'r Response, reply: &mut Reply, ex: &mut Exchange) -> Result<&'r str, Refusal> {
        let is_binary = self.binary.takes(&answered_media_type(&reply.fields));
        let conversion = payload::of_answer(is_binary, self.binary.are_wanted(ex), response.handling);
        match response.templates.for_response(&accepted(ex)) {
            None | Some((_, Template::Passthrough)) => {
                if let ReplyBody::Whole(bytes) = &mut reply.body {
                    conversion.apply(bytes)?;
                }
                Ok(JSON)
            }
            Some((media, Template::Static(text))) => {
                payload::for_template(is_binary, response.handling)?;
                let mut body = Buffer::take();
                body.extend_from_slice(text);
                if conversion == Conversion::Decode {
                    conversion.apply(&mut body)?;
                }
                reply.body = ReplyBody::Whole(body);
                Ok(media)
            }
            Some((media, Template::Mapping(template))) => {
                let bytes: &[u8] = if let ReplyBody::Whole(bytes) = &reply.body { bytes } else { &[] };
                let text = text_of(bytes, payload::for_template(is_binary, response.handling)?)?;
                let rendered = render(template, &text, ex)?;
                let mut made = Buffer::from(rendered.text.into_bytes()).charged()?;
                if conversion == Conversion::Decode {
                    conversion.apply(&mut made)?;
                }
                reply.body = ReplyBody::Whole(made);
                if !rendered.overrides.is_empty() {
                    ex.overrides = Some(Box::new(rendered.overrides));
                }
                Ok(media)
            }
        }
    }
}

/// Puts what the templates have overridden in the place of what was mapped. Answers the status, if that is overridden too.
fn override_reply(overrides: Option<&Overrides>, fields: &mut Fields) -> Result<Option<u16>, Refusal> {
    let Some(overrides) = overrides else { return Ok(None) };
    for (name, values) in &overrides.response_header {
        fields.remove(name);
        for value in values {
            set_field(fields, name, on_response(name), value.as_bytes())?;
        }
    }
    Ok(overrides.response_status)
}

/// Sets a header of the answer, under the name that it may have.
fn set_field(fields: &mut Fields, name: &str, on_response: OnResponse, value: &[u8]) -> Result<(), Refusal> {
    let set = match on_response {
        OnResponse::Dropped => Ok(()),
        OnResponse::Sent => fields.push(name, value),
        OnResponse::Remapped => fields.push(&format!("{REMAPPED}{name}"), value),
    };
    set.map_err(|why| {
        let because = format!("the mapped header {name} cannot be sent: {}", why.because);
        Refusal::of(RefusalKind::ApiConfigurationError, because)
    })
}

fn set_parameters(response: &Response, reply: &Reply, ex: &Exchange, fields: &mut Fields) -> Result<(), Refusal> {
    if response.parameters.is_empty() {
        return Ok(());
    }
    let bytes: &[u8] = if let ReplyBody::Whole(bytes) = &reply.body { bytes } else { &[] };
    let seen = Seen { answer: Some((&reply.fields, BodyText::of_answer(bytes))), ..Seen::request(ex) };
    let mut value = Buffer::take();
    for Mapped { name, on_response, from } in &response.parameters {
        value.clear();
        from.write(&seen, &mut value)?;
        if !value.is_empty() {
            set_field(fields, name, *on_response, &value)?;
        }
    }
    Ok(())
}
