//! `x-amazon-apigateway-documentation` as documentation parts.

use super::location::check_properties;
use super::record::{DocumentationPart, Location};
use crate::import_export::document::Node;
use crate::import_export::{Mode, Notes};
use base::world::Ids;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};

/// Parts of one API, AWS's quota.
pub(crate) const PARTS_MAX: usize = 2_000;
/// Parts of one API where AWS's quota was raised, or is not ours.
pub(crate) const PARTS_MAX_EXTENDED: usize = 20_000;
/// Characters of a part's id.
pub(crate) const ID_CHARS: usize = 6;

/// The parts of an API after a definition was read into it; what is wrong with the definition's is told. Parts that the definition
/// names get new ids, as on AWS (observed).
pub(crate) fn read(root: &Node, api: &str, mode: Mode, old: Vec<DocumentationPart>, ids: &Ids, notes: &mut Notes) -> Read {
    let mut parts: BTreeMap<Location, DocumentationPart> = BTreeMap::new();
    if mode == Mode::Merge {
        parts.extend(old.into_iter().map(|part| (part.location.whole(), part)));
    }
    let mut used: HashSet<String> = parts.values().map(|part| part.id.clone()).collect();
    let mut new = Vec::new();
    let parts_max = if notes.is_strict() { PARTS_MAX } else { PARTS_MAX_EXTENDED };
    let documentation = root.find("x-amazon-apigateway-documentation");
    for node in documentation.and_then(|node| node.find("documentationParts")).map_or(&[][..], Node::items) {
        let location = node.find("location").map(location).unwrap_or_default();
        let properties = node.find("properties").map(properties).unwrap_or_default();
        let cannot = |why: String| format!("Unable to create documentation part at location: {}: {why}", location.shown());
        if !notes.unfold(node.at, properties.len() + 64) {
            break;
        }
        if let Err(why) = location.check().and_then(|()| check_properties(&properties)) {
            notes.error(node.at, cannot(why.to_string()));
            continue;
        }
        let place = location.whole();
        if parts.len() >= parts_max && !parts.contains_key(&place) {
            notes.error(node.at, cannot(format!("Maximum number of documentation parts reached: {parts_max}.")));
            break;
        }
        let before = parts.remove(&place);
        let properties = before.map_or_else(|| properties.clone(), |before| merged(&before.properties, &properties));
        let id = loop {
            let id = ids.lower(ID_CHARS);
            if used.insert(id.clone()) {
                break id;
            }
        };
        new.push(place.clone());
        parts.insert(place, DocumentationPart { api: api.to_owned(), id, location, properties });
    }
    let new_ids = new.iter().filter_map(|place| parts.get(place)).map(|part| part.id.clone()).collect();
    let mut parts: Vec<DocumentationPart> = parts.into_values().collect();
    parts.sort_by(|a, b| a.id.cmp(&b.id));
    Read { parts, new_ids }
}

/// What an API's documentation has become.
pub(crate) struct Read {
    /// By id.
    pub(crate) parts: Vec<DocumentationPart>,
    /// Of the definition's parts, in its order.
    pub(crate) new_ids: Vec<String>,
}

fn location(node: &Node) -> Location {
    let text = |name: &str| node.find(name).and_then(Node::scalar).filter(|text| !text.is_empty()).map(str::to_owned);
    Location {
        kind: text("type").unwrap_or_default(),
        path: text("path"),
        method: text("method"),
        status_code: text("statusCode"),
        name: text("name"),
    }
}

/// An object; or a text of one.
fn properties(node: &Node) -> String {
    node.text().map_or_else(|| node.json(&|_| None), str::to_owned)
}

/// Properties in which the new ones take the place of the old ones of their names.
fn merged(old: &str, new: &str) -> String {
    let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    let mut whole = read(old);
    whole.extend(read(new));
    Value::Object(whole).to_string()
}
