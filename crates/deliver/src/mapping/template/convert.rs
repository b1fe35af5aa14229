//! From JSON to the values of templates, and from those to what a message is made of.

use base::gate::Overridden;
use jsonkit::{Number, Object, Value as Json};
use std::sync::Arc;
use vtl::{List, ListSource, Map, MapSource, Style, Text, Value};

/// A JSON value as templates have it. Its lists print as JSON; a null is what is not there.
pub(super) fn to_vtl(json: &Json) -> Value {
    if let Json::Null = json { Value::Absent } else { inner(json, Style::Json) }
}

/// A JSON value as plain Velocity has it: all of it is Java's.
pub(super) fn to_java(json: &Json) -> Value {
    inner(json, Style::Java)
}

fn inner(json: &Json, style: Style) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Number(Number::Int(value)) => (*value).into(),
        Json::Number(Number::Double(value)) => (*value).into(),
        Json::Number(other) => {
            let digits = other.to_string();
            digits.parse().map_or_else(|_| digits.into(), |big| Value::Big(Box::new(big)))
        }
        Json::String(text) => {
            let (whole, range) = text.source();
            Value::Str(Text::Part(whole.clone(), range.start, range.end))
        }
        Json::Array(items) => List::of(style, Box::new(Items(items.clone(), style))).into(),
        Json::Object(members) => Map::of(Box::new(Members(members.clone(), style))).into(),
    }
}

/// A list of a document.
struct Items(Arc<[Json]>, Style);

impl ListSource for Items {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn item(&self, at: usize) -> Value {
        self.0.get(at).map_or(Value::Null, |item| inner(item, self.1))
    }
}

/// An object of a document.
struct Members(Arc<Object>, Style);

impl MapSource for Members {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.0.place(name)
    }

    fn name(&self, at: usize) -> Text {
        self.0.at(at).map_or_else(|| "".into(), |(name, _)| Text::Shared(name.clone()))
    }

    fn value(&self, at: usize) -> Value {
        self.0.at(at).map_or(Value::Null, |(_, value)| inner(value, self.1))
    }
}

/// A value's text; nothing for what is not there.
pub(super) fn text(value: &Value) -> Option<Text> {
    match value {
        Value::Null | Value::Absent => None,
        Value::Str(text) => Some(text.clone()),
        Value::Host(host) => host.print().ok().flatten().as_ref().and_then(text),
        other => vtl::print_java(other).ok().map(Text::from),
    }
}

/// Names and texts as a map.
pub(super) fn map_of<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Map {
    pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

/// What was overridden before, as a map that templates see.
pub(super) fn map_of_overridden(overridden: &Overridden) -> Map {
    let value = |values: &Vec<String>| match &values[..] {
        [one] => Value::from(&**one),
        several => List::new(Style::Java, several.iter().map(|value| (&**value).into()).collect()).into(),
    };
    overridden.iter().map(|(name, values)| (&**name, value(values))).collect()
}

/// What a template has put into a map of overrides. What has no text is left out.
pub(super) fn overridden(map: &Map) -> Overridden {
    let values = |value: &Value| match value {
        Value::List(list) => list.items().iter().filter_map(text).map(|text| text.to_string()).collect(),
        other => text(other).iter().map(ToString::to_string).collect::<Vec<_>>(),
    };
    let entries = map.entries();
    entries
        .iter()
        .filter_map(|(name, value)| Some((text(name)?.to_string(), values(value))))
        .filter(|(_, values)| !values.is_empty())
        .collect()
}
