//! JSON as YAML: maps and lists in blocks, every text in quotes, so that no reader takes one for something else.

use serde_json::Value;
use std::fmt::Write;

/// Words that YAML, of one version or another, takes for something else than text.
const WORDS: &[&str] = &["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

/// A value as a YAML document.
pub fn write(value: &Value) -> String {
    let mut out = String::from("---\n");
    block(value, 0, &mut out);
    out
}

/// A value that begins on a line of its own.
fn block(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                indent(depth, out);
                key(name, out);
                out.push(':');
                nested(value, depth, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                indent(depth, out);
                out.push('-');
                nested(item, depth, out);
            }
        }
        scalar => {
            indent(depth, out);
            flow(scalar, out);
            out.push('\n');
        }
    }
}

/// A value after a key or a dash.
fn nested(value: &Value, depth: usize, out: &mut String) {
    let is_block = match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        out.push('\n');
        block(value, depth + 1, out);
    } else {
        out.push(' ');
        flow(value, out);
        out.push('\n');
    }
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// A scalar, or a map or list without anything in it.
fn flow(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => quote(text, out),
        other => write!(out, "{other}").expect("a string takes what is written to it"),
    }
}

fn key(name: &str, out: &mut String) {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '$');
    let fits = |c: char| c.is_ascii_alphanumeric() || "/_-.{}+$".contains(c);
    if begins && name.chars().all(fits) && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(name)) {
        out.push_str(name);
    } else {
        quote(name, out);
    }
}

/// A text in quotes. What YAML does not print is escaped.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') => {
                write!(out, "\\u{:04X}", u32::from(c)).expect("a string takes what is written to it");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import_export::document;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn it_reads_like_yaml() {
        let value = json!({"swagger": "2.0", "paths": {"/pets/{id}": {"get": {"tags": ["a", {"b": 1}], "x": {}, "200": [], "no": null}}}});
        let expected = "---\nswagger: \"2.0\"\npaths:\n  /pets/{id}:\n    get:\n      tags:\n        - \"a\"\n        -\n          b: 1\n      \
                        x: {}\n      \"200\": []\n      \"no\": null\n";
        assert_eq!(write(&value), expected);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,8}", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(inner in any_json()) {
            let value = json!({ "root": inner });
            let read = document::read(&write(&value)).map_err(|why| TestCaseError::fail(why.to_string()))?;
            prop_assert_eq!(serde_json::from_str::<Value>(&read.root.json(&|_| None)).unwrap(), value);
        }
    }
}
