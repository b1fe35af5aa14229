//! The role that an integration's `credentials` name.

use super::uri::Pieces;
use crate::Flaw;
use crate::mapping::{Place, Seen};
use base::gate::{Exchange, Refusal};
use std::collections::BTreeMap;

/// A role, with stage variables in its ARN.
#[derive(Debug)]
pub(super) enum Role {
    Fixed(Box<str>),
    Pieces(Pieces),
}

impl Role {
    /// Reads `credentials`; `None` where nobody named any.
    pub(super) fn compile(credentials: Option<&str>) -> Result<Option<Role>, Flaw> {
        Ok(match credentials.filter(|role| !role.is_empty()) {
            None => None,
            Some(text) if text.contains("${") => Some(Role::Pieces(Pieces::cut(text, &BTreeMap::new())?)),
            Some(text) => Some(Role::Fixed(text.into())),
        })
    }

    /// Its ARN for this request.
    pub(super) fn of(&self, ex: &Exchange) -> Result<Box<str>, Refusal> {
        match self {
            Role::Fixed(arn) => Ok(arn.clone()),
            Role::Pieces(pieces) => {
                let mut out = Vec::new();
                pieces.write(Place::Verbatim, &Seen::request(ex), &[], &mut out)?;
                Ok(String::from_utf8_lossy(&out).into())
            }
        }
    }
}
