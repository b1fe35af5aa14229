//! The embedded store and the store in memory say the same to the same history.

use std::ops::ControlFlow;
use std::sync::Arc;

use base::store::{Address, Claim, Logged, MemoryStore, Realm, Revision, Row, Store, StoreError, Txn, Verdict, View, kind};
use proptest::prelude::*;

use crate::bench::{Folder, actor, claim, look, row, stage, wait, work, write};

#[derive(Clone, Debug)]
enum Step {
    Put(Row),
    Delete(Address),
    Freeze(String),
}

#[derive(Clone, Copy, Debug)]
enum End {
    Commit,
    Abandon,
    Fail,
}

fn run(steps: &[Step], end: End, txn: &mut dyn Txn) -> Result<Verdict, StoreError> {
    for step in steps {
        match step {
            Step::Put(row) => {
                txn.put(row.clone())?;
                // What it writes, it reads back.
                let found = txn.row(&row.address)?.expect("a record that was put is there");
                assert_eq!((found.body, found.claims.len()), (row.body.clone(), 0));
            }
            Step::Delete(address) => {
                txn.delete(address)?;
                assert_eq!(txn.row(address)?, None);
            }
            Step::Freeze(text) => txn.freeze(&base::store::digest(text), text)?,
        }
    }
    match end {
        End::Commit => Ok(Verdict::Commit),
        End::Abandon => Ok(Verdict::Abandon),
        End::Fail => Err(StoreError::Away("on purpose".to_owned())),
    }
}

/// Everything a view can be asked about the few names the histories use.
fn told(view: &dyn View) -> Result<Vec<String>, StoreError> {
    let mut lines = vec![format!("{:?} {:?}", view.revision(), view.log_start()?)];
    for kind in [kind::STAGE, kind::METHOD] {
        view.every(kind, &mut |row| {
            lines.push(format!("{row:?}"));
            Ok(())
        })?;
        for (realm, parent) in realms().iter().zip(["", "p", "é"]) {
            let scope = realm.scope(parent);
            lines.push(format!("{:?}", view.rows(kind, &scope, None, usize::MAX)?));
            lines.push(format!("{:?}", view.rows(kind, &scope, Some("b"), 2)?));
            lines.push(format!("{:?}", view.rows(kind, &scope, Some(""), 1)?));
        }
    }
    for realm in realms() {
        // Of a record and of what belongs to it; the whole of it, and the two newest before the last revision.
        for (parent, id) in [("", "a"), ("", "p"), ("p", "é")] {
            let of = Address { kind: kind::STAGE, scope: realm.scope(parent), id: id.into() };
            for (before, lines_max) in [(None, usize::MAX), (Some(view.revision()), 2)] {
                let mut seen = 0;
                view.log(&of, before, &mut |logged| {
                    lines.push(format!("{:?} by {:?}", logged.change, logged.actor));
                    seen += 1;
                    Ok(if seen < lines_max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
                })?;
            }
        }
        for value in ["x", "y"] {
            lines.push(format!("{:?}", view.holder(&realm, &claim(value))?));
            lines.push(format!("{:?}", view.frozen(&base::store::digest(value))?));
        }
    }
    Ok(lines)
}

fn realms() -> [Realm; 3] {
    [Realm::new("1", "r"), Realm::new("1", "s"), Realm::new("2", "r")]
}

fn any_address() -> impl Strategy<Value = Address> {
    let kinds = prop_oneof![Just(kind::STAGE), Just(kind::METHOD)];
    (kinds, 0..3usize, prop_oneof!["", "p", "é"], prop_oneof!["", "a", "b", "B", "c", "ä", "10", "9"])
        .prop_map(|(kind, realm, parent, id)| Address { kind, scope: realms()[realm].scope(&parent), id: id.into() })
}

fn any_step() -> impl Strategy<Value = Step> {
    let claims = proptest::collection::vec(prop_oneof!["x", "y"].prop_map(|value| claim(&value)), 0..2);
    let put = (any_address(), 1..3u32, ".{0,6}", claims).prop_map(|(address, version, body, claims): (_, _, String, Vec<Claim>)| {
        Step::Put(Row { address, version, body: body.into(), claims })
    });
    prop_oneof![4 => put, 2 => any_address().prop_map(Step::Delete), 1 => prop_oneof!["x", "y"].prop_map(Step::Freeze)]
}

fn any_history() -> impl Strategy<Value = Vec<(Vec<Step>, End)>> {
    let end = prop_oneof![5 => Just(End::Commit), 1 => Just(End::Abandon), 1 => Just(End::Fail)];
    proptest::collection::vec((proptest::collection::vec(any_step(), 0..6), end), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn both_stores_say_the_same_to_the_same_history(history in any_history()) {
        let folder = Folder::new();
        let (memory, sqlite) = (MemoryStore::default(), folder.store());
        let stores: [&dyn Store; 2] = [&memory, &sqlite];
        let mut feeds = stores.map(|store| wait(store.follow(Box::new(|_| Ok(())))).expect("one may follow"));
        for (steps, end) in history {
            let revisions = stores.map(|store| {
                let steps = steps.clone();
                write(store, work(move |txn| run(&steps, end, txn))).map_err(|cause| cause.to_string())
            });
            prop_assert_eq!(&revisions[0], &revisions[1]);
            let [memory, sqlite] = stores.map(|store| look(store, told));
            prop_assert_eq!(memory, sqlite);
            let [memory, sqlite] = [0, 1].map(|at| feeds[at].0.try_recv().map(|changes| format!("{changes:?}")));
            prop_assert_eq!(memory, sqlite);
        }
        wait(sqlite.close());
        drop(sqlite);
        // And what was there is there again.
        let reopened = folder.store();
        prop_assert_eq!(look(&memory, told), look(&reopened, told));
        wait(reopened.close());
    }
}

#[test]
fn the_log_of_a_record_is_told_with_what_belongs_to_it_and_nothing_else() {
    let folder = Folder::new();
    let store = folder.store();
    let rows =
        [("", "api"), ("api", "one"), ("other", "one"), ("", "one"), ("api", "two")].map(|(parent, id)| row(kind::STAGE, parent, id, "{}"));
    for row in rows {
        write(&store, crate::bench::put(row)).unwrap();
    }
    write(&store, crate::bench::put(row(kind::METHOD, "", "api", "{}"))).unwrap();
    let gone = row(kind::STAGE, "api", "one", "").address;
    write(&store, work(move |txn| txn.delete(&gone).map(|()| Verdict::Commit))).unwrap();
    let of = row(kind::STAGE, "", "api", "").address;
    let told = look(&store, move |view| {
        let mut told = Vec::new();
        view.log(&of, None, &mut |logged| {
            let Logged { change, time, actor } = logged;
            told.push((change.revision.0, change.address.id.to_string(), change.after.is_some(), time.0, actor.0.to_string()));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(told)
    });
    let line = |revision, id: &str, is_there| (revision, id.to_owned(), is_there, 1_000_000, "tester".to_owned());
    assert_eq!(told, [line(7, "one", false), line(5, "two", true), line(2, "one", true), line(1, "api", true)]);
}

#[test]
fn a_snapshot_is_of_one_revision_whatever_is_written_meanwhile() {
    let folder = Folder::new();
    let store = Arc::new(folder.store());
    let one = write(&*store, crate::bench::put(stage("a", "old"))).unwrap();
    let (begun, has_begun) = std::sync::mpsc::sync_channel(0);
    let (go_on, may_go_on) = std::sync::mpsc::sync_channel::<()>(0);
    let address = stage("a", "").address;
    let reading = store.clone();
    let reader = std::thread::spawn(move || {
        look(&*reading, move |view| {
            begun.send(()).unwrap();
            may_go_on.recv().unwrap();
            Ok((view.revision(), view.row(&address)?.map(|row| row.body.to_string())))
        })
    });
    has_begun.recv().unwrap();
    let two = write(&*store, crate::bench::put(stage("a", "new"))).unwrap();
    assert!(two > one);
    assert_eq!(crate::bench::body(&*store, "a").as_deref(), Some("new"));
    go_on.send(()).unwrap();
    assert_eq!(reader.join().unwrap(), (one, Some("old".to_owned())));
}

#[test]
fn the_log_says_who_changed_what_when_and_forgets_as_it_was_told() {
    let folder = Folder::new();
    let settings = backends::sqlite::Settings { log_revisions_kept: 3, ..Default::default() };
    let store = folder.store_with(settings).unwrap();
    for at in 0..5 {
        write(&store, crate::bench::put(row(kind::METHOD, "p", &format!("m{at}"), "{}"))).unwrap();
    }
    assert_eq!(look(&store, |view| view.log_start()), Revision(3));
    let gone = row(kind::METHOD, "p", "m0", "").address;
    wait(store.write(actor(), work(move |txn| txn.delete(&gone).map(|()| Verdict::Commit)))).unwrap();
    wait(store.close());
    let log = rusqlite::Connection::open(folder.path().join("store.sqlite")).unwrap();
    let mut lines = log.prepare("SELECT revision, sequence, time_ms, actor, id, body FROM changes ORDER BY 1, 2").unwrap();
    let lines: Vec<(i64, i64, i64, String, String, Option<String>)> = lines
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let line =
        |revision, id: &str, body: Option<&str>| (revision, 0, 1_000_000, "tester".to_owned(), id.to_owned(), body.map(str::to_owned));
    assert_eq!(lines, [line(4, "m3", Some("{}")), line(5, "m4", Some("{}")), line(6, "m0", None)]);
}
