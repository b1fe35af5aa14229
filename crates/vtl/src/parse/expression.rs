//! Expressions: what stands in `#if(…)`, right of a `=`, and as arguments.

use super::lexer::Kind;
use super::reference::begins_operand;
use super::{Flaw, Origin, Parser};
use crate::tree::{Chain, Constant, Expr, Interpolated, Operand, Operator};
use std::sync::Arc;

/// The ranks of operators, loosest first.
const RANKS: [&[(Kind, Operator)]; 6] = [
    &[(Kind::Or, Operator::Or)],
    &[(Kind::And, Operator::And)],
    &[(Kind::Equal, Operator::Equal), (Kind::NotEqual, Operator::NotEqual)],
    &[
        (Kind::Less, Operator::Less),
        (Kind::Greater, Operator::Greater),
        (Kind::LessOrEqual, Operator::LessOrEqual),
        (Kind::GreaterOrEqual, Operator::GreaterOrEqual),
    ],
    &[(Kind::Plus, Operator::Add), (Kind::Minus, Operator::Subtract)],
    &[(Kind::Times, Operator::Multiply), (Kind::Divide, Operator::Divide), (Kind::Modulus, Operator::Modulus)],
];

impl Parser<'_, '_> {
    pub(super) fn expression(&mut self) -> Result<Expr, Flaw> {
        Ok(self.ranked(0)?.value)
    }

    fn ranked(&mut self, rank: usize) -> Result<Operand, Flaw> {
        let Some(operators) = RANKS.get(rank) else { return self.unary() };
        let first = self.ranked(rank + 1)?;
        let mut rest = Vec::new();
        loop {
            let kind = self.kind()?;
            let Some((_, operator)) = operators.iter().find(|(sign, _)| *sign == kind) else { break };
            self.take()?;
            rest.push((*operator, self.ranked(rank + 1)?));
        }
        let Some((_, last)) = rest.last() else { return Ok(first) };
        let (at, source) = (first.at, last.padded);
        Ok(Operand { at, value: Expr::Chain(Box::new(Chain { first, rest: rest.into() })), source, padded: source })
    }

    fn unary(&mut self) -> Result<Operand, Flaw> {
        let is_not = match self.kind()? {
            Kind::Not => true,
            Kind::White => self.kind_after()? == Kind::Not,
            _ => false,
        };
        if !is_not {
            return self.primary();
        }
        self.skip_white()?;
        self.take()?;
        let Operand { at, value, source, padded } = self.nested(Self::unary)?;
        Ok(Operand { at, value: Expr::Not(Box::new(value)), source, padded })
    }

    fn primary(&mut self) -> Result<Operand, Flaw> {
        let before = self.peek(0)?.start;
        self.skip_white()?;
        let start = self.peek(0)?.start;
        let kind = self.kind()?;
        let value = if kind == Kind::ParenOpen {
            self.take()?;
            let value = self.nested(Self::expression)?;
            self.expect(Kind::ParenClose, "an operator or `)`")?;
            value
        } else if begins_operand(kind) {
            self.operand_value()?
        } else {
            return self.unexpected("a value");
        };
        let next = self.peek(0)?.start;
        let end = start + self.text[start..next.max(start)].trim_end().len();
        self.skip_white()?;
        let after = self.peek(0)?.start.max(end);
        Ok(Operand { at: self.offset(start), value, source: self.span(start, end), padded: self.span(before, after) })
    }

    /// An argument of a method, an item of a list or map, with the white space around it.
    pub(super) fn parameter(&mut self) -> Result<Expr, Flaw> {
        self.skip_white()?;
        let value = self.nested(Self::operand_value)?;
        self.skip_white()?;
        Ok(value)
    }

    pub(super) fn operand_value(&mut self) -> Result<Expr, Flaw> {
        match self.kind()? {
            Kind::Name | Kind::CurlyOpen => Ok(Expr::Reference(Box::new(self.reference()?))),
            Kind::Str => self.string(),
            Kind::Integer => {
                let token = self.take()?;
                Ok(Expr::Constant(integer(self.image(&token))))
            }
            Kind::Float => {
                let token = self.take()?;
                match self.image(&token).parse() {
                    Ok(number) => Ok(Expr::Constant(Constant::Double(number))),
                    Err(_) => self.flaw(token.start, "not a number"),
                }
            }
            Kind::True => self.constant(true),
            Kind::False => self.constant(false),
            Kind::ListOpen => self.nested(Self::list),
            Kind::MapOpen => self.nested(Self::map),
            _ => self.unexpected("a value"),
        }
    }

    fn constant(&mut self, truth: bool) -> Result<Expr, Flaw> {
        self.take()?;
        Ok(Expr::Constant(Constant::Bool(truth)))
    }

    /// `[a, b]`, or the range `[1..3]`.
    fn list(&mut self) -> Result<Expr, Flaw> {
        self.take()?;
        if self.kind()? == Kind::ListClose {
            self.take()?;
            return Ok(Expr::List(Box::default()));
        }
        self.skip_white()?;
        let can_be_range = matches!(self.kind()?, Kind::Integer | Kind::Name | Kind::CurlyOpen);
        let first = self.parameter()?;
        if can_be_range && self.kind()? == Kind::DoubleDot {
            self.take()?;
            self.skip_white()?;
            let last = match self.kind()? {
                Kind::Integer | Kind::Name | Kind::CurlyOpen => self.operand_value()?,
                _ => return self.unexpected("an integer or a reference"),
            };
            self.skip_white()?;
            self.expect(Kind::ListClose, "`]`")?;
            return Ok(Expr::Range(Box::new((first, last))));
        }
        let mut items = vec![first];
        while self.kind()? == Kind::Comma {
            self.take()?;
            items.push(self.parameter()?);
        }
        self.expect(Kind::ListClose, "`,` or `]`")?;
        Ok(Expr::List(items.into()))
    }

    fn map(&mut self) -> Result<Expr, Flaw> {
        self.take()?;
        self.skip_white()?;
        let mut entries = Vec::new();
        if begins_operand(self.kind()?) {
            loop {
                let key = self.parameter()?;
                self.expect(Kind::Colon, "`:`")?;
                entries.push((key, self.parameter()?));
                if self.kind()? != Kind::Comma {
                    break;
                }
                self.take()?;
            }
        }
        match self.kind()? {
            Kind::MapClose | Kind::CurlyClose => self.take()?,
            _ => return self.unexpected("`,` or `}`"),
        };
        Ok(Expr::Map(entries.into()))
    }

    /// A string: in single quotes as it is, in double quotes a template, if there is anything in it.
    fn string(&mut self) -> Result<Expr, Flaw> {
        let token = self.take()?;
        let image = self.image(&token);
        let (quote, inner) = (&image[..1], &image[1..image.len() - 1]);
        let is_double = quote == "\"";
        let mut text = if is_double { unescaped(inner) } else { inner.to_owned() };
        if text.contains(quote) {
            text = undoubled(&text, quote);
        }
        if !is_double || !image.contains(['$', '#']) {
            return Ok(Expr::Constant(Constant::Str(Arc::from(text))));
        }
        let start = self.offset(token.start);
        let origin = match self.origin {
            Origin::At(at) => Origin::At(at),
            _ if text == inner => Origin::Within(start + 1),
            _ => Origin::At(start),
        };
        // A lone `$` at the end would be an error; with a blank after it, it is text.
        let is_padded = !image.contains("##");
        if is_padded {
            text.push(' ');
        }
        let body = self.nested(|parser| Parser::new(parser.build, &text, origin).template())?;
        Ok(Expr::Interpolated(Box::new(Interpolated { body, is_padded, at: start })))
    }
}

/// An integer as Java holds it: as small as it fits.
fn integer(image: &str) -> Constant {
    match (image.parse(), image.parse()) {
        (Ok(number), _) => Constant::Int(number),
        (_, Ok(number)) => Constant::Big(number),
        _ => Constant::Double(image.parse().unwrap_or(f64::INFINITY)),
    }
}

/// `\u0041` in double quotes is a character; no other escape is known.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut rest = text;
    while let Some(found) = rest.find("\\u") {
        out.push_str(&rest[..found]);
        let mut units = Vec::new();
        let mut after = &rest[found..];
        while let Some((unit, behind)) = after.strip_prefix("\\u").and_then(code_unit) {
            units.push(unit);
            after = behind;
        }
        if units.is_empty() {
            out.push_str("\\u");
            after = &rest[found + 2..];
        }
        out.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or('?')));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn code_unit(text: &str) -> Option<(u16, &str)> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some((u16::from_str_radix(digits, 16).ok()?, &text[4..]))
}

/// Each doubled quote is one.
fn undoubled(text: &str, quote: &str) -> String {
    text.replace(&quote.repeat(2), quote)
}
