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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage_plan::record::UsagePlanKey;
    use base::testing::Bench;
    use std::collections::BTreeMap;

    #[test]
    fn it_stops_when_it_has_enough_and_goes_on_after_the_last_of_a_batch() {
        let bench = Bench::new(&[]);
        let realm = bench.realm().clone();
        bench.write(move |txn| {
            for n in 0..3 * BATCH_RECORDS {
                txn.save(&realm, &UsagePlanKey { plan: "p".into(), key: format!("{n:04}"), grants: BTreeMap::new() })?;
            }
            let look = |after: Option<&str>, count: usize, every: usize| {
                let mut looked = 0;
                let pick = |member: UsagePlanKey| {
                    looked += 1;
                    Ok((looked % every == 0).then_some(member.key))
                };
                let found = scan(txn.view(), &realm.scope("p"), after.map(str::to_owned), count, pick).unwrap();
                (found, looked)
            };
            assert_eq!(look(None, 2, 1), (vec!["0000".into(), "0001".into()], 2));
            assert_eq!(look(Some("0199"), 1, 1), (vec!["0200".into()], 1));
            assert_eq!(look(None, 2, 250), (vec!["0249".into(), "0499".into()], 500));
            assert_eq!(look(None, 9, 1000), (vec![], 3 * BATCH_RECORDS));
            assert_eq!(look(Some("0599"), 9, 1), (vec![], 0));
            Ok(())
        });
    }
}
