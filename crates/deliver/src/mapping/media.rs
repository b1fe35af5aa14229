//! Media types, as far as templates are chosen by them.

use base::gate::Exchange;
use h1::{Known, RequestHead};
use std::borrow::Cow;

const JSON: &str = "application/json";

/// The media type of a request: without parameters, in lower case; JSON where none is said.
pub(crate) fn media_type(head: &RequestHead) -> Cow<'_, str> {
    first(head.field(Known::ContentType), b";")
}

/// The media type that the caller wants: the first of its `Accept`; JSON where none is said.
pub(crate) fn accepted(ex: &Exchange) -> Cow<'_, str> {
    first(ex.request.head.field(Known::Accept), b",;")
}

fn first<'v>(value: Option<&'v [u8]>, ends: &[u8]) -> Cow<'v, str> {
    let value = value.unwrap_or_default();
    let end = value.iter().position(|byte| ends.contains(byte)).unwrap_or(value.len());
    match std::str::from_utf8(value[..end].trim_ascii()) {
        Ok("") | Err(_) => Cow::Borrowed(JSON),
        Ok(text) if text.bytes().any(|byte| byte.is_ascii_uppercase()) => Cow::Owned(text.to_ascii_lowercase()),
        Ok(text) => Cow::Borrowed(text),
    }
}

/// Chooses by what the caller wants: that, else JSON, else the first there is. For templates of responses.
pub(crate) fn choose<'t, T>(templates: &'t [(Box<str>, T)], wanted: &str) -> Option<&'t (Box<str>, T)> {
    let of = |media: &str| templates.iter().find(|(key, _)| **key == *media);
    of(wanted).or_else(|| of(JSON)).or_else(|| templates.first())
}
