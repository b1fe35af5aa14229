//! Which integration response is for an answer.

use crate::Flaw;
use regex::{Regex, RegexBuilder};

/// Bytes a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// A selection pattern, matched against the whole value as Java's `matches` does (and `.` takes no line end).
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// For everything that no other takes.
    Default,
    /// Just this: most patterns are a status.
    Exactly(Box<str>),
    Regex(Regex),
}

impl Pattern {
    pub(super) fn compile(pattern: Option<&str>) -> Result<Pattern, Flaw> {
        match pattern {
            None | Some("") => Ok(Pattern::Default),
            Some(text) if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Ok(Pattern::Exactly(text.into())),
            Some(text) => {
                let whole = format!(r"\A(?:{text})\z");
                let build = |text: &str| RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX).build();
                // A stray parenthesis must not pair with ours.
                let alone = if text.contains(')') { build(text).map(drop) } else { Ok(()) };
                alone
                    .and_then(|()| build(&whole))
                    .map(Pattern::Regex)
                    .map_err(|error| Flaw::new(format!("the selection pattern {text} is not understood: {error}")))
            }
        }
    }

    pub(super) fn takes(&self, value: &str) -> bool {
        match self {
            Pattern::Default => false,
            Pattern::Exactly(text) => **text == *value,
            Pattern::Regex(regex) => regex.is_match(value),
        }
    }
}

/// Whether a pattern takes a whole text.
pub(crate) fn takes_whole(pattern: &str, text: &str) -> Result<bool, Flaw> {
    Pattern::compile(Some(pattern)).map(|pattern| pattern.takes(text))
}

/// The first whose pattern takes the value; else the default.
pub(super) fn select<'r, T>(responses: &'r [T], pattern: impl Fn(&T) -> &Pattern, value: &str) -> Option<&'r T> {
    let by_pattern = responses.iter().find(|response| pattern(response).takes(value));
    by_pattern.or_else(|| responses.iter().find(|response| matches!(pattern(response), Pattern::Default)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(pattern: &str, value: &str) -> bool {
        Pattern::compile(Some(pattern)).unwrap().takes(value)
    }

    #[test]
    fn a_pattern_takes_the_whole_value_and_no_line_ends() {
        assert!(takes(r"4\d{2}", "404") && !takes(r"4\d{2}", "4041") && !takes(r"4\d{2}", "1404"));
        assert!(takes("200", "200") && !takes("20", "200"));
        assert!(takes("a|b", "b") && !takes("a|b", "ab"));
        assert!(takes(".*", "200") && !takes(".*", "a\nb"));
        assert!(!takes("^200$", "2000"));
    }

    #[test]
    fn the_first_that_takes_it_is_chosen_then_the_default_then_none() {
        let patterns: Vec<Pattern> = [Some(r"2\d\d"), None, Some(".+0")].into_iter().map(|text| Pattern::compile(text).unwrap()).collect();
        let place = |value| select(&patterns, |pattern| pattern, value).map(|found| patterns.iter().position(|p| std::ptr::eq(p, found)));
        assert_eq!(place("200"), Some(Some(0)));
        assert_eq!(place("500"), Some(Some(2)));
        assert_eq!(place("404"), Some(Some(1)));
        assert!(select(&patterns[..1], |pattern| pattern, "404").is_none());
    }

    #[test]
    fn what_is_not_understood_or_too_large_is_a_flaw() {
        assert!(Pattern::compile(Some("(?=a)b")).is_err());
        assert!(Pattern::compile(Some("((a{100}){100}){100}")).is_err());
        assert!(Pattern::compile(Some("(")).is_err());
        assert!(Pattern::compile(Some("a)|(b")).is_err());
    }
}
