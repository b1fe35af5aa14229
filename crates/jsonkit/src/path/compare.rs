//! Filters at work: which elements they take.

use super::filter::{Filter, Operator};
use super::walk::{Stop, Strictness, Walk};
use super::{Found, Operand};
use crate::pattern::Pattern;
use crate::{Number, Value};
use std::cmp::Ordering;

/// Bytes of text that are compared in one step.
const BYTES_PER_STEP: usize = 64;

/// One side of an operator.
enum Side<'f> {
    /// A path that leads nowhere: equal to nothing, not even to itself.
    Undefined,
    Value(Value),
    Pattern(&'f Pattern),
}

impl Walk<'_> {
    /// Whether a filter takes this. What makes no sense is not taken.
    pub(super) fn accepts(&mut self, filter: &Filter, item: &Value) -> Result<bool, Stop> {
        match self.filtered(filter, item) {
            Err(Stop::Nowhere | Stop::Invalid(_)) => Ok(false),
            other => other,
        }
    }

    fn filtered(&mut self, filter: &Filter, item: &Value) -> Result<bool, Stop> {
        self.step(1)?;
        match filter {
            Filter::Any(parts) => {
                for part in parts {
                    if self.filtered(part, item)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Filter::All(parts) => {
                for part in parts {
                    if !self.filtered(part, item)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Filter::Not(part) => Ok(!self.filtered(part, item)?),
            Filter::Exists { path, wanted } => {
                let exists = match self.within(path, item, Strictness::Strict) {
                    Ok(Found::Missing) | Err(Stop::Nowhere) => false,
                    Ok(_) => true,
                    Err(stop) => return Err(stop),
                };
                Ok(exists == *wanted)
            }
            Filter::Compare { left, operator, right } => {
                let (left, right) = (self.side(left, item)?, self.side(right, item)?);
                self.compare(&left, *operator, &right)
            }
        }
    }

    fn side<'f>(&mut self, operand: &'f Operand, item: &Value) -> Result<Side<'f>, Stop> {
        Ok(match operand {
            Operand::Value(value) => Side::Value(value.clone()),
            Operand::Pattern(pattern) => Side::Pattern(pattern),
            Operand::Path(path) => match self.within(path, item, Strictness::Lenient) {
                Ok(found) => found.into_value().map_or(Side::Undefined, Side::Value),
                Err(Stop::Nowhere) => Side::Undefined,
                Err(stop) => return Err(stop),
            },
        })
    }

    fn compare(&mut self, left: &Side<'_>, operator: Operator, right: &Side<'_>) -> Result<bool, Stop> {
        match operator {
            Operator::Equal => self.sides_equal(left, right),
            Operator::NotEqual => Ok(!self.sides_equal(left, right)?),
            Operator::SameKindEqual => Ok(same_kind(left, right) && self.sides_equal(left, right)?),
            Operator::SameKindNotEqual => Ok(!(same_kind(left, right) && self.sides_equal(left, right)?)),
            Operator::Less => self.ordered(left, right, Ordering::is_lt),
            Operator::LessOrEqual => self.ordered(left, right, Ordering::is_le),
            Operator::Greater => self.ordered(left, right, Ordering::is_gt),
            Operator::GreaterOrEqual => self.ordered(left, right, Ordering::is_ge),
            Operator::Matches => self.matches(left, right),
            Operator::Size => Ok(size(left, right)),
            Operator::Empty => empty(left, right),
            Operator::Contains => self.contains(left, right),
            Operator::In => self.is_in(left, right),
            Operator::NotIn => Ok(!self.is_in(left, right)?),
            Operator::All => match (list(left), list(right)) {
                (Some(all), Some(wanted)) => self.each_in(wanted, all, Quantity::Every),
                (None, Some(_)) => Ok(matches!(left, Side::Value(Value::Object(_)))),
                _ => Err(Stop::Invalid("a list expected")),
            },
            Operator::SubsetOf => self.lists(left, right, Quantity::Every),
            Operator::AnyOf => self.lists(left, right, Quantity::Some),
            Operator::NoneOf => self.lists(left, right, Quantity::None),
        }
    }

    fn sides_equal(&mut self, left: &Side<'_>, right: &Side<'_>) -> Result<bool, Stop> {
        match (left, right) {
            (Side::Value(left), Side::Value(right)) => self.equal(left, right),
            _ => Ok(false),
        }
    }

    /// As filters have it: `'1'` and `1` are equal.
    fn equal(&mut self, left: &Value, right: &Value) -> Result<bool, Stop> {
        self.step(1 + text_bytes(left).min(text_bytes(right)) / BYTES_PER_STEP)?;
        Ok(match (left, right) {
            (Value::Number(number), Value::String(text)) => {
                crate::parse(text.trim().as_bytes()).ok().as_ref().and_then(Value::as_number) == Some(number)
            }
            (Value::String(text), Value::Number(number)) => **text == *number.to_string(),
            (Value::Array(_) | Value::Object(_), Value::Array(_) | Value::Object(_)) => return self.same(left, right),
            _ => left == right,
        })
    }

    /// As JSON has it, each value being a step.
    fn same(&mut self, left: &Value, right: &Value) -> Result<bool, Stop> {
        self.step(1 + text_bytes(left).min(text_bytes(right)) / BYTES_PER_STEP)?;
        match (left, right) {
            (Value::Array(left), Value::Array(right)) => {
                if left.len() != right.len() {
                    return Ok(false);
                }
                for (left, right) in left.iter().zip(right.iter()) {
                    if !self.same(left, right)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Object(left), Value::Object(right)) => {
                if left.len() != right.len() {
                    return Ok(false);
                }
                for (name, left) in left.iter() {
                    let Some(right) = right.find(name) else { return Ok(false) };
                    if !self.same(left, right)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(left == right),
        }
    }

    fn ordered(&mut self, left: &Side<'_>, right: &Side<'_>, is: fn(Ordering) -> bool) -> Result<bool, Stop> {
        let (Side::Value(left), Side::Value(right)) = (left, right) else { return Ok(false) };
        self.step(1 + text_bytes(left).min(text_bytes(right)) / BYTES_PER_STEP)?;
        let order = match (left, right) {
            (Value::Number(left), Value::Number(right)) => left.cmp(right),
            (Value::String(left), Value::String(right)) => as_java(left, right),
            (Value::String(left), Value::Number(right)) => as_java(left, &right.to_string()),
            (Value::Number(left), Value::String(right)) => as_java(&left.to_string(), right),
            _ => return Ok(false),
        };
        Ok(is(order))
    }

    fn matches(&mut self, left: &Side<'_>, right: &Side<'_>) -> Result<bool, Stop> {
        let (pattern, other) = match (left, right) {
            (Side::Pattern(pattern), other) | (other, Side::Pattern(pattern)) => (pattern, other),
            _ => return Ok(false),
        };
        match other {
            Side::Value(Value::Array(items)) => {
                for item in items.iter() {
                    if self.is_match(pattern, item)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Side::Value(value) => self.is_match(pattern, value),
            Side::Undefined => self.is_match(pattern, &Value::Null),
            Side::Pattern(_) => Ok(false),
        }
    }

    fn is_match(&mut self, pattern: &Pattern, value: &Value) -> Result<bool, Stop> {
        let number;
        let text = match value {
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) => {
                number = value.to_string();
                number.as_str()
            }
            _ => "",
        };
        self.step(pattern.steps(text))?;
        Ok(pattern.is_match(text))
    }

    fn contains(&mut self, left: &Side<'_>, right: &Side<'_>) -> Result<bool, Stop> {
        match (left, right) {
            (Side::Value(Value::String(text)), Side::Value(Value::String(part))) => {
                self.step(1 + text.len() / BYTES_PER_STEP)?;
                Ok(text.contains(&**part))
            }
            (Side::Value(Value::Array(items)), Side::Value(wanted)) => self.holds(items, wanted),
            _ => Ok(false),
        }
    }

    fn is_in(&mut self, left: &Side<'_>, right: &Side<'_>) -> Result<bool, Stop> {
        match (left, right) {
            (Side::Value(wanted), Side::Value(Value::Array(items))) => self.holds(items, wanted),
            (_, Side::Value(Value::Array(_) | Value::Object(_))) => Ok(false),
            _ => Err(Stop::Invalid("a list expected")),
        }
    }

    fn holds(&mut self, items: &[Value], wanted: &Value) -> Result<bool, Stop> {
        for item in items {
            if self.equal(wanted, item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn lists(&mut self, left: &Side<'_>, right: &Side<'_>, quantity: Quantity) -> Result<bool, Stop> {
        match (list(left), list(right)) {
            (Some(left), Some(right)) => self.each_in(left, right, quantity),
            _ if matches!((left, right), (Side::Value(Value::Object(_)), _) | (_, Side::Value(Value::Object(_)))) => Ok(false),
            _ => Err(Stop::Invalid("a list expected")),
        }
    }

    fn each_in(&mut self, wanted: &[Value], items: &[Value], quantity: Quantity) -> Result<bool, Stop> {
        for item in wanted {
            match (self.holds(items, item)?, quantity) {
                (false, Quantity::Every) | (true, Quantity::None) => return Ok(false),
                (true, Quantity::Some) => return Ok(true),
                _ => {}
            }
        }
        Ok(!matches!(quantity, Quantity::Some))
    }
}

#[derive(Clone, Copy)]
enum Quantity {
    Every,
    Some,
    None,
}

fn list<'s>(side: &'s Side<'_>) -> Option<&'s [Value]> {
    if let Side::Value(value) = side { value.as_array() } else { None }
}

fn same_kind(left: &Side<'_>, right: &Side<'_>) -> bool {
    let kind = |value: &Value| match value {
        Value::Array(_) | Value::Object(_) => 0,
        Value::Null => 1,
        Value::Bool(_) => 2,
        Value::Number(_) => 3,
        Value::String(_) => 4,
    };
    matches!((left, right), (Side::Value(left), Side::Value(right)) if kind(left) == kind(right))
}

fn size(left: &Side<'_>, right: &Side<'_>) -> bool {
    let (Side::Value(left), Side::Value(Value::Number(wanted))) = (left, right) else { return false };
    let size = match left {
        Value::String(text) => text.encode_utf16().count(),
        Value::Array(items) => items.len(),
        Value::Object(object) => object.len(),
        _ => return false,
    };
    i64::try_from(size).is_ok_and(|size| Number::Int(size) == *wanted)
}

fn empty(left: &Side<'_>, right: &Side<'_>) -> Result<bool, Stop> {
    let is_empty = match left {
        Side::Value(Value::String(text)) => text.is_empty(),
        Side::Value(Value::Array(items)) => items.is_empty(),
        Side::Value(Value::Object(object)) => object.is_empty(),
        _ => return Ok(false),
    };
    match right {
        Side::Value(Value::Bool(wanted)) => Ok(is_empty == *wanted),
        _ => Err(Stop::Invalid("true or false expected")),
    }
}

/// Java compares texts by their UTF-16.
fn as_java(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

fn text_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Number(Number::Big(text) | Number::Decimal(text)) => text.len(),
        _ => 0,
    }
}
