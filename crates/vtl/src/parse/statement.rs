//! Statements: text, references and directives, and the blocks of the latter.

use super::lexer::{Kind, Token};
use super::reference::begins_operand;
use super::{Flaw, Parser};
use crate::tree::{Argument, Body, Constant, Expr, Foreach, If, Macro, MacroCall, Node, Set, Span};

/// The directives that the engine knows, besides those of its grammar.
const DIRECTIVES: [&str; 9] = ["foreach", "include", "parse", "macro", "literal", "evaluate", "break", "define", "stop"];

/// An argument of a directive.
struct Given {
    value: Expr,
    first: Token,
    source: Span,
}

impl Parser<'_, '_> {
    /// Statements, up to what is none.
    pub(super) fn statements(&mut self) -> Result<Body, Flaw> {
        let mut nodes = Vec::new();
        loop {
            match self.kind()? {
                Kind::Name => self.print(&mut nodes)?,
                Kind::CurlyOpen if self.kind_after()? == Kind::Name => self.print(&mut nodes)?,
                Kind::If => {
                    let node = self.nested(Self::if_statement)?;
                    nodes.push(node);
                }
                Kind::Set => self.set(&mut nodes)?,
                Kind::Word | Kind::BracketedWord => self.directive(&mut nodes)?,
                Kind::LineCommentOpen => {
                    let open = self.take()?;
                    self.before_comment(&open, &mut nodes);
                    if self.kind()? == Kind::LineCommentClose {
                        self.take()?;
                    }
                }
                Kind::BlockCommentClose => {
                    let comment = self.take()?;
                    self.before_comment(&comment, &mut nodes);
                }
                Kind::RawClose => {
                    let token = self.take()?;
                    let image = self.image(&token);
                    if image.len() >= 6 {
                        let span = self.span(token.start + 3, token.end - 3);
                        self.text(span, &mut nodes);
                    }
                }
                Kind::EscapedDirective => self.escaped_directive(&mut nodes)?,
                Kind::DoubleEscape => self.double_escapes(&mut nodes)?,
                Kind::Text
                | Kind::Dot
                | Kind::ParenClose
                | Kind::ParenOpen
                | Kind::Integer
                | Kind::Float
                | Kind::Str
                | Kind::Escape
                | Kind::CurlyOpen
                | Kind::CurlyClose
                | Kind::EmptyIndex => {
                    let token = self.take()?;
                    if let Some(before) = &token.before {
                        let span = self.build.pool(before);
                        self.text(span, &mut nodes);
                    }
                    let span = self.span(token.start, token.end);
                    self.text(span, &mut nodes);
                }
                _ => break,
            }
        }
        Ok(nodes.into())
    }

    /// Text, together with the text before it where both stand in one piece.
    fn text(&mut self, span: Span, nodes: &mut Vec<Node>) {
        match nodes.last_mut() {
            Some(Node::Text(last)) if last.end == span.start => last.end = span.end,
            _ if span.start == span.end => {}
            _ => nodes.push(Node::Text(span)),
        }
    }

    fn print(&mut self, nodes: &mut Vec<Node>) -> Result<(), Flaw> {
        let reference = self.reference()?;
        if reference.look.is_text {
            self.text(reference.otherwise, nodes);
        } else {
            nodes.push(Node::Print(Box::new(reference)));
        }
        Ok(())
    }

    /// Of a comment remains what was carried into it.
    fn before_comment(&mut self, token: &Token, nodes: &mut Vec<Node>) {
        let image = self.image(token);
        if let Some(length) = image.find("##").or_else(|| image.find("#*")) {
            let span = self.span(token.start, token.start + length);
            self.text(span, nodes);
        }
    }

    /// `\#if`, `\\\#foo`: half of the backslashes go when it is a directive that we know.
    fn escaped_directive(&mut self, nodes: &mut Vec<Node>) -> Result<(), Flaw> {
        let token = self.take()?;
        let image = self.image(&token);
        let last = image.rfind('\\').unwrap_or(0);
        let name = image[last + 2..].trim_matches(['{', '}']);
        let is_known = self.is_directive(name) || matches!(name, "if" | "end" | "set" | "else" | "elseif");
        if is_known {
            let slashes = self.span(token.start, token.start + last / 2);
            self.text(slashes, nodes);
            let rest = self.span(token.start + last + 1, token.end);
            self.text(rest, nodes);
        } else {
            let span = self.span(token.start, token.end);
            self.text(span, nodes);
        }
        Ok(())
    }

    fn is_directive(&self, name: &str) -> bool {
        DIRECTIVES.contains(&name) || self.build.is_macro(name)
    }

    /// Pairs of backslashes: before a directive each is one backslash, else both stay.
    fn double_escapes(&mut self, nodes: &mut Vec<Node>) -> Result<(), Flaw> {
        let mut spans = Vec::new();
        while self.kind()? == Kind::DoubleEscape {
            let token = self.take()?;
            spans.push((token.start, token.end));
        }
        let next = self.peek(0)?.clone();
        let is_control = matches!(next.kind, Kind::If | Kind::Else | Kind::ElseIf | Kind::EndOfBlock)
            || self.image(&next).get(1..).is_some_and(|name| self.is_directive(name));
        for (start, end) in spans {
            let span = self.span(start, if is_control { start + 1 } else { end });
            self.text(span, nodes);
        }
        Ok(())
    }

    fn if_statement(&mut self) -> Result<Node, Flaw> {
        let mut arms = Vec::new();
        loop {
            let at = self.take()?.start;
            let condition = self.condition()?;
            arms.push((self.offset(at), condition, self.statements()?));
            if self.kind()? != Kind::ElseIf {
                break;
            }
        }
        let mut otherwise = None;
        if self.kind()? == Kind::Else {
            self.take()?;
            otherwise = Some(self.statements()?);
        }
        self.expect(Kind::EndOfBlock, "`#end`")?;
        Ok(Node::If(Box::new(If { arms: arms.into(), otherwise })))
    }

    fn condition(&mut self) -> Result<Expr, Flaw> {
        self.skip_white()?;
        self.expect(Kind::ParenOpen, "`(`")?;
        let condition = self.expression()?;
        self.expect(Kind::ParenClose, "an operator or `)`")?;
        Ok(condition)
    }

    fn set(&mut self, nodes: &mut Vec<Node>) -> Result<(), Flaw> {
        let token = self.take()?;
        let blanks = self.image(&token).find('#').unwrap_or(0);
        let at = self.offset(token.start + blanks);
        self.skip_white()?;
        if !matches!(self.kind()?, Kind::Name | Kind::CurlyOpen) {
            return self.unexpected("a reference");
        }
        let target = self.reference()?;
        self.skip_white()?;
        self.expect(Kind::Assign, "`=`")?;
        let value = self.nested(Self::expression)?;
        self.expect(Kind::ParenClose, "an operator or `)`")?;
        self.lexer.in_set = false;
        nodes.push(Node::Set(Box::new(Set { at, target, value })));
        Ok(())
    }

    fn directive(&mut self, nodes: &mut Vec<Node>) -> Result<(), Flaw> {
        let word = self.take()?;
        let image = self.image(&word);
        let name = match word.kind {
            Kind::BracketedWord => &image[2..image.len() - 1],
            _ => &image[1..],
        };
        self.lexer.enter_directive();
        if !self.lexer.parenthesis_follows() {
            self.lexer.pop();
            return self.bare_directive(name, &word, nodes);
        }
        let given = self.given(name)?;
        let close = self.expect(Kind::ParenClose, "an argument or `)`")?;
        let at = self.offset(word.start);
        match name {
            "foreach" | "define" | "macro" | "literal" => self.nested(|parser| parser.block_directive(name, &word, given, nodes)),
            "stop" => {
                nodes.push(Node::Stop(at));
                Ok(())
            }
            "break" => {
                let scope = given.into_iter().next().map(|given| Box::new(given.value));
                nodes.push(Node::Break(at, scope));
                Ok(())
            }
            "include" => self.unavailable(&word, "include", nodes),
            "parse" => self.unavailable(&word, "parse", nodes),
            "evaluate" => self.unavailable(&word, "evaluate", nodes),
            _ if name.starts_with('@') => self.nested(|parser| parser.block_macro(&name[1..], &word, given, nodes)),
            _ => {
                let source = self.span(word.start, close.end);
                self.macro_call(name, &word, given, source, None, nodes);
                Ok(())
            }
        }
    }

    fn unavailable(&mut self, word: &Token, name: &'static str, nodes: &mut Vec<Node>) -> Result<(), Flaw> {
        nodes.push(Node::Unavailable(self.offset(word.start), name));
        Ok(())
    }

    /// A directive without parentheses: most are text then.
    fn bare_directive(&mut self, name: &str, word: &Token, nodes: &mut Vec<Node>) -> Result<(), Flaw> {
        let at = self.offset(word.start);
        match name {
            "stop" => nodes.push(Node::Stop(at)),
            "break" => nodes.push(Node::Break(at, None)),
            "macro" => return self.flaw(word.start, "#macro needs at least the macro's name: `#macro(name $argument)`"),
            "include" => return self.unavailable(word, "include", nodes),
            "parse" => return self.unavailable(word, "parse", nodes),
            "evaluate" => return self.unavailable(word, "evaluate", nodes),
            "foreach" | "define" | "literal" => {
                return self.flaw(word.start, format!("#{name} needs its arguments in parentheses"));
            }
            _ if name.starts_with('@') => {
                let span = self.build.pool(&format!("#{name}"));
                self.text(span, nodes);
            }
            _ => {
                let source = self.span(word.start, word.end);
                self.macro_call(name, word, Vec::new(), source, None, nodes);
            }
        }
        Ok(())
    }

    /// The arguments of a directive: separated by white space, or commas, or nothing.
    fn given(&mut self, name: &str) -> Result<Vec<Given>, Flaw> {
        self.skip_white()?;
        self.expect(Kind::ParenOpen, "`(`")?;
        let mut given = Vec::new();
        loop {
            if self.kind()? == Kind::White {
                let after = self.kind_after()?;
                if after != Kind::Comma && after != Kind::Word && !begins_operand(after) {
                    break;
                }
                self.take()?;
            }
            if self.kind()? == Kind::Comma {
                self.take()?;
                self.skip_white()?;
            } else if self.kind()? != Kind::Word && !begins_operand(self.kind()?) {
                break;
            }
            let argument = self.argument()?;
            let is_word = argument.first.kind == Kind::Word;
            let place = given.len();
            let is_right = match name {
                "macro" => is_word == (place == 0),
                "foreach" => !is_word || place == 1,
                _ => !is_word || !DIRECTIVES.contains(&name),
            };
            if !is_right {
                let expected = if name == "macro" && place == 0 { "the macro's name, without quotes" } else { "a value" };
                return self.flaw(
                    argument.first.start,
                    format!("{} is no argument of #{name}: it should be {expected}", self.image(&argument.first)),
                );
            }
            given.push(argument);
        }
        self.skip_white()?;
        Ok(given)
    }

    fn argument(&mut self) -> Result<Given, Flaw> {
        let first = self.peek(0)?.clone();
        let value = if first.kind == Kind::Word {
            self.take()?;
            Expr::Constant(Constant::Null)
        } else if begins_operand(first.kind) {
            self.nested(Self::operand_value)?
        } else {
            return self.unexpected("an argument");
        };
        let end = self.peek(0)?.start.max(first.end);
        let source = self.span(first.start, first.start + self.text[first.start..end].trim_end().len());
        Ok(Given { value, first, source })
    }

    /// The name of the variable that an argument stands for: its first token without the first character, whatever it is.
    fn variable(&mut self, given: &Given) -> u32 {
        let name = match &given.value {
            Expr::Reference(reference) if !reference.look.is_text => return reference.slot,
            _ => self.image(&given.first).get(1..).unwrap_or_default(),
        };
        self.build.slot(name)
    }

    fn block_directive(&mut self, name: &str, word: &Token, given: Vec<Given>, nodes: &mut Vec<Node>) -> Result<(), Flaw> {
        let at = self.offset(word.start);
        let start = self.peek(0)?.start;
        let body = self.statements()?;
        let end = self.expect(Kind::EndOfBlock, "`#end`")?;
        match name {
            "foreach" => nodes.push(self.foreach(at, word, given, body)?),
            "define" => {
                let [given] = &given[..] else { return self.flaw(word.start, "#define needs one reference: `#define($name) … #end`") };
                let slot = self.variable(given);
                let block = self.block(body);
                nodes.push(Node::Define(at, slot, block));
            }
            "literal" => {
                let span = self.span(start, end.start.max(start));
                self.text(span, nodes);
            }
            _ => {
                let Some((name, parameters)) = given.split_first() else {
                    return self.flaw(word.start, "#macro needs the macro's name: `#macro(name $argument)`");
                };
                let parameters = parameters.iter().map(|parameter| self.variable(parameter)).collect();
                let name = self.image(&name.first);
                self.build.define_macro(name, Macro { parameters, body });
            }
        }
        Ok(())
    }

    fn block(&mut self, body: Body) -> u32 {
        self.build.program.blocks.push(body);
        self.build.program.blocks.len() as u32 - 1
    }

    fn foreach(&mut self, at: u32, word: &Token, given: Vec<Given>, body: Body) -> Result<Node, Flaw> {
        if given.len() < 2 {
            return self.flaw(word.start, "#foreach needs a variable and a list: `#foreach($item in $list)`");
        }
        let variable = self.variable(&given[0]);
        let mut rest = given.into_iter().skip(2);
        let items = rest.next().map(|given| given.value);
        // What stands after the list is taken for the body, as there.
        let body = match rest.next().map(|given| given.value) {
            None => body,
            Some(Expr::Reference(reference)) => Box::new([Node::Print(reference)]),
            Some(_) => Box::default(),
        };
        Ok(Node::Foreach(Box::new(Foreach { at, variable, items, body })))
    }

    fn block_macro(&mut self, name: &str, word: &Token, given: Vec<Given>, nodes: &mut Vec<Node>) -> Result<(), Flaw> {
        let body = self.statements()?;
        let end = self.expect(Kind::EndOfBlock, "`#end`")?;
        let block = self.block(body);
        let source = self.span(word.start, end.end);
        self.macro_call(name, word, given, source, Some(block), nodes);
        Ok(())
    }

    fn macro_call(&mut self, name: &str, word: &Token, given: Vec<Given>, source: Span, block: Option<u32>, nodes: &mut Vec<Node>) {
        let arguments =
            given.into_iter().map(|given| Argument { is_word: given.first.kind == Kind::Word, value: given.value, source: given.source });
        let call =
            MacroCall { at: self.offset(word.start), name: self.build.macro_number(name), arguments: arguments.collect(), source, block };
        nodes.push(Node::Call(Box::new(call)));
    }
}
