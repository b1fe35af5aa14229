//! What numbers and booleans have, and how Java writes a double.

use super::{Call, Method, equals, refuse_kind, text_of};
use crate::error::Fault;
use crate::run::Fuel;
use crate::value::Value;
use std::fmt::{self, Write};

pub(super) fn call(number: &Value, call: &Call<'_>, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    let is_whole = !matches!(number, Value::Double(_));
    Ok(match (call.method, call.arguments) {
        (Method::IntValue, []) => Value::Int(i64::from(truncated(number) as i32)),
        (Method::ShortValue, []) => Value::Int(i64::from(truncated(number) as i16)),
        (Method::ByteValue, []) => Value::Int(i64::from(truncated(number) as i8)),
        (Method::LongValue, []) => Value::Int(truncated(number)),
        (Method::DoubleValue, []) => Value::Double(as_double(number)),
        (Method::FloatValue, []) => Value::Double(f64::from(as_double(number) as f32)),
        (Method::IsNan, []) if !is_whole => Value::Bool(as_double(number).is_nan()),
        (Method::IsInfinite, []) if !is_whole => Value::Bool(as_double(number).is_infinite()),
        (Method::Equals, [other]) => Value::Bool(equals(number, other, fuel)?),
        (Method::CompareTo, [other]) => match (number, other) {
            (Value::Int(one), Value::Int(other)) => ordering(one.cmp(other)),
            (Value::Double(one), Value::Double(other)) => ordering(one.total_cmp(other)),
            _ => return Err(refuse_kind("compareTo", other)),
        },
        (Method::HashCode, []) => match number {
            Value::Int(number) => {
                Value::Int(i64::from(if i32::try_from(*number).is_ok() { *number as i32 } else { (*number ^ (*number >> 32)) as i32 }))
            }
            _ => Value::Null,
        },
        (Method::ParseInt | Method::ParseLong, [Value::Null | Value::Absent]) if is_whole => return Err(Fault::call("null is no integer")),
        (Method::ParseInt | Method::ParseLong, [text]) if is_whole => match text_of(Some(text)) {
            Some(text) => parsed_integer(text)?,
            None => Value::Null,
        },
        (Method::ValueOf, [text]) => match (text, is_whole) {
            (Value::Str(text), true) => parsed_integer(text)?,
            (Value::Str(text), false) => parsed_double(text)?,
            (Value::Int(_), true) | (Value::Double(_), false) => text.clone(),
            _ => Value::Null,
        },
        (Method::ParseDouble, [text]) if !is_whole => match text_of(Some(text)) {
            Some(text) => parsed_double(text)?,
            None => Value::Null,
        },
        (Method::Max, [Value::Int(one), Value::Int(other)]) if is_whole => Value::Int(*one.max(other)),
        (Method::Min, [Value::Int(one), Value::Int(other)]) if is_whole => Value::Int(*one.min(other)),
        (Method::Sum, [Value::Int(one), Value::Int(other)]) if is_whole => Value::Int(one.wrapping_add(*other)),
        (Method::ToHexString, [Value::Int(one)]) if is_whole => match i32::try_from(*one) {
            Ok(one) => Value::from(format!("{one:x}")),
            Err(_) => Value::from(format!("{one:x}")),
        },
        _ => Value::Null,
    })
}

pub(super) fn call_boolean(truth: bool, call: &Call<'_>) -> Result<Value, Fault> {
    Ok(match (call.method, call.arguments) {
        (Method::BooleanValue, []) => Value::Bool(truth),
        (Method::Equals, [other]) => Value::Bool(matches!(other, Value::Bool(other) if *other == truth)),
        (Method::CompareTo, [Value::Bool(other)]) => ordering(truth.cmp(other)),
        (Method::CompareTo, [other]) => return Err(refuse_kind("compareTo", other)),
        (Method::HashCode, []) => Value::Int(if truth { 1231 } else { 1237 }),
        (Method::ParseBoolean | Method::ValueOf, [Value::Str(text)]) => Value::Bool(text.eq_ignore_ascii_case("true")),
        _ => Value::Null,
    })
}

fn ordering(order: std::cmp::Ordering) -> Value {
    Value::Int(order as i64)
}

fn parsed_integer(text: &str) -> Result<Value, Fault> {
    text.parse().map(Value::Int).map_err(|_| Fault::call(format!("{:?} is no integer", shortened(text))))
}

fn parsed_double(text: &str) -> Result<Value, Fault> {
    text.trim().parse().map(Value::Double).map_err(|_| Fault::call(format!("{:?} is no number", shortened(text))))
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The integer that a number is, if it is one.
pub(crate) fn as_integer(number: &Value) -> Option<i128> {
    match number {
        Value::Int(number) => Some(i128::from(*number)),
        Value::Big(number) => Some(**number),
        _ => None,
    }
}

pub(crate) fn as_double(number: &Value) -> f64 {
    match number {
        Value::Int(number) => *number as f64,
        Value::Big(number) => **number as f64,
        Value::Double(number) => *number,
        _ => f64::NAN,
    }
}

fn truncated(number: &Value) -> i64 {
    match number {
        Value::Int(number) => *number,
        Value::Big(number) => **number as i64,
        other => as_double(other) as i64,
    }
}

/// Writes a double as Java does: `2.5`, `10.0`, `1.0E21`, `NaN`.
pub(crate) fn write_double(number: f64, out: &mut String) -> fmt::Result {
    let size = number.abs();
    if number.is_nan() {
        out.write_str("NaN")
    } else if number.is_infinite() {
        out.write_str(if number > 0.0 { "Infinity" } else { "-Infinity" })
    } else if size == 0.0 || (1e-3..1e7).contains(&size) {
        write!(out, "{number:?}")
    } else {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let fraction = if digits.contains('.') { "" } else { ".0" };
        write!(out, "{digits}{fraction}E{exponent}")
    }
}
