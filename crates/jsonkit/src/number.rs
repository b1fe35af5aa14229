//! Numbers as Java holds and prints them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Characters from which a number with a fraction or an exponent keeps its digits. (assumed: json-smart)
const DECIMAL_FROM_CHARS: usize = 19;

/// A number: Java's `Integer` or `Long`, `Double`, `BigInteger` or `BigDecimal`.
///
/// Two numbers are equal when they are mathematically: `1`, `1.0` and `1.00` are one.
#[derive(Clone, Debug)]
pub enum Number {
    Int(i64),
    Double(f64),
    /// An integer beyond 64 bits, as its digits: no leading zeros, `-` if negative.
    Big(Arc<str>),
    /// A number of so many digits that Java keeps them, as `BigDecimal` prints it.
    Decimal(Arc<str>),
}

/// A number as digits times a power of ten; no zeros at either end. Zero has no digits.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Digits<'a> {
    negative: bool,
    digits: Cow<'a, str>,
    exponent: i64,
}

impl Number {
    /// Reads a number that is known to follow JSON's grammar. `None`: its exponent is beyond what Java can hold.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            return Some(match text.parse() {
                Ok(int) => Self::Int(int),
                Err(_) => Self::Big(text.into()),
            });
        }
        if text.len() < DECIMAL_FROM_CHARS {
            return text.parse().ok().map(Self::Double);
        }
        decimal_text(text).map(|text| Self::Decimal(text.into()))
    }

    /// Whether it is written without fraction and exponent: what JSON Schema's draft 4 calls an integer.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Big(_))
    }

    /// The nearest double.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        match self {
            // What is lost beyond 53 bits is lost in Java, too.
            #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
            Self::Int(int) => *int as f64,
            Self::Double(double) => *double,
            Self::Big(text) | Self::Decimal(text) => text.parse().expect("a number's text is a number"),
        }
    }

    /// As a double, where that loses nothing.
    fn exactly(&self) -> Option<f64> {
        match self {
            Self::Int(int) => i32::try_from(*int).ok().map(f64::from),
            Self::Double(double) => Some(*double),
            Self::Big(_) | Self::Decimal(_) => None,
        }
    }

    pub(crate) fn digits(&self) -> Digits<'_> {
        match self {
            Self::Int(int) => Digits::of(Cow::Owned(int.to_string()), 0),
            Self::Big(text) => Digits::of(Cow::Borrowed(text), 0),
            Self::Double(double) => Digits::read(&format!("{double:e}")),
            Self::Decimal(text) => Digits::read(text),
        }
    }

    /// Whether this is an integer times `divisor`. Exact for divisors of up to 19 digits, as near as doubles go beyond.
    pub(crate) fn is_multiple_of(&self, divisor: &Number) -> bool {
        if let (Self::Int(one), Self::Int(other)) = (self, divisor) {
            return *other != 0 && one.checked_rem(*other).unwrap_or(0) == 0;
        }
        let (one, other) = (self.digits(), divisor.digits());
        if one.digits.is_empty() {
            return true;
        }
        // One of them is scaled by powers of ten until both are integers.
        let shift = one.exponent - other.exponent;
        let modulus = other.digits.parse::<u64>().ok().and_then(|digits| {
            let scale = u32::try_from((-shift).max(0)).ok()?;
            digits.checked_mul(10u64.checked_pow(scale)?)
        });
        match modulus {
            None if shift < 0 && one.digits.len() < other.digits.len() + usize::try_from(-shift).unwrap_or(usize::MAX) => false,
            None | Some(0) => self.to_f64() % divisor.to_f64() == 0.0,
            Some(modulus) => one.remainder(modulus, shift.max(0).unsigned_abs()) == 0,
        }
    }
}

impl<'a> Digits<'a> {
    fn of(text: Cow<'a, str>, exponent: i64) -> Self {
        let negative = text.starts_with('-');
        let bare = text.trim_start_matches(['-', '0']);
        let kept = bare.trim_end_matches('0');
        if kept.is_empty() {
            return Self { negative: false, digits: Cow::Borrowed(""), exponent: 0 };
        }
        let zeros = i64::try_from(bare.len() - kept.len()).expect("a text has not that many digits");
        let (start, end) = (text.len() - bare.len(), text.len() - bare.len() + kept.len());
        let digits = match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[start..end]),
            Cow::Owned(text) => Cow::Owned(text[start..end].to_owned()),
        };
        Self { negative, digits, exponent: exponent + zeros }
    }

    /// Reads a decimal with an optional fraction and exponent. Infinities have a power that no text reaches.
    fn read(text: &str) -> Digits<'static> {
        let negative = text.starts_with('-');
        if text.ends_with("inf") {
            return Digits { negative, digits: Cow::Borrowed("1"), exponent: i64::MAX / 4 };
        }
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i64 = exponent.parse().expect("the exponent of a number that was read is small");
        let places = i64::try_from(fraction.len()).expect("a text has not that many digits");
        Digits::of(Cow::Owned(format!("{whole}{fraction}")), exponent - places)
    }

    /// Of these digits with so many zeros behind them, by a modulus.
    fn remainder(&self, modulus: u64, zeros: u64) -> u64 {
        let wide = u128::from(modulus);
        let step = |rest: u128, digit: u8| (rest * 10 + u128::from(digit - b'0')) % wide;
        let rest = self.digits.bytes().fold(0, step);
        let (mut power, mut base, mut left) = (1 % wide, 10 % wide, zeros);
        while left > 0 {
            if left & 1 == 1 {
                power = power * base % wide;
            }
            base = base * base % wide;
            left >>= 1;
        }
        u64::try_from(rest * power % wide).expect("a remainder is smaller than its modulus")
    }

    /// The power of ten of the first digit.
    fn magnitude(&self) -> i64 {
        self.exponent + i64::try_from(self.digits.len()).expect("a text has not that many digits")
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Self::Int(one), Self::Int(other)) = (self, other) {
            return one.cmp(other);
        }
        if let (Some(one), Some(other)) = (self.exactly(), other.exactly())
            && let Some(order) = one.partial_cmp(&other)
        {
            return order;
        }
        let (one, other) = (self.digits(), other.digits());
        let sign = |it: &Digits<'_>| if it.digits.is_empty() { 0 } else { 1 - 2 * i8::from(it.negative) };
        let by_size = || one.magnitude().cmp(&other.magnitude()).then_with(|| one.digits.cmp(&other.digits));
        sign(&one).cmp(&sign(&other)).then_with(|| match sign(&one) {
            0 => Ordering::Equal,
            1 => by_size(),
            _ => by_size().reverse(),
        })
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digits().hash(state);
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => int.fmt(f),
            // As json-smart writes what JSON cannot say.
            Self::Double(double) if !double.is_finite() => f.write_str("null"),
            Self::Double(double) => f.write_str(&double_text(*double)),
            Self::Big(text) | Self::Decimal(text) => f.write_str(text),
        }
    }
}

/// `Double.toString`: plain from a thousandth up to ten million, with an exponent outside; at least one digit behind the point.
fn double_text(double: f64) -> String {
    let size = double.abs();
    if double == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{double:?}");
    }
    let text = format!("{double:e}");
    let (mantissa, exponent) = text.split_once('e').expect("this form has an exponent");
    let point = if mantissa.contains('.') { "" } else { ".0" };
    format!("{mantissa}{point}E{exponent}")
}

/// `new BigDecimal(text).toString()`.
fn decimal_text(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent = i64::from(exponent.parse::<i32>().ok()?);
    let negative = if mantissa.starts_with('-') { "-" } else { "" };
    let (whole, fraction) = mantissa.trim_start_matches('-').split_once('.').unwrap_or((mantissa.trim_start_matches('-'), ""));
    let all = format!("{whole}{fraction}");
    let digits = match all.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let scale = i64::try_from(fraction.len()).ok()? - exponent;
    let count = i64::try_from(digits.len()).ok()?;
    let adjusted = count - 1 - scale;
    i32::try_from(scale).ok()?;
    Some(if scale == 0 {
        format!("{negative}{digits}")
    } else if scale > 0 && adjusted >= -6 {
        let zeros = "0".repeat(usize::try_from(scale + 1 - count).unwrap_or(0));
        let padded = format!("{zeros}{digits}");
        let (whole, fraction) = padded.split_at(padded.len() - usize::try_from(scale).ok()?);
        format!("{negative}{whole}.{fraction}")
    } else {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        format!("{negative}{first}{point}{rest}E{adjusted:+}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::read(text).unwrap()
    }

    #[test]
    fn numbers_print_as_java_prints_them() {
        for (read, printed) in [
            ("1", "1"),
            ("-0", "0"),
            ("-0.0", "-0.0"),
            ("1.0", "1.0"),
            ("1.25", "1.25"),
            ("1e5", "100000.0"),
            ("1e10", "1.0E10"),
            ("12345678.5", "1.23456785E7"),
            ("0.001", "0.001"),
            ("0.0001", "1.0E-4"),
            ("9223372036854775807", "9223372036854775807"),
            ("9223372036854775808", "9223372036854775808"),
            ("-123456789012345678901234567890", "-123456789012345678901234567890"),
            ("3.141592653589793238", "3.141592653589793238"),
            ("0.00000012345678901234567890", "1.2345678901234567890E-7"),
            ("-1.00000000000000000e300", "-1.00000000000000000E+300"),
            ("123456789012345678.0e1", "1234567890123456780"),
            ("1e400", "null"),
        ] {
            assert_eq!(number(read).to_string(), printed, "{read}");
        }
        assert!(Number::read("1.0000000000000000000e9999999999").is_none());
    }

    #[test]
    fn numbers_are_equal_and_ordered_by_what_they_mean() {
        let sorted = ["-1e400", "-1e300", "-2", "-1.5", "0", "1e-7", "0.5", "1", "2.5", "10", "1e19", "123456789012345678901", "1e400"];
        for (at, one) in sorted.iter().enumerate() {
            for (place, other) in sorted.iter().enumerate() {
                assert_eq!(number(one).cmp(&number(other)), at.cmp(&place), "{one} and {other}");
            }
        }
        for same in ["100", "100.0", "1e2", "100.000000000000000000000", "1.00E+2"] {
            assert_eq!(number(same), Number::Int(100), "{same}");
        }
        assert_eq!(number("-0.0"), Number::Int(0));
    }

    #[test]
    fn multiples_are_exact() {
        for (one, divisor, is) in [
            ("10", "5", true),
            ("7", "2", false),
            ("0.0075", "0.0001", true),
            ("0.00751", "0.0001", false),
            ("4.5", "1.5", true),
            ("35", "1.5", false),
            ("0", "3", true),
            ("1e308", "0.5", true),
            ("1e308", "3", false),
            ("0.01", "10", false),
            ("12391239123", "1e-8", true),
            ("1e-300", "1", false),
            ("1", "0", false),
            ("123456789012345678901234567890", "10", true),
        ] {
            assert_eq!(number(one).is_multiple_of(&number(divisor)), is, "{one} of {divisor}");
        }
    }
}
