//! Private networks as they are stored, kept before the eyes of the registry: VPC links.

use base::store::{Address, Change, Row, StoreError, View, kind};
use deliver::upstream::balance::{Directory, Link, Registry};
use deliver::vpc_link::record::VpcLink;
use std::sync::Arc;

const KINDS: [base::store::Kind; 1] = [kind::VPC_LINK];

/// What is stored of private networks.
pub(super) struct Networks {
    registry: Arc<Registry>,
}

impl Networks {
    /// Nothing is known yet.
    pub(super) fn new(registry: Arc<Registry>) -> Networks {
        Networks { registry }
    }

    /// Reads everything that is there.
    pub(super) fn load(&self, view: &dyn View) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for kind in KINDS {
            view.every(kind, &mut |row| {
                rows.push(row);
                Ok(())
            })?;
        }
        self.registry.change(|directory| rows.iter().for_each(|row| put(directory, row)));
        Ok(())
    }

    /// Takes one revision in.
    pub(super) fn apply(&self, changes: &[Change]) {
        let ours = || changes.iter().filter(|change| KINDS.contains(&change.address.kind));
        if ours().next().is_none() {
            return;
        }
        self.registry.change(|directory| {
            for change in ours() {
                match &change.after {
                    Some(row) => put(directory, row),
                    None => delete(directory, &change.address),
                }
            }
        });
    }
}

fn put(directory: &mut Directory, row: &Row) {
    let realm = &row.address.scope.realm;
    let read = row.record::<VpcLink>().map(|link| {
        let target = link.target_arns.into_iter().next().map(Into::into);
        directory.set_link(&realm.account, &realm.region, &link.id, Some(Link { target }));
    });
    if let Err(why) = read {
        tracing::error!(%why, "a record of a private network cannot be read; what it was before stays in force");
    }
}

fn delete(directory: &mut Directory, address: &Address) {
    directory.set_link(&address.scope.realm.account, &address.scope.realm.region, &address.id, None);
}
