//! Media types of messages, as far as templates, models and conversions are chosen by them.

use super::exchange::Exchange;
use h1::{Fields, Known, RequestHead};
use std::borrow::Cow;

/// What a message is where nobody says.
pub const JSON: &str = "application/json";

/// The media type of a request: without parameters, in lower case; JSON where none is said.
pub fn media_type(head: &RequestHead) -> Cow<'_, str> {
    first(head.field(Known::ContentType), b";").unwrap_or(Cow::Borrowed(JSON))
}

/// The media type of an answer, as the back end says it; JSON where it says none.
pub fn answered_media_type(fields: &Fields) -> Cow<'_, str> {
    first(fields.first(Known::ContentType), b";").unwrap_or(Cow::Borrowed(JSON))
}

/// Whether an answer is a stream of events (WHATWG HTML, server-sent events): each is worth something before the next is made, and it
/// is quiet while nothing happens.
pub fn is_of_events(fields: &Fields) -> bool {
    answered_media_type(fields) == "text/event-stream"
}

/// The media type that the caller wants: the first of its `Accept`; JSON where none is said.
pub fn accepted(ex: &Exchange) -> Cow<'_, str> {
    accepted_as_said(ex).unwrap_or(Cow::Borrowed(JSON))
}

/// The first media type of the caller's `Accept`; nothing where none is said.
pub fn accepted_as_said(ex: &Exchange) -> Option<Cow<'_, str>> {
    first(ex.request.head.field(Known::Accept), b",;")
}

fn first<'v>(value: Option<&'v [u8]>, ends: &[u8]) -> Option<Cow<'v, str>> {
    let value = value?;
    let end = value.iter().position(|byte| ends.contains(byte)).unwrap_or(value.len());
    match std::str::from_utf8(value[..end].trim_ascii()) {
        Ok("") | Err(_) => None,
        Ok(text) if text.bytes().any(|byte| byte.is_ascii_uppercase()) => Some(Cow::Owned(text.to_ascii_lowercase())),
        Ok(text) => Some(Cow::Borrowed(text)),
    }
}
