//! JSON Schema. An input is a schema in its first line, and a value in what is below.
//!
//! A schema's verdict is that of a schema which asks for it alone, and the opposite of one that forbids it. Its faults are the same each
//! time, and have their bounds.

use jsonkit::{ERROR_BYTES_MAX, ERRORS_MAX, Schema, SchemaError, Value};

pub(crate) fn run(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let value = jsonkit::parse(bytes.get(at + 1..).unwrap_or_default()).unwrap_or_default();
    let Ok(schema) = jsonkit::parse(&bytes[..at]) else { return };
    let Ok(Ok(faults)) = judged(&schema, &value) else { return };
    assert!(faults.len() <= ERRORS_MAX && faults.iter().all(|text| text.len() <= ERROR_BYTES_MAX));
    assert_eq!(judged(&schema, &value), Ok(Ok(faults.clone())));

    // Within another one, what refers to the root means another root.
    let text = schema.to_string();
    if text.contains("$ref") || text.contains("\"id\"") {
        return;
    }
    for (around, is_same) in [(format!(r#"{{"allOf":[{text}]}}"#), true), (format!(r#"{{"not":{text}}}"#), false)] {
        // It may be too deep to be read there.
        let Ok(around) = jsonkit::parse(around.as_bytes()) else { continue };
        if let Ok(Ok(other)) = judged(&around, &value) {
            assert_eq!(other.is_empty() == faults.is_empty(), is_same, "{around} says {other:?}, {text} says {faults:?}");
        }
    }
}

type Verdict = Result<Vec<String>, SchemaError>;

/// The verdict, unless it is no schema.
fn judged(schema: &Value, value: &Value) -> Result<Verdict, SchemaError> {
    Ok(Schema::compile(schema, "", &mut |_| None)?.check(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_schemas_that_say_no() {
        let schema = jsonkit::parse(br#"{"type":"object","required":["a"]}"#).unwrap();
        assert_eq!(judged(&schema, &Value::Null).unwrap().unwrap().len(), 1);
    }
}
