//! The feed of changes: every revision once, whole, in order, after the snapshot one was shown.

use std::sync::{Arc, Mutex};

use base::store::{FOLLOWER_REVISIONS_MAX, Revision, Store, StoreError, Verdict};

use crate::bench::{Folder, actor, put, stage, wait, work, write};

#[test]
fn a_follower_misses_nothing_between_its_snapshot_and_the_feed() {
    let folder = Folder::new();
    let store = folder.store();
    let writes: Vec<_> = (0..60).map(|at| store.write(actor(), put(stage(&format!("{at}"), "1")))).collect();
    let shown = Arc::new(Mutex::new(Revision(0)));
    let place = shown.clone();
    let following = store.follow(Box::new(move |view| {
        *place.lock().unwrap() = view.revision();
        Ok(())
    }));
    let more: Vec<_> = (60..100).map(|at| store.write(actor(), put(stage(&format!("{at}"), "1")))).collect();
    writes.into_iter().chain(more).for_each(|write| assert!(wait(write).is_ok()));
    let mut follower = wait(following).unwrap();
    let shown = *shown.lock().unwrap();
    let mut seen = Vec::new();
    while let Ok(changes) = follower.0.try_recv() {
        assert!(changes.iter().all(|change| change.revision == changes[0].revision));
        seen.push(changes[0].revision);
    }
    let want: Vec<Revision> = (shown.0 + 1..=100).map(Revision).collect();
    assert_eq!(seen, want);
    assert_eq!(shown, Revision(60));
}

#[test]
fn a_revision_is_delivered_whole_before_its_writer_is_answered() {
    let folder = Folder::new();
    let store = folder.store();
    let mut follower = wait(store.follow(Box::new(|_| Ok(())))).unwrap();
    let both = work(|txn| {
        txn.put(stage("a", "1"))?;
        txn.put(stage("b", "1"))?;
        txn.delete(&stage("a", "").address)?;
        txn.delete(&stage("never", "").address)?;
        Ok(Verdict::Commit)
    });
    assert_eq!(write(&store, both).unwrap(), Revision(1));
    let changes = follower.0.try_recv().expect("the answer comes after the delivery");
    let told: Vec<(&str, bool)> = changes.iter().map(|change| (&*change.address.id, change.after.is_some())).collect();
    assert_eq!(told, [("a", true), ("b", true), ("a", false)]);
    // Nothing changed, nothing told, no revision.
    assert_eq!(write(&store, work(|_| Ok(Verdict::Commit))).unwrap(), Revision(1));
    assert!(follower.0.try_recv().is_err());
}

#[test]
fn a_follower_that_is_behind_holds_writers_back_and_one_that_left_does_not() {
    let folder = Folder::new();
    let store = folder.store();
    let left = wait(store.follow(Box::new(|_| Ok(())))).unwrap();
    drop(left);
    let mut behind = wait(store.follow(Box::new(|_| Ok(())))).unwrap();
    let writes: Vec<_> = (0..FOLLOWER_REVISIONS_MAX).map(|_| store.write(actor(), put(stage("a", "1")))).collect();
    writes.into_iter().for_each(|write| assert!(wait(write).is_ok()));
    let mut held_back = store.write(actor(), put(stage("a", "2")));
    // It is durable; its writer is told only when the follower has it.
    while crate::bench::body(&store, "a").as_deref() != Some("2") {}
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(held_back.as_mut().poll(&mut cx).is_pending());
    let first = wait(behind.0.recv()).unwrap();
    assert_eq!(first[0].revision, Revision(1));
    assert_eq!(wait(held_back).unwrap(), Revision(FOLLOWER_REVISIONS_MAX as u64 + 1));
}

#[test]
fn one_who_fails_at_the_snapshot_does_not_follow() {
    let folder = Folder::new();
    let store = folder.store();
    let failed = wait(store.follow(Box::new(|_| Err(StoreError::Away("on purpose".to_owned())))));
    assert_eq!(failed.unwrap_err().to_string(), "the store is away: on purpose");
    let panicked = wait(store.follow(Box::new(|_| panic!("on purpose, to see it contained"))));
    assert!(panicked.is_err());
    assert!(write(&store, put(stage("a", "1"))).is_ok());
}
