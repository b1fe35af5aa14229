//! JSON and paths. An input is a path in its first line, and a document in what is below.
//!
//! What we take for JSON, serde takes for the same JSON; what we print is read as what it was; and a path finds one thing or a list as
//! it says that it does.

use jsonkit::{Found, Path, Value};

/// What a path finds may be printed to this length; it is often the document many times over.
const TEXT_BYTES_MAX: usize = 1 << 20;

pub(crate) fn run(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let document = jsonkit::parse(bytes.get(at + 1..).unwrap_or_default());
    if let Ok(document) = &document {
        printed(document);
        by_serde(&bytes[at + 1..], document);
    }
    let Ok(path) = Path::compile(&String::from_utf8_lossy(&bytes[..at])) else { return };
    let found = path.find(&document.unwrap_or_default());
    match found {
        Ok(Found::Many(values)) => {
            assert!(!path.is_definite(), "a definite path has found a list");
            printed(&values.into());
        }
        Ok(Found::One(value)) => {
            assert!(path.is_definite(), "an indefinite path has found one thing");
            printed(&value);
        }
        Ok(Found::Missing) | Err(_) => {}
    }
}

/// What is printed is read again, unless it is nested deeper than what is read, and from then on stays equal. Once it may change: a
/// number that kept its digits for being long can be printed shorter, and then is a double.
fn printed(value: &Value) {
    let again = |value: &Value| jsonkit::parse(value.to_json(TEXT_BYTES_MAX).ok()?.as_bytes()).ok();
    let Some(once) = again(value).filter(|once| !is_beyond_doubles(once)) else { return };
    let twice = again(&once).expect("it was read once");
    assert_eq!(once, twice, "printed and read, it is another value");
}

/// Whether a number in it is infinite: those print as null.
fn is_beyond_doubles(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.to_f64().is_infinite(),
        Value::Array(items) => items.iter().any(is_beyond_doubles),
        Value::Object(members) => members.iter().any(|(_, value)| is_beyond_doubles(value)),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn by_serde(text: &[u8], ours: &Value) {
    let theirs: serde_json::Value = match serde_json::from_slice(text) {
        Ok(theirs) => theirs,
        Err(why) => {
            let why = why.to_string();
            let is_known = ["recursion limit", "number out of range", "surrogate", "hex escape"].iter().any(|known| why.contains(known));
            assert!(is_known, "serde refuses what we take: {why}");
            return;
        }
    };
    alike(ours, &theirs);
}

fn alike(ours: &Value, theirs: &serde_json::Value) {
    use serde_json::Value as Theirs;
    match (ours, theirs) {
        (Value::Null, Theirs::Null) => {}
        (Value::Bool(ours), Theirs::Bool(theirs)) => assert_eq!(ours, theirs),
        (Value::String(ours), Theirs::String(theirs)) => assert_eq!(**ours, **theirs),
        (Value::Number(ours), Theirs::Number(theirs)) => {
            // Serde rounds quickly, not always to the nearest.
            let (ours, theirs) = (ours.to_f64(), theirs.as_f64().expect("without arbitrary precision all are doubles"));
            assert!((ours - theirs).abs() <= ours.abs() * 1e-14 + f64::MIN_POSITIVE, "serde reads {theirs} where we read {ours}");
        }
        (Value::Array(ours), Theirs::Array(theirs)) => {
            assert_eq!(ours.len(), theirs.len());
            ours.iter().zip(theirs).for_each(|(ours, theirs)| alike(ours, theirs));
        }
        (Value::Object(ours), Theirs::Object(theirs)) => {
            assert_eq!(ours.len(), theirs.len());
            for ((name, ours), (known, theirs)) in ours.iter().zip(theirs) {
                assert_eq!(**name, **known, "in another order");
                alike(ours, theirs);
            }
        }
        _ => panic!("serde reads {theirs} where we read {ours}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "serde reads 1")]
    fn another_reading_is_found() {
        alike(&Value::Null, &1.into());
    }
}
