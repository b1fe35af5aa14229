//! Definitions. What can be read is planned; what can be planned is stored, stored again over itself, and compiled.

use crate::control::has_aws_shape;
use base::api::dispatch::{Answer, Ask};
use base::testing::Bench;
use define::import_export::document::read;
use define::import_export::{Severity, check};
use define::tree::ApiTree;
use serde_json::Value;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    reading(text);
    let problems = check(text);
    assert_eq!(problems, check(text), "planning is pure");
    let bench = Bench::new(define::OPERATIONS);
    let import = send(&bench, "POST", "/restapis", "mode=import", bytes);
    let has_errors = problems.iter().any(|problem| problem.severity == Severity::Error);
    if import.status != 201 {
        let kept = bench.ok("GET", "/restapis", Value::Null);
        assert!(kept["item"].as_array().is_none_or(Vec::is_empty), "a refused definition leaves something behind: {kept}");
        // What an integration may take is a setting of the node, and a pinned id is the store's: `check` knows neither.
        let is_of_the_node = ["imeout", "_custom_id_"].iter().any(|word| text.contains(word));
        assert!(has_errors || is_of_the_node, "`check` says that it can be imported: {}", String::from_utf8_lossy(&import.body));
        return;
    }
    assert!(!has_errors, "an import that `check` refuses: {problems:?}");
    let made: Value = serde_json::from_slice(&import.body).unwrap_or_default();
    let id = made["id"].as_str().expect("an API has an id");
    for mode in ["overwrite", "merge"] {
        let put = send(&bench, "PUT", &format!("/restapis/{id}"), &format!("mode={mode}"), bytes);
        assert!(put.status == 200, "{mode}: {}", String::from_utf8_lossy(&put.body));
    }
    let api = id.to_owned();
    let tree = bench.read(move |view, realm| ApiTree::read(view, realm, &api)).expect("what was imported is there");
    let compiled = cardea::runtime::compile::compile(&tree, false);
    assert!(compiled.methods.len() <= tree.methods.len());
}

/// What our reader makes of a text: as JSON the same as serde_json does, and its own writing is read as the same again.
fn reading(text: &str) {
    let ours = read(text).map(|document| document.root.json(&|_| None));
    let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    let theirs = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}'));
    match (&ours, theirs) {
        (Ok(ours), theirs) => {
            let again = read(ours).map(|document| document.root.json(&|_| None));
            // A lone scalar is YAML, which reads its own way.
            assert!(!ours.starts_with(['{', '[']) || again.as_ref() == Ok(ours), "{ours} is read again as {again:?}");
            match (is_json, theirs) {
                (true, Ok(theirs)) => {
                    assert_eq!(serde_json::from_str::<Value>(ours).ok(), Some(theirs), "serde_json reads another document")
                }
                // Numbers that fit no float are theirs to refuse: we keep numbers as they were written.
                (true, Err(why)) => assert!(why.to_string().contains("number out of range"), "serde_json refuses what we read: {why}"),
                (false, _) => {}
            }
        }
        (Err(why), Ok(_)) => assert!(!is_json || why.cause.contains("nested"), "we refuse what serde_json reads: {why}"),
        (Err(_), Err(_)) => {}
    }
}

fn send(bench: &Bench, verb: &str, path: &str, query: &str, body: &[u8]) -> Answer {
    let ask = Ask { method: verb.into(), path: path.into(), query: query.into(), headers: Vec::new(), body: body.to_vec() };
    let answer = bench.ask(ask);
    has_aws_shape(&answer);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A target whose seeds are all refused at the door would find nothing behind it.
    #[test]
    fn the_good_seeds_are_imported() {
        for (name, text) in [
            ("swagger.json", include_str!("../corpus/openapi_import/swagger.json")),
            ("open.yaml", include_str!("../corpus/openapi_import/open.yaml")),
            ("mock.yaml", include_str!("../corpus/openapi_import/mock.yaml")),
        ] {
            let answer = send(&Bench::new(define::OPERATIONS), "POST", "/restapis", "mode=import", text.as_bytes());
            assert_eq!(answer.status, 201, "{name}: {}", String::from_utf8_lossy(&answer.body));
        }
    }
}
