//! Header fields as places in one buffer: nothing is copied, nothing is allocated once the buffer is warm.

use crate::known::Known;

/// Where one field stands in its head's bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) name: u32,
    pub(crate) value: u32,
    pub(crate) value_len: u32,
    pub(crate) name_len: u16,
    pub(crate) known: Known,
    pub(crate) hop: bool,
}

impl Span {
    pub(crate) fn name_end(&self) -> usize {
        self.name as usize + usize::from(self.name_len)
    }
    pub(crate) fn value_end(&self) -> usize {
        self.value as usize + self.value_len as usize
    }
}

/// The fields of one head, in the order and the spelling in which they came.
#[derive(Debug, Default)]
pub struct Fields {
    /// The whole head: start line, field lines. The spans point into it.
    pub(crate) bytes: Vec<u8>,
    pub(crate) spans: Vec<Span>,
    /// Which known names occur: most questions are answered "no" by one bit.
    pub(crate) present: u128,
}

impl Clone for Fields {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), spans: self.spans.clone(), present: self.present }
    }

    /// Takes the memory there is.
    fn clone_from(&mut self, source: &Self) {
        self.bytes.clone_from(&source.bytes);
        self.spans.clone_from(&source.spans);
        self.present = source.present;
    }
}

/// One field of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// As received: `tEsT-HEADeR` stays so.
    pub name: &'a str,
    /// Without the blanks around it. Any byte but controls; it need not be UTF-8.
    pub value: &'a [u8],
    pub known: Known,
    /// It belongs to the connection it came on (by its name, or because `Connection` names it) and must not be passed on.
    pub hop: bool,
}

impl Field<'_> {
    /// May it be passed on as it is? Not if it is of the connection, or framing, or `Host`: those the writers alone emit.
    #[must_use]
    pub fn is_end_to_end(&self) -> bool {
        !self.hop && !self.known.is_framing()
    }
}

impl Fields {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// All, as they came.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Field<'_>> + DoubleEndedIterator + Clone {
        self.spans.iter().map(|span| self.at(span))
    }

    /// The value of the first field of this name.
    #[must_use]
    pub fn first(&self, known: Known) -> Option<&[u8]> {
        self.all(known).next()
    }

    /// The values of all fields of this name.
    pub fn all(&self, known: Known) -> impl Iterator<Item = &[u8]> {
        let candidates = if self.has(known) { self.spans.as_slice() } else { &[] };
        candidates.iter().filter(move |span| span.known == known).map(|span| self.value(span))
    }

    #[must_use]
    pub fn has(&self, known: Known) -> bool {
        self.present & known.bit() != 0
    }

    /// All fields of this name, in any spelling.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = Field<'a>> {
        let known = Known::of(name.as_bytes());
        let candidates = if self.has(known) { self.spans.as_slice() } else { &[] };
        candidates
            .iter()
            .filter(move |span| span.known == known && (known != Known::Other || self.name(span).eq_ignore_ascii_case(name.as_bytes())))
            .map(|span| self.at(span))
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
        self.present = 0;
    }

    pub(crate) fn add(&mut self, span: Span) {
        self.present |= span.known.bit();
        self.spans.push(span);
    }

    pub(crate) fn name(&self, span: &Span) -> &[u8] {
        &self.bytes[span.name as usize..span.name_end()]
    }

    pub(crate) fn value(&self, span: &Span) -> &[u8] {
        &self.bytes[span.value as usize..span.value_end()]
    }

    /// A part of the head that was checked to be ASCII.
    pub(crate) fn text(&self, from: usize, to: usize) -> &str {
        str::from_utf8(&self.bytes[from..to]).expect("tokens and targets are checked to be ASCII before they are kept")
    }

    pub(crate) fn at(&self, span: &Span) -> Field<'_> {
        Field { name: self.text(span.name as usize, span.name_end()), value: self.value(span), known: span.known, hop: span.hop }
    }
}
