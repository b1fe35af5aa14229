//! The text of a filter to its tree.

use super::syntax::{closing, invalid, path, undone, unescaped};
use super::{Operand, Path, PathError};
use crate::Value;
use crate::parse::{Dialect, read};
use crate::pattern::{Flavour, Pattern};

/// Groups and negations within each other.
const GROUP_DEPTH_MAX: usize = 32;

#[derive(Clone, Debug)]
pub(super) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    Exists { path: Path, wanted: bool },
    Compare { left: Operand, operator: Operator, right: Operand },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    SameKindEqual,
    SameKindNotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    Contains,
    All,
    Size,
    Empty,
    SubsetOf,
    AnyOf,
    NoneOf,
}

impl Operator {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "==" => Self::Equal,
            "===" => Self::SameKindEqual,
            "!=" => Self::NotEqual,
            "!==" => Self::SameKindNotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            "=~" => Self::Matches,
            word => match word.to_ascii_lowercase().as_str() {
                "in" => Self::In,
                "nin" => Self::NotIn,
                "contains" => Self::Contains,
                "all" => Self::All,
                "size" => Self::Size,
                "empty" => Self::Empty,
                "subsetof" => Self::SubsetOf,
                "anyof" => Self::AnyOf,
                "noneof" => Self::NoneOf,
                _ => return None,
            },
        })
    }
}

/// What is between the parentheses of `[?(…)]`.
pub(super) fn compile(text: &str, depth: usize) -> Result<Filter, PathError> {
    let mut parser = Parser { text, at: 0, depth };
    let filter = parser.any(0)?;
    if parser.peek().is_some() {
        return invalid(format!("the end of a filter expected, not {}", parser.rest()));
    }
    Ok(filter)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        self.at = self.text.len() - self.rest().trim_start_matches(' ').len();
        self.rest().chars().next()
    }

    fn takes(&mut self, word: &str) -> bool {
        let _blanks = self.peek();
        let is_there = self.rest().starts_with(word);
        self.at += if is_there { word.len() } else { 0 };
        is_there
    }

    fn any(&mut self, groups: usize) -> Result<Filter, PathError> {
        let mut parts = vec![self.all(groups)?];
        while self.takes("||") {
            parts.push(self.all(groups)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::Any(parts) })
    }

    fn all(&mut self, groups: usize) -> Result<Filter, PathError> {
        let mut parts = vec![self.part(groups)?];
        while self.takes("&&") {
            parts.push(self.part(groups)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) })
    }

    fn part(&mut self, groups: usize) -> Result<Filter, PathError> {
        if groups > GROUP_DEPTH_MAX {
            return Err(PathError::TooMuch("32 levels of groups"));
        }
        if self.takes("(") {
            let filter = self.any(groups + 1)?;
            return if self.takes(")") { Ok(filter) } else { invalid("')' expected in a filter") };
        }
        let start = self.at;
        if self.takes("!") {
            if !matches!(self.peek(), Some('$' | '@')) {
                return Ok(Filter::Not(Box::new(self.part(groups + 1)?)));
            }
            self.at = start;
        }
        self.expression()
    }

    fn expression(&mut self) -> Result<Filter, PathError> {
        let wanted = !self.takes("!");
        let left = self.operand()?;
        let start = self.at;
        if let Some(operator) = self.operator() {
            // What cannot be read is left for the complaint about the end.
            if let Ok(right) = self.operand() {
                return Ok(Filter::Compare { left, operator, right });
            }
        }
        self.at = start;
        match left {
            Operand::Path(path) => Ok(Filter::Exists { path, wanted }),
            _ => invalid("a filter without an operator"),
        }
    }

    fn operator(&mut self) -> Option<Operator> {
        let is_sign = |char: char| matches!(char, '<' | '>' | '=' | '~' | '!');
        let first = self.peek()?;
        let rest = self.rest();
        let end = if is_sign(first) { rest.find(|char| !is_sign(char)) } else { rest.find(' ') };
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        Operator::read(word)
    }

    fn operand(&mut self) -> Result<Operand, PathError> {
        let rest = match self.peek() {
            Some(_) => self.rest(),
            None => return invalid("a filter ends too soon"),
        };
        let first = rest.chars().next().expect("there is something");
        let (end, operand) = match first {
            '$' | '@' => {
                let end = path_end(rest)?;
                (end, Operand::Path(path(&rest[..end], self.depth)?))
            }
            '\'' | '"' => {
                let end = unescaped(rest, first, 1).map_or_else(|| invalid("a text does not end"), Ok)?;
                (end + 1, Operand::Value(undone(&rest[1..end]).into()))
            }
            '/' => pattern(rest)?,
            '[' | '{' => {
                let end = closing(rest, 0).map_or_else(|| invalid("a literal does not end"), Ok)? + 1;
                let value = read(&rest.as_bytes()[..end], Dialect::Literal).map_err(|why| PathError::Invalid(why.to_string()))?;
                (end, Operand::Value(value))
            }
            _ => word(rest)?,
        };
        self.at += end;
        Ok(operand)
    }
}

/// `true`, `false`, `null` or a number.
fn word(rest: &str) -> Result<(usize, Operand), PathError> {
    for (word, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)] {
        if rest.starts_with(word) {
            return Ok((word.len(), Operand::Value(value)));
        }
    }
    let end = rest.find(|char: char| !(char.is_ascii_digit() || matches!(char, '-' | '.' | 'E' | 'e'))).unwrap_or(rest.len());
    match read(&rest.as_bytes()[..end], Dialect::Literal) {
        Ok(value) => Ok((end, Operand::Value(value))),
        Err(_) => invalid(format!("no value: {rest}")),
    }
}

/// `/text/flags`.
fn pattern(rest: &str) -> Result<(usize, Operand), PathError> {
    let Some(close) = unescaped(rest, '/', 1) else { return invalid("a pattern does not end") };
    let flagged = &rest[close + 1..];
    let flags = &flagged[..flagged.find(|char: char| !char.is_ascii_alphabetic()).unwrap_or(flagged.len())];
    let has = |flag| flags.contains(flag);
    // Java's d, u and U change what a text of ASCII does not show.
    let flavour = Flavour::JavaWhole {
        flags: match (has('i'), has('s'), has('m')) {
            (false, false, false) => "",
            (true, false, false) => "i",
            (false, true, false) => "s",
            (false, false, true) => "m",
            (true, true, false) => "is",
            (true, false, true) => "im",
            (false, true, true) => "sm",
            (true, true, true) => "ism",
        },
    };
    let pattern = Pattern::compile(&rest[1..close], flavour).map_err(PathError::Invalid)?;
    Ok((close + 1 + flags.len(), Operand::Pattern(pattern)))
}

/// Where a path within a filter ends: at a blank, an operator or the end of its group.
fn path_end(rest: &str) -> Result<usize, PathError> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'[' | b'(' => at = closing(rest, at).map_or_else(|| invalid("a bracket does not end"), Ok)?,
            b' ' | b'<' | b'>' | b'=' | b'~' | b'!' | b')' => break,
            b'&' | b'|' if bytes.get(at + 1) == Some(&bytes[at]) => break,
            _ => {}
        }
        at += 1;
    }
    Ok(at)
}
