//! What is sent of a reply: JSON, but for the few operations that hand out a file.

use super::{ApiError, Flow};
use serde::Serialize;

/// A body, and what is said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// JSON, or a file's bytes; empty for nothing.
    pub body: Vec<u8>,
    /// The name of the file, where it is one.
    pub file_name: Option<String>,
    /// Another status than the route's.
    pub status: Option<u16>,
    /// Header fields beside the usual ones.
    pub headers: Vec<(&'static str, String)>,
    /// The body, where it is still being made.
    pub flow: Option<Flow>,
}

/// A file that is handed out.
#[derive(Clone, Debug)]
pub struct File {
    /// For `Content-Disposition`.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What can be the reply of an operation.
pub trait IntoPayload {
    /// As it is sent.
    fn into_payload(self) -> Result<Payload, ApiError>;
}

impl IntoPayload for Payload {
    fn into_payload(self) -> Result<Payload, ApiError> {
        Ok(self)
    }
}

impl<T: Serialize> IntoPayload for T {
    fn into_payload(self) -> Result<Payload, ApiError> {
        let body = serde_json::to_vec(&self).map_err(|cause| ApiError::Internal(cause.to_string()))?;
        Ok(Payload { body: if body == b"null" { Vec::new() } else { body }, ..Payload::default() })
    }
}

impl IntoPayload for File {
    fn into_payload(self) -> Result<Payload, ApiError> {
        // The name becomes part of a header in quotes.
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '+' | ' ');
        let name = self.name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
        Ok(Payload { body: self.bytes, file_name: Some(name), ..Payload::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_body_and_a_name_cannot_leave_its_quotes() {
        assert_eq!(().into_payload(), Ok(Payload::default()));
        assert_eq!([1].into_payload().map(|sent| sent.body), Ok(b"[1]".to_vec()));
        let file = File { name: "a\"; x=\r\n1.0.json".into(), bytes: b"x".to_vec() };
        assert_eq!(file.into_payload().map(|sent| sent.file_name), Ok(Some("a__ x___1.0.json".into())));
    }
}
