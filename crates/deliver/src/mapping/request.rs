//! The integration request: from what came to what is asked of the back end.

use super::lists::{OnRequest, on_request};
use super::payload::{self, BinaryTypes, Handling};
use super::source::{PathForm, Seen, Source};
use super::template::{Template, Templates};
use crate::Flaw;
use crate::integration::MethodFacts;
use crate::integration::record::{Integration, IntegrationType, PassthroughBehavior};
use base::gate::{Ask, AskBody, Buffer, Exchange, Refusal, RefusalKind, RequestBody, media_type};
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
        needs_body |= converts;
        IntegrationRequest { parameters, templates, binary: method.binary.clone(), handling, converts, needs_body }
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
                    match on_request {
                        _ if value.is_empty() => {}
                        OnRequest::Dropped => {}
                        OnRequest::Forbidden => {
                            let because = format!("{name} may not be set by a mapping: {name} header already present");
                            return Err(Refusal::of(RefusalKind::ApiConfigurationError, because));
                        }
                        OnRequest::Sent => ask.fields.push(name, &value).map_err(|why| {
                            let because = format!("the mapped header {name} cannot be sent: {}", why.because);
                            Refusal::of(RefusalKind::ApiConfigurationError, because)
                        })?,
                    }
                }
            }
        }
        Ok(())
    }
}

/// In which form an integration of this type maps path parameters. Seen: the atlas, lifecycle §2.2.
pub(crate) fn path_form(kind: IntegrationType) -> PathForm {
    match kind {
        IntegrationType::HttpProxy | IntegrationType::AwsProxy => PathForm::AsItCame,
        IntegrationType::Http | IntegrationType::Aws | IntegrationType::Mock => PathForm::Decoded,
    }
}
