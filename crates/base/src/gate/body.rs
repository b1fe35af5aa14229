//! Bodies as payload: framing is taken off when they are read and put on anew when they are written.

use super::Refusal;
use super::buffers::Buffer;
use super::refusal::RefusalKind;
use h1::Fields;
use std::task::{Context, Poll};

/// Where a body comes from, piece by piece. Whoever reads it decides how fast: what is not asked for stays in the socket.
pub trait BodySource {
    /// Appends some payload to `into`, at least one byte unless the body ends, or sees to it that the caller is woken. Bounded by its
    /// own deadlines.
    fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>>;

    /// How many bytes are still to come, where that is known.
    fn left(&self) -> Option<u64>;

    /// The fields that came behind the payload, for whom they mean something: answers to gRPC calls. Asked once, after [`Fill::End`].
    fn trailers(&mut self) -> Option<Box<Fields>> {
        None
    }

    /// Pauses are no flaw here, up to so many milliseconds each: messages are sent when there is one.
    fn be_patient(&mut self, _stall_ms: u32) {}
}

/// What a [`BodySource::poll_fill`] brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// There may be more.
    More,
    /// That was all.
    End,
}

/// Why a body did not arrive whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// It is longer than is allowed.
    TooLarge,
    /// Its framing is wrong.
    Malformed(&'static str),
    /// Nothing came for too long.
    Stalled,
    /// The other side went away in the middle.
    Gone,
    /// There is no memory for it.
    NoMemory,
}

impl BodyFault {
    /// What a caller is told whose own body this is.
    pub fn refusal(self) -> Refusal {
        match self {
            BodyFault::TooLarge => Refusal::of(RefusalKind::RequestTooLarge, "the request body is over the limit"),
            BodyFault::Malformed(because) => Refusal::of(RefusalKind::Front(400), because),
            BodyFault::Stalled => Refusal::of(RefusalKind::Front(408), "the request body stopped coming"),
            BodyFault::Gone => Refusal::of(RefusalKind::Front(400), "the client went away in the middle of its body"),
            BodyFault::NoMemory => Refusal::of(RefusalKind::Front(503), "there is no memory for the request body"),
        }
    }
}

/// The body of a request.
#[derive(Default)]
pub enum RequestBody {
    /// There is none.
    #[default]
    None,
    /// It is still arriving, with its length where the client told it.
    Stream(Box<dyn BodySource>),
    /// It is here.
    Whole(Buffer),
}

impl RequestBody {
    /// Waits for all of it. At most `bytes_max`: more is a refusal.
    pub async fn whole(&mut self, bytes_max: u64) -> Result<&mut Vec<u8>, Refusal> {
        if let RequestBody::Stream(source) = self {
            let mut bytes = Buffer::take();
            if source.left().is_some_and(|left| left > bytes_max) {
                return Err(BodyFault::TooLarge.refusal());
            }
            loop {
                let fill = std::future::poll_fn(|cx| source.poll_fill(cx, &mut bytes)).await.map_err(BodyFault::refusal)?;
                if bytes.len() as u64 > bytes_max {
                    return Err(BodyFault::TooLarge.refusal());
                }
                bytes = bytes.charged()?;
                if fill == Fill::End {
                    break;
                }
            }
            *self = RequestBody::Whole(bytes);
        }
        if let RequestBody::None = self {
            *self = RequestBody::Whole(Buffer::none());
        }
        match self {
            RequestBody::Whole(bytes) => Ok(bytes),
            RequestBody::None | RequestBody::Stream(_) => unreachable!("it was made whole above"),
        }
    }

    /// Takes all of it and keeps nothing, for answers that do not depend on it. At most `bytes_max`: more is a refusal.
    pub async fn discard(&mut self, bytes_max: u64) -> Result<(), Refusal> {
        let RequestBody::Stream(source) = self else { return Ok(()) };
        if source.left().is_some_and(|left| left > bytes_max) {
            return Err(BodyFault::TooLarge.refusal());
        }
        let (mut bytes, mut taken) = (Buffer::take(), 0u64);
        loop {
            let fill = std::future::poll_fn(|cx| source.poll_fill(cx, &mut bytes)).await.map_err(BodyFault::refusal)?;
            taken += bytes.len() as u64;
            bytes.clear();
            if taken > bytes_max {
                return Err(BodyFault::TooLarge.refusal());
            }
            if fill == Fill::End {
                break;
            }
        }
        *self = RequestBody::None;
        Ok(())
    }

    /// The bytes that are here; empty while it streams.
    pub fn bytes(&self) -> &[u8] {
        match self {
            RequestBody::Whole(bytes) => bytes,
            RequestBody::None | RequestBody::Stream(_) => &[],
        }
    }
}
