//! Bodies on their way out: what must stand before, between and after the payload.

use crate::head::BodyLength;

/// The most that stands before the payload of one chunk.
pub const CHUNK_HEAD_BYTES_MAX: usize = 2 * size_of::<usize>() + 2;

/// Why what was sent is not what was announced. The connection must not be used again, and must not end as if all were well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodeError {
    /// More payload than announced. It must not be sent: the receiver would read it as the next message.
    Overrun,
    /// Less payload than announced.
    Short,
}

/// How a piece of payload is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Frame {
    /// Send the payload? (No: it answers HEAD, or a status that has no body.)
    pub payload: bool,
    /// Send this after it.
    pub tail: &'static [u8],
}

/// Follows one body as it is sent. It holds no payload.
#[derive(Debug)]
pub struct Encoder {
    left: u64,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exact,
    Chunked,
    UntilClose,
    /// Payload is taken and not sent.
    Mute,
}

impl Encoder {
    #[must_use]
    pub fn new(length: BodyLength) -> Self {
        match length {
            BodyLength::None => Self { left: 0, kind: Kind::Exact },
            BodyLength::Exact(left) => Self { left, kind: Kind::Exact },
            BodyLength::Chunked => Self { left: 0, kind: Kind::Chunked },
            BodyLength::UntilClose => Self { left: 0, kind: Kind::UntilClose },
        }
    }

    /// For a message whose body is not sent, whatever it is.
    #[must_use]
    pub fn mute() -> Self {
        Self { left: 0, kind: Kind::Mute }
    }

    /// Appends to `out` what must stand before a piece of `len` bytes of payload, and says what goes after it.
    pub fn frame(&mut self, len: usize, out: &mut Vec<u8>) -> Result<Frame, EncodeError> {
        let plain = Frame { payload: true, tail: b"" };
        match self.kind {
            Kind::Exact => {
                self.left = self.left.checked_sub(len as u64).ok_or(EncodeError::Overrun)?;
                Ok(plain)
            }
            Kind::UntilClose => Ok(plain),
            // A chunk without payload would end the body.
            Kind::Chunked if len == 0 => Ok(plain),
            Kind::Chunked => {
                write_chunk_head(len, out);
                Ok(Frame { payload: true, tail: b"\r\n" })
            }
            Kind::Mute => Ok(Frame { payload: false, tail: b"" }),
        }
    }

    /// Appends a piece of payload with all that frames it, for pieces that are cheap to copy.
    pub fn push(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let frame = self.frame(payload.len(), out)?;
        if frame.payload {
            out.extend_from_slice(payload);
            out.extend_from_slice(frame.tail);
        }
        Ok(())
    }

    /// Ends the body.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self.kind {
            Kind::Exact if self.left > 0 => return Err(EncodeError::Short),
            Kind::Chunked => out.extend_from_slice(b"0\r\n\r\n"),
            Kind::Exact | Kind::UntilClose | Kind::Mute => {}
        }
        Ok(())
    }
}

fn write_chunk_head(len: usize, out: &mut Vec<u8>) {
    let digits = (usize::BITS - len.leading_zeros()).div_ceil(4);
    for digit in (0..digits).rev() {
        out.push(b"0123456789abcdef"[len >> (4 * digit) & 15]);
    }
    out.extend_from_slice(b"\r\n");
}
