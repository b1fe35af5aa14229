//! Text or bytes: what `binaryMediaTypes` and `contentHandling` make of a payload, on its way there and back. The tables are those of the
//! atlas (lifecycle §2.7), every cell of them recorded.
//!
//! What is odd: what is not binary is text, and bytes of it that are no UTF-8 are replaced; what the caller wants is told by the first of
//! its `Accept`; and a template that meets a binary payload is an error of the API, even if the payload is empty.

use base::gate::{Buffer, Exchange, Refusal, RefusalKind, accepted_as_said, decoded};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

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

    /// Whether the caller wants bytes: the first of its `Accept` is one of these.
    pub(crate) fn are_wanted(&self, ex: &Exchange) -> bool {
        accepted_as_said(ex).is_some_and(|media| self.takes(&media))
    }

    /// Whether nothing is binary.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `contentHandling`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Handling {
    #[default]
    Unset,
    ToBinary,
    ToText,
}

impl Handling {
    /// Reads the member; definitions spell it in any case.
    pub(crate) fn named(name: Option<&str>) -> Handling {
        match name {
            Some(name) if name.eq_ignore_ascii_case("CONVERT_TO_BINARY") => Handling::ToBinary,
            Some(name) if name.eq_ignore_ascii_case("CONVERT_TO_TEXT") => Handling::ToText,
            _ => Handling::Unset,
        }
    }
}

/// What is done to the bytes of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// Nothing.
    Keep,
    /// They are text: what is no UTF-8 is replaced.
    Text,
    /// They are shown as base64.
    Encode,
    /// They are base64 of what is meant.
    Decode,
}

/// What becomes of a request's body that no template takes.
pub(crate) fn of_request(is_binary: bool, handling: Handling) -> Conversion {
    match (is_binary, handling) {
        (false, Handling::Unset | Handling::ToText) => Conversion::Text,
        (false, Handling::ToBinary) => Conversion::Decode,
        (true, Handling::Unset | Handling::ToBinary) => Conversion::Keep,
        (true, Handling::ToText) => Conversion::Encode,
    }
}

/// What becomes of an answer's body that no template takes.
pub(crate) fn of_answer(is_binary: bool, wants_binary: bool, handling: Handling) -> Conversion {
    match (is_binary, wants_binary, handling) {
        (false, false, Handling::Unset) | (false, _, Handling::ToText) => Conversion::Text,
        (false, true, Handling::Unset) | (false, _, Handling::ToBinary) => Conversion::Decode,
        (true, false, Handling::Unset) | (true, _, Handling::ToText) => Conversion::Encode,
        (true, true, Handling::Unset) | (true, _, Handling::ToBinary) => Conversion::Keep,
    }
}

/// What a template sees of a payload, or why it can see nothing.
pub(crate) fn for_template(is_binary: bool, handling: Handling) -> Result<Conversion, Refusal> {
    match (is_binary, handling) {
        (false, _) => Ok(Conversion::Text),
        (true, Handling::ToText) => Ok(Conversion::Encode),
        (true, _) => {
            let because =
                "Unable to transform request: a template was chosen for a binary payload, and contentHandling does not make it text";
            Err(Refusal::of(RefusalKind::ApiConfigurationError, because))
        }
    }
}

impl Conversion {
    /// Does it, in place where it can.
    pub(crate) fn apply(self, bytes: &mut Buffer) -> Result<(), Refusal> {
        match self {
            Conversion::Keep => Ok(()),
            Conversion::Text => {
                if let Err(error) = std::str::from_utf8(bytes) {
                    let mut text = Buffer::take();
                    text.extend_from_slice(&bytes[..error.valid_up_to()]);
                    text.extend_from_slice(String::from_utf8_lossy(&bytes[error.valid_up_to()..]).as_bytes());
                    *bytes = text.charged()?;
                }
                Ok(())
            }
            Conversion::Encode => {
                let mut text = Buffer::take();
                text.resize(bytes.len().div_ceil(3) * 4, 0);
                let written = STANDARD.encode_slice(&**bytes, &mut text).expect("the buffer has four bytes for three");
                text.truncate(written);
                *bytes = text.charged()?;
                Ok(())
            }
            Conversion::Decode => {
                let text = bytes.trim_ascii();
                let mut plain = Buffer::take();
                plain.resize(text.len().div_ceil(4) * 3, 0);
                let written = STANDARD.decode_slice(text, &mut plain).map_err(|error| {
                    Refusal::of(RefusalKind::ApiConfigurationError, format!("Unable to base64 decode the body. {error}"))
                })?;
                plain.truncate(written);
                *bytes = plain.charged()?;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(conversion: Conversion, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut buffer = Buffer::from(bytes.to_vec());
        conversion.apply(&mut buffer)?;
        Ok(buffer.into_vec())
    }

    #[test]
    fn entries_are_exact_families_or_all() {
        let types = BinaryTypes::compile(["image/*", "Application~1Octet-Stream"]);
        assert!(types.takes("image/png") && types.takes("application/octet-stream"));
        assert!(!types.takes("imagery/png") && !types.takes("application/json") && !types.takes("*/*"));
        assert!(BinaryTypes::compile(["*/*"]).takes("application/json"));
        assert!(BinaryTypes::default().is_empty() && !BinaryTypes::default().takes("a/b"));
    }

    #[test]
    fn requests_convert_as_the_table_says() {
        use Conversion::{Decode, Encode, Keep, Text};
        use Handling::{ToBinary, ToText, Unset};
        let row = |is_binary| [Unset, ToBinary, ToText].map(|handling| of_request(is_binary, handling));
        assert_eq!(row(false), [Text, Decode, Text]);
        assert_eq!(row(true), [Keep, Keep, Encode]);
    }

    #[test]
    fn answers_convert_as_the_table_says() {
        use Conversion::{Decode, Encode, Keep, Text};
        use Handling::{ToBinary, ToText, Unset};
        let row = |is_binary, wants| [Unset, ToBinary, ToText].map(|handling| of_answer(is_binary, wants, handling));
        assert_eq!(row(false, false), [Text, Decode, Text]);
        assert_eq!(row(false, true), [Decode, Decode, Text]);
        assert_eq!(row(true, false), [Encode, Keep, Encode]);
        assert_eq!(row(true, true), [Keep, Keep, Encode]);
    }

    #[test]
    fn bytes_become_text_and_back() {
        assert_eq!(converted(Conversion::Text, b"a\xff\xc3\xa9").unwrap(), "a\u{fffd}é".as_bytes());
        assert_eq!(converted(Conversion::Encode, &[0, 1, 2, 255]).unwrap(), b"AAEC/w==");
        assert_eq!(converted(Conversion::Decode, b" AAEC/w==\n").unwrap(), [0, 1, 2, 255]);
        assert_eq!(converted(Conversion::Decode, b"").unwrap(), b"");
        assert_eq!(converted(Conversion::Keep, b"\xff").unwrap(), b"\xff");
    }

    #[test]
    fn what_is_no_base64_is_the_apis_fault() {
        assert_eq!(converted(Conversion::Decode, b"no base64!").unwrap_err().kind, RefusalKind::ApiConfigurationError);
    }

    #[test]
    fn a_template_sees_text_or_nothing() {
        assert_eq!(for_template(false, Handling::Unset), Ok(Conversion::Text));
        assert_eq!(for_template(true, Handling::ToText), Ok(Conversion::Encode));
        assert!(for_template(true, Handling::Unset).is_err() && for_template(true, Handling::ToBinary).is_err());
    }
}
