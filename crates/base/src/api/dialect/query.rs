//! AWS's Query: `Action=…&Version=…&List.member.1.Name=…` in, XML out.

use super::member;
use crate::api::dispatch::Ask;
use crate::api::{Member, Shape};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Parameters of one call.
const PARAMETERS_MAX: usize = 10_000;
/// Parts of one parameter's name.
const DEPTH_MAX: usize = 16;

/// The form of a call: its body, or the query of a GET.
fn form(ask: &Ask) -> Option<&str> {
    match ask.method.as_str() {
        _ if ask.path != "/" => None,
        "POST" => std::str::from_utf8(&ask.body).ok(),
        "GET" => Some(&ask.query),
        _ => None,
    }
}

fn pairs(form: &str) -> impl Iterator<Item = (String, String)> {
    form.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

/// A form's text: `+` is a space.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match (bytes[at], byte) {
            (_, Some(byte)) => {
                out.push(byte);
                at += 3;
                continue;
            }
            (b'+', None) => out.push(b' '),
            (byte, None) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The operation's name, if the call is in this version.
pub(super) fn action(ask: &Ask, version: &str) -> Option<String> {
    let form = form(ask)?;
    // Nobody else's bodies are read for this.
    if !form.contains("Action=") || !form.contains(version) {
        return None;
    }
    let mut action = None;
    let mut fits = false;
    for (name, value) in pairs(form).take(PARAMETERS_MAX) {
        match name.as_str() {
            "Action" => action = Some(value),
            "Version" => fits = value == version,
            _ => {}
        }
    }
    action.filter(|_| fits)
}

#[derive(Default)]
struct Node {
    value: Option<String>,
    parts: BTreeMap<String, Node>,
}

/// The parameters as members: what the table says is a number becomes one, what it does not know is left out.
pub(super) fn members(ask: &Ask, table: &[Member]) -> Result<Value, String> {
    let mut root = Node::default();
    for (count, (name, value)) in pairs(form(ask).unwrap_or_default()).enumerate() {
        if count == PARAMETERS_MAX {
            return Err(format!("a call has {PARAMETERS_MAX} parameters at most"));
        }
        let mut node = &mut root;
        for (depth, part) in name.split('.').enumerate() {
            if depth == DEPTH_MAX {
                return Err("a parameter's name has too many parts".to_owned());
            }
            node = node.parts.entry(part.to_owned()).or_default();
        }
        node.value = Some(value);
    }
    Ok(structure(&root, table))
}

fn structure(node: &Node, table: &[Member]) -> Value {
    let known = node.parts.iter().filter_map(|(name, part)| Some((name.clone(), value(part, &member(table, name)?.shape))));
    Value::Object(known.collect::<Map<_, _>>())
}

fn value(node: &Node, shape: &Shape) -> Value {
    let text = || node.value.clone().map_or(Value::Null, Value::String);
    match shape {
        Shape::List(of) => {
            let mut items: Vec<(u32, &Node)> =
                node.parts.get("member").into_iter().flat_map(|list| &list.parts).filter_map(numbered).collect();
            items.sort_by_key(|(number, _)| *number);
            Value::Array(items.into_iter().map(|(_, item)| value(item, &of.shape)).collect())
        }
        Shape::Structure(members) => structure(node, members),
        // What is no number stays a text, which the check of members refuses.
        Shape::Whole | Shape::Number => node.value.as_deref().and_then(|text| text.parse::<i64>().ok()).map_or_else(text, Value::from),
        Shape::Flag => match node.value.as_deref() {
            Some("true") => Value::Bool(true),
            Some("false") => Value::Bool(false),
            _ => text(),
        },
        Shape::Text | Shape::Map(_) => text(),
    }
}

fn numbered<'n>((name, node): (&String, &'n Node)) -> Option<(u32, &'n Node)> {
    Some((name.parse().ok()?, node))
}

/// What is sent on success.
pub(super) fn success(name: &str, reply: &Value, namespace: &str, request: &str) -> Vec<u8> {
    let mut out = format!("<{name}Response xmlns=\"{namespace}\"><{name}Result>");
    content(reply, &mut out);
    let end = format!("</{name}Result><ResponseMetadata><RequestId>{request}</RequestId></ResponseMetadata></{name}Response>");
    (out + &end).into_bytes()
}

/// What is sent otherwise.
pub(super) fn failure(code: &str, message: &str, status: u16, namespace: &str, request: &str) -> Vec<u8> {
    let whose = if status >= 500 { "Receiver" } else { "Sender" };
    let mut out = format!("<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{whose}</Type><Code>{code}</Code><Message>");
    escaped(message, &mut out);
    write!(out, "</Message></Error><RequestId>{request}</RequestId></ErrorResponse>").expect("a text takes what it is given");
    out.into_bytes()
}

fn content(value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        Value::String(text) => escaped(text, out),
        Value::Array(items) => items.iter().for_each(|item| element("member", item, out)),
        Value::Object(members) => {
            members.iter().filter(|(_, value)| !value.is_null()).for_each(|(name, value)| element(name, value, out));
        }
    }
}

fn element(name: &str, value: &Value, out: &mut String) {
    write!(out, "<{name}>").expect("a text takes what it is given");
    content(value, out);
    write!(out, "</{name}>").expect("a text takes what it is given");
}

/// What XML cannot hold is left out.
fn escaped(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\t' | '\n' => out.push(c),
            '\r' => out.push_str("&#13;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{list, text};
    use proptest::prelude::*;

    #[test]
    fn text_is_decoded_as_forms_have_it() {
        assert_eq!(decoded("a+b%20c%2B%zz%4"), "a b c+%zz%4");
        assert_eq!(decoded("%ff"), "\u{fffd}");
    }

    #[test]
    fn a_list_goes_by_its_numbers_and_not_by_their_text() {
        const TABLE: &[Member] = &[list("L", &text(""))];
        let form: String = (1..=11).rev().map(|n| format!("&L.member.{n}={n}")).collect();
        let ask = Ask { method: "POST".into(), path: "/".into(), body: form.into_bytes(), ..Ask::default() };
        let items: Vec<String> = (1..=11).map(|n| n.to_string()).collect();
        assert_eq!(members(&ask, TABLE).unwrap()["L"], Value::from(items));
    }

    proptest! {
        #[test]
        fn any_form_is_members_or_refused(body: Vec<u8>, tail in "([a-zA-Z.]{0,40}=[a-z%+]{0,8}&){0,20}") {
            const TABLE: &[Member] = &[list("L", &text("")), text("a")];
            for body in [body, tail.into_bytes()] {
                let ask = Ask { method: "POST".into(), path: "/".into(), body, ..Ask::default() };
                let _members = members(&ask, TABLE);
                let _action = action(&ask, "v");
            }
        }

        #[test]
        fn any_text_is_good_xml(text: String) {
            let mut out = String::new();
            escaped(&text, &mut out);
            prop_assert!(!out.contains(['<', '>', '\0']));
        }
    }
}
