//! Gateway responses: what a refusal looks like.
//!
//! A refusal's kind names the response: the API's own customisation of that type, else its `DEFAULT_4XX` or `DEFAULT_5XX` (by status), else
//! what is built in. What is odd: the templates are not the templates of integrations (only variables are put in), AWS writes a space
//! after the colon in some of its messages and none in others, and says `Message` where access is denied.
//!
//! The control API knows 21 types, and answers for each of them whether or not the API has worded it: what it has not is shown with
//! `defaultResponse: true`, even with the words of its family. The first patch of a type words it; its status can be replaced, but
//! neither added nor removed.

mod builtin;
pub mod kinds;
mod operations;
pub mod record;
mod standard;
mod template;
#[cfg(test)]
mod tests;

pub use operations::{
    DeleteGatewayResponse, GetGatewayResponse, GetGatewayResponses, OPERATIONS, PutGatewayResponse, UpdateGatewayResponse, check,
};
pub use standard::put_standard_fields;

use crate::Flaw;
use crate::mapping::{Seen, Source, choose, request_source};
use base::gate::{Buffer, Exchange, Refusal, RefusalKind, Reply, ReplyBody, accepted, take_fields};
use template::Template;

/// The gateway responses of an API, ready.
#[derive(Debug, Default)]
pub struct GatewayResponses {
    /// By AWS's word. Never more than there are words.
    customised: Vec<(Box<str>, Customised)>,
}

#[derive(Debug)]
struct Customised {
    status: Option<u16>,
    parameters: Vec<(Box<str>, Source)>,
    templates: Vec<(Box<str>, Template)>,
}

impl GatewayResponses {
    /// Compiles an API's customisations. What is flawed in one is left out of it, and told.
    pub fn compile(records: &[record::GatewayResponse]) -> (GatewayResponses, Vec<Flaw>) {
        let mut flaws = Vec::new();
        let customised = records.iter().map(|record| (record.kind.as_str().into(), compile(record, &mut flaws))).collect();
        (GatewayResponses { customised }, flaws)
    }

    /// The reply that tells a caller of a refusal. Its notes keep what it was.
    pub fn render(&self, refusal: &Refusal, ex: &mut Exchange) -> Reply {
        ex.notes.refused = Some((refusal.kind, refusal.because.clone()));
        ex.notes.error_message = match &refusal.message {
            base::gate::Message::Text(text) => Some(text.clone()),
            base::gate::Message::Null => None,
        };
        ex.notes.validation_error = refusal.validation.clone();
        let customised = self.find(refusal.kind);
        let status = customised.and_then(|customised| customised.status).unwrap_or(refusal.kind.status());
        let mut reply = Reply { status, fields: take_fields(), body: ReplyBody::Empty };
        let mut body = Buffer::take();
        match customised {
            Some(customised) => customised.write(refusal, ex, &mut reply, &mut body),
            None => builtin::write(refusal, &mut body),
        }
        reply.body = ReplyBody::Whole(body);
        put_standard_fields(&mut reply, ex, Some(refusal.kind.error_type()));
        reply
    }

    fn find(&self, kind: RefusalKind) -> Option<&Customised> {
        // The atlas: this one is the front end's, whatever is configured.
        let word = kind.word().filter(|_| kind != RefusalKind::RequestTooLarge)?;
        let of = |word: &str| self.customised.iter().find(|(key, _)| **key == *word).map(|(_, customised)| customised);
        of(word).or_else(|| of(if kind.status() < 500 { "DEFAULT_4XX" } else { "DEFAULT_5XX" }))
    }
}

impl Customised {
    /// Whatever cannot be said is left out: to tell of a refusal must not fail.
    fn write(&self, refusal: &Refusal, ex: &Exchange, reply: &mut Reply, body: &mut Vec<u8>) {
        let seen = Seen::request(ex);
        let mut value = Buffer::take();
        for (name, source) in &self.parameters {
            value.clear();
            if source.write(&seen, &mut value).is_ok() && !value.is_empty() {
                let _left_out = reply.fields.push(name, &value);
            }
        }
        match choose(&self.templates, &accepted(ex)) {
            Some((media, template)) => {
                template.write(&seen, body);
                if !reply.fields.has(h1::Known::ContentType) {
                    let _left_out = reply.fields.push("Content-Type", media.as_bytes());
                }
            }
            None => builtin::write(refusal, body),
        }
    }
}

fn compile(record: &record::GatewayResponse, flaws: &mut Vec<Flaw>) -> Customised {
    let whose = |what: String| Flaw::new(format!("gateway response {}: {what}", record.kind));
    let mut parameters = Vec::new();
    for (key, expression) in &record.parameters {
        match (key.strip_prefix("gatewayresponse.header."), request_source(expression)) {
            (Some(name), Ok(source)) => parameters.push((name.into(), source)),
            (None, _) => flaws.push(whose(format!("{key} is no destination"))),
            (_, Err(flaw)) => flaws.push(whose(flaw.to_string())),
        }
    }
    let status = record.status_code.as_deref().and_then(|text| {
        let status = text.parse().ok().filter(|status| (200..600).contains(status));
        if status.is_none() {
            flaws.push(whose(format!("{text} is no status")));
        }
        status
    });
    let templates = record.templates.iter().map(|(media, text)| (media.to_ascii_lowercase().into(), Template::compile(text))).collect();
    Customised { status, parameters, templates }
}
