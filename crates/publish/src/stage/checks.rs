//! What must hold of a stage and its parts. Texts marked "seen" are from public reports of AWS's answers; the others are assumed.

use super::record::{AccessLog, Canary, Stage};
use base::api::{ApiError, Settings};
use base::store::{Realm, View, kind};
use std::collections::BTreeMap;

/// Stages of an API.
pub(crate) const STAGES_PER_API_MAX: usize = 10;
/// Characters of a stage's name.
const NAME_CHARS_MAX: usize = 128;
/// Variables of a stage, and characters of their names and values.
const VARIABLES_MAX: usize = 100;
const VARIABLE_NAME_CHARS_MAX: usize = 64;
const VARIABLE_VALUE_CHARS_MAX: usize = 512;
/// Bytes of the format of an access log.
const ACCESS_LOG_FORMAT_BYTES_MAX: usize = 3 * 1024;

/// Sizes of a cache in gigabytes, as AWS writes them (their printed order is assumed).
pub(crate) const CACHE_SIZES: &[&str] = &["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];

/// The stage with a name, or AWS's 404.
pub(crate) fn known_stage(view: &dyn View, realm: &Realm, api: &str, name: &str) -> Result<Stage, ApiError> {
    view.find(&realm.scope(api), name)?.ok_or_else(|| ApiError::not_found("Invalid stage identifier specified"))
}

/// Refuses the id of a deployment that an API has not. (observed/canary.json)
pub(crate) fn check_deployment(view: &dyn View, realm: &Realm, api: &str, id: &str) -> Result<(), ApiError> {
    if view.has(kind::DEPLOYMENT, &realm.scope(api), id)? { Ok(()) } else { Err(ApiError::bad_request("Deployment id does not exist")) }
}

/// Refuses the documentation version of a stage that an API has not. Only `aws-strict` looks (assumed).
pub(crate) fn check_documentation(settings: &Settings, view: &dyn View, realm: &Realm, stage: &Stage) -> Result<(), ApiError> {
    match &stage.documentation_version {
        Some(version) if settings.aws_strict && !view.has(kind::DOCUMENTATION_VERSION, &realm.scope(&stage.api), version)? => {
            Err(ApiError::bad_request("Invalid Documentation version specified"))
        }
        _ => Ok(()),
    }
}

/// Refuses what is no name of a stage.
pub(crate) fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(fits) {
        return Ok(());
    }
    Err(ApiError::bad_request("Stage name only allows a-zA-Z0-9_-"))
}

/// Refuses variables that AWS would not take. Seen: both texts, two spaces and all.
pub(crate) fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if variables.len() > VARIABLES_MAX {
        return Err(ApiError::bad_request(format!("A stage can have at most {VARIABLES_MAX} stage variables")));
    }
    for (name, value) in variables {
        if !is_variable_name(name) {
            return Err(ApiError::bad_request(format!(
                "Invalid stage variable name: {name}.  Please use names with only word characters."
            )));
        }
        if !is_variable_value(value) {
            return Err(ApiError::bad_request(format!(
                "Invalid stage variable value: {value}.  Please use values with alphanumeric characters and the symbols ' ', -', '.', '_', \
                 ':', '/', '?', '&', '=', and ','."
            )));
        }
    }
    Ok(())
}

fn is_variable_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=VARIABLE_NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(fits)
}

/// The documented characters, and the space that only the error text knows of.
fn is_variable_value(value: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#&=, ".contains(&byte);
    (1..=VARIABLE_VALUE_CHARS_MAX).contains(&value.len()) && value.bytes().all(fits)
}

/// Refuses a share of requests that is none, and overrides that are no variables.
pub(crate) fn check_canary(canary: &Canary) -> Result<(), ApiError> {
    if !(0.0..=100.0).contains(&canary.percent_traffic) {
        return Err(ApiError::bad_request("Canary percentTraffic must be between 0.0 and 100.0"));
    }
    canary.variable_overrides.as_ref().map_or(Ok(()), check_variables)
}

/// Refuses an access log whose format is longer than AWS takes.
pub(super) fn check_access_log(log: &AccessLog) -> Result<(), ApiError> {
    if log.format.as_ref().is_some_and(|format| format.len() > ACCESS_LOG_FORMAT_BYTES_MAX) {
        return Err(ApiError::bad_request(format!("Access Log format can be at most {ACCESS_LOG_FORMAT_BYTES_MAX} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_letters_digits_dashes_and_no_more_than_128_of_them() {
        for good in ["dev", "V1_2-x", "1", &"s".repeat(NAME_CHARS_MAX)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "a.b", "$default", "a b", "é", &"s".repeat(NAME_CHARS_MAX + 1)] {
            assert_eq!(check_name(bad).unwrap_err().to_string(), "Stage name only allows a-zA-Z0-9_-", "{bad}");
        }
    }

    #[test]
    fn variables_have_word_names_and_plain_values() {
        let said = |name: &str, value: &str| {
            check_variables(&BTreeMap::from([(name.to_owned(), value.to_owned())])).map_err(|why| why.to_string())
        };
        assert_eq!(said("querystring", "qs_key=qs_value"), Ok(()));
        assert_eq!(said(&"n".repeat(VARIABLE_NAME_CHARS_MAX), &"v".repeat(VARIABLE_VALUE_CHARS_MAX)), Ok(()));
        let name = "Invalid stage variable name: owner:name.  Please use names with only word characters.";
        assert_eq!(said("owner:name", "x"), Err(name.into()));
        let value = "Invalid stage variable value: .  Please use values with alphanumeric characters and the symbols ' ', -', '.', '_', ':', \
                     '/', '?', '&', '=', and ','.";
        assert_eq!(said("x", ""), Err(value.into()));
        for (name, value) in [("", "x"), ("a-b", "x"), ("x", "$LATEST"), ("x", "a\nb"), (&"n".repeat(65), "x"), ("x", &"v".repeat(513))] {
            assert!(said(name, value).is_err(), "{name}={value}");
        }
        let many = |n: usize| (0..n).map(|n| (format!("v{n}"), "x".to_owned())).collect();
        assert!(check_variables(&many(100)).is_ok() && check_variables(&many(101)).is_err());
    }
}
