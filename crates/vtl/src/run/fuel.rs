//! What a rendering has left to spend.

use super::print;
use crate::error::Fault;
use crate::limits::Limits;
use crate::value::Value;

/// Values within values are looked at to this depth.
const VALUE_DEPTH_MAX: u32 = 100;

pub(crate) struct Fuel<'l> {
    pub(crate) limits: &'l Limits,
    steps: u64,
    depth: u32,
    value_depth: u32,
}

impl<'l> Fuel<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self { limits, steps: limits.steps_max, depth: 0, value_depth: 0 }
    }

    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Fault> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Fault::limit("steps_max", self.limits.steps_max)),
        }
    }

    pub(crate) fn spend_bytes(&mut self, bytes: usize) -> Result<(), Fault> {
        self.spend(bytes as u64 / 64)
    }

    pub(crate) fn spend_items(&mut self, items: usize) -> Result<(), Fault> {
        self.spend(items as u64 / 8)
    }

    /// A string of so many bytes is made.
    pub(crate) fn check_string(&mut self, bytes: usize) -> Result<(), Fault> {
        if bytes > self.limits.string_bytes_max {
            return Err(Fault::limit("string_bytes_max", self.limits.string_bytes_max));
        }
        self.spend_bytes(bytes)
    }

    /// A list or map is to have so many items.
    pub(crate) fn check_items(&mut self, items: usize) -> Result<(), Fault> {
        if items > self.limits.items_max {
            return Err(Fault::limit("items_max", self.limits.items_max));
        }
        Ok(())
    }

    /// One directive or expression deeper; to be left by [`leave`](Self::leave).
    pub(super) fn enter(&mut self) -> Result<(), Fault> {
        if self.depth >= self.limits.depth_max {
            return Err(Fault::limit("depth_max", self.limits.depth_max));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// One value deeper into values.
    pub(crate) fn deeper<T>(&mut self, look: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.value_depth >= VALUE_DEPTH_MAX {
            return Err(Fault::limit("value_depth_max", VALUE_DEPTH_MAX));
        }
        self.value_depth += 1;
        let result = look(self);
        self.value_depth -= 1;
        result
    }

    /// Refuses to put into a list or map what holds that list or map: nobody could print it, and it would never be let go.
    pub(crate) fn check_knot(&mut self, holder: &Value, put: &Value) -> Result<(), Fault> {
        if matches!(put, Value::Loop(_)) {
            return Err(Fault::call("a loop cannot be put into a list or map: it would hold itself"));
        }
        if !put.holds_values() {
            return Ok(());
        }
        self.spend(1)?;
        let holds_itself = match (holder, put) {
            (Value::List(holder), Value::List(put)) => holder.is_same(put),
            (Value::Map(holder), Value::Map(put)) => holder.is_same(put),
            _ => false,
        };
        if holds_itself {
            return Err(Fault::call("a list or map cannot hold itself"));
        }
        self.deeper(|fuel| {
            match put {
                Value::List(list) => {
                    fuel.spend_items(list.len())?;
                    for item in list.items().iter() {
                        fuel.check_knot(holder, item)?;
                    }
                }
                Value::Map(map) => {
                    fuel.spend_items(map.len())?;
                    for (key, value) in map.entries().iter() {
                        fuel.check_knot(holder, key)?;
                        fuel.check_knot(holder, value)?;
                    }
                }
                Value::Entry(entry) => {
                    fuel.check_knot(holder, &entry.0)?;
                    fuel.check_knot(holder, &entry.1)?;
                }
                _ => {}
            }
            Ok(())
        })
    }

    /// A value's `toString`.
    pub(crate) fn java_text(&mut self, value: &Value) -> Result<String, Fault> {
        let mut out = String::new();
        print::write(value, &mut out, self)?;
        Ok(out)
    }
}
