//! The bodies that nobody customised, to the byte. Seen: the atlas, lifecycle §2.3; the space in `Internal server error` from the recorded
//! `Content-Length: 36` (observed/mapping-templates.json).

use base::gate::{Message, Refusal, RefusalKind};

/// Appends the body.
pub(super) fn write(refusal: &Refusal, out: &mut Vec<u8>) {
    let key: &[u8] = match refusal.kind {
        RefusalKind::AccessDenied => br#"{"Message":"#,
        _ if has_space(refusal) => br#"{"message": "#,
        _ => br#"{"message":"#,
    };
    out.extend_from_slice(key);
    match &refusal.message {
        Message::Text(text) => serde_json::to_writer(&mut *out, text.as_ref()).expect("a string writes into a vector"),
        Message::Null => out.extend_from_slice(b"null"),
    }
    out.push(b'}');
}

fn has_space(refusal: &Refusal) -> bool {
    match refusal.kind {
        RefusalKind::ApiConfigurationError
        | RefusalKind::BadGateway
        | RefusalKind::BadRequestBody
        | RefusalKind::BadRequestParameters
        | RefusalKind::UnsupportedMediaType => true,
        // A network error is told without one, what else goes wrong with one.
        RefusalKind::IntegrationFailure => refusal.message != refusal.kind.message(),
        _ => false,
    }
}
