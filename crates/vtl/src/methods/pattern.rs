//! Regular expressions in Java's syntax, on the `regex` crate.
//!
//! Translated: `\d \w \s` and their opposites are ASCII as in Java, `\p{Alpha}` and its kin too, `\Q…\E` quotes, `.` stops at each of
//! Java's line ends, `\<` is a `<`. Not there, and an error: look-around, back-references, possessive quantifiers; in exchange no
//! pattern can take more than linear time. A pattern without any sign is a plain search.
//!
//! Replacements: `$1` and `${name}` are groups, `\` takes the character after it as it is; as in Java `$1` takes as many digits as there
//! are groups for.

use crate::error::Fault;
use regex::{Captures, Regex, RegexBuilder};

/// Bytes of a pattern.
const PATTERN_BYTES_MAX: usize = 4 * 1024;
/// Bytes that a compiled pattern may take.
const COMPILED_BYTES_MAX: usize = 256 * 1024;
const PATTERN_NESTING_MAX: u32 = 50;

#[derive(Debug)]
pub(crate) enum Pattern {
    /// It has no sign: it is searched for as it is.
    Plain(String),
    Regex(Box<Regex>, Box<Regex>),
}

impl Pattern {
    pub(crate) fn compile(pattern: &str) -> Result<Self, Fault> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(Fault::limit("pattern_bytes_max", PATTERN_BYTES_MAX));
        }
        if let Some(plain) = plain(pattern) {
            return Ok(Self::Plain(plain));
        }
        let translated = translated(pattern);
        let build = |text: &str| {
            let mut builder = RegexBuilder::new(text);
            builder.size_limit(COMPILED_BYTES_MAX).dfa_size_limit(COMPILED_BYTES_MAX).nest_limit(PATTERN_NESTING_MAX).build()
        };
        let (search, whole) = match (build(&translated), build(&format!("^(?:{translated})$"))) {
            (Ok(search), Ok(whole)) => (search, whole),
            (Err(wrong), _) | (_, Err(wrong)) => {
                return Err(Fault::call(format!("the pattern {pattern:?} cannot be used: {}", first_line(&wrong))));
            }
        };
        Ok(Self::Regex(Box::new(search), Box::new(whole)))
    }

    pub(crate) fn is_whole(&self, text: &str) -> bool {
        match self {
            Self::Plain(plain) => text == plain,
            Self::Regex(_, whole) => whole.is_match(text),
        }
    }

    /// Replaces all matches, or the first; what is made stays within `bytes_max`.
    pub(crate) fn replace(&self, text: &str, replacement: &str, is_first: bool, bytes_max: usize) -> Result<String, Fault> {
        let mut out = String::with_capacity(text.len());
        let mut last = 0;
        let times = if is_first { 1 } else { usize::MAX };
        match self {
            Self::Plain(plain) if !plain.is_empty() => {
                let mut replaced = None;
                for (at, _) in text.match_indices(plain.as_str()).take(times) {
                    let made = match &mut replaced {
                        Some(made) => made,
                        none => none.insert(made(replacement, Groups::Plain(plain))?),
                    };
                    out.push_str(&text[last..at]);
                    out.push_str(made);
                    last = at + plain.len();
                    within(&out, bytes_max)?;
                }
            }
            Self::Plain(_) => {
                let made = made(replacement, Groups::Plain(""))?;
                for at in text.char_indices().map(|(at, _)| at).chain([text.len()]).take(times) {
                    out.push_str(&text[last..at]);
                    out.push_str(&made);
                    last = at;
                    within(&out, bytes_max)?;
                }
            }
            Self::Regex(search, _) => {
                let mut from = 0;
                for _ in 0..times {
                    let Some(captures) = search.captures_at(text, from) else { break };
                    let Some(found) = captures.get(0) else { break };
                    out.push_str(&text[last..found.start()]);
                    out.push_str(&made(replacement, Groups::Of(&captures))?);
                    last = found.end();
                    within(&out, bytes_max)?;
                    match after(text, found.start(), found.end()) {
                        Some(next) => from = next,
                        None => break,
                    }
                }
            }
        }
        out.push_str(&text[last..]);
        within(&out, bytes_max)?;
        Ok(out)
    }

    /// Java's `split`: a positive limit is the number of parts at most, zero drops empty parts at the end, and what matches nothing at
    /// the very beginning splits nothing off.
    pub(crate) fn split<'t>(&self, text: &'t str, limit: i64) -> Vec<&'t str> {
        let most = usize::try_from(limit).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
        let mut parts = Vec::new();
        let mut last = 0;
        let mut cut = |start: usize, end: usize| {
            if parts.len() + 1 >= most {
                return false;
            }
            if end > 0 && (start > 0 || end > start) && !(start == end && start == text.len()) {
                parts.push(&text[last..start]);
                last = end;
            }
            true
        };
        match self {
            Self::Plain(plain) if plain.is_empty() => {
                let _ = text.char_indices().all(|(at, _)| cut(at, at));
            }
            Self::Plain(plain) => {
                let _ = text.match_indices(plain.as_str()).all(|(at, _)| cut(at, at + plain.len()));
            }
            Self::Regex(search, _) => {
                let mut from = 0;
                while let Some(found) = search.find_at(text, from)
                    && cut(found.start(), found.end())
                    && let Some(next) = after(text, found.start(), found.end())
                {
                    from = next;
                }
            }
        }
        if parts.is_empty() && last == 0 {
            return vec![text];
        }
        parts.push(&text[last..]);
        if limit == 0 {
            while parts.last().is_some_and(|part| part.is_empty()) {
                parts.pop();
            }
        }
        parts
    }
}

/// Where Java looks next: at the end of a match, or a character further when it was empty; none at the end of the text.
fn after(text: &str, start: usize, end: usize) -> Option<usize> {
    if end > start {
        return Some(end);
    }
    text[end..].chars().next().map(|character| end + character.len_utf8())
}

fn within(out: &str, bytes_max: usize) -> Result<(), Fault> {
    if out.len() > bytes_max { Err(Fault::limit("string_bytes_max", bytes_max)) } else { Ok(()) }
}

fn first_line(wrong: &regex::Error) -> String {
    let text = wrong.to_string();
    text.lines().rev().find_map(|line| line.strip_prefix("error: ")).map_or_else(|| text.replace('\n', " "), str::to_owned)
}

/// The text of a pattern that has no signs but escaped ones.
fn plain(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => match rest.next()? {
                sign if sign.is_ascii_alphanumeric() => return None,
                sign => out.push(sign),
            },
            '.' | '[' | '(' | ')' | '{' | '^' | '$' | '*' | '+' | '?' | '|' => return None,
            _ => out.push(character),
        }
    }
    Some(out)
}

/// What a match captured.
#[derive(Clone, Copy)]
enum Groups<'a, 't> {
    Plain(&'a str),
    Of(&'a Captures<'t>),
}

impl<'a> Groups<'a, '_> {
    fn number_max(self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Of(captures) => captures.len() - 1,
        }
    }

    fn numbered(self, number: usize) -> &'a str {
        match self {
            Self::Plain(plain) => plain,
            Self::Of(captures) => captures.get(number).map_or("", |found| found.as_str()),
        }
    }

    fn named(self, name: &str) -> Option<&'a str> {
        match self {
            Self::Plain(_) => None,
            Self::Of(captures) => captures.name(name).map(|found| found.as_str()),
        }
    }
}

/// A replacement as Java reads it.
fn made(replacement: &str, groups: Groups<'_, '_>) -> Result<String, Fault> {
    let mut out = String::with_capacity(replacement.len());
    let mut rest = replacement.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => match rest.next() {
                Some(escaped) => out.push(escaped),
                None => return Err(Fault::call("the character to be escaped is missing at the end of the replacement")),
            },
            '$' => match rest.next() {
                Some('{') => {
                    let name: String = rest.by_ref().take_while(|character| *character != '}').collect();
                    match groups.named(&name) {
                        Some(found) => out.push_str(found),
                        None => return Err(Fault::call(format!("the pattern has no group named {name:?}"))),
                    }
                }
                Some(first) if first.is_ascii_digit() => {
                    let mut number = first as usize - '0' as usize;
                    if number > groups.number_max() {
                        return Err(Fault::call(format!("the pattern has no group {number}")));
                    }
                    while let Some(digit) = rest.peek().and_then(|digit| digit.to_digit(10)) {
                        let longer = number * 10 + digit as usize;
                        if longer > groups.number_max() {
                            break;
                        }
                        number = longer;
                        rest.next();
                    }
                    out.push_str(groups.numbered(number));
                }
                _ => return Err(Fault::call("the replacement has a `$` without a group; `\\$` is a dollar sign")),
            },
            _ => out.push(character),
        }
    }
    Ok(out)
}

fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut classes = 0_u32;
    // With `(?s)` a dot is everything; any pattern that sets flags keeps its dots.
    let has_flags = pattern.contains("(?s") || pattern.contains("(?is") || pattern.contains("(?ms");
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '\\' => rest = escape(rest, &mut out),
            '.' if classes == 0 && !has_flags => out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]"),
            '[' => {
                classes += 1;
                out.push('[');
            }
            ']' => {
                classes = classes.saturating_sub(1);
                out.push(']');
            }
            _ => out.push(character),
        }
    }
    out
}

/// What stands after a backslash; gives what is left.
fn escape<'p>(rest: &'p str, out: &mut String) -> &'p str {
    let Some(sign) = rest.chars().next() else {
        out.push('\\');
        return rest;
    };
    let after = &rest[sign.len_utf8()..];
    let class = match sign {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[a-zA-Z0-9_]",
        'W' => "[^a-zA-Z0-9_]",
        's' => r"[ \t\n\x0B\f\r]",
        'S' => r"[^ \t\n\x0B\f\r]",
        'h' => r"[ \t\xA0]",
        'R' => r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])",
        'e' => r"\x1B",
        'Z' => r"\z",
        '<' => "<",
        '>' => ">",
        'Q' => {
            let end = after.find("\\E").unwrap_or(after.len());
            out.push_str(&regex::escape(&after[..end]));
            return after.get(end + 2..).unwrap_or("");
        }
        'p' | 'P' => {
            let name = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            if let Some((name, behind)) = name {
                let not = if sign == 'P' { "^" } else { "" };
                match posix(name) {
                    Some(class) => out.push_str(&format!("[[:{not}{class}:]]")),
                    None => out.push_str(&format!(r"\{sign}{{{}}}", name.strip_prefix("Is").unwrap_or(name))),
                }
                return behind;
            }
            out.push('\\');
            out.push(sign);
            return after;
        }
        _ => {
            out.push('\\');
            out.push(sign);
            return after;
        }
    };
    out.push_str(class);
    after
}

fn posix(name: &str) -> Option<&'static str> {
    Some(match name {
        "Lower" => "lower",
        "Upper" => "upper",
        "ASCII" => "ascii",
        "Alpha" => "alpha",
        "Digit" => "digit",
        "Alnum" => "alnum",
        "Punct" => "punct",
        "Graph" => "graph",
        "Print" => "print",
        "Blank" => "blank",
        "Cntrl" => "cntrl",
        "XDigit" => "xdigit",
        "Space" => "space",
        _ => return None,
    })
}
