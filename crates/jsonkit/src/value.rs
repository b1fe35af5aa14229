//! Values: cheap to clone, equal when JSON Schema says so.

use crate::{Number, Text};
use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Members from which an object has an index: looking along fewer is as fast.
const INDEXED_FROM_MEMBERS: usize = 12;

/// A JSON value. A clone shares what is within.
///
/// Two are equal when they are the same JSON: numbers by what they mean, objects without regard to order.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(Text),
    Array(Arc<[Value]>),
    Object(Arc<Object>),
}

impl Value {
    /// What JSON Schema calls it: `null`, `boolean`, `integer`, `number`, `string`, `array`, `object`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(number) if number.is_integer() => "integer",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(is) = self { Some(*is) } else { None }
    }

    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// A member of an object.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.as_object()?.find(name)
    }

    /// An item of an array.
    #[must_use]
    pub fn item(&self, at: usize) -> Option<&Value> {
        self.as_array()?.get(at)
    }

    /// A hash that equal values share; of use within this process only.
    pub(crate) fn digest(&self) -> u64 {
        let mut state = DefaultHasher::new();
        std::mem::discriminant(self).hash(&mut state);
        match self {
            Self::Null => {}
            Self::Bool(is) => is.hash(&mut state),
            Self::Number(number) => number.hash(&mut state),
            Self::String(text) => text.hash(&mut state),
            Self::Array(items) => items.iter().for_each(|item| item.digest().hash(&mut state)),
            Self::Object(object) => {
                let pair = |(name, value): (&Arc<str>, &Value)| {
                    let mut state = DefaultHasher::new();
                    (name, value.digest()).hash(&mut state);
                    state.finish()
                };
                // A sum knows no order.
                object.iter().map(pair).fold(0, u64::wrapping_add).hash(&mut state);
            }
        }
        state.finish()
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Bool(is)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Number(Number::Int(int))
    }
}

impl From<f64> for Value {
    fn from(double: f64) -> Self {
        Self::Number(Number::Double(double))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::Array(items.into())
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(Arc::new(object))
    }
}

/// The members of an object in the order of the text. Of duplicates the last one wins, at the place of the first.
#[derive(Clone, Default)]
pub struct Object {
    members: Vec<(Arc<str>, Value)>,
    /// Where each name is, once there are many.
    index: Option<HashMap<Arc<str>, usize>>,
}

impl Object {
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Value> {
        self.place(name).map(|at| &self.members[at].1)
    }

    /// The member at a place, in the order of the text.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<(&Arc<str>, &Value)> {
        self.members.get(place).map(|(name, value)| (name, value))
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.members.iter().map(|(name, value)| (name, value))
    }

    /// Adds a member, or sets the one of this name.
    pub fn insert(&mut self, name: Arc<str>, value: Value) {
        if let Some(at) = self.place(&name) {
            self.members[at].1 = value;
            return;
        }
        if let Some(index) = &mut self.index {
            index.insert(name.clone(), self.members.len());
        }
        self.members.push((name, value));
        if self.index.is_none() && self.members.len() >= INDEXED_FROM_MEMBERS {
            self.index = Some(self.members.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect());
        }
    }

    /// Where the member of a name is.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(name).copied(),
            None => self.members.iter().position(|(known, _)| **known == *name),
        }
    }
}

impl FromIterator<(Arc<str>, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Value)>>(members: I) -> Self {
        let mut object = Self::default();
        members.into_iter().for_each(|(name, value)| object.insert(name, value));
        object
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.find(name) == Some(value))
    }
}

impl Debug for Object {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn value(text: &str) -> Value {
        parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_last_duplicate_wins_at_the_place_of_the_first() {
        assert_eq!(value(r#"{"a":1,"b":2,"a":3}"#).to_string(), r#"{"a":3,"b":2}"#);
        let many: String = (0..100).map(|at| format!(r#""m{}":{at},"#, at % 50)).collect();
        let object = value(&format!("{{{many}\"z\":0}}"));
        assert_eq!(object.as_object().unwrap().len(), 51);
        assert_eq!((object.member("m0"), object.member("m49")), (Some(&Value::from(50)), Some(&Value::from(99))));
        assert_eq!(object.member("m50"), None);
    }

    #[test]
    fn values_are_equal_as_json_is_and_equals_share_a_digest() {
        for (one, other) in
            [(r#"{"a":1,"b":[1.0,true]}"#, r#"{"b":[1,true],"a":1.00}"#), ("[null,\"x\"]", "[null, \"\\u0078\"]"), ("1e2", "100")]
        {
            assert_eq!(value(one), value(other));
            assert_eq!(value(one).digest(), value(other).digest());
        }
        for (one, other) in [("[1,2]", "[2,1]"), ("0", "false"), ("{}", "[]"), (r#"{"a":1}"#, r#"{"b":1}"#), ("\"1\"", "1")] {
            assert_ne!(value(one), value(other));
            assert_ne!(value(one).digest(), value(other).digest());
        }
    }
}
