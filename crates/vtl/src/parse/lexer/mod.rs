//! Text → tokens, as Velocity 1.7 cuts it.
//!
//! Velocity's language is what its token machine makes of it: what a character means depends on a state, states are stacked, and the
//! longest match of a state wins (of equals, the first below). Most of the odd corners (`$n-1` is one name, `\\$x` escapes, `#if(…)` eats
//! the line break, a lone `$` at the end is an error) are nothing but this machine, so this is the machine, by hand.
//!
//! A `$` or `#` is no token of its own: it moves the machine to another state and is *carried* into the token that follows. When nothing
//! sensible follows it is left as the `before` text of the next token.

mod matches;

use super::Wrong;

/// The states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    /// After `$`.
    Reference,
    /// After a `.` of a reference.
    Member,
    /// Within the parentheses of a method.
    Arguments,
    /// Within the brackets of an index.
    Index,
    /// After the name of a directive.
    Directive,
    /// After `#`.
    Hash,
    LineComment,
    BlockComment,
    Raw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    IndexOpen,
    IndexClose,
    ListOpen,
    ListClose,
    Comma,
    DoubleDot,
    Colon,
    MapOpen,
    MapClose,
    ParenOpen,
    ParenClose,
    CallClose,
    EscapedDirective,
    Set,
    LineCommentOpen,
    LineCommentClose,
    BlockCommentClose,
    RawClose,
    DoubleEscape,
    Escape,
    Text,
    White,
    Str,
    True,
    False,
    Minus,
    Plus,
    Times,
    Divide,
    Modulus,
    And,
    Or,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Not,
    Assign,
    EndOfBlock,
    If,
    ElseIf,
    Else,
    Integer,
    Float,
    Word,
    BracketedWord,
    Name,
    Dot,
    CurlyOpen,
    CurlyClose,
    EmptyIndex,
}

/// What a match does that is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carry {
    Dollar,
    Raw,
    FormalComment,
    Comment,
    Hash,
    /// A character of `#[[ … ]]#`.
    Character,
}

#[derive(Clone, Copy, Debug)]
enum Match {
    Token(Kind),
    Carry(Carry),
    /// A character of a comment.
    Skip,
    /// The end of a reference or of what looked like a directive: gives the character back.
    Terminate,
}

/// A token: a range of the text, with what was carried into it.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// A `$` or `#` that came to nothing, before this token.
    pub(super) before: Option<Box<str>>,
}

struct Saved {
    state: State,
    opened: u32,
    closed: u32,
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    state: State,
    stack: Vec<Saved>,
    /// Parentheses of this state.
    opened: u32,
    closed: u32,
    in_comment: bool,
    pub(super) in_set: bool,
    /// The run of backslashes looked at last, so that a long one is measured once.
    run: (usize, usize),
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            state: State::Text,
            stack: Vec::new(),
            opened: 0,
            closed: 0,
            in_comment: false,
            in_set: false,
            run: (0, 0),
        }
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn skip_while(&self, from: usize, belongs: impl Fn(u8) -> bool) -> usize {
        from + self.bytes.get(from..).unwrap_or_default().iter().take_while(|byte| belongs(**byte)).count()
    }

    /// The end of the run of backslashes from here.
    fn slashes(&mut self, from: usize) -> usize {
        if from < self.run.0 || from >= self.run.1 {
            self.run = (from, self.skip_while(from, |byte| byte == b'\\'));
        }
        self.run.1
    }

    fn character_bytes(&self, at: usize) -> usize {
        self.text[at..].chars().next().map_or(1, char::len_utf8)
    }

    pub(super) fn push(&mut self) {
        self.stack.push(Saved { state: self.state, opened: self.opened, closed: self.closed });
        self.opened = 0;
    }

    pub(super) fn pop(&mut self) -> bool {
        match self.stack.pop() {
            Some(saved) => {
                self.state = saved.state;
                self.opened = saved.opened;
                self.closed = saved.closed;
                true
            }
            None => {
                self.opened = 0;
                self.state = State::Text;
                false
            }
        }
    }

    pub(super) fn enter_directive(&mut self) {
        self.state = State::Directive;
    }

    /// Whether a `(` is next, after white space or at once.
    pub(super) fn parenthesis_follows(&self) -> bool {
        self.byte(self.skip_while(self.at, |byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))) == b'('
    }

    pub(super) fn next(&mut self) -> Result<Token, Wrong> {
        let mut before = String::new();
        'token: loop {
            let mut start = self.at;
            if self.at >= self.bytes.len() {
                return Ok(self.token(Kind::End, start, before));
            }
            loop {
                let from = self.at;
                let Some((found, length)) = self.longest(from) else {
                    let wrong = match self.text[from..].chars().next() {
                        Some(character) => format!("unexpected {character:?} here"),
                        None => format!("the template ends after {:?}, which begins something", &self.text[start..from]),
                    };
                    return Err(Wrong { at: from, message: wrong });
                };
                self.at = from + length;
                match found {
                    Match::Token(kind) => {
                        self.act(kind, &mut start);
                        return Ok(self.token(kind, start, before));
                    }
                    Match::Carry(carry) => {
                        self.carry(carry);
                        if self.at >= self.bytes.len() {
                            let carried: String = self.text[start..].chars().take(20).collect();
                            let wrong = format!("the template ends after {:?}, which begins something", carried.trim());
                            return Err(Wrong { at: self.at, message: wrong });
                        }
                    }
                    Match::Skip => {
                        continue 'token;
                    }
                    Match::Terminate => {
                        keep_signs(&self.text[start..self.at], &mut before);
                        self.at = from;
                        self.pop();
                        continue 'token;
                    }
                }
            }
        }
    }

    fn token(&self, kind: Kind, start: usize, before: String) -> Token {
        Token { kind, start, end: self.at, before: (!before.is_empty()).then(|| before.into_boxed_str()) }
    }

    fn carry(&mut self, carry: Carry) {
        if self.in_comment {
            return;
        }
        match carry {
            Carry::Dollar => {
                if self.state == State::Reference {
                    self.pop();
                }
                self.push();
                self.state = State::Reference;
            }
            Carry::Raw => {
                self.in_comment = true;
                self.push();
                self.state = State::Raw;
            }
            Carry::FormalComment | Carry::Comment => {
                if carry == Carry::FormalComment {
                    // Only `#**` is the sign; the character after it was looked at.
                    let last = self.text[..self.at].chars().next_back().map_or(1, char::len_utf8);
                    self.at -= last;
                }
                self.in_comment = true;
                self.push();
                self.state = State::BlockComment;
            }
            Carry::Hash => {
                if matches!(self.state, State::Reference | State::Member) {
                    self.pop();
                }
                self.push();
                self.state = State::Hash;
            }
            Carry::Character => {}
        }
    }

    /// What taking a token does to the machine.
    fn act(&mut self, kind: Kind, start: &mut usize) {
        match kind {
            Kind::IndexOpen => {
                self.push();
                self.state = State::Index;
            }
            Kind::IndexClose => {
                self.pop();
            }
            Kind::ParenOpen => {
                self.opened += 1;
                if self.state == State::Member {
                    self.state = State::Arguments;
                }
            }
            Kind::ParenClose => self.close_parenthesis(),
            Kind::CallClose => self.state = State::Reference,
            Kind::Set => {
                self.push();
                self.in_set = true;
                self.state = State::Directive;
                self.opened += 1;
            }
            Kind::LineCommentOpen => {
                if self.state == State::Reference {
                    self.pop();
                }
                self.in_comment = true;
                self.push();
                self.state = State::LineComment;
            }
            Kind::LineCommentClose | Kind::BlockCommentClose | Kind::RawClose => {
                self.in_comment = false;
                self.pop();
            }
            Kind::Str if self.state == State::Directive && !self.in_set && self.opened == 0 => {
                self.pop();
            }
            Kind::EndOfBlock | Kind::Else | Kind::CurlyClose => {
                self.pop();
            }
            Kind::If | Kind::ElseIf => self.state = State::Directive,
            Kind::Integer => {
                if self.text[..self.at].ends_with("..") {
                    self.at -= 2;
                }
                if self.opened == 0 && !self.in_set && !matches!(self.state, State::Arguments | State::Index) {
                    self.pop();
                }
            }
            Kind::Float if self.opened == 0 && !self.in_set && self.state != State::Arguments => {
                self.pop();
            }
            Kind::Dot => {
                self.at -= 1;
                *start = self.at - 1;
                self.state = State::Member;
            }
            _ => {}
        }
    }

    /// A `)` closes the state that has an open `(`; states without one are left on the way.
    fn close_parenthesis(&mut self) {
        loop {
            if self.opened > 0 {
                if self.opened == self.closed + 1 {
                    self.pop();
                } else {
                    self.closed += 1;
                }
                return;
            }
            if !self.pop() {
                return;
            }
        }
    }
}

/// Of what was carried to nowhere, `$` and `#` remain, and the backslashes right before a `$`.
fn keep_signs(carried: &str, kept: &mut String) {
    let bytes = carried.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            sign @ (b'#' | b'$') => kept.push(char::from(sign)),
            b'\\' => {
                let run = bytes[at..].iter().take_while(|byte| **byte == b'\\').count();
                if bytes.get(at + run) == Some(&b'$') {
                    kept.push_str(&carried[at..=at + run]);
                    // The character after it is passed over, as there.
                    at += run + 1;
                } else {
                    at += run - 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
}
