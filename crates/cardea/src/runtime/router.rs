//! From a path and a verb to a method.
//!
//! AWS matches the *pair*: candidates are the resources whose pattern fits the path and which own the verb (or `ANY`), and among them
//! the more specific wins, segment by segment: static before `{name}` before `{name+}`. So a literal resource without the verb never
//! shadows a variable one that has it (seen: rest-api-lifecycle.md §2.2). The tree is walked depth first in that order; every node is
//! visited at most once, so a walk is bounded by the number of resources.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A tree of an API's resources. `T` is what a method is, an index as a rule.
#[derive(Debug)]
pub struct Router<T> {
    nodes: Vec<Node<T>>,
}

#[derive(Debug)]
struct Node<T> {
    statics: Children,
    variable: Option<u32>,
    greedy: Option<u32>,
    methods: Vec<(Verb, T)>,
}

/// A verb that a method is configured for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Put,
    Post,
    Delete,
    Patch,
    Options,
    Head,
    Any,
}

impl Verb {
    /// Reads a verb; none other is ever routed.
    pub fn named(name: &str) -> Option<Verb> {
        Some(match name {
            "GET" => Verb::Get,
            "PUT" => Verb::Put,
            "POST" => Verb::Post,
            "DELETE" => Verb::Delete,
            "PATCH" => Verb::Patch,
            "OPTIONS" => Verb::Options,
            "HEAD" => Verb::Head,
            "ANY" => Verb::Any,
            _ => return None,
        })
    }
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Node { statics: Children::default(), variable: None, greedy: None, methods: Vec::new() }
    }
}

/// Static children: a few are compared, many are hashed. The keys are the author's, never a stranger's.
#[derive(Debug)]
enum Children {
    Few(Vec<(Box<str>, u32)>),
    Many(HashMap<Box<str>, u32, BuildHasherDefault<Fx>>),
}

const FEW: usize = 6;

impl Default for Children {
    fn default() -> Self {
        Children::Few(Vec::new())
    }
}

impl Children {
    fn find(&self, segment: &str) -> Option<u32> {
        match self {
            Children::Few(few) => few.iter().find(|(name, _)| **name == *segment).map(|(_, node)| *node),
            Children::Many(many) => many.get(segment).copied(),
        }
    }

    fn insert(&mut self, segment: &str, node: u32) {
        match self {
            Children::Few(few) if few.len() < FEW => few.push((segment.into(), node)),
            Children::Few(few) => {
                let mut many: HashMap<_, _, _> = few.drain(..).collect();
                many.insert(segment.into(), node);
                *self = Children::Many(many);
            }
            Children::Many(many) => {
                many.insert(segment.into(), node);
            }
        }
    }
}

/// A fast hash for short texts of known origin.
#[derive(Default)]
struct Fx(u64);

impl Hasher for Fx {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        const K: u64 = 0x517c_c1b7_2722_0a95;
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let word = u64::from_le_bytes(chunk.try_into().expect("chunks of eight have eight bytes"));
            self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(K);
        }
        let tail = chunks.remainder().iter().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
        self.0 = (self.0.rotate_left(5) ^ tail).wrapping_mul(K);
    }
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Router { nodes: vec![Node::default()] }
    }
}

impl<T> Router<T> {
    /// Adds a method at a resource's path: `/pets/{petId}`.
    pub fn insert(&mut self, path: &str, verb: Verb, method: T) {
        let mut at = 0usize;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            at = self.child(at, part) as usize;
        }
        self.nodes[at].methods.push((verb, method));
    }

    fn child(&mut self, at: usize, part: &str) -> u32 {
        let is_parameter = part.starts_with('{') && part.ends_with('}');
        let known = match (is_parameter, part.ends_with("+}")) {
            (true, true) => self.nodes[at].greedy,
            (true, false) => self.nodes[at].variable,
            (false, _) => self.nodes[at].statics.find(part),
        };
        if let Some(known) = known {
            return known;
        }
        let new = u32::try_from(self.nodes.len()).expect("an API has far fewer resources than four thousand million");
        self.nodes.push(Node::default());
        match (is_parameter, part.ends_with("+}")) {
            (true, true) => self.nodes[at].greedy = Some(new),
            (true, false) => self.nodes[at].variable = Some(new),
            (false, _) => self.nodes[at].statics.insert(part, new),
        }
        new
    }

    /// The method for a path (from `from` on, after the stage) and a verb. `values` receives where in the path the parameters' values
    /// are, from left to right.
    pub fn find(&self, path: &str, from: usize, verb: Verb, values: &mut Vec<(u32, u32)>) -> Option<&T> {
        values.clear();
        let bytes = path.as_bytes();
        // Slashes after the stage collapse, and one at the end does not count (seen).
        let mut begin = from.min(bytes.len());
        while bytes.get(begin) == Some(&b'/') {
            begin += 1;
        }
        let end = if bytes.len() > begin && bytes.last() == Some(&b'/') { bytes.len() - 1 } else { bytes.len() };
        let begin = if begin < end { begin } else { end + 1 };
        self.walk(0, path, begin, end, verb, values)
    }

    /// Looks from a node at `path[at..end]`, where `at` is the beginning of a segment (an empty one if it is the end), or past the end.
    fn walk(&self, node: u32, path: &str, at: usize, end: usize, verb: Verb, values: &mut Vec<(u32, u32)>) -> Option<&T> {
        let node = &self.nodes[node as usize];
        if at > end {
            return node.method(verb);
        }
        let stop = memchr(path, at, end);
        let segment = &path[at..stop];
        let next = stop + 1;
        let child = node.statics.find(segment).or_else(|| {
            // A literal may come percent-encoded. An encoded slash stays part of its segment, so no literal has it.
            segment.contains('%').then(|| node.statics.find(&decoded(segment)?)).flatten()
        });
        if let Some(child) = child
            && let Some(found) = self.walk(child, path, next, end, verb, values)
        {
            return Some(found);
        }
        if let Some(child) = node.variable
            && !segment.is_empty()
        {
            values.push((at as u32, stop as u32));
            if let Some(found) = self.walk(child, path, next, end, verb, values) {
                return Some(found);
            }
            values.pop();
        }
        let found = self.nodes[node.greedy? as usize].method(verb)?;
        values.push((at as u32, end as u32));
        Some(found)
    }
}

impl<T> Node<T> {
    fn method(&self, verb: Verb) -> Option<&T> {
        let exact = self.methods.iter().find(|(owned, _)| *owned == verb);
        exact.or_else(|| self.methods.iter().find(|(owned, _)| *owned == Verb::Any)).map(|(_, method)| method)
    }
}

fn memchr(path: &str, at: usize, end: usize) -> usize {
    path.as_bytes()[at..end].iter().position(|byte| *byte == b'/').map_or(end, |n| at + n)
}

/// A segment without its percent-encoding; `None` if that is broken, or hides no text.
fn decoded(segment: &str) -> Option<String> {
    let mut out = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        out.push(if byte == b'%' { (digit()? * 16 + digit()?) as u8 } else { byte });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn router(routes: &[&str]) -> Router<String> {
        let mut router = Router::default();
        for route in routes {
            let (verb, path) = route.split_once(' ').unwrap();
            router.insert(path, Verb::named(verb).unwrap(), (*route).to_owned());
        }
        router
    }

    fn found(router: &Router<String>, request: &str) -> String {
        let (verb, path) = request.split_once(' ').unwrap();
        let mut values = Vec::new();
        match router.find(path, 0, Verb::named(verb).unwrap(), &mut values) {
            None => "-".into(),
            Some(route) => values.iter().fold(route.clone(), |told, (a, b)| format!("{told} [{}]", &path[*a as usize..*b as usize])),
        }
    }

    /// Seen: measured in two regions (rest-api-lifecycle.md §2.2).
    #[test]
    fn a_more_specific_resource_without_the_verb_never_shadows() {
        let r = router(&["ANY /{proxy+}", "GET /jobs/{op}", "OPTIONS /cors_only"]);
        for request in ["GET /jobs", "POST /jobs", "POST /jobs/reboot", "GET /cors_only"] {
            assert!(found(&r, request).starts_with("ANY /{proxy+}"), "{request}");
        }
        assert_eq!(found(&r, "GET /jobs/x"), "GET /jobs/{op} [x]");
        let r = router(&["PATCH /users/me", "GET /users/{userId}"]);
        assert_eq!(found(&r, "GET /users/me"), "GET /users/{userId} [me]");
        assert_eq!(found(&r, "PATCH /users/me"), "PATCH /users/me");
        assert_eq!(found(&r, "POST /users/me"), "-");
        let r = router(&["GET /things/real", "ANY /things/{proxy+}"]);
        assert_eq!(found(&r, "POST /things/real"), "ANY /things/{proxy+} [real]");
    }

    /// Seen: observed/resources.json and rest-api-lifecycle.md §2.2.
    #[test]
    fn slashes_are_taken_as_aws_takes_them() {
        let r = router(&["GET /hardcoded", "GET /{proxy+}", "GET /a/{proxy+}", "GET /"]);
        assert_eq!(found(&r, "GET //hardcoded"), "GET /hardcoded");
        assert_eq!(found(&r, "GET /hardcoded/"), "GET /hardcoded");
        assert_eq!(found(&r, "GET //proxy-value"), "GET /{proxy+} [proxy-value]");
        assert_eq!(found(&r, "GET /proxy-value//double-slash/"), "GET /{proxy+} [proxy-value//double-slash]");
        assert_eq!(found(&r, "GET /"), "GET /");
        assert_eq!(found(&r, "GET "), "GET /");
        assert_eq!(found(&r, "GET /a"), "GET /{proxy+} [a]");
        assert_eq!(found(&r, "GET /a/b/c"), "GET /a/{proxy+} [b/c]");
        assert_eq!(found(&router(&["GET /{x}"]), "GET /a//"), "-");
    }

    #[test]
    fn a_literal_may_come_encoded_and_an_encoded_slash_is_no_slash() {
        let r = router(&["GET /a@b/c", "GET /{x}"]);
        assert_eq!(found(&r, "GET /a%40b/c"), "GET /a@b/c");
        assert_eq!(found(&r, "GET /a%40b%2Fc"), "GET /{x} [a%40b%2Fc]");
        assert_eq!(found(&r, "GET /A@b/c"), "-");
    }

    /// The rule told naively: all patterns that fit and own the verb, the most specific first.
    fn naive(routes: &[String], verb: &str, path: &str) -> Option<String> {
        let trimmed = path.trim_start_matches('/');
        let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
        let segments: Vec<&str> = if trimmed.is_empty() { vec![] } else { trimmed.split('/').collect() };
        let mut best: Option<(Vec<u8>, u8, &String)> = None;
        for route in routes {
            let (owned, pattern) = route.split_once(' ').unwrap();
            if owned != verb && owned != "ANY" {
                continue;
            }
            let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
            let mut rank = Vec::new();
            let mut fits = true;
            for (n, part) in parts.iter().enumerate() {
                match segments.get(n) {
                    Some(_) if part.ends_with("+}") => {
                        rank.push(2);
                        break;
                    }
                    Some(segment) if part.starts_with('{') && !segment.is_empty() => rank.push(1),
                    Some(segment) if part == segment => rank.push(0),
                    _ => fits = false,
                }
            }
            let greedy = parts.last().is_some_and(|part| part.ends_with("+}"));
            if !fits || (!greedy && parts.len() != segments.len()) || (greedy && segments.len() < parts.len()) {
                continue;
            }
            let key = (rank, u8::from(owned == "ANY"), route);
            if best.as_ref().is_none_or(|seen| (&key.0, key.1) < (&seen.0, seen.1)) {
                best = Some(key);
            }
        }
        best.map(|(_, _, route)| route.clone())
    }

    proptest! {
        #[test]
        fn the_tree_finds_what_the_naive_rule_finds(
            patterns in proptest::collection::btree_set("(GET|POST|ANY) (/(a|b|c|\\{x\\})){0,3}(/\\{p\\+\\})?", 1..24),
            path in "(/(a|b|c|d|)){0,5}", verb in "GET|POST|PUT",
        ) {
            let routes: Vec<String> = patterns.into_iter().map(|p| if p.ends_with(' ') { p + "/" } else { p }).collect();
            let tree = router(&routes.iter().map(String::as_str).collect::<Vec<_>>());
            let mut values = Vec::new();
            let found = tree.find(&path, 0, Verb::named(&verb).unwrap(), &mut values).cloned();
            prop_assert_eq!(found, naive(&routes, &verb, &path));
        }
    }
}
