//! From a request on the control port to an operation and back.

use super::member::Place;
use super::route::Body;
use super::{ApiError, Control, Entry, Flow, House, Members, Payload, Verb, member};
use crate::api::signed::Caller;
use std::collections::HashMap;
use std::sync::Arc;

/// A control request as it came: nothing decoded.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub method: String,
    /// From the first slash up to the question mark.
    pub path: String,
    /// After the question mark.
    pub query: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

/// What is sent back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// The exception's name, for `x-amzn-ErrorType`.
    pub error_type: Option<&'static str>,
    /// Seconds, for `Retry-After`.
    pub retry_after: Option<u32>,
    /// The name of the file that the body is, where it is one.
    pub file_name: Option<String>,
    /// Header fields beside those.
    pub headers: Vec<(&'static str, String)>,
    /// JSON, or empty, or a file.
    pub body: Vec<u8>,
    /// The body, where it is still being made.
    pub flow: Option<Flow>,
}

/// All operations, findable by verb and path.
pub struct Catalogue {
    entries: Vec<Entry>,
    /// Rows by verb and first segment.
    index: HashMap<(Verb, &'static str), Vec<usize>>,
}

/// An operation that a request is for, and what its path's placeholders stand for.
#[derive(Clone)]
pub struct Found<'a> {
    /// The operation.
    pub entry: &'a Entry,
    path: Vec<(&'static str, String)>,
}

impl Catalogue {
    /// A catalogue of the features' slices.
    pub fn new(slices: &[&[Entry]]) -> Catalogue {
        let mut entries: Vec<Entry> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        // Where one path has two operations, the one that asks for a query parameter is tried first.
        entries.sort_by_key(|entry| entry.route.only_with.is_none());
        let mut index = HashMap::<_, Vec<usize>>::new();
        for (n, entry) in entries.iter().enumerate() {
            index.entry((entry.route.verb, first_segment(entry.route.path))).or_default().push(n);
        }
        Catalogue { entries, index }
    }

    /// Every operation.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The operation of this name.
    pub fn named(&self, name: &str) -> Option<Found<'_>> {
        let entry = self.entries.iter().find(|entry| entry.route.name == name)?;
        Some(Found { entry, path: Vec::new() })
    }

    /// The operation of a request, if it is one of ours.
    pub fn find(&self, ask: &Ask) -> Option<Found<'_>> {
        let verb = Verb::named(&ask.method)?;
        let (_, rows) = self.index.get_key_value(&(verb, first_segment(&ask.path)))?;
        rows.iter().map(|n| &self.entries[*n]).find_map(|entry| {
            let wanted = |(name, value): (&str, &str)| ask.query.split('&').any(|pair| pair.split_once('=') == Some((name, value)));
            if !entry.route.only_with.is_none_or(wanted) {
                return None;
            }
            Some(Found { entry, path: entry.route.capture(&ask.path)? })
        })
    }
}

impl Ask {
    /// A header field by its name in lower case, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| std::str::from_utf8(value).ok())
    }
}

fn first_segment(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or("")
}

impl Found<'_> {
    /// Checks the members and runs the operation for a caller.
    pub async fn run(self, house: Arc<House>, caller: Caller, ask: Ask) -> Answer {
        let route = self.entry.route;
        let done = self.attempt(house, caller, ask).await;
        match done {
            Ok(Payload { body, file_name, status, headers, flow }) => {
                let status = status.unwrap_or(route.status);
                Answer { status, error_type: None, retry_after: None, file_name, headers, body, flow }
            }
            Err(why) => refuse(&why, route.name),
        }
    }

    async fn attempt(self, house: Arc<House>, caller: Caller, ask: Ask) -> Result<Payload, ApiError> {
        let Found { entry, path } = self;
        let members = match entry.route.body {
            Body::Json => Members::body(&ask.body)?,
            Body::Raw => Members::raw(ask.body)?,
            Body::Payload => Members::payload(&ask.body),
        };
        let mut members = members.query(&ask.query)?.path(path);
        for wanted in entry.members.iter().filter(|member| member.place == Place::Header) {
            let found = ask.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.name));
            if let Some((_, value)) = found {
                members = members.header(wanted.name, value);
            }
        }
        member::check(entry.route.name, entry.members, &members)?;
        let cx = Control::new(house, caller);
        (entry.call)(&cx, members).await
    }
}

/// An error as an answer. What is internal is logged here and nowhere sent.
pub fn refuse(why: &ApiError, operation: &str) -> Answer {
    let (status, error_type) = why.wire();
    if let ApiError::Internal(cause) = why {
        tracing::error!(operation, cause, "a control call failed");
    }
    let message = serde_json::Value::String(why.to_string());
    // Services that word their own exceptions say whose fault it is, too.
    let fault = match why {
        ApiError::Exception { status: 500.., .. } => r#""Type":"Service","#,
        ApiError::Exception { .. } => r#""Type":"User","#,
        _ => "",
    };
    let body = format!("{{{fault}\"message\":{message}}}").into_bytes();
    Answer { status, error_type: Some(error_type), retry_after: why.retry_after(), file_name: None, headers: Vec::new(), body, flow: None }
}
