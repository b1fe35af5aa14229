//! What a template is compiled to: a tree whose names are numbers and whose constants are made.

use crate::methods::{Method, Pattern};
use std::sync::Arc;

/// Bytes of the template's pool of literal text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A variable, as its number.
pub(crate) type Slot = u32;

/// Where something stands: an offset into the template's text, in bytes.
pub(crate) type Offset = u32;

pub(crate) type Body = Box<[Node]>;

#[derive(Debug)]
pub(crate) enum Node {
    Text(Span),
    Print(Box<Reference>),
    Set(Box<Set>),
    If(Box<If>),
    Foreach(Box<Foreach>),
    /// `#define`: the variable and the block's number.
    Define(Offset, Slot, u32),
    Call(Box<MacroCall>),
    Stop(Offset),
    Break(Offset, Option<Box<Expr>>),
    /// A directive that the engine has and AWS has not.
    Unavailable(Offset, &'static str),
}

#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) at: Offset,
    pub(crate) slot: Slot,
    pub(crate) links: Box<[Link]>,
    pub(crate) look: Look,
    /// How it is written.
    pub(crate) source: Span,
    /// What is printed when there is nothing: its own source, or nothing of a quiet one.
    pub(crate) otherwise: Span,
}

/// The decorations of a reference.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub(crate) is_escaped: bool,
    /// Half of the backslashes before it.
    pub(crate) slashes: Span,
    /// `$` and `#` before it that came to nothing.
    pub(crate) signs: Span,
    /// Nothing is looked up: the text is all.
    pub(crate) is_text: bool,
    /// It is written `$name`, so that within a macro the source of the caller's argument is printed when there is nothing.
    pub(crate) is_bare: bool,
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) at: Offset,
    pub(crate) kind: LinkKind,
}

#[derive(Debug)]
pub(crate) enum LinkKind {
    Member(Arc<str>),
    Index(Expr),
    Call(Box<MethodCall>),
}

#[derive(Debug)]
pub(crate) struct MethodCall {
    pub(crate) name: Arc<str>,
    pub(crate) method: Method,
    pub(crate) arguments: Box<[Expr]>,
    /// The first argument, where it is a constant regular expression.
    pub(crate) pattern: Option<Pattern>,
}

#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) at: Offset,
    pub(crate) target: Reference,
    pub(crate) value: Expr,
}

#[derive(Debug)]
pub(crate) struct If {
    /// `#if` and each `#elseif`, with their places.
    pub(crate) arms: Box<[(Offset, Expr, Body)]>,
    pub(crate) otherwise: Option<Body>,
}

#[derive(Debug)]
pub(crate) struct Foreach {
    pub(crate) at: Offset,
    pub(crate) variable: Slot,
    pub(crate) items: Option<Expr>,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) struct MacroCall {
    pub(crate) at: Offset,
    /// The number of the macro's name; it may be defined further down, or nowhere.
    pub(crate) name: u32,
    pub(crate) arguments: Box<[Argument]>,
    /// What stands there, printed when there is no such macro.
    pub(crate) source: Span,
    /// The block of `#@name(…) … #end`.
    pub(crate) block: Option<u32>,
}

#[derive(Debug)]
pub(crate) struct Argument {
    pub(crate) value: Expr,
    pub(crate) source: Span,
    /// A word that is no value: no macro takes it.
    pub(crate) is_word: bool,
}

#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) parameters: Box<[Slot]>,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) enum Constant {
    Null,
    Bool(bool),
    Int(i64),
    Big(i128),
    Double(f64),
    Str(Arc<str>),
}

#[derive(Debug)]
pub(crate) enum Expr {
    Constant(Constant),
    Reference(Box<Reference>),
    Interpolated(Box<Interpolated>),
    List(Box<[Expr]>),
    Map(Box<[(Expr, Expr)]>),
    Range(Box<(Expr, Expr)>),
    Not(Box<Expr>),
    Chain(Box<Chain>),
}

#[derive(Debug)]
pub(crate) struct Interpolated {
    pub(crate) body: Body,
    /// The text was parsed with a blank after it, which is taken away again.
    pub(crate) is_padded: bool,
    pub(crate) at: Offset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulus,
}

/// Operators of one rank, applied from left to right.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) first: Operand,
    pub(crate) rest: Box<[(Operator, Operand)]>,
}

#[derive(Debug)]
pub(crate) struct Operand {
    pub(crate) at: Offset,
    pub(crate) value: Expr,
    /// How it is written: one that is nothing is added to a string as its source.
    pub(crate) source: Span,
    /// The same with the white space around it: so much is the source of what came of an operator.
    pub(crate) padded: Span,
}

/// A compiled template.
#[derive(Debug, Default)]
pub(crate) struct Program {
    /// All literal text.
    pub(crate) pool: String,
    pub(crate) body: Body,
    /// The names of variables, by their numbers.
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) macro_names: Vec<Arc<str>>,
    pub(crate) macros: Vec<Option<Macro>>,
    pub(crate) blocks: Vec<Body>,
    /// Where each line of the text begins.
    pub(crate) lines: Vec<u32>,
    /// So much of the pool is the template's text; what follows are strings within it, and has no place.
    pub(crate) text_bytes: u32,
    pub(crate) slots: WellKnown,
    /// What a known variable has not prints nothing, where Velocity prints the reference itself.
    pub(crate) is_silent: bool,
}

/// The variables that loops and macros set by themselves, if the text names them at all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WellKnown {
    pub(crate) foreach: Option<Slot>,
    pub(crate) count: Option<Slot>,
    pub(crate) has_next: Option<Slot>,
    pub(crate) body_content: Option<Slot>,
}

impl Program {
    pub(crate) fn text(&self, span: Span) -> &str {
        &self.pool[span.start as usize..span.end as usize]
    }

    pub(crate) fn name(&self, slot: Slot) -> &Arc<str> {
        &self.names[slot as usize]
    }
}
