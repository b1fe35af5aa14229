//! Bodies as sources of parameter mappings.

use base::gate::{Refusal, RefusalKind};
use jsonkit::{Found, Path, Value};
use std::cell::OnceCell;

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
                let flaw =
                    |error: jsonkit::ParseError| (self.refusal)(format!("a mapping reads the body, and its JSON is broken: {error}"));
                jsonkit::parse(self.bytes).map(Some).map_err(flaw)
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
    pub(crate) fn write_at(&self, path: &Path, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let Some(value) = self.json()? else { return Ok(()) };
        match path.find(value) {
            Ok(Found::Missing) => {}
            Ok(Found::One(value)) => write_value(&value, out),
            Ok(Found::Many(values)) => write_value(&Value::from(values), out),
            Err(why) => return Err((self.refusal)(format!("a mapping's JSONPath fails: {why}"))),
        }
        Ok(())
    }
}

/// Strings without quotes, nothing for null, all else as JSON text.
fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::String(text) => out.extend_from_slice(text.as_bytes()),
        other => out.extend_from_slice(other.to_json(usize::MAX).unwrap_or_default().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(body: &str, path: &str) -> Result<String, Refusal> {
        let mut out = Vec::new();
        BodyText::of_request(body.as_bytes()).write_at(&Path::compile(path).unwrap(), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn members_and_places_are_found() {
        let body = r#" {"a": {"b-c": [1, {"d": "x"}]}, "e f": {"g": [true, null]}} "#;
        assert_eq!(at(body, "$.a.b-c[1].d").unwrap(), "x");
        assert_eq!(at(body, "$.a['b-c'][0]").unwrap(), "1");
        assert_eq!(at(body, "$['e f']").unwrap(), r#"{"g":[true,null]}"#);
        assert_eq!(at(body, "$['e f'].g[1]").unwrap(), "");
        assert_eq!(at(body, "$.a.x.y").unwrap(), "");
        assert_eq!(at("not json", "$.a").unwrap(), "");
        assert_eq!(at("", "$.a").unwrap(), "");
    }

    #[test]
    fn broken_json_is_the_callers_fault_in_a_request_and_ours_in_an_answer() {
        let refusal = at("{'a': 1}", "$.a").unwrap_err();
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
