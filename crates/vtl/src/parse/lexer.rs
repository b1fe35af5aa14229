//! Text → tokens, as Velocity 1.7 cuts it.
//!
//! Velocity's language is what its token machine makes of it: what a character means depends on a state, states are stacked, and the
//! longest match of a state wins (of equals, the first below). Most of the odd corners (`$n-1` is one name, `\\$x` escapes, `#if(…)` eats
//! the line break, a lone `$` at the end is an error) are nothing but this machine, so this is the machine, by hand.
//!
//! A `$` or `#` is no token of its own: it moves the machine to another state and is *carried* into the token that follows. When nothing
//! sensible follows it is left as the `before` text of the next token.

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

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'@'
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

    /// The longest match at a place, of the state; of equally long ones the first.
    fn longest(&mut self, at: usize) -> Option<(Match, usize)> {
        if at >= self.bytes.len() {
            return None;
        }
        let mut best = Best { found: None };
        match self.state {
            State::Text => self.in_text(at, &mut best),
            State::Reference | State::Member => self.in_reference(at, &mut best),
            State::Arguments => self.in_arguments(at, &mut best),
            State::Index => self.in_index(at, &mut best),
            State::Directive => self.in_directive(at, &mut best),
            State::Hash => self.after_hash(at, &mut best),
            State::LineComment | State::BlockComment | State::Raw => self.in_comment(at, &mut best),
        }
        best.found
    }

    fn in_text(&mut self, at: usize, best: &mut Best) {
        let slashes = self.slashes(at);
        if (slashes - at) % 2 == 1 && self.byte(slashes) == b'#' {
            let word = self.word(slashes + 1).max(self.bracketed_word(slashes + 1));
            if word > 0 {
                best.token(Kind::EscapedDirective, slashes + 1 - at + word);
            }
        }
        self.set(at, best);
        self.signs(at, best);
        if self.bytes[at..].starts_with(b"##") {
            best.token(Kind::LineCommentOpen, 2);
        }
        if self.bytes[at..].starts_with(b"\\\\") {
            best.token(Kind::DoubleEscape, 2);
        }
        if self.byte(at) == b'\\' {
            best.token(Kind::Escape, 1);
        }
        let text = self.skip_while(at, |byte| !matches!(byte, b'$' | b'#' | b'\\')) - at;
        best.token(Kind::Text, text);
        self.empty_index(at, best);
    }

    fn in_reference(&mut self, at: usize, best: &mut Best) {
        let byte = self.byte(at);
        if byte == b'[' {
            best.token(Kind::IndexOpen, 1);
        }
        if byte == b'(' && self.state == State::Member {
            best.token(Kind::ParenOpen, 1);
        }
        self.set(at, best);
        self.signs(at, best);
        if self.state == State::Reference && self.bytes[at..].starts_with(b"##") {
            best.token(Kind::LineCommentOpen, 2);
        }
        self.truth(at, best);
        self.name(at, best);
        if byte == b'{' {
            best.token(Kind::CurlyOpen, 1);
        }
        if byte == b'}' {
            best.token(Kind::CurlyClose, 1);
        }
        best.take(Match::Terminate, self.character_bytes(at));
        if self.state == State::Reference {
            self.empty_index(at, best);
        }
    }

    fn in_arguments(&mut self, at: usize, best: &mut Best) {
        self.punctuation(at, best);
        if self.byte(at) == b')' {
            best.token(Kind::CallClose, 1);
        }
        self.set(at, best);
        self.signs(at, best);
        self.white_and_strings(at, best);
        self.truth(at, best);
        self.number(at, best);
        self.name(at, best);
    }

    fn in_index(&mut self, at: usize, best: &mut Best) {
        if self.byte(at) == b']' {
            best.token(Kind::IndexClose, 1);
        }
        self.signs(at, best);
        self.white_and_strings(at, best);
        self.truth(at, best);
        self.number(at, best);
    }

    fn in_directive(&mut self, at: usize, best: &mut Best) {
        self.punctuation(at, best);
        match self.byte(at) {
            b'(' => best.token(Kind::ParenOpen, 1),
            b')' => best.token(Kind::ParenClose, 1 + self.line_end(at + 1)),
            _ => {}
        }
        self.signs(at, best);
        if self.bytes[at..].starts_with(b"##") {
            best.token(Kind::LineCommentOpen, 2);
        }
        self.white_and_strings(at, best);
        self.truth(at, best);
        const OPERATORS: [(&[u8], Kind); 23] = [
            (b"-", Kind::Minus),
            (b"+", Kind::Plus),
            (b"*", Kind::Times),
            (b"/", Kind::Divide),
            (b"%", Kind::Modulus),
            (b"&&", Kind::And),
            (b"and", Kind::And),
            (b"||", Kind::Or),
            (b"or", Kind::Or),
            (b"<", Kind::Less),
            (b"lt", Kind::Less),
            (b"<=", Kind::LessOrEqual),
            (b"le", Kind::LessOrEqual),
            (b">", Kind::Greater),
            (b"gt", Kind::Greater),
            (b">=", Kind::GreaterOrEqual),
            (b"ge", Kind::GreaterOrEqual),
            (b"==", Kind::Equal),
            (b"eq", Kind::Equal),
            (b"!=", Kind::NotEqual),
            (b"ne", Kind::NotEqual),
            (b"!", Kind::Not),
            (b"not", Kind::Not),
        ];
        for (sign, kind) in OPERATORS {
            if self.bytes[at..].starts_with(sign) {
                best.token(kind, sign.len());
            }
        }
        if self.byte(at) == b'=' {
            best.token(Kind::Assign, 1);
        }
        self.number(at, best);
        best.token(Kind::Word, self.word(at));
        best.token(Kind::BracketedWord, self.bracketed_word(at));
    }

    fn after_hash(&mut self, at: usize, best: &mut Best) {
        self.signs(at, best);
        if self.bytes[at..].starts_with(b"##") {
            best.token(Kind::LineCommentOpen, 2);
        }
        let words: [(&[u8], Kind); 8] = [
            (b"end", Kind::EndOfBlock),
            (b"{end}", Kind::EndOfBlock),
            (b"if", Kind::If),
            (b"{if}", Kind::If),
            (b"elseif", Kind::ElseIf),
            (b"{elseif}", Kind::ElseIf),
            (b"else", Kind::Else),
            (b"{else}", Kind::Else),
        ];
        for (word, kind) in words {
            if self.bytes[at..].starts_with(word) {
                let eats_line_end = matches!(kind, Kind::EndOfBlock | Kind::Else);
                best.token(kind, word.len() + if eats_line_end { self.line_end(at + word.len()) } else { 0 });
            }
        }
        self.number(at, best);
        best.token(Kind::Word, self.word(at));
        best.token(Kind::BracketedWord, self.bracketed_word(at));
        best.take(Match::Terminate, self.character_bytes(at));
    }

    fn in_comment(&mut self, at: usize, best: &mut Best) {
        self.signs(at, best);
        match self.state {
            State::LineComment => best.token(Kind::LineCommentClose, self.break_bytes(at)),
            State::BlockComment if self.bytes[at..].starts_with(b"*#") => best.token(Kind::BlockCommentClose, 2),
            State::Raw if self.bytes[at..].starts_with(b"]]#") => best.token(Kind::RawClose, 3),
            _ => {}
        }
        let character = self.character_bytes(at);
        best.take(if self.state == State::Raw { Match::Carry(Carry::Character) } else { Match::Skip }, character);
    }

    /// What begins references, directives and comments, in all states.
    fn signs(&mut self, at: usize, best: &mut Best) {
        let slashes = self.slashes(at);
        if self.byte(slashes) == b'$' {
            let dollar = slashes + 1;
            best.take(Match::Carry(Carry::Dollar), dollar - at);
            let more = self.skip_while(dollar, |byte| byte == b'\\');
            if self.byte(more) == b'!' {
                best.take(Match::Carry(Carry::Dollar), more + 1 - at);
            }
        }
        if self.byte(at) == b'#' {
            let rest = &self.bytes[at..];
            if rest.starts_with(b"#[[") {
                best.take(Match::Carry(Carry::Raw), 3);
            }
            if rest.starts_with(b"#**") && rest.len() > 3 && rest[3] != b'#' {
                best.take(Match::Carry(Carry::FormalComment), 3 + self.character_bytes(at + 3));
            }
            if rest.starts_with(b"#*") {
                best.take(Match::Carry(Carry::Comment), 2);
            }
            best.take(Match::Carry(Carry::Hash), 1);
        }
    }

    /// `#set(`, with the blanks before it.
    fn set(&mut self, at: usize, best: &mut Best) {
        let hash = self.skip_while(at, |byte| matches!(byte, b' ' | b'\t'));
        let rest = self.bytes.get(hash..).unwrap_or_default();
        let word = match rest {
            _ if rest.starts_with(b"#set") => 4,
            _ if rest.starts_with(b"#{set}") => 6,
            _ => return,
        };
        let open = self.skip_while(hash + word, |byte| byte == b' ');
        if self.byte(open) == b'(' {
            best.token(Kind::Set, open + 1 - at);
        }
    }

    fn empty_index(&self, at: usize, best: &mut Best) {
        for sign in [&b"$["[..], b"$![", b"$\\![", b"$."] {
            if self.bytes[at..].starts_with(sign) {
                best.token(Kind::EmptyIndex, sign.len());
            }
        }
    }

    fn punctuation(&self, at: usize, best: &mut Best) {
        match self.byte(at) {
            b'[' => best.token(Kind::ListOpen, 1),
            b']' => best.token(Kind::ListClose, 1),
            b',' => best.token(Kind::Comma, 1),
            b':' => best.token(Kind::Colon, 1),
            b'{' => best.token(Kind::MapOpen, 1),
            b'}' => best.token(Kind::MapClose, 1),
            b'.' if self.byte(at + 1) == b'.' => best.token(Kind::DoubleDot, 2),
            _ => {}
        }
    }

    fn white_and_strings(&self, at: usize, best: &mut Best) {
        match self.byte(at) {
            b' ' | b'\t' | b'\n' | b'\r' => {
                best.token(Kind::White, self.skip_while(at, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) - at);
            }
            quote @ (b'"' | b'\'') => best.token(Kind::Str, self.string(at, quote)),
            _ => {}
        }
    }

    /// A string: to its closing quote; a doubled quote is a quote within it, provided that another one closes it at last.
    fn string(&self, at: usize, quote: u8) -> usize {
        let (mut from, mut length) = (at + 1, 0);
        while let Some(found) = self.bytes.get(from..).unwrap_or_default().iter().position(|byte| *byte == quote) {
            let close = from + found;
            length = close + 1 - at;
            if self.byte(close + 1) != quote {
                break;
            }
            from = close + 2;
        }
        length
    }

    fn truth(&self, at: usize, best: &mut Best) {
        if self.bytes[at..].starts_with(b"true") {
            best.token(Kind::True, 4);
        }
        if self.bytes[at..].starts_with(b"false") {
            best.token(Kind::False, 5);
        }
    }

    fn number(&self, at: usize, best: &mut Best) {
        let digits = |from| self.skip_while(from, |byte| byte.is_ascii_digit());
        let exponent = |from: usize| {
            if !matches!(self.byte(from), b'e' | b'E') {
                return from;
            }
            let first = if matches!(self.byte(from + 1), b'+' | b'-') { from + 2 } else { from + 1 };
            let end = digits(first);
            if end > first { end } else { from }
        };
        let first = if self.byte(at) == b'-' { at + 1 } else { at };
        let whole = digits(first);
        if whole > first {
            let range = if self.bytes[whole..].starts_with(b"..") { 2 } else { 0 };
            best.token(Kind::Integer, whole + range - at);
            if self.byte(whole) == b'.' {
                best.token(Kind::Float, exponent(digits(whole + 1)) - at);
            } else if exponent(whole) > whole {
                best.token(Kind::Float, exponent(whole) - at);
            }
        } else if self.byte(first) == b'.' && self.byte(first + 1).is_ascii_digit() {
            best.token(Kind::Float, exponent(digits(first + 1)) - at);
        }
    }

    fn name(&self, at: usize, best: &mut Best) {
        if is_word_start(self.byte(at)) {
            best.token(Kind::Name, self.skip_while(at, is_name) - at);
        }
        if self.byte(at) == b'.' && self.byte(at + 1).is_ascii_alphabetic() {
            best.token(Kind::Dot, 2);
        }
    }

    fn word(&self, at: usize) -> usize {
        if is_word_start(self.byte(at)) || self.byte(at) == b'@' { self.skip_while(at, is_word) - at } else { 0 }
    }

    fn bracketed_word(&self, at: usize) -> usize {
        if self.byte(at) != b'{' || !is_word_start(self.byte(at + 1)) {
            return 0;
        }
        let close = self.skip_while(at + 1, is_word);
        if self.byte(close) == b'}' { close + 1 - at } else { 0 }
    }

    fn break_bytes(&self, at: usize) -> usize {
        match (self.byte(at), self.byte(at + 1)) {
            (b'\r', b'\n') => 2,
            (b'\r' | b'\n', _) => 1,
            _ => 0,
        }
    }

    /// Blanks and a line break, when there is a line break.
    fn line_end(&self, at: usize) -> usize {
        let end = self.skip_while(at, |byte| matches!(byte, b' ' | b'\t'));
        match self.break_bytes(end) {
            0 => 0,
            bytes => end + bytes - at,
        }
    }
}

struct Best {
    found: Option<(Match, usize)>,
}

impl Best {
    fn take(&mut self, found: Match, length: usize) {
        if length > self.found.map_or(0, |(_, longest)| longest) {
            self.found = Some((found, length));
        }
    }

    fn token(&mut self, kind: Kind, length: usize) {
        self.take(Match::Token(kind), length);
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
