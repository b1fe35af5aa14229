//! The sources of the tree, read as far as the tests of taste need it: code without comments and strings, and the paths that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A source file.
pub(crate) struct Source {
    /// From the root of the tree, with slashes.
    pub(crate) path: String,
    /// `["deliver", "mapping", "source"]`.
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
    /// The text without comments, contents of strings and test modules.
    pub(crate) code: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// All files below a folder, but what is built or fetched.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    const NOT_OURS: [&str; 8] = ["target", ".git", ".venv", ".cache", "node_modules", "__pycache__", "dist", ".pytest_cache"];
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Every text file of the tree, by its path from the root.
pub(crate) fn texts() -> BTreeMap<String, String> {
    let root = root();
    let mut found = Vec::new();
    files(&root, &mut found);
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
    found.iter().filter_map(|path| Some((name(path), String::from_utf8(std::fs::read(path).unwrap()).ok()?))).collect()
}

pub(crate) fn is_rust(path: &str) -> bool {
    path.starts_with("crates/") && path.ends_with(".rs")
}

/// Whether a file is for tests alone.
fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.contains("/tests/") || path.contains("/benches/") || ["tests.rs", "testing.rs", "bench.rs"].contains(&name)
}

/// The sources of the product, tests left out.
pub(crate) fn sources() -> Vec<Source> {
    let product = texts().into_iter().filter(|(path, _)| is_rust(path) && path.contains("/src/") && !is_test(path));
    let sources: Vec<Source> = product.map(|(path, text)| Source { module: module_of(&path), code: code_of(&text), path, text }).collect();
    assert!(sources.len() > 100, "the sources are not where they were: {} found", sources.len());
    sources
}

/// `crates/base/src/gate/notes.rs` is `base::gate::notes`.
fn module_of(path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    let mut module = vec![parts[1].to_owned()];
    module.extend(parts[3..].iter().map(|part| (*part).to_owned()));
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

/// Code alone: comments go, strings are emptied, and what comes after `#[cfg(test)] mod` is for tests.
fn code_of(text: &str) -> String {
    let product = match text.find("#[cfg(test)]\nmod tests {") {
        Some(at) => &text[..at],
        None => text,
    };
    let bytes = product.as_bytes();
    let (mut code, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(b"//") {
            at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        } else if rest.starts_with(b"/*") {
            at += product[at..].find("*/").map_or(rest.len(), |end| end + 2);
        } else if let Some(hashes) = raw_string(rest) {
            let end = format!("\"{}", "#".repeat(hashes));
            let from = at + 2 + hashes;
            at = product[from..].find(&end).map_or(bytes.len(), |found| from + found + end.len());
            code.extend_from_slice(b"\"\"");
        } else if rest[0] == b'"' {
            at += 1;
            while at < bytes.len() && bytes[at] != b'"' {
                at += 1 + usize::from(bytes[at] == b'\\');
            }
            at += 1;
            code.extend_from_slice(b"\"\"");
        } else if let Some(len) = char_literal(rest) {
            at += len;
            code.extend_from_slice(b"' '");
        } else {
            code.push(rest[0]);
            at += 1;
        }
    }
    String::from_utf8(code).unwrap()
}

/// How many hashes a raw string that begins here has.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let after = rest.strip_prefix(b"r")?;
    let hashes = after.iter().take_while(|byte| **byte == b'#').count();
    (after.get(hashes) == Some(&b'"')).then_some(hashes)
}

/// How long a character that begins here is; a lifetime is none.
fn char_literal(rest: &[u8]) -> Option<usize> {
    if rest[0] != b'\'' {
        return None;
    }
    if rest.get(1) == Some(&b'\\') {
        return rest.iter().skip(3).position(|byte| *byte == b'\'').map(|end| end + 4);
    }
    let text = std::str::from_utf8(&rest[1..rest.len().min(6)]).or_else(|why| std::str::from_utf8(&rest[1..1 + why.valid_up_to()])).ok()?;
    let first = text.chars().next()?.len_utf8();
    (rest.get(1 + first) == Some(&b'\'')).then_some(first + 2)
}

/// Every path that a file's code names, in full: `use` trees are spread out, `crate`, `super` and `self` are resolved.
pub(crate) fn paths(source: &Source) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    let mut rest = source.code.as_str();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    while let Some(at) = rest.find(|c: char| c.is_alphabetic() || c == '_') {
        let text = &rest[at..];
        let word_end = text.find(|c: char| !is_word(c)).unwrap_or(text.len());
        if &text[..word_end] == "use" && text[word_end..].starts_with(' ') {
            let end = text.find(';').unwrap_or(text.len());
            let tree: String = text[word_end..end].split_whitespace().filter(|word| *word != "as").collect();
            spread(&tree, &[], &mut |path| {
                found.insert(resolved(source, path));
            });
            rest = &text[end..];
            continue;
        }
        let mut path = Vec::new();
        let mut left = text;
        loop {
            let end = left.find(|c: char| !is_word(c)).unwrap_or(left.len());
            path.push(left[..end].to_owned());
            left = &left[end..];
            match left.strip_prefix("::") {
                Some(next) if next.starts_with(|c: char| c.is_alphabetic() || c == '_') => left = next,
                _ => break,
            }
        }
        if path.len() > 1 {
            found.insert(resolved(source, &path));
        }
        rest = left;
    }
    found
}

/// Calls `each` with each path of a `use` tree.
fn spread(tree: &str, before: &[String], each: &mut dyn FnMut(&[String])) {
    let mut depth = 0;
    let mut from = 0;
    for (at, letter) in tree.char_indices().chain([(tree.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let item = &tree[from..at];
                from = at + 1;
                let (path, inner) = item.split_once('{').map_or((item, None), |(path, inner)| (path, inner.strip_suffix('}')));
                let mut whole = before.to_vec();
                whole.extend(path.split("::").filter(|part| !part.is_empty() && *part != "self").map(str::to_owned));
                match inner {
                    Some(inner) => spread(inner, &whole, each),
                    None if item.is_empty() => {}
                    None => each(&whole),
                }
            }
            _ => {}
        }
    }
}

fn resolved(source: &Source, path: &[String]) -> Vec<String> {
    let mut rest = path;
    let mut base: Vec<String> = Vec::new();
    match path.first().map(String::as_str) {
        Some("crate") => {
            base.push(source.module[0].clone());
            rest = &path[1..];
        }
        Some("super") => {
            base = source.module.clone();
            while rest.first().is_some_and(|part| part == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        Some("self") => {
            base = source.module.clone();
            rest = &path[1..];
        }
        _ => {}
    }
    base.extend_from_slice(rest);
    base
}

/// The reader of paths reads what it is to read: a test over sources that reads nothing cannot fail.
#[test]
fn the_reader_of_paths_reads_paths() {
    let text = "//! base::api in words\nuse super::a::{self, b as c, d::{E, F}};\nfn f<'a>(x: &'a str) -> char { /* base::store */ crate::g::h(\"base::gate\"); '\\'' }\n\
                #[cfg(test)]\nmod tests {\n    use base::api::X;\n}\n";
    let source =
        Source { path: String::new(), module: vec!["deliver".into(), "m".into(), "n".into()], text: text.into(), code: code_of(text) };
    let found: Vec<String> = paths(&source).iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["deliver::g::h", "deliver::m::a", "deliver::m::a::bc", "deliver::m::a::d::E", "deliver::m::a::d::F"]);
}
