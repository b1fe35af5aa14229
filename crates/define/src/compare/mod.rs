//! What differs between two APIs, or between one and itself at another time: a list of typed changes, and what each means for safety.
//!
//! AWS has nothing like it; the names of members are AWS's all the same. Things are known by what a caller or an author calls them, never
//! by id: a resource by its path, a method by verb and path, the rest by name. So an API and its clone are equal, and a deletion that was
//! made good is no change. What is odd: sets are compared as sets, JSON texts as JSON, and an API's own id in its policy and its schemas
//! stands as `{api}`. Documentation is no part of it, as it is none of a deployment. Pure: no store, no clock.

mod concerns;
mod members;
#[cfg(test)]
mod tests;

pub use concerns::{Concern, Effect};

use crate::tree::ApiTree;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Members by AWS's name; a slash leads into maps. What is absent or null is not there.
pub type Members = BTreeMap<String, Value>;

/// The sorts of things that can differ, in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Noun {
    /// A stage's own settings, which are live.
    Stage,
    /// The API's settings.
    Settings,
    Authorizer,
    RequestValidator,
    Model,
    GatewayResponse,
    Resource,
    Method,
    Integration,
}

/// What became of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    Added,
    Removed,
    Changed,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub noun: Noun,
    /// `GET /pets`, `/pets`, or a name; empty for the settings of the API.
    pub name: String,
    pub fate: Fate,
    /// All members of what was added or removed; those that differ of what was changed.
    pub members: Vec<MemberChange>,
    /// What it means for safety and for limits, the gravest first.
    pub concerns: Vec<Concern>,
}

/// One member that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberChange {
    pub member: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

/// How a thing is known: by its noun, its path or name, and its verb where it has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    noun: Noun,
    place: String,
    verb: String,
}

impl Key {
    fn name(&self) -> String {
        if self.verb.is_empty() { self.place.clone() } else { format!("{} {}", self.verb, self.place) }
    }
}

/// Everything of one side, ready to be compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts(BTreeMap<Key, Members>);

impl Parts {
    /// What a tree consists of.
    pub fn of(tree: &ApiTree) -> Parts {
        members::of(tree)
    }

    /// Adds a thing that is no part of the tree: a stage's settings.
    pub fn add(&mut self, noun: Noun, name: &str, members: Members) {
        self.0.insert(Key { noun, place: name.to_owned(), verb: String::new() }, members);
    }

    /// What must happen to these so that they become `after`. Empty when they are equal.
    pub fn changes_to(&self, after: &Parts) -> Vec<Change> {
        let mut sides: BTreeMap<&Key, (Option<&Members>, Option<&Members>)> = BTreeMap::new();
        for (key, members) in &self.0 {
            sides.entry(key).or_default().0 = Some(members);
        }
        for (key, members) in &after.0 {
            sides.entry(key).or_default().1 = Some(members);
        }
        sides.into_iter().filter(|(_, (from, to))| from != to).map(|(key, (from, to))| change(key, from, to)).collect()
    }
}

fn change(key: &Key, from: Option<&Members>, to: Option<&Members>) -> Change {
    let fate = match (from, to) {
        (None, _) => Fate::Added,
        (_, None) => Fate::Removed,
        _ => Fate::Changed,
    };
    let nothing = Members::new();
    let members = differing(from.unwrap_or(&nothing), to.unwrap_or(&nothing));
    let concerns = concerns::of(key.noun, &key.verb, fate, &members);
    Change { noun: key.noun, name: key.name(), fate, members, concerns }
}

fn differing(from: &Members, to: &Members) -> Vec<MemberChange> {
    let mut members: BTreeMap<&String, MemberChange> = BTreeMap::new();
    let none = |name: &String| MemberChange { member: name.clone(), from: None, to: None };
    for (name, value) in from.iter().filter(|(name, value)| to.get(*name) != Some(*value)) {
        members.entry(name).or_insert_with(|| none(name)).from = Some(value.clone());
    }
    for (name, value) in to.iter().filter(|(name, value)| from.get(*name) != Some(*value)) {
        members.entry(name).or_insert_with(|| none(name)).to = Some(value.clone());
    }
    members.into_values().collect()
}
