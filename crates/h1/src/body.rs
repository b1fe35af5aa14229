//! Bodies on their way in: framing goes, payload stays, in the buffer it was read into.

use crate::check;
use crate::head::BodyLength;
use crate::known;
use crate::read;

/// Digits of a chunk's size: 8 are 4 GiB less one.
const CHUNK_DIGITS_MAX: u8 = 8;
/// Bytes of all chunk extensions of one body: nobody uses them but to hide work.
const CHUNK_EXTENSIONS_BYTES_MAX: u16 = 4_096;
/// Bytes of all trailer lines of one body.
const TRAILERS_BYTES_MAX: usize = 8_192;
/// Number of trailer lines.
const TRAILERS_MAX: usize = 32;

/// Why a body is not a body. The connection it came on has no known state after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// More payload than `body_bytes_max`.
    TooLarge,
    /// The chunk framing or a trailer breaks a rule, which this is.
    Malformed(&'static str),
    /// The connection ended before the body did.
    Truncated,
    /// Nothing came for too long.
    Stalled,
}

/// What a call of [`Decoder::decode`] made of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decoded {
    /// The body has ended.
    pub end: bool,
    /// So many bytes at the end of the buffer are not of this body (only after its end).
    pub surplus: usize,
}

/// Follows one body. It holds no payload.
#[derive(Debug)]
pub struct Decoder {
    /// Payload that may still come, of all.
    room: u64,
    /// Payload that is still to come: of the body if its length is exact, of the chunk if chunked.
    left: u64,
    state: State,
    digits: u8,
    extensions_bytes: u16,
    /// What comes behind the last chunk is kept, for who asks for it.
    keeps_trailers: bool,
    /// Only there while a trailer is: few bodies have one.
    trailers: Option<Box<Trailers>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Exact,
    UntilClose,
    Size,
    Extension,
    SizeLf,
    Payload,
    PayloadCr,
    PayloadLf,
    LastLine,
    LastLf,
    Trailer,
    Ended,
}

/// The trailer section as it comes, from after the last chunk's line.
#[derive(Debug, Default)]
struct Trailers {
    bytes: Vec<u8>,
}

impl Decoder {
    /// A body of this length, of which at most `body_bytes_max` bytes of payload are taken.
    pub fn new(length: BodyLength, body_bytes_max: u64) -> Result<Self, BodyError> {
        let (state, left) = match length {
            BodyLength::None | BodyLength::Exact(0) => (State::Ended, 0),
            BodyLength::Exact(length) if length > body_bytes_max => return Err(BodyError::TooLarge),
            BodyLength::Exact(length) => (State::Exact, length),
            BodyLength::Chunked => (State::Size, 0),
            BodyLength::UntilClose => (State::UntilClose, 0),
        };
        Ok(Self { room: body_bytes_max, left, state, digits: 0, extensions_bytes: 0, keeps_trailers: false, trailers: None })
    }

    /// For no body.
    pub(crate) fn ended() -> Self {
        Self { room: 0, left: 0, state: State::Ended, digits: 0, extensions_bytes: 0, keeps_trailers: false, trailers: None }
    }

    /// Keeps this body's trailer, if it turns out to have one.
    pub(crate) fn keep_trailers(&mut self) {
        self.keeps_trailers = true;
    }

    /// Fields of the trailer that was kept; none before the body has ended. They were checked as other fields are.
    pub(crate) fn trailers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let section = self.trailers.as_deref().filter(|_| self.is_ended()).map_or(&[][..], |kept| &kept.bytes);
        let lines = section.split_inclusive(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\r\n"));
        lines.filter_map(|line| {
            let (name, value) = read::field_line(line).ok()?;
            Some((std::str::from_utf8(name).ok()?, value.trim_ascii()))
        })
    }

    /// Has the body ended?
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Payload that is still to come, where that is known.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        matches!(self.state, State::Exact | State::Ended).then_some(self.left)
    }

    /// Turns the bytes of `buf` from `from` on into payload, in place: afterwards `buf[from..buf.len() - surplus]` is payload and
    /// nothing else. Bodies without chunks are not touched. Call it once for the same bytes.
    pub fn decode(&mut self, buf: &mut Vec<u8>, from: usize) -> Result<Decoded, BodyError> {
        let fresh = buf.len().saturating_sub(from);
        match self.state {
            State::Exact => {
                let taken = self.left.min(fresh as u64);
                self.left -= taken;
                if self.left > 0 {
                    return Ok(Decoded::default());
                }
                self.state = State::Ended;
                Ok(Decoded { end: true, surplus: fresh - taken as usize })
            }
            State::UntilClose => {
                self.take_room(fresh as u64)?;
                Ok(Decoded::default())
            }
            State::Ended => Ok(Decoded { end: true, surplus: fresh }),
            _ => self.decode_chunks(buf, from),
        }
    }

    /// The connection ended: was that the end of the body?
    pub fn end_of_input(&mut self) -> Result<(), BodyError> {
        match self.state {
            State::Ended => Ok(()),
            State::UntilClose => {
                self.state = State::Ended;
                Ok(())
            }
            _ => Err(BodyError::Truncated),
        }
    }

    fn take_room(&mut self, payload: u64) -> Result<(), BodyError> {
        self.room = self.room.checked_sub(payload).ok_or(BodyError::TooLarge)?;
        Ok(())
    }

    fn decode_chunks(&mut self, buf: &mut Vec<u8>, from: usize) -> Result<Decoded, BodyError> {
        let (mut read, mut written) = (from, from);
        while read < buf.len() && self.state != State::Ended {
            if self.state == State::Payload {
                let len = self.left.min((buf.len() - read) as u64) as usize;
                if read != written {
                    buf.copy_within(read..read + len, written);
                }
                (read, written) = (read + len, written + len);
                self.left -= len as u64;
                if self.left == 0 {
                    self.state = State::PayloadCr;
                }
            } else {
                self.frame(buf[read])?;
                read += 1;
            }
        }
        buf.drain(written..read);
        let end = self.state == State::Ended;
        Ok(Decoded { end, surplus: if end { buf.len() - written } else { 0 } })
    }

    /// One byte of framing.
    fn frame(&mut self, byte: u8) -> Result<(), BodyError> {
        let malformed = |because| Err(BodyError::Malformed(because));
        match (self.state, byte) {
            (State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.digits += 1;
                if self.digits > CHUNK_DIGITS_MAX {
                    return malformed("a chunk size of too many digits");
                }
                let digit = (byte as char).to_digit(16).unwrap_or_default();
                self.left = self.left << 4 | u64::from(digit);
            }
            (State::Size, b'\r') if self.digits > 0 => self.state = State::SizeLf,
            (State::Size, b';') if self.digits > 0 => self.state = State::Extension,
            (State::Size, _) => return malformed("a chunk size that is no plain hexadecimal number"),
            (State::Extension, b'\r') => self.state = State::SizeLf,
            (State::Extension, _) => {
                self.extensions_bytes += 1;
                if self.extensions_bytes > CHUNK_EXTENSIONS_BYTES_MAX {
                    return malformed("too many bytes of chunk extensions");
                }
                if !check::is_value(&[byte]) {
                    return malformed("a control byte in a chunk extension");
                }
            }
            (State::SizeLf, b'\n') => {
                self.digits = 0;
                self.take_room(self.left)?;
                self.state = if self.left > 0 { State::Payload } else { State::LastLine };
            }
            (State::PayloadCr, b'\r') => self.state = State::PayloadLf,
            (State::PayloadLf, b'\n') => self.state = State::Size,
            (State::LastLine, b'\r') => self.state = State::LastLf,
            (State::LastLf, b'\n') => self.state = State::Ended,
            (State::LastLine | State::Trailer, _) => return self.trailer(byte),
            (State::SizeLf | State::PayloadCr | State::PayloadLf | State::LastLf, _) => {
                return malformed("a chunk line that does not end with CRLF");
            }
            (State::Exact | State::UntilClose | State::Payload | State::Ended, _) => {}
        }
        Ok(())
    }

    /// One byte after the last chunk: collected up to the blank line, checked as fields are, then dropped.
    fn trailer(&mut self, byte: u8) -> Result<(), BodyError> {
        self.state = State::Trailer;
        let section = &mut self.trailers.get_or_insert_default().bytes;
        if section.len() >= TRAILERS_BYTES_MAX {
            return Err(BodyError::Malformed("the trailers are too large"));
        }
        section.push(byte);
        if section.ends_with(b"\r\n\r\n") {
            check_trailers(section)?;
            if !self.keeps_trailers {
                self.trailers = None;
            }
            self.state = State::Ended;
        } else if byte == b'\n' && !section.ends_with(b"\r\n") {
            return Err(BodyError::Malformed("a trailer line ends with a bare LF"));
        }
        Ok(())
    }
}

fn check_trailers(section: &[u8]) -> Result<(), BodyError> {
    // Each line was seen to end with CR LF when it came: that is taken off once, so that a CR before it stays in the value.
    let lines = section.strip_suffix(b"\r\n").unwrap_or(section);
    let mut count = 0;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        let (name, _) = read::field_line(line).map_err(|_| BodyError::Malformed("a trailer that is no field"))?;
        count += 1;
        if count > TRAILERS_MAX {
            return Err(BodyError::Malformed("too many trailers"));
        }
        if known::is_guarded(name) {
            return Err(BodyError::Malformed("a trailer that may only be a header"));
        }
    }
    Ok(())
}
