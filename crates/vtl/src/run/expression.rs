//! Expressions: their values, and whether a condition holds.

use super::{At, Halt, Render, Rendered};
use crate::error::Fault;
use crate::map::Map;
use crate::methods::{as_double, as_integer, equals};
use crate::text::Text;
use crate::tree::{Chain, Constant, Expr, Offset, Operand, Operator, Span};
use crate::value::{List, Value};
use std::cmp::Ordering;
use std::sync::Arc;

impl<'t> Render<'t, '_> {
    pub(super) fn value(&mut self, expression: &'t Expr) -> Rendered<Value> {
        if let Expr::Constant(constant) = expression {
            return Ok(constant.value());
        }
        let at = expression.at().unwrap_or(self.here);
        self.fuel.enter().at(at)?;
        let result = self.made(expression, at);
        self.fuel.leave();
        result
    }

    fn made(&mut self, expression: &'t Expr, at: Offset) -> Rendered<Value> {
        match expression {
            Expr::Constant(constant) => Ok(constant.value()),
            Expr::Reference(reference) => self.reference(reference),
            Expr::Interpolated(string) => {
                self.fuel.spend(1).at(at)?;
                let mut text = self.aside(|render| render.body(&string.body))?;
                if string.is_padded {
                    text.pop();
                }
                self.fuel.check_string(text.len()).at(at)?;
                Ok(Value::from(text))
            }
            Expr::List(items) => {
                self.fuel.spend_items(items.len()).at(at)?;
                let items: Rendered<Vec<Value>> = items.iter().map(|item| self.value(item)).collect();
                Ok(Value::List(List::java(items?)))
            }
            Expr::Map(entries) => {
                let map = Map::new();
                for (key, value) in entries {
                    let (key, value) = (self.value(key)?, self.value(value)?);
                    self.fuel.check_items(map.len() + 1).at(at)?;
                    map.put(key, value);
                }
                Ok(Value::Map(map))
            }
            Expr::Range(ends) => {
                let (first, last) = (self.value(&ends.0)?.plain(at)?, self.value(&ends.1)?.plain(at)?);
                self.range(&first, &last, at)
            }
            Expr::Not(inner) => Ok(Value::Bool(!self.truth(inner)?)),
            Expr::Chain(chain) => self.chain(chain),
        }
    }

    fn range(&mut self, first: &Value, last: &Value, at: Offset) -> Rendered<Value> {
        let (Value::Int(first), Value::Int(last)) = (first, last) else { return Ok(Value::Null) };
        let length = usize::try_from(first.abs_diff(*last)).unwrap_or(usize::MAX).saturating_add(1);
        self.fuel.check_items(length).at(at)?;
        self.fuel.spend_items(length).at(at)?;
        let items =
            if first <= last { (*first..=*last).map(Value::Int).collect() } else { (*last..=*first).rev().map(Value::Int).collect() };
        Ok(Value::List(List::java(items)))
    }

    /// Whether a condition holds. Only references, truths and comparisons can: a string or a number alone never does.
    pub(super) fn truth(&mut self, expression: &'t Expr) -> Rendered<bool> {
        match expression {
            Expr::Constant(Constant::Bool(truth)) => Ok(*truth),
            Expr::Constant(_) | Expr::Interpolated(_) | Expr::List(_) | Expr::Map(_) | Expr::Range(_) => Ok(false),
            Expr::Not(inner) => {
                self.fuel.enter().at(inner.at().unwrap_or(self.here))?;
                let truth = self.truth(inner);
                self.fuel.leave();
                Ok(!truth?)
            }
            Expr::Reference(reference) => {
                let value = self.value(expression)?.plain(reference.at)?;
                Ok(is_true(&value))
            }
            Expr::Chain(chain) => match chain.rest.last() {
                Some((Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulus, _)) => Ok(false),
                _ => Ok(is_true(&self.value(expression)?)),
            },
        }
    }

    fn chain(&mut self, chain: &'t Chain) -> Rendered<Value> {
        let mut so_far = match chain.rest.first() {
            Some((Operator::And | Operator::Or, _)) => Value::Bool(self.truth(&chain.first.value)?),
            _ => self.value(&chain.first.value)?,
        };
        let mut before = chain.first.source;
        for (operator, operand) in &chain.rest {
            self.fuel.spend(1).at(operand.at)?;
            so_far = match operator {
                Operator::And => Value::Bool(is_true(&so_far) && self.truth(&operand.value)?),
                Operator::Or => Value::Bool(is_true(&so_far) || self.truth(&operand.value)?),
                _ => {
                    let right = self.value(&operand.value)?.plain(operand.at)?;
                    let left = so_far.plain(operand.at)?;
                    self.apply(*operator, left, right, before, operand)?
                }
            };
            before = operand.padded;
        }
        Ok(so_far)
    }

    fn apply(&mut self, operator: Operator, left: Value, right: Value, before: Span, operand: &'t Operand) -> Rendered<Value> {
        let at = operand.at;
        let ordered = |wanted: fn(Ordering) -> bool| Value::Bool(compare(&left, &right).is_some_and(wanted));
        Ok(match operator {
            Operator::Equal => Value::Bool(self.is_equal(&left, &right, at)?),
            Operator::NotEqual => Value::Bool(!self.is_equal(&left, &right, at)?),
            Operator::Less => ordered(Ordering::is_lt),
            Operator::LessOrEqual => ordered(Ordering::is_le),
            Operator::Greater => ordered(Ordering::is_gt),
            Operator::GreaterOrEqual => ordered(Ordering::is_ge),
            Operator::Add if left.as_str().is_some() || right.as_str().is_some() => self.join(&left, &right, before, operand)?,
            operator => math(operator, &left, &right).at(at)?,
        })
    }

    /// Adding to a string: what is nothing is added as it is written.
    fn join(&mut self, left: &Value, right: &Value, before: Span, operand: &'t Operand) -> Rendered<Value> {
        let program = self.program;
        let mut joined = String::new();
        for (value, source) in [(left, before), (right, operand.source)] {
            match value {
                Value::Str(text) => joined.push_str(text),
                Value::Null => joined.push_str(program.text(source)),
                value => {
                    let text = self.text_of(value, operand.at)?;
                    joined.push_str(&text.unwrap_or_default());
                }
            }
            self.fuel.check_string(joined.len()).at(operand.at)?;
        }
        Ok(Value::from(joined))
    }

    fn is_equal(&mut self, left: &Value, right: &Value, at: Offset) -> Rendered<bool> {
        if left.is_null() || right.is_null() {
            return Ok(left.is_null() && right.is_null() || is_nothing_and_empty(left, right));
        }
        if left.is_number() && right.is_number() {
            return Ok(compare(left, right).is_some_and(Ordering::is_eq));
        }
        let is_of_one_class = match (left, right) {
            (Value::List(left), Value::List(right)) => left.is_array() == right.is_array(),
            _ => std::mem::discriminant(left) == std::mem::discriminant(right) && !matches!(left, Value::Block(_) | Value::Loop(_)),
        };
        if is_of_one_class {
            return equals(left, right, &mut self.fuel).at(at);
        }
        let (left, right) = (self.text_of(left, at)?, self.text_of(right, at)?);
        Ok(left == right)
    }
}

impl Constant {
    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Int(number) => Value::Int(*number),
            Self::Big(number) => Value::Big(Box::new(*number)),
            Self::Double(number) => Value::Double(*number),
            Self::Str(text) => Value::Str(Text::Shared(Arc::clone(text))),
        }
    }
}

impl Expr {
    /// Where it stands, where that is kept.
    fn at(&self) -> Option<Offset> {
        match self {
            Self::Reference(reference) => Some(reference.at),
            Self::Chain(chain) => Some(chain.first.at),
            Self::Not(inner) => inner.at(),
            Self::Interpolated(string) => Some(string.at),
            Self::Constant(_) | Self::List(_) | Self::Map(_) | Self::Range(_) => None,
        }
    }
}

/// A reference that is there, and not false.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null | Value::Absent => false,
        Value::Bool(truth) => *truth,
        _ => true,
    }
}

/// Nothing equals the empty string, whether a host says nothing or nobody has set it. (seen)
fn is_nothing_and_empty(left: &Value, right: &Value) -> bool {
    let is_empty = |value: &Value| value.as_str() == Some("");
    left.is_null() && is_empty(right) || right.is_null() && is_empty(left)
}

/// Which of two numbers is more; none when one is no number.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    if !left.is_number() || !right.is_number() {
        return None;
    }
    match (as_integer(left), as_integer(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => as_double(left).partial_cmp(&as_double(right)),
    }
}

/// Arithmetic; nothing where an operand is no number, or the right one is a zero to divide by.
fn math(operator: Operator, left: &Value, right: &Value) -> Result<Value, Fault> {
    if !left.is_number() || !right.is_number() {
        return Ok(Value::Null);
    }
    let divides = matches!(operator, Operator::Divide | Operator::Modulus);
    if divides && as_double(right) == 0.0 {
        return Ok(Value::Null);
    }
    let (Some(one), Some(other)) = (as_integer(left), as_integer(right)) else {
        let (left, right) = (as_double(left), as_double(right));
        return Ok(Value::Double(match operator {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide => left / right,
            _ => left % right,
        }));
    };
    let result = match operator {
        Operator::Add => one.checked_add(other),
        Operator::Subtract => one.checked_sub(other),
        Operator::Multiply => one.checked_mul(other),
        Operator::Divide => one.checked_div(other),
        _ => one.checked_rem(other),
    };
    match result {
        Some(number) => Ok(i64::try_from(number).map_or_else(|_| Value::Big(Box::new(number)), Value::Int)),
        None => Err(Fault::limit("integer_bits_max", 128)),
    }
}

/// A halt is small: it is passed up through every directive.
const _: () = assert!(std::mem::size_of::<Halt>() <= 16);
