//! Names and values of parameter mappings: what AWS takes, and how it words what it does not.

use super::record::{Method, MethodResponse};
use crate::limits::{self, NAME_BYTES_MAX, TEMPLATE_BYTES_MAX, TEXT_BYTES_MAX};
use base::api::ApiError;
use std::collections::BTreeMap;

const REQUEST_PLACES: &[&str] = &["querystring.", "header.", "path.", "multivaluequerystring.", "multivalueheader."];
const RESPONSE_PLACES: &[&str] = &["header.", "multivalueheader."];

/// What stands after a prefix and a place: the name of a parameter.
fn name<'a>(text: &'a str, prefix: &str, places: &[&str]) -> Option<&'a str> {
    let rest = text.strip_prefix(prefix)?;
    let name = places.iter().find_map(|place| rest.strip_prefix(place))?;
    let fits = |byte: u8| byte.is_ascii_graphic();
    (!name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(fits)).then_some(name)
}

fn begins(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|name| !name.is_empty())
}

/// A constant, or something of the context: allowed on either side of a back end.
fn is_common(value: &str) -> bool {
    let quoted = value.len() >= 2 && value.starts_with('\'') && value.ends_with('\'');
    quoted || begins(value, "context.") || begins(value, "stageVariables.")
}

/// A body, or what a JSONPath finds in it.
fn is_body(value: &str, body: &str) -> bool {
    value.strip_prefix(body).is_some_and(|rest| rest.is_empty() || begins(rest, ".") || begins(rest, "["))
}

fn mapping(errors: &[String]) -> Result<(), ApiError> {
    if errors.is_empty() {
        return Ok(());
    }
    let errors = errors.join(", ");
    Err(ApiError::BadRequest(format!("Invalid mapping expression specified: Validation Result: warnings : [], errors : [{errors}]")))
}

fn malformed(text: &str) -> String {
    format!("Invalid mapping expression specified: {text}")
}

fn undeclared(text: &str) -> String {
    format!("Invalid mapping expression parameter specified: {text}")
}

/// The parameters a method declares: well-formed, and no name in two places.
pub(crate) fn check_method_parameters(parameters: &BTreeMap<String, bool>) -> Result<(), ApiError> {
    limits::texts("requestParameters", Some(parameters), 0, |_| 0)?;
    let wrong = parameters.keys().filter(|key| name(key, "method.request.", REQUEST_PLACES).is_none());
    mapping(&wrong.map(|key| malformed(key)).collect::<Vec<_>>())?;
    let mut names: Vec<&str> = parameters.keys().filter_map(|key| name(key, "method.request.", REQUEST_PLACES)).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    if names.len() < all {
        return Err(ApiError::bad_request("Parameter names must be unique across querystring, header and path"));
    }
    Ok(())
}

/// The headers a method response declares.
pub(crate) fn check_response_headers(parameters: &BTreeMap<String, bool>) -> Result<(), ApiError> {
    limits::texts("responseParameters", Some(parameters), 0, |_| 0)?;
    let wrong = parameters.keys().filter(|key| name(key, "method.response.", RESPONSE_PLACES).is_none());
    mapping(&wrong.map(|key| malformed(key)).collect::<Vec<_>>())
}

/// What an integration makes of a method's parameters: each must be declared by the method.
pub(crate) fn check_request_mapping(mapped: &BTreeMap<String, String>, method: &Method) -> Result<(), ApiError> {
    limits::texts("requestParameters", Some(mapped), TEXT_BYTES_MAX, String::len)?;
    let declared = |value: &str| {
        let declared = method.request_parameters.as_ref();
        // `multivalueheader.x` is all values of the declared `header.x`.
        declared.is_some_and(|all| all.contains_key(value) || all.contains_key(&value.replacen(".multivalue", ".", 1)))
    };
    let mut errors = Vec::new();
    for (key, value) in mapped {
        if name(key, "integration.request.", REQUEST_PLACES).is_none() {
            errors.push(malformed(key));
        } else if name(value, "method.request.", REQUEST_PLACES).is_some() {
            if !declared(value) {
                errors.push(undeclared(value));
            }
        } else if !is_common(value) && !is_body(value, "method.request.body") {
            errors.push(malformed(value));
        }
    }
    mapping(&errors)
}

/// What an integration response makes of a back end's answer: each header must be declared by the method response, if there is one.
pub(crate) fn check_response_mapping(mapped: &BTreeMap<String, String>, response: Option<&MethodResponse>) -> Result<(), ApiError> {
    limits::texts("responseParameters", Some(mapped), TEXT_BYTES_MAX, String::len)?;
    let declared = |key: &str| {
        let declared = |response: &MethodResponse| response.response_parameters.as_ref().is_some_and(|all| all.contains_key(key));
        response.is_none_or(declared)
    };
    let mut errors = Vec::new();
    for (key, value) in mapped {
        if name(key, "method.response.", RESPONSE_PLACES).is_none() {
            errors.push(malformed(key));
        } else if !declared(key) {
            errors.push(undeclared(key));
        }
        let from_answer = name(value, "integration.response.", RESPONSE_PLACES).is_some() || is_body(value, "integration.response.body");
        if !from_answer && !is_common(value) {
            errors.push(malformed(value));
        }
    }
    mapping(&errors)
}

/// Templates by media type. (observed/mapping-templates.json)
pub(crate) fn check_templates(what: &str, templates: &BTreeMap<String, Option<String>>) -> Result<(), ApiError> {
    limits::texts(what, Some(templates), TEMPLATE_BYTES_MAX, |text| text.as_ref().map_or(0, String::len))?;
    check_media_types(templates)
}

/// The keys of a map by media type.
pub(super) fn check_media_types<V>(map: &BTreeMap<String, V>) -> Result<(), ApiError> {
    let fits =
        |media: &str| media == "$default" || media.split_once('/').is_some_and(|(kind, subtype)| !kind.is_empty() && !subtype.is_empty());
    let errors: Vec<String> =
        map.keys().filter(|media| !fits(media)).map(|media| format!("Invalid content type specified: {media}")).collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(ApiError::BadRequest(format!("Validation Result: warnings : [], errors : [{}]", errors.join(", "))))
}
