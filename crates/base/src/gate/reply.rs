//! What is asked of a back end, and what is answered to a caller.

use super::body::BodySource;
use super::buffers::Buffer;
use super::tunnel::TunnelEnd;
use h1::Fields;
use std::sync::Arc;

/// A request to a back end, as the integration request's mapping made it. Empty means: as the caller sent it, where the integration
/// passes things through.
#[derive(Default)]
pub struct Ask {
    /// Values for placeholders of the URI.
    pub path: Vec<(Arc<str>, String)>,
    /// Query parameters, decoded, in order.
    pub query: Vec<(Arc<str>, String)>,
    /// Header fields that were mapped.
    pub fields: Fields,
    /// The payload.
    pub body: AskBody,
}

/// The payload of an [`Ask`].
#[derive(Default)]
pub enum AskBody {
    /// The caller's, as it comes.
    #[default]
    AsItCame,
    /// What a template made.
    Whole(Buffer),
}

/// What is answered. Its fields are end-to-end: framing is put on when it is written.
pub struct Reply {
    /// 200 to 599; or 101, with a tunnel, for a client that [may switch](super::Request::may_switch).
    pub status: u16,
    /// Header fields.
    pub fields: Fields,
    /// Payload.
    pub body: ReplyBody,
}

/// The payload of a reply.
#[derive(Default)]
pub enum ReplyBody {
    /// None.
    #[default]
    Empty,
    /// It is here.
    Whole(Buffer),
    /// It is still arriving. While it does, the rest of the request's body goes the other way.
    Stream(Box<dyn BodySource>),
    /// None, to a HEAD: but its length is told.
    Length(u64),
    /// None: the connection goes on as WebSocket, with this at its other end.
    Tunnel(Box<dyn TunnelEnd>),
}

impl Reply {
    /// A reply without fields.
    pub fn new(status: u16, body: ReplyBody) -> Reply {
        Reply { status, fields: Fields::new(), body }
    }
}
