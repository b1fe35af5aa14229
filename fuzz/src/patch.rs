//! PATCH. An input is text: the first line says what is patched (by the first byte, any of the nouns), each line below is one operation:
//! op, path, value and from with tabs between them; what is left out is not sent. A blank line begins another request.

use crate::control::World;
use serde_json::{Value, json};

/// What can be patched.
const NOUNS: &[&str] = &[
    "/account",
    "/apikeys/@key",
    "/restapis/@api",
    "/restapis/@api/resources/@pets",
    "/restapis/@api/resources/@pets/methods/GET",
    "/restapis/@api/resources/@pets/methods/GET/responses/200",
    "/restapis/@api/resources/@pets/methods/GET/integration",
    "/restapis/@api/resources/@pets/methods/GET/integration/responses/200",
    "/restapis/@api/deployments/@deployment",
    "/restapis/@api/stages/prod",
    "/restapis/@api/models/Pet",
    "/restapis/@api/requestvalidators/@validator",
    "/restapis/@api/authorizers/@authorizer",
    "/restapis/@api/gatewayresponses/THROTTLED",
    "/usageplans/@plan",
    "/usageplans/@plan/keys/@key/usage",
];
/// Requests of one input.
const REQUESTS_MAX: usize = 8;

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let world = World::new();
    for request in text.split("\n\n").take(REQUESTS_MAX) {
        let mut lines = request.lines();
        let first = lines.next().and_then(|line| line.bytes().next()).unwrap_or_default();
        let noun = NOUNS[usize::from(first.wrapping_sub(b'a')) % NOUNS.len()];
        let operations: Vec<Value> = lines.map(operation).collect();
        patch(&world, noun, &json!({ "patchOperations": operations }).to_string());
    }
}

fn operation(line: &str) -> Value {
    let mut members = serde_json::Map::new();
    for (name, part) in ["op", "path", "value", "from"].into_iter().zip(line.split('\t')) {
        if part != "-" {
            members.insert(name.into(), part.into());
        }
    }
    Value::Object(members)
}

fn patch(world: &World, noun: &str, body: &str) {
    let kept = || world.ask("GET", noun, "").map(|answer| (answer.status, answer.body));
    let before = kept();
    let answer = world.ask("PATCH", noun, body).unwrap_or_else(|| panic!("{noun} cannot be patched"));
    // Usage has no noun of its own to look at, and a method's answer is as large as what is kept.
    if let (Some((200, before)), Some((_, after))) = (before, kept()) {
        if answer.status >= 400 {
            assert_eq!(String::from_utf8_lossy(&after), String::from_utf8_lossy(&before), "{noun} was refused, and has changed");
        } else {
            let (said, kept): (Value, Value) = (read(&answer.body), read(&after));
            assert_eq!(said, kept, "{noun}: what was answered is not what is kept");
        }
    }
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_noun_is_there_and_can_be_patched() {
        let world = World::new();
        for noun in NOUNS {
            let answer = world.ask("PATCH", noun, r#"{"patchOperations":[]}"#).map(|answer| answer.status);
            assert!(matches!(answer, Some(200..300)), "{noun}: {answer:?}");
        }
    }
}
