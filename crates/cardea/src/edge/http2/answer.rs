//! Replies on their way out as frames, as the client takes them.

use super::super::Answers;
use super::super::answer::{Outset, Waits, outset};
use super::super::dock::Dock;
use super::super::http1::caught;
use super::Held;
use base::gate::{BodySource, Fill, Reply};
use bytes::Bytes;
use h1::{BodyLength, Fields, Known};
use hyper::body::{Body, Frame};
use hyper::header::{CONTENT_LENGTH, DATE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

/// The most that is handed over at once.
const PIECE_BYTES_MAX: usize = 32 * 1024;

/// An answer that cannot be told whole: its stream is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer broke off")]
pub(super) struct Broken;

/// Counts the pieces of one answer, as its client takes them.
#[derive(Default)]
pub(super) struct Pieces {
    handed: Cell<u64>,
    handed_bytes: Cell<u64>,
    last_bytes: Cell<u64>,
    /// The last one is not on its way yet, as far as we know.
    waits: Cell<bool>,
}

impl Pieces {
    /// The number of the piece that waits for the client, if one does.
    pub(super) fn waiting(&self) -> Option<u64> {
        self.waits.get().then(|| self.handed.get())
    }

    /// Bytes that are on their way to the client, as far as we know: all but the last piece, or that, too.
    pub(super) fn taken_bytes(&self) -> u64 {
        self.handed_bytes.get() - if self.waits.get() { self.last_bytes.get() } else { 0 }
    }
}

/// The body of an answer, with the request that it answers.
pub(super) struct Outgoing<A: Answers> {
    held: Held<A>,
    piece: Bytes,
    source: Option<Box<dyn BodySource>>,
    /// What follows the last piece.
    trailers: Option<Box<Fields>>,
    /// What was announced and has not come yet.
    left: Option<u64>,
    room: Vec<u8>,
    pieces: Rc<Pieces>,
}

/// The answer's head, with its body behind it.
pub(super) async fn begin<A: Answers>(
    mut held: Held<A>,
    mut reply: Reply,
    client: Waits,
    pieces: Rc<Pieces>,
    dock: &Dock,
) -> Result<Response<Outgoing<A>>, Broken> {
    let set_out = caught(pin!(poll_fn(|cx| Poll::Ready(outset(cx, &mut held.ex, &mut reply, client))))).await;
    let Some(Outset { piece, length, source, trailers }) = set_out else {
        tracing::error!(request = %held.ex.id, "the body of an answer panicked; its stream is reset");
        held.ex.notes.status = 500;
        return Err(Broken);
    };
    held.ex.notes.status = reply.status;
    let is_bare = matches!(reply.status, 204 | 304);
    let announced = match length {
        BodyLength::Exact(length) => Some(length),
        BodyLength::None | BodyLength::Chunked | BodyLength::UntilClose => None,
    };
    let (piece, left) = if client == Waits::ForHead || is_bare { (Bytes::new(), None) } else { (Bytes::from(piece.into_vec()), announced) };
    let mut response = Response::new(Outgoing { held, piece, source, trailers, left, room: Vec::new(), pieces });
    *response.status_mut() = StatusCode::from_u16(reply.status).map_err(|_| Broken)?;
    let fields = response.headers_mut();
    fields.insert(DATE, HeaderValue::from_bytes(&dock.date()).map_err(|_| Broken)?);
    for field in reply.fields.iter().filter(|field| field.is_end_to_end() && field.known != Known::Date) {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Broken)?;
        fields.append(name, HeaderValue::from_bytes(field.value).map_err(|_| Broken)?);
    }
    if let Some(length) = announced.filter(|_| !is_bare) {
        fields.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(response)
}

impl<A: Answers> Outgoing<A> {
    fn hand_over(&mut self, piece: Bytes) -> Result<Frame<Bytes>, Broken> {
        let bytes = piece.len() as u64;
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(bytes).ok_or(Broken)?;
        }
        if self.is_told() && self.left.is_some_and(|left| left > 0) {
            return Err(Broken);
        }
        self.held.ex.notes.sent_bytes += bytes;
        self.pieces.handed.set(self.pieces.handed.get() + 1);
        self.pieces.handed_bytes.set(self.pieces.handed_bytes.get() + bytes);
        self.pieces.last_bytes.set(bytes);
        self.pieces.waits.set(true);
        Ok(Frame::data(piece))
    }

    /// All of the payload was handed over.
    fn is_told(&self) -> bool {
        self.piece.is_empty() && self.source.is_none()
    }

    /// The trailers, if there are any, once.
    fn last_frame(&mut self) -> Option<Result<Frame<Bytes>, Broken>> {
        let trailers = self.trailers.take()?;
        let mut fields = HeaderMap::new();
        for field in trailers.iter().filter(|field| field.is_end_to_end()) {
            match (HeaderName::from_bytes(field.name.as_bytes()), HeaderValue::from_bytes(field.value)) {
                (Ok(name), Ok(value)) => fields.append(name, value),
                _ => return Some(Err(Broken)),
            };
        }
        Some(Ok(Frame::trailers(fields)))
    }

    /// Waits for more of the body. Nothing: it has ended.
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Broken>> {
        let Some(source) = &mut self.source else { return Poll::Ready(Ok(None)) };
        self.room.reserve(PIECE_BYTES_MAX);
        let room = &mut self.room;
        let filled = catch_unwind(AssertUnwindSafe(|| source.poll_fill(cx, room)));
        let filled = filled.unwrap_or_else(|_| {
            tracing::error!(request = %self.held.ex.id, "the body of an answer panicked; its stream is reset");
            Poll::Ready(Err(base::gate::BodyFault::Gone))
        });
        let fill = ready!(filled).map_err(|_| Broken)?;
        if fill == Fill::End {
            self.trailers = source.trailers();
            self.source = None;
        }
        Poll::Ready(Ok(Some(Bytes::from(std::mem::take(&mut self.room)))))
    }
}

impl<A: Answers> Body for Outgoing<A> {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = self.get_mut();
        // Hyper asks for the next piece when there is room for it: the last one is on its way.
        this.pieces.waits.set(false);
        if this.piece.is_empty() {
            match ready!(this.poll_source(cx)) {
                Ok(Some(piece)) if piece.is_empty() && this.source.is_none() => {
                    let is_short = this.left.is_some_and(|left| left > 0);
                    return Poll::Ready(if is_short { Some(Err(Broken)) } else { this.last_frame() });
                }
                Ok(Some(piece)) => this.piece = piece,
                Ok(None) => return Poll::Ready(this.last_frame()),
                Err(broken) => return Poll::Ready(Some(Err(broken))),
            }
        }
        let bytes = this.piece.len().min(PIECE_BYTES_MAX);
        let piece = this.piece.split_to(bytes);
        Poll::Ready(Some(this.hand_over(piece)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_told() && self.trailers.is_none()
    }
}
