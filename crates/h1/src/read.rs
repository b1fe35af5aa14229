//! From httparse's table of fields to ours, with every check that httparse leaves to us. Both kinds of head come through here.

use std::mem::MaybeUninit;

use crate::fields::{Fields, Span};
use crate::head::{Facts, Rejection, Side, Version, ends_with_crlf, place};
use crate::known::{Known, is_framing_twin};
use crate::limits::{FIELDS_CEILING, HeadLimits};

/// What to say to a name that some back ends take for framing.
pub(crate) const FRAMING_TWIN: Rejection = Rejection { status: 400, because: "a field name that can be taken for framing" };

pub(crate) type Table<'b> = [MaybeUninit<httparse::Header<'b>>; FIELDS_CEILING];

pub(crate) fn table<'b>() -> Table<'b> {
    [const { MaybeUninit::uninit() }; FIELDS_CEILING]
}

/// Reads the parsed `headers` of `head` (the whole head, up to and with its blank line) into `fields`, whose bytes will be `head`.
pub(crate) fn read_fields(
    side: Side,
    version: Version,
    head: &[u8],
    headers: &[httparse::Header<'_>],
    limits: &HeadLimits,
    fields: &mut Fields,
) -> Result<Facts, Rejection> {
    let mut facts = Facts::default();
    let fields_from = headers.first().map_or(head.len(), |first| place(head, first.name.as_bytes()));
    if head.len() - fields_from > limits.fields_bytes_max as usize || head.len() > limits.head_bytes_max() {
        return Err(Rejection { status: 431, because: "the fields are too large" });
    }
    for header in headers {
        let name = header.name.as_bytes();
        let from = place(head, name);
        // A line starts where the one before it ended: so each line end is looked at, and none can be a bare LF.
        if !ends_with_crlf(head, from) {
            return Err(Rejection::bad("a line ends with a bare LF"));
        }
        let name_len = u16::try_from(name.len()).map_err(|_| Rejection { status: 431, because: "a field name is too long" })?;
        let known = Known::of(name);
        if side == Side::Request && known == Known::Other && is_framing_twin(name) {
            return Err(FRAMING_TWIN);
        }
        facts.note(side, version, known, header.value)?;
        let value = if header.value.is_empty() { from + name.len() + 1 } else { place(head, header.value) };
        fields.add(Span {
            name: from as u32,
            value: value as u32,
            value_len: header.value.len() as u32,
            name_len,
            known,
            hop: known.is_hop_by_hop(),
        });
    }
    if !head.ends_with(b"\r\n\r\n") {
        return Err(Rejection::bad("a line ends with a bare LF"));
    }
    Ok(facts)
}

/// In words, why httparse took no part in it.
pub(crate) fn rejection(error: httparse::Error) -> Rejection {
    match error {
        httparse::Error::HeaderName => Rejection::bad("a field name is no token, or a blank stands before its colon, or a line is folded"),
        httparse::Error::HeaderValue => Rejection::bad("a control byte in a field value, or a line is folded"),
        httparse::Error::NewLine => Rejection::bad("a bare CR, or a line end that is none"),
        httparse::Error::TooManyHeaders => Rejection { status: 431, because: "too many fields" },
        httparse::Error::Version => Rejection::bad("no HTTP version"),
        httparse::Error::Status => Rejection::bad("no status code"),
        httparse::Error::Token => Rejection::bad("the start line has a byte that may not stand there"),
    }
}
