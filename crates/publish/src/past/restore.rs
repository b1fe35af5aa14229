//! A past definition, brought back as a new change: what a deployment would freeze, and what is written of it. Stages and deployments stay
//! as they are, since they are what callers meet: nothing is served differently before somebody deploys.
//!
//! Only records that were changed since are looked at. Of each the log must say what it was then; where it no longer reaches back far
//! enough, nothing is restored. An API that was deleted comes back under its id, without stages.

use base::api::{self, ApiError, Control, Member, Operation, Route};
use base::store::{Address, Realm, Revision, Row, View, kind};
use define::tree;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Brings an API's definition back to what it was at a revision.
#[derive(Deserialize)]
pub(super) struct Restore {
    api: String,
    at: Option<i64>,
}

/// The answer: how many records were written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Restored {
    api_id: String,
    at: u64,
    put: usize,
    deleted: usize,
}

impl Operation for Restore {
    const ROUTE: Route = api::post("Restore", "/_cardea/restore/{api}").status(200);
    const MEMBERS: &'static [Member] = &[api::text("api").in_path("api"), api::whole("at").in_query()];
    type Reply = Restored;

    async fn run(self, cx: &Control) -> Result<Restored, ApiError> {
        let Self { api, at } = self;
        let at = at.and_then(|at| u64::try_from(at).ok()).filter(|at| *at > 0);
        let at = at.ok_or_else(|| ApiError::bad_request("Name a revision to go back to, as the history has them"))?;
        let realm = cx.realm().clone();
        cx.write(move |txn| {
            let (mut put, mut deleted) = (0, 0);
            for (address, then) in changed_since(txn.view(), &realm, &api, Revision(at))? {
                let now = txn.view().row(&address)?;
                match then {
                    then if then == now => {}
                    Some(row) => {
                        txn.put(row)?;
                        put += 1;
                    }
                    None => {
                        txn.delete(&address)?;
                        deleted += 1;
                    }
                }
            }
            Ok(Restored { api_id: api.clone(), at, put, deleted })
        })
        .await
    }
}

/// Every record of the definition that was changed since, with what it was then.
pub(super) fn changed_since(view: &dyn View, realm: &Realm, api: &str, at: Revision) -> Result<BTreeMap<Address, Option<Row>>, ApiError> {
    let (start, of) = (view.log_start()?, Address { kind: kind::REST_API, scope: realm.top(), id: api.into() });
    if at > view.revision() {
        return Err(ApiError::bad_request(format!("Revision {} has not been yet: the newest is {}", at.0, view.revision().0)));
    }
    let forgotten =
        || ApiError::bad_request(format!("The log no longer tells what the API was at revision {}: it starts at {}", at.0, start.0));
    if at.0 + 1 < start.0 {
        return Err(forgotten());
    }
    // By address: what it was then, once the log has told it.
    let mut touched: BTreeMap<Address, Option<Option<Row>>> = BTreeMap::new();
    view.log(&of, None, &mut |logged| {
        let change = logged.change;
        if !tree::KINDS.contains(&change.address.kind) {
            return Ok(ControlFlow::Continue(()));
        }
        if change.revision > at {
            touched.entry(change.address).or_insert(None);
        } else if let Some(untold @ None) = touched.get_mut(&change.address) {
            *untold = Some(change.after);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let was_there = match touched.get(&of) {
        Some(then) => then.as_ref().is_some_and(Option::is_some),
        None => view.row(&of)?.is_some(),
    };
    // What the whole log never told was not there yet; of what a log without its beginning does not tell, nobody knows.
    let is_whole = start <= Revision(1);
    let told = touched.into_iter().map(|(address, then)| match then {
        Some(then) => Ok((address, then)),
        None if is_whole => Ok((address, None)),
        None => Err(forgotten()),
    });
    let told = told.collect::<Result<_, ApiError>>()?;
    if was_there { Ok(told) } else { Err(ApiError::no_api(realm, api)) }
}
