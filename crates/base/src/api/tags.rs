//! Tags: the labels that nearly every noun may carry, under one set of rules.

use super::ApiError;
use std::collections::BTreeMap;

/// Labels by key.
pub type Tags = BTreeMap<String, String>;

/// Tags a resource may have.
pub const TAGS_MAX: usize = 50;
/// Characters of a tag's key.
pub const TAG_KEY_CHARS_MAX: usize = 128;
/// Characters of a tag's value.
pub const TAG_VALUE_CHARS_MAX: usize = 256;

/// Refuses tags that break AWS's rules (rest-api.md §0.6; the texts are assumed).
pub fn check_tags(tags: &Tags) -> Result<(), ApiError> {
    if tags.len() > TAGS_MAX {
        return Err(ApiError::bad_request(format!("The number of tags exceeds the limit of {TAGS_MAX}.")));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > TAG_KEY_CHARS_MAX {
            return Err(ApiError::bad_request(format!(
                "Invalid tag key specified: {key}. It must have 1 to {TAG_KEY_CHARS_MAX} characters."
            )));
        }
        if key.starts_with("aws:") {
            return Err(ApiError::bad_request(format!("Invalid tag key specified: {key}. The prefix aws: is reserved.")));
        }
        if value.chars().count() > TAG_VALUE_CHARS_MAX {
            return Err(ApiError::bad_request(format!(
                "Invalid tag value specified for {key}. It can be at most {TAG_VALUE_CHARS_MAX} characters."
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_a_key_of_our_own_and_a_bounded_value() {
        let tag = |key: &str, value: &str| check_tags(&Tags::from([(key.to_owned(), value.to_owned())]));
        assert_eq!(tag("team", "pets"), Ok(()));
        assert_eq!(tag(&"k".repeat(TAG_KEY_CHARS_MAX), &"v".repeat(TAG_VALUE_CHARS_MAX)), Ok(()));
        assert!(tag("", "x").is_err());
        assert!(tag("aws:team", "x").is_err());
        assert!(tag(&"k".repeat(TAG_KEY_CHARS_MAX + 1), "x").is_err());
        assert!(tag("k", &"v".repeat(TAG_VALUE_CHARS_MAX + 1)).is_err());
    }

    #[test]
    fn fifty_tags_are_allowed_and_one_more_is_not() {
        let many = |n: usize| (0..n).map(|n| (n.to_string(), String::new())).collect::<Tags>();
        assert_eq!(check_tags(&many(TAGS_MAX)), Ok(()));
        assert!(check_tags(&many(TAGS_MAX + 1)).is_err());
    }
}
