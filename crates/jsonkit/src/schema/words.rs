//! The library's words.

use super::ERROR_BYTES_MAX;
use crate::{Number, Value};
use std::sync::Arc;

/// Faults as `$context.error.validationErrorString` shows them: `[a, b]`.
#[must_use]
pub fn bracketed(errors: &[String]) -> String {
    format!("[{}]", errors.join(", "))
}

/// A text of at most so many bytes.
pub(super) fn cut(mut text: String) -> String {
    if text.len() > ERROR_BYTES_MAX {
        text.truncate(text.floor_char_boundary(ERROR_BYTES_MAX));
    }
    text
}

/// The beginning of a text that is to be told.
fn told(text: &str) -> &str {
    &text[..text.floor_char_boundary(ERROR_BYTES_MAX)]
}

fn json(value: &Value) -> String {
    let mut out = String::new();
    // Too long is cut anyway.
    let _beginning = value.write(&mut out, crate::Style::Json, ERROR_BYTES_MAX);
    out
}

fn names(names: &[Arc<str>]) -> String {
    let mut out = String::from("[");
    for (at, name) in names.iter().enumerate() {
        if out.len() > ERROR_BYTES_MAX {
            break;
        }
        if at > 0 {
            out.push(',');
        }
        out.push_str(&json(&Value::String((*told(name)).into())));
    }
    out + "]"
}

fn list(values: &[Value]) -> String {
    json(&Value::Array(values.into()))
}

pub(super) fn additional_items(allowed: usize, found: usize) -> String {
    format!("array has too many elements: schema allows at most {allowed} but instance has {found}")
}

pub(super) fn additional_properties(extra: &[Arc<str>]) -> String {
    format!("object instance has properties which are not allowed by the schema: {}", names(extra))
}

pub(super) fn all_of(matched: usize, schemas: usize) -> String {
    format!("instance failed to match all required schemas (matched only {matched} out of {schemas})")
}

pub(super) fn any_of(schemas: usize) -> String {
    format!("instance failed to match at least one required schema among {schemas}")
}

pub(super) fn one_of(matched: usize, schemas: usize) -> String {
    format!("instance failed to match exactly one schema (matched {matched} out of {schemas})")
}

pub(super) fn not() -> String {
    "instance matched a schema which it should not have".to_owned()
}

pub(super) fn dependencies(property: &str, required: &[Arc<str>], missing: &[Arc<str>]) -> String {
    let (property, required, missing) = (told(property), names(required), names(missing));
    format!("property \"{property}\" of object has missing property dependencies (schema requires {required}; missing: {missing})")
}

pub(super) fn not_in_enum(value: &Value, possible: &[Value]) -> String {
    format!("instance value ({}) not found in enum (possible values: {})", json(value), list(possible))
}

pub(super) fn too_many_items(limit: u64, found: usize) -> String {
    format!("array is too long: must have at most {limit} elements but instance has {found} elements")
}

pub(super) fn too_few_items(limit: u64, found: usize) -> String {
    format!("array is too short: must have at least {limit} elements but instance has {found} elements")
}

pub(super) fn too_long(text: &str, found: usize, limit: u64) -> String {
    format!("string \"{}\" is too long (length: {found}, maximum allowed: {limit})", told(text))
}

pub(super) fn too_short(text: &str, found: usize, limit: u64) -> String {
    format!("string \"{}\" is too short (length: {found}, required minimum: {limit})", told(text))
}

pub(super) fn too_many_properties(found: usize, limit: u64) -> String {
    format!("object has too many properties (found {found} but schema requires at most {limit})")
}

pub(super) fn too_few_properties(found: usize, limit: u64) -> String {
    format!("object has too few properties (found {found} but schema requires at least {limit})")
}

pub(super) fn too_large(limit: &Number, found: &Number) -> String {
    format!("numeric instance is greater than the required maximum (maximum: {limit}, found: {found})")
}

pub(super) fn too_small(limit: &Number, found: &Number) -> String {
    format!("numeric instance is lower than the required minimum (minimum: {limit}, found: {found})")
}

pub(super) fn not_below(limit: &Number) -> String {
    format!("numeric instance is not strictly lower than the required maximum {limit}")
}

pub(super) fn not_above(limit: &Number) -> String {
    format!("numeric instance is not strictly greater than the required minimum {limit}")
}

pub(super) fn not_a_multiple(found: &Number, divisor: &Number) -> String {
    format!("remainder of division is not zero ({found} / {divisor})")
}

pub(super) fn no_match(pattern: &str, text: &str) -> String {
    format!("ECMA 262 regex \"{pattern}\" does not match input string \"{}\"", told(text))
}

pub(super) fn missing(properties: &[Arc<str>]) -> String {
    format!("object has missing required properties ({})", names(properties))
}

pub(super) fn wrong_type(found: &str, allowed: &[&'static str]) -> String {
    let allowed: Vec<Arc<str>> = allowed.iter().map(|name| (*name).into()).collect();
    format!("instance type ({found}) does not match any allowed primitive type (allowed: {})", names(&allowed))
}

pub(super) fn duplicates() -> String {
    "array must not contain duplicate elements".to_owned()
}

pub(super) fn wrong_format(text: &str, what: &str) -> String {
    format!("string \"{}\" is {what}", told(text))
}
