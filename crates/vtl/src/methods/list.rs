//! What `java.util.List` has. An array has what does not change its length.

use super::{Call, Method, equals as equal, out_of_bounds, refuse_null};
use crate::error::Fault;
use crate::run::Fuel;
use crate::value::{List, Value};

pub(super) fn call(list: &List, call: &Call<'_>, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    let length = list.len();
    if list.is_view() && !is_of_sets(call.method) {
        return Ok(Value::Null);
    }
    Ok(match (call.method, call.arguments) {
        (Method::Size, []) => Value::Int(length as i64),
        (Method::IsEmpty, []) => Value::Bool(length == 0),
        (Method::Get, [Value::Int(index)]) => list.item(place(*index, length)?).unwrap_or_default(),
        (Method::Set, [Value::Int(index), value]) => {
            let place = place(*index, length)?;
            fuel.check_knot(&Value::List(list.clone()), value)?;
            list.change(|items| std::mem::replace(&mut items[place], value.clone()))
        }
        (Method::Contains, [value]) => Value::Bool(position(list, value, fuel)?.is_some()),
        (Method::ContainsAll, [others]) if others.is_null() => return Err(refuse_null("a list")),
        (Method::ContainsAll, [others]) => match items_of(others) {
            Some(others) => {
                for other in others {
                    if position(list, &other, fuel)?.is_none() {
                        return Ok(Value::Bool(false));
                    }
                }
                Value::Bool(true)
            }
            None => Value::Null,
        },
        (Method::IndexOf, [value]) => Value::Int(position(list, value, fuel)?.map_or(-1, |place| place as i64)),
        (Method::LastIndexOf, [value]) => {
            let items = list.items();
            let mut found = -1;
            for (place, item) in items.iter().enumerate() {
                if equal(item, value, fuel)? {
                    found = place as i64;
                }
            }
            Value::Int(found)
        }
        (Method::Equals, [other]) => Value::Bool(equal(&Value::List(list.clone()), other, fuel)?),
        (Method::SubList, [Value::Int(from), Value::Int(to)]) => {
            let (from, to) = (checked(*from, length)?, checked(*to, length)?);
            if from > to {
                return Err(Fault::call(format!("fromIndex({from}) > toIndex({to})")));
            }
            fuel.spend_items(to - from)?;
            Value::List(List::java(list.items()[from..to].to_vec()))
        }
        (Method::ToArray, []) => {
            fuel.spend_items(length)?;
            Value::List(List::array(list.items().clone()))
        }
        _ if list.is_array() => Value::Null,
        _ => return change(list, call, length, fuel),
    })
}

/// What `keySet()`, `values()` and `entrySet()` give has no places and is not changed.
fn is_of_sets(method: Method) -> bool {
    matches!(method, Method::Size | Method::IsEmpty | Method::Contains | Method::ContainsAll | Method::ToArray | Method::Equals)
}

/// What changes a list.
fn change(list: &List, call: &Call<'_>, length: usize, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    let this = || Value::List(list.clone());
    Ok(match (call.method, call.arguments) {
        (Method::Add, [value]) => {
            fuel.check_knot(&this(), value)?;
            fuel.check_items(length + 1)?;
            list.push(value.clone());
            Value::Bool(true)
        }
        (Method::Add, [Value::Int(index), value]) => {
            let place = checked(*index, length)?;
            fuel.check_knot(&this(), value)?;
            fuel.check_items(length + 1)?;
            fuel.spend_items(length - place)?;
            list.change(|items| items.insert(place, value.clone()));
            nothing()
        }
        (Method::AddAll | Method::RemoveAll | Method::RetainAll, [others]) if others.is_null() => return Err(refuse_null("a list")),
        (Method::AddAll, [others]) => match items_of(others) {
            Some(others) => insert_all(list, length, others, fuel)?,
            None => Value::Null,
        },
        (Method::AddAll, [Value::Int(index), others]) => match items_of(others) {
            Some(others) => insert_all(list, checked(*index, length)?, others, fuel)?,
            None => Value::Null,
        },
        (Method::Remove, [Value::Int(index)]) => {
            let place = place(*index, length)?;
            fuel.spend_items(length - place)?;
            list.change(|items| items.remove(place))
        }
        (Method::Remove, [value]) => match position(list, value, fuel)? {
            Some(place) => {
                fuel.spend_items(length - place)?;
                list.change(|items| items.remove(place));
                Value::Bool(true)
            }
            None => Value::Bool(false),
        },
        (Method::RemoveAll, [others]) => keep(list, others, false, fuel)?,
        (Method::RetainAll, [others]) => keep(list, others, true, fuel)?,
        (Method::Clear, []) => {
            let gone = list.change(std::mem::take);
            drop(List::java(gone));
            nothing()
        }
        _ => Value::Null,
    })
}

/// What a method without a result gives: Velocity prints nothing.
pub(super) fn nothing() -> Value {
    Value::Str(crate::text::Text::empty())
}

fn insert_all(list: &List, place: usize, others: Vec<Value>, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    fuel.check_items(list.len() + others.len())?;
    fuel.spend_items(list.len() - place + others.len())?;
    for other in &others {
        fuel.check_knot(&Value::List(list.clone()), other)?;
    }
    let is_changed = !others.is_empty();
    list.change(|items| items.splice(place..place, others).for_each(drop));
    Ok(Value::Bool(is_changed))
}

fn keep(list: &List, others: &Value, wanted: bool, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    let Some(others) = items_of(others) else { return Ok(Value::Null) };
    let others = List::java(others);
    let mut kept = Vec::new();
    for item in list.items().iter() {
        if position(&others, item, fuel)?.is_some() == wanted {
            kept.push(item.clone());
        }
    }
    let is_changed = kept.len() != list.len();
    let gone = list.change(|items| std::mem::replace(items, kept));
    drop(List::java(gone));
    Ok(Value::Bool(is_changed))
}

/// The items of a list that is an argument: a copy, so that a list can be added to itself.
pub(super) fn items_of(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(list) => Some(list.items().clone()),
        _ => None,
    }
}

fn position(list: &List, wanted: &Value, fuel: &mut Fuel<'_>) -> Result<Option<usize>, Fault> {
    for (place, item) in list.items().iter().enumerate() {
        if equal(item, wanted, fuel)? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

pub(super) fn equals(one: &List, other: &List, fuel: &mut Fuel<'_>) -> Result<bool, Fault> {
    let (one, other) = (one.items(), other.items());
    if one.len() != other.len() {
        return Ok(false);
    }
    for (one, other) in one.iter().zip(other.iter()) {
        if !equal(one, other, fuel)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// An index of an item.
fn place(index: i64, length: usize) -> Result<usize, Fault> {
    usize::try_from(index).ok().filter(|place| *place < length).ok_or_else(|| out_of_bounds(index, length))
}

/// An index of an item or of the end.
fn checked(index: i64, length: usize) -> Result<usize, Fault> {
    usize::try_from(index).ok().filter(|place| *place <= length).ok_or_else(|| out_of_bounds(index, length))
}
