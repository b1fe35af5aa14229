//! Writes that share a commit do not notice each other.

use std::sync::mpsc::{SyncSender, sync_channel};

use backends::sqlite::{GROUP_WRITES_MAX, SqliteStore, WRITE_QUEUE_MAX};
use base::store::{BoxFuture, Revision, Store, StoreError, Verdict};

use crate::bench::{Folder, actor, body, put, stage, wait, work, write};

/// Keeps the writer's thread busy until the sender is used; what is written meanwhile waits and becomes one group.
fn held_up(store: &SqliteStore) -> (SyncSender<()>, BoxFuture<'_, Result<Revision, StoreError>>) {
    let (go_on, may_go_on) = sync_channel(0);
    let (begun, has_begun) = sync_channel(0);
    let blocked = work(move |_| {
        begun.send(()).expect("the test waits for this");
        may_go_on.recv().expect("the test lets go");
        Ok(Verdict::Abandon)
    });
    let blocked = store.write(actor(), blocked);
    has_begun.recv().expect("the writer takes up the work");
    (go_on, blocked)
}

#[test]
fn a_write_that_fails_or_panics_takes_nobody_along() {
    let folder = Folder::new();
    let store = folder.store();
    let (go_on, blocked) = held_up(&store);
    let first = store.write(actor(), put(stage("first", "1")));
    let failing = work(|txn| {
        txn.put(stage("first", "spoilt"))?;
        Err(StoreError::Away("on purpose".to_owned()))
    });
    let failing = store.write(actor(), failing);
    let panicking = work(|txn| {
        txn.put(stage("panic", "1"))?;
        panic!("on purpose, to see it contained")
    });
    let panicking = store.write(actor(), panicking);
    let abandoned = store.write(actor(), work(|txn| txn.put(stage("abandoned", "1")).map(|()| Verdict::Abandon)));
    let last = store.write(actor(), put(stage("last", "1")));
    go_on.send(()).unwrap();
    assert_eq!(wait(blocked).unwrap(), Revision(0));
    assert_eq!(wait(first).unwrap(), Revision(1));
    assert_eq!(wait(failing).unwrap_err().to_string(), "the store is away: on purpose");
    assert!(wait(panicking).unwrap_err().to_string().contains("panicked"));
    assert_eq!(wait(abandoned).unwrap(), Revision(1));
    assert_eq!(wait(last).unwrap(), Revision(2));
    let found = ["first", "panic", "abandoned", "last"].map(|id| body(&store, id));
    assert_eq!(found, [Some("1".to_owned()), None, None, Some("1".to_owned())]);
}

#[test]
fn many_writes_at_once_lose_nothing() {
    let folder = Folder::new();
    let store = folder.store();
    let count = GROUP_WRITES_MAX * 3 + 7;
    let (go_on, blocked) = held_up(&store);
    let add_one = || {
        work(|txn| {
            let address = stage("sum", "").address;
            let sum: u64 = txn.row(&address)?.map_or(0, |row| row.body.parse().expect("a number was stored"));
            txn.put(stage("sum", &(sum + 1).to_string())).map(|()| Verdict::Commit)
        })
    };
    let writes: Vec<_> = (0..count).map(|_| store.write(actor(), add_one())).collect();
    go_on.send(()).unwrap();
    wait(blocked).unwrap();
    let revisions: Vec<Revision> = writes.into_iter().map(|write| wait(write).unwrap()).collect();
    let want: Vec<Revision> = (1..=count as u64).map(Revision).collect();
    assert_eq!(revisions, want);
    assert_eq!(body(&store, "sum"), Some(count.to_string()));
}

#[test]
fn a_full_queue_says_so_and_nothing_accepted_is_lost() {
    let folder = Folder::new();
    let store = folder.store();
    let (go_on, blocked) = held_up(&store);
    let accepted: Vec<_> = (0..WRITE_QUEUE_MAX).map(|at| store.write(actor(), put(stage(&at.to_string(), "1")))).collect();
    assert!(matches!(wait(store.write(actor(), put(stage("one more", "1")))), Err(StoreError::Busy)));
    go_on.send(()).unwrap();
    wait(blocked).unwrap();
    accepted.into_iter().for_each(|write| assert!(wait(write).is_ok()));
    assert!(write(&store, put(stage("again", "1"))).is_ok());
}

#[test]
fn closing_finishes_what_was_accepted_and_refuses_the_rest() {
    let folder = Folder::new();
    let store = folder.store();
    let (go_on, blocked) = held_up(&store);
    let accepted = store.write(actor(), put(stage("accepted", "1")));
    let closing = store.close();
    assert!(matches!(write(&store, put(stage("late", "1"))), Err(StoreError::Away(_))));
    go_on.send(()).unwrap();
    wait(closing);
    assert!(wait(blocked).is_ok());
    assert_eq!(wait(accepted).unwrap(), Revision(1));
    assert!(matches!(wait(store.read(Box::new(|_| Ok(())))), Err(StoreError::Away(_))));
    wait(store.close());
    // Closed means free: the next may open before the old value is dropped.
    let next = folder.store();
    assert_eq!((body(&next, "accepted"), body(&next, "late")), (Some("1".to_owned()), None));
}
