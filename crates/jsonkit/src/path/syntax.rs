//! The text of a path to its steps.

use super::filter::{self, Filter};
use super::function::{Call, Parameter};
use super::{FILTER_DEPTH_MAX, Path, PathError, Slice, Step, TOKENS_MAX};
use crate::parse::{Dialect, read};
use std::sync::Arc;

pub(super) fn invalid<T>(what: impl Into<String>) -> Result<T, PathError> {
    Err(PathError::Invalid(what.into()))
}

/// A path within others to this depth.
pub(super) fn path(text: &str, depth: usize) -> Result<Path, PathError> {
    if depth > FILTER_DEPTH_MAX {
        return Err(PathError::TooMuch("8 levels of filters and calls"));
    }
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return invalid("it is empty");
    }
    if text.ends_with('.') {
        return invalid("it must not end with a '.'");
    }
    let whole = if text.starts_with(['$', '@']) { text.to_owned() } else { format!("$.{text}") };
    let mut parser = Parser { text: &whole, at: 1, depth, steps: Vec::new() };
    if whole.len() > 1 {
        parser.at += whole[1..].len() - whole[1..].trim_start_matches(' ').len();
        if !matches!(parser.peek(), Some(b'.' | b'[')) {
            return invalid(format!("'.' or '[' expected at {}", parser.at));
        }
        parser.steps()?;
    }
    let (steps, from_root) = (inverted(parser.steps), whole.starts_with('$'));
    let count = steps.len();
    let definite = steps.iter().enumerate().all(|(at, step)| step.is_definite(at + 1 == count));
    Ok(Path { steps, from_root, definite })
}

/// `$..a.f()` is `f($..a)`.
fn inverted(mut steps: Vec<Step>) -> Vec<Step> {
    let call = steps.iter().position(|step| matches!(step, Step::Call(_)));
    let (Some(Step::Scan), Some(Step::Call(_)), Some(at)) = (steps.first(), steps.last(), call) else { return steps };
    let Step::Call(call) = steps[at].clone() else { return steps };
    let rest = steps.split_off(at + 1);
    steps.pop();
    let inner = Path { steps, from_root: true, definite: false };
    let call = Step::Call(Call { parameters: vec![Parameter::Path(inner)], ..call });
    std::iter::once(call).chain(rest).collect()
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    steps: Vec<Step>,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Whether no more than one character is left, which is overlooked: Jayway's notion of the tail.
    fn is_tail(&self) -> bool {
        self.rest().chars().nth(1).is_none()
    }

    fn push(&mut self, step: Step) -> Result<(), PathError> {
        if self.steps.len() >= TOKENS_MAX {
            return Err(PathError::TooMuch("256 steps of a path"));
        }
        self.steps.push(step);
        Ok(())
    }

    fn steps(&mut self) -> Result<(), PathError> {
        loop {
            match self.peek() {
                Some(b'.') => self.dots()?,
                Some(b'[') => self.bracket()?,
                Some(b'*') => {
                    self.at += 1;
                    self.push(Step::Wildcard)?;
                }
                Some(_) => self.name()?,
                None => return invalid("it ends too soon"),
            }
            // Dots are but half a step.
            let is_open = matches!(self.steps.last(), None | Some(Step::Scan)) || self.text[..self.at].ends_with('.');
            if !is_open && self.is_tail() {
                return Ok(());
            }
        }
    }

    fn dots(&mut self) -> Result<(), PathError> {
        self.at += 1;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.push(Step::Scan)?;
        }
        match self.peek() {
            Some(b'.') => invalid(format!("a '.' too many at {}", self.at)),
            None => invalid("it must not end with a '.'"),
            Some(_) => Ok(()),
        }
    }

    /// A name without quotes, or a call.
    fn name(&mut self) -> Result<(), PathError> {
        let rest = self.rest();
        let end = rest.find([' ', '.', '[', '(']).unwrap_or(rest.len());
        let name = &rest[..end];
        match rest.as_bytes().get(end) {
            Some(b' ') => return invalid("a name with a blank needs a bracket: ['my name']"),
            Some(b'(') => {
                let Some(close) = closing(rest, end) else { return invalid("a call does not end") };
                let parameters = self.parameters(&rest[end + 1..close])?;
                self.at += close + 1;
                return self.push(Step::Call(Call { function: name.into(), parameters }));
            }
            _ => {}
        }
        if end == 0 {
            return invalid(format!("no step at {}", self.at));
        }
        self.at += end;
        self.push(Step::Names(vec![name.into()]))
    }

    fn parameters(&self, text: &str) -> Result<Vec<Parameter>, PathError> {
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let parameter = |text: &str| match text.trim() {
            text if text.starts_with(['$', '@']) => path(text, self.depth + 1).map(Parameter::Path),
            text => match read(text.as_bytes(), Dialect::Literal) {
                Ok(value) => Ok(Parameter::Value(value)),
                Err(_) => invalid(format!("not a parameter: {text}")),
            },
        };
        at_commas(text).into_iter().map(parameter).collect()
    }

    fn bracket(&mut self) -> Result<(), PathError> {
        let inner = self.rest()[1..].trim_start_matches(' ');
        let start = self.text.len() - inner.len();
        match inner.as_bytes().first() {
            Some(b'\'' | b'"') => self.quoted(start),
            Some(b'*') => {
                let Some(after) = inner[1..].trim_start_matches(' ').strip_prefix(']') else { return invalid("']' expected after '*'") };
                self.at = self.text.len() - after.len();
                self.push(Step::Wildcard)
            }
            Some(b'?') => self.filter(start),
            Some(b'0'..=b'9' | b'-' | b':') => {
                let Some(end) = inner.find(']') else { return invalid("']' expected") };
                let step = indices_or_slice(inner[..end].trim())?;
                self.at = start + end + 1;
                self.push(step)
            }
            _ => invalid(format!("no step at {}", self.at)),
        }
    }

    /// Names in quotes.
    fn quoted(&mut self, start: usize) -> Result<(), PathError> {
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut rest = &self.text[start..];
        loop {
            let Some(quote) = rest.chars().next().filter(|char| matches!(char, '\'' | '"')) else {
                return invalid("a quoted name expected");
            };
            let Some(end) = unescaped(rest, quote, 1) else { return invalid("a name does not end") };
            if names.len() >= TOKENS_MAX {
                return Err(PathError::TooMuch("256 names in a bracket"));
            }
            names.push(undone(&rest[1..end]).into());
            rest = rest[end + 1..].trim_start_matches(' ');
            if let Some(after) = rest.strip_prefix(']') {
                self.at = self.text.len() - after.len();
                return self.push(Step::Names(names));
            }
            let Some(after) = rest.strip_prefix(',') else { return invalid("names must be separated by commas") };
            rest = after.trim_start_matches(' ');
        }
    }

    /// `[?(…)]`, from the question mark on.
    fn filter(&mut self, start: usize) -> Result<(), PathError> {
        let inner = self.text[start + 1..].trim_start_matches(' ');
        let open = self.text.len() - inner.len();
        if !inner.starts_with('(') {
            return invalid("'(' expected after '?'");
        }
        let Some(close) = closing(self.text, open) else { return invalid("a filter does not end") };
        let Some(after) = self.text[close + 1..].trim_start_matches(' ').strip_prefix(']') else {
            return invalid("']' expected after a filter");
        };
        let filter: Filter = filter::compile(&self.text[open + 1..close], self.depth + 1)?;
        self.at = self.text.len() - after.len();
        self.push(Step::Filter(Arc::new(filter)))
    }
}

fn indices_or_slice(text: &str) -> Result<Step, PathError> {
    let number = |text: &str| text.parse::<i64>().map_err(|_| PathError::Invalid(format!("not an index: {text}")));
    if !text.contains(':') {
        let indices: Vec<i64> = text.split(',').map(|part| number(part.trim())).collect::<Result<_, _>>()?;
        return Ok(Step::Indices(indices));
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':')) {
        return invalid(format!("not a slice: {text}"));
    }
    let mut parts = text.split(':').map(|part| if part.is_empty() { Ok(None) } else { number(part).map(Some) });
    let mut part = || parts.next().unwrap_or(Ok(None));
    match (part()?, part()?) {
        (Some(from), None) => Ok(Step::Slice(Slice::From(from))),
        (Some(from), Some(to)) => Ok(Step::Slice(Slice::Between(from, to))),
        (None, Some(to)) => Ok(Step::Slice(Slice::To(to))),
        (None, None) => invalid(format!("not a slice: {text}")),
    }
}

/// Where the next quote is, looked for from `from` on, that no backslash stands before.
pub(super) fn unescaped(text: &str, quote: char, from: usize) -> Option<usize> {
    let mut is_escaped = false;
    text[from..].char_indices().find_map(|(at, char)| {
        let found = char == quote && !is_escaped;
        is_escaped = char == '\\' && !is_escaped;
        found.then_some(from + at)
    })
}

/// Where the bracket at `open` is closed. Quoted texts, and patterns between slashes, are passed over.
pub(super) fn closing(text: &str, open: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (own, other) = (bytes[open], if bytes[open] == b'(' { b')' } else { bytes[open] + 2 });
    let (mut depth, mut at) = (0_usize, open);
    while at < bytes.len() {
        match bytes[at] {
            b'\'' | b'"' => at = unescaped(text, char::from(bytes[at]), at + 1)?,
            b'/' if is_pattern(&text[..at]) => at = unescaped(text, '/', at + 1)?,
            byte if byte == own => depth += 1,
            byte if byte == other => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Whether a slash here begins a pattern: one does after `=~`, and as the left side of it.
fn is_pattern(before: &str) -> bool {
    let before = before.trim_end_matches(' ');
    before.ends_with("=~") || before.ends_with("?(") || before.ends_with("&&") || before.ends_with("||")
}

/// Splits at commas that are in no quotes and brackets.
fn at_commas(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut at) = (Vec::new(), 0, 0_usize, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'\'' | b'"' => at = unescaped(text, char::from(bytes[at]), at + 1).unwrap_or(bytes.len()),
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&text[start..]);
    parts
}

/// A quoted text without its escapes: `\n` and its like, `\u0041`, and else the character itself.
pub(super) fn undone(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let digits: String = chars.clone().take(4).take_while(char::is_ascii_hexdigit).collect();
                match u32::from_str_radix(&digits, 16) {
                    Ok(unit) if digits.len() == 4 => {
                        let _taken = chars.nth(3);
                        out.push(char::from_u32(unit).unwrap_or('?'));
                    }
                    _ => out.push('u'),
                }
            }
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}
