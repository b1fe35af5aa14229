//! `$input`: the payload, and the parameters of the request.

use super::Paths;
use super::convert::{map_of, text, to_vtl};
use super::facts::{Facts, Location};
use jsonkit::{Found, Path, Value as Json};
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;
use vtl::{Fault, Host, List, Map, Style, Value};

/// What a body is that is empty.
const EMPTY: &str = "{}";
/// Bytes of text that `$input.json` makes. The template's own output is bounded by less.
const JSON_BYTES_MAX: usize = 16 << 20;

/// `$input`.
pub(super) struct Input {
    facts: Rc<Facts>,
    body: Rc<str>,
    /// Read once it is asked for; nothing where the body is no JSON.
    json: OnceCell<Option<Json>>,
    paths: Arc<Paths>,
}

impl Input {
    pub(super) fn new(facts: Rc<Facts>, body: Rc<str>, paths: Arc<Paths>) -> Input {
        Input { facts, body, json: OnceCell::new(), paths }
    }

    fn body(&self) -> Value {
        Value::host(Body(if self.body.is_empty() { EMPTY.into() } else { self.body.clone() }))
    }

    /// What is at the end of a path; `None` for nothing and for null.
    fn find(&self, path: &str) -> Result<Option<Found>, Fault> {
        let json = self.json.get_or_init(|| jsonkit::parse(self.body.as_bytes()).ok());
        let Some(json) = json else { return Ok(None) };
        let fault = |why: jsonkit::PathError| Fault::call(format!("the JSONPath {path} fails: {why}"));
        let found = match self.paths.get(path) {
            Some(known) => known.find(json).map_err(fault)?,
            None => Path::compile(path).map_err(fault)?.find(json).map_err(fault)?,
        };
        Ok(match found {
            Found::Missing | Found::One(Json::Null) => None,
            found => Some(found),
        })
    }

    /// `$input.path`: the value, to be walked through.
    fn path(&self, path: &str) -> Result<Value, Fault> {
        Ok(match self.find(path)? {
            None | Some(Found::Missing) => Value::Absent,
            Some(Found::One(value)) => to_vtl(&value),
            // What a path collects is a list of Java's, not of the document.
            Some(Found::Many(values)) => List::new(Style::Java, values.iter().map(to_vtl).collect()).into(),
        })
    }

    /// `$input.json`: the value's JSON text; two quotes for nothing.
    fn json(&self, path: &str) -> Result<Value, Fault> {
        let too_long = |_| Fault::call("the JSON text is too long");
        Ok(match self.find(path)? {
            None | Some(Found::Missing) => "\"\"".into(),
            Some(Found::One(value)) => value.to_json(JSON_BYTES_MAX).map_err(too_long)?.into(),
            Some(Found::Many(values)) => Json::from(values).to_json(JSON_BYTES_MAX).map_err(too_long)?.into(),
        })
    }

    fn all_parameters(&self) -> Value {
        let of = |location| -> Map {
            let parameters = self.facts.parameters(location);
            map_of(parameters.iter().map(|(name, value)| (&**name, &**value)))
        };
        Location::ALL.map(|(location, name)| (name, Value::from(of(location)))).into_iter().collect::<Map>().into()
    }
}

impl Host for Input {
    fn kind(&self) -> &'static str {
        "$input"
    }

    fn member(&self, name: &str) -> Result<Value, Fault> {
        Ok(if name == "body" { self.body() } else { Value::Absent })
    }

    fn call(&self, method: &str, arguments: &[Value]) -> Result<Value, Fault> {
        match (method, arguments) {
            ("getBody", []) => Ok(self.body()),
            ("params", []) => Ok(self.all_parameters()),
            ("params", [name]) => {
                let Some(name) = text(name) else { return Ok(Value::Null) };
                let found = Location::ALL.iter().find_map(|(location, _)| self.facts.parameter(*location, &name));
                Ok(found.unwrap_or_default().into())
            }
            ("path" | "json", [path]) => {
                let Some(path) = text(path) else { return Ok(Value::Null) };
                if method == "path" { self.path(&path) } else { self.json(&path) }
            }
            _ => Ok(Value::Null),
        }
    }
}

/// `$input.body`: a text, but one without members (seen: `$input.body.foo` prints nothing).
struct Body(Rc<str>);

impl Host for Body {
    fn kind(&self) -> &'static str {
        "$input.body"
    }

    fn member(&self, _: &str) -> Result<Value, Fault> {
        Ok(Value::Absent)
    }

    fn call(&self, _: &str, _: &[Value]) -> Result<Value, Fault> {
        Ok(Value::Null)
    }

    fn expand(&self) -> Result<Option<Value>, Fault> {
        Ok(Some(Value::Str(self.0.clone().into())))
    }
}
