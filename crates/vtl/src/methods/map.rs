//! What `java.util.Map` has, and its entries. `keySet()`, `values()` and `entrySet()` are lists of what was there then, not views.

use super::list::nothing;
use super::{Call, Method, equals as equal};
use crate::error::Fault;
use crate::map::Map;
use crate::run::Fuel;
use crate::value::{List, Value};
use std::rc::Rc;

pub(super) fn call(map: &Map, call: &Call<'_>, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    let length = map.len();
    match call.arguments {
        [Value::Str(key), ..] => fuel.spend_bytes(key.len())?,
        // Keys that are no strings are looked for one by one.
        _ => fuel.spend_items(length)?,
    }
    Ok(match (call.method, call.arguments) {
        (Method::Get, [key]) => map.get(key).unwrap_or_default(),
        (Method::GetOrDefault, [key, otherwise]) => map.get(key).unwrap_or_else(|| otherwise.clone()),
        (Method::Put, [key, value]) => put(map, key, value, fuel)?,
        (Method::PutIfAbsent, [key, value]) => match map.get(key) {
            Some(there) if !there.is_null() => there,
            _ => put(map, key, value, fuel)?,
        },
        (Method::Replace, [key, value]) => match map.get(key) {
            Some(_) => put(map, key, value, fuel)?,
            None => Value::Null,
        },
        (Method::PutAll, [Value::Map(others)]) => {
            let others: Vec<(Value, Value)> = others.entries().to_vec();
            fuel.spend_items(others.len())?;
            for (key, value) in &others {
                put(map, key, value, fuel)?;
            }
            nothing()
        }
        (Method::Remove, [key]) => {
            fuel.spend(length as u64)?;
            map.remove(key).unwrap_or_default()
        }
        (Method::Clear, []) => {
            map.clear();
            nothing()
        }
        (Method::Size, []) => Value::Int(length as i64),
        (Method::IsEmpty, []) => Value::Bool(length == 0),
        (Method::ContainsKey, [key]) => Value::Bool(map.get(key).is_some()),
        (Method::ContainsValue, [value]) => {
            for (_, other) in map.entries().iter() {
                if equal(other, value, fuel)? {
                    return Ok(Value::Bool(true));
                }
            }
            Value::Bool(false)
        }
        (Method::KeySet, []) => {
            fuel.spend_items(length)?;
            Value::List(List::view(map, map.entries().iter().map(|(key, _)| key.clone()).collect()))
        }
        (Method::Values, []) => {
            fuel.spend_items(length)?;
            Value::List(List::view(map, map.entries().iter().map(|(_, value)| value.clone()).collect()))
        }
        (Method::EntrySet, []) => {
            fuel.spend_items(length)?;
            Value::List(List::view(map, map.entries().iter().map(|entry| Value::Entry(Rc::new(entry.clone()))).collect()))
        }
        (Method::Equals, [other]) => Value::Bool(equal(&Value::Map(map.clone()), other, fuel)?),
        _ => Value::Null,
    })
}

/// Puts a value within bounds.
fn put(map: &Map, key: &Value, value: &Value, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    let this = Value::Map(map.clone());
    fuel.check_knot(&this, key)?;
    fuel.check_knot(&this, value)?;
    fuel.check_items(map.len() + 1)?;
    Ok(map.put(key.clone(), value.clone()).unwrap_or_default())
}

pub(super) fn call_entry(entry: &(Value, Value), call: &Call<'_>) -> Value {
    match (call.method, call.arguments) {
        (Method::GetKey, []) => entry.0.clone(),
        (Method::GetValue, []) => entry.1.clone(),
        _ => Value::Null,
    }
}

pub(super) fn equals(one: &Map, other: &Map, fuel: &mut Fuel<'_>) -> Result<bool, Fault> {
    if one.len() != other.len() {
        return Ok(false);
    }
    for (key, value) in one.entries().iter() {
        if key.as_str().is_none() {
            fuel.spend_items(other.len())?;
        }
        match other.get(key) {
            Some(there) if equal(value, &there, fuel)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}
