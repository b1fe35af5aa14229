//! What is written of an API, in the places that the specifications have for it, and whole as an extension.

use super::{Documented, Wanted};
use crate::documentation::record::{DocumentationPart, Location};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Something that can be written about.
#[derive(Clone, Copy, Default)]
pub(super) struct Entity<'e> {
    pub(super) kind: &'e str,
    pub(super) path: &'e str,
    pub(super) verb: &'e str,
    /// The status code of a response.
    pub(super) code: &'e str,
    pub(super) name: &'e str,
}

/// A part: its location with every default, and its properties.
type Said = (Location, Map<String, Value>);

/// The parts that a stage shows, where they are wanted.
pub(super) struct Documentation {
    documented: Option<Documented>,
    /// By the type of their location.
    parts: BTreeMap<String, Vec<Said>>,
}

fn properties(part: &DocumentationPart) -> Map<String, Value> {
    serde_json::from_str(&part.properties).unwrap_or_default()
}

impl Documentation {
    pub(super) fn of(wanted: &Wanted) -> Documentation {
        let documented = wanted.documented.clone().filter(|_| wanted.extensions.documentation);
        let mut parts: BTreeMap<String, Vec<Said>> = BTreeMap::new();
        for part in documented.iter().flat_map(|documented| &documented.parts) {
            parts.entry(part.location.kind.clone()).or_default().push((part.location.whole(), properties(part)));
        }
        Documentation { parts, documented }
    }

    /// All parts as they are, for an import to read.
    pub(super) fn extension(&self) -> Option<Value> {
        let Documented { version, created, parts } = self.documented.as_ref()?;
        let parts: Vec<Value> = parts.iter().map(|part| json!({"location": part.location, "properties": properties(part)})).collect();
        Some(json!({"version": version, "createdDate": created, "documentationParts": parts}))
    }

    /// What is written of the API itself, as far as `info` has a place for it.
    pub(super) fn add_to_info(&self, info: &mut Map<String, Value>) {
        let about = self.parts.get("API").and_then(|parts| parts.first());
        let Some(Value::Object(said)) = about.and_then(|(_, properties)| properties.get("info")) else { return };
        for name in ["description", "termsOfService", "contact", "license"] {
            if let Some(value) = said.get(name) {
                info.insert(name.into(), value.clone());
            }
        }
    }

    /// Adds what is written of an entity: of several parts that hold for it the most specific one.
    pub(super) fn add_to(&self, out: &mut Map<String, Value>, entity: &Entity<'_>, members: &[&str]) {
        let of_type = self.parts.get(entity.kind).map_or(&[][..], Vec::as_slice);
        let holding = of_type.iter().filter_map(|(location, properties)| Some((specificity(location, entity)?, properties)));
        let Some((_, said)) = holding.max_by_key(|(specificity, _)| *specificity) else { return };
        for name in members {
            if let Some(value) = said.get(*name) {
                out.insert((*name).to_owned(), value.clone());
            }
        }
    }
}

/// How closely a location fits an entity, if it does: by the length of its path, then by verb and status code.
fn specificity(location: &Location, entity: &Entity<'_>) -> Option<(usize, bool, bool)> {
    let Location { kind: _, path, method, status_code, name } = location;
    let [path, verb, code, name] = [path, method, status_code, name].map(|said| said.as_deref().unwrap_or_default());
    let is_above = entity.path.strip_prefix(path.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let any = |said: &str, wanted: &str| said.is_empty() || said == "*" || said == wanted;
    let fits = is_above && any(verb, entity.verb) && any(code, entity.code) && name == entity.name;
    fits.then(|| (path.len(), verb == entity.verb, code == entity.code))
}
