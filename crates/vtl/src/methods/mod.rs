//! Java's methods, as templates reach them.
//!
//! Velocity finds a method by its name and by what its arguments are; where none fits, the reference comes to nothing and prints its own
//! source. So all functions here give `Null` for a method that there is not, for the number or the kind of arguments. What Java throws
//! (an index out of bounds, a bad pattern) is a [`Fault`]. There is no way to a class: `getClass` and `.class` are nothing here.

mod format;
mod list;
mod map;
mod number;
mod pattern;
mod string;

pub(crate) use number::{as_double, as_integer, write_double};
pub(crate) use pattern::Pattern;

use crate::error::Fault;
use crate::run::Fuel;
use crate::text::Text;
use crate::value::Value;

/// Names of methods, as numbers: a call is not looked up by its name when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Add,
    AddAll,
    BooleanValue,
    ByteValue,
    CharAt,
    Clear,
    CodePointAt,
    CompareTo,
    CompareToIgnoreCase,
    Concat,
    Contains,
    ContainsAll,
    ContainsKey,
    ContainsValue,
    ContentEquals,
    DoubleValue,
    EndsWith,
    EntrySet,
    Equals,
    EqualsIgnoreCase,
    FloatValue,
    Format,
    Get,
    GetCount,
    GetDepth,
    GetFirst,
    GetHasNext,
    GetIndex,
    GetKey,
    GetLast,
    GetOrDefault,
    GetParent,
    GetTopmost,
    GetValue,
    HasNext,
    HashCode,
    IndexOf,
    IntValue,
    Intern,
    IsBlank,
    IsEmpty,
    IsFirst,
    IsHasNext,
    IsInfinite,
    IsLast,
    IsNan,
    Join,
    KeySet,
    LastIndexOf,
    Length,
    LongValue,
    Matches,
    Max,
    Min,
    ParseBoolean,
    ParseDouble,
    ParseInt,
    ParseLong,
    Put,
    PutAll,
    PutIfAbsent,
    Remove,
    RemoveAll,
    Repeat,
    Replace,
    ReplaceAll,
    ReplaceFirst,
    RetainAll,
    Set,
    ShortValue,
    Size,
    Split,
    StartsWith,
    Stop,
    Strip,
    StripLeading,
    StripTrailing,
    SubList,
    SubSequence,
    Substring,
    Sum,
    ToArray,
    ToCharArray,
    ToHexString,
    ToLowerCase,
    ToString,
    ToUpperCase,
    Trim,
    ValueOf,
    Values,
    /// Only a host may know it.
    Other,
}

/// In the order of their names.
const NAMES: [(&str, Method); 91] = [
    ("add", Method::Add),
    ("addAll", Method::AddAll),
    ("booleanValue", Method::BooleanValue),
    ("byteValue", Method::ByteValue),
    ("charAt", Method::CharAt),
    ("clear", Method::Clear),
    ("codePointAt", Method::CodePointAt),
    ("compareTo", Method::CompareTo),
    ("compareToIgnoreCase", Method::CompareToIgnoreCase),
    ("concat", Method::Concat),
    ("contains", Method::Contains),
    ("containsAll", Method::ContainsAll),
    ("containsKey", Method::ContainsKey),
    ("containsValue", Method::ContainsValue),
    ("contentEquals", Method::ContentEquals),
    ("doubleValue", Method::DoubleValue),
    ("endsWith", Method::EndsWith),
    ("entrySet", Method::EntrySet),
    ("equals", Method::Equals),
    ("equalsIgnoreCase", Method::EqualsIgnoreCase),
    ("floatValue", Method::FloatValue),
    ("format", Method::Format),
    ("get", Method::Get),
    ("getCount", Method::GetCount),
    ("getDepth", Method::GetDepth),
    ("getFirst", Method::GetFirst),
    ("getHasNext", Method::GetHasNext),
    ("getIndex", Method::GetIndex),
    ("getKey", Method::GetKey),
    ("getLast", Method::GetLast),
    ("getOrDefault", Method::GetOrDefault),
    ("getParent", Method::GetParent),
    ("getTopmost", Method::GetTopmost),
    ("getValue", Method::GetValue),
    ("hasNext", Method::HasNext),
    ("hashCode", Method::HashCode),
    ("indexOf", Method::IndexOf),
    ("intValue", Method::IntValue),
    ("intern", Method::Intern),
    ("isBlank", Method::IsBlank),
    ("isEmpty", Method::IsEmpty),
    ("isFirst", Method::IsFirst),
    ("isHasNext", Method::IsHasNext),
    ("isInfinite", Method::IsInfinite),
    ("isLast", Method::IsLast),
    ("isNaN", Method::IsNan),
    ("join", Method::Join),
    ("keySet", Method::KeySet),
    ("lastIndexOf", Method::LastIndexOf),
    ("length", Method::Length),
    ("longValue", Method::LongValue),
    ("matches", Method::Matches),
    ("max", Method::Max),
    ("min", Method::Min),
    ("parseBoolean", Method::ParseBoolean),
    ("parseDouble", Method::ParseDouble),
    ("parseInt", Method::ParseInt),
    ("parseLong", Method::ParseLong),
    ("put", Method::Put),
    ("putAll", Method::PutAll),
    ("putIfAbsent", Method::PutIfAbsent),
    ("remove", Method::Remove),
    ("removeAll", Method::RemoveAll),
    ("repeat", Method::Repeat),
    ("replace", Method::Replace),
    ("replaceAll", Method::ReplaceAll),
    ("replaceFirst", Method::ReplaceFirst),
    ("retainAll", Method::RetainAll),
    ("set", Method::Set),
    ("shortValue", Method::ShortValue),
    ("size", Method::Size),
    ("split", Method::Split),
    ("startsWith", Method::StartsWith),
    ("stop", Method::Stop),
    ("strip", Method::Strip),
    ("stripLeading", Method::StripLeading),
    ("stripTrailing", Method::StripTrailing),
    ("subList", Method::SubList),
    ("subSequence", Method::SubSequence),
    ("substring", Method::Substring),
    ("sum", Method::Sum),
    ("toArray", Method::ToArray),
    ("toCharArray", Method::ToCharArray),
    ("toHexString", Method::ToHexString),
    ("toLowerCase", Method::ToLowerCase),
    ("toString", Method::ToString),
    ("toUpperCase", Method::ToUpperCase),
    ("trim", Method::Trim),
    ("valueOf", Method::ValueOf),
    ("values", Method::Values),
    ("\u{ff}", Method::Other),
];

impl Method {
    pub(crate) fn of(name: &str) -> Self {
        NAMES.binary_search_by(|(known, _)| (*known).cmp(name)).map_or(Self::Other, |found| NAMES[found].1)
    }

    pub(crate) fn takes_pattern(self) -> bool {
        matches!(self, Self::ReplaceAll | Self::ReplaceFirst | Self::Matches | Self::Split)
    }
}

/// A call: what it is made with.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) arguments: &'a [Value],
    /// The first argument as a pattern, where it was a constant.
    pub(crate) pattern: Option<&'a Pattern>,
}

/// Calls a method of a value that is the language's own. `ToString` of all, and what loops have, are the renderer's.
pub(crate) fn call(receiver: &Value, call: &Call<'_>, fuel: &mut Fuel<'_>) -> Result<Value, Fault> {
    match receiver {
        Value::Str(text) => string::call(text, call, fuel),
        Value::List(list) => list::call(list, call, fuel),
        Value::Map(map) => map::call(map, call, fuel),
        Value::Entry(entry) => Ok(map::call_entry(entry, call)),
        Value::Int(_) | Value::Big(_) | Value::Double(_) => number::call(receiver, call, fuel),
        Value::Bool(truth) => number::call_boolean(*truth, call),
        _ => Ok(Value::Null),
    }
}

/// `$value.name`: a getter, a member of a map, or an `is…()`.
pub(crate) fn member(receiver: &Value, name: &str) -> Value {
    match receiver {
        Value::Map(map) => map.member(name).unwrap_or_default(),
        Value::Entry(entry) => match name {
            "key" => entry.0.clone(),
            "value" => entry.1.clone(),
            _ => Value::Null,
        },
        Value::Str(text) => match name {
            "empty" => Value::Bool(text.is_empty()),
            "blank" => Value::Bool(text.trim().is_empty()),
            _ => Value::Null,
        },
        Value::List(list) if name == "empty" && !list.is_array() => Value::Bool(list.is_empty()),
        Value::Double(number) => match name {
            "naN" => Value::Bool(number.is_nan()),
            "infinite" => Value::Bool(number.is_infinite()),
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}

/// Java's `equals`.
pub(crate) fn equals(one: &Value, other: &Value, fuel: &mut Fuel<'_>) -> Result<bool, Fault> {
    fuel.spend(1)?;
    Ok(match (one, other) {
        (Value::Null | Value::Absent, Value::Null | Value::Absent) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Int(one), Value::Int(other)) => one == other,
        (Value::Big(one), Value::Big(other)) => one == other,
        (Value::Double(one), Value::Double(other)) => one.to_bits() == other.to_bits(),
        (Value::Str(one), Value::Str(other)) => {
            fuel.spend_bytes(one.len().min(other.len()))?;
            one == other
        }
        (Value::List(one), Value::List(other)) => one.is_same(other) || fuel.deeper(|fuel| list::equals(one, other, fuel))?,
        (Value::Map(one), Value::Map(other)) => one.is_same(other) || fuel.deeper(|fuel| map::equals(one, other, fuel))?,
        (Value::Entry(one), Value::Entry(other)) => {
            fuel.deeper(|fuel| Ok(equals(&one.0, &other.0, fuel)? && equals(&one.1, &other.1, fuel)?))?
        }
        (Value::Host(one), Value::Host(other)) => std::rc::Rc::ptr_eq(one, other),
        _ => false,
    })
}

/// A string argument.
fn text_of(value: Option<&Value>) -> Option<&Text> {
    match value {
        Some(Value::Str(text)) => Some(text),
        _ => None,
    }
}

/// Java would throw a ClassCastException.
fn refuse_kind(method: &str, value: &Value) -> Fault {
    Fault::call(format!("{method} cannot take a {}", value.kind()))
}

/// Java would throw a NullPointerException.
fn refuse_null(method: &str) -> Fault {
    Fault::call(format!("{method} cannot take null"))
}

fn out_of_bounds(index: impl std::fmt::Display, length: usize) -> Fault {
    Fault::call(format!("index {index} is out of bounds for length {length}"))
}
