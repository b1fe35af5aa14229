//! Strings as values have them: shared, never copied to be passed on.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

/// A string. Those of the template, and of documents, outlive a rendering and are shared between threads; all others belong to one
/// rendering.
#[derive(Clone)]
pub enum Text {
    Own(Rc<str>),
    Shared(Arc<str>),
    /// A part of a document, from one byte to another; empty where there is no such part.
    Part(Arc<Box<str>>, u32, u32),
}

impl Text {
    pub(crate) fn empty() -> Self {
        Self::Own(Rc::from(""))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Own(text) => text,
            Self::Shared(text) => text,
            Self::Part(whole, from, to) => whole.get(*from as usize..*to as usize).unwrap_or_default(),
        }
    }
}

// Equal and ordered as the `str` is.
impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Own(Rc::from(text))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Own(Rc::from(text))
    }
}

impl From<Rc<str>> for Text {
    fn from(text: Rc<str>) -> Self {
        Self::Own(text)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}
