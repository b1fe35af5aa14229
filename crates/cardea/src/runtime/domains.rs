//! Custom domain names on the data port: from a host and a path to an API, a stage and the rest of the path.
//!
//! What is odd: while all base paths of a name are of one segment, that segment must be equal; as soon as one has several, the longest that
//! the path *begins with* wins, letter by letter, so that `/ordersandmore` is for `orders`. A private name is reached through VPC endpoints
//! alone, and this node has none. Documented; rest-api-deploy.md §8.9.

use super::hash::ByName;
use base::store::{Realm, Scope};
use publish::domain_name::base_path_mapping::record::{BasePathMapping, NONE};
use publish::domain_name::record::DomainName;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The names that this node answers to, in small letters.
#[derive(Clone, Default)]
pub struct Domains {
    exact: HashMap<Arc<str>, Arc<Domain>, ByName>,
    /// By what follows the star, with its dot: `*.example.com` takes one label more.
    wildcards: HashMap<Arc<str>, Arc<Domain>, ByName>,
}

/// One name.
#[derive(Debug, PartialEq, Eq)]
pub struct Domain {
    /// Set for names that are reached through VPC endpoints alone.
    pub is_private: bool,
    /// Longest first; the empty one last.
    mappings: Vec<Mapping>,
    /// One of them has several segments.
    by_letters: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Mapping {
    /// Without slashes at its ends.
    base_path: Arc<str>,
    api: Arc<str>,
    /// `None`: the next segment names it.
    stage: Option<Arc<str>>,
}

/// Where a name leads.
#[derive(Debug, PartialEq, Eq)]
pub struct Led<'a> {
    pub api: &'a str,
    pub stage: &'a str,
    /// Where in the path the rest begins.
    pub rest_from: usize,
    pub base_path: &'a Arc<str>,
}

impl Domains {
    /// Whether there is none: then no host is looked up.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.wildcards.is_empty()
    }

    /// The name that a host is: itself before a wildcard. Hosts have no case.
    pub fn find(&self, host: &str) -> Option<&Arc<Domain>> {
        let lowered = host.bytes().any(|byte| byte.is_ascii_uppercase()).then(|| host.to_ascii_lowercase());
        let host = lowered.as_deref().unwrap_or(host);
        let host = host.strip_suffix('.').unwrap_or(host);
        self.exact.get(host).or_else(|| self.wildcards.get(&host[host.find('.')?..]))
    }

    /// Takes a name in, or lets it go.
    pub fn set(&mut self, name: &str, domain: Option<Arc<Domain>>) {
        let (map, key) = match name.strip_prefix('*') {
            Some(rest) => (&mut self.wildcards, rest),
            None => (&mut self.exact, name),
        };
        match domain {
            Some(domain) => drop(map.insert(key.into(), domain)),
            None => drop(map.remove(key)),
        }
    }
}

impl Domain {
    fn new<'m>(is_private: bool, mappings: impl Iterator<Item = &'m BasePathMapping>) -> Domain {
        let mapping = |mapping: &BasePathMapping| Mapping {
            base_path: if mapping.base_path == NONE { "".into() } else { mapping.base_path.trim_matches('/').into() },
            api: mapping.api.as_str().into(),
            stage: mapping.stage.as_deref().map(Into::into),
        };
        let mut mappings: Vec<Mapping> = mappings.map(mapping).collect();
        mappings.sort_by_key(|mapping| std::cmp::Reverse(mapping.base_path.len()));
        let by_letters = mappings.iter().any(|mapping| mapping.base_path.contains('/'));
        Domain { is_private, mappings, by_letters }
    }

    /// Where a path leads. Slashes before the base path and before the stage do not count.
    pub fn lead<'a>(&'a self, path: &'a str) -> Option<Led<'a>> {
        let begin = path.len() - path.trim_start_matches('/').len();
        let fits = |mapping: &&Mapping| {
            path[begin..]
                .strip_prefix(&*mapping.base_path)
                .is_some_and(|rest| mapping.base_path.is_empty() || self.by_letters || rest.is_empty() || rest.starts_with('/'))
        };
        let Mapping { base_path, api, stage } = self.mappings.iter().find(fits)?;
        let after = if base_path.is_empty() { 0 } else { begin + base_path.len() };
        match stage {
            Some(stage) => Some(Led { api, stage, rest_from: after, base_path }),
            None => {
                let from = path.len() - path[after..].trim_start_matches('/').len();
                let to = path[from..].find('/').map_or(path.len(), |at| from + at);
                Some(Led { api, stage: &path[from..to], rest_from: to, base_path })
            }
        }
    }
}

/// The records behind the names.
#[derive(Default)]
pub(super) struct DomainModel {
    /// By name, then by realm and id: a name may be private several times, and stand in several regions.
    names: BTreeMap<String, BTreeMap<(Realm, String), DomainName>>,
    /// By realm and the id of the name's record.
    mappings: HashMap<(Realm, String), BTreeMap<String, BasePathMapping>>,
    /// The name of each record.
    ids: HashMap<(Realm, String), String>,
}

impl DomainModel {
    /// Takes a name's record in; answers the name.
    pub(super) fn put_name(&mut self, realm: &Realm, id: &str, record: DomainName) -> String {
        let (name, key) = (record.name.clone(), (realm.clone(), id.to_owned()));
        self.ids.insert(key.clone(), name.clone());
        self.names.entry(name.clone()).or_default().insert(key, record);
        name
    }

    /// Lets a name's record go; answers the name.
    pub(super) fn delete_name(&mut self, realm: &Realm, id: &str) -> Option<String> {
        let key = (realm.clone(), id.to_owned());
        let name = self.ids.remove(&key)?;
        let records = self.names.get_mut(&name)?;
        records.remove(&key);
        if records.is_empty() {
            self.names.remove(&name);
        }
        self.mappings.remove(&key);
        Some(name)
    }

    /// Takes a mapping in; answers its name.
    pub(super) fn put_mapping(&mut self, scope: &Scope, record: BasePathMapping) -> Option<String> {
        let key = (scope.realm.clone(), scope.parent.to_string());
        self.mappings.entry(key.clone()).or_default().insert(record.base_path.clone(), record);
        self.ids.get(&key).cloned()
    }

    /// Lets a mapping go; answers its name.
    pub(super) fn delete_mapping(&mut self, scope: &Scope, base_path: &str) -> Option<String> {
        let key = (scope.realm.clone(), scope.parent.to_string());
        self.mappings.get_mut(&key)?.remove(base_path);
        self.ids.get(&key).cloned()
    }

    /// Every name that is known.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// A name as requests meet it; `None` when it is gone. A public one before a private one, the first region before others.
    pub(super) fn make(&self, name: &str) -> Option<Arc<Domain>> {
        let records = self.names.get(name)?;
        let (key, record) = records.iter().find(|(_, record)| !record.is_private()).or_else(|| records.iter().next())?;
        let mappings = self.mappings.get(key).into_iter().flat_map(BTreeMap::values);
        Some(Arc::new(Domain::new(record.is_private(), mappings)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(mappings: &[(&str, &str, Option<&str>)]) -> Domain {
        let record = |(base_path, api, stage): &(&str, &str, Option<&str>)| BasePathMapping {
            domain: "d".into(),
            base_path: (*base_path).into(),
            api: (*api).into(),
            stage: stage.map(str::to_owned),
        };
        let records: Vec<BasePathMapping> = mappings.iter().map(record).collect();
        Domain::new(false, records.iter())
    }

    fn led(domain: &Domain, path: &str) -> Option<String> {
        domain.lead(path).map(|led| format!("{} {} {}", led.api, led.stage, &path[led.rest_from..]))
    }

    #[test]
    fn a_base_path_of_one_segment_must_be_the_first_segment() {
        let domain = domain(&[("orders", "a", Some("prod")), (NONE, "b", Some("live"))]);
        assert_eq!(led(&domain, "/orders/1").as_deref(), Some("a prod /1"));
        assert_eq!(led(&domain, "//orders").as_deref(), Some("a prod "));
        assert_eq!(led(&domain, "/ordersandmore").as_deref(), Some("b live /ordersandmore"));
        assert_eq!(led(&domain, "/").as_deref(), Some("b live /"));
    }

    #[test]
    fn with_several_segments_the_longest_beginning_wins_by_letters() {
        let domain = domain(&[("orders", "a", Some("prod")), ("orders/v2", "b", Some("prod"))]);
        assert_eq!(led(&domain, "/orders/v2/1").as_deref(), Some("b prod /1"));
        assert_eq!(led(&domain, "/orders/1").as_deref(), Some("a prod /1"));
        assert_eq!(led(&domain, "/ordersandmore").as_deref(), Some("a prod andmore"));
        assert_eq!(led(&domain, "/pets"), None);
    }

    #[test]
    fn without_a_stage_the_next_segment_names_it() {
        let domain = domain(&[("orders", "a", None), (NONE, "b", None)]);
        assert_eq!(led(&domain, "/orders/prod/1").as_deref(), Some("a prod /1"));
        assert_eq!(led(&domain, "/orders").as_deref(), Some("a  "));
        assert_eq!(led(&domain, "/test/1").as_deref(), Some("b test /1"));
    }

    #[test]
    fn a_name_beats_a_wildcard_and_a_wildcard_takes_one_label() {
        let mut domains = Domains::default();
        assert!(domains.is_empty());
        let (exact, wildcard) = (Arc::new(domain(&[])), Arc::new(domain(&[(NONE, "a", None)])));
        domains.set("api.example.com", Some(exact.clone()));
        domains.set("*.example.com", Some(wildcard.clone()));
        assert_eq!(domains.find("API.Example.com"), Some(&exact));
        assert_eq!(domains.find("api.example.com."), Some(&exact));
        assert_eq!(domains.find("other.example.com"), Some(&wildcard));
        assert_eq!(domains.find("a.b.example.com"), None);
        assert_eq!(domains.find("example.com"), None);
        domains.set("*.example.com", None);
        assert_eq!(domains.find("other.example.com"), None);
    }
}
