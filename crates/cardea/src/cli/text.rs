//! Text for people: colours where somebody looks, and nothing in it that a terminal would obey.

use std::io::IsTerminal;

/// Colours, or none.
pub(super) struct Paint {
    is_on: bool,
}

impl Paint {
    /// For standard output: none in a pipe, and none where the environment asks for none.
    pub(super) fn for_stdout() -> Paint {
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Paint { is_on: !is_unwanted && std::io::stdout().is_terminal() }
    }

    /// For standard error.
    pub(super) fn for_stderr() -> Paint {
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Paint { is_on: !is_unwanted && std::io::stderr().is_terminal() }
    }

    #[cfg(test)]
    pub(super) fn none() -> Paint {
        Paint { is_on: false }
    }

    pub(super) fn green(&self, text: &str) -> String {
        self.painted("32", text)
    }

    pub(super) fn red(&self, text: &str) -> String {
        self.painted("31", text)
    }

    pub(super) fn yellow(&self, text: &str) -> String {
        self.painted("33", text)
    }

    /// Bold and red.
    pub(super) fn alarm(&self, text: &str) -> String {
        self.painted("1;31", text)
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.is_on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A stranger's text, with what a terminal would obey written out: controls, and what turns the direction of writing around.
pub(super) fn plain(text: &str) -> String {
    let obeyed = |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match obeyed(c) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
        out
    })
}

/// At most so many characters of a stranger's text.
pub(super) fn clipped(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}…", plain(&text[..at])),
        None => plain(text),
    }
}

/// A text as part of a query.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_characters_and_keeps_its_letters() {
        assert_eq!(clipped("äöü", 3), "äöü");
        assert_eq!(clipped("äöüß", 3), "äöü…");
        assert_eq!(plain("a\u{1b}b\nc"), "a\\u{1b}b\\u{a}c");
    }

    #[test]
    fn a_query_is_encoded_byte_by_byte() {
        assert_eq!(encoded("a1/pröd@x~"), "a1%2Fpr%C3%B6d%40x~");
    }

    #[test]
    fn paint_is_for_those_who_look() {
        assert_eq!(Paint::none().red("x"), "x");
        assert_eq!(Paint { is_on: true }.red("x"), "\u{1b}[31mx\u{1b}[0m");
    }
}
