//! What a member must look like, as a const table, and the check of all of them at once.
//!
//! AWS answers a request that breaks its model before it looks at anything else: a wrong JSON type is a `SerializationException` (the
//! first one found), values outside an enum or a pattern are a `ValidationException` that lists them all, body members first, in the
//! model's order. Enum values print in AWS's own order, which is that of a Java hash: tables repeat it literally.

use super::{ApiError, Members};
use serde_json::Value;

/// Where a member comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The JSON body.
    Body,
    /// The path.
    Path,
    /// The query string.
    Query,
    /// A header, of the member's name.
    Header,
}

/// The JSON type of a member.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A string.
    Text,
    /// A boolean.
    Flag,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// A list of one shape.
    List(&'static Member),
    /// A map from strings to one shape.
    Map(&'static Shape),
    /// Members of its own.
    Structure(&'static [Member]),
}

/// A pattern as AWS prints it, and whether a text matches.
pub type Pattern = (&'static str, fn(&str) -> bool);

/// One member of an operation's input.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its wire name.
    pub name: &'static str,
    /// How a violation names it, where that differs: `statusCode` for the placeholder `status_code`.
    pub called: &'static str,
    /// Where it comes from.
    pub place: Place,
    /// Its type.
    pub shape: Shape,
    /// The values it may have, in AWS's printed order; empty for any.
    pub one_of: &'static [&'static str],
    /// The pattern it must match, as printed, and whether a text does.
    pub pattern: Option<Pattern>,
}

const fn member(name: &'static str, shape: Shape) -> Member {
    Member { name, called: name, place: Place::Body, shape, one_of: &[], pattern: None }
}

/// A string in the body.
pub const fn text(name: &'static str) -> Member {
    member(name, Shape::Text)
}

/// A boolean in the body.
pub const fn flag(name: &'static str) -> Member {
    member(name, Shape::Flag)
}

/// A whole number in the body.
pub const fn whole(name: &'static str) -> Member {
    member(name, Shape::Whole)
}

/// A number in the body.
pub const fn number(name: &'static str) -> Member {
    member(name, Shape::Number)
}

/// A list in the body. The element is a member of any name.
pub const fn list(name: &'static str, of: &'static Member) -> Member {
    member(name, Shape::List(of))
}

/// A map from strings in the body.
pub const fn map(name: &'static str, of: &'static Shape) -> Member {
    member(name, Shape::Map(of))
}

/// A structure in the body.
pub const fn structure(name: &'static str, members: &'static [Member]) -> Member {
    member(name, Shape::Structure(members))
}

impl Member {
    /// The same, with a closed set of values.
    pub const fn one_of(mut self, values: &'static [&'static str]) -> Member {
        self.one_of = values;
        self
    }

    /// The same, with a pattern.
    pub const fn like(mut self, printed: &'static str, fits: fn(&str) -> bool) -> Member {
        self.pattern = Some((printed, fits));
        self
    }

    /// The same, from the path; `called` is the name in violations.
    pub const fn in_path(mut self, called: &'static str) -> Member {
        self.place = Place::Path;
        self.called = called;
        self
    }

    /// The same, from the query string.
    pub const fn in_query(mut self) -> Member {
        self.place = Place::Query;
        self
    }

    /// The same, from the header of its name.
    pub const fn in_header(mut self) -> Member {
        self.place = Place::Header;
        self
    }
}

/// Checks what came against an operation's table. `operation` is its name.
pub fn check(operation: &str, table: &[Member], came: &Members) -> Result<(), ApiError> {
    let body = || table.iter().filter(|member| member.place == Place::Body);
    for member in body() {
        if let Some(value) = came.json(member.name) {
            check_shape(&member.shape, value)?;
        }
    }
    let mut clauses = Vec::new();
    let mut chars = operation.chars();
    let head = chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect::<String>() + "Input";
    for member in body() {
        if let Some(value) = came.json(member.name) {
            check_value(member, value, &format!("{head}.{}", member.name), &mut clauses);
        }
    }
    for member in table.iter().filter(|member| member.place != Place::Body) {
        if let Some(text) = came.text(member.name) {
            check_text(member, text, member.called, &mut clauses);
        }
    }
    match clauses.len() {
        0 => Ok(()),
        1 => Err(ApiError::Validation(format!("1 validation error detected: {}", clauses[0]))),
        n => Err(ApiError::Validation(format!("{n} validation errors detected: {}", clauses.join("; ")))),
    }
}

fn check_shape(shape: &Shape, value: &Value) -> Result<(), ApiError> {
    let wrong = |text: &str| Err(ApiError::Serialization(text.to_owned()));
    let class = match value {
        Value::Bool(_) => "class java.lang.Boolean",
        Value::Number(_) => "class com.amazon.coral.value.json.numbers.TruncatingBigNumber",
        Value::String(_) => "class java.lang.String",
        _ => "",
    };
    match (shape, value) {
        (_, Value::Null)
        | (Shape::Text, Value::String(_))
        | (Shape::Flag, Value::Bool(_))
        | (Shape::Whole | Shape::Number, Value::Number(_)) => Ok(()),
        (Shape::List(element), Value::Array(items)) => items.iter().try_for_each(|item| check_shape(&element.shape, item)),
        (Shape::Map(of), Value::Object(fields)) => fields.values().try_for_each(|item| check_shape(of, item)),
        (Shape::Structure(members), Value::Object(fields)) => members
            .iter()
            .filter_map(|member| Some((member, fields.get(member.name)?)))
            .try_for_each(|(member, value)| check_shape(&member.shape, value)),
        (Shape::List(_), _) => wrong("Expected list or null"),
        (Shape::Map(_), _) => wrong("Expected map or null"),
        (Shape::Structure(_), _) => wrong("Expected null"),
        (_, Value::Array(_)) => wrong("Start of list found where not expected"),
        (_, Value::Object(_)) => wrong("Start of structure or map found where not expected."),
        (Shape::Text, _) => wrong(&format!("{class} can not be converted to an String")),
        (Shape::Flag, _) => wrong(&format!("{class} can not be converted to an Boolean")),
        (Shape::Whole, _) => wrong(&format!("{class} can not be converted to an Integer")),
        (Shape::Number, _) => wrong(&format!("{class} can not be converted to an Double")),
    }
}

fn check_value(member: &Member, value: &Value, path: &str, clauses: &mut Vec<String>) {
    match (&member.shape, value) {
        (Shape::Text, Value::String(text)) => check_text(member, text, path, clauses),
        (Shape::List(element), Value::Array(items)) => {
            // A list of enum values is told of as one, a list of structures by its index, from 1.
            if !element.one_of.is_empty() {
                let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                if texts.iter().any(|text| !element.one_of.contains(text)) {
                    clauses.push(format!(
                        "Value '[{}]' at '{path}' failed to satisfy constraint: Member must satisfy constraint: \
                         [Member must satisfy enum value set: [{}]]",
                        texts.join(", "),
                        element.one_of.join(", ")
                    ));
                }
                return;
            }
            for (n, item) in items.iter().enumerate() {
                check_value(element, item, &format!("{path}.{}.member", n + 1), clauses);
            }
        }
        (Shape::Structure(members), Value::Object(fields)) => {
            for inner in *members {
                if let Some(value) = fields.get(inner.name) {
                    check_value(inner, value, &format!("{path}.{}", inner.name), clauses);
                }
            }
        }
        _ => {}
    }
}

fn check_text(member: &Member, text: &str, path: &str, clauses: &mut Vec<String>) {
    let failed = |what: String| format!("Value '{text}' at '{path}' failed to satisfy constraint: {what}");
    if !member.one_of.is_empty() && !member.one_of.contains(&text) {
        clauses.push(failed(format!("Member must satisfy enum value set: [{}]", member.one_of.join(", "))));
    }
    if let Some((printed, fits)) = member.pattern
        && !fits(text)
    {
        clauses.push(failed(format!("Member must satisfy regular expression pattern: {printed}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: &[Member] =
        &[list("types", &text("").one_of(&["PRIVATE", "EDGE", "REGIONAL"])), text("ipAddressType").one_of(&["ipv4", "dualstack"])];
    const TABLE: &[Member] = &[
        text("name"),
        structure("endpointConfiguration", ENDPOINT),
        map("requestTemplates", &Shape::Text),
        text("status_code").in_path("statusCode").like(r"[1-5]\d\d", |text| text.len() == 3),
    ];

    fn said(body: &str, status: &str) -> String {
        let came = Members::body(body.as_bytes()).unwrap().path(vec![("status_code", status.into())]);
        check("CreateRestApi", TABLE, &came).map_or_else(|why| why.to_string(), |()| "fine".into())
    }

    /// Seen: observed/rest-apis.json.
    #[test]
    fn every_violation_is_told_in_the_models_order_body_before_path() {
        assert_eq!(said(r#"{"name":"a"}"#, "200"), "fine");
        assert_eq!(
            said(r#"{"endpointConfiguration":{"ipAddressType":"wrong","types":["wrong"]}}"#, "wrong"),
            "3 validation errors detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' failed to satisfy \
             constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]; Value 'wrong' \
             at 'createRestApiInput.endpointConfiguration.ipAddressType' failed to satisfy constraint: Member must satisfy enum value \
             set: [ipv4, dualstack]; Value 'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression \
             pattern: [1-5]\\d\\d"
        );
    }

    /// Seen: observed/integrations-crud.json, mapping-templates.json.
    #[test]
    fn a_wrong_type_wins_over_a_wrong_value() {
        let text = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String";
        assert_eq!(said(r#"{"requestTemplates":{"application/json":123}}"#, "wrong"), text);
        assert_eq!(said(r#"{"name":true}"#, "200"), "class java.lang.Boolean can not be converted to an String");
        assert_eq!(said(r#"{"requestTemplates":{"application/json":null}}"#, "200"), "fine");
    }
}
