//! From a document to statements. All that is wrong is told at once.

use crate::Policy;
use crate::condition::{Condition, Operator};
use crate::flaw::Flaw;
use crate::pattern::{Case, Pattern, Reading, resource};
use crate::principal;
use crate::statement::{Effect, Listed, Meant, Statement};
use serde_json::{Map, Value};

/// Bytes of a document's text. AWS's largest (of a role's trust, of an API) have a sixteenth of it.
pub const DOCUMENT_BYTES_MAX: usize = 131_072;

/// Statements of one document.
pub const STATEMENTS_MAX: usize = 1_024;

/// What a document hangs on, and so what it must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// On those who ask: it names no principals.
    Identity,
    /// On what is asked for: it names principals, and resources within.
    Resource,
    /// On a role, and is about taking it: it names principals and no resources.
    Trust,
}

pub(crate) fn parse(text: &str, form: Form) -> Result<Policy, Vec<Flaw>> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(vec![Flaw::new(format!("the document has {} bytes, and may have {DOCUMENT_BYTES_MAX}", text.len()))]);
    }
    let document = serde_json::from_str(text).map_err(|why| vec![Flaw::new(format!("the document is no JSON: {why}"))])?;
    compile(&document, form)
}

pub(crate) fn compile(document: &Value, form: Form) -> Result<Policy, Vec<Flaw>> {
    let one = |text: &str| vec![Flaw::new(text)];
    let Value::Object(members) = document else { return Err(one("the document is no JSON object")) };
    let mut flaws: Vec<Flaw> = unknown(members, &["Version", "Id", "Statement"]).collect();
    let variables = match members.get("Version").map(Value::as_str) {
        None | Some(Some("2008-10-17")) => false,
        Some(Some("2012-10-17")) => true,
        Some(_) => {
            flaws.push(Flaw::new("Version is 2012-10-17 or 2008-10-17"));
            true
        }
    };
    let statements: &[Value] = match members.get("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(statement) => std::slice::from_ref(statement),
        None => return Err(one("there is no Statement")),
    };
    if statements.len() > STATEMENTS_MAX {
        return Err(vec![Flaw::new(format!("there are {} statements, and may be {STATEMENTS_MAX}", statements.len()))]);
    }
    let mut compiled = Vec::with_capacity(statements.len());
    for (at, statement) in statements.iter().enumerate() {
        match self::statement(statement, form, variables) {
            Ok(statement) => compiled.push(statement),
            Err(found) => flaws.extend(found.into_iter().map(|flaw| Flaw::new(format!("statement {}: {flaw}", at + 1)))),
        }
    }
    if flaws.is_empty() { Ok(Policy { statements: compiled.into() }) } else { Err(flaws) }
}

/// A misspelt element would be one that is not heeded.
fn unknown(members: &Map<String, Value>, known: &'static [&str]) -> impl Iterator<Item = Flaw> {
    members.keys().filter(|name| !known.contains(&name.as_str())).map(|name| Flaw::new(format!("{name:?} is no element here")))
}

fn statement(json: &Value, form: Form, variables: bool) -> Result<Statement, Vec<Flaw>> {
    const ELEMENTS: &[&str] =
        &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    let Value::Object(members) = json else { return Err(vec![Flaw::new("it is no JSON object")]) };
    let mut flaws: Vec<Flaw> = unknown(members, ELEMENTS).collect();
    let sid = kept(sid(members.get("Sid")), &mut flaws).flatten();
    let effect = kept(effect(members.get("Effect")), &mut flaws);
    let principals = kept(element(members, "Principal", form != Form::Identity), &mut flaws).flatten();
    let actions = kept(element(members, "Action", true), &mut flaws).flatten();
    let resources = kept(element(members, "Resource", form != Form::Trust), &mut flaws).flatten();
    let principals = principals.and_then(|(json, meant)| kept(principal::read(json).map(|list| Listed { list, meant }), &mut flaws));
    let actions = actions.and_then(|(json, meant)| kept(patterns(json, meant, "Action", action), &mut flaws));
    let reading = Reading { wildcards: true, variables, case: Case::Heeded };
    let resources = resources.and_then(|(json, meant)| kept(patterns(json, meant, "Resource", |text| resource(text, reading)), &mut flaws));
    let conditions = conditions(members.get("Condition"), variables, &mut flaws);
    match (effect, actions) {
        (Some(effect), Some(actions)) if flaws.is_empty() => Ok(Statement { sid, effect, principals, actions, resources, conditions }),
        _ => Err(flaws),
    }
}

/// What was read; what is wrong goes to the others.
fn kept<T>(outcome: Result<T, Flaw>, flaws: &mut Vec<Flaw>) -> Option<T> {
    outcome.map_err(|flaw| flaws.push(flaw)).ok()
}

fn sid(json: Option<&Value>) -> Result<Option<Box<str>>, Flaw> {
    match json {
        None => Ok(None),
        Some(Value::String(sid)) => Ok(Some(sid.as_str().into())),
        Some(_) => Err(Flaw::new("Sid is no text")),
    }
}

fn effect(json: Option<&Value>) -> Result<Effect, Flaw> {
    match json.and_then(Value::as_str) {
        Some("Allow") => Ok(Effect::Allow),
        Some("Deny") => Ok(Effect::Deny),
        _ => Err(Flaw::new("Effect is Allow or Deny")),
    }
}

/// `Action` or `NotAction`, and never both; neither where the form has no such element.
fn element<'d>(members: &'d Map<String, Value>, name: &str, of_form: bool) -> Result<Option<(&'d Value, Meant)>, Flaw> {
    let negated = format!("Not{name}");
    match (members.get(name), members.get(&negated)) {
        (Some(_), Some(_)) => Err(Flaw::new(format!("there are both {name} and {negated}"))),
        (None, None) if of_form => Err(Flaw::new(format!("{name} is missing"))),
        (None, None) => Ok(None),
        _ if !of_form => Err(Flaw::new(format!("{name} has no place in a policy of this sort"))),
        (Some(those), None) => Ok(Some((those, Meant::Those))),
        (None, Some(others)) => Ok(Some((others, Meant::AllButThose))),
    }
}

fn patterns(json: &Value, meant: Meant, what: &str, read: impl Fn(&str) -> Result<Pattern, Flaw>) -> Result<Listed<Pattern>, Flaw> {
    let texts: &[Value] = match json {
        Value::Array(texts) if !texts.is_empty() => texts,
        one => std::slice::from_ref(one),
    };
    let text = |json: &Value| match json.as_str().filter(|text| !text.is_empty()) {
        Some(text) => read(text),
        None => Err(Flaw::new(format!("{json} is no {what}"))),
    };
    Ok(Listed { list: texts.iter().map(text).collect::<Result<_, _>>()?, meant })
}

/// `*`, or a service and what it does.
fn action(text: &str) -> Result<Pattern, Flaw> {
    let is_action = text == "*" || text.split_once(':').is_some_and(|(service, action)| !service.is_empty() && !action.is_empty());
    match is_action {
        true => Pattern::read(text, Reading { wildcards: true, variables: false, case: Case::Ignored }),
        false => Err(Flaw::new(format!("{text:?} is no action: it is service:Action"))),
    }
}

fn conditions(json: Option<&Value>, variables: bool, flaws: &mut Vec<Flaw>) -> Box<[Condition]> {
    let operators = match json {
        None => return [].into(),
        Some(Value::Object(operators)) => operators,
        Some(_) => {
            flaws.push(Flaw::new("Condition is no JSON object"));
            return [].into();
        }
    };
    let mut conditions = Vec::new();
    for (name, keys) in operators {
        let (operator, keys) = match (Operator::named(name), keys) {
            (Ok(operator), Value::Object(keys)) => (operator, keys),
            (Err(flaw), _) => {
                flaws.push(flaw);
                continue;
            }
            (Ok(_), _) => {
                flaws.push(Flaw::new(format!("{name} holds no keys")));
                continue;
            }
        };
        for (key, values) in keys {
            match texts(values).and_then(|values| operator.over(key, &values, variables)) {
                Ok(condition) => conditions.push(condition),
                Err(flaw) => flaws.push(Flaw::new(format!("{name} of {key}: {flaw}"))),
            }
        }
    }
    conditions.into()
}

/// The values of a condition as texts, whatever way they are written.
fn texts(json: &Value) -> Result<Vec<String>, Flaw> {
    let values: &[Value] = match json {
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    };
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(holds) => Ok(holds.to_string()),
        other => Err(Flaw::new(format!("{other} is no value"))),
    };
    values.iter().map(text).collect()
}
