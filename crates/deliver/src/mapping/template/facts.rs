//! What templates read from: a request on its way, or an event that somebody made up.

use crate::mapping::decoded;
use crate::mapping::is_dropped_on_arrival;
use base::gate::{Buffer, Exchange, Variable, query_pairs};
use jsonkit::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;

/// What templates read from.
#[expect(clippy::large_enum_variant, reason = "there is one of it, on the heap")]
pub(crate) enum Facts {
    Request(Exchange),
    Event(Event),
}

/// An event for trying a template out: the members `body`, `headers`, `query`, `path`, `stageVariables` and `context`, all of them optional.
#[derive(Clone, Debug, Default)]
pub struct Event {
    pub(crate) body: String,
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
    path: Vec<(String, String)>,
    stage_variables: Vec<(String, String)>,
    context: Option<Json>,
}

/// Why a text is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventError(pub String);

impl std::fmt::Display for EventError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EventError {}

/// Where a parameter of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    Path,
    QueryString,
    Header,
}

impl Location {
    /// In the order in which `$input.params(name)` looks, and shows them.
    pub(crate) const ALL: [(Location, &'static str); 3] =
        [(Location::Path, "path"), (Location::QueryString, "querystring"), (Location::Header, "header")];
}

impl Event {
    /// Reads an event: a JSON object.
    pub fn parse(text: &[u8]) -> Result<Event, EventError> {
        let value = jsonkit::parse(text).map_err(|why| EventError(format!("the event is no JSON: {why}")))?;
        Event::of(&value)
    }

    /// Reads an event from a JSON object.
    pub fn of(value: &Json) -> Result<Event, EventError> {
        value.as_object().ok_or_else(|| EventError("the event is no JSON object".into()))?;
        let texts = |name: &str| match value.member(name) {
            None | Some(Json::Null) => Ok(Vec::new()),
            Some(Json::Object(members)) => Ok(members.iter().map(|(name, value)| (name.to_string(), text_of(value))).collect()),
            Some(_) => Err(EventError(format!("the event's {name} is no object"))),
        };
        Ok(Event {
            body: value.member("body").map_or_else(String::new, text_of),
            headers: texts("headers")?,
            query: texts("query")?,
            path: texts("path")?,
            stage_variables: texts("stageVariables")?,
            context: value.member("context").cloned(),
        })
    }
}

/// A string as it is; all else as JSON text, and nothing for null.
fn text_of(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.to_string(),
        other => other.to_json(usize::MAX).unwrap_or_default(),
    }
}

impl Facts {
    /// A `$context` variable by its whole name; nothing where it has no value.
    pub(crate) fn context(&self, name: &str) -> Option<vtl::Value> {
        match self {
            Facts::Request(ex) => {
                let variable = Variable::named(name)?;
                let mut bytes = Buffer::take();
                if !variable.write(ex, &mut bytes) {
                    return None;
                }
                let text = String::from_utf8_lossy(&bytes);
                Some(match variable {
                    Variable::IsCanaryRequest => (text == "true").into(),
                    Variable::RequestTimeEpoch => text.parse::<i64>().map_or(vtl::Value::Absent, Into::into),
                    _ => (&*text).into(),
                })
            }
            Facts::Event(event) => {
                let mut at = event.context.as_ref()?;
                for member in name.split('.') {
                    at = at.member(member)?;
                }
                Some(super::convert::to_vtl(at))
            }
        }
    }

    /// The names below a part of `$context` that are there, in order.
    pub(crate) fn context_names(&self, below: &str) -> Vec<String> {
        match self {
            Facts::Request(_) => Vec::new(),
            Facts::Event(event) => {
                let mut at = event.context.as_ref();
                for member in below.split('.').filter(|member| !member.is_empty()) {
                    at = at.and_then(|value| value.member(member));
                }
                at.and_then(Json::as_object).map(|members| members.iter().map(|(name, _)| name.to_string()).collect()).unwrap_or_default()
            }
        }
    }

    /// A stage variable.
    pub(crate) fn stage_variable(&self, name: &str) -> Option<&str> {
        match self {
            Facts::Request(ex) => ex.place.stage.as_ref()?.variables.get(name).map(String::as_str),
            Facts::Event(event) => event.stage_variables.iter().find(|(known, _)| known == name).map(|(_, value)| &**value),
        }
    }

    /// All stage variables.
    pub(crate) fn stage_variables(&self) -> Vec<(&str, &str)> {
        fn pair<'p>((name, value): (&'p String, &'p String)) -> (&'p str, &'p str) {
            (name, value)
        }
        match self {
            Facts::Request(ex) => ex.place.stage.iter().flat_map(|stage| &stage.variables).map(pair).collect(),
            Facts::Event(event) => event.stage_variables.iter().map(|(name, value)| (&**name, &**value)).collect(),
        }
    }

    /// A parameter: its last value, decoded. Names are told apart by case, as AWS does.
    pub(crate) fn parameter(&self, location: Location, name: &str) -> Option<String> {
        match self {
            Facts::Request(ex) => match location {
                Location::Path => ex.path_parameter(name).map(|value| decoded(value, false).into_owned()),
                Location::QueryString => query_pairs(ex.request.head.query().unwrap_or_default())
                    .filter(|(sent, _)| decoded(sent, true) == name)
                    .last()
                    .map(|(_, value)| decoded(value, true).into_owned()),
                Location::Header => {
                    let named = ex.request.head.fields().named(name);
                    let value = named.filter(|field| field.name == name && !is_dropped_on_arrival(field.known)).last()?.value;
                    Some(String::from_utf8_lossy(value).into_owned())
                }
            },
            Facts::Event(event) => {
                let known = match location {
                    Location::Path => &event.path,
                    Location::QueryString => &event.query,
                    Location::Header => &event.headers,
                };
                known.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.clone())
            }
        }
    }

    /// All parameters of a location, each once with its last value.
    pub(crate) fn parameters(&self, location: Location) -> Vec<(String, String)> {
        let all: Vec<(String, String)> = match self {
            Facts::Request(ex) => match location {
                Location::Path => {
                    let names: &[Arc<str>] = ex.place.route.as_ref().map_or(&[], |route| &route.parameters);
                    names
                        .iter()
                        .filter_map(|name| Some((name.to_string(), decoded(ex.path_parameter(name)?, false).into_owned())))
                        .collect()
                }
                Location::QueryString => query_pairs(ex.request.head.query().unwrap_or_default())
                    .map(|(name, value)| (decoded(name, true).into_owned(), decoded(value, true).into_owned()))
                    .collect(),
                Location::Header => {
                    let fields = ex.request.head.fields().iter().filter(|field| !is_dropped_on_arrival(field.known));
                    fields.map(|field| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned())).collect()
                }
            },
            Facts::Event(event) => match location {
                Location::Path => event.path.clone(),
                Location::QueryString => event.query.clone(),
                Location::Header => event.headers.clone(),
            },
        };
        // The last value, at the place of the first.
        let mut places: HashMap<String, usize> = HashMap::with_capacity(all.len());
        let mut once: Vec<(String, String)> = Vec::with_capacity(all.len());
        for (name, value) in all {
            match places.get(&name) {
                Some(at) => once[*at].1 = value,
                None => {
                    places.insert(name.clone(), once.len());
                    once.push((name, value));
                }
            }
        }
        once
    }
}
