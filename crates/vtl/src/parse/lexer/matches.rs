//! What each state knows: which tokens may begin at a place, and how long they are.

use super::{Carry, Kind, Lexer, Match, State};

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'@'
}

impl Lexer<'_> {
    /// The longest match at a place, of the state; of equally long ones the first.
    pub(super) fn longest(&mut self, at: usize) -> Option<(Match, usize)> {
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
