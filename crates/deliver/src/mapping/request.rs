//! The integration request: from what came to what is asked of the back end.

use super::lists::{OnRequest, on_request};
use super::payload::{self, BinaryTypes, Handling};
use super::source::{PathForm, Seen, Source};
use super::template::{render, text_of};
use super::templates::{Template, Templates};
use crate::Flaw;
use crate::integration::MethodFacts;
use crate::integration::record::{Integration, IntegrationType, PassthroughBehavior};
use base::gate::{Ask, AskBody, Buffer, Exchange, Overrides, Refusal, RefusalKind, RequestBody, media_type};
use std::sync::Arc;

/// How a request is mapped. Path parameters and `Host` are not here: the URI renders them by itself
/// (see [`crate::integration::HttpIntegration`]).
#[derive(Debug)]
pub struct IntegrationRequest {
    parameters: Vec<Mapped>,
    /// `None` for proxies: their body passes.
    templates: Option<(Templates, PassthroughBehavior)>,
    binary: Arc<BinaryTypes>,
    handling: Handling,
    /// Nobody is asked.
    is_mock: bool,
    /// Payloads that pass are looked at: text or bytes.
    converts: bool,
    needs_body: bool,
}

#[derive(Debug)]
struct Mapped {
    to: Destination,
    from: Source,
}

#[derive(Debug)]
enum Destination {
    Query(Arc<str>),
    Header(Box<str>, OnRequest),
}

impl IntegrationRequest {
    /// Compiles the mappings of a record; every flaw is told.
    pub(crate) fn compile(record: &Integration, method: &MethodFacts<'_>, flaws: &mut Vec<Flaw>) -> IntegrationRequest {
        let form = path_form(record.kind);
        let mut parameters = Vec::new();
        let mut needs_body = false;
        for (key, expression) in record.request_parameters.iter().flatten() {
            let from = match Source::request(expression, form) {
                Ok(from) => from,
                Err(flaw) => {
                    flaws.push(flaw);
                    continue;
                }
            };
            needs_body |= from.needs_body();
            let to = match key.strip_prefix("integration.request.").and_then(|rest| rest.split_once('.')) {
                Some(("querystring", name)) => Destination::Query(name.into()),
                Some(("header", name)) if name.eq_ignore_ascii_case("host") => continue,
                Some(("header", name)) => Destination::Header(name.into(), on_request(name)),
                Some(("path", _)) => continue,
                _ => {
                    flaws.push(Flaw::new(format!("{key} is no destination of a request parameter")));
                    continue;
                }
            };
            if record.kind != IntegrationType::Mock {
                parameters.push(Mapped { to, from });
            }
        }
        let is_proxy = matches!(record.kind, IntegrationType::HttpProxy | IntegrationType::AwsProxy);
        let templates =
            (!is_proxy).then(|| (Templates::compile(record.request_templates.as_ref(), "request", flaws), record.passthrough_behavior));
        let handling = Handling::named(record.content_handling.as_deref());
        // What a mock is sent nobody sees. A proxied payload streams, unless it is to be looked at.
        let converts = match record.kind {
            IntegrationType::Mock | IntegrationType::AwsProxy => false,
            IntegrationType::Http | IntegrationType::Aws => true,
            IntegrationType::HttpProxy => method.converts_proxied || handling != Handling::Unset,
        };
        needs_body |= converts || templates.as_ref().is_some_and(|(templates, _)| templates.read_bodies());
        let (binary, is_mock) = (method.binary.clone(), record.kind == IntegrationType::Mock);
        IntegrationRequest { parameters, templates, binary, handling, is_mock, converts, needs_body }
    }

    /// Whether a mapping reads the body: then it must be whole before [`Self::apply`].
    pub fn needs_body(&self) -> bool {
        self.needs_body
    }

    /// Waits for the body if a mapping reads it. At most `bytes_max` bytes: more is a refusal.
    pub async fn read_body(&self, ex: &mut Exchange, bytes_max: u64) -> Result<(), Refusal> {
        if self.needs_body {
            ex.request.body.whole(bytes_max).await?;
        }
        Ok(())
    }

    /// What is asked of the back end.
    pub fn apply(&self, ex: &mut Exchange) -> Result<Ask, Refusal> {
        let mut ask = Ask::default();
        self.set_parameters(ex, &mut ask)?;
        self.set_body(ex, &mut ask)?;
        Ok(ask)
    }

    /// The template's text, or the body as it came: as text or as bytes.
    fn set_body(&self, ex: &mut Exchange, ask: &mut Ask) -> Result<(), Refusal> {
        if self.templates.is_none() && !self.converts {
            return Ok(());
        }
        let media = media_type(&ex.request.head);
        let is_binary = self.binary.takes(&media);
        let template = match &self.templates {
            Some((templates, otherwise)) => templates.for_request(&media, *otherwise)?,
            None => &Template::Passthrough,
        };
        match template {
            Template::Passthrough => {
                if let RequestBody::Whole(bytes) = &mut ex.request.body
                    && self.converts
                {
                    payload::of_request(is_binary, self.handling).apply(bytes)?;
                }
            }
            Template::Static(text) => {
                payload::for_template(is_binary, self.handling)?;
                let mut body = Buffer::take();
                body.extend_from_slice(text);
                ask.body = AskBody::Whole(body);
            }
            Template::Mapping(template) => {
                // The body stays where it is: what the URI is made of may stand in it. One that still streams nobody looks at.
                let text = text_of(ex.request.body.bytes(), payload::for_template(is_binary, self.handling)?)?;
                let rendered = render(template, &text, ex)?;
                let mut made = Buffer::from(rendered.text.into_bytes()).charged()?;
                if self.handling == Handling::ToBinary {
                    payload::Conversion::Decode.apply(&mut made)?;
                }
                ask.body = AskBody::Whole(made);
                if !rendered.overrides.is_empty() {
                    override_ask(&rendered.overrides, self.is_mock, ask)?;
                    ex.overrides = Some(Box::new(rendered.overrides));
                }
            }
        }
        Ok(())
    }

    fn set_parameters(&self, ex: &Exchange, ask: &mut Ask) -> Result<(), Refusal> {
        if self.parameters.is_empty() {
            return Ok(());
        }
        let seen = Seen::request(ex);
        let mut value = Buffer::take();
        for Mapped { to, from } in &self.parameters {
            match to {
                Destination::Query(name) => from.values(&seen, |value| ask.query.push((name.clone(), value)))?,
                Destination::Header(name, on_request) => {
                    value.clear();
                    from.write(&seen, &mut value)?;
                    if !value.is_empty() {
                        set_field(ask, name, *on_request, &value)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Sets a header of what is asked, if it may be set.
fn set_field(ask: &mut Ask, name: &str, on_request: OnRequest, value: &[u8]) -> Result<(), Refusal> {
    let misconfigured = |because: String| Err(Refusal::of(RefusalKind::ApiConfigurationError, because));
    match on_request {
        OnRequest::Dropped => Ok(()),
        OnRequest::Forbidden => misconfigured(format!("{name} may not be set by a mapping: {name} header already present")),
        OnRequest::Sent => match ask.fields.push(name, value) {
            Ok(()) => Ok(()),
            Err(why) => misconfigured(format!("the mapped header {name} cannot be sent: {}", why.because)),
        },
    }
}

/// Puts what a template has overridden in the place of what was mapped. Where nobody is asked, it is only remembered.
fn override_ask(overrides: &Overrides, is_mock: bool, ask: &mut Ask) -> Result<(), Refusal> {
    if is_mock {
        return Ok(());
    }
    for (name, values) in &overrides.request_path {
        ask.path.retain(|(known, _)| **known != **name);
        ask.path.extend(values.last().map(|value| (Arc::from(&**name), value.clone())));
    }
    for (name, values) in &overrides.request_query {
        ask.query.retain(|(known, _)| **known != **name);
        ask.query.extend(values.iter().map(|value| (Arc::from(&**name), value.clone())));
    }
    for (name, values) in &overrides.request_header {
        ask.fields.remove(name);
        for value in values {
            set_field(ask, name, on_request(name), value.as_bytes())?;
        }
    }
    Ok(())
}

/// In which form an integration of this type maps path parameters. Seen: the atlas, lifecycle §2.2.
pub(crate) fn path_form(kind: IntegrationType) -> PathForm {
    match kind {
        IntegrationType::HttpProxy | IntegrationType::AwsProxy => PathForm::AsItCame,
        IntegrationType::Http | IntegrationType::Aws | IntegrationType::Mock => PathForm::Decoded,
    }
}
