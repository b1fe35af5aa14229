//! Maps in the middle of a patch: a map appears with its first entry and goes with its last.

use base::api::ApiError;
use std::collections::BTreeMap;

pub(super) type Map<V> = Option<BTreeMap<String, V>>;

/// Sets an entry.
pub(super) fn put<V>(map: &mut Map<V>, name: &str, value: V) -> Result<(), ApiError> {
    map.get_or_insert_default().insert(name.to_owned(), value);
    Ok(())
}

/// Sets an entry that must be there.
pub(super) fn swap<V>(map: &mut Map<V>, name: &str, value: V, absent: fn() -> ApiError) -> Result<(), ApiError> {
    let held = map.as_mut().and_then(|map| map.get_mut(name)).ok_or_else(absent)?;
    *held = value;
    Ok(())
}

/// Takes an entry that must be there.
pub(super) fn take<V>(map: &mut Map<V>, name: &str, absent: fn() -> ApiError) -> Result<(), ApiError> {
    let entries = map.as_mut().ok_or_else(absent)?;
    entries.remove(name).ok_or_else(absent)?;
    if entries.is_empty() {
        *map = None;
    }
    Ok(())
}

/// No parameter has this name. (rest-api-control-plane.md §1.10)
pub(super) fn no_parameter() -> ApiError {
    ApiError::not_found("Invalid parameter name specified")
}

/// No template or model is for this media type.
pub(super) fn no_media_type() -> ApiError {
    ApiError::not_found("Content-Type specified was not found")
}

/// A template as it is stored: an empty one is none. (observed/mapping-templates.json)
pub(super) fn template(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The same for a whole map.
pub(super) fn templates(map: Map<Option<String>>) -> Map<Option<String>> {
    map.map(|map| map.into_iter().map(|(media, text)| (media, template(text))).collect())
}
