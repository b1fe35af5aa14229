//! What `java.lang.String` has. Java counts in UTF-16 units: so do all indexes and lengths here.

use super::{Call, Method, Pattern, equals, format, out_of_bounds, refuse_kind, refuse_null};
use crate::error::Fault;
use crate::run::Fuel;
use crate::text::Text;
use crate::value::{List, Value};

/// Steps that compiling a pattern costs.
const PATTERN_STEPS: u64 = 2_000;

pub(super) fn call(text: &Text, call: &Call<'_>, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    fuel.spend_bytes(text.len())?;
    Ok(match call.arguments {
        [] => bare(text, call.method, fuel)?,
        // A null fits every argument that is no number, and most methods then throw.
        [first, ..] if first.is_null() && call.method.is_of_strings() => return with_null(call),
        [Value::Int(number)] if call.method != Method::CompareTo => with_number(text, call.method, *number, fuel)?,
        [Value::Int(from), Value::Int(to)] => match call.method {
            Method::Substring | Method::SubSequence => made(range(text, *from, *to)?.to_owned(), fuel)?,
            _ => Value::Null,
        },
        [Value::Str(other)] => with_text(text, other, call, fuel)?,
        [Value::Str(from), Value::Str(to)] => match call.method {
            Method::Replace => replaced(text, from, to, fuel)?,
            Method::ReplaceAll | Method::ReplaceFirst => {
                let is_first = call.method == Method::ReplaceFirst;
                let bytes_max = fuel.limits.string_bytes_max;
                made(with_pattern(from, call, fuel, |pattern| pattern.replace(text, to, is_first, bytes_max))??, fuel)?
            }
            _ => more(call, fuel)?,
        },
        [Value::Str(other), Value::Int(number)] => match call.method {
            Method::Split => split(text, other, *number, call, fuel)?,
            Method::IndexOf => Value::Int(index_of(text, other, *number)),
            Method::LastIndexOf => Value::Int(last_index_of(text, other, *number)),
            Method::StartsWith => {
                Value::Bool(*number >= 0 && range(text, *number, units(text) as i64).is_ok_and(|rest| rest.starts_with(&**other)))
            }
            _ => more(call, fuel)?,
        },
        [other] if call.method == Method::CompareTo => return Err(refuse_kind("compareTo", other)),
        [other] if call.method == Method::Equals => Value::Bool(equals(&Value::Str(text.clone()), other, fuel)?),
        _ => more(call, fuel)?,
    })
}

impl Method {
    fn is_of_strings(self) -> bool {
        matches!(
            self,
            Self::Concat
                | Self::CompareTo
                | Self::CompareToIgnoreCase
                | Self::Contains
                | Self::ContentEquals
                | Self::EndsWith
                | Self::Equals
                | Self::EqualsIgnoreCase
                | Self::Matches
                | Self::Replace
                | Self::ReplaceAll
                | Self::ReplaceFirst
                | Self::Split
                | Self::StartsWith
        )
    }
}

fn with_null(call: &Call<'_>) -> Result<Value, Fault> {
    match call.method {
        Method::Equals | Method::EqualsIgnoreCase => Ok(Value::Bool(false)),
        _ => Err(refuse_null("a method of a string")),
    }
}

/// A string that a method made.
fn made(text: String, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    fuel.check_string(text.len())?;
    Ok(Value::from(text))
}

fn bare(text: &Text, method: Method, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    Ok(match method {
        Method::Length => Value::Int(units(text) as i64),
        Method::IsEmpty => Value::Bool(text.is_empty()),
        Method::IsBlank => Value::Bool(text.trim().is_empty()),
        Method::ToLowerCase => made(text.to_lowercase(), fuel)?,
        Method::ToUpperCase => made(text.to_uppercase(), fuel)?,
        // Java trims all up to the blank, and nothing else.
        Method::Trim => made(text.trim_matches(|character| character <= ' ').to_owned(), fuel)?,
        Method::Strip => made(text.trim().to_owned(), fuel)?,
        Method::StripLeading => made(text.trim_start().to_owned(), fuel)?,
        Method::StripTrailing => made(text.trim_end().to_owned(), fuel)?,
        Method::Intern => Value::Str(text.clone()),
        Method::HashCode => {
            let hash = text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
            Value::Int(i64::from(hash))
        }
        Method::ToCharArray => {
            fuel.check_items(text.len())?;
            fuel.spend_items(text.len())?;
            Value::List(List::array(text.chars().map(|character| Value::from(character.to_string())).collect()))
        }
        _ => Value::Null,
    })
}

fn with_number(text: &Text, method: Method, number: i64, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    Ok(match method {
        Method::Substring => made(range(text, number, units(text) as i64)?.to_owned(), fuel)?,
        Method::CharAt => Value::from(unit_at(text, number).map(character_of)?.to_string()),
        Method::CodePointAt => {
            let first = unit_at(text, number)?;
            let pair = unit_at(text, number + 1).ok().and_then(|second| char::decode_utf16([first, second]).next()?.ok());
            Value::Int(pair.map_or(i64::from(first), |character| i64::from(u32::from(character))))
        }
        Method::Repeat => {
            let times = usize::try_from(number).map_err(|_| Fault::call(format!("count is negative: {number}")))?;
            fuel.check_string(text.len().saturating_mul(times))?;
            Value::from(text.repeat(times))
        }
        Method::IndexOf | Method::LastIndexOf => {
            let wanted = u32::try_from(number).ok().and_then(char::from_u32).map(String::from).unwrap_or_default();
            match (wanted.is_empty(), method) {
                (true, _) => Value::Int(-1),
                (_, Method::IndexOf) => Value::Int(index_of(text, &wanted, 0)),
                _ => Value::Int(last_index_of(text, &wanted, i64::MAX)),
            }
        }
        Method::ValueOf => Value::from(number.to_string()),
        Method::Equals => Value::Bool(false),
        _ => Value::Null,
    })
}

fn with_text(text: &Text, other: &Text, call: &Call<'_>, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    Ok(match call.method {
        Method::Equals | Method::ContentEquals => Value::Bool(text == other),
        Method::EqualsIgnoreCase => Value::Bool(folded(text).eq(folded(other))),
        Method::CompareTo => Value::Int(compare(text.encode_utf16(), other.encode_utf16(), text, other)),
        Method::CompareToIgnoreCase => {
            let units = |text: &str| folded(text).collect::<String>().encode_utf16().collect::<Vec<_>>();
            Value::Int(compare(units(text).into_iter(), units(other).into_iter(), text, other))
        }
        Method::Contains => Value::Bool(text.contains(&**other)),
        Method::StartsWith => Value::Bool(text.starts_with(&**other)),
        Method::EndsWith => Value::Bool(text.ends_with(&**other)),
        Method::IndexOf => Value::Int(index_of(text, other, 0)),
        Method::LastIndexOf => Value::Int(last_index_of(text, other, i64::MAX)),
        Method::Concat => {
            fuel.check_string(text.len() + other.len())?;
            Value::from(format!("{}{}", &**text, &**other))
        }
        Method::Matches => Value::Bool(with_pattern(other, call, fuel, |pattern| pattern.is_whole(text))?),
        Method::Split => split(text, other, 0, call, fuel)?,
        Method::ValueOf => Value::Str(other.clone()),
        _ => more(call, fuel)?,
    })
}

/// What is a function of its arguments alone.
fn more(call: &Call<'_>, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    match (call.method, call.arguments) {
        (Method::Format, [Value::Str(pattern), values @ ..]) => {
            let values = match values {
                [Value::List(list)] if list.is_array() => list.items().clone(),
                _ => values.to_vec(),
            };
            let text = format::format(pattern, &values, fuel)?;
            made(text, fuel)
        }
        (Method::Join, [Value::Str(between), parts @ ..]) => {
            let parts = match parts {
                [Value::List(list)] => list.items().clone(),
                _ => parts.to_vec(),
            };
            let mut text = String::new();
            for (place, part) in parts.iter().enumerate() {
                if place > 0 {
                    text.push_str(between);
                }
                match part {
                    Value::Str(part) => text.push_str(part),
                    Value::Null | Value::Absent => text.push_str("null"),
                    _ => return Ok(Value::Null),
                }
                fuel.check_string(text.len())?;
            }
            Ok(Value::from(text))
        }
        (Method::ValueOf, [value]) => {
            let text = fuel.java_text(value)?;
            made(text, fuel)
        }
        _ => Ok(Value::Null),
    }
}

fn with_pattern<R>(text: &str, call: &Call<'_>, fuel: &mut Fuel<'_>, act: impl FnOnce(&Pattern) -> R) -> Result<R, Fault> {
    match call.pattern {
        Some(pattern) => Ok(act(pattern)),
        None => {
            fuel.spend(PATTERN_STEPS)?;
            Ok(act(&Pattern::compile(text)?))
        }
    }
}

fn split(text: &Text, pattern: &str, limit: i64, call: &Call<'_>, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    let parts: Vec<Value> = with_pattern(pattern, call, fuel, |pattern| pattern.split(text, limit).into_iter().map(Value::from).collect())?;
    fuel.check_items(parts.len())?;
    fuel.spend_items(parts.len())?;
    Ok(Value::List(List::array(parts)))
}

fn replaced(text: &Text, from: &str, to: &str, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    let times = if from.is_empty() { text.chars().count() + 1 } else { text.matches(from).count() };
    if times == 0 {
        return Ok(Value::Str(text.clone()));
    }
    fuel.check_string((text.len() - times * from.len()).saturating_add(times.saturating_mul(to.len())))?;
    made(text.replace(from, to), fuel)
}

/// The length in UTF-16 units.
fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// The byte at which a unit begins; none when it is out of bounds. The middle of a pair is where the pair begins.
fn byte_of(text: &str, unit: i64) -> Option<usize> {
    let unit = usize::try_from(unit).ok()?;
    if text.is_ascii() {
        return (unit <= text.len()).then_some(unit);
    }
    let mut at = 0;
    for (byte, character) in text.char_indices() {
        if at + character.len_utf16() > unit {
            return Some(byte);
        }
        at += character.len_utf16();
    }
    (at == unit).then_some(text.len())
}

fn range(text: &str, from: i64, to: i64) -> Result<&str, Fault> {
    match (byte_of(text, from), byte_of(text, to)) {
        (Some(start), Some(end)) if start <= end => Ok(&text[start..end]),
        _ => Err(Fault::call(format!("begin {from}, end {to}, length {}", units(text)))),
    }
}

fn unit_at(text: &str, unit: i64) -> Result<u16, Fault> {
    let found = usize::try_from(unit).ok().and_then(|unit| {
        if text.is_ascii() { text.as_bytes().get(unit).map(|byte| u16::from(*byte)) } else { text.encode_utf16().nth(unit) }
    });
    found.ok_or_else(|| out_of_bounds(unit, units(text)))
}

/// Half of a pair is no character: it is written `?`, as Java does.
fn character_of(unit: u16) -> char {
    char::from_u32(u32::from(unit)).unwrap_or('?')
}

fn index_of(text: &str, wanted: &str, from: i64) -> i64 {
    let length = units(text);
    let from = from.clamp(0, length as i64);
    let Some(start) = byte_of(text, from) else { return -1 };
    match text[start..].find(wanted) {
        Some(found) => units(&text[..start + found]) as i64,
        None => -1,
    }
}

fn last_index_of(text: &str, wanted: &str, from: i64) -> i64 {
    if from < 0 {
        return -1;
    }
    let start = byte_of(text, from).unwrap_or(text.len());
    let end = start.saturating_add(wanted.len()).min(text.len());
    let end = (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
    text[..end].rfind(wanted).map_or(-1, |found| units(&text[..found]) as i64)
}

fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

fn compare(one: impl Iterator<Item = u16>, other: impl Iterator<Item = u16>, first: &str, second: &str) -> i64 {
    match one.zip(other).find(|(one, other)| one != other) {
        Some((one, other)) => i64::from(one) - i64::from(other),
        None => units(first) as i64 - units(second) as i64,
    }
}
