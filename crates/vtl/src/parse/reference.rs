//! References: `$name`, `$!{name.member}`, `$name.method("x")[0]`.

use super::lexer::{Kind, Token};
use super::{Flaw, PATTERNS_MAX, Parser};
use crate::methods::{Method, Pattern};
use crate::tree::{Constant, Expr, Link, LinkKind, Look, MethodCall, Reference, Span};
use std::sync::Arc;

impl Parser<'_, '_> {
    /// A reference, from its `$` (or what passes for one) to its end, and where that is.
    pub(super) fn reference(&mut self) -> Result<Reference, Flaw> {
        let first = self.take()?;
        let is_formal = first.kind == Kind::CurlyOpen;
        let mut end = first.end;
        let name = if is_formal { self.expect(Kind::Name, "a name")? } else { first.clone() };
        let mut links = Vec::new();
        end = self.indexes(&mut links)?.unwrap_or(if is_formal { name.end } else { end });
        while self.kind()? == Kind::Dot && self.kind_after()? == Kind::Name {
            self.take()?;
            end = self.member(&mut links)?;
            end = self.indexes(&mut links)?.unwrap_or(end);
        }
        if is_formal {
            end = self.expect(Kind::CurlyClose, "`}`")?.end;
        }
        Ok(self.decorated(&first, &name, links, end))
    }

    fn indexes(&mut self, links: &mut Vec<Link>) -> Result<Option<usize>, Flaw> {
        let mut end = None;
        while self.kind()? == Kind::IndexOpen {
            let at = self.take()?.start;
            self.skip_white()?;
            let index = match self.kind()? {
                Kind::Str | Kind::Integer | Kind::True | Kind::False | Kind::Name | Kind::CurlyOpen => self.nested(Self::operand_value)?,
                _ => return self.unexpected("a string, an integer or a reference"),
            };
            self.skip_white()?;
            end = Some(self.expect(Kind::IndexClose, "`]`")?.end);
            links.push(Link { at: self.offset(at), kind: LinkKind::Index(index) });
        }
        Ok(end)
    }

    /// `.name` or `.name(…)`; the dot is taken.
    fn member(&mut self, links: &mut Vec<Link>) -> Result<usize, Flaw> {
        // It is a call when what follows the parenthesis can begin an argument, or closes it.
        let is_call = self.kind_after()? == Kind::ParenOpen && {
            let third = self.peek(2)?.kind;
            begins_argument(third) || third == Kind::CallClose
        };
        let name = self.take()?;
        let at = self.offset(name.start);
        let text: Arc<str> = Arc::from(self.image(&name));
        if !is_call {
            links.push(Link { at, kind: LinkKind::Member(text) });
            return Ok(name.end);
        }
        self.take()?;
        let arguments = self.nested(Self::arguments)?;
        let end = self.expect(Kind::CallClose, "`,` or `)`")?.end;
        let method = Method::of(&text);
        let pattern = match arguments.first() {
            Some(Expr::Constant(Constant::Str(pattern))) if method.takes_pattern() && self.build.patterns < PATTERNS_MAX => {
                self.build.patterns += 1;
                Pattern::compile(pattern).ok()
            }
            _ => None,
        };
        links.push(Link { at, kind: LinkKind::Call(Box::new(MethodCall { name: text, method, arguments, pattern })) });
        Ok(end)
    }

    fn arguments(&mut self) -> Result<Box<[Expr]>, Flaw> {
        let mut arguments = Vec::new();
        if begins_argument(self.kind()?) {
            arguments.push(self.parameter()?);
            while self.kind()? == Kind::Comma {
                self.take()?;
                arguments.push(self.parameter()?);
            }
        }
        Ok(arguments.into())
    }

    /// What the first token's text says of how the reference is printed.
    fn decorated(&mut self, first: &Token, name: &Token, links: Vec<Link>, end: usize) -> Reference {
        let image = self.image(first);
        let at = self.offset(first.start);
        if image.contains("\\!") {
            let text = unescaped_bang(image);
            let otherwise = self.build.pool(&text);
            return self.text_reference(at, otherwise);
        }
        let slashes = image.bytes().take_while(|byte| *byte == b'\\').count();
        let signs = image[slashes..].rfind('$').unwrap_or(0);
        let start = first.start + slashes + signs;
        let plain = &image[slashes + signs..];
        let is_escaped = slashes % 2 == 1;
        let (root, is_quiet) = if let Some(rest) = plain.strip_prefix("$!") {
            (if rest.starts_with('{') { self.image(name) } else { rest }, true)
        } else if plain == "${" {
            (self.image(name), false)
        } else if let Some(rest) = plain.strip_prefix('$') {
            (rest, false)
        } else {
            // It has no `$`: the rest of something that looked like a reference. Its first token is all that is printed.
            let otherwise = self.span(first.start, first.end);
            return self.text_reference(at, otherwise);
        };
        let look = Look {
            is_escaped,
            slashes: self.span(first.start, first.start + slashes / 2),
            signs: self.span(first.start + slashes, start),
            is_text: false,
            is_bare: links.is_empty() && !is_quiet && first.kind == Kind::Name,
        };
        let source = self.span(start, end);
        let otherwise = if is_quiet && !is_escaped { Span::default() } else { source };
        Reference { at: self.offset(start), slot: self.build.slot(root), links: links.into(), look, source, otherwise }
    }

    fn text_reference(&mut self, at: u32, otherwise: Span) -> Reference {
        let look = Look { is_text: true, ..Look::default() };
        Reference { at, slot: self.build.slot(""), links: Box::default(), look, source: otherwise, otherwise }
    }
}

/// What can begin an argument of a method.
pub(super) fn begins_argument(kind: Kind) -> bool {
    matches!(kind, Kind::White) || begins_operand(kind)
}

pub(super) fn begins_operand(kind: Kind) -> bool {
    use Kind::{CurlyOpen, False, Float, Integer, ListOpen, MapOpen, Name, Str, True};
    matches!(kind, Str | Integer | Float | ListOpen | MapOpen | True | False | Name | CurlyOpen)
}

/// `$\!name` prints as itself with one backslash less.
fn unescaped_bang(image: &str) -> String {
    let dollar = image.find('$').unwrap_or(0);
    match image[dollar..].find('\\') {
        Some(found) => format!("{}{}", &image[..dollar + found], &image[dollar + found + 1..]),
        None => image.to_owned(),
    }
}
