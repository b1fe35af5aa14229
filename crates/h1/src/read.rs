//! Heads, line by line, each byte looked at once or twice and none of them twice in doubt. Both kinds of head come through here.
//!
//! A line ends with CR LF and nothing else; CR, LF and NUL stand nowhere else. What is incomplete is judged as far as it goes, so that
//! garbage is refused with its first bytes and not when patience ends.

use crate::check;
use crate::fields::{Fields, Span};
use crate::head::{Facts, Rejection, Side, Version};
use crate::known::{Known, is_framing_twin};
use crate::limits::{FIELDS_CEILING, HeadLimits};

/// What to say to a name that some back ends take for framing.
pub(crate) const FRAMING_TWIN: Rejection = Rejection { status: 400, because: "a field name that can be taken for framing" };

const BARE_LF: Rejection = Rejection { status: 400, because: "a line ends with a bare LF" };
const BAD_NAME: Rejection =
    Rejection { status: 400, because: "a field name is no token, or a blank stands before its colon, or a line is folded" };
const BAD_VALUE: Rejection = Rejection { status: 400, because: "a control byte in a field value, or a bare CR" };
const BAD_START: Rejection = Rejection { status: 400, because: "the start line has a byte that may not stand there" };
const TOO_LARGE: Rejection = Rejection { status: 431, because: "the fields are too large" };

/// The start line of `head`, without its CR LF, and where the fields begin; nothing if it is not there as a whole.
pub(crate) fn start_line(head: &[u8]) -> Result<Option<(&[u8], usize)>, Rejection> {
    let Some(end) = memchr::memchr(b'\n', head) else {
        // A CR may be the last byte: its LF is on the way.
        let so_far = head.strip_suffix(b"\r").unwrap_or(head);
        return if check::is_value(so_far) { Ok(None) } else { Err(BAD_START) };
    };
    let line = head[..end].strip_suffix(b"\r").ok_or(BARE_LF)?;
    if check::is_value(line) { Ok(Some((line, end + 1))) } else { Err(BAD_START) }
}

/// Reads the field lines of `head` (from its first byte on), which begin at `from`, into `fields`, whose bytes will be those of `head`.
/// Says what they state, and where the head ends; nothing if it is not there as a whole.
pub(crate) fn read_fields(
    side: Side,
    version: Version,
    head: &[u8],
    from: usize,
    limits: &HeadLimits,
    fields: &mut Fields,
) -> Result<Option<(Facts, usize)>, Rejection> {
    let mut facts = Facts::default();
    let fields_max = usize::from(limits.fields_max).min(FIELDS_CEILING);
    let mut at = from;
    loop {
        let rest = &head[at..];
        if let [b'\r', b'\n', ..] = rest {
            break;
        }
        let Some(end) = memchr::memchr(b'\n', rest) else { return judge_partial(rest).map(|()| None) };
        let line = rest[..end].strip_suffix(b"\r").ok_or(BARE_LF)?;
        let (name, value) = field_line(line)?;
        let name_len = name.len();
        if fields.len() == fields_max {
            return Err(Rejection { status: 431, because: "too many fields" });
        }
        let known = Known::of(name);
        if side == Side::Request && known == Known::Other && is_framing_twin(name) {
            return Err(FRAMING_TWIN);
        }
        let kept = check::trimmed(value);
        facts.note(side, version, known, kept)?;
        let blanks = value.len() - value.trim_ascii_start().len();
        let value_from = at + name_len + 1 + if kept.is_empty() { 0 } else { blanks };
        fields.add(Span {
            name: u32::try_from(at).map_err(|_| TOO_LARGE)?,
            value: u32::try_from(value_from).map_err(|_| TOO_LARGE)?,
            value_len: kept.len() as u32,
            name_len: u16::try_from(name_len).map_err(|_| Rejection { status: 431, because: "a field name is too long" })?,
            known,
            hop: known.is_hop_by_hop(),
        });
        at += end + 1;
    }
    let end = at + 2;
    if end - from > limits.fields_bytes_max as usize || end > limits.head_bytes_max() {
        return Err(TOO_LARGE);
    }
    Ok(Some((facts, end)))
}

/// Name and value of a field's line, which has no line end any more. The value has the blanks around it.
pub(crate) fn field_line(line: &[u8]) -> Result<(&[u8], &[u8]), Rejection> {
    let (name, after) = line.split_at(check::token_len(line));
    match after {
        [b':', value @ ..] if !name.is_empty() && check::is_value(value) => Ok((name, value)),
        [b':', ..] if !name.is_empty() => Err(BAD_VALUE),
        _ => Err(BAD_NAME),
    }
}

/// The beginning of a line whose end is still to come: may it go on to be one?
fn judge_partial(line: &[u8]) -> Result<(), Rejection> {
    let so_far = line.strip_suffix(b"\r").unwrap_or(line);
    let name_len = check::token_len(so_far);
    match so_far.get(name_len) {
        None if name_len < line.len() && name_len > 0 => Err(BAD_NAME),
        None => Ok(()),
        Some(b':') if name_len > 0 && check::is_value(&so_far[name_len..]) => Ok(()),
        Some(b':') if name_len > 0 => Err(BAD_VALUE),
        Some(_) => Err(BAD_NAME),
    }
}
