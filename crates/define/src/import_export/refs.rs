//! `$ref` within a document: followed step by step, never further than a bound, never out of the document.

use super::document::{Node, Place, Value};

/// References that may lead to one another.
const REF_HOPS_MAX: usize = 32;
/// Names in one reference.
const REF_STEPS_MAX: usize = 100;

/// A reference that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Astray {
    pub(crate) at: Place,
    pub(crate) text: String,
}

/// The node itself, or what its `$ref` leads to in the end.
pub(crate) fn follow<'d>(root: &'d Node, node: &'d Node) -> Result<&'d Node, Astray> {
    let mut here = node;
    for _ in 0..REF_HOPS_MAX {
        let Some(target) = here.find("$ref").and_then(Node::text) else { return Ok(here) };
        let astray = |text: String| Astray { at: here.at, text };
        let Some(pointer) = target.strip_prefix("#/") else {
            return Err(astray(format!("Unsupported reference '{target}': only references within the document are followed")));
        };
        here = resolve(root, pointer).ok_or_else(|| astray(format!("Unable to resolve reference '{target}'")))?;
    }
    Err(Astray { at: node.at, text: format!("References lead in a circle, or over more than {REF_HOPS_MAX} steps") })
}

/// The node at a JSON pointer without its `#/`.
fn resolve<'d>(root: &'d Node, pointer: &str) -> Option<&'d Node> {
    let mut here = root;
    for (n, step) in pointer.split('/').enumerate() {
        if n >= REF_STEPS_MAX {
            return None;
        }
        let name = unescape(step)?;
        here = match &here.value {
            Value::Map(map) => map.find(&name)?,
            Value::List(items) => items.get(name.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(here)
}

/// One name of a pointer in a URI fragment: percent-decoding, then `~1` and `~0`.
pub(crate) fn unescape(step: &str) -> Option<String> {
    Some(base::api::decode_percent(step)?.replace("~1", "/").replace("~0", "~"))
}
