//! The operations of this program against the list of AWS's: operations.txt says of each whether it is here.

use base::api::Entry;
use cardea::node::operations;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// AWS's list.
const LIST: &str = include_str!("operations.txt");
/// How many there are: the list is not to shrink.
const LISTED: usize = 124;

/// A line of the list.
struct Listed {
    name: &'static str,
    verb: &'static str,
    path: &'static str,
    status: u16,
    is_here: bool,
}

fn listed() -> Vec<Listed> {
    let read = |line: &'static str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, verb, path, status, here] = words[..] else { panic!("no line of the list: {line}") };
        assert!(["yes", "later"].contains(&here), "{line}");
        Listed { name, verb, path, status: status.parse().unwrap(), is_here: here == "yes" }
    };
    LIST.lines().filter(|line| !line.starts_with('#')).map(read).collect()
}

fn entries() -> Vec<Entry> {
    operations().concat()
}

/// Those, and those of other services, and ours.
fn all_entries() -> Vec<Entry> {
    let others = [
        deliver::LAMBDA_OPERATIONS,
        deliver::LOAD_BALANCER_OPERATIONS,
        deliver::CLOUD_MAP_OPERATIONS,
        deliver::SECOND_OPERATIONS,
        deliver::OWN_OPERATIONS,
    ];
    [vec![entries()], others.map(<[_]>::concat).to_vec()].concat().concat()
}

/// A path whose greedy placeholders are plain ones, as AWS spells them.
fn plain(path: &str) -> String {
    path.replace("+}", "}")
}

#[test]
fn the_list_is_whole() {
    let all = listed();
    assert_eq!(all.len(), LISTED);
    assert_eq!(all.iter().map(|listed| listed.name).collect::<BTreeSet<_>>().len(), LISTED, "a name is listed twice");
}

#[test]
fn what_is_listed_as_here_is_here_as_aws_has_it() {
    let here: BTreeMap<&str, Entry> = entries().into_iter().map(|entry| (entry.route.name, entry)).collect();
    for Listed { name, verb, path, status, is_here } in listed() {
        let Some(entry) = here.get(name) else {
            assert!(!is_here, "{name} is listed as here, and is not");
            continue;
        };
        assert!(is_here, "{name} is here: say so in operations.txt");
        let route = entry.route;
        // AWS tells such operations apart by their query: mode=import is a part of the path in its list.
        let query = route.only_with.map_or(String::new(), |(key, value)| format!("?{key}={value}"));
        assert_eq!((route.verb.name(), format!("{}{query}", plain(route.path)), route.status), (verb, path.to_owned(), status), "{name}");
    }
}

#[test]
fn nothing_is_here_that_is_not_listed() {
    let known: BTreeSet<&str> = listed().iter().map(|listed| listed.name).collect();
    let strange: Vec<&str> = entries().iter().map(|entry| entry.route.name).filter(|name| !known.contains(name)).collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn no_two_routes_are_alike() {
    let mut seen = BTreeMap::new();
    for entry in all_entries() {
        let route = entry.route;
        let shape: Vec<&str> = route.path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
        let before = seen.insert((route.verb.name(), shape.join("/"), route.only_with), route.name);
        assert_eq!(before, None, "{} has the route of another", route.name);
    }
}

/// A request made from a route's own path is answered by that operation and by no other: literals and placeholders shadow nothing.
#[test]
fn no_route_shadows_another() {
    let all = entries();
    let catalogue = base::api::dispatch::Catalogue::new(&operations());
    for entry in &all {
        let route = entry.route;
        let filled: Vec<&str> = route.path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        let query = route.only_with.map_or(String::new(), |(key, value)| format!("{key}={value}"));
        let ask = base::api::dispatch::Ask { method: route.verb.name().into(), path: filled.join("/"), query, ..Default::default() };
        let found = catalogue.find(&ask).unwrap_or_else(|| panic!("{} is never found", route.name));
        assert_eq!(found.entry.route.name, route.name);
        let takers = all.iter().filter(|other| {
            other.route.verb == route.verb && other.route.only_with == route.only_with && other.route.capture(&ask.path).is_some()
        });
        let takers: Vec<&str> = takers.map(|other| other.route.name).collect();
        assert_eq!(takers, [route.name], "{} {}", route.verb.name(), route.path);
    }
}

/// Each operation checks what it reads: the members of its path are all in its table.
#[test]
fn each_member_of_a_path_is_in_its_operations_table() {
    for entry in all_entries() {
        for part in entry.route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let name = part.trim_end_matches('+');
            assert!(entry.members.iter().any(|member| member.name == name), "{}: {name} is checked by nobody", entry.route.name);
        }
    }
}

/// Each operation that is here is called by a test with a real client, under boto3's name for it.
#[test]
fn each_operation_is_exercised_by_a_real_client() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance");
    let mut sources = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("test_") && name.ends_with(".py") && name != "test_catalogue.py" {
            sources.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    let lambda = deliver::LAMBDA_OPERATIONS.concat();
    let idle: BTreeSet<String> = entries()
        .iter()
        .chain(&lambda)
        .map(|entry| snake(entry.route.name))
        .filter(|name| ![format!(".{name}("), format!(".{name},"), format!("\"{name}\"")].iter().any(|use_of| sources.contains(use_of)))
        .collect();
    assert!(idle.is_empty(), "no test in tests/conformance calls {idle:?}");
}

/// `CreateRestApi` is `create_rest_api`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (n, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && n > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
