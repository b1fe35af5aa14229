//! Which media types of an API are binary.

use super::encode::decoded;

/// The media types of an API that are binary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BinaryTypes(Vec<BinaryType>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum BinaryType {
    /// `*/*`.
    All,
    /// `image/*`, with the slash.
    Family(Box<str>),
    Exactly(Box<str>),
}

impl BinaryTypes {
    /// Reads the entries of an API. In PATCH paths, and so in some records, a slash is written `~1`.
    pub fn compile<'t>(entries: impl IntoIterator<Item = &'t str>) -> BinaryTypes {
        let entry = |text: &str| {
            let text = decoded(&text.trim().replace("~1", "/"), false).to_ascii_lowercase();
            match text.strip_suffix('*') {
                Some("*/") => BinaryType::All,
                Some(family) if family.ends_with('/') => BinaryType::Family(family.into()),
                _ => BinaryType::Exactly(text.into()),
            }
        };
        BinaryTypes(entries.into_iter().map(entry).collect())
    }

    /// Whether a media type (in lower case, without parameters) is binary.
    pub fn takes(&self, media: &str) -> bool {
        self.0.iter().any(|entry| match entry {
            BinaryType::All => true,
            BinaryType::Family(family) => media.starts_with(&**family),
            BinaryType::Exactly(exact) => **exact == *media,
        })
    }
}
