//! What a path can compute.

use super::walk::{Stop, Strictness, Walk};
use super::{Found, Path, RESULT_BYTES_MAX, Step};
use crate::{Number, Value};
use std::sync::Arc;

/// A call at a step of a path.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) function: Arc<str>,
    pub(super) parameters: Vec<Parameter>,
}

#[derive(Clone, Debug)]
pub(super) enum Parameter {
    /// Always followed from the root, also where it says `@`.
    Path(Path),
    Value(Value),
}

const NOTHING: Stop = Stop::Failed("a function was called on nothing that it applies to");

impl Walk<'_> {
    pub(super) fn call(&mut self, call: &Call, on: &Value) -> Result<Value, Stop> {
        let first = call.parameters.first();
        match &*call.function {
            "length" | "size" => self.length(first, on),
            "min" => Ok(self.numbers(call, on)?.into_iter().fold(f64::MAX, f64::min).into()),
            // Java begins at the smallest of all doubles.
            "max" => Ok(self.numbers(call, on)?.into_iter().fold(-f64::MAX, f64::max).into()),
            "sum" => Ok(self.numbers(call, on)?.iter().sum::<f64>().into()),
            "avg" => self.numbers(call, on).map(|numbers| average(&numbers).into()),
            "stddev" => {
                let numbers = self.numbers(call, on)?;
                let squares: Vec<f64> = numbers.iter().map(|number| number * number).collect();
                Ok((average(&squares) - average(&numbers).powi(2)).sqrt().into())
            }
            "concat" => self.concat(call, on),
            "append" => self.append(call, on),
            "keys" => Ok(on
                .as_object()
                .map_or(Value::Null, |object| object.iter().map(|(name, _)| Value::from(&**name)).collect::<Vec<_>>().into())),
            "first" => at(on, 0),
            "last" => at(on, -1),
            "index" => match first.map(|parameter| self.parameter(parameter)).transpose()? {
                Some(Value::Number(Number::Int(place))) => at(on, place),
                _ => Err(NOTHING),
            },
            _ => Err(Stop::Invalid("no such function")),
        }
    }

    fn parameter(&mut self, parameter: &Parameter) -> Result<Value, Stop> {
        match parameter {
            Parameter::Value(value) => Ok(value.clone()),
            Parameter::Path(path) => {
                let root = self.root;
                self.within(path, root, Strictness::Lenient)?.into_value().ok_or(Stop::Nowhere)
            }
        }
    }

    /// Of a path given to it, the number of all things within what it finds.
    fn length(&mut self, path: Option<&Parameter>, on: &Value) -> Result<Value, Stop> {
        if let Some(Parameter::Path(path)) = path {
            let mut path = path.clone();
            if !matches!(path.steps.last(), Some(Step::Call(_))) {
                path.steps.push(Step::Wildcard);
                path.definite = false;
            }
            let root = self.root;
            match self.within(&path, root, Strictness::Lenient)? {
                Found::Many(values) => return Ok(count(values.len())),
                Found::One(Value::Array(items)) => return Ok(count(items.len())),
                _ => {}
            }
        }
        Ok(match on {
            Value::Array(items) => count(items.len()),
            Value::Object(object) => count(object.len()),
            _ => Value::Null,
        })
    }

    /// All numbers of the list that the function is called on, and of its parameters. None is an error.
    fn numbers(&mut self, call: &Call, on: &Value) -> Result<Vec<f64>, Stop> {
        let mut numbers = Vec::new();
        let mut add = |value: &Value| numbers.extend(value.as_number().map(Number::to_f64));
        on.as_array().into_iter().flatten().for_each(&mut add);
        let mut looked_at = on.as_array().map_or(0, <[Value]>::len);
        for parameter in &call.parameters {
            let value = self.parameter(parameter)?;
            looked_at += value.as_array().map_or(1, <[Value]>::len);
            match &value {
                Value::Array(items) => items.iter().for_each(&mut add),
                single => add(single),
            }
        }
        self.step(looked_at)?;
        if numbers.is_empty() { Err(NOTHING) } else { Ok(numbers) }
    }

    fn concat(&mut self, call: &Call, on: &Value) -> Result<Value, Stop> {
        let mut out = String::new();
        for item in on.as_array().into_iter().flatten() {
            out.push_str(item.as_str().unwrap_or_default());
            self.bounded(&out)?;
        }
        for parameter in &call.parameters {
            match &self.parameter(parameter)? {
                Value::String(text) => out.push_str(text),
                // Within a list, Java's `toString` of whatever is there.
                Value::Array(items) => {
                    for item in items.iter().filter(|item| !item.is_null()) {
                        match item {
                            Value::String(text) => out.push_str(text),
                            other => {
                                let room = RESULT_BYTES_MAX.saturating_sub(out.len());
                                out.push_str(&other.to_json(room).map_err(|_| Stop::TooMuch("10 MiB made by a function"))?);
                            }
                        }
                        self.bounded(&out)?;
                    }
                }
                _ => {}
            }
            self.bounded(&out)?;
        }
        self.step(out.len() / 16)?;
        Ok(out.into())
    }

    fn bounded(&mut self, out: &str) -> Result<(), Stop> {
        self.step(1)?;
        if out.len() > RESULT_BYTES_MAX { Err(Stop::TooMuch("10 MiB made by a function")) } else { Ok(()) }
    }

    fn append(&mut self, call: &Call, on: &Value) -> Result<Value, Stop> {
        let Value::Array(items) = on else { return Ok(on.clone()) };
        self.step(items.len())?;
        let mut items = items.to_vec();
        for parameter in &call.parameters {
            items.push(self.parameter(parameter)?);
        }
        Ok(items.into())
    }
}

fn count(size: usize) -> Value {
    i64::try_from(size).unwrap_or(i64::MAX).into()
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer numbers than a double counts")]
fn average(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// A place from the beginning, or if negative from the end.
fn at(on: &Value, place: i64) -> Result<Value, Stop> {
    let Value::Array(items) = on else { return Err(NOTHING) };
    let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let place = if place < 0 { size.saturating_add(place) } else { place };
    usize::try_from(place).ok().and_then(|place| items.get(place)).cloned().ok_or(NOTHING)
}
