//! Strings of values.

use std::fmt::{self, Debug, Formatter};
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A string of a value: a part of the document that it came in, or a text of its own. A clone shares it.
///
/// A document's strings are one piece of memory, which lives as long as any of them.
#[derive(Clone)]
pub struct Text {
    whole: Arc<Box<str>>,
    from: u32,
    to: u32,
}

impl Text {
    /// A part of a document. Nothing where it is none: out of bounds, within a character, or beyond 4 GiB.
    #[must_use]
    pub fn part(whole: &Arc<Box<str>>, range: Range<usize>) -> Option<Self> {
        whole.get(range.clone())?;
        let (from, to) = (u32::try_from(range.start).ok()?, u32::try_from(range.end).ok()?);
        Some(Self { whole: whole.clone(), from, to })
    }

    /// What it is a part of, and from which byte to which.
    #[must_use]
    pub fn source(&self) -> (&Arc<Box<str>>, Range<u32>) {
        (&self.whole, self.from..self.to)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.whole[self.from as usize..self.to as usize]
    }
}

impl From<Box<str>> for Text {
    fn from(text: Box<str>) -> Self {
        let to = u32::try_from(text.len()).expect("a string of JSON has less than 4 GiB");
        Self { whole: Arc::new(text), from: 0, to }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from(Box::from(text))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(text.into_boxed_str())
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

// As the `str` does.
impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl Debug for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_a_text_within_its_bounds() {
        let whole: Arc<Box<str>> = Arc::new("aébc".into());
        assert_eq!(&*Text::part(&whole, 1..4).unwrap(), "éb");
        assert_eq!(Text::part(&whole, 1..4), Some("éb".into()));
        let nothing: [Range<usize>; 3] = [2..3, 3..6, Range { start: 4, end: 3 }];
        assert!(nothing.into_iter().all(|range| Text::part(&whole, range).is_none()));
    }
}
