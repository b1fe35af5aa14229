//! A template and what it is rendered with, in a line.

use serde_json::Value as Json;
use vtl::{Error, Limits, List, Map, Style, Template, Value};

/// A value of JSON as a template's own.
pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::Double(number.as_f64().expect("a number of JSON is a double")), Value::Int)
        }
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => List::new(Style::Java, items.iter().map(value).collect()).into(),
        Json::Object(members) => members.iter().map(|(name, member)| (name.as_str(), value(member))).collect::<Map>().into(),
    }
}

/// Renders with variables that are members of an object.
pub(crate) fn render_with(template: &str, context: &Json, limits: &Limits) -> Result<String, Error> {
    let globals = |name: &str| context.get(name).map_or(Value::Null, value);
    Template::compile(template, limits)?.render(&globals, limits, None)
}

pub(crate) fn render(template: &str) -> Result<String, Error> {
    render_with(template, &Json::Null, &Limits::DEFAULT)
}

pub(crate) fn rendered(template: &str) -> String {
    render(template).expect("the template renders")
}
