//! What was done to an API, by whom and when: its part of the log of changes. An API that was deleted has a history, too.

use super::names::Names;
use base::api::{self, ApiError, Control, Limit, Member, Operation, Route, known_api};
use base::store::{Address, Kind, Logged, Realm, Revision, View, kind};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Changes that are told of one revision: an import makes thousands.
const CHANGES_MAX: usize = 100;

/// Lists the revisions that changed an API, the newest first.
#[derive(Deserialize)]
pub(super) struct History {
    api: String,
    #[serde(default)]
    limit: Limit,
    /// Only what came before this revision.
    before: Option<i64>,
}

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told {
    api_id: String,
    revisions: Vec<Step>,
    /// What to ask for next, where there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<u64>,
}

/// One revision: what was done at once.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    revision: u64,
    /// UTC, as in `2026-11-22T17:00:00Z`.
    time: String,
    actor: String,
    changes: Vec<Line>,
    /// How many more changes it has.
    left_out: usize,
}

/// One record.
#[derive(Serialize)]
struct Line {
    /// The store's word for it.
    kind: &'static str,
    id: String,
    /// What people called it then; its id where nothing else is known any more.
    name: String,
    did: Did,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Did {
    /// It was made or changed.
    Put,
    Deleted,
}

impl Operation for History {
    const ROUTE: Route = api::get("History", "/_cardea/history/{api}");
    const MEMBERS: &'static [Member] = &[api::text("api").in_path("api"), api::whole("limit").in_query(), api::whole("before").in_query()];
    type Reply = Told;

    async fn run(self, cx: &Control) -> Result<Told, ApiError> {
        let Self { api, limit, before } = self;
        let before = before.map(|before| Revision(u64::try_from(before).unwrap_or(0)));
        let realm = cx.realm().clone();
        cx.read(move |view| told(view, &realm, api, before, limit.items())).await
    }
}

/// A revision as it is gathered.
struct Gathered {
    revision: Revision,
    time: String,
    actor: String,
    /// With the name that the record gave itself.
    changes: Vec<(Address, Option<String>, Did)>,
    left_out: usize,
}

fn told(view: &dyn View, realm: &Realm, api: String, before: Option<Revision>, revisions_max: usize) -> Result<Told, ApiError> {
    let of = Address { kind: kind::REST_API, scope: realm.top(), id: api.as_str().into() };
    let (mut names, mut found, mut is_more) = (Names::default(), Vec::<Gathered>::new(), false);
    view.log(&of, before, &mut |logged| {
        let Logged { change, time, actor } = logged;
        if found.last().is_none_or(|last| last.revision != change.revision) {
            if found.len() == revisions_max {
                is_more = true;
                return Ok(ControlFlow::Break(()));
            }
            let (time, actor) = (time.iso(), actor.0.to_string());
            found.push(Gathered { revision: change.revision, time, actor, changes: Vec::new(), left_out: 0 });
        }
        let last = found.last_mut().expect("one was pushed where there was none");
        let name = change.after.as_ref().and_then(|row| names.learn(row));
        if last.changes.len() < CHANGES_MAX {
            let did = if change.after.is_some() { Did::Put } else { Did::Deleted };
            last.changes.push((change.address, name, did));
        } else {
            last.left_out += 1;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if found.is_empty() && before.is_none() {
        known_api(view, realm, &api)?;
    }
    let before = found.last().filter(|_| is_more).map(|last| last.revision.0);
    let scope = realm.scope(&api);
    let revisions = found.into_iter().map(|gathered| step(gathered, &mut |kind, id| names.of(view, &scope, kind, id)));
    let revisions = revisions.collect::<Result<_, ApiError>>()?;
    Ok(Told { api_id: api, revisions, before })
}

fn step(gathered: Gathered, name: &mut impl FnMut(Kind, &str) -> Result<String, ApiError>) -> Result<Step, ApiError> {
    let Gathered { revision, time, actor, mut changes, left_out } = gathered;
    // The log was read from its end.
    changes.reverse();
    let line = |(Address { kind, id, .. }, own, did): (Address, Option<String>, Did)| {
        Ok(Line { kind: kind.0, name: own.map_or_else(|| name(kind, &id), Ok)?, id: id.to_string(), did })
    };
    let changes = changes.into_iter().map(line).collect::<Result<_, ApiError>>()?;
    Ok(Step { revision: revision.0, time, actor, changes, left_out })
}
