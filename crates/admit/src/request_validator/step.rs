//! What is asked of a request before its back end is: required parameters, and a body that fits its model.
//!
//! What is odd: a parameter is only looked for (a blank one is missing, and one that the path has no place for always is); all that are
//! missing are told at once, but nothing of the body then; a body is checked against the model for its media type, else `$default`, and
//! against none without both; an empty body is an empty object. The caller never reads what was wrong with the body: gateway responses
//! do, as `$context.error.validationErrorString`. Seen: observed/validators-and-models.json; integrations §4.5.

use base::gate::{Exchange, Refusal, RefusalKind, media_type};
use jsonkit::Schema;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The key of the model for media types that have none of their own.
const DEFAULT_KEY: &str = "$default";
/// What AWS says of a body that is no JSON.
const NO_JSON: &str = "[Unknown error parsing request body]";

/// What a method asks of its requests.
#[derive(Debug, Default)]
pub struct Validation {
    /// In AWS's order: headers, path, query; each by name.
    required: Vec<(Location, Box<str>)>,
    /// By media type.
    models: Vec<(Box<str>, Arc<Schema>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Location {
    Header,
    Path,
    Query,
}

impl Validation {
    /// Asks for parameters: those of a method's that are required.
    pub fn parameters(declared: &BTreeMap<String, bool>) -> Validation {
        let required = declared.iter().filter(|(_, required)| **required).filter_map(|(name, _)| {
            let (location, name) = name.strip_prefix("method.request.")?.split_once('.')?;
            let location = match location {
                "header" | "multivalueheader" => Location::Header,
                "path" => Location::Path,
                "querystring" | "multivaluequerystring" => Location::Query,
                _ => return None,
            };
            Some((location, name.into()))
        });
        Validation { required: required.collect(), models: Vec::new() }
    }

    /// Asks for a body, too: the models by media type.
    pub fn and_body(mut self, models: impl IntoIterator<Item = (String, Arc<Schema>)>) -> Validation {
        self.models = models.into_iter().map(|(media, schema)| (media.to_ascii_lowercase().into(), schema)).collect();
        self
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.required.is_empty() && self.models.is_empty()
    }

    /// Looks for the parameters.
    pub fn check_parameters(&self, ex: &Exchange) -> Result<(), Refusal> {
        let missing: Vec<&str> =
            self.required.iter().filter(|(location, name)| !is_there(ex, *location, name)).map(|(_, name)| &**name).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let message = format!("Missing required request parameters: [{}]", missing.join(", "));
        Err(Refusal::saying(RefusalKind::BadRequestParameters, message.clone(), message))
    }

    /// The model for a request's body. If there is one, the body must be whole before [`check_body`].
    pub fn model(&self, ex: &Exchange) -> Option<&Arc<Schema>> {
        if self.models.is_empty() {
            return None;
        }
        let media = media_type(&ex.request.head);
        let of = |media: &str| self.models.iter().find(|(key, _)| **key == *media).map(|(_, schema)| schema);
        of(&media).or_else(|| of(DEFAULT_KEY))
    }
}

/// Holds a body against a model.
pub fn check_body(schema: &Schema, body: &[u8], media: &str) -> Result<(), Refusal> {
    let wrong = |told: String| {
        let because = format!("Request body does not match model schema for content type {media}: {told}");
        Err(Refusal { validation: Some(told), ..Refusal::of(RefusalKind::BadRequestBody, because) })
    };
    let text: &[u8] = if body.trim_ascii().is_empty() { b"{}" } else { body };
    let Ok(value) = jsonkit::parse(text) else { return wrong(NO_JSON.to_owned()) };
    match schema.check(&value) {
        Ok(errors) if errors.is_empty() => Ok(()),
        Ok(errors) => wrong(jsonkit::bracketed(&errors)),
        Err(why) => wrong(format!("[{why}]")),
    }
}

/// Whether a parameter is there and not blank. Names of headers have no case here: HTTP/2 sends them in small letters.
fn is_there(ex: &Exchange, location: Location, name: &str) -> bool {
    let head = &ex.request.head;
    match location {
        Location::Header => head.fields().named(name).any(|field| !field.value.trim_ascii().is_empty()),
        Location::Path => ex.path_parameter(name).is_some_and(|value| !value.trim().is_empty()),
        Location::Query => base::gate::query_values(head.query().unwrap_or_default(), name).any(|value| !value.trim().is_empty()),
    }
}
