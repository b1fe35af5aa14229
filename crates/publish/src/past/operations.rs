//! What can be asked of the past.

use super::history::History;
use super::moment::{Moment, Side, parts};
use super::restore::Restore;
use base::api::{self, ApiError, Control, Entry, Member, Operation, Route, op};
use define::compare::Change;
use serde::{Deserialize, Serialize};

/// What can be asked of the past. None of it is AWS's.
pub const OPERATIONS: &[Entry] = &[op::<Compare>(), op::<History>(), op::<Restore>()];

/// Tells what must happen to one moment so that it becomes another.
#[derive(Deserialize)]
struct Compare {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

/// The answer: no changes where the two are equal.
#[derive(Serialize)]
struct Comparison {
    from: Side,
    to: Side,
    changes: Vec<Change>,
}

impl Operation for Compare {
    const ROUTE: Route = api::get("Compare", "/_cardea/diff");
    const MEMBERS: &'static [Member] = &[api::text("from").in_query(), api::text("to").in_query()];
    type Reply = Comparison;

    async fn run(self, cx: &Control) -> Result<Comparison, ApiError> {
        let Self { from, to } = self;
        let (from, to) = (Moment::read(&from)?, Moment::read(&to)?);
        let realm = cx.realm().clone();
        cx.read(move |view| {
            let (from, to) = (from.find(view, &realm)?, to.find(view, &realm)?);
            let (before, after) = parts(&from, &to);
            Ok(Comparison { changes: before.changes_to(&after), from: from.side, to: to.side })
        })
        .await
    }
}
