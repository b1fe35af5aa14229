//! Texts of a policy: with wildcards or without, with variables or without.

use crate::flaw::Flaw;
use crate::value::{Context, Scratch, Value};

/// A text that is held against another.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    parts: Box<[Part]>,
    case: Case,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(Box<[u8]>),
    /// `?`: one character.
    One,
    /// `*`: as many as there are.
    Run,
    /// `${key, 'default'}`.
    Variable {
        key: Box<str>,
        default: Option<Box<[u8]>>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Heeded,
    /// Of ASCII letters.
    Ignored,
}

/// How a text is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Whether `*` and `?` stand for others.
    pub(crate) wildcards: bool,
    /// Whether `${…}` is a variable: under version 2012-10-17.
    pub(crate) variables: bool,
    pub(crate) case: Case,
}

impl Pattern {
    pub(crate) fn read(text: &str, reading: Reading) -> Result<Pattern, Flaw> {
        let mut parts = Parts { parts: Vec::new(), text: Vec::new() };
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if reading.variables && rest.starts_with("${") {
                let (inside, after) = rest[2..].split_once('}').ok_or_else(|| Flaw::new(format!("a variable in {text:?} has no end")))?;
                match inside {
                    "*" | "?" | "$" => parts.text.extend(inside.bytes()),
                    _ => parts.push(variable(inside).ok_or_else(|| Flaw::new(format!("{text:?} has a variable that is none")))?),
                }
                rest = after;
                continue;
            }
            match first {
                '*' if reading.wildcards => parts.push(Part::Run),
                '?' if reading.wildcards => parts.push(Part::One),
                other => parts.text.extend(other.encode_utf8(&mut [0; 4]).bytes()),
            }
            rest = &rest[first.len_utf8()..];
        }
        parts.end_text();
        Ok(Pattern { parts: parts.parts.into(), case: reading.case })
    }

    /// Whether there is a variable in it.
    pub(crate) fn has_variable(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Variable { .. }))
    }

    /// Whether all its variables have values.
    pub(crate) fn is_known(&self, context: &dyn Context) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Variable { key, default } => {
                default.is_some() || context.value(key).is_some_and(|value| !matches!(value, Value::Texts(_)))
            }
            _ => true,
        })
    }

    /// Whether a text is what the pattern says. One with a variable that has no value matches nothing.
    pub(crate) fn matches(&self, text: &[u8], context: &dyn Context) -> bool {
        let (mut part, mut at) = (0, 0);
        // Where the last run began to be tried: all before it is settled, so that one place to go back to is enough.
        let mut run: Option<(usize, usize)> = None;
        loop {
            let taken = match self.parts.get(part) {
                None if at == text.len() => return true,
                None => None,
                Some(Part::Run) if part + 1 == self.parts.len() => return true,
                Some(Part::Run) => {
                    let Some(next) = self.next_begin(part + 1, text, at) else { return false };
                    run = Some((part + 1, next));
                    (part, at) = (part + 1, next);
                    continue;
                }
                Some(Part::One) => character(&text[at..]),
                Some(Part::Text(wanted)) => self.begins(&text[at..], wanted),
                Some(Part::Variable { key, default }) => {
                    let value = context.value(key);
                    let mut scratch = Scratch::new();
                    let Some(wanted) = value.as_ref().and_then(|value| value.text(&mut scratch)).or(default.as_deref()) else {
                        return false;
                    };
                    self.begins(&text[at..], wanted)
                }
            };
            match (taken, run) {
                (Some(bytes), _) => (part, at) = (part + 1, at + bytes),
                (None, Some((after, from))) if from < text.len() => {
                    let Some(next) = self.next_begin(after, text, from + 1) else { return false };
                    run = Some((after, next));
                    (part, at) = (after, next);
                }
                (None, _) => return false,
            }
        }
    }

    /// The next place from which on the parts behind a run may be tried: where the text that follows begins, and the only one if it is
    /// the last.
    fn next_begin(&self, part: usize, text: &[u8], from: usize) -> Option<usize> {
        match self.parts.get(part) {
            Some(Part::Text(wanted)) if part + 1 == self.parts.len() => text.len().checked_sub(wanted.len()).filter(|last| *last >= from),
            Some(Part::Text(wanted)) if self.case == Case::Heeded => memchr::memchr(wanted[0], &text[from..]).map(|ahead| from + ahead),
            _ => Some(from),
        }
    }

    fn begins(&self, text: &[u8], wanted: &[u8]) -> Option<usize> {
        let head = text.get(..wanted.len())?;
        let same = match self.case {
            Case::Heeded => head == wanted,
            Case::Ignored => head.eq_ignore_ascii_case(wanted),
        };
        same.then_some(wanted.len())
    }
}

/// Parts while they are read: texts side by side are one.
struct Parts {
    parts: Vec<Part>,
    text: Vec<u8>,
}

impl Parts {
    fn push(&mut self, part: Part) {
        self.end_text();
        // Two runs are one.
        if part != Part::Run || self.parts.last() != Some(&Part::Run) {
            self.parts.push(part);
        }
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text).into()));
        }
    }
}

/// `aws:username` or `aws:PrincipalTag/team, 'nobody'`.
fn variable(inside: &str) -> Option<Part> {
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().strip_prefix('\'')?.strip_suffix('\'')?.as_bytes().into())),
        None => (inside, None),
    };
    let key = key.trim().to_ascii_lowercase();
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte > b' ' && byte < 0x7f && !matches!(byte, b'$' | b'{' | b'*' | b'?'));
    is_key.then_some(Part::Variable { key: key.into(), default })
}

/// The bytes of the first character. Of bytes that are no UTF-8, one that begins none is a character with those that go on.
fn character(text: &[u8]) -> Option<usize> {
    let is_more = |byte: &&u8| (0x80..0xc0).contains(*byte);
    text.first().map(|_| 1 + text[1..].iter().take_while(is_more).count())
}

/// An ARN with wildcards, field by field.
#[derive(Clone, Debug)]
pub(crate) enum ArnPattern {
    Fields(Box<[Pattern; ARN_FIELDS]>),
    /// A variable stands for several fields.
    Whole(Pattern),
}

/// `arn:partition:service:region:account:resource`.
const ARN_FIELDS: usize = 6;

impl ArnPattern {
    /// Fields that are left out at the end are anything.
    pub(crate) fn read(text: &str, reading: Reading) -> Result<ArnPattern, Flaw> {
        let fields = fields(text, reading.variables);
        let patterns = fields.iter().map(|field| Pattern::read(field, reading)).collect::<Result<Vec<_>, _>>()?;
        let is_short = patterns.len() < ARN_FIELDS;
        if is_short && patterns.iter().any(Pattern::has_variable) {
            return Pattern::read(text, reading).map(ArnPattern::Whole);
        }
        let anything = Pattern { parts: [Part::Run].into(), case: reading.case };
        let all = patterns.into_iter().chain(std::iter::repeat(anything)).take(ARN_FIELDS).collect::<Vec<_>>();
        let all: Box<[Pattern; ARN_FIELDS]> = all.try_into().expect("so many were taken of an endless row");
        Ok(ArnPattern::Fields(all))
    }

    pub(crate) fn matches(&self, arn: &[u8], context: &dyn Context) -> bool {
        match self {
            ArnPattern::Whole(pattern) => pattern.matches(arn, context),
            ArnPattern::Fields(patterns) => {
                let mut fields = arn.splitn(ARN_FIELDS, |byte| *byte == b':');
                patterns.iter().all(|pattern| fields.next().is_some_and(|field| pattern.matches(field, context)))
            }
        }
    }
}

/// The pieces between colons, at most six. Colons within a variable part nothing.
fn fields(text: &str, variables: bool) -> Vec<&str> {
    let mut fields = Vec::with_capacity(ARN_FIELDS);
    let (mut from, mut inside) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'$' if variables && text[at..].starts_with("${") => inside = true,
            b'}' => inside = false,
            b':' if !inside && fields.len() < ARN_FIELDS - 1 => {
                fields.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    fields.push(&text[from..]);
    fields
}

/// A resource: the whole ARN is one text, over which `*` runs freely; one that is cut short goes on with anything.
pub(crate) fn resource(text: &str, reading: Reading) -> Result<Pattern, Flaw> {
    let missing = ARN_FIELDS - fields(text, reading.variables).len();
    match text.starts_with("arn:") && missing > 0 {
        true => Pattern::read(&format!("{text}{}", ":*".repeat(missing)), reading),
        false => Pattern::read(text, reading),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Nothing;
    use proptest::prelude::*;

    const LIKE: Reading = Reading { wildcards: true, variables: true, case: Case::Heeded };

    fn like(pattern: &str, text: &str) -> bool {
        Pattern::read(pattern, LIKE).unwrap().matches(text.as_bytes(), &Nothing)
    }

    struct One(&'static str, Value<'static>);

    impl Context for One {
        fn value(&self, key: &str) -> Option<Value<'_>> {
            (key == self.0).then_some(self.1)
        }
    }

    #[test]
    fn a_run_spans_everything_and_a_mark_one_character() {
        for (pattern, yes, no) in [
            ("*", "", "\0never"),
            ("a*", "a/b:c", "b"),
            ("a?c", "abc", "ac"),
            ("a?c", "aéc", "aééc"),
            ("*/GET/*", "api/prod/GET/", "api/prod/GET"),
            ("a*b*c", "a-b-b-c", "a-c-b"),
            ("*aab", "aaab", "aaba"),
            ("**?", "x", ""),
            ("${*}${?}${$}", "*?$", "abc"),
            ("$*", "$x", "x"),
        ] {
            assert!(like(pattern, yes), "{pattern} {yes}");
            assert!(!like(pattern, no) || no == "\0never", "{pattern} {no}");
        }
    }

    #[test]
    fn a_variable_is_its_value_and_no_pattern() {
        let pattern = Pattern::read("home/${aws:UserName}/*", LIKE).unwrap();
        assert!(pattern.matches(b"home/ann/x", &One("aws:username", Value::Text(b"ann"))));
        assert!(!pattern.matches(b"home/bob/x", &One("aws:username", Value::Text(b"*"))));
        assert!(!pattern.matches(b"home//x", &Nothing));
        assert!(!pattern.matches(b"home/${aws:UserName}/x", &Nothing));
        let number = Pattern::read("n=${aws:n}", LIKE).unwrap();
        assert!(number.matches(b"n=42", &One("aws:n", Value::Number(42))));
    }

    #[test]
    fn a_default_stands_in_for_a_value() {
        let pattern = Pattern::read("${aws:PrincipalTag/team, 'no*ne'}", LIKE).unwrap();
        assert!(pattern.matches(b"no*ne", &Nothing));
        assert!(!pattern.matches(b"none", &Nothing));
        assert!(pattern.matches(b"red", &One("aws:principaltag/team", Value::Text(b"red"))));
    }

    #[test]
    fn before_2012_there_are_no_variables() {
        let old = Reading { variables: false, ..LIKE };
        assert!(Pattern::read("${aws:username}", old).unwrap().matches(b"${aws:username}", &Nothing));
        assert!(Pattern::read("${", old).is_ok());
        for text in ["${", "a${b", "${}", "${a b}", "${a, b}", "${${a}}"] {
            assert!(Pattern::read(text, LIKE).is_err(), "{text}");
        }
    }

    #[test]
    fn an_arn_is_compared_field_by_field_and_a_resource_is_not() {
        let arn = |pattern: &str, text: &str| ArnPattern::read(pattern, LIKE).unwrap().matches(text.as_bytes(), &Nothing);
        let whole = |pattern: &str, text: &str| resource(pattern, LIKE).unwrap().matches(text.as_bytes(), &Nothing);
        let invoke = "arn:aws:execute-api:us-east-1:111111111111:a1/prod/GET/x:y";
        for pattern in ["arn:aws:execute-api:*:*:*", "arn:aws:execute-api", "*", "arn:*:*:us-????-1:1*1:a1/*:y"] {
            assert!(arn(pattern, invoke) && whole(pattern, invoke), "{pattern}");
        }
        assert!(!arn("arn:aws:*:a1/prod/GET/x:y", invoke));
        assert!(!arn("arn:aws:*:*:*:*:x:y", invoke));
        assert!(whole("arn:aws:*:*:*:*:y", invoke) && whole("arn:aws:execute-api:*:111111111111", invoke));
        assert!(!arn("*", "no arn"));
        assert!(!whole("arn:aws:execute-api:*:*:a1/prod", invoke));
        let held = One("aws:principalarn", Value::Text(b"arn:aws:iam::1:user/a"));
        assert!(ArnPattern::read("${aws:PrincipalArn}", LIKE).unwrap().matches(b"arn:aws:iam::1:user/a", &held));
        assert!(!ArnPattern::read("arn:aws:iam::${aws:x, '1:2'}:u", LIKE).unwrap().matches(b"arn:aws:iam::1:2:u", &Nothing));
    }

    /// As slow as can be, and as plain.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|from| naive(rest, &text[from..])),
            Some(('?', rest)) => !text.is_empty() && naive(rest, &text[1..]),
            Some((wanted, rest)) => text.first() == Some(wanted) && naive(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn wildcards_match_what_a_naive_reader_matches(pattern in "[abé*?]{0,10}", text in "[abé€]{0,12}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(like(&pattern, &text), naive(&p, &t));
        }
    }
}
