//! From JSON to the values of templates, and from those to what a message is made of.

use base::gate::Overridden;
use jsonkit::{Number, Value as Json};
use std::sync::Arc;
use vtl::{List, Map, Style, Text, Value};

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
        Json::String(text) => shared(text),
        Json::Array(items) => List::new(style, items.iter().map(|item| inner(item, style)).collect()).into(),
        Json::Object(members) => members.iter().map(|(name, value)| (shared(name), inner(value, style))).collect::<Map>().into(),
    }
}

/// The document's own text: not copied.
fn shared(text: &Arc<str>) -> Value {
    Value::Str(Text::Shared(text.clone()))
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
