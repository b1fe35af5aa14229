//! `$context` and `$stageVariables`.

use super::convert::{map_of, map_of_overridden, overridden, text};
use super::facts::Facts;
use base::gate::Overrides;
use std::cell::RefCell;
use std::rc::Rc;
use vtl::{Fault, Host, Map, Value};

/// What a template sees when it lists `$context` itself: recorded in this order.
const NAMES: &[&str] = &[
    "resourceId",
    "resourcePath",
    "operationName",
    "httpMethod",
    "extendedRequestId",
    "requestTime",
    "path",
    "accountId",
    "protocol",
    "requestOverride",
    "stage",
    "domainPrefix",
    "requestTimeEpoch",
    "requestId",
    "identity",
    "domainName",
    "deploymentId",
    "responseOverride",
    "apiId",
    "isCanaryRequest",
];
/// What is always there of `$context.identity`, though mostly without a value.
const IDENTITY_NAMES: &[&str] = &[
    "cognitoIdentityPoolId",
    "accountId",
    "cognitoIdentityId",
    "caller",
    "sourceIp",
    "principalOrgId",
    "accessKey",
    "cognitoAuthenticationType",
    "cognitoAuthenticationProvider",
    "userArn",
    "userAgent",
    "user",
];
const REQUEST_OVERRIDE: &str = "requestOverride";
const RESPONSE_OVERRIDE: &str = "responseOverride";

/// `$context`.
pub(super) struct Context {
    facts: Rc<Facts>,
    /// `requestOverride`, and `responseOverride`: maps that the template may change or put others in the place of.
    request: RefCell<Value>,
    response: RefCell<Value>,
}

impl Context {
    pub(super) fn new(facts: Rc<Facts>, before: Option<&Overrides>) -> Context {
        let empty = Overrides::default();
        let before = before.unwrap_or(&empty);
        let request: Map = [("path", &before.request_path), ("header", &before.request_header), ("querystring", &before.request_query)]
            .into_iter()
            .map(|(name, overridden)| (name, Value::from(map_of_overridden(overridden))))
            .collect();
        let response: Map = [("header", Value::from(map_of_overridden(&before.response_header)))].into_iter().collect();
        for (map, other) in [(&request, &before.request_other), (&response, &before.response_other)] {
            for (name, value) in map_of_overridden(other).entries().iter() {
                map.put(name.clone(), value.clone());
            }
        }
        if let Some(status) = before.response_status {
            response.put("status".into(), i64::from(status).into());
        }
        Context { facts, request: RefCell::new(request.into()), response: RefCell::new(response.into()) }
    }

    /// What is overridden now, which is then gone from here: a template may have put `$context` into its own maps, and what holds itself
    /// would never be freed.
    pub(super) fn take_overrides(&self) -> Overrides {
        let (request, response) = (self.request.take(), self.response.take());
        let part = |whole: &Value, name: &str| match whole {
            Value::Map(map) => match map.member(name) {
                Some(Value::Map(map)) => overridden(&map),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let other = |whole: &Value, known: &[&str]| match whole {
            Value::Map(map) => {
                let mut members = overridden(map);
                members.retain(|(name, _)| !known.contains(&&**name));
                members
            }
            _ => Vec::new(),
        };
        let status = match &response {
            Value::Map(map) => map.member("status").as_ref().and_then(status),
            _ => None,
        };
        Overrides {
            request_path: part(&request, "path"),
            request_query: part(&request, "querystring"),
            request_header: part(&request, "header"),
            response_header: part(&response, "header"),
            response_status: status,
            request_other: other(&request, &["path", "header", "querystring"]),
            response_other: other(&response, &["header", "status"]),
        }
    }
}

/// A status that may be answered. What is none is ignored (documented).
fn status(value: &Value) -> Option<u16> {
    text(value)?.trim().parse().ok().filter(|status| (100..600).contains(status))
}

impl Host for Context {
    fn kind(&self) -> &'static str {
        "$context"
    }

    fn member(&self, name: &str) -> Result<Value, Fault> {
        Ok(match name {
            REQUEST_OVERRIDE => self.request.borrow().clone(),
            RESPONSE_OVERRIDE => self.response.borrow().clone(),
            name => Part::of(&self.facts, name),
        })
    }

    fn call(&self, method: &str, arguments: &[Value]) -> Result<Value, Fault> {
        match (method, arguments) {
            ("get", [name]) => text(name).map_or(Ok(Value::Null), |name| self.member(&name)),
            _ => Ok(Value::Null),
        }
    }

    fn set(&self, name: &str, value: Value) -> Result<bool, Fault> {
        let place = match name {
            REQUEST_OVERRIDE => &self.request,
            RESPONSE_OVERRIDE => &self.response,
            _ => return Ok(false),
        };
        place.replace(value);
        Ok(true)
    }

    fn expand(&self) -> Result<Option<Value>, Fault> {
        let mut names: Vec<String> = self.facts.context_names("");
        if let Facts::Request(_) = &*self.facts {
            names = NAMES.iter().map(|name| (*name).to_owned()).collect();
        }
        let map = Map::new();
        for name in names {
            let value = self.member(&name)?;
            if !matches!(value, Value::Absent) {
                map.put(name.into(), value);
            }
        }
        Ok(Some(map.into()))
    }
}

/// A part of `$context` that has members of its own: `identity`, `authorizer`, `error`, …
struct Part {
    facts: Rc<Facts>,
    name: String,
}

/// The parts there are.
const PARTS: &[&str] = &["identity", "authorizer", "authorizer.claims", "error", "customDomain", "identity.clientCert"];

impl Part {
    /// What stands under a name.
    fn of(facts: &Rc<Facts>, name: &str) -> Value {
        match facts.context(name) {
            Some(value) => value,
            None if PARTS.contains(&name) => Value::host(Part { facts: facts.clone(), name: name.to_owned() }),
            None => Value::Absent,
        }
    }
}

impl Host for Part {
    fn kind(&self) -> &'static str {
        "a part of $context"
    }

    fn member(&self, name: &str) -> Result<Value, Fault> {
        Ok(Part::of(&self.facts, &format!("{}.{name}", self.name)))
    }

    fn call(&self, method: &str, arguments: &[Value]) -> Result<Value, Fault> {
        match (method, arguments) {
            ("get", [name]) => text(name).map_or(Ok(Value::Null), |name| self.member(&name)),
            _ => Ok(Value::Null),
        }
    }

    fn print(&self) -> Result<Option<Value>, Fault> {
        // Nobody has recorded what an authorizer that did not run prints; nothing is what its members print.
        if self.name == "identity" { self.expand() } else { Ok(Some("".into())) }
    }

    fn expand(&self) -> Result<Option<Value>, Fault> {
        let names = if self.name == "identity" { IDENTITY_NAMES } else { &[] };
        let map = Map::new();
        for name in names {
            let value = self.member(name)?;
            map.put((*name).into(), if let Value::Absent = value { Value::Null } else { value });
        }
        Ok(Some(map.into()))
    }
}

/// `$stageVariables`.
pub(super) struct StageVariables(pub(super) Rc<Facts>);

impl Host for StageVariables {
    fn kind(&self) -> &'static str {
        "$stageVariables"
    }

    fn member(&self, name: &str) -> Result<Value, Fault> {
        Ok(self.0.stage_variable(name).map_or(Value::Absent, Into::into))
    }

    fn call(&self, method: &str, arguments: &[Value]) -> Result<Value, Fault> {
        match (method, arguments) {
            ("get", [name]) => text(name).map_or(Ok(Value::Null), |name| self.member(&name)),
            _ => Ok(Value::Null),
        }
    }

    fn expand(&self) -> Result<Option<Value>, Fault> {
        Ok(Some(map_of(self.0.stage_variables()).into()))
    }
}
