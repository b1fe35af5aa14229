//! References between models: `https://apigateway.amazonaws.com/restapis/{api}/models/{Name}`.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The names of the models that a schema refers to, directly.
pub(super) fn references(schema: &Value) -> Vec<String> {
    let mut names = Vec::new();
    visit(&mut schema.clone(), &mut |reference| names.extend(named(reference).map(str::to_owned)));
    names
}

/// A schema that stands alone: what it refers to, directly or not, is among its `definitions`. `find` gives a model's schema.
pub(super) fn flattened<E>(mut schema: Value, mut find: impl FnMut(&str) -> Result<Option<Value>, E>) -> Result<Value, E> {
    let mut definitions = BTreeMap::new();
    let mut waiting = references(&schema);
    localise(&mut schema);
    while let Some(name) = waiting.pop() {
        if definitions.contains_key(&name) {
            continue;
        }
        let mut inner = find(&name)?.unwrap_or_else(|| Value::Object(Map::new()));
        waiting.extend(references(&inner));
        localise(&mut inner);
        definitions.insert(name, inner);
    }
    if let (Value::Object(members), false) = (&mut schema, definitions.is_empty()) {
        let held = members.entry("definitions").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(held) = held {
            held.extend(definitions);
        }
    }
    Ok(schema)
}

fn named(reference: &str) -> Option<&str> {
    let (_, rest) = reference.split_once("/restapis/")?;
    let (_, name) = rest.split_once("/models/")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

fn localise(schema: &mut Value) {
    visit(schema, &mut |reference| {
        if let Some(name) = named(reference) {
            *reference = format!("#/definitions/{name}");
        }
    });
}

/// Shows every `$ref`. As deep as JSON may be nested, which its parser bounds.
fn visit(schema: &mut Value, each: &mut impl FnMut(&mut String)) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(reference) if name == "$ref" => each(reference),
                    value => visit(value, each),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, each)),
        _ => {}
    }
}
