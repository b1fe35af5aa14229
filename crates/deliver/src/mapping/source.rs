//! Where a parameter mapping takes its value from.

use super::body::BodyText;
use super::encode::{Place, push_encoded, push_reencoded, push_segments};
use super::lists::is_dropped_on_arrival;
use crate::Flaw;
use base::gate::{Buffer, Exchange, Refusal, Variable, decoded, last_query_value, query_values};
use h1::Fields;
use jsonkit::Path;
use std::sync::Arc;

/// In which form path parameters are mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathForm {
    /// Percent-encoded as they came: proxies pass them on.
    AsItCame,
    /// Decoded, to be encoded again where they go.
    Decoded,
}

/// Where a value comes from. Names are in the author's spelling.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Path(Box<str>, PathForm),
    Query(Box<str>),
    MultiQuery(Box<str>),
    Header(Box<str>),
    MultiHeader(Box<str>),
    Body,
    BodyPath(Arc<Path>),
    AnswerHeader(Box<str>),
    AnswerMultiHeader(Box<str>),
    AnswerBody,
    AnswerBodyPath(Arc<Path>),
    Context(Variable),
    /// A `$context` variable that has no value here.
    Nothing,
    StageVariable(Box<str>),
    Static(Box<str>),
}

/// What sources are read from.
pub(crate) struct Seen<'a> {
    pub(crate) ex: &'a Exchange,
    pub(crate) body: BodyText<'a>,
    /// Fields and body of the back end's answer.
    pub(crate) answer: Option<(&'a Fields, BodyText<'a>)>,
}

impl<'a> Seen<'a> {
    /// A request alone.
    pub(crate) fn request(ex: &'a Exchange) -> Self {
        Seen { ex, body: BodyText::of_request(ex.request.body.bytes()), answer: None }
    }
}

impl Source {
    /// Reads an expression of the request side.
    pub(crate) fn request(text: &str, form: PathForm) -> Result<Source, Flaw> {
        if let Some(source) = Source::common(text) {
            return Ok(source);
        }
        let unknown = || Flaw::new(format!("{text} is no mapping expression"));
        let rest = text.strip_prefix("method.request.").ok_or_else(unknown)?;
        let (location, name) = rest.split_once('.').unwrap_or((rest, ""));
        Ok(match (location, name) {
            ("body", "") => Source::Body,
            ("body", path) => Source::BodyPath(body_path(path, text)?),
            (_, "") => return Err(unknown()),
            ("path", name) => Source::Path(name.into(), form),
            ("querystring", name) => Source::Query(name.into()),
            ("multivaluequerystring", name) => Source::MultiQuery(name.into()),
            ("header", name) => Source::Header(name.into()),
            ("multivalueheader", name) => Source::MultiHeader(name.into()),
            _ => return Err(unknown()),
        })
    }

    /// Reads an expression of the response side.
    pub(crate) fn response(text: &str) -> Result<Source, Flaw> {
        if let Some(source) = Source::common(text) {
            return Ok(source);
        }
        let unknown = || Flaw::new(format!("{text} is no mapping expression"));
        let rest = text.strip_prefix("integration.response.").ok_or_else(unknown)?;
        let (location, name) = rest.split_once('.').unwrap_or((rest, ""));
        Ok(match (location, name) {
            ("body", "") => Source::AnswerBody,
            ("body", path) => Source::AnswerBodyPath(body_path(path, text)?),
            (_, "") => return Err(unknown()),
            ("header", name) => Source::AnswerHeader(name.into()),
            ("multivalueheader", name) => Source::AnswerMultiHeader(name.into()),
            _ => return Err(unknown()),
        })
    }

    /// What both sides may name.
    fn common(text: &str) -> Option<Source> {
        if let Some(text) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
            return Some(Source::Static(text.into()));
        }
        if let Some(name) = text.strip_prefix("context.") {
            return Some(Variable::named(name).map_or(Source::Nothing, Source::Context));
        }
        text.strip_prefix("stageVariables.").map(|name| Source::StageVariable(name.into()))
    }

    /// Whether it reads the request's body.
    pub(crate) fn needs_body(&self) -> bool {
        matches!(self, Source::Body | Source::BodyPath(_))
    }

    /// Appends the value. Whoever finds nothing appended leaves the destination out.
    pub(crate) fn write(&self, seen: &Seen<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let head = &seen.ex.request.head;
        let query = || head.query().unwrap_or_default();
        let mut text = |text: &str| out.extend_from_slice(text.as_bytes());
        match self {
            Source::Path(name, form) => {
                let value = seen.ex.path_parameter(name).unwrap_or_default();
                text(&if *form == PathForm::Decoded { decoded(value, false) } else { value.into() });
            }
            Source::Query(name) => text(&last_query_value(query(), name).unwrap_or_default()),
            Source::MultiQuery(name) => join(out, query_values(query(), name).map(|value| value.into_owned().into_bytes())),
            Source::Header(name) => out.extend_from_slice(header(head.fields(), name).last().unwrap_or_default()),
            Source::MultiHeader(name) => join(out, header(head.fields(), name)),
            Source::Body => seen.body.write(out)?,
            Source::BodyPath(path) => seen.body.write_at(path, out)?,
            Source::AnswerHeader(name) => out.extend_from_slice(seen.answer_headers(name).last().unwrap_or_default()),
            Source::AnswerMultiHeader(name) => join(out, seen.answer_headers(name)),
            Source::AnswerBody => {
                if let Some((_, body)) = &seen.answer {
                    body.write(out)?;
                }
            }
            Source::AnswerBodyPath(path) => {
                if let Some((_, body)) = &seen.answer {
                    body.write_at(path, out)?;
                }
            }
            Source::Context(variable) => {
                variable.write(seen.ex, out);
            }
            Source::Nothing => {}
            Source::StageVariable(name) => text(stage_variable(seen.ex, name)),
            Source::Static(value) => text(value),
        }
        Ok(())
    }

    /// Appends the value as it may stand at a place of a URL.
    pub(crate) fn write_encoded(&self, seen: &Seen<'_>, place: Place, out: &mut Vec<u8>) -> Result<(), Refusal> {
        match self {
            Source::Path(name, PathForm::AsItCame) => {
                push_reencoded(out, seen.ex.path_parameter(name).unwrap_or_default().as_bytes(), place);
            }
            Source::Path(name, PathForm::Decoded) if place == Place::Path => {
                push_segments(out, seen.ex.path_parameter(name).unwrap_or_default());
            }
            // Its author has encoded it.
            Source::Static(value) if place != Place::Host => push_encoded(out, value.as_bytes(), Place::Verbatim),
            _ => {
                let mut value = Buffer::take();
                self.write(seen, &mut value)?;
                push_encoded(out, &value, place);
            }
        }
        Ok(())
    }

    /// The values one by one, where there can be more than one; else the one.
    pub(crate) fn values(&self, seen: &Seen<'_>, mut each: impl FnMut(String)) -> Result<(), Refusal> {
        if let Source::MultiQuery(name) = self {
            query_values(seen.ex.request.head.query().unwrap_or_default(), name).for_each(|value| each(value.into_owned()));
            return Ok(());
        }
        let mut out = Vec::new();
        self.write(seen, &mut out)?;
        if !out.is_empty() {
            each(String::from_utf8_lossy(&out).into_owned());
        }
        Ok(())
    }
}

impl Seen<'_> {
    fn answer_headers(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let fields = self.answer.as_ref().map(|(fields, _)| *fields);
        fields.into_iter().flat_map(move |fields| fields.named(name).filter(move |field| field.name == name).map(|field| field.value))
    }
}

/// An expression over a request alone, as gateway responses have it.
pub(crate) fn request_source(text: &str) -> Result<Source, Flaw> {
    Source::request(text, PathForm::Decoded)
}

/// The value of a stage variable; nothing where there is none.
pub(crate) fn stage_variable<'e>(ex: &'e Exchange, name: &str) -> &'e str {
    ex.place.stage.as_ref().and_then(|stage| stage.variables.get(name)).map_or("", String::as_str)
}

/// The values of a request's header, told apart by case, as AWS does.
fn header<'f>(fields: &'f Fields, name: &str) -> impl Iterator<Item = &'f [u8]> {
    fields.named(name).filter(move |field| field.name == name && !is_dropped_on_arrival(field.known)).map(|field| field.value)
}

fn join<V: AsRef<[u8]>>(out: &mut Vec<u8>, values: impl Iterator<Item = V>) {
    for (n, value) in values.enumerate() {
        if n > 0 {
            out.push(b',');
        }
        out.extend_from_slice(value.as_ref());
    }
}

/// The JSONPath of an expression, which stands there without its `$.`.
fn body_path(path: &str, text: &str) -> Result<Arc<Path>, Flaw> {
    let whole = if path.starts_with('[') { format!("${path}") } else { format!("$.{path}") };
    Path::compile(&whole).map(Arc::new).map_err(|why| Flaw::new(format!("{text} is no mapping expression: {why}")))
}
