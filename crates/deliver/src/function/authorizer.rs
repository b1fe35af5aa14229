//! What a Lambda authorizer is asked, and what its answers mean.
//!
//! AWS promises that an error of the very text `Unauthorized` is a 401, and that anything else that is no policy is a 500. What is odd: an
//! empty object, a null and an answer in proxy form are no policy, and context values are told as texts (atlas, auth §5.3).

use super::arn::{FunctionArn, FunctionUri, Transfer};
use crate::Flaw;
use crate::mapping::takes_whole;
use base::gate::Exchange;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The function of an authorizer's URI, for a request; what is wrong with the URI, where it names none.
pub fn function_of(uri: &str, ex: &Exchange) -> Result<FunctionArn, String> {
    let compiled = FunctionUri::compile(uri, Transfer::Buffered).map_err(|flaw| flaw.to_string())?;
    compiled.of(ex).map(|(function, _)| function).map_err(|text| format!("{text} is no ARN of a function"))
}

/// Whether a token is as `identityValidationExpression` wants it, from its first character to its last.
pub fn is_as_wanted(expression: &str, token: &str) -> Result<bool, Flaw> {
    takes_whole(expression, token)
}

/// A decision that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub principal_id: String,
    /// JSON text.
    pub policy: String,
    pub context: BTreeMap<String, String>,
    pub usage_key: Option<String>,
}

/// Reads an authorizer's answer; `None` if it is no decision.
pub fn read_decision(payload: &[u8]) -> Option<Decision> {
    let Value::Object(mut answer) = serde_json::from_slice(payload).ok()? else { return None };
    let principal_id = text(answer.get("principalId")?)?;
    let policy = answer.remove("policyDocument").filter(is_policy)?;
    let context = match answer.remove("context") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(context)) => context,
        Some(_) => return None,
    };
    let present = context.into_iter().filter(|(_, value)| !value.is_null());
    let context = present.map(|(name, value)| Some((name, text(&value)?))).collect::<Option<_>>()?;
    let usage_key = answer.get("usageIdentifierKey").and_then(Value::as_str).map(str::to_owned);
    Some(Decision { principal_id, policy: policy.to_string(), context, usage_key })
}

/// A scalar as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_policy(policy: &Value) -> bool {
    let is_statement = |statement: &Value| {
        matches!(statement["Effect"].as_str(), Some("Allow" | "Deny"))
            && ["Action", "NotAction"].iter().any(|name| !statement[*name].is_null())
            && ["Resource", "NotResource"].iter().any(|name| !statement[*name].is_null())
    };
    match &policy["Statement"] {
        Value::Array(statements) => !statements.is_empty() && statements.iter().all(is_statement),
        one @ Value::Object(_) => is_statement(one),
        _ => false,
    }
}

/// Whether a function's error is its way to say 401.
pub fn says_unauthorized(payload: &[u8]) -> bool {
    serde_json::from_slice::<Value>(payload).is_ok_and(|error| error["errorMessage"] == "Unauthorized")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_decision_has_a_principal_a_policy_and_plain_context() {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}]});
        let read = |answer: Value| read_decision(answer.to_string().as_bytes());
        let whole = json!({"principalId": "me", "policyDocument": policy, "context": {"n": 1, "t": true, "s": "x", "none": null}});
        let decision = read(whole.clone()).unwrap();
        assert_eq!((decision.principal_id.as_str(), decision.policy), ("me", policy.to_string()));
        assert_eq!(decision.context, [("n", "1"), ("s", "x"), ("t", "true")].map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        let without = |name: &str| {
            let mut answer = whole.clone();
            answer.as_object_mut().unwrap().remove(name);
            answer
        };
        assert!(read(without("context")).is_some());
        for bad in [
            without("principalId"),
            without("policyDocument"),
            json!({}),
            json!(null),
            json!([]),
            json!({"statusCode": 200, "body": "{}"}),
            json!({"principalId": "me", "policyDocument": {}}),
            json!({"principalId": "me", "policyDocument": {"Statement": []}}),
            json!({"principalId": "me", "policyDocument": policy, "context": {"a": {}}}),
            json!({"principalId": "me", "policyDocument": policy, "context": {"a": []}}),
            json!({"principalId": "me", "policyDocument": policy, "context": "x"}),
        ] {
            assert_eq!(read(bad.clone()), None, "{bad}");
        }
    }

    #[test]
    fn only_the_very_word_is_a_401() {
        assert!(says_unauthorized(br#"{"errorMessage":"Unauthorized"}"#));
        for other in ["unauthorized", "Unauthorized: expired", ""] {
            assert!(!says_unauthorized(json!({"errorMessage": other}).to_string().as_bytes()), "{other}");
        }
        assert!(!says_unauthorized(b"no json"));
    }
}
