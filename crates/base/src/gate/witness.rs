//! The beginning of a body, kept as it passes: who tells of it holds nothing up.

use super::body::{BodyFault, BodySource, Fill};
use h1::Fields;
use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Bytes of a body that are kept: more than a line of a log shows.
const KEPT_BYTES_MAX: usize = 2 * 1024;

/// The beginning of a body. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Beginning(Rc<RefCell<Kept>>);

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    /// There was more.
    is_cut: bool,
}

impl Beginning {
    /// Of a body that is here.
    pub(super) fn of(bytes: &[u8]) -> Beginning {
        let beginning = Beginning::default();
        beginning.keep(bytes);
        beginning
    }

    fn keep(&self, more: &[u8]) {
        let mut kept = self.0.borrow_mut();
        let room = KEPT_BYTES_MAX - kept.bytes.len();
        kept.bytes.extend_from_slice(&more[..more.len().min(room)]);
        kept.is_cut |= more.len() > room;
    }

    /// As text, and whether there was more of it. What is no text is told as such.
    pub(super) fn text(&self) -> (String, bool) {
        let kept = self.0.borrow();
        let fits = match std::str::from_utf8(&kept.bytes) {
            Ok(text) => Some(text),
            // The last character may have been cut through.
            Err(why) if kept.is_cut && why.error_len().is_none() => std::str::from_utf8(&kept.bytes[..why.valid_up_to()]).ok(),
            Err(_) => None,
        };
        fits.map_or_else(|| ("[Binary Data]".to_owned(), false), |text| (text.to_owned(), kept.is_cut))
    }
}

/// A body that is looked at as it passes.
pub(super) struct Witness {
    source: Box<dyn BodySource>,
    seen: Beginning,
}

impl Witness {
    /// Puts a witness before a body.
    pub(super) fn before(source: &mut Box<dyn BodySource>) -> Beginning {
        let seen = Beginning::default();
        let real = std::mem::replace(source, Box::new(Nothing));
        *source = Box::new(Witness { source: real, seen: seen.clone() });
        seen
    }
}

impl BodySource for Witness {
    fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        let from = into.len();
        let fill = self.source.poll_fill(cx, into);
        if let Some(more) = into.get(from..).filter(|more| !more.is_empty()) {
            self.seen.keep(more);
        }
        fill
    }

    fn left(&self) -> Option<u64> {
        self.source.left()
    }

    fn trailers(&mut self) -> Option<Box<Fields>> {
        self.source.trailers()
    }

    fn be_patient(&mut self, stall_ms: u32) {
        self.source.be_patient(stall_ms);
    }
}

/// No body: it stands in for one for a moment.
struct Nothing;

impl BodySource for Nothing {
    fn poll_fill(&mut self, _: &mut Context<'_>, _: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        Poll::Ready(Ok(Fill::End))
    }

    fn left(&self) -> Option<u64> {
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_body_is_text_or_said_to_be_none() {
        assert_eq!(Beginning::of(b"a").text(), ("a".into(), false));
        assert_eq!(Beginning::of(b"a\xff").text(), ("[Binary Data]".into(), false));
        let long = "é".repeat(KEPT_BYTES_MAX);
        let (text, is_cut) = Beginning::of(format!("x{long}").as_bytes()).text();
        assert!(is_cut && text.ends_with('é') && text.len() == KEPT_BYTES_MAX - 1);
    }
}
