//! A page of a list that is filtered: however many records must be passed over, only a batch of them is in hand at a time.

use base::api::ApiError;
use base::store::{Record, Scope, View};

/// Records that are read at a time.
const BATCH_RECORDS: usize = 200;

/// Up to `count` of what `pick` makes of the records after an id, in order.
pub(crate) fn scan<R: Record, T>(
    view: &dyn View,
    scope: &Scope,
    after: Option<String>,
    count: usize,
    mut pick: impl FnMut(R) -> Result<Option<T>, ApiError>,
) -> Result<Vec<T>, ApiError> {
    let (mut found, mut last) = (Vec::new(), after);
    loop {
        let batch: Vec<R> = view.some(scope, last.as_deref(), BATCH_RECORDS)?;
        let whole = batch.len() == BATCH_RECORDS;
        last = batch.last().map(Record::id).or(last);
        for record in batch {
            if found.len() == count {
                return Ok(found);
            }
            found.extend(pick(record)?);
        }
        if !whole {
            return Ok(found);
        }
    }
}
