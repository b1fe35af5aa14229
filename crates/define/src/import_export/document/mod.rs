//! A definition's text, JSON or YAML, as one ordered value that knows the line and column of every node.
//!
//! JSON is read strictly by a reader of our own. YAML is read in its 1.2 core schema from saphyr-parser's events: `yes`, `no`, `on` and
//! `off` are texts, as they are for AWS's parser, and a key is the text it was written as, so `200:` is `"200"`.
//! The text may be hostile: its size, depth, number of nodes, and what its aliases grow to are bounded, and nothing here recurses deeper
//! than [`DEPTH_MAX`].

mod json;
mod yaml;

use std::fmt::{self, Write};

/// Bytes of a definition. AWS takes 6 MB.
pub const DOCUMENT_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Nodes within nodes.
pub const DEPTH_MAX: usize = 100;
/// Nodes of a document, those that aliases stand for included.
pub const NODES_MAX: usize = 500_000;
/// Bytes of text that aliases may stand for.
pub const ALIAS_BYTES_MAX: usize = 4 * DOCUMENT_BYTES_MAX;
/// Repeated keys that are remembered.
const DUPLICATES_MAX: usize = 100;

/// A place in a text, both counted from 1; the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: u32,
    pub column: u32,
}

impl Place {
    /// The first character.
    pub const START: Place = Place { line: 1, column: 1 };
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A value and where it begins.
#[derive(Clone, Debug)]
pub struct Node {
    pub at: Place,
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    /// A JSON number, as it was written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Map),
}

/// Keys and values in the order of the text; a key is there once.
#[derive(Clone, Debug, Default)]
pub struct Map {
    entries: Vec<Entry>,
    /// Places in `entries`, by ascending key.
    index: Vec<u32>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    pub at: Place,
    pub value: Node,
}

/// A definition that was read.
#[derive(Clone, Debug)]
pub struct Document {
    pub root: Node,
    /// Keys that were given again: where, and which. The last one counts.
    pub duplicates: Vec<(Place, String)>,
}

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {cause}")]
pub struct Unreadable {
    pub at: Place,
    pub cause: String,
}

impl Unreadable {
    fn new(at: Place, cause: impl Into<String>) -> Unreadable {
        Unreadable { at, cause: cause.into() }
    }
}

/// Reads a definition. A text that begins with a brace or a bracket is JSON, any other is YAML.
pub fn read(text: &str) -> Result<Document, Unreadable> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(Unreadable::new(Place::START, format!("the definition is larger than {DOCUMENT_BYTES_MAX} bytes")));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.trim_start().as_bytes().first() {
        None => Err(Unreadable::new(Place::START, "the definition is empty")),
        Some(b'{' | b'[') => json::read(text),
        Some(_) => yaml::read(text),
    }
}

impl Document {
    /// Puts values in the place of `${name}`, in every text.
    pub fn fill(&mut self, variables: &[(&str, &str)]) {
        fill(&mut self.root, variables);
    }
}

fn fill(node: &mut Node, variables: &[(&str, &str)]) {
    match &mut node.value {
        Value::Text(text) if text.contains("${AWS::") => {
            for (name, value) in variables {
                *text = text.replace(&format!("${{{name}}}"), value);
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| fill(item, variables)),
        Value::Map(map) => map.entries.iter_mut().for_each(|entry| fill(&mut entry.value, variables)),
        _ => {}
    }
}

impl Node {
    fn new(at: Place, value: Value) -> Node {
        Node { at, value }
    }

    /// The value of a key, when this is a map that has it. A null counts as absent.
    pub fn find(&self, key: &str) -> Option<&Node> {
        self.map()?.find(key).filter(|node| !node.is_null())
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// This as a map.
    pub fn map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The entries of a map; none if it is no map.
    pub fn entries(&self) -> &[Entry] {
        self.map().map_or(&[], Map::entries)
    }

    /// The items of a list; none if it is no list.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// This as a text, and only a text.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text, a number or a boolean, as it was written: YAML's authors forget quotes.
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// A boolean, or a text that spells one.
    pub fn flag(&self) -> Option<bool> {
        let word = self.scalar()?;
        [("true", true), ("false", false)].into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// A whole number, or a text that spells one.
    pub fn whole(&self) -> Option<i64> {
        self.scalar()?.parse().ok()
    }

    /// This as JSON text; a `$ref` is what `refer` makes of it, if it makes anything.
    pub fn json(&self, refer: &dyn Fn(&str) -> Option<String>) -> String {
        let mut out = String::new();
        self.write(refer, &mut out);
        out
    }

    fn write(&self, refer: &dyn Fn(&str) -> Option<String>, out: &mut String) {
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Number(text) => out.push_str(text),
            Value::Text(text) => quote(text, out),
            Value::List(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    out.push_str(if n > 0 { "," } else { "" });
                    item.write(refer, out);
                }
                out.push(']');
            }
            Value::Map(map) => {
                out.push('{');
                for (n, Entry { key, value, .. }) in map.entries.iter().enumerate() {
                    out.push_str(if n > 0 { "," } else { "" });
                    quote(key, out);
                    out.push(':');
                    match value.text().filter(|_| key == "$ref").and_then(refer) {
                        Some(target) => quote(&target, out),
                        None => value.write(refer, out),
                    }
                }
                out.push('}');
            }
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => write!(out, "\\u{:04x}", u32::from(control)).expect("a string takes what is written to it"),
            other => out.push(other),
        }
    }
    out.push('"');
}

impl Map {
    /// A map of entries in their order. Of a key that comes again the last value counts, and `again` is told.
    fn of(mut entries: Vec<Entry>, again: &mut dyn FnMut(Place, &str)) -> Map {
        let sorted = |entries: &[Entry]| {
            let mut index: Vec<u32> = (0..entries.len() as u32).collect();
            index.sort_by(|a, b| entries[*a as usize].key.cmp(&entries[*b as usize].key));
            index
        };
        let mut index = sorted(&entries);
        let mut beaten: Vec<bool> = Vec::new();
        for pair in index.windows(2) {
            let (earlier, later) = (&entries[pair[0] as usize], &entries[pair[1] as usize]);
            if earlier.key == later.key {
                beaten.resize(entries.len(), false);
                beaten[pair[0] as usize] = true;
                again(later.at, &later.key);
            }
        }
        if !beaten.is_empty() {
            let mut beaten = beaten.into_iter();
            entries.retain(|_| !beaten.next().unwrap_or(false));
            index = sorted(&entries);
        }
        Map { entries, index }
    }

    /// The value of a key.
    pub fn find(&self, key: &str) -> Option<&Node> {
        let found = self.index.binary_search_by(|n| self.entries[*n as usize].key.as_str().cmp(key)).ok()?;
        Some(&self.entries[self.index[found] as usize].value)
    }

    /// All entries, in the order of the text.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}
