//! One attack on a stream: what is sent, what was meant by it, and what becomes of it.

use super::frames::{DATA, END_HEADERS, END_STREAM, HEADERS, block, frame};
use crate::case::Meant;

/// The stream of every attack. Before it, stream 1 asked; behind it, stream 5 does.
pub(crate) const STREAM: u32 = 3;

/// One attack.
#[derive(Clone, Debug)]
pub(crate) struct Attack {
    pub(crate) name: String,
    pieces: Vec<Piece>,
    pub(crate) meant: Option<Meant>,
    pub(crate) gets: Gets,
    pub(crate) sees: Sees,
}

#[derive(Clone, Debug)]
enum Piece {
    /// Fields, in which `{n}` is the attack's number, and flags.
    Head(Fields, u8),
    Raw(Vec<u8>),
}

pub(crate) type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// What the client gets for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gets {
    /// An answer: it was meant.
    Answer,
    /// A 4xx, or a reset of its stream; the connection goes on.
    Refusal,
    /// The end of the connection: GOAWAY with a reason.
    End,
    /// The one or the other.
    No,
    /// A flaw that comes behind a request which may have been answered by then: an answer, or a reset.
    Late,
    /// Nothing, as it is not whole. The connection goes on.
    Nothing,
}

/// What the back end sees of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sees {
    /// What was meant, and nothing else. Nothing at all, if nothing was.
    Meant,
    /// At most a piece, and never a whole request.
    Piece,
    /// What was meant, or at most a piece of it: it depends on who is faster.
    Perhaps,
}

/// A field of texts.
pub(crate) fn field(name: &str, value: &str) -> (Vec<u8>, Vec<u8>) {
    (latin(name), latin(value))
}

/// Characters up to U+00FF as the bytes of their number, others as UTF-8: so a case can hold any byte.
fn latin(text: &str) -> Vec<u8> {
    text.chars().flat_map(|c| u8::try_from(u32::from(c)).map_or_else(|_| c.to_string().into_bytes(), |byte| vec![byte])).collect()
}

/// The four pseudo-fields of a request, in their usual order.
pub(crate) fn request(method: &str) -> Fields {
    [(":method", method), (":scheme", "https"), (":authority", "a.test"), (":path", "/case/{n}")]
        .map(|(name, value)| field(name, value))
        .to_vec()
}

/// A request with more fields.
pub(crate) fn with(method: &str, more: &[(&str, &str)]) -> Fields {
    request(method).into_iter().chain(more.iter().map(|(name, value)| field(name, value))).collect()
}

/// The same with another value for a field that is there.
pub(crate) fn but(fields: Fields, name: &str, value: &str) -> Fields {
    let change = |(have, before): (Vec<u8>, Vec<u8>)| if have == name.as_bytes() { field(name, value) } else { (have, before) };
    fields.into_iter().map(change).collect()
}

/// The same without a field.
pub(crate) fn without(fields: Fields, name: &str) -> Fields {
    fields.into_iter().filter(|(have, _)| have != name.as_bytes()).collect()
}

impl Attack {
    /// An attack that gets this, and means nothing.
    pub(crate) fn new(name: impl Into<String>, gets: Gets) -> Attack {
        let sees = match gets {
            Gets::Answer | Gets::Refusal | Gets::End | Gets::No => Sees::Meant,
            Gets::Late => Sees::Perhaps,
            Gets::Nothing => Sees::Piece,
        };
        Attack { name: name.into(), pieces: Vec::new(), meant: None, gets, sees }
    }

    /// A head and no body, that must be refused.
    pub(crate) fn refused(name: impl Into<String>, fields: Fields) -> Attack {
        Attack::new(name, Gets::Refusal).head(fields)
    }

    /// A head and no body, that must arrive as a request without one.
    pub(crate) fn meant(name: impl Into<String>, fields: Fields, meant: Meant) -> Attack {
        Attack::new(name, Gets::Answer).head(fields).means(meant)
    }

    /// The flaw comes behind a head that may have been passed on.
    pub(crate) fn cut(self) -> Attack {
        Attack { sees: Sees::Piece, ..self }
    }

    /// The flaw comes behind a whole request, which may have been passed on.
    pub(crate) fn perhaps(self, meant: Meant) -> Attack {
        Attack { sees: Sees::Perhaps, meant: Some(meant), ..self }
    }

    pub(crate) fn means(mut self, meant: Meant) -> Attack {
        self.meant = Some(meant);
        self
    }

    /// A head, and the end of the stream.
    pub(crate) fn head(self, fields: Fields) -> Attack {
        self.flagged(fields, END_HEADERS | END_STREAM)
    }

    /// A head, with a body to come.
    pub(crate) fn open(self, fields: Fields) -> Attack {
        self.flagged(fields, END_HEADERS)
    }

    /// HEADERS with these flags.
    pub(crate) fn flagged(mut self, fields: Fields, flags: u8) -> Attack {
        self.pieces.push(Piece::Head(fields, flags));
        self
    }

    /// A piece of body.
    pub(crate) fn data(self, body: &[u8]) -> Attack {
        self.raw(frame(DATA, 0, STREAM, body))
    }

    /// The last piece of body.
    pub(crate) fn last(self, body: &[u8]) -> Attack {
        self.raw(frame(DATA, END_STREAM, STREAM, body))
    }

    /// Whatever one likes.
    pub(crate) fn raw(mut self, bytes: Vec<u8>) -> Attack {
        self.pieces.push(Piece::Raw(bytes));
        self
    }

    /// Whether the client asks by HEAD, or what was meant is asked by it: either way no body comes.
    pub(crate) fn is_bare(&self) -> bool {
        let asks = |piece: &Piece| matches!(piece, Piece::Head(fields, _) if fields.contains(&field(":method", "HEAD")));
        self.pieces.iter().any(asks) || self.meant.as_ref().is_some_and(|meant| meant.verb == "HEAD")
    }

    /// The frames of the attack with this number.
    pub(crate) fn numbered(&self, number: usize) -> Vec<u8> {
        let bytes = |piece: &Piece| match piece {
            Piece::Raw(bytes) => bytes.clone(),
            Piece::Head(fields, flags) => {
                let filled: Fields = fields.iter().map(|(name, value)| (name.clone(), fill(value, number))).collect();
                frame(HEADERS, *flags, STREAM, &block(&filled))
            }
        };
        self.pieces.iter().flat_map(bytes).collect()
    }
}

fn fill(value: &[u8], number: usize) -> Vec<u8> {
    let Some(at) = value.windows(3).position(|three| three == b"{n}") else { return value.to_vec() };
    [&value[..at], number.to_string().as_bytes(), &value[at + 3..]].concat()
}
