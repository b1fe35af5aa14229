//! Following a path.

use super::filter::Filter;
use super::{CALL_DEPTH_MAX, Found, PATH_STEPS_MAX, Path, PathError, RESULTS_MAX, Slice, Step};
use crate::{Object, Value};

pub(super) fn find(path: &Path, document: &Value) -> Result<Found, PathError> {
    let mut walk = Walk { root: document, steps_left: PATH_STEPS_MAX, depth: 0 };
    match walk.within(path, document, Strictness::Lenient) {
        Ok(found) => Ok(found),
        Err(Stop::Nowhere) => Ok(Found::Missing),
        Err(Stop::Invalid(what)) => Err(PathError::Invalid(what.to_owned())),
        Err(Stop::Failed(what)) => Err(PathError::Failed(what)),
        Err(Stop::TooMuch(what)) => Err(PathError::TooMuch(what)),
    }
}

/// Why a walk ends before its time.
#[derive(Debug)]
pub(super) enum Stop {
    Nowhere,
    Invalid(&'static str),
    Failed(&'static str),
    TooMuch(&'static str),
}

/// Whether names that an indefinite path does not find end the walk. A filter that asks whether something exists is strict.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Strictness {
    Lenient,
    Strict,
}

pub(super) struct Walk<'d> {
    pub(super) root: &'d Value,
    steps_left: usize,
    depth: usize,
}

/// Where in a path a walk is.
#[derive(Clone, Copy)]
struct Place<'p> {
    steps: &'p [Step],
    /// Whether all steps before lead to one place only.
    definite: bool,
    strictness: Strictness,
}

impl<'p> Place<'p> {
    fn is_last(&self) -> bool {
        self.steps.len() == 1
    }

    fn next(&self) -> Self {
        Self { steps: &self.steps[1..], definite: self.definite && self.steps[0].is_definite(self.is_last()), ..*self }
    }

    /// What a step finds where it does not apply.
    fn nowhere(&self) -> Result<(), Stop> {
        if self.definite { Err(Stop::Nowhere) } else { Ok(()) }
    }
}

impl Walk<'_> {
    /// Takes steps from what is left.
    pub(super) fn step(&mut self, count: usize) -> Result<(), Stop> {
        self.steps_left = self.steps_left.checked_sub(count).ok_or(Stop::TooMuch("4,000,000 steps of a path"))?;
        Ok(())
    }

    fn enter(&mut self) -> Result<(), Stop> {
        self.depth += 1;
        if self.depth > CALL_DEPTH_MAX { Err(Stop::TooMuch("1200 levels of a path")) } else { self.step(1) }
    }

    /// Follows a path from the root or from an item of a filter.
    pub(super) fn within(&mut self, path: &Path, item: &Value, strictness: Strictness) -> Result<Found, Stop> {
        let start = if path.from_root { self.root } else { item };
        let mut out = Vec::new();
        let depth = self.depth;
        let done = self.follow(Place { steps: &path.steps, definite: true, strictness }, start, &mut out);
        self.depth = depth;
        done?;
        Ok(match path.definite {
            true => out.pop().map_or(Found::Missing, Found::One),
            false => Found::Many(out),
        })
    }

    fn follow(&mut self, place: Place<'_>, value: &Value, out: &mut Vec<Value>) -> Result<(), Stop> {
        self.enter()?;
        let done = match place.steps.first() {
            None => self.found(value, out),
            Some(Step::Names(names)) => self.names(names, place, value, out),
            Some(Step::Indices(indices)) => match value {
                Value::Array(items) => indices.iter().try_for_each(|index| self.index(*index, place, items, out)),
                _ => place.nowhere(),
            },
            Some(Step::Slice(slice)) => match value {
                Value::Array(items) => self.slice(*slice, place, items, out),
                _ => place.nowhere(),
            },
            Some(Step::Wildcard) => self.wildcard(place, value, out),
            Some(Step::Filter(filter)) => self.filter(filter, place, value, out),
            Some(Step::Scan) => self.scan(place.next(), value, out),
            Some(Step::Call(call)) => self.call(call, value).and_then(|result| {
                if !place.is_last() {
                    self.found(&result, out)?;
                }
                self.follow(place.next(), &result, out)
            }),
        };
        self.depth -= 1;
        done
    }

    fn found(&mut self, value: &Value, out: &mut Vec<Value>) -> Result<(), Stop> {
        if out.len() >= RESULTS_MAX {
            return Err(Stop::TooMuch("1 Mi results of a path"));
        }
        out.push(value.clone());
        Ok(())
    }

    fn names(&mut self, names: &[std::sync::Arc<str>], place: Place<'_>, value: &Value, out: &mut Vec<Value>) -> Result<(), Stop> {
        let Value::Object(object) = value else { return place.nowhere() };
        if names.len() > 1 && place.is_last() {
            let mut some = Object::default();
            for name in names {
                self.step(1)?;
                match object.find(name) {
                    Some(value) => some.insert(name.clone(), value.clone()),
                    None if place.strictness == Strictness::Strict => return Err(Stop::Nowhere),
                    None => {}
                }
            }
            return self.found(&some.into(), out);
        }
        for name in names {
            self.step(1)?;
            match object.find(name) {
                Some(value) => self.follow(place.next(), value, out)?,
                // At the end of a path there is nothing to be found; before it, there is no way on.
                None => {
                    let is_definite = place.definite && names.len() == 1;
                    if place.strictness == Strictness::Strict || (is_definite && !place.is_last()) {
                        return Err(Stop::Nowhere);
                    }
                }
            }
        }
        Ok(())
    }

    /// One item; nothing, if there is none at this place.
    fn index(&mut self, index: i64, place: Place<'_>, items: &[Value], out: &mut Vec<Value>) -> Result<(), Stop> {
        self.step(1)?;
        let index = if index < 0 { index + signed(items.len()) } else { index };
        match usize::try_from(index).ok().and_then(|index| items.get(index)) {
            Some(item) => self.follow(place.next(), item, out),
            None => Ok(()),
        }
    }

    fn slice(&mut self, slice: Slice, place: Place<'_>, items: &[Value], out: &mut Vec<Value>) -> Result<(), Stop> {
        let size = signed(items.len());
        let from_end = |index: i64| if index < 0 { index + size } else { index };
        let (from, to) = match slice {
            Slice::From(from) => (from_end(from).max(0), size),
            // Each index for itself counts from the end if it is negative; what lies before the beginning is nothing.
            Slice::Between(from, to) => (from.max(-size), to.min(size)),
            Slice::To(to) => (0, from_end(to).min(size)),
        };
        (from..to).try_for_each(|index| self.index(index, place, items, out))
    }

    fn wildcard(&mut self, place: Place<'_>, value: &Value, out: &mut Vec<Value>) -> Result<(), Stop> {
        let depth = self.depth;
        let mut each = |value: &Value| match self.follow(place.next(), value, out) {
            Err(Stop::Nowhere) if place.strictness == Strictness::Lenient => {
                self.depth = depth;
                Ok(())
            }
            other => other,
        };
        match value {
            Value::Object(object) => object.iter().try_for_each(|(_, value)| each(value)),
            Value::Array(items) => items.iter().try_for_each(each),
            _ => Ok(()),
        }
    }

    fn filter(&mut self, filter: &Filter, place: Place<'_>, value: &Value, out: &mut Vec<Value>) -> Result<(), Stop> {
        match value {
            Value::Object(_) => match self.accepts(filter, value)? {
                true => self.follow(place.next(), value, out),
                false => Ok(()),
            },
            Value::Array(items) => {
                for item in items.iter() {
                    if self.accepts(filter, item)? {
                        self.follow(place.next(), item, out)?;
                    }
                }
                Ok(())
            }
            _ if place.definite => Err(Stop::Invalid("a filter cannot be applied to primitives")),
            _ => Ok(()),
        }
    }

    /// Tries the step after `..` here, then everywhere below.
    fn scan(&mut self, place: Place<'_>, value: &Value, out: &mut Vec<Value>) -> Result<(), Stop> {
        self.enter()?;
        let done = match value {
            Value::Object(object) => {
                if self.is_tried(place, value)? {
                    self.follow(place, value, out)?;
                }
                object.iter().try_for_each(|(_, value)| self.scan(place, value, out))
            }
            Value::Array(items) => {
                if self.is_tried(place, value)? {
                    if place.is_last() {
                        self.follow(place, value, out)?;
                    } else {
                        // So it is in Jayway: the step itself is passed over, and the one behind it tried on each item.
                        items.iter().try_for_each(|item| self.follow(place.next(), item, out))?;
                    }
                }
                items.iter().try_for_each(|item| self.scan(place, item, out))
            }
            _ => Ok(()),
        };
        self.depth -= 1;
        done
    }

    fn is_tried(&mut self, place: Place<'_>, value: &Value) -> Result<bool, Stop> {
        Ok(match place.steps.first() {
            Some(step @ Step::Names(names)) => value.as_object().is_some_and(|object| {
                let anyway = place.strictness == Strictness::Strict || !step.is_definite(place.is_last());
                anyway || names.iter().all(|name| object.find(name).is_some())
            }),
            Some(Step::Indices(_) | Step::Slice(_)) => matches!(value, Value::Array(_)),
            Some(Step::Wildcard) => true,
            Some(Step::Filter(filter)) => self.accepts(filter, value)?,
            _ => false,
        })
    }
}

fn signed(size: usize) -> i64 {
    i64::try_from(size).expect("no list has that many items")
}
