//! Tokens → tree, by Velocity's grammar.
//!
//! What stands in double quotes is a template of its own, compiled with the one around it: it shares the variables' numbers and the pool.

mod expression;
mod lexer;
mod reference;
mod statement;

use crate::error::{Cause, Error, Place};
use crate::limits::Limits;
use crate::tree::{Macro, Offset, Program, Slot, Span};
use lexer::{Kind, Lexer, Token};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Patterns that are compiled with the template; any more are compiled when they are used, and paid for there.
const PATTERNS_MAX: u32 = 100;

/// A flaw of the text, at an offset of the text that is read just now.
#[derive(Debug)]
struct Wrong {
    at: usize,
    message: String,
}

/// A flaw of the text, at an offset of the template.
struct Flaw {
    at: Offset,
    cause: Cause,
    message: String,
}

pub(crate) fn compile(text: &str, limits: &Limits) -> Result<Program, Error> {
    if text.len() > limits.template_bytes_max {
        let message = format!("the template has {} bytes; template_bytes_max is {}", text.len(), limits.template_bytes_max);
        return Err(Error { place: Place { line: 1, column: 1 }, cause: Cause::Limit("template_bytes_max"), message });
    }
    let mut builder = Builder { nesting_max: limits.nesting_max, ..Builder::default() };
    builder.program.lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at as u32 + 1)).collect();
    builder.program.text_bytes = text.len() as u32;
    let body = Parser::new(&mut builder, text, Origin::Template).template();
    let mut program = builder.program;
    match body {
        Ok(body) => program.body = body,
        Err(flaw) => return Err(Error { place: place_in(text, &program.lines, flaw.at), cause: flaw.cause, message: flaw.message }),
    }
    let slot = |name: &str| builder.slots.get(name).copied();
    program.slots.foreach = slot("foreach");
    program.slots.count = slot("velocityCount");
    program.slots.has_next = slot("velocityHasNext");
    program.slots.body_content = slot("bodyContent");
    Ok(program)
}

/// Line and column of an offset.
pub(crate) fn place_in(text: &str, lines: &[u32], at: Offset) -> Place {
    let line = lines.partition_point(|start| *start <= at).max(1);
    let start = lines.get(line - 1).map_or(0, |start| *start as usize);
    let column = text.get(start..at as usize).map_or(0, |before| before.chars().count()) + 1;
    Place { line: line as u32, column: column as u32 }
}

/// What grows while a template is read.
#[derive(Default)]
struct Builder {
    program: Program,
    slots: BTreeMap<Arc<str>, Slot>,
    macros: BTreeMap<Arc<str>, u32>,
    nesting: u32,
    nesting_max: u32,
    /// How many patterns were compiled.
    patterns: u32,
}

impl Builder {
    fn slot(&mut self, name: &str) -> Slot {
        intern(name, &mut self.slots, &mut self.program.names)
    }

    fn macro_number(&mut self, name: &str) -> u32 {
        let number = intern(name, &mut self.macros, &mut self.program.macro_names);
        self.program.macros.resize_with(self.program.macro_names.len(), || None);
        number
    }

    fn is_macro(&self, name: &str) -> bool {
        self.macros.get(name).is_some_and(|number| self.program.macros[*number as usize].is_some())
    }

    /// Of two macros of one name, the first holds.
    fn define_macro(&mut self, name: &str, defined: Macro) {
        let number = self.macro_number(name);
        self.program.macros[number as usize].get_or_insert(defined);
    }

    /// Appends text to the pool.
    fn pool(&mut self, text: &str) -> Span {
        let start = self.program.pool.len() as u32;
        self.program.pool.push_str(text);
        Span { start, end: self.program.pool.len() as u32 }
    }
}

fn intern(name: &str, numbers: &mut BTreeMap<Arc<str>, u32>, names: &mut Vec<Arc<str>>) -> u32 {
    if let Some(number) = numbers.get(name) {
        return *number;
    }
    let (number, name) = (names.len() as u32, Arc::<str>::from(name));
    names.push(Arc::clone(&name));
    numbers.insert(name, number);
    number
}

/// Where the text that is read stands in the template.
#[derive(Clone, Copy)]
enum Origin {
    Template,
    /// Within a string, right after this offset, character for character.
    Within(Offset),
    /// Within a string that was changed when it was read: all places are the string's.
    At(Offset),
}

struct Parser<'b, 'a> {
    build: &'b mut Builder,
    text: &'a str,
    origin: Origin,
    /// Where the text stands in the pool.
    base: u32,
    lexer: Lexer<'a>,
    ahead: VecDeque<Token>,
}

impl<'b, 'a> Parser<'b, 'a> {
    fn new(build: &'b mut Builder, text: &'a str, origin: Origin) -> Self {
        let base = build.pool(text).start;
        Self { build, text, origin, base, lexer: Lexer::new(text), ahead: VecDeque::new() }
    }

    fn template(mut self) -> Result<crate::tree::Body, Flaw> {
        let body = self.statements()?;
        self.expect(Kind::End, "a directive, a reference or text")?;
        Ok(body)
    }

    fn offset(&self, at: usize) -> Offset {
        match self.origin {
            Origin::Template => at as u32,
            Origin::Within(start) => start + at as u32,
            Origin::At(start) => start,
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { start: self.base + start as u32, end: self.base + end as u32 }
    }

    fn image(&self, token: &Token) -> &'a str {
        &self.text[token.start..token.end]
    }

    fn flaw<T>(&self, at: usize, message: impl Into<String>) -> Result<T, Flaw> {
        Err(Flaw { at: self.offset(at), cause: Cause::Syntax, message: message.into() })
    }

    /// The token so many ahead. Tokens are read no sooner than asked for: what is read next depends on what was made of those before.
    fn peek(&mut self, ahead: usize) -> Result<&Token, Flaw> {
        while self.ahead.len() <= ahead {
            match self.lexer.next() {
                Ok(token) => self.ahead.push_back(token),
                Err(wrong) => return self.flaw(wrong.at, wrong.message),
            }
        }
        Ok(&self.ahead[ahead])
    }

    fn kind(&mut self) -> Result<Kind, Flaw> {
        Ok(self.peek(0)?.kind)
    }

    fn kind_after(&mut self) -> Result<Kind, Flaw> {
        Ok(self.peek(1)?.kind)
    }

    fn take(&mut self) -> Result<Token, Flaw> {
        self.peek(0)?;
        Ok(self.ahead.pop_front().expect("it was just looked at"))
    }

    fn expect(&mut self, kind: Kind, wanted: &str) -> Result<Token, Flaw> {
        if self.kind()? == kind { self.take() } else { self.unexpected(wanted) }
    }

    fn unexpected<T>(&mut self, wanted: &str) -> Result<T, Flaw> {
        let token = self.peek(0)?.clone();
        let found = match token.kind {
            Kind::End => "the template ends".to_owned(),
            _ => format!("{:?} stands", self.image(&token).trim_end()),
        };
        self.flaw(token.start, format!("{found} where {wanted} is expected"))
    }

    fn skip_white(&mut self) -> Result<(), Flaw> {
        if self.kind()? == Kind::White {
            self.take()?;
        }
        Ok(())
    }

    /// Goes one level deeper into the text, within bounds.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Flaw>) -> Result<T, Flaw> {
        if self.build.nesting >= self.build.nesting_max {
            let at = self.peek(0)?.start;
            let message = format!("too deep: nesting_max is {}", self.build.nesting_max);
            return Err(Flaw { at: self.offset(at), cause: Cause::Limit("nesting_max"), message });
        }
        self.build.nesting += 1;
        let result = read(self);
        self.build.nesting -= 1;
        result
    }
}
