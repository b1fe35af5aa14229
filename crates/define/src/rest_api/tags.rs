//! Tags that come with a creation.

use crate::limits::{TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX};
use base::api::ApiError;
use std::collections::BTreeMap;

/// Refuses tags that AWS would refuse (rest-api.md §0.6; the words are ours).
pub fn check(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let wrong = |text: String| Err(ApiError::BadRequest(text));
    if tags.len() > TAGS_MAX {
        return wrong(format!("A resource can have at most {TAGS_MAX} tags."));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > TAG_KEY_CHARS_MAX {
            return wrong(format!("A tag key must be 1 to {TAG_KEY_CHARS_MAX} characters long."));
        }
        if value.chars().count() > TAG_VALUE_CHARS_MAX {
            return wrong(format!("A tag value can be at most {TAG_VALUE_CHARS_MAX} characters long."));
        }
        if key.len() >= 4 && key.as_bytes()[..4].eq_ignore_ascii_case(b"aws:") {
            return wrong("Tag keys starting with aws: are reserved.".into());
        }
        let fits = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
        if !key.chars().chain(value.chars()).all(fits) {
            return wrong("Tags may only have letters, digits, spaces and _.:/=+-@".into());
        }
    }
    Ok(())
}
