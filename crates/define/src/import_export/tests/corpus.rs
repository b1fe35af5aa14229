//! Real definitions, where `CARDEA_CORPORA` says they are: each must come in whole.

use super::*;
use crate::import_export::document;
use serde_json::Map;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const VERBS: &[(&str, &str)] = &[
    ("get", "GET"),
    ("put", "PUT"),
    ("post", "POST"),
    ("delete", "DELETE"),
    ("options", "OPTIONS"),
    ("head", "HEAD"),
    ("patch", "PATCH"),
    ("x-amazon-apigateway-any-method", "ANY"),
];

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// What must be there of a definition: paths, methods, types of integrations, names of authorizers.
#[derive(Debug, Default, PartialEq)]
struct Whole {
    paths: BTreeSet<String>,
    methods: BTreeSet<(String, String)>,
    types: BTreeMap<(String, String), String>,
    authorizers: BTreeSet<String>,
}

fn wanted(document: &Value) -> Whole {
    let mut whole = Whole { paths: BTreeSet::from(["/".to_owned()]), ..Whole::default() };
    for (key, item) in members(&document["paths"]).filter(|(key, item)| key.starts_with('/') && item.is_object()) {
        let mut path = String::new();
        for part in key.split('/').filter(|part| !part.is_empty()) {
            path = format!("{path}/{part}");
            whole.paths.insert(path.clone());
        }
        let path = if path.is_empty() { "/".to_owned() } else { path };
        for (_, verb, operation) in VERBS.iter().filter_map(|(name, verb)| Some((name, verb, item.get(name)?))) {
            let spot = (path.clone(), (*verb).to_owned());
            whole.methods.insert(spot.clone());
            if let Some(kind) = operation["x-amazon-apigateway-integration"]["type"].as_str() {
                whole.types.insert(spot, kind.to_ascii_uppercase());
            }
        }
    }
    let schemes = [&document["securityDefinitions"], &document["components"]["securitySchemes"]].into_iter().flat_map(members);
    let named = schemes.filter(|(_, scheme)| scheme["x-amazon-apigateway-authorizer"].is_object());
    whole.authorizers = named.map(|(name, _)| name.clone()).collect();
    whole
}

fn got(stored: &Stored, wanted: &Whole) -> Whole {
    let tree = &stored.tree;
    let path = |method: &Method| tree.resources.iter().find(|resource| resource.id == method.resource).unwrap().path.clone();
    let typed = tree.methods.iter().filter_map(|method| {
        let spot = (path(method), method.verb.clone());
        // An integration that the document keeps elsewhere says its type there.
        wanted.types.contains_key(&spot).then_some((spot, method.integration.as_ref()?.kind.name().to_owned()))
    });
    Whole {
        paths: tree.resources.iter().map(|resource| resource.path.clone()).collect(),
        methods: tree.methods.iter().map(|method| (path(method), method.verb.clone())).collect(),
        types: typed.collect(),
        authorizers: tree.authorizers.iter().map(|authorizer| authorizer.name.clone()).collect(),
    }
}

/// Documents that AWS may well refuse, too.
fn is_suspect(document: &Value) -> bool {
    let info = &document["info"];
    let operations = || members(&document["paths"]).flat_map(|(_, item)| members(item)).filter(|(_, operation)| operation.is_object());
    let lacks_type = |operation: &Value| {
        let integration = &operation["x-amazon-apigateway-integration"];
        integration.is_object() && integration.get("type").is_none() && integration.get("$ref").is_none()
    };
    let text = document.to_string();
    let incomplete = ["title", "version"].iter().any(|name| info[*name].as_str().unwrap_or("").is_empty());
    let left = ["__include__", "resolvedFind", "resolvedSelect", "resolvedSplit"].iter().any(|word| text.contains(word));
    let bare = !operations().any(|(name, _)| VERBS.iter().any(|(verb, _)| verb == name));
    incomplete || left || bare || operations().any(|(_, operation)| lacks_type(operation))
}

#[test]
fn real_definitions_come_in_whole() {
    let Some(corpora) = std::env::var_os("CARDEA_CORPORA") else { return };
    let folder = Path::new(&corpora).join("oracles/openapi");
    let manifest: Value = serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let (mut all, mut held, mut suspects, mut failed) = (0, 0, 0, Vec::new());
    let rest = manifest.as_array().unwrap().iter().filter(|entry| entry["protocol"] == "REST");
    for name in rest.map(|entry| entry["file"].as_str().unwrap()) {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        all += 1;
        suspects += usize::from(is_suspect(&document));
        let world = World::new();
        let (status, reply) = world.send("POST", "/restapis?mode=import", &text);
        let wanted = wanted(&document);
        let fault = if status != 201 {
            Some(reply.to_string())
        } else {
            let got = got(&world.stored(&reply), &wanted);
            (got != wanted).then(|| format!("wanted {wanted:?}, got {got:?}"))
        };
        match fault {
            None => held += 1,
            Some(fault) => {
                println!("{name}: {fault}");
                if !is_suspect(&document) {
                    failed.push(name.to_owned());
                }
            }
        }
    }
    println!("{held} of {all} definitions hold ({suspects} are suspect)");
    assert!(all > 0 && failed.is_empty(), "{failed:?}");
}

/// Our reader against another one, over everything there is.
#[test]
fn real_definitions_read_as_another_reader_reads_them() {
    let Some(corpora) = std::env::var_os("CARDEA_CORPORA") else { return };
    for entry in std::fs::read_dir(Path::new(&corpora).join("oracles/openapi")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let Ok(document) = document::read(&text) else { panic!("unreadable") };
        let ours: Value = serde_json::from_str(&document.root.json(&|_| None)).unwrap();
        assert_eq!(ours, serde_json::from_str::<Value>(&text).unwrap());
    }
}
