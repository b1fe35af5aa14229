//! `[[tls]]` sections of `cardea.toml`: names that have TLS terms of their own.

use super::ConfigError;
use crate::edge::{LeastVersion, POLICIES_MAX, Pair, PolicyPlan};
use std::path::{Path, PathBuf};

/// Names of one section.
const NAMES_MAX: usize = 64;

/// Takes the sections out of a file's table.
pub(super) fn take(table: &mut toml::Table, path: &Path) -> Result<Vec<PolicyPlan>, ConfigError> {
    let wrong = |why: &str| ConfigError(format!("{}: tls {why}", path.display()));
    let Some(sections) = table.remove("tls") else { return Ok(Vec::new()) };
    let toml::Value::Array(sections) = sections else { return Err(wrong("must be sections, as [[tls]]")) };
    if sections.len() >= POLICIES_MAX {
        return Err(wrong(&format!("has {} sections: there may be {}", sections.len(), POLICIES_MAX - 1)));
    }
    let read = |(number, section): (usize, toml::Value)| {
        let toml::Value::Table(section) = section else { return Err(wrong("must be sections, as [[tls]]")) };
        section_of(section).map_err(|why| wrong(&format!("section {}: {why}", number + 1)))
    };
    sections.into_iter().enumerate().map(read).collect()
}

fn section_of(section: toml::Table) -> Result<PolicyPlan, String> {
    let (mut names, mut certificate, mut key, mut least_version) = (Vec::new(), None, None, LeastVersion::default());
    for (member, value) in section {
        match (member.as_str(), value) {
            ("names", toml::Value::Array(items)) => {
                let texts = items.iter().map(|item| item.as_str().filter(|name| is_name(name)).map(str::to_ascii_lowercase));
                names = texts.collect::<Option<_>>().ok_or("names must be host names, as a.example or *.example")?;
            }
            ("certificate", toml::Value::String(text)) => certificate = Some(PathBuf::from(text)),
            ("key", toml::Value::String(text)) => key = Some(PathBuf::from(text)),
            ("min-version", toml::Value::String(text)) => {
                least_version = match text.as_str() {
                    "1.2" => LeastVersion::Tls12,
                    "1.3" => LeastVersion::Tls13,
                    _ => return Err(format!("min-version is {text:?}: it must be \"1.2\" or \"1.3\"")),
                }
            }
            ("names" | "certificate" | "key" | "min-version", _) => return Err(format!("{member} is of the wrong kind")),
            _ => return Err(format!("there is no {member}; there are names, certificate, key and min-version")),
        }
    }
    if !(1..=NAMES_MAX).contains(&names.len()) {
        return Err(format!("it has {} names: there must be 1 to {NAMES_MAX}", names.len()));
    }
    let pair = certificate.zip(key).ok_or("it needs a certificate and a key: two PEM files")?;
    Ok(PolicyPlan { names, pairs: vec![Pair { certificate: pair.0, key: pair.1 }], least_version })
}

fn is_name(name: &str) -> bool {
    let rest = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    rest.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<PolicyPlan>, String> {
        take(&mut text.parse().unwrap(), Path::new("a.toml")).map_err(|why| why.0)
    }

    #[test]
    fn each_section_is_a_policy_of_its_own() {
        let names = "names = [\"Pay.test\", \"*.pay.test\"]";
        let text = format!("[[tls]]\n{names}\ncertificate = \"p.pem\"\nkey = \"p.key\"\nmin-version = \"1.3\"\n");
        let pair = Pair { certificate: "p.pem".into(), key: "p.key".into() };
        let names = vec!["pay.test".into(), "*.pay.test".into()];
        assert_eq!(read(&text).unwrap(), [PolicyPlan { names, pairs: vec![pair], least_version: LeastVersion::Tls13 }]);
        assert_eq!(read("region = \"a\"").unwrap(), []);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_section() {
        let files = "certificate = \"p.pem\"\nkey = \"p.key\"\n";
        for (text, word) in [
            ("tls = 1".to_owned(), "[[tls]]"),
            (format!("[[tls]]\n{files}"), "section 1: it has 0 names"),
            (format!("[[tls]]\nnames = [\"a b\"]\n{files}"), "host names"),
            ("[[tls]]\nnames = [\"a\"]".to_owned(), "a certificate and a key"),
            (format!("[[tls]]\nnames = [\"a\"]\nmin-version = \"1.1\"\n{files}"), "\"1.2\" or \"1.3\""),
            (format!("[[tls]]\nname = [\"a\"]\n{files}"), "there is no name;"),
        ] {
            let said = read(&text).unwrap_err();
            assert!(said.contains(word), "{said}");
        }
    }
}
