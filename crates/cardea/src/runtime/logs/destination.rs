//! Where logs go, as the operator says it.

use super::files::{EXECUTION_LOGS, fit};
use deliver::upstream::{Target, Trust};
use std::sync::Arc;

/// Words of one setting.
const WORDS_MAX: usize = 64;
/// Collectors of one setting: each has a thread and a queue.
const COLLECTORS_MAX: usize = 8;

/// Where a log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A file of its name.
    File,
    Stdout,
    /// Lines are posted there.
    Collector(Url),
}

/// The URL of a collector.
#[derive(Clone, Debug)]
pub struct Url {
    pub target: Arc<Target>,
    /// Path and query.
    pub path: Arc<str>,
}

impl PartialEq for Url {
    fn eq(&self, other: &Url) -> bool {
        *self.target == *other.target && self.path == other.path
    }
}

impl Eq for Url {}

/// Where the logs of a kind go: some by name, all others to one place.
#[derive(Clone, Debug)]
pub struct Destinations {
    named: Vec<(Name, Destination)>,
    others: Destination,
}

/// What a log is called: as an access log by its group's name, as an execution log by `API/STAGE`.
#[derive(Clone, Debug)]
struct Name {
    access: String,
    execution: String,
}

impl Default for Destinations {
    /// Files.
    fn default() -> Self {
        Destinations { named: Vec::new(), others: Destination::File }
    }
}

impl Destinations {
    /// Reads words as `stdout` or `orders=http://127.0.0.1:9880/logs`: the first is for all logs, the other for one.
    pub fn parse(text: &str) -> Result<Destinations, String> {
        let mut destinations = Destinations::default();
        for (number, word) in text.split_whitespace().enumerate() {
            if number >= WORDS_MAX {
                return Err(format!("it has more than {WORDS_MAX} destinations"));
            }
            match (destination(word), word.split_once('=')) {
                (Some(destination), _) => destinations.others = destination,
                (None, Some((name, place))) if !name.is_empty() => {
                    let found = destination(place).ok_or_else(|| wrong(word))?;
                    destinations.named.push((Name { access: fit(name), execution: name.to_owned() }, found));
                }
                _ => return Err(wrong(word)),
            }
        }
        let collectors = destinations.all().filter(|destination| matches!(destination, Destination::Collector(_))).count();
        if collectors > COLLECTORS_MAX {
            return Err(format!("it has {collectors} collectors: there may be {COLLECTORS_MAX}"));
        }
        Ok(destinations)
    }

    /// Where the log of this name goes.
    pub fn of(&self, name: &str) -> &Destination {
        let stage = name.strip_prefix(EXECUTION_LOGS);
        let own = |known: &Name| name == known.access || stage == Some(&known.execution);
        self.named.iter().find(|(known, _)| own(known)).map_or(&self.others, |(_, destination)| destination)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Destination> {
        std::iter::once(&self.others).chain(self.named.iter().map(|(_, destination)| destination))
    }
}

fn wrong(word: &str) -> String {
    format!("{word:?} is no destination: there are file, stdout, a URL (http or https), and NAME=DESTINATION for one log")
}

fn destination(word: &str) -> Option<Destination> {
    match word {
        "file" => return Some(Destination::File),
        "stdout" => return Some(Destination::Stdout),
        _ => {}
    }
    let (scheme, rest) = word.split_once("://")?;
    let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let target = Target::parse(scheme, authority, Trust::Authorities)?;
    path.bytes().all(|byte| byte.is_ascii_graphic()).then(|| Destination::Collector(Url { target: Arc::new(target), path: path.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, name: &str) -> String {
        match Destinations::parse(text).unwrap().of(name) {
            Destination::File => "file".into(),
            Destination::Stdout => "stdout".into(),
            Destination::Collector(url) => format!("{}{}", url.target.origin(), url.path),
        }
    }

    #[test]
    fn a_log_goes_where_its_name_says_and_all_others_to_one_place() {
        let text = "stdout orders=http://127.0.0.1:9880/logs?k=v a1/prod=file";
        assert_eq!(told(text, "orders"), "http://127.0.0.1:9880/logs?k=v");
        assert_eq!(told(text, "other"), "stdout");
        assert_eq!(told(text, "API-Gateway-Execution-Logs_a1/prod"), "file");
        assert_eq!(told(text, "API-Gateway-Execution-Logs_a1/test"), "stdout");
        assert_eq!(told("/api/gateway=stdout", "api-gateway"), "stdout");
        assert_eq!(told("", "any"), "file");
        assert_eq!(told("https://logs.example", "any"), "https://logs.example/");
    }

    #[test]
    fn what_is_no_destination_is_refused_in_words() {
        for text in ["syslog", "ftp://a/", "http://", "=file", "orders=", "orders=disk", "http://a b"] {
            let said = Destinations::parse(text).unwrap_err();
            assert!(said.contains("is no destination"), "{said}");
        }
        let many: String = (0..9).map(|n| format!("l{n}=http://h{n}/ ")).collect();
        assert!(Destinations::parse(&many).unwrap_err().contains("9 collectors"));
    }
}
