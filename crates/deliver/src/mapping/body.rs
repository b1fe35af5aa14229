//! Bodies as sources of parameter mappings.

use base::gate::{Refusal, RefusalKind};
use serde_json::Value;
use std::cell::OnceCell;

/// Steps of one path.
const STEPS_MAX: usize = 64;

/// A step into a JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    Name(Box<str>),
    At(usize),
}

/// A path of members and places, `a.b['c'][0]`: what can be read without a JSONPath engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberPath(Vec<Member>);

impl MemberPath {
    /// Reads a path; `None` if it asks for more than members and places.
    pub(crate) fn parse(text: &str) -> Option<MemberPath> {
        let mut members = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if members.len() == STEPS_MAX {
                return None;
            }
            if let Some(inner) = rest.strip_prefix('[') {
                let (member, after) = match inner.chars().next()? {
                    quote @ ('\'' | '"') => {
                        let (name, after) = inner[1..].split_once(quote)?;
                        (Member::Name(name.into()), after.strip_prefix(']')?)
                    }
                    _ => {
                        let (place, after) = inner.split_once(']')?;
                        (Member::At(place.parse().ok()?), after)
                    }
                };
                members.push(member);
                rest = after;
            } else {
                let name = if members.is_empty() { rest } else { rest.strip_prefix('.')? };
                let end = name.find(['.', '[']).unwrap_or(name.len());
                let (name, after) = name.split_at(end);
                let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$');
                if name.is_empty() || !name.chars().all(fits) {
                    return None;
                }
                members.push(Member::Name(name.into()));
                rest = after;
            }
        }
        Some(MemberPath(members))
    }

    /// What is at the end of the path.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, member| match member {
            Member::Name(name) => value.get(&**name),
            Member::At(place) => value.get(place),
        })
    }
}

/// A body whose JSON is read at most once, and only if a mapping asks.
pub(crate) struct BodyText<'b> {
    bytes: &'b [u8],
    json: OnceCell<Result<Option<Value>, Refusal>>,
    refusal: fn(String) -> Refusal,
}

impl<'b> BodyText<'b> {
    /// A request's body: the caller is told if its JSON is broken.
    pub(crate) fn of_request(bytes: &'b [u8]) -> Self {
        let refusal = |because| Refusal::saying(RefusalKind::BadRequest, "Invalid JSON in request body", because);
        BodyText { bytes: bytes.trim_ascii(), json: OnceCell::new(), refusal }
    }

    /// An answer's body: broken JSON is the integration's fault.
    pub(crate) fn of_answer(bytes: &'b [u8]) -> Self {
        let refusal = |because| Refusal::of(RefusalKind::ApiConfigurationError, because);
        BodyText { bytes: bytes.trim_ascii(), json: OnceCell::new(), refusal }
    }

    /// The JSON value; `None` for a body that does not begin like one that is looked into.
    fn json(&self) -> Result<Option<&Value>, Refusal> {
        let read = || match self.bytes.first() {
            Some(b'{' | b'[' | b'"' | b'\'') => {
                let flaw = |error| (self.refusal)(format!("a mapping reads the body, and its JSON is broken: {error}"));
                serde_json::from_slice(self.bytes).map(Some).map_err(flaw)
            }
            _ => Ok(None),
        };
        self.json.get_or_init(read).as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// Appends the whole body as text.
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        match self.json()? {
            Some(value) => write_value(value, out),
            None => out.extend_from_slice(self.bytes),
        }
        Ok(())
    }

    /// Appends what is at the end of a path, if anything is.
    pub(crate) fn write_at(&self, path: &MemberPath, out: &mut Vec<u8>) -> Result<(), Refusal> {
        if let Some(value) = self.json()?.and_then(|value| path.find(value)) {
            write_value(value, out);
        }
        Ok(())
    }
}

/// Strings without quotes, nothing for null, all else as JSON text.
fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::String(text) => out.extend_from_slice(text.as_bytes()),
        other => serde_json::to_writer(out, other).expect("a JSON value writes into a vector"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(body: &str, path: &str) -> Result<String, Refusal> {
        let mut out = Vec::new();
        BodyText::of_request(body.as_bytes()).write_at(&MemberPath::parse(path).unwrap(), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn members_and_places_are_found() {
        let body = r#" {"a": {"b-c": [1, {"d": "x"}]}, "e f": {"g": [true, null]}} "#;
        assert_eq!(at(body, "a.b-c[1].d").unwrap(), "x");
        assert_eq!(at(body, "a['b-c'][0]").unwrap(), "1");
        assert_eq!(at(body, "['e f']").unwrap(), r#"{"g":[true,null]}"#);
        assert_eq!(at(body, "['e f'].g[1]").unwrap(), "");
        assert_eq!(at(body, "a.x.y").unwrap(), "");
        assert_eq!(at("not json", "a").unwrap(), "");
        assert_eq!(at("", "a").unwrap(), "");
    }

    #[test]
    fn what_needs_an_engine_is_no_member_path() {
        for path in ["*", "a..b", "a[*]", "a[?(@.b)]", "a[-1:]", "a.", "a[0", "a['b", "a.length()", "a[0]b"] {
            assert_eq!(MemberPath::parse(path), None, "{path}");
        }
        assert!(MemberPath::parse(&"[0]".repeat(STEPS_MAX + 1)).is_none());
    }

    #[test]
    fn broken_json_is_the_callers_fault_in_a_request_and_ours_in_an_answer() {
        let refusal = at("{'a': 1}", "a").unwrap_err();
        assert_eq!((refusal.kind, refusal.message.text()), (RefusalKind::BadRequest, Some("Invalid JSON in request body")));
        let refusal = BodyText::of_answer(b"[1").write(&mut Vec::new()).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::ApiConfigurationError);
    }

    #[test]
    fn a_whole_body_is_unquoted_if_it_is_a_string_and_raw_if_it_is_no_json() {
        let whole = |body: &str| {
            let mut out = Vec::new();
            BodyText::of_request(body.as_bytes()).write(&mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(whole("\"abc\""), "abc");
        assert_eq!(whole(" {\"a\" : 1} "), "{\"a\":1}");
        assert_eq!(whole(" plain text "), "plain text");
        assert_eq!(whole("12"), "12");
    }
}
