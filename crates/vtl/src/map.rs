//! Maps that keep the order of insertion.

use crate::source::MapSource;
use crate::text::Text;
use crate::value::{Value, let_go, shallowly};
use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A map up to this long is searched from front to back: quicker than any index.
const UNINDEXED_MAX: usize = 12;

/// A map; clones are the same map. Keys are mostly strings; others are found by looking at each.
#[derive(Clone, Default)]
pub struct Map(Rc<MapCell>);

#[derive(Default)]
struct MapCell {
    entries: RefCell<Entries>,
}

#[derive(Default)]
struct Entries {
    pairs: Vec<(Value, Value)>,
    /// Where each key that is a string stands, once there are many.
    index: Option<BTreeMap<Text, usize>>,
    /// The document in which the pairs are still, and the one list or map of it that was asked for, with its place: it can be changed, so
    /// that it is made once. When another is asked for, all pairs are made.
    source: Option<Box<dyn MapSource>>,
    asked: Option<(usize, Value)>,
}

impl Entries {
    fn make(&mut self) {
        let Some(source) = self.source.take() else { return };
        let mut asked = self.asked.take();
        let value = |at| match asked.take_if(|(place, _)| *place == at) {
            Some((_, value)) => value,
            None => source.value(at),
        };
        let names = (0..source.len()).map(|at| Value::Str(source.name(at)));
        self.pairs = names.zip((0..source.len()).map(value)).collect();
        if self.pairs.len() > UNINDEXED_MAX {
            self.make_index();
        }
    }

    fn place(&self, key: &Value) -> Option<usize> {
        match key {
            Value::Str(name) => self.place_of(name),
            key => self.pairs.iter().position(|(other, _)| is_same_key(other, key)),
        }
    }

    fn place_of(&self, name: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(name).copied(),
            None => self.pairs.iter().position(|(key, _)| matches!(key, Value::Str(key) if &**key == name)),
        }
    }

    fn push(&mut self, key: Value, value: Value) {
        if let (Some(index), Value::Str(name)) = (&mut self.index, &key) {
            index.insert(name.clone(), self.pairs.len());
        }
        self.pairs.push((key, value));
        if self.index.is_none() && self.pairs.len() > UNINDEXED_MAX {
            self.make_index();
        }
    }

    fn remove(&mut self, place: usize) -> Value {
        let (_, value) = self.pairs.remove(place);
        if self.index.is_some() {
            self.make_index();
        }
        value
    }

    fn make_index(&mut self) {
        let names = self.pairs.iter().enumerate().filter_map(|(place, (key, _))| match key {
            Value::Str(name) => Some((name.clone(), place)),
            _ => None,
        });
        self.index = Some(names.collect());
    }
}

/// Java's `equals` for what is used as a key; lists and maps as keys are told apart by what they are, not by what they hold.
fn is_same_key(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Null | Value::Absent, Value::Null | Value::Absent) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Int(one), Value::Int(other)) => one == other,
        (Value::Big(one), Value::Big(other)) => one == other,
        (Value::Double(one), Value::Double(other)) => one.to_bits() == other.to_bits(),
        (Value::Str(one), Value::Str(other)) => one == other,
        (Value::List(one), Value::List(other)) => one.is_same(other),
        (Value::Map(one), Value::Map(other)) => one.is_same(other),
        _ => false,
    }
}

impl Map {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn len(&self) -> usize {
        let entries = self.0.entries.borrow();
        entries.source.as_ref().map_or(entries.pairs.len(), |source| source.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A map of a document.
    pub fn of(source: Box<dyn MapSource>) -> Self {
        Self(Rc::new(MapCell { entries: RefCell::new(Entries { pairs: Vec::new(), index: None, source: Some(source), asked: None }) }))
    }

    /// What stands under a name; none when nothing does, `Some(Null)` when null does.
    pub fn member(&self, name: &str) -> Option<Value> {
        let (place, value) = {
            let entries = self.0.entries.borrow();
            let Some(source) = &entries.source else {
                return entries.place_of(name).map(|place| entries.pairs[place].1.clone());
            };
            let place = source.place(name)?;
            match &entries.asked {
                Some((asked, value)) if *asked == place => return Some(value.clone()),
                _ => (place, source.value(place)),
            }
        };
        if !value.holds_values() {
            return Some(value);
        }
        let mut entries = self.0.entries.borrow_mut();
        if entries.asked.is_none() {
            entries.asked = Some((place, value.clone()));
            return Some(value);
        }
        entries.make();
        Some(entries.pairs[place].1.clone())
    }

    pub fn get(&self, key: &Value) -> Option<Value> {
        if let Value::Str(name) = key {
            return self.member(name);
        }
        let entries = self.made();
        entries.place(key).map(|place| entries.pairs[place].1.clone())
    }

    /// Puts a value, at the end when the key is new, and gives what was there.
    pub fn put(&self, key: Value, value: Value) -> Option<Value> {
        let mut entries = self.0.entries.borrow_mut();
        entries.make();
        if let Some(place) = entries.place(&key) {
            return Some(std::mem::replace(&mut entries.pairs[place].1, value));
        }
        entries.push(key, value);
        None
    }

    pub fn remove(&self, key: &Value) -> Option<Value> {
        let mut entries = self.0.entries.borrow_mut();
        entries.make();
        let place = entries.place(key)?;
        Some(entries.remove(place))
    }

    pub fn clear(&self) {
        let gone = std::mem::take(&mut *self.0.entries.borrow_mut());
        drop(gone);
    }

    /// All entries in their order, to look at. Nothing may be changed meanwhile.
    pub fn entries(&self) -> Ref<'_, [(Value, Value)]> {
        Ref::map(self.made(), |entries| entries.pairs.as_slice())
    }

    fn made(&self) -> Ref<'_, Entries> {
        let entries = self.0.entries.borrow();
        if entries.source.is_none() {
            return entries;
        }
        drop(entries);
        self.0.entries.borrow_mut().make();
        self.0.entries.borrow()
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Moves everything out, when nobody else holds the map.
    pub(crate) fn empty_into(&mut self, values: &mut Vec<Value>) {
        if let Some(cell) = Rc::get_mut(&mut self.0) {
            let entries = cell.entries.get_mut();
            values.extend(entries.asked.take().map(|(_, value)| value));
            values.extend(std::mem::take(&mut entries.pairs).into_iter().flat_map(|(key, value)| [key, value]));
        }
    }
}

impl<K: Into<Value>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(pairs: I) -> Self {
        let (map, pairs) = (Self::new(), pairs.into_iter());
        map.0.entries.borrow_mut().pairs.reserve(pairs.size_hint().0);
        for (key, value) in pairs {
            map.put(key.into(), value);
        }
        map
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        if let Some(deep) = shallowly(std::mem::take(&mut self.pairs)) {
            let_go(deep.into_iter().flat_map(|(key, value)| [key, value]).collect());
        }
    }
}
