//! YAML 1.2, core schema, one document. The parser's events are put together without recursion; an alias is a copy that is paid for.

use super::{ALIAS_BYTES_MAX, DEPTH_MAX, DUPLICATES_MAX, Document, Entry, Map, NODES_MAX, Node, Place, Unreadable, Value};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use std::collections::HashMap;

pub(super) fn read(text: &str) -> Result<Document, Unreadable> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|why| Unreadable::new(place(why.marker()), why.info()))?;
        builder.take(event, place(&span.start))?;
    }
    match builder.root {
        Some(root) => Ok(Document { root, duplicates: builder.duplicates }),
        None => Err(Unreadable::new(Place::START, "the definition is empty")),
    }
}

fn place(marker: &Marker) -> Place {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place { line: number(marker.line().max(1)), column: number(marker.col().saturating_add(1)) }
}

#[derive(Default)]
struct Builder {
    root: Option<Node>,
    open: Vec<Frame>,
    /// What an alias stands for, by the parser's number of its anchor.
    anchors: HashMap<usize, Node>,
    nodes: usize,
    alias_bytes: usize,
    duplicates: Vec<(Place, String)>,
}

/// A list or a map that has not ended.
struct Frame {
    at: Place,
    anchor: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: Option<Key>,
        /// Values of `<<`.
        merged: Vec<Node>,
    },
}

/// A key that waits for its value.
struct Key {
    text: String,
    at: Place,
    /// Whether it is the plain `<<`, which merges other maps into this one.
    merges: bool,
}

const MERGE_KEY: &str = "<<";

impl Builder {
    fn take(&mut self, event: Event<'_>, at: Place) -> Result<(), Unreadable> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => Err(Unreadable::new(at, "there is more than one document")),
            Event::DocumentStart(_) => Ok(()),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                if self.wants_key() && anchor == 0 {
                    known(tag.as_deref(), at)?;
                    self.key(text.into_owned(), plain, at);
                    return Ok(());
                }
                let value = scalar(&text, plain, tag.as_deref(), at)?;
                self.count(1, at)?;
                self.finish(Node::new(at, value), anchor, plain)
            }
            Event::SequenceStart(anchor, tag) => self.begin(at, anchor, tag.as_deref(), Inside::List(Vec::new())),
            Event::MappingStart(anchor, tag) => {
                self.begin(at, anchor, tag.as_deref(), Inside::Map { entries: Vec::new(), key: None, merged: Vec::new() })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Frame { at, anchor, inside }) = self.open.pop() else {
                    return Err(Unreadable::new(at, "an end without a beginning"));
                };
                let value = match inside {
                    Inside::List(items) => Value::List(items),
                    Inside::Map { entries, merged, .. } => Value::Map(self.map(entries, merged)?),
                };
                self.finish(Node::new(at, value), anchor, false)
            }
            Event::Alias(anchor) => {
                let Some(target) = self.anchors.get(&anchor) else {
                    return Err(Unreadable::new(at, "an alias within what it stands for"));
                };
                let target = target.clone();
                self.pay(&target, at)?;
                self.finish(target, 0, false)
            }
        }
    }

    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Frame { inside: Inside::Map { key: None, .. }, .. }))
    }

    fn begin(&mut self, at: Place, anchor: usize, tag: Option<&Tag>, inside: Inside) -> Result<(), Unreadable> {
        known(tag, at)?;
        self.count(1, at)?;
        if self.wants_key() {
            return Err(Unreadable::new(at, "a list or a map cannot be a key"));
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(Unreadable::new(at, format!("values are nested more than {DEPTH_MAX} deep")));
        }
        self.open.push(Frame { at, anchor, inside });
        Ok(())
    }

    fn count(&mut self, nodes: usize, at: Place) -> Result<(), Unreadable> {
        self.nodes += nodes;
        if self.nodes > NODES_MAX {
            return Err(Unreadable::new(at, format!("there are more than {NODES_MAX} values, aliases included")));
        }
        Ok(())
    }

    /// Counts a copy of a node.
    fn pay(&mut self, node: &Node, at: Place) -> Result<(), Unreadable> {
        let mut size = Size::default();
        size.add(node, 1);
        if size.depth + self.open.len() > DEPTH_MAX {
            return Err(Unreadable::new(at, format!("values are nested more than {DEPTH_MAX} deep, aliases included")));
        }
        self.alias_bytes += size.bytes;
        if self.alias_bytes > ALIAS_BYTES_MAX {
            return Err(Unreadable::new(at, format!("aliases stand for more than {ALIAS_BYTES_MAX} bytes")));
        }
        self.count(size.nodes, at)
    }

    fn key(&mut self, text: String, plain: bool, at: Place) {
        if let Some(Frame { inside: Inside::Map { key, .. }, .. }) = self.open.last_mut() {
            *key = Some(Key { merges: plain && text == MERGE_KEY, text, at });
        }
    }

    /// Puts a whole node where it belongs.
    fn finish(&mut self, node: Node, anchor: usize, plain: bool) -> Result<(), Unreadable> {
        if anchor > 0 {
            self.pay(&node, node.at)?;
            self.anchors.insert(anchor, node.clone());
        }
        if self.wants_key() {
            let at = node.at;
            let text = node.scalar().map(str::to_owned).ok_or_else(|| Unreadable::new(at, "a list or a map cannot be a key"))?;
            self.key(text, plain, at);
            return Ok(());
        }
        match self.open.last_mut().map(|frame| &mut frame.inside) {
            None => self.root = Some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Map { entries, key, merged }) => match key.take() {
                Some(Key { merges: true, .. }) => merged.push(node),
                Some(Key { text, at, .. }) => entries.push(Entry { key: text, at, value: node }),
                None => {}
            },
        }
        Ok(())
    }

    /// A map with others merged into it: its own keys win, then those of the maps named first.
    fn map(&mut self, own: Vec<Entry>, merged: Vec<Node>) -> Result<Map, Unreadable> {
        let mut seen: Vec<(Place, String)> = Vec::new();
        let own = Map::of(own, &mut |at, key| {
            if seen.len() < DUPLICATES_MAX {
                seen.push((at, key.to_owned()));
            }
        });
        seen.truncate(DUPLICATES_MAX.saturating_sub(self.duplicates.len()));
        self.duplicates.append(&mut seen);
        if merged.is_empty() {
            return Ok(own);
        }
        let mut sources = Vec::new();
        for node in merged {
            let at = node.at;
            match node.value {
                Value::Map(map) => sources.push(map),
                Value::List(items) if items.iter().all(|item| item.map().is_some()) => {
                    sources.extend(items.into_iter().filter_map(|item| match item.value {
                        Value::Map(map) => Some(map),
                        _ => None,
                    }));
                }
                _ => return Err(Unreadable::new(at, "only maps can be merged")),
            }
        }
        // The last of equal keys counts, so what wins comes last.
        let entries = sources.into_iter().rev().flat_map(|map| map.entries).chain(own.entries).collect();
        Ok(Map::of(entries, &mut |_, _| {}))
    }
}

#[derive(Default)]
struct Size {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

impl Size {
    fn add(&mut self, node: &Node, depth: usize) {
        self.nodes += 1;
        self.depth = self.depth.max(depth);
        match &node.value {
            Value::Text(text) | Value::Number(text) => self.bytes += text.len(),
            Value::List(items) => items.iter().for_each(|item| self.add(item, depth + 1)),
            Value::Map(map) => {
                for entry in &map.entries {
                    self.bytes += entry.key.len();
                    self.add(&entry.value, depth + 1);
                }
            }
            _ => {}
        }
    }
}

/// Refuses tags of other schemas. Those of CloudFormation (`!Sub`) mean something only before a definition is sent.
fn known(tag: Option<&Tag>, at: Place) -> Result<(), Unreadable> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() || tag.handle.is_empty() && tag.suffix == "!") => {
            Err(Unreadable::new(at, format!("the tag {tag} has no meaning here; resolve it before the import")))
        }
        _ => Ok(()),
    }
}

fn scalar(text: &str, plain: bool, tag: Option<&Tag>, at: Place) -> Result<Value, Unreadable> {
    known(tag, at)?;
    let resolves = match tag {
        None => plain,
        Some(tag) => matches!(tag.suffix.as_str(), "int" | "float" | "bool" | "null"),
    };
    if !resolves {
        return Ok(Value::Text(text.to_owned()));
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::Text(text.to_owned()), Value::Number),
    })
}

/// A number of the core schema in JSON's spelling. Infinity and not-a-number have none, and stay texts.
fn number(text: &str) -> Option<String> {
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).ok().map(|n| n.to_string());
    if let Some(digits) = text.strip_prefix("0x") {
        return digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| radix(digits, 16)).flatten();
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return digits.bytes().all(|b| b.is_ascii_digit()).then(|| radix(digits, 8)).flatten();
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(n) => (&rest[..n], Some(&rest[n..])),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let some_digit = !whole.is_empty() || fraction.is_some_and(|part| !part.is_empty());
    let fine_exponent = exponent.is_none_or(|part| {
        let part = part[1..].strip_prefix(['+', '-']).unwrap_or(&part[1..]);
        !part.is_empty() && digits(part)
    });
    if !some_digit || !digits(whole) || !fraction.is_none_or(digits) || !fine_exponent {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.map_or_else(String::new, |part| format!(".{}", if part.is_empty() { "0" } else { part }));
    Some(format!("{sign}{whole}{fraction}{}", exponent.unwrap_or("")))
}
