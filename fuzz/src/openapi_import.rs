//! Definitions. What can be read is planned; what can be planned is stored, stored again over itself, and compiled.

use crate::control::has_aws_shape;
use base::api::dispatch::{Answer, Ask};
use base::testing::Bench;
use define::import_export::{Severity, check};
use define::tree::ApiTree;
use serde_json::Value;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let problems = check(text);
    assert_eq!(problems, check(text), "planning is pure");
    let bench = Bench::new(define::OPERATIONS);
    let import = send(&bench, "POST", "/restapis", "mode=import", bytes);
    let has_errors = problems.iter().any(|problem| problem.severity == Severity::Error);
    if import.status != 201 {
        let kept = bench.ok("GET", "/restapis", Value::Null);
        assert!(kept["item"].as_array().is_none_or(Vec::is_empty), "a refused definition leaves something behind: {kept}");
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
    let compiled = cardea::runtime::compile::compile(&tree, None);
    assert!(compiled.methods.len() <= tree.methods.len());
}

fn send(bench: &Bench, verb: &str, path: &str, query: &str, body: &[u8]) -> Answer {
    let ask = Ask { method: verb.into(), path: path.into(), query: query.into(), headers: Vec::new(), body: body.to_vec() };
    let answer = bench.ask(ask).expect("imports have a place");
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
