//! Keys from a file: one row a key, under a header whose columns may stand in any order and any case.
//!
//! `Name` and `Key` must be there; `Description`, `Enabled` (true unless it says otherwise) and `UsagePlanIds` (a quoted list) may be.
//! A row whose key is known overwrites that key's name, description and state and adds it to the plans it names. A row that cannot be
//! taken is a warning; with `failonwarnings` one warning undoes everything. The texts of the warnings are assumed.

use super::csv;
use super::operations::{KEYS_MAX, checked_description, checked_name, checked_value, free_id, key_with, known_key, new_ids};
use super::record::ApiKey;
use crate::usage_plan::membership;
use base::api::{self, ApiError, Control, Member, Operation, Route, no_room, room};
use base::store::{Realm, Sealed, Txn, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Characters of a value in a file: more than elsewhere (api-gateway-import-api-key, doc).
const VALUE_CHARS_MIN: usize = 30;

/// Takes keys from a CSV file.
#[derive(Deserialize)]
pub(super) struct ImportApiKeys {
    body: String,
    #[serde(default, rename = "failonwarnings")]
    fail_on_warnings: bool,
}

/// What came of an import.
#[derive(Serialize)]
pub(super) struct Imported {
    ids: Vec<String>,
    warnings: Vec<String>,
}

/// A row that can be taken.
struct Wanted {
    line: usize,
    name: Option<String>,
    description: Option<String>,
    enabled: bool,
    value: Sealed,
    mark: String,
    plans: Vec<String>,
}

impl Operation for ImportApiKeys {
    const ROUTE: Route = api::post("ImportApiKeys", "/apikeys").only_with("mode", "import").raw();
    const MEMBERS: &'static [Member] = &[api::text("format").in_query().one_of(&["csv"]), api::flag("failonwarnings").in_query()];
    type Reply = Imported;

    async fn run(self, cx: &Control) -> Result<Imported, ApiError> {
        let Self { body, fail_on_warnings } = self;
        let (wanted, flaws) = read(cx, &body)?;
        let now = cx.clock.wall();
        let (ids, realm, settings) = (new_ids(cx, now, wanted.len()), cx.realm().clone(), cx.settings.clone());
        cx.write(move |txn| {
            let (mut imported, mut free) = (Imported { ids: Vec::new(), warnings: flaws.clone() }, ids.iter());
            let mut left = room(&settings, txn.view(), kind::API_KEY, &realm.top(), KEYS_MAX)?;
            for row in &wanted {
                let known = key_with(txn.view(), &realm, &row.mark)?;
                let id = match known {
                    Some(id) => id,
                    None => {
                        left = left.checked_sub(1).ok_or_else(|| no_room(KEYS_MAX, "API keys"))?;
                        let id = free_id(txn.view(), &realm, &mut free)?;
                        txn.save(&realm, &row.key(&id, now))?;
                        id
                    }
                };
                row.overwrite(txn, &realm, &id, now, &mut imported.warnings)?;
                imported.ids.push(id);
            }
            match imported.warnings.as_slice() {
                [_, ..] if fail_on_warnings => Err(ApiError::bad_request(imported.warnings.join("; "))),
                _ => Ok(imported),
            }
        })
        .await
    }
}

impl Wanted {
    fn key(&self, id: &str, now: Timestamp) -> ApiKey {
        ApiKey {
            id: id.to_owned(),
            value: self.value.clone(),
            mark: self.mark.clone(),
            name: None,
            description: None,
            customer_id: None,
            enabled: self.enabled,
            created: now,
            updated: now,
            stage_keys: Vec::new(),
            plans: Vec::new(),
            tags: BTreeMap::new(),
        }
    }

    /// Brings a key to what the row says. A plan that it cannot join is a warning.
    fn overwrite(&self, txn: &mut dyn Txn, realm: &Realm, id: &str, now: Timestamp, warnings: &mut Vec<String>) -> Result<(), ApiError> {
        let key = known_key(txn.view(), realm, id)?;
        let (name, description, enabled) = (self.name.clone(), self.description.clone(), self.enabled);
        txn.save(realm, &ApiKey { name, description, enabled, updated: now, ..key })?;
        for plan in &self.plans {
            match membership::join(txn, realm, plan, id) {
                Err(why @ ApiError::Internal(_)) => return Err(why),
                Err(why) if !membership::is_member(txn.view(), realm, plan, id)? => warnings.push(warning(self.line, &why)),
                _ => {}
            }
        }
        Ok(())
    }
}

fn warning(line: usize, why: &ApiError) -> String {
    format!("Line {line}: {why}")
}

/// The rows that can be taken, and what is wrong with the others.
fn read(cx: &Control, body: &str) -> Result<(Vec<Wanted>, Vec<String>), ApiError> {
    let rows = csv::rows(body).map_err(|why| ApiError::bad_request(format!("Invalid API Key file: {why}")))?;
    let mut rows = rows.into_iter();
    let (_, header) = rows.next().unwrap_or_default();
    let column = |name: &str| header.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    let (Some(name), Some(value)) = (column("name"), column("key")) else {
        return Err(ApiError::bad_request("Invalid API Key file: the columns Name and Key are required"));
    };
    let (description, enabled, plans) = (column("description"), column("enabled"), column("usageplanids"));
    let (mut wanted, mut warnings) = (Vec::new(), Vec::new());
    for (line, cells) in rows {
        let cell = |column: Option<usize>| column.and_then(|column| cells.get(column)).filter(|cell| !cell.is_empty()).cloned();
        let row = || {
            let value = checked_value(cell(Some(value)).unwrap_or_default(), VALUE_CHARS_MIN)?;
            Ok(Wanted {
                line,
                name: checked_name(cell(Some(name)))?,
                description: checked_description(cell(description))?,
                enabled: cell(enabled).is_none_or(|text| text.eq_ignore_ascii_case("true")),
                mark: cx.sealer.mark(&value),
                value: cx.sealer.seal(&value),
                plans: cell(plans)
                    .iter()
                    .flat_map(|list| list.split(','))
                    .map(str::trim)
                    .filter(|plan| !plan.is_empty())
                    .map(str::to_owned)
                    .collect(),
            })
        };
        match row() {
            Ok(row) => wanted.push(row),
            Err(why) => warnings.push(warning(line, &why)),
        }
    }
    Ok((wanted, warnings))
}
