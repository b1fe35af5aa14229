//! What the front end refuses before, or beside, any API: short JSON, worded by nobody.

use base::gate::{Buffer, Exchange, RefusalKind, Reply, ReplyBody};
use base::world::Moment;
use std::borrow::Cow;

/// Why a request is told 421: it may come again on a connection of its own.
pub(super) const MISDIRECTED: &str = "the host is under another TLS policy than its connection";

/// The reply to a request that no API gets to see. Its notes say why.
pub(super) fn refuse(ex: &mut Exchange, status: u16, because: impl Into<Cow<'static, str>>) -> Reply {
    if ex.notes.head == Moment::default() {
        ex.arrive();
    }
    let kind = RefusalKind::Front(status);
    let message = kind.message();
    let text = message.text().unwrap_or_default();
    let mut body = Buffer::take();
    serde_json::to_writer(&mut *body, &serde_json::json!({ "message": text })).expect("a text and a vector make JSON");
    ex.notes.refused = Some((kind, because.into()));
    ex.notes.error_message = Some(Cow::Owned(text.to_owned()));
    let mut reply = Reply::new(status, ReplyBody::Whole(body));
    for (name, value) in [("Content-Type", "application/json"), ("x-amzn-RequestId", ex.id.as_str())] {
        reply.fields.push(name, value.as_bytes()).expect("names and values are plain ASCII");
    }
    reply
}

/// What a connection is told that there is no room for: no request was read, so there is nothing to record.
pub(super) fn no_room(date: &[u8]) -> Vec<u8> {
    const BODY: &str = r#"{"message":"Service Unavailable"}"#;
    let mut out = Vec::with_capacity(256);
    let mut writer = h1::ResponseWriter::start(&mut out, 503);
    for (name, value) in [("Date", date), ("Content-Type", b"application/json")] {
        writer.field(name, value).expect("names and values are plain ASCII");
    }
    writer.finish(h1::BodyLength::Exact(BODY.len() as u64), h1::Connection::Close);
    out.extend_from_slice(BODY.as_bytes());
    out
}
