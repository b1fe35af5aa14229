//! A request on its way out: its head, then its body, one piece at a time.

use super::connection::Connection;
use base::gate::{BodyFault, BodySource, Buffer, Fill, RequestBody};
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

/// What is still to be sent of a request.
pub(super) struct Outgoing {
    /// The request's head, as long as it may have to be sent again; then, what frames the piece.
    front: Buffer,
    /// Bytes of the head alone.
    head_len: usize,
    /// The piece of the body that is on its way.
    piece: Buffer,
    /// What frames the piece from behind.
    tail: Vec<u8>,
    /// How much of front, piece and tail has gone.
    gone: usize,
    /// Where the next piece comes from; `None` once the last is here.
    source: Option<Box<dyn BodySource>>,
    /// The first piece was asked for.
    primed: bool,
    /// Everything from the first byte on is still here.
    whole: bool,
}

/// Why a request could not be sent to its end.
#[derive(Debug)]
pub(super) enum Stuck {
    /// Its body broke off.
    Source(BodyFault),
    /// The back end does not take it.
    Stream(io::Error),
    /// Its body is not what was announced.
    Framing,
}

impl Outgoing {
    /// A request with its written head.
    pub(super) fn new(head: Buffer, body: RequestBody) -> Outgoing {
        let (piece, source) = match body {
            RequestBody::None => (Buffer::none(), None),
            RequestBody::Whole(bytes) => (bytes, None),
            RequestBody::Stream(source) => (Buffer::take(), Some(source)),
        };
        Outgoing { head_len: head.len(), front: head, piece, tail: Vec::new(), gone: 0, source, primed: false, whole: true }
    }

    /// Starts, or starts again, on a connection whose client has begun. `false` if not everything is here any more.
    pub(super) fn start(&mut self, connection: &mut Connection) -> Result<bool, Stuck> {
        if !self.whole {
            return Ok(false);
        }
        self.front.truncate(self.head_len);
        self.tail.clear();
        self.gone = 0;
        self.frame(connection)?;
        Ok(true)
    }

    /// Sends as much as it can; ready once all has gone. Tells whether something moved by `moved`.
    pub(super) fn poll_send(&mut self, connection: &mut Connection, cx: &mut Context<'_>, moved: &mut bool) -> Poll<Result<(), Stuck>> {
        if !self.primed {
            self.primed = true;
            // If its body is at hand, the first piece of it goes out with the head.
            if let Poll::Ready(Err(stuck)) = self.poll_piece(connection, cx) {
                return Poll::Ready(Err(stuck));
            }
        }
        loop {
            while self.gone < self.len() {
                connection.client.mark_sent();
                let sent = ready!(self.poll_write(connection, cx)).map_err(Stuck::Stream)?;
                if sent == 0 {
                    return Poll::Ready(Err(Stuck::Stream(io::ErrorKind::WriteZero.into())));
                }
                self.gone += sent;
                *moved = true;
            }
            ready!(connection.stream.poll_flush(cx)).map_err(Stuck::Stream)?;
            if self.source.is_none() {
                return Poll::Ready(Ok(()));
            }
            self.whole = false;
            self.front.clear();
            self.piece.clear();
            self.tail.clear();
            self.gone = 0;
            self.head_len = 0;
            ready!(self.poll_piece(connection, cx))?;
        }
    }

    /// Everything has gone.
    pub(super) fn is_sent(&self) -> bool {
        self.source.is_none() && self.gone == self.len()
    }

    /// Everything from the first byte on is still here: it can be sent again.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    fn len(&self) -> usize {
        self.front.len() + self.piece.len() + self.tail.len()
    }

    /// Asks for the next piece, and frames it.
    fn poll_piece(&mut self, connection: &mut Connection, cx: &mut Context<'_>) -> Poll<Result<(), Stuck>> {
        let Some(source) = &mut self.source else { return Poll::Ready(Ok(())) };
        let fill = ready!(source.poll_fill(cx, &mut self.piece)).map_err(Stuck::Source)?;
        if fill == Fill::End {
            self.source = None;
        }
        Poll::Ready(self.frame(connection))
    }

    fn frame(&mut self, connection: &mut Connection) -> Result<(), Stuck> {
        if !self.piece.is_empty() {
            let frame = connection.client.frame(self.piece.len(), &mut self.front).map_err(|_| Stuck::Framing)?;
            self.tail.extend_from_slice(frame.tail);
            if self.whole {
                connection.client.body_is_held();
            }
        }
        if self.source.is_none() {
            connection.client.finish_request(&mut self.tail).map_err(|_| Stuck::Framing)?;
        }
        Ok(())
    }

    fn poll_write(&self, connection: &mut Connection, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); 3];
        let (mut count, mut skip) = (0, self.gone);
        for part in [self.front.as_slice(), self.piece.as_slice(), self.tail.as_slice()] {
            if skip >= part.len() {
                skip -= part.len();
                continue;
            }
            slices[count] = IoSlice::new(&part[skip..]);
            (count, skip) = (count + 1, 0);
        }
        connection.stream.poll_write(cx, &slices[..count])
    }
}
