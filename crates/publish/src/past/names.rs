//! What people call a record of an API: a resource by its path, a method by verb and path, others by name.

use base::api::ApiError;
use base::store::{Address, Kind, Row, Scope, View, kind};
use serde::Deserialize;
use std::collections::HashMap;

/// Names by kind and id, as rows told them. What is learned first stays: rows come the newest first.
#[derive(Default)]
pub(super) struct Names(HashMap<(Kind, String), String>);

/// The members that name a record, of whatever kind and form.
#[derive(Deserialize)]
struct Named {
    path: Option<String>,
    name: Option<String>,
}

impl Names {
    /// The name that a row gives itself, if any.
    pub(super) fn learn(&mut self, row: &Row) -> Option<String> {
        let Named { path, name } = serde_json::from_str(&row.body).ok()?;
        let name = path.or(name)?;
        self.0.entry((row.address.kind, row.address.id.to_string())).or_insert_with(|| name.clone());
        Some(name)
    }

    /// The name of a record of an API that does not name itself: from the rows that were seen, else from the record as it is now, else its id.
    pub(super) fn of(&mut self, view: &dyn View, api: &Scope, kind: Kind, id: &str) -> Result<String, ApiError> {
        match id.split_once('/') {
            Some((resource, verb)) if kind == kind::METHOD => {
                Ok(format!("{verb} {}", self.of_record(view, api, kind::RESOURCE, resource)?))
            }
            _ => self.of_record(view, api, kind, id),
        }
    }

    fn of_record(&mut self, view: &dyn View, api: &Scope, kind: Kind, id: &str) -> Result<String, ApiError> {
        if !self.0.contains_key(&(kind, id.to_owned()))
            && let Some(row) = view.row(&Address { kind, scope: api.clone(), id: id.into() })?
        {
            self.learn(&row);
        }
        Ok(self.0.get(&(kind, id.to_owned())).cloned().unwrap_or_else(|| id.to_owned()))
    }
}
