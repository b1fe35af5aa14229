//! What is run: one version of one function, as the host must know it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A function of a realm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionKey {
    pub account: Arc<str>,
    pub region: Arc<str>,
    pub name: Arc<str>,
}

/// A function as its records have it.
#[derive(Clone, Debug)]
pub struct Hosted {
    pub key: FunctionKey,
    /// By number, and `$LATEST`.
    pub versions: BTreeMap<String, Arc<Build>>,
    pub aliases: BTreeMap<String, Split>,
    /// Invocations at once, if somebody set it apart.
    pub reserved: Option<u32>,
    /// Who may invoke it, beside its account.
    pub grants: Vec<Grant>,
}

/// What an alias stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    pub version: String,
    /// Other versions, and their shares of 1.
    pub others: Vec<(String, f64)>,
}

/// One version: its code, and how it is run. Two that are equal can share processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    pub function: FunctionKey,
    /// `$LATEST`, or a number.
    pub version: String,
    /// e.g. `python3.12`.
    pub runtime: String,
    pub handler: String,
    pub timeout_ms: u32,
    pub memory_mb: u32,
    /// MB of its scratch directory.
    pub scratch_mb: u32,
    pub environment: BTreeMap<String, String>,
    pub code: Code,
    /// What changes when a folder is said to have changed: an archive has its digest.
    pub revision: Option<String>,
}

/// Where code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// An archive, by digest.
    Archive(Arc<str>),
    /// A folder of this machine, as it is.
    Folder(PathBuf),
}

/// One statement of a function's policy.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Grant {
    /// A service, or `*`.
    pub principal: String,
    pub action: String,
    /// `None` for the function as such.
    pub qualifier: Option<String>,
    /// With `*` and `?`.
    pub source_arn: Option<String>,
    pub source_account: Option<String>,
}

impl Build {
    /// The ARN that an invocation used.
    pub fn arn(&self, qualifier: Option<&str>) -> String {
        let FunctionKey { account, region, name } = &self.function;
        let arn = format!("arn:aws:lambda:{region}:{account}:function:{name}");
        qualifier.map_or(arn.clone(), |qualifier| format!("{arn}:{qualifier}"))
    }
}

impl Hosted {
    /// The version that a qualifier means. `chance` is below 1.
    pub fn version(&self, qualifier: Option<&str>, chance: f64) -> Option<&Arc<Build>> {
        let qualifier = qualifier.unwrap_or(crate::function::arn::LATEST);
        let name = match self.aliases.get(qualifier) {
            None => qualifier,
            Some(split) => {
                let mut left = chance;
                let drawn = split.others.iter().find(|(_, share)| {
                    left -= share;
                    left < 0.0
                });
                drawn.map_or(split.version.as_str(), |(version, _)| version)
            }
        };
        self.versions.get(name)
    }

    /// Whether the API Gateway service may invoke it for this method. What is asked for by a qualifier must be granted for it.
    pub fn lets_in(&self, qualifier: Option<&str>, source_arn: &str) -> bool {
        let account = source_arn.split(':').nth(4).unwrap_or_default();
        self.grants.iter().any(|grant| {
            matches!(grant.principal.as_str(), "apigateway.amazonaws.com" | "*")
                && matches!(grant.action.as_str(), "lambda:InvokeFunction" | "lambda:*" | "*")
                && grant.qualifier.as_deref() == qualifier
                && grant.source_account.as_deref().is_none_or(|wanted| wanted == account)
                && grant.source_arn.as_deref().is_none_or(|pattern| is_like(pattern.as_bytes(), source_arn.as_bytes()))
        })
    }
}

/// Whether a text is like a pattern with `*` and `?`.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    (p, t) = (at + 1, from + 1);
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_lets_in_whom_it_names() {
        let grant = Grant {
            principal: "apigateway.amazonaws.com".into(),
            action: "lambda:InvokeFunction".into(),
            source_arn: Some("arn:aws:execute-api:us-east-1:111111111111:abc/*/GET/pets/*".into()),
            ..Grant::default()
        };
        let lets = |grant: Grant, qualifier, source: &str| {
            let key = FunctionKey { account: "1".into(), region: "r".into(), name: "n".into() };
            Hosted { key, versions: BTreeMap::new(), aliases: BTreeMap::new(), reserved: None, grants: vec![grant] }
                .lets_in(qualifier, source)
        };
        let source = "arn:aws:execute-api:us-east-1:111111111111:abc/prod/GET/pets/{id}";
        assert!(lets(grant.clone(), None, source));
        assert!(!lets(grant.clone(), Some("live"), source));
        assert!(lets(Grant { qualifier: Some("live".into()), ..grant.clone() }, Some("live"), source));
        assert!(!lets(grant.clone(), None, &source.replace("GET", "POST")));
        assert!(!lets(grant.clone(), None, &source.replace("abc/", "abcd/")));
        assert!(!lets(Grant { principal: "sns.amazonaws.com".into(), ..grant.clone() }, None, source));
        assert!(!lets(Grant { source_account: Some("2".into()), ..grant.clone() }, None, source));
        assert!(lets(Grant { source_arn: None, ..grant }, None, source));
    }

    #[test]
    fn stars_stand_for_anything_and_question_marks_for_one() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("**a", "bca", true),
        ] {
            assert_eq!(is_like(pattern.as_bytes(), text.as_bytes()), wanted, "{pattern} {text}");
        }
    }
}
