//! Body templates, and which of them is for a request.

use super::template::MappingTemplate;
use crate::Flaw;
use crate::integration::record::PassthroughBehavior;
use base::gate::{JSON, Refusal, RefusalKind};
use std::collections::BTreeMap;

/// The key of the template for media types that have none of their own.
const DEFAULT_KEY: &str = "$default";

/// What becomes of a body.
#[derive(Debug)]
pub enum Template {
    /// It passes as it is.
    Passthrough,
    /// This takes its place.
    Static(Box<[u8]>),
    /// What this makes takes its place.
    Mapping(Box<MappingTemplate>),
}

impl Template {
    /// Compiles a template; a null or an empty one passes the body through. `whose` names it in a flaw.
    pub fn compile(text: Option<&str>, whose: impl FnOnce() -> String) -> Result<Template, Flaw> {
        match text {
            None | Some("") => Ok(Template::Passthrough),
            Some(text) if text.contains(['$', '#']) => match MappingTemplate::compile(text) {
                Ok(template) => Ok(Template::Mapping(Box::new(template))),
                Err(why) => Err(Flaw::new(format!("{}: {why}", whose()))),
            },
            Some(text) => Ok(Template::Static(text.as_bytes().into())),
        }
    }
}

/// The templates of one message, by media type.
#[derive(Debug, Default)]
pub struct Templates(Vec<(Box<str>, Template)>);

impl Templates {
    /// Compiles all; every flaw is told.
    pub fn compile(record: Option<&BTreeMap<String, Option<String>>>, whose: &str, flaws: &mut Vec<Flaw>) -> Templates {
        let mut compiled = Vec::new();
        for (media, text) in record.into_iter().flatten() {
            match Template::compile(text.as_deref(), || format!("the {whose} template for {media}")) {
                Ok(template) => compiled.push((media.to_ascii_lowercase().into(), template)),
                Err(flaw) => flaws.push(flaw),
            }
        }
        Templates(compiled)
    }

    /// The template for a request of this media type.
    pub(super) fn for_request(&self, media: &str, otherwise: PassthroughBehavior) -> Result<&Template, Refusal> {
        let of = |media: &str| self.0.iter().find(|(key, _)| **key == *media).map(|(_, template)| template);
        if let Some(template) = of(media).or_else(|| of(DEFAULT_KEY)) {
            return Ok(template);
        }
        match otherwise {
            PassthroughBehavior::WhenNoMatch => Ok(&Template::Passthrough),
            PassthroughBehavior::WhenNoTemplates if self.0.is_empty() => Ok(&Template::Passthrough),
            PassthroughBehavior::WhenNoTemplates | PassthroughBehavior::Never => {
                Err(Refusal::of(RefusalKind::UnsupportedMediaType, "no request template is for this media type"))
            }
        }
    }

    /// Whether one of them may look at the body.
    pub(super) fn read_bodies(&self) -> bool {
        self.0.iter().any(|(_, template)| matches!(template, Template::Mapping(template) if template.reads_body()))
    }

    /// The template for an answer to a caller who wants this media type, and its own media type.
    pub(super) fn for_response(&self, wanted: &str) -> Option<&(Box<str>, Template)> {
        choose(&self.0, wanted)
    }
}

/// Chooses by what the caller wants: that, else JSON, else the first there is. For templates of responses.
pub(crate) fn choose<'t, T>(templates: &'t [(Box<str>, T)], wanted: &str) -> Option<&'t (Box<str>, T)> {
    let of = |media: &str| templates.iter().find(|(key, _)| **key == *media);
    of(wanted).or_else(|| of(JSON)).or_else(|| templates.first())
}
