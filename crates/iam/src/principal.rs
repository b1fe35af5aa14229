//! Who asks, and whom a statement is about.

use crate::flaw::Flaw;
use serde_json::Value as Json;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal<'p> {
    /// Nobody who has said who it is.
    Anonymous,
    /// A user, the root of an account, or the session of a role.
    Aws {
        account: &'p str,
        /// `arn:aws:iam::111111111111:user/ann`, `…:root`, `arn:aws:sts::111111111111:assumed-role/Reader/session`.
        arn: &'p str,
        /// Of a session: `arn:aws:iam::111111111111:role/Reader`.
        role_arn: Option<&'p str>,
    },
    /// `events.amazonaws.com`.
    Service(&'p str),
    /// Somebody an identity provider vouches for: the provider.
    Federated(&'p str),
}

/// Whom a statement names.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    Everyone,
    /// Everybody in an account.
    Account(Box<str>),
    Arn(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    /// Somebody of a sort that no request here comes from.
    Stranger,
}

/// How well a statement names who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    /// Its account.
    Account,
    /// Itself, or everyone.
    Itself,
}

impl Named {
    pub(crate) fn delegates(self) -> bool {
        self == Named::Account
    }
}

impl Who {
    pub(crate) fn names(&self, principal: &Principal<'_>) -> Option<Named> {
        let itself = match (self, principal) {
            (Who::Everyone, _) => true,
            (Who::Account(wanted), Principal::Aws { account, .. }) => return (**wanted == **account).then_some(Named::Account),
            (Who::Arn(wanted), Principal::Aws { arn, role_arn, .. }) => **wanted == **arn || Some(&**wanted) == *role_arn,
            (Who::Service(wanted), Principal::Service(name)) | (Who::Federated(wanted), Principal::Federated(name)) => **wanted == **name,
            _ => false,
        };
        itself.then_some(Named::Itself)
    }
}

/// Reads the value of `Principal` or `NotPrincipal`.
pub(crate) fn read(json: &Json) -> Result<Box<[Who]>, Flaw> {
    let kinds = match json {
        Json::String(text) if text == "*" => return Ok([Who::Everyone].into()),
        Json::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return Err(Flaw::new("a principal is \"*\" or an object that says of which sort it is")),
    };
    let mut named = Vec::new();
    for (kind, names) in kinds {
        let make: fn(&str) -> Option<Who> = match kind.as_str() {
            "AWS" => aws,
            "Service" => |name| Some(Who::Service(name.into())),
            "Federated" => |name| Some(Who::Federated(name.into())),
            "CanonicalUser" => |_| Some(Who::Stranger),
            other => return Err(Flaw::new(format!("{other:?} is no sort of principals"))),
        };
        let names = match names {
            Json::Array(names) if !names.is_empty() => names.iter().collect(),
            one => vec![one],
        };
        for name in names {
            let who = name.as_str().filter(|name| !name.is_empty()).and_then(make);
            named.push(who.ok_or_else(|| Flaw::new(format!("{name} is no principal of the sort {kind}")))?);
        }
    }
    Ok(named.into())
}

/// `*`, an account's number, an ARN, or the id that is left of somebody who is gone.
fn aws(name: &str) -> Option<Who> {
    if name == "*" {
        return Some(Who::Everyone);
    }
    // AWS's have twelve digits; those of samples have fewer, and are nobody's.
    if name.len() <= 12 && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Who::Account(name.into()));
    }
    let is_id = name.len() >= 16 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if is_id {
        return Some(Who::Stranger);
    }
    let fields: Vec<&str> = name.splitn(6, ':').collect();
    let ["arn", _, "iam" | "sts", "", account, resource] = fields[..] else { return None };
    // A wildcard within a principal means nothing, and AWS takes none.
    let is_whole = !account.is_empty() && !resource.is_empty() && !name.contains(['*', '?']);
    is_whole.then(|| if resource == "root" { Who::Account(account.into()) } else { Who::Arn(name.into()) })
}
