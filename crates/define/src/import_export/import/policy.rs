//! The resource policy of a definition.

use super::Options;
use crate::import_export::document::Node;
use serde_json::Value;

/// AWS's words for a policy that is none.
pub(super) const INVALID: &str = "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.";

/// The policy's JSON text, with abbreviated resources (`execute-api:/stage/GET/path`) written out. `None` if it is no policy.
pub(super) fn text(node: &Node, api: &str, options: &Options) -> Option<String> {
    let text = match node.text() {
        Some(text) => text.to_owned(),
        None => node.json(&|_| None),
    };
    let mut policy: Value = serde_json::from_str(&text).ok()?;
    let prefix = format!("arn:{}:execute-api:{}:{}:{api}/", options.partition, options.realm.region, options.realm.account);
    match policy.as_object_mut()?.get_mut("Statement")? {
        Value::Array(statements) => statements.iter_mut().for_each(|statement| expand(statement, &prefix)),
        statement @ Value::Object(_) => expand(statement, &prefix),
        _ => return None,
    }
    Some(policy.to_string())
}

fn expand(statement: &mut Value, prefix: &str) {
    for member in ["Resource", "NotResource"] {
        match statement.get_mut(member) {
            Some(Value::Array(resources)) => resources.iter_mut().for_each(|resource| write_out(resource, prefix)),
            Some(resource) => write_out(resource, prefix),
            None => {}
        }
    }
}

fn write_out(resource: &mut Value, prefix: &str) {
    if let Some(rest) = resource.as_str().and_then(|text| text.strip_prefix("execute-api:/")) {
        *resource = Value::String(format!("{prefix}{rest}"));
    }
}
