//! The body of a request on its way out, one piece at a time, as its back end takes it.

use base::gate::{BodyFault, BodySource, Buffer, Fill, RequestBody};
use bytes::Bytes;
use h2::{Reason, SendStream};
use std::task::{Context, Poll, ready};

/// What is still to be sent of a request's body.
pub(super) struct Body {
    /// The piece that is on its way.
    piece: Bytes,
    /// Where the next comes from; `None` once the last is here.
    source: Option<Box<dyn BodySource>>,
    /// The first piece, as long as there was no second: with it a request can be sent again.
    first: Option<Bytes>,
    /// The first piece was taken out of the source.
    has_begun: bool,
}

/// Why a body was not sent to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stuck {
    /// It broke off by itself.
    Source(BodyFault),
    /// The back end takes no more. It may have answered all the same.
    Deaf,
}

/// A whole body in a buffer of the thread, which it goes back to.
struct Owned(Buffer);

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Body {
    /// The body of a request. Of one that streams, either side may pause for so many milliseconds, if that is said.
    pub(super) fn new(body: RequestBody, pause_ms: Option<u32>) -> Body {
        let (piece, source) = match body {
            RequestBody::None => (Bytes::new(), None),
            RequestBody::Whole(bytes) => (Bytes::from_owner(Owned(bytes)), None),
            RequestBody::Stream(mut source) => {
                if let Some(pause_ms) = pause_ms {
                    source.be_patient(pause_ms);
                }
                (Bytes::new(), Some(source))
            }
        };
        Body { first: Some(piece.clone()), piece, source, has_begun: false }
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.piece.is_empty() && self.source.is_none()
    }

    /// The body from its beginning, if all of it is still here.
    pub(super) fn again(self) -> Option<Body> {
        let first = self.first?;
        Some(Body { first: Some(first.clone()), piece: first, ..self })
    }

    /// Sends as much as it can; ready once all has gone.
    pub(super) fn poll_send(&mut self, stream: &mut SendStream<Bytes>, cx: &mut Context<'_>) -> Poll<Result<(), Stuck>> {
        loop {
            if self.piece.is_empty() {
                // Who waits for the next piece should hear of it when nobody wants that any more.
                if stream.poll_reset(cx).is_ready() {
                    return Poll::Ready(Err(Stuck::Deaf));
                }
                let Some(source) = &mut self.source else { return Poll::Ready(Ok(())) };
                let mut piece = Vec::new();
                if ready!(source.poll_fill(cx, &mut piece)).map_err(Stuck::Source)? == Fill::End {
                    self.source = None;
                }
                self.piece = Bytes::from(piece);
                self.first = (!std::mem::replace(&mut self.has_begun, true)).then(|| self.piece.clone());
                if self.piece.is_empty() && self.source.is_none() {
                    return Poll::Ready(stream.send_data(Bytes::new(), true).map_err(|_| Stuck::Deaf));
                }
                continue;
            }
            stream.reserve_capacity(self.piece.len());
            while stream.capacity() == 0 {
                match ready!(stream.poll_capacity(cx)) {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Poll::Ready(Err(Stuck::Deaf)),
                }
            }
            let part = self.piece.split_to(stream.capacity().min(self.piece.len()));
            stream.send_data(part, self.is_empty()).map_err(|_| Stuck::Deaf)?;
            if self.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// Sends what is left, whoever reads the answer. If the body breaks off, its stream is reset, and with it the answer.
pub(super) async fn pump(mut body: Body, mut stream: SendStream<Bytes>) {
    body.first = None;
    if let Err(Stuck::Source(fault)) = std::future::poll_fn(|cx| body.poll_send(&mut stream, cx)).await {
        tracing::debug!(?fault, "the body of a request over HTTP/2 broke off; its stream is reset");
        stream.send_reset(Reason::CANCEL);
    }
}
