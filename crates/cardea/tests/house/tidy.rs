//! Taste that can be checked: who imports whom, what is left over, how long files are, what is written down.
//!
//! The rooms and their rules are the table of the README's house (and docs/decisions/0003: `gate` knows `h1`). What cargo holds between
//! crates is held here within them: every path in every source file is read, tests left out.

use super::sources::{is_rust, paths, sources, texts};
use std::collections::{BTreeMap, BTreeSet};

/// Lines of a file: nobody reads more at once.
const LINES_MAX: usize = 900;
/// Nine files of ten are shorter.
const LINES_P90_MAX: usize = 500;

const FEATURES: [&str; 4] = ["admit", "deliver", "define", "publish"];
const LANGUAGES: [&str; 5] = ["sigv4", "h1", "iam", "jsonkit", "vtl"];

fn begins(path: &[String], prefix: &str) -> bool {
    let mut parts = path.iter().map(String::as_str);
    prefix.split("::").all(|wanted| parts.next() == Some(wanted))
}

/// A rule: files of a room never name these.
struct Rule {
    room: &'static str,
    holds: fn(&[String]) -> bool,
    never: &'static [&'static str],
}

fn is_in(module: &[String], room: &str) -> bool {
    begins(module, room)
}

fn is_feature(module: &[String]) -> bool {
    FEATURES.contains(&module[0].as_str())
}

fn has_part(module: &[String], part: &str) -> bool {
    module[1..].iter().any(|name| name == part)
}

/// What a request meets of a feature: steps, integrations, mappings, and how refusals are told.
fn is_on_the_request_path(module: &[String]) -> bool {
    let of_deliver =
        ["deliver::mapping", "deliver::upstream", "deliver::integration", "deliver::function"].iter().any(|room| is_in(module, room));
    let of_refusals = ["builtin", "standard", "template"].iter().any(|name| is_in(module, &format!("deliver::gateway_response::{name}")));
    (of_deliver || of_refusals || has_part(module, "step")) && !has_part(module, "record") && !has_part(module, "operations")
}

const RULES: &[Rule] = &[
    Rule {
        room: "a language",
        holds: |module| LANGUAGES.contains(&module[0].as_str()),
        never: &["tokio", "hyper", "base", "admit", "deliver", "define", "publish", "backends", "cardea"],
    },
    Rule {
        room: "world",
        holds: |module| is_in(module, "base::world"),
        never: &["base::store", "base::tally", "base::api", "base::gate", "h1", "sigv4"],
    },
    Rule {
        room: "store",
        holds: |module| is_in(module, "base::store"),
        never: &["base::tally", "base::api", "base::gate", "h1", "sigv4", "hyper"],
    },
    Rule { room: "tally", holds: |module| is_in(module, "base::tally"), never: &["base::store", "base::api", "base::gate", "h1", "sigv4"] },
    Rule { room: "api", holds: |module| is_in(module, "base::api"), never: &["base::gate", "base::tally", "h1", "hyper"] },
    Rule {
        room: "gate",
        holds: |module| is_in(module, "base::gate"),
        never: &["base::store", "base::api", "base::tally", "sigv4", "hyper"],
    },
    Rule { room: "base", holds: |module| module[0] == "base", never: &["admit", "deliver", "define", "publish", "backends", "cardea"] },
    Rule {
        room: "a record",
        holds: |module| is_feature(module) && has_part(module, "record"),
        never: &["tokio", "hyper", "base::gate", "base::api"],
    },
    Rule {
        room: "an operation",
        holds: |module| is_feature(module) && has_part(module, "operations"),
        never: &["base::gate", "h1", "deliver::upstream", "deliver::mapping", "hyper"],
    },
    Rule { room: "the request path", holds: is_on_the_request_path, never: &["base::store", "base::api"] },
    Rule {
        room: "runtime",
        holds: |module| is_in(module, "cardea::runtime"),
        never: &["cardea::edge", "cardea::cli", "cardea::node", "backends", "hyper"],
    },
    Rule {
        room: "edge",
        holds: |module| is_in(module, "cardea::edge"),
        never: &["admit", "deliver", "define", "publish", "backends", "cardea::cli", "cardea::node"],
    },
    Rule {
        room: "backends",
        holds: |module| module[0] == "backends",
        never: &["base::api", "base::gate", "admit", "deliver", "define", "publish"],
    },
];

#[test]
fn each_room_keeps_to_its_imports() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let mut has_files = false;
        for source in sources().iter().filter(|source| (rule.holds)(&source.module)) {
            has_files = true;
            for path in paths(source) {
                if rule.never.iter().any(|never| begins(&path, never)) {
                    wrong.push(format!("{}: {} never imports {}", source.path, rule.room, path.join("::")));
                }
            }
        }
        assert!(has_files, "no file is in the room {}", rule.room);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The running half implements the trait by which control calls reach it, and knows nothing else of them; what a feature's operations
/// do is none of its business.
#[test]
fn of_the_control_plane_runtime_knows_one_trait() {
    const RUNNING: [&str; 7] = [
        "base::api::Running",
        "base::api::Progress",
        "base::api::Trial",
        "base::api::Tried",
        "base::api::AuthorizerTrial",
        "base::api::TriedAuthorizer",
        "base::api::ApiError",
    ];
    for source in sources().iter().filter(|source| is_in(&source.module, "cardea::runtime")) {
        for path in paths(source) {
            let is_known = RUNNING.iter().any(|known| begins(&path, known));
            assert!(!begins(&path, "base::api") || is_known, "{} names {}", source.path, path.join("::"));
            assert!(!path[1..].iter().any(|part| part == "operations"), "{} names {}", source.path, path.join("::"));
        }
    }
}

/// A data thread takes no lock of the database: only the follower and what makes stages know the store.
#[test]
fn the_pipeline_cannot_reach_the_store() {
    const PIPELINE: [&str; 3] = ["cardea::runtime::rest", "cardea::runtime::router", "cardea::runtime::explain"];
    let mut seen = 0;
    for source in sources().iter().filter(|source| PIPELINE.iter().any(|room| is_in(&source.module, room))) {
        seen += 1;
        for path in paths(source) {
            assert!(!begins(&path, "base::store"), "{} names {}", source.path, path.join("::"));
        }
    }
    assert!(seen >= PIPELINE.len());
}

#[test]
fn only_a_few_files_name_what_is_to_be_named_in_one_place() {
    let only: [(&str, &[&str]); 4] = [
        ("rusqlite", &["crates/backends/"]),
        (
            "hyper",
            &[
                "crates/cardea/src/edge/control.rs",
                "crates/cardea/src/edge/file_body.rs",
                "crates/cardea/src/edge/flow_body.rs",
                "crates/cardea/src/edge/http2/",
                "crates/cardea/src/cli/demo.rs",
            ],
        ),
        ("hyper_util", &["crates/cardea/src/edge/control.rs", "crates/cardea/src/edge/http2/", "crates/cardea/src/cli/demo.rs"]),
        ("rustls", &["crates/deliver/src/upstream/", "crates/cardea/src/edge/certificates.rs", "crates/cardea/src/edge/secure.rs"]),
    ];
    for (krate, places) in only {
        let mut named = false;
        for source in sources() {
            for path in paths(&source).iter().filter(|path| path[0] == krate) {
                named = true;
                assert!(places.iter().any(|place| source.path.starts_with(place)), "{} names {}", source.path, path.join("::"));
            }
        }
        assert!(named, "nobody names {krate} any more: the rule is for nothing");
    }
}

/// Cargo holds the order of the shelves; this holds the order that cargo is told.
#[test]
fn each_crate_depends_on_those_to_its_left() {
    let order: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("sigv4", &[][..]),
        ("iam", &[][..]),
        ("h1", &[][..]),
        ("jsonkit", &[][..]),
        ("vtl", &[][..]),
        ("base", &["sigv4", "h1"][..]),
        ("admit", &["base", "h1", "iam", "jsonkit", "sigv4"][..]),
        ("deliver", &["base", "h1", "jsonkit", "sigv4", "vtl"][..]),
        ("define", &["base", "iam", "admit", "deliver"][..]),
        ("publish", &["base", "admit", "deliver", "define"][..]),
        ("backends", &["base"][..]),
        ("cardea", &["sigv4", "h1", "iam", "jsonkit", "vtl", "base", "admit", "deliver", "define", "publish", "backends"][..]),
    ]);
    for (krate, dependencies) in dependencies(Kind::Product) {
        let left = order.get(krate.as_str()).unwrap_or_else(|| panic!("{krate} has no place in the house"));
        for dependency in dependencies.iter().filter(|name| order.contains_key(name.as_str())) {
            assert!(left.contains(&dependency.as_str()), "{krate} depends on {dependency}");
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Product,
    All,
}

/// The dependencies of each crate, as its Cargo.toml names them.
fn dependencies(kind: Kind) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in texts().iter().filter(|(path, _)| path.starts_with("crates/") && path.ends_with("/Cargo.toml")) {
        let krate = path.split('/').nth(1).unwrap().to_owned();
        let mut counts = false;
        for line in text.lines() {
            if line.starts_with('[') {
                counts = match line {
                    "[dependencies]" => true,
                    "[dev-dependencies]" | "[build-dependencies]" => kind == Kind::All,
                    _ => false,
                };
            } else if counts && line.contains('=') && !line.starts_with('#') {
                let name: String = line.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect();
                found.entry(krate.clone()).or_default().insert(name);
            }
        }
    }
    assert!(found.len() > 5);
    found
}

#[test]
fn each_dependency_has_its_line_of_reason() {
    let texts = texts();
    let reasons = &texts["docs/dependencies.md"];
    let cells: BTreeSet<&str> =
        reasons.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).flat_map(|cell| cell.split([',', ' '])).collect();
    let ours: BTreeSet<String> =
        texts.keys().filter_map(|path| path.strip_prefix("crates/")?.split('/').next().map(str::to_owned)).collect();
    let all: BTreeSet<String> = dependencies(Kind::All).into_values().flatten().collect();
    let unexplained: Vec<&String> = all.iter().filter(|name| !ours.contains(*name) && !cells.contains(name.as_str())).collect();
    assert!(unexplained.is_empty(), "docs/dependencies.md has no line for {unexplained:?}");
}

#[test]
fn each_dependency_is_used() {
    let texts = texts();
    let mut unused = Vec::new();
    for (krate, dependencies) in dependencies(Kind::All) {
        for dependency in dependencies {
            let name = dependency.replace('-', "_");
            let folder = format!("crates/{krate}/");
            let is_used = texts.iter().any(|(path, text)| path.starts_with(&folder) && path.ends_with(".rs") && mentions(text, &name));
            if !is_used {
                unused.push(format!("{krate}: {dependency}"));
            }
        }
    }
    assert!(unused.is_empty(), "depended on and not used: {unused:?}");
}

/// Whether a text has `name::`, or a `use` of it, as a whole word.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = &text[at + name.len()..];
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            && (after.starts_with("::") || after.starts_with(';') || after.starts_with(" as "))
    })
}

#[test]
fn nothing_is_left_over() {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX:")];
    let calls = [concat!("dbg", "!("), concat!("todo", "!("), concat!("unimplemented", "!(")];
    let allows = [concat!("#[", "allow"), concat!("#![", "allow")];
    for (path, text) in texts().iter().filter(|(path, _)| is_rust(path)) {
        for leftover in words.iter().chain(&calls).chain(&allows) {
            assert!(!text.contains(leftover), "{path} has {leftover}");
        }
    }
}

#[test]
fn time_comes_from_the_world() {
    for source in sources().iter().filter(|source| !is_in(&source.module, "base::world")) {
        for call in ["SystemTime::now", "Instant::now"] {
            assert!(!source.code.contains(call), "{} asks {call}", source.path);
        }
    }
}

/// Files are read and written where nobody waits for them: at the start, by a thread of their own, from the command line. `/metrics` asks
/// the kernel for this process's memory, on the control port's runtime: no disk, and no data thread.
#[test]
fn the_request_path_reads_no_file() {
    const MAY: [&str; 17] = [
        "backends",
        "cardea::runtime::logs",
        "cardea::cli",
        "cardea::credentials",
        "cardea::config",
        // The control port's, on its own threads.
        "cardea::edge::metrics",
        "cardea::edge::file_body",
        "cardea::backup",
        // At the start, and on SIGHUP.
        "cardea::log",
        "cardea::machine",
        "cardea::functions",
        // At the start, and off the data threads.
        "cardea::upstreams",
        // On the control runtime, and what may be large on threads that may block.
        "deliver::function::host",
        "deliver::function::archive",
        "deliver::function::operations",
        "deliver::aws::files",
        "deliver::aws::metadata",
    ];
    for source in sources() {
        let reads = paths(&source).into_iter().find(|path| begins(path, "std::fs") || begins(path, "tokio::fs"));
        let may = MAY.iter().any(|room| is_in(&source.module, room));
        assert!(reads.is_none() || may, "{} names {}", source.path, reads.unwrap_or_default().join("::"));
    }
}

#[test]
fn files_stay_readable() {
    let mut lines: Vec<(usize, String)> =
        texts().into_iter().filter(|(path, _)| is_rust(path)).map(|(path, text)| (text.lines().count(), path)).collect();
    lines.sort();
    let (longest, path) = lines.last().unwrap();
    assert!(*longest <= LINES_MAX, "{path} has {longest} lines");
    let p90 = lines[lines.len() * 9 / 10].0;
    assert!(p90 < LINES_P90_MAX, "one file of ten has {p90} lines and more");
}

#[test]
fn each_file_opens_with_what_it_is() {
    for source in sources() {
        assert!(source.text.starts_with("//! "), "{} does not say what it is", source.path);
    }
}

/// What stands in the tree must be true on every machine.
#[test]
fn no_machine_and_no_registry_is_named() {
    let names = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
        concat!("crates", ".io"),
        concat!("pypi", ".org"),
        concat!("pythonhosted", ".org"),
        concat!("npmjs", ".org"),
        concat!("proxy.gol", "ang.org"),
    ];
    // Cargo writes its locks by itself.
    for (path, text) in texts().iter().filter(|(path, _)| !path.ends_with("Cargo.lock")) {
        for name in names {
            assert!(!text.contains(name), "{path} names {name}");
        }
    }
}
