//! Which fields a location has, and when two are the same (rest-api-deploy.md §8.8). The texts are assumed.

use super::record::Location;
use crate::limits::{self, NAME_BYTES_MAX, PATH_BYTES_MAX};
use crate::method::record::VERBS;
use base::api::ApiError;

/// The types of locations, in AWS's printed order.
pub(crate) const TYPES: &[&str] = &[
    "RESPONSE_BODY",
    "RESPONSE",
    "METHOD",
    "MODEL",
    "AUTHORIZER",
    "RESPONSE_HEADER",
    "RESOURCE",
    "PATH_PARAMETER",
    "REQUEST_BODY",
    "QUERY_PARAMETER",
    "API",
    "REQUEST_HEADER",
];

/// Which fields a type has beside `type`.
struct Fields {
    path: bool,
    method: bool,
    status_code: bool,
    /// Where there is one, it is required.
    name: bool,
}

fn fields(kind: &str) -> Option<Fields> {
    let of = |path, method, status_code, name| Some(Fields { path, method, status_code, name });
    match kind {
        "API" => of(false, false, false, false),
        "AUTHORIZER" | "MODEL" => of(false, false, false, true),
        "RESOURCE" => of(true, false, false, false),
        "METHOD" | "REQUEST_BODY" => of(true, true, false, false),
        "PATH_PARAMETER" | "QUERY_PARAMETER" | "REQUEST_HEADER" => of(true, true, false, true),
        "RESPONSE" | "RESPONSE_BODY" => of(true, true, true, false),
        "RESPONSE_HEADER" => of(true, true, true, true),
        _ => None,
    }
}

impl Location {
    /// Refuses a location that says more than its type knows, less than it needs, or nonsense.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        let refuse = |text: String| Err(ApiError::BadRequest(text));
        let kind = &self.kind;
        let Some(known) = fields(kind) else { return refuse("Invalid documentation part location type specified".into()) };
        let given = [
            ("path", &self.path, known.path),
            ("method", &self.method, known.method),
            ("statusCode", &self.status_code, known.status_code),
            ("name", &self.name, known.name),
        ];
        for (field, value, is_known) in given {
            if value.is_some() && !is_known {
                return refuse(format!("Invalid location field '{field}' specified for documentation part of type '{kind}'"));
            }
        }
        if known.name && self.name.is_none() {
            return refuse(format!("Location field 'name' must be specified for documentation part of type '{kind}'"));
        }
        limits::optional("Location path", self.path.as_ref(), PATH_BYTES_MAX)?;
        limits::optional("Location name", self.name.as_ref(), NAME_BYTES_MAX)?;
        let is_status = |code: &str| code == "*" || matches!(code.as_bytes(), [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']);
        let fits = self.path.as_ref().is_none_or(|path| path.starts_with('/'))
            && self.method.as_ref().is_none_or(|verb| verb == "*" || VERBS.contains(&verb.as_str()))
            && self.status_code.as_ref().is_none_or(|code| is_status(code));
        if fits { Ok(()) } else { refuse(format!("Invalid location specified: {}", self.shown())) }
    }

    /// With its defaults: two locations are the same when these are.
    pub fn whole(&self) -> Location {
        let Some(known) = fields(&self.kind) else { return self.clone() };
        let or = |value: &Option<String>, is_known: bool, default: &str| value.clone().or_else(|| is_known.then(|| default.to_owned()));
        Location {
            kind: self.kind.clone(),
            path: or(&self.path, known.path, "/"),
            method: or(&self.method, known.method, "*"),
            status_code: or(&self.status_code, known.status_code, "*"),
            name: self.name.clone(),
        }
    }

    /// In words.
    pub(crate) fn shown(&self) -> String {
        let parts = [
            ("type", Some(&self.kind)),
            ("path", self.path.as_ref()),
            ("method", self.method.as_ref()),
            ("statusCode", self.status_code.as_ref()),
            ("name", self.name.as_ref()),
        ];
        let parts: Vec<String> = parts.into_iter().filter_map(|(name, value)| Some(format!("{name} '{}'", value?))).collect();
        parts.join(", ")
    }
}

/// Whether a text is a JSON object.
pub(crate) fn check_properties(properties: &str) -> Result<(), ApiError> {
    limits::text("Documentation part properties", properties, limits::SCHEMA_BYTES_MAX)?;
    if matches!(serde_json::from_str(properties), Ok(serde_json::Value::Object(_))) {
        return Ok(());
    }
    Err(ApiError::bad_request("Documentation part properties must be a valid JSON object"))
}
