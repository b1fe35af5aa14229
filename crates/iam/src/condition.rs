//! Conditions: an operator, a key, and the values it is held against.

use crate::flaw::Flaw;
use crate::pattern::{ArnPattern, Case, Pattern, Reading};
use crate::time;
use crate::value::{self, Context, Scratch, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::cmp::Ordering;
use std::net::IpAddr;

/// One key under one operator.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// In lower case.
    key: Box<str>,
    operator: Operator,
    wanted: Wanted,
}

/// What stands before the colon of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// Nothing: the key has one value.
    One,
    Any,
    All,
}

/// An operator without its values: `ForAnyValue:StringNotLikeIfExists`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operator {
    of: Of,
    test: Test,
    negated: bool,
    if_exists: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Text { wildcards: bool, case: Case },
    Arn,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a value is held against: any of these.
#[derive(Clone, Debug)]
enum Wanted {
    Texts(Box<[Pattern]>),
    Arns(Box<[ArnPattern]>),
    Numbers(Order, Box<[f64]>),
    Dates(Order, Box<[i64]>),
    Bools(Box<[bool]>),
    Binaries(Box<[Box<[u8]>]>),
    Networks(Box<[Network]>),
    Null(Box<[bool]>),
}

/// `203.0.113.0/24`.
#[derive(Clone, Copy, Debug)]
struct Network {
    ip: IpAddr,
    /// How many bits of it count.
    bits: u8,
}

const EQUALS: Test = Test::Text { wildcards: false, case: Case::Heeded };
const EQUALS_IGNORING_CASE: Test = Test::Text { wildcards: false, case: Case::Ignored };
const LIKE: Test = Test::Text { wildcards: true, case: Case::Heeded };

/// Every operator, with whether it is a negated one.
const OPERATORS: &[(&str, Test, bool)] = &[
    ("StringEquals", EQUALS, false),
    ("StringNotEquals", EQUALS, true),
    ("StringEqualsIgnoreCase", EQUALS_IGNORING_CASE, false),
    ("StringNotEqualsIgnoreCase", EQUALS_IGNORING_CASE, true),
    ("StringLike", LIKE, false),
    ("StringNotLike", LIKE, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnLike", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnNotLike", Test::Arn, true),
    ("NumericEquals", Test::Number(Order::Equal), false),
    ("NumericNotEquals", Test::Number(Order::Equal), true),
    ("NumericLessThan", Test::Number(Order::Less), false),
    ("NumericLessThanEquals", Test::Number(Order::LessOrEqual), false),
    ("NumericGreaterThan", Test::Number(Order::Greater), false),
    ("NumericGreaterThanEquals", Test::Number(Order::GreaterOrEqual), false),
    ("DateEquals", Test::Date(Order::Equal), false),
    ("DateNotEquals", Test::Date(Order::Equal), true),
    ("DateLessThan", Test::Date(Order::Less), false),
    ("DateLessThanEquals", Test::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Test::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Test::Date(Order::GreaterOrEqual), false),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", Test::Binary, false),
    ("IpAddress", Test::Ip, false),
    ("NotIpAddress", Test::Ip, true),
    ("Null", Test::Null, false),
];

const IF_EXISTS: &str = "IfExists";

impl Operator {
    /// The operator of this name.
    pub(crate) fn named(name: &str) -> Result<Operator, Flaw> {
        let unknown = || Flaw::new(format!("{name:?} is no operator of conditions"));
        let (of, rest) = match name.split_once(':') {
            None => (Of::One, name),
            Some((of, rest)) if of.eq_ignore_ascii_case("ForAnyValue") => (Of::Any, rest),
            Some((of, rest)) if of.eq_ignore_ascii_case("ForAllValues") => (Of::All, rest),
            Some(_) => return Err(unknown()),
        };
        let without = rest.len().checked_sub(IF_EXISTS.len()).and_then(|at| rest.split_at_checked(at));
        let (plain, if_exists) = match without {
            Some((plain, end)) if end.eq_ignore_ascii_case(IF_EXISTS) => (plain, true),
            _ => (rest, false),
        };
        let found = OPERATORS.iter().find(|(known, _, _)| known.eq_ignore_ascii_case(plain));
        let &(_, test, negated) = found.ok_or_else(unknown)?;
        if test == Test::Null && (if_exists || of != Of::One) {
            return Err(unknown());
        }
        Ok(Operator { of, test, negated, if_exists })
    }

    /// A condition: this operator, over a key, with the texts of its values.
    pub(crate) fn over(self, key: &str, values: &[String], variables: bool) -> Result<Condition, Flaw> {
        if key.is_empty() {
            return Err(Flaw::new("a key of a condition has no name"));
        }
        let wanted = match self.test {
            Test::Text { wildcards, case } => {
                let reading = Reading { wildcards, variables, case };
                Wanted::Texts(values.iter().map(|text| Pattern::read(text, reading)).collect::<Result<_, _>>()?)
            }
            Test::Arn => {
                let reading = Reading { wildcards: true, variables, case: Case::Heeded };
                Wanted::Arns(values.iter().map(|text| ArnPattern::read(text, reading)).collect::<Result<_, _>>()?)
            }
            Test::Number(order) => Wanted::Numbers(order, each(values, "number", value::number)?),
            Test::Date(order) => Wanted::Dates(order, each(values, "date", time::parse)?),
            Test::Bool => Wanted::Bools(each(values, "true or false", |text| value::bool(text.as_bytes()))?),
            Test::Null => Wanted::Null(each(values, "true or false", |text| value::bool(text.as_bytes()))?),
            Test::Binary => Wanted::Binaries(each(values, "base64", |text| STANDARD.decode(text).ok().map(Vec::into_boxed_slice))?),
            Test::Ip => Wanted::Networks(each(values, "address or network", Network::read)?),
        };
        Ok(Condition { key: key.to_ascii_lowercase().into(), operator: self, wanted })
    }
}

/// Every value read; none may be something else.
fn each<T>(values: &[String], what: &str, read: impl Fn(&str) -> Option<T>) -> Result<Box<[T]>, Flaw> {
    values.iter().map(|text| read(text).ok_or_else(|| Flaw::new(format!("{text:?} is no {what}")))).collect()
}

impl Condition {
    /// Whether it holds for a request.
    pub(crate) fn holds(&self, context: &dyn Context) -> bool {
        let value = context.value(&self.key).filter(|value| !value.is_empty());
        let Operator { of, negated, if_exists, .. } = self.operator;
        if let Wanted::Null(wanted) = &self.wanted {
            return wanted.contains(&value.is_none());
        }
        let Some(value) = value else { return if_exists || of == Of::All || (negated && of == Of::One) };
        let passes = |value: Value<'_>| self.wanted.has(&value, context) != negated;
        match of {
            Of::Any => value.each().any(passes),
            Of::All => value.each().all(passes),
            // A key of many values without a set operator is a mistake: it is read so that a policy opens less. (assumed)
            Of::One => value.each().all(passes),
        }
    }
}

impl Wanted {
    /// Whether a value is one of these. One of another sort is none of them.
    fn has(&self, value: &Value<'_>, context: &dyn Context) -> bool {
        match self {
            Wanted::Texts(patterns) => {
                let mut scratch = Scratch::new();
                value.text(&mut scratch).is_some_and(|text| patterns.iter().any(|pattern| pattern.matches(text, context)))
            }
            Wanted::Arns(patterns) => {
                let mut scratch = Scratch::new();
                value.text(&mut scratch).is_some_and(|text| patterns.iter().any(|pattern| pattern.matches(text, context)))
            }
            Wanted::Binaries(all) => {
                let mut scratch = Scratch::new();
                value.text(&mut scratch).is_some_and(|bytes| all.iter().any(|wanted| **wanted == *bytes))
            }
            Wanted::Numbers(order, all) => value
                .number()
                .is_some_and(|value| all.iter().any(|wanted| value.partial_cmp(wanted).is_some_and(|found| order.admits(found)))),
            Wanted::Dates(order, all) => value.time().is_some_and(|value| all.iter().any(|wanted| order.admits(value.cmp(wanted)))),
            Wanted::Bools(all) => value.bool().is_some_and(|value| all.contains(&value)),
            Wanted::Networks(all) => value.ip().is_some_and(|ip| all.iter().any(|network| network.has(ip))),
            Wanted::Null(_) => false,
        }
    }
}

impl Order {
    fn admits(self, found: Ordering) -> bool {
        match self {
            Order::Equal => found.is_eq(),
            Order::Less => found.is_lt(),
            Order::LessOrEqual => found.is_le(),
            Order::Greater => found.is_gt(),
            Order::GreaterOrEqual => found.is_ge(),
        }
    }
}

impl Network {
    /// `203.0.113.0/24`, `2001:db8::/32`, or one address. Bits behind the prefix do not count.
    fn read(text: &str) -> Option<Network> {
        let (ip, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
        let ip: IpAddr = ip.parse().ok()?;
        let bits_max = if ip.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => bits_max,
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok().filter(|bits| *bits <= bits_max)?,
            Some(_) => return None,
        };
        Some(Network { ip, bits })
    }

    fn has(&self, ip: IpAddr) -> bool {
        match (self.ip, ip) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                let differ = u32::from(network) ^ u32::from(ip);
                differ.checked_shr(32 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                let differ = u128::from(network) ^ u128::from(ip);
                differ.checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Held(Option<Value<'static>>);

    impl Context for Held {
        fn value(&self, key: &str) -> Option<Value<'_>> {
            self.0.filter(|_| key == "k")
        }
    }

    fn holds(operator: &str, wanted: &[&str], value: Option<Value<'static>>) -> bool {
        let wanted: Vec<String> = wanted.iter().map(|text| (*text).to_owned()).collect();
        Operator::named(operator).unwrap().over("K", &wanted, true).unwrap().holds(&Held(value))
    }

    fn text(text: &'static str) -> Option<Value<'static>> {
        Some(Value::Text(text.as_bytes()))
    }

    #[test]
    fn several_values_are_one_of_them_and_negated_none_of_them() {
        for (operator, a, c) in [("StringEquals", true, false), ("StringNotEquals", false, true), ("StringLike", true, false)] {
            assert_eq!(holds(operator, &["a", "b"], text("a")), a, "{operator}");
            assert_eq!(holds(operator, &["a", "b"], text("c")), c, "{operator}");
        }
        assert!(holds("StringEqualsIgnoreCase", &["ABC"], text("abc")) && !holds("StringEquals", &["ABC"], text("abc")));
        assert!(!holds("StringEquals", &["a*"], text("ab")) && holds("StringLike", &["a*"], text("ab")));
    }

    #[test]
    fn a_key_that_is_missing_fails_what_is_positive_and_passes_what_is_not() {
        for (operator, wanted) in [
            ("StringEquals", false),
            ("StringNotEquals", true),
            ("StringEqualsIfExists", true),
            ("StringNotEqualsIfExists", true),
            ("ForAnyValue:StringEquals", false),
            ("ForAnyValue:StringNotEquals", false),
            ("ForAnyValue:StringEqualsIfExists", true),
            ("ForAllValues:StringEquals", true),
            ("ForAllValues:StringNotEquals", true),
        ] {
            assert_eq!(holds(operator, &["a"], None), wanted, "{operator}");
            assert_eq!(holds(operator, &["a"], Some(Value::Texts(&[]))), wanted, "{operator}");
        }
        assert!(holds("Null", &["true"], None) && !holds("Null", &["true"], text("a")));
        assert!(holds("Null", &["false"], text("a")) && !holds("Null", &["false"], None));
    }

    #[test]
    fn sets_are_asked_for_any_or_all() {
        let both = Some(Value::Texts(&[b"a", b"x"]));
        assert!(holds("ForAnyValue:StringEquals", &["a", "b"], both) && !holds("ForAllValues:StringEquals", &["a", "b"], both));
        assert!(holds("ForAllValues:StringEquals", &["a", "x", "y"], both));
        assert!(holds("ForAnyValue:StringNotEquals", &["a"], both) && !holds("ForAllValues:StringNotEquals", &["a"], both));
    }

    #[test]
    fn networks_of_both_sorts() {
        let ip = |text: &str| Some(Value::Ip(text.parse().unwrap()));
        assert!(holds("IpAddress", &["203.0.113.77/24"], ip("203.0.113.1")) && !holds("IpAddress", &["203.0.113.0/24"], ip("203.0.114.1")));
        assert!(holds("IpAddress", &["10.0.0.1"], ip("::ffff:10.0.0.1")) && holds("IpAddress", &["0.0.0.0/0"], ip("9.9.9.9")));
        assert!(holds("IpAddress", &["2001:db8::/32", "::/128"], ip("2001:db8:1::1")) && holds("IpAddress", &["::/0"], ip("::1")));
        assert!(!holds("IpAddress", &["0.0.0.0/0"], ip("::1")) && holds("NotIpAddress", &["0.0.0.0/0"], ip("::1")));
        assert!(holds("IpAddress", &["10.0.0.0/8"], text("10.1.1.1")) && holds("NotIpAddress", &["10.0.0.0/8"], text("nowhere")));
    }

    #[test]
    fn numbers_dates_and_truths() {
        let number = Some(Value::Number(5));
        assert!(holds("NumericLessThan", &["4", "6"], number) && !holds("NumericGreaterThan", &["5"], number));
        assert!(holds("NumericGreaterThanEquals", &["5.0"], text("5")) && !holds("NumericEquals", &["5"], text("five")));
        let noon = Some(Value::Time(1_795_348_800_000));
        assert!(holds("DateEquals", &["2026-11-22T12:00:00Z"], noon) && holds("DateLessThan", &["2026-11-23"], noon));
        assert!(holds("NumericEquals", &["1795348800"], noon) && holds("StringEquals", &["2026-11-22T12:00:00Z"], noon));
        assert!(holds("DateEquals", &["1795348800"], Some(Value::Number(1_795_348_800))));
        assert!(holds("Bool", &["True"], Some(Value::Bool(true))) && !holds("Bool", &["true"], text("yes")));
        assert!(holds("BinaryEquals", &["AP8="], Some(Value::Text(&[0, 255]))));
    }

    #[test]
    fn what_is_no_operator_or_no_value_is_told() {
        for name in ["", "StringEqual", "ForAll:StringEquals", "NullIfExists", "ForAnyValue:Null", "IfExists", "ForAnyValue:"] {
            assert!(Operator::named(name).is_err(), "{name}");
        }
        assert!(Operator::named("foranyvalue:stringequalsifexists").is_ok());
        for (operator, value) in [
            ("NumericEquals", "x"),
            ("DateEquals", "x"),
            ("Bool", "1"),
            ("BinaryEquals", "*"),
            ("IpAddress", "10.0.0.0/33"),
            ("IpAddress", "10.0.0/8"),
            ("IpAddress", "::/129"),
            ("IpAddress", "10.0.0.0/+8"),
            ("Null", "${aws:x}"),
            ("StringEquals", "${"),
        ] {
            assert!(Operator::named(operator).unwrap().over("k", &[value.to_owned()], true).is_err(), "{operator} {value}");
        }
    }
}
