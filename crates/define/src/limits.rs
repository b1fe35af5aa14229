//! How much of everything an API may have. AWS's own figures hold under `aws-strict`; what AWS leaves open has a figure of ours, so
//! that nobody fills the store through a patch at a time.

use base::api::ApiError;
use std::collections::BTreeMap;

/// Resources of one API, AWS's default quota.
pub const RESOURCES_MAX: usize = 300;
/// Resources of one API where AWS's quota was raised, or is not ours.
pub const RESOURCES_MAX_EXTENDED: usize = 20_000;
/// Bytes of a resource's whole path: the longest URL AWS takes (rest-api.md §9.2).
pub const PATH_BYTES_MAX: usize = 10_240;
/// Bytes of a name.
pub const NAME_BYTES_MAX: usize = 1_024;
/// Bytes of a description.
pub const DESCRIPTION_BYTES_MAX: usize = 125_000;
/// Bytes of any other text: an ARN, a URI, an expression, a pattern.
pub const TEXT_BYTES_MAX: usize = 10_240;
/// Bytes of a resource policy on AWS.
pub const POLICY_BYTES_MAX: usize = 8_192;
/// Bytes of a resource policy where AWS's quota was raised, or is not ours.
pub const POLICY_BYTES_MAX_EXTENDED: usize = 131_072;
/// Bytes of a mapping template (300 KB).
pub const TEMPLATE_BYTES_MAX: usize = 307_200;
/// Bytes of a model's schema (400 KB).
pub const SCHEMA_BYTES_MAX: usize = 409_600;
/// Bytes of all schemas that a flattened model is made of: as much as a whole definition may have (6 MB).
pub const FLATTENED_BYTES_MAX: usize = 6_291_456;
/// Entries of one map or list: parameters, templates, media types.
pub const ENTRIES_MAX: usize = 1_000;
/// Models of one API.
pub const MODELS_MAX: usize = 10_000;
/// Tags of one thing.
pub const TAGS_MAX: usize = 50;
/// Characters of a tag's key.
pub const TAG_KEY_CHARS_MAX: usize = 128;
/// Characters of a tag's value.
pub const TAG_VALUE_CHARS_MAX: usize = 256;

/// Refuses a text that is too long. `what` begins the sentence.
pub fn text(what: &str, text: &str, bytes_max: usize) -> Result<(), ApiError> {
    if text.len() <= bytes_max {
        return Ok(());
    }
    Err(ApiError::bad_request(format!("{what} can be at most {bytes_max} bytes long.")))
}

/// Refuses an optional text that is too long.
pub fn optional(what: &str, value: Option<&String>, bytes_max: usize) -> Result<(), ApiError> {
    value.map_or(Ok(()), |value| text(what, value, bytes_max))
}

/// Refuses a list or map that has too many entries.
pub fn entries(what: &str, count: usize) -> Result<(), ApiError> {
    if count <= ENTRIES_MAX {
        return Ok(());
    }
    Err(ApiError::bad_request(format!("{what} can have at most {ENTRIES_MAX} entries.")))
}

/// Refuses a map that has too many entries, or one that is too long.
pub fn texts<V>(what: &str, map: Option<&BTreeMap<String, V>>, bytes_max: usize, of: impl Fn(&V) -> usize) -> Result<(), ApiError> {
    let Some(map) = map else { return Ok(()) };
    entries(what, map.len())?;
    match map.iter().find(|(name, value)| name.len() > NAME_BYTES_MAX || of(value) > bytes_max) {
        None => Ok(()),
        Some(_) => Err(ApiError::bad_request(format!("An entry of {what} can be at most {bytes_max} bytes long."))),
    }
}
