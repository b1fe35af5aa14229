//! Replies on their way out: framed, sent as the client takes them, and counted.

use super::front;
use super::line::Line;
use super::losses::Loss;
use super::socket::Socket;
use base::gate::{BodyFault, BodySource, Buffer, Exchange, Fill, Reply, ReplyBody, give_back_fields};
use h1::{BodyLength, Connection, EncodeError, Fields, Known, OwnField, ResponseWriter};
use std::future::poll_fn;
use std::task::{Context, Poll};

const DATE: OwnField = OwnField::new("Date");

/// Payload up to this is copied behind its head, to leave in one plain write; more goes from where it is.
const COPIED_BYTES_MAX: usize = 4 * 1024;
/// The most that one piece of a streamed body takes.
const PIECE_BYTES_MAX: usize = 256 * 1024;

/// Why an answer did not arrive whole. The connection ends with a reset.
pub(super) enum Cut {
    /// The client went, or took nothing for too long.
    Client,
    /// The body's source failed, or brought more or less than it announced.
    Source,
}

impl From<EncodeError> for Cut {
    fn from(_: EncodeError) -> Cut {
        Cut::Source
    }
}

impl From<BodyFault> for Cut {
    fn from(_: BodyFault) -> Cut {
        Cut::Source
    }
}

/// A reply's body as far as it is here.
pub(super) struct Outset {
    pub(super) piece: Buffer,
    pub(super) length: BodyLength,
    /// What brings the rest, if there is one. A stream that is not sent is not read either.
    pub(super) source: Option<Box<dyn BodySource>>,
    /// What follows the piece, where nothing brings more: for HTTP/2 alone.
    pub(super) trailers: Option<Box<Fields>>,
}

/// Whether the client waits for a body. What the request was taken for since (`X-HTTP-Method-Override`) changes nothing about that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    ForBody,
    /// It asked by HEAD.
    ForHead,
}

/// Takes the body out of a reply. A reply that is none, or whose body failed already, becomes an apology.
pub(super) fn outset(cx: &mut Context<'_>, ex: &mut Exchange, reply: &mut Reply, client: Waits) -> Outset {
    if !(200..600).contains(&reply.status) {
        *reply = front::refuse(ex, 500, "a reply without a status of an answer");
    }
    let bodiless = client == Waits::ForHead || matches!(reply.status, 204 | 304);
    let whole = |piece: Buffer| Outset { length: BodyLength::Exact(piece.len() as u64), piece, source: None, trailers: None };
    match std::mem::take(&mut reply.body) {
        // Tunnels have a status that was turned away above, unless they are sent otherwise.
        ReplyBody::Empty | ReplyBody::Tunnel(_) => whole(Buffer::none()),
        // The back end was asked by HEAD, and the client was not told: there is no body to be had.
        ReplyBody::Length(_) if !bodiless => whole(Buffer::none()),
        ReplyBody::Length(length) => Outset { piece: Buffer::none(), length: BodyLength::Exact(length), source: None, trailers: None },
        ReplyBody::Whole(bytes) => whole(bytes),
        ReplyBody::Stream(stream) if bodiless => {
            let length = stream.left().map_or(BodyLength::Chunked, BodyLength::Exact);
            Outset { piece: Buffer::none(), length, source: None, trailers: None }
        }
        ReplyBody::Stream(mut stream) => {
            let announced = stream.left();
            let mut piece = Buffer::take();
            // What is here already leaves with the head; a source that failed already is no answer at all.
            match stream.poll_fill(cx, &mut piece) {
                Poll::Ready(Err(_)) => {
                    *reply = front::refuse(ex, 502, "the answer's body failed before its first byte");
                    match std::mem::take(&mut reply.body) {
                        ReplyBody::Whole(bytes) => whole(bytes),
                        _ => whole(Buffer::none()),
                    }
                }
                Poll::Ready(Ok(Fill::End)) => {
                    let trailers = stream.trailers();
                    let length = match announced {
                        // What ends with trailers has its end there.
                        None if trailers.is_some() => BodyLength::Chunked,
                        _ => BodyLength::Exact(announced.unwrap_or(piece.len() as u64)),
                    };
                    Outset { piece, length, source: None, trailers }
                }
                Poll::Ready(Ok(Fill::More)) | Poll::Pending => {
                    let length = announced.map_or(BodyLength::Chunked, BodyLength::Exact);
                    Outset { piece, length, source: Some(stream), trailers: None }
                }
            }
        }
    }
}

/// Sends a reply, and notes what was sent.
pub(super) async fn send<S: Socket>(line: &Line<S>, ex: &mut Exchange, reply: Reply) {
    if let Err(cut) = try_send(line, ex, reply).await {
        line.server.borrow_mut().answer_failed();
        if let Cut::Source = cut {
            tracing::debug!(request = %ex.id, "the answer could not be told to its end");
        }
    }
}

async fn try_send<S: Socket>(line: &Line<S>, ex: &mut Exchange, mut reply: Reply) -> Result<(), Cut> {
    let client = if line.server.borrow().is_asked_by_head() { Waits::ForHead } else { Waits::ForBody };
    let set_out = poll_fn(|cx| Poll::Ready(outset(cx, ex, &mut reply, client))).await;
    let Outset { mut piece, length, mut source, trailers: _ } = set_out;
    let mut ended = source.is_none();
    let mut out = Buffer::take();
    out.append(&mut line.interim.borrow_mut());
    ex.notes.status = reply.status;
    write_head(line, &reply, length, &mut out)?;
    give_back_fields(std::mem::take(&mut reply.fields));
    loop {
        let frame = line.server.borrow_mut().frame(piece.len(), &mut out)?;
        if !frame.payload {
            piece.clear();
        }
        let payload = piece.len() as u64;
        let was_full = piece.len() == piece.capacity();
        let stalls = line.stalls();
        // A full piece does not grow for the two bytes behind it: they go before the next.
        let tail_waits = was_full && !ended;
        if !tail_waits {
            piece.extend_from_slice(frame.tail);
        }
        if ended {
            line.server.borrow_mut().finish_answer(&mut piece)?;
        }
        let head = out.len() as u64;
        let mut sent = 0;
        let pushed = push(line, &mut out, &piece, &mut sent).await;
        ex.notes.sent_bytes += (sent as u64).saturating_sub(head).min(payload);
        pushed?;
        if ended {
            return Ok(());
        }
        out.clear();
        if tail_waits {
            out.extend_from_slice(frame.tail);
        }
        // Room is for clients that take what comes, not for those that keep us waiting.
        let grows = was_full && line.stalls() == stalls;
        ended = refill(line, source.as_mut(), &mut piece, grows).await?;
    }
}

pub(super) fn write_head<S: Socket>(line: &Line<S>, reply: &Reply, length: BodyLength, out: &mut Vec<u8>) -> Result<(), Cut> {
    let mut server = line.server.borrow_mut();
    if line.dock.is_draining() {
        server.drain();
    }
    let plan = server.answer(reply.status, length, line.limits()).ok_or(Cut::Source)?;
    let mut writer = ResponseWriter::start(out, reply.status);
    writer.own(DATE, &line.dock.date()).map_err(|_| Cut::Source)?;
    writer.forward(&reply.fields, |known, _| known != Known::Date);
    // AWS says it aloud.
    let connection = if plan.connection == Connection::Unsaid { Connection::KeepAlive } else { plan.connection };
    writer.finish(plan.framing, connection);
    Ok(())
}

/// Sends what stands in `out` and then `piece`. `sent` tells how far it came, whatever happens.
async fn push<S: Socket>(line: &Line<S>, out: &mut Vec<u8>, piece: &[u8], sent: &mut usize) -> Result<(), Cut> {
    let rest = if piece.len() <= COPIED_BYTES_MAX {
        out.extend_from_slice(piece);
        &[]
    } else {
        piece
    };
    poll_fn(|cx| line.poll_send(cx, out, rest, sent)).await.map_err(|_| Cut::Client)
}

/// Waits for the next piece, in a buffer that may grow. Says whether it was the last. It may be long in coming (events): a client that
/// goes meanwhile is not waited for.
async fn refill<S: Socket>(
    line: &Line<S>,
    source: Option<&mut Box<dyn BodySource>>,
    piece: &mut Vec<u8>,
    grows: bool,
) -> Result<bool, Cut> {
    let Some(source) = source else { return Ok(true) };
    piece.clear();
    let room = piece.capacity();
    if grows && room < PIECE_BYTES_MAX {
        piece.reserve_exact((room * 2).min(PIECE_BYTES_MAX));
    }
    let fill = poll_fn(|cx: &mut Context<'_>| match source.poll_fill(cx, piece) {
        Poll::Ready(fill) => Poll::Ready(fill.map_err(Cut::from)),
        Poll::Pending => line.poll_gone(cx).map(|()| {
            line.dock.losses.count(Loss::ClientGone);
            Err(Cut::Client)
        }),
    });
    let fill = fill.await?;
    Ok(fill == Fill::End)
}
