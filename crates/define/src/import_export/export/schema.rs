//! Models as schemas, and what refers to them.

use super::Dialect;
use crate::model::record::Model;
use crate::tree::ApiTree;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

fn parsed(model: &Model) -> Option<Value> {
    serde_json::from_str(model.schema.as_deref()?).ok().filter(Value::is_object)
}

/// The models that can be said: those whose schema is JSON.
pub(super) fn names(tree: &ApiTree) -> BTreeSet<&str> {
    tree.models.iter().filter(|model| parsed(model).is_some()).map(|model| model.name.as_str()).collect()
}

/// All models that can be said, by name.
pub(super) fn schemas(tree: &ApiTree, dialect: Dialect) -> Map<String, Value> {
    let written = |model: &Model| {
        let mut schema = parsed(model)?;
        refer(&mut schema, dialect);
        if let Value::Object(members) = &mut schema {
            // Which draft of JSON Schema it is, is nothing that either specification lets one say.
            members.shift_remove("$schema");
        }
        Some((model.name.clone(), schema))
    };
    tree.models.iter().filter_map(written).collect()
}

/// Where a model is, within the definition.
pub(super) fn reference(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Swagger2 => format!("#/definitions/{name}"),
        Dialect::OpenApi3 => format!("#/components/schemas/{name}"),
    }
}

/// Makes the addresses of models places within the definition. As deep as JSON may be nested, which its parser bounds.
fn refer(schema: &mut Value, dialect: Dialect) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(target) if name == "$ref" => {
                        if let Some(place) = place(target, dialect) {
                            *target = place;
                        }
                    }
                    value => refer(value, dialect),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, dialect)),
        _ => {}
    }
}

/// `https://apigateway.amazonaws.com/restapis/{api}/models/{Name}`, and what may follow.
fn place(target: &str, dialect: Dialect) -> Option<String> {
    let (_, rest) = target.split_once("/restapis/")?;
    let (_, name) = rest.split_once("/models/")?;
    let (name, within) = name.split_once('#').unwrap_or((name, ""));
    Some(format!("{}{within}", reference(name, dialect)))
}
