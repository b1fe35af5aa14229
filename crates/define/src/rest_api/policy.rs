//! The resource policy as text: what is stored has its abbreviated resources written out, what is sent has its quotes escaped again.

use crate::limits::{self, POLICY_BYTES_MAX, POLICY_BYTES_MAX_EXTENDED};
use base::api::ApiError;
use base::store::Realm;
use iam::{Form, Policy};
use serde_json::Value;

/// Whose API a policy is for.
pub struct Place<'a> {
    pub partition: &'a str,
    pub realm: &'a Realm,
    pub api: &'a str,
    /// Whether AWS's own limit holds.
    pub strict: bool,
}

/// The policy to store, from the text that was sent. Nothing of an empty text.
pub fn read(text: &str, place: &Place<'_>) -> Result<Option<String>, ApiError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    limits::text("The policy", text, if place.strict { POLICY_BYTES_MAX } else { POLICY_BYTES_MAX_EXTENDED })?;
    let document = serde_json::from_str(text).map_err(|_| invalid())?;
    expanded(document, place).map(Some)
}

/// The policy to store, from a document. An import brings it as JSON, not as text.
pub fn expanded(mut document: Value, place: &Place<'_>) -> Result<String, ApiError> {
    match document.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.iter_mut().try_for_each(|statement| expand(statement, place))?,
        Some(statement) => expand(statement, place)?,
        None => return Err(invalid()),
    }
    // What cannot be evaluated would let nobody in.
    Policy::compile(&document, Form::Resource).map_err(|_| invalid())?;
    Ok(document.to_string())
}

fn invalid() -> ApiError {
    ApiError::bad_request("Invalid policy document. Please check the policy syntax and ensure that Principals are valid.")
}

fn expand(statement: &mut Value, place: &Place<'_>) -> Result<(), ApiError> {
    let Value::Object(members) = statement else { return Err(invalid()) };
    if !matches!(members.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return Err(invalid());
    }
    for name in ["Resource", "NotResource"] {
        match members.get_mut(name) {
            Some(Value::String(resource)) => *resource = full(resource, place),
            Some(Value::Array(resources)) => {
                for resource in resources {
                    let Value::String(resource) = resource else { return Err(invalid()) };
                    *resource = full(resource, place);
                }
            }
            None => {}
            Some(_) => return Err(invalid()),
        }
    }
    Ok(())
}

/// `execute-api:/stage/GET/pets` as an ARN; anything else as it is.
fn full(resource: &str, place: &Place<'_>) -> String {
    let Place { partition, realm, api, .. } = place;
    match resource.strip_prefix("execute-api:/") {
        Some(rest) => format!("arn:{partition}:execute-api:{}:{}:{api}/{rest}", realm.region, realm.account),
        None => resource.to_owned(),
    }
}

/// The policy as it is sent: AWS escapes the quotes once more than JSON needs, and clients undo it (rest-api.md §0).
pub fn sent(stored: &str) -> String {
    let quoted = Value::from(stored).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
