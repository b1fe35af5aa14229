//! Regular expressions of schemas (ECMA 262) and of JSONPath (Java): by an engine in linear time where it can, else by one that
//! goes back, with a limit on how often.

/// Bytes of a pattern.
pub const PATTERN_BYTES_MAX: usize = 4_096;
/// How often a pattern with look-around or back references may go back for one text; then it counts as not matching.
pub const BACKTRACKS_MAX: usize = 10_000;
/// Bytes that a compiled pattern may have.
const PROGRAM_BYTES_MAX: usize = 1 << 20;

/// Whose syntax it is, and what it has to match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flavour {
    /// Anywhere in the text; `\d`, `\w` and `\b` are ASCII's, `$` is the end of the text.
    Ecma,
    /// The whole text, as `Matcher.matches()` has it, under these flags.
    JavaWhole { flags: &'static str },
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
}

impl Pattern {
    pub(crate) fn compile(text: &str, flavour: Flavour) -> Result<Self, String> {
        if text.len() > PATTERN_BYTES_MAX {
            return Err(format!("a pattern of more than {PATTERN_BYTES_MAX} bytes"));
        }
        let translated = match flavour {
            Flavour::Ecma => translate(text, flavour),
            Flavour::JavaWhole { flags: "" } => format!("^(?:{})\\z", translate(text, flavour)),
            Flavour::JavaWhole { flags } => format!("^(?{flags}:{})\\z", translate(text, flavour)),
        };
        let linear = regex::RegexBuilder::new(&translated).size_limit(PROGRAM_BYTES_MAX).dfa_size_limit(PROGRAM_BYTES_MAX).build();
        match linear {
            Ok(regex) => Ok(Self::Linear(regex)),
            Err(regex::Error::CompiledTooBig(_)) => Err("a pattern that is too large when compiled".to_owned()),
            Err(why) => {
                let backtracking = fancy_regex::RegexBuilder::new(&translated)
                    .backtrack_limit(BACKTRACKS_MAX)
                    .delegate_size_limit(PROGRAM_BYTES_MAX)
                    .delegate_dfa_size_limit(PROGRAM_BYTES_MAX)
                    .build();
                backtracking.map(Self::Backtracking).map_err(|_| why.to_string())
            }
        }
    }

    /// Steps that matching a text counts as: more than it takes, mostly, if it goes back.
    pub(crate) fn steps(&self, text: &str) -> usize {
        match self {
            Self::Linear(_) => 4 + text.len() / 4,
            Self::Backtracking(_) => BACKTRACKS_MAX / 5 + text.len() * 2,
        }
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Linear(regex) => regex.is_match(text),
            Self::Backtracking(regex) => regex.is_match(text).unwrap_or(false),
        }
    }
}

/// Words what Rust's engines understand otherwise: classes are ASCII's, `$` ends the text, a `[` within a class is itself, as are
/// braces that begin no count and escaped characters without a meaning.
fn translate(text: &str, flavour: Flavour) -> String {
    let is_ecma = flavour == Flavour::Ecma;
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    let (mut in_class, mut in_count) = (false, false);
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some(escaped) => push_escape(&mut out, escaped, &mut chars, in_class, is_ecma),
                None => out.push_str("\\\\"),
            },
            '[' | '&' | '~' if in_class && is_ecma => {
                out.push('\\');
                out.push(char);
            }
            '[' => {
                let negation = chars.next_if_eq(&'^').is_some();
                // An empty class, and its opposite, are JavaScript's own.
                if is_ecma && chars.next_if_eq(&']').is_some() {
                    out.push_str(if negation { "[\\s\\S]" } else { "[^\\s\\S]" });
                } else {
                    in_class = true;
                    out.push_str(if negation { "[^" } else { "[" });
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            _ if in_class => out.push(char),
            '$' if is_ecma => out.push_str("\\z"),
            '{' if is_count(chars.clone()) => {
                in_count = true;
                out.push('{');
            }
            '}' if in_count => {
                in_count = false;
                out.push('}');
            }
            '{' | '}' => {
                out.push('\\');
                out.push(char);
            }
            other => out.push(other),
        }
    }
    out
}

/// Whether `n}`, `n,}` or `n,m}` follows.
fn is_count(mut chars: impl Iterator<Item = char>) -> bool {
    let (mut digits, mut commas) = (0, 0);
    loop {
        match chars.next() {
            Some(char) if char.is_ascii_digit() => digits += 1,
            Some(',') if digits > 0 && commas == 0 => commas = 1,
            Some('}') => return digits > 0,
            _ => return false,
        }
    }
}

type Chars<'t> = std::iter::Peekable<std::str::Chars<'t>>;

fn push_escape(out: &mut String, escaped: char, chars: &mut Chars<'_>, in_class: bool, is_ecma: bool) {
    match escaped {
        'd' if in_class => out.push_str("0-9"),
        'w' if in_class => out.push_str("A-Za-z0-9_"),
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[A-Za-z0-9_]"),
        'W' => out.push_str("[^A-Za-z0-9_]"),
        'b' if in_class => out.push_str("\\x08"),
        'b' => out.push_str("(?-u:\\b)"),
        '0' if is_ecma => out.push_str("\\x00"),
        'c' => match chars.next_if(char::is_ascii_alphabetic) {
            Some(letter) => out.push_str(&format!("\\x{:02X}", u32::from(letter) & 0x1f)),
            None => out.push_str("\\\\c"),
        },
        'u' => {
            let digits: String = chars.clone().take(4).take_while(char::is_ascii_hexdigit).collect();
            if digits.len() == 4 {
                let _taken = chars.nth(3);
                out.push_str(&format!("\\u{{{digits}}}"));
            } else {
                out.push('u');
            }
        }
        // What Java names in braces.
        'p' | 'P' | 'k' if !is_ecma => {
            out.push('\\');
            out.push(escaped);
            if chars.peek() == Some(&'{') {
                out.extend(chars.by_ref().take_while(|char| *char != '}'));
                out.push('}');
            }
        }
        // A letter without a meaning is itself in JavaScript; in Java it is an error.
        other if is_ecma && other.is_ascii_alphabetic() && !"sSBfnrtvx".contains(other) => out.push(other),
        // Of the rest, Rust takes escapes of ASCII's signs alone.
        other if other.is_ascii_graphic() && other != '/' => {
            out.push('\\');
            out.push(other);
        }
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ecma(pattern: &str, text: &str) -> bool {
        Pattern::compile(pattern, Flavour::Ecma).unwrap().is_match(text)
    }

    #[test]
    fn patterns_mean_what_ecma_262_says() {
        for (pattern, yes, no) in [
            ("a+", "xaay", "xyz"),
            ("^a*$", "aaa", "aab"),
            ("^a$", "a", "a\n"),
            ("^\\d+$", "123", "١٢٣"),
            ("^\\w$", "_", "é"),
            ("^[\\w-]+$", "a-b", "a b"),
            ("^[\\d.]+$", "1.5", "1,5"),
            ("^(?!abc)", "ab", "abcd"),
            ("^(a|b)\\1$", "aa", "ab"),
            ("(?<=x)y", "xy", "zy"),
            ("^\\u00e9$", "é", "e"),
            ("^[[]$", "[", "]"),
            ("^[a&&b]+$", "a&b", "c"),
            ("^x{2}$", "xx", "x"),
            ("^{a}$", "{a}", "a"),
            ("^a{,3}$", "a{,3}", "aaa"),
            ("^\\/$", "/", "\\"),
            ("^\\-\\_$", "-_", "--"),
            ("^[^]$", "\n", ""),
            ("\\cJ", "\n", "J"),
            ("^a{2}}$", "aa}", "aa"),
            ("^[{}]+$", "{}", "x"),
            ("\\bcat\\b", "a cat.", "cats"),
            ("^\\p$", "p", "x"),
            ("^[^\\W]$", "a", "-"),
            ("^\\x41\\s\\t$", "A \t", "A"),
        ] {
            assert!(ecma(pattern, yes), "{pattern} {yes}");
            assert!(!ecma(pattern, no), "{pattern} {no}");
        }
        for pattern in ["(", "[", ")", "(?<n"] {
            assert!(Pattern::compile(pattern, Flavour::Ecma).is_err(), "{pattern}");
        }
    }

    #[test]
    fn java_matches_the_whole_text() {
        let java = |pattern, flags, text| Pattern::compile(pattern, Flavour::JavaWhole { flags }).unwrap().is_match(text);
        assert!(java(".*Two", "", "B Two") && !java("Two", "", "B Two"));
        assert!(java("\\p{L}+", "", "äé") && java("^a$", "m", "a"));
        assert!(java("a|ab", "", "ab") && java("TWO", "i", "two") && !java("TWO", "", "two"));
    }

    #[test]
    fn a_pattern_that_would_run_for_ever_does_not_match() {
        let hostile = "a".repeat(200);
        assert!(!ecma("^(?=a)(a+)+(?!x)$", &format!("{hostile}!")));
        assert!(!ecma("^(a+)+\\1?$", &format!("{hostile}!")));
        assert!(Pattern::compile("(a{1000}){1000}", Flavour::Ecma).is_err());
        assert!(Pattern::compile(&"a".repeat(PATTERN_BYTES_MAX + 1), Flavour::Ecma).is_err());
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in "[\\[\\](){}^$.*+?|\\\\a-dwuc0-9,:=!<&~-]{0,16}", text in "[a-d0-9\\[\\]{}]{0,12}") {
            for flavour in [Flavour::Ecma, Flavour::JavaWhole { flags: "i" }] {
                if let Ok(pattern) = Pattern::compile(&pattern, flavour) {
                    let _either = pattern.is_match(&text);
                }
            }
        }
    }
}
