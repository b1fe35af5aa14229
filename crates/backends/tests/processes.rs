//! Processes that die and processes that meet. Each test starts itself again as another process, in a role that an environment
//! variable names.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backends::sqlite::{Directory, Settings, SqliteLedger, SqliteStore};
use base::store::{Actor, Address, Claim, Kind, Realm, Revision, Row, Store, StoreError, Txn, Verdict, View, digest, kind};
use base::tally::{Ledger, Meter, Reservation, Window};
use base::world::{Clock, Day, Timestamp};

const FOLDER: &str = "CARDEA_TEST_CHILD_FOLDER";

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    // Left by an earlier process of the same number.
    let _none = std::fs::remove_dir_all(&folder);
    folder
}

/// This very program, running one test in the role of the child.
fn child(test: &str, folder: &Path) -> Child {
    let program = std::env::current_exe().expect("a test knows its own file");
    let mut command = Command::new(program);
    command.args([test, "--exact", "--nocapture"]).env(FOLDER, folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().expect("the child starts")
}

/// One test at a time: between fork and exec a child of one test holds copies of the files of all, the locked ones too.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open(folder: &Path) -> Result<SqliteStore, StoreError> {
    let directory = Arc::new(Directory::hold(folder)?);
    SqliteStore::open(&directory, Clock::manual(Timestamp(1)), Settings::default())
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts").block_on(future)
}

/// Not through `println`, which the test's own output would swallow.
fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("the parent listens");
}

/// How often the child is killed.
const KILLS: u32 = 220;
/// How many transactions stay visible; older ones delete theirs, so that pages are freed and used again.
const KEPT: u64 = 40;
/// The most writes that are under way at once.
const AT_ONCE_MAX: u64 = 9;

fn realm() -> Realm {
    Realm::new("000000000000", "us-east-1")
}

fn address(kind: Kind, id: &str) -> Address {
    Address { kind, scope: realm().scope("api"), id: id.into() }
}

fn claim(n: u64) -> Claim {
    Claim { what: "apikey-value", value: format!("value {n}") }
}

/// Different lengths, some over a page.
fn body(n: u64) -> String {
    format!("{n} ").repeat(usize::try_from(n * 37 % 1500).expect("a small number"))
}

/// Transaction `n`, which is to be revision `n`: two records, a claim, a frozen text, a counter, and the end of transaction `n - KEPT`.
fn transaction(n: u64, txn: &mut dyn Txn) -> Result<Verdict, StoreError> {
    let row = |kind, id: &str, body: &str, claims| Row { address: address(kind, id), version: 1, body: body.into(), claims };
    txn.put(row(kind::STAGE, &n.to_string(), &body(n), vec![claim(n)]))?;
    txn.put(row(kind::METHOD, &n.to_string(), &body(n + 1), Vec::new()))?;
    txn.put(row(kind::ACCOUNT, "count", &n.to_string(), Vec::new()))?;
    txn.freeze(&digest(&n.to_string()), &n.to_string())?;
    if n > KEPT {
        txn.delete(&address(kind::STAGE, &(n - KEPT).to_string()))?;
        txn.delete(&address(kind::METHOD, &(n - KEPT).to_string()))?;
    }
    Ok(Verdict::Commit)
}

/// The child: writes as fast as it can and says what was acknowledged, until it is killed.
fn write_until_killed(folder: &Path) {
    let store = open(folder).expect("what a killed process leaves opens");
    let revision = Arc::new(Mutex::new(Revision(0)));
    let place = revision.clone();
    let look = move |view: &dyn View| {
        *place.lock().expect("nobody panicked") = view.revision();
        Ok(())
    };
    wait(store.read(Box::new(look))).expect("the store reads");
    let mut next = revision.lock().expect("nobody panicked").0 + 1;
    say(&format!("opened {}", next - 1));
    loop {
        let batch = next..next + 1 + next % AT_ONCE_MAX;
        next = batch.end;
        let writes: Vec<_> =
            batch.map(|n| (n, store.write(Actor("child".into()), Box::new(move |txn: &mut dyn Txn| transaction(n, txn))))).collect();
        for (n, write) in writes {
            assert_eq!(wait(write).expect("the store writes"), Revision(n));
            say(&format!("done {n}"));
        }
    }
}

/// Every transaction up to the revision is there whole, and nothing of any later one.
fn check_whole(view: &dyn View) -> Result<Revision, StoreError> {
    let revision = view.revision();
    let first = (revision.0 + 1).saturating_sub(KEPT).max(1);
    for (kind, ahead) in [(kind::STAGE, 0), (kind::METHOD, 1)] {
        let mut found = Vec::new();
        view.every(kind, &mut |row| {
            let n: u64 = row.address.id.parse().expect("ids are numbers");
            assert!(*row.body == *body(n + ahead), "the body of {kind} {n} is spoilt");
            found.push(n);
            Ok(())
        })?;
        found.sort_unstable();
        assert_eq!(found, (first..=revision.0).collect::<Vec<_>>(), "at {revision:?}");
    }
    for n in 1..=revision.0 + AT_ONCE_MAX + 1 {
        let is_held = view.holder(&realm(), &claim(n))?.is_some();
        assert_eq!(is_held, (first..=revision.0).contains(&n), "claim {n} at {revision:?}");
        assert_eq!(view.frozen(&digest(&n.to_string()))?.is_some(), n <= revision.0, "frozen {n} at {revision:?}");
    }
    let count = view.row(&address(kind::ACCOUNT, "count"))?.map_or(0, |row| row.body.parse().expect("a number"));
    assert_eq!(count, revision.0);
    Ok(revision)
}

fn check_log(folder: &Path, revision: Revision) {
    let log = rusqlite::Connection::open(folder.join("store.sqlite")).expect("the file opens");
    let sql = "SELECT count(*), count(DISTINCT revision), coalesce(max(revision), 0) FROM changes";
    let (lines, revisions, last): (u64, u64, u64) = log
        .query_row(sql, (), |row| {
            let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
            Ok((count(0)?, count(1)?, count(2)?))
        })
        .expect("the log can be counted");
    assert_eq!((revisions, last), (revision.0, revision.0));
    assert_eq!(lines, 3 * revision.0 + 2 * revision.0.saturating_sub(KEPT));
}

/// Some microseconds to some milliseconds: where in its work the child is then is anybody's guess.
fn spin(dice: u64) {
    for _ in 0..(dice >> 40) % 200_000 {
        std::hint::spin_loop();
    }
}

fn rolled(dice: u64) -> u64 {
    dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_until_killed(Path::new(&folder));
    }
    let _turn = turn();
    let folder = folder("kill");
    let mut acknowledged = 0;
    let mut dice = 0x9e37_79b9_u64;
    let (mut checked, mut heard) = (0, 0);
    for round in 0..KILLS {
        dice = rolled(dice);
        // One in eight dies as it likes, likely while it opens; the others after a few lines, at an odd moment.
        let lines_heard = if round % 8 == 0 { 0 } else { 1 + (dice >> 33) % 24 };
        let mut child = child("what_was_acknowledged_survives_kill_9", &folder);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut hear = |line: &str| {
            let number = |text: &str| text.parse::<u64>().expect("the child says numbers");
            if let Some(opened) = line.strip_prefix("opened ") {
                assert!(number(opened) >= acknowledged, "round {round}: revision {opened} after {acknowledged} was acknowledged");
            } else if let Some(done) = line.strip_prefix("done ") {
                assert!(number(done) > acknowledged, "round {round}");
                acknowledged = number(done);
            } else {
                return 0;
            }
            1
        };
        let mut count = 0;
        while count < lines_heard {
            count += hear(&lines.next().expect("the child lives until it is killed").unwrap());
        }
        spin(dice);
        child.kill().unwrap();
        // What it said before it died was acknowledged. A line is one write to a pipe, so there is no half of one.
        heard += count + lines.map(|line| hear(&line.unwrap())).sum::<u64>();
        child.wait().unwrap();
        // Three of four crashes are met by the next child alone.
        if round % 4 == 3 || round + 1 == KILLS {
            let store = open(&folder).expect("what a killed process leaves opens");
            let revision = Arc::new(Mutex::new(Revision(0)));
            let place = revision.clone();
            let check = move |view: &dyn View| {
                *place.lock().unwrap() = check_whole(view)?;
                Ok(())
            };
            wait(store.read(Box::new(check))).expect("all is whole");
            wait(store.close());
            let revision = *revision.lock().unwrap();
            assert!(revision.0 >= acknowledged, "round {round}: {revision:?} after {acknowledged} was acknowledged");
            check_log(&folder, revision);
            checked += 1;
        }
    }
    assert!(heard > u64::from(KILLS) && checked >= KILLS / 4, "{heard} lines, {checked} checks: this proved little");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_store_that_was_being_made_when_its_process_died_opens() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_until_killed(Path::new(&folder));
    }
    let _turn = turn();
    let mut dice = 0x517c_c1b7;
    for round in 0..40 {
        dice = rolled(dice);
        let folder = folder("made");
        let mut child = child("a_store_that_was_being_made_when_its_process_died_opens", &folder);
        spin(dice);
        child.kill().unwrap();
        child.wait().unwrap();
        let store = open(&folder).unwrap_or_else(|cause| panic!("round {round}: {cause}"));
        wait(store.read(Box::new(|view| check_whole(view).map(drop)))).expect("all is whole");
        wait(store.close());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

fn open_ledger(folder: &Path) -> SqliteLedger {
    let directory = Arc::new(Directory::hold(folder).expect("the directory is free"));
    SqliteLedger::open(&directory).expect("what a killed process leaves opens")
}

/// The child: reserves units of one quota, eight at once, and says what it was granted.
fn reserve_until_killed(folder: &Path) {
    let ledger = open_ledger(folder);
    loop {
        let asked: Vec<_> = (0..8).map(|_| ledger.reserve(reservation())).collect();
        asked.into_iter().for_each(|asked| say(&format!("granted {}", wait(asked).expect("the ledger answers").units)));
    }
}

fn reservation() -> Reservation {
    let meter = Meter { plan: "plan".into(), key: "key".into() };
    let window = Window { first: Day(100), end: Day(101) };
    Reservation { meter, day: Day(100), window, limit: 1_000_000, wish: 3 }
}

#[test]
fn what_was_granted_is_on_disk_after_kill_9() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return reserve_until_killed(Path::new(&folder));
    }
    let _turn = turn();
    let folder = folder("granted");
    let (mut granted, mut dice) = (0, 0x2545_f491);
    for round in 0..40 {
        dice = rolled(dice);
        let mut child = child("what_was_granted_is_on_disk_after_kill_9", &folder);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let units = |line: String| line.strip_prefix("granted ").map_or(0, |units| units.parse::<u64>().expect("a number"));
        let first = lines.by_ref().map(|line| units(line.unwrap())).find(|units| *units > 0);
        granted += first.expect("the child is granted something");
        spin(dice);
        child.kill().unwrap();
        granted += lines.map(|line| units(line.unwrap())).sum::<u64>();
        child.wait().unwrap();
        let ledger = open_ledger(&folder);
        let used = wait(ledger.used("plan".into(), None, Day(100), Day(101))).unwrap();
        wait(ledger.close());
        let reserved: u64 = used.iter().map(|used| used.units).sum();
        // Every grant is on disk, and what was lost is at most the slices nobody heard of.
        assert!((granted..=granted + 8 * 3 * (round + 1)).contains(&reserved), "round {round}: {reserved} reserved, {granted} granted");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_second_process_is_told_who_holds_the_directory() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let _held = open(Path::new(&folder)).expect("the first process opens");
        say("held");
        // Until the parent goes or kills us.
        let _end = std::io::stdin().read(&mut [0]);
        return;
    }
    let _turn = turn();
    let folder = folder("meet");
    let mut first = child("a_second_process_is_told_who_holds_the_directory", &folder);
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "held"));
    let words = match open(&folder) {
        Err(StoreError::Refused(words)) => words,
        other => panic!("a second process was let in, or refused otherwise: {:?}", other.err()),
    };
    assert!(words.contains(&format!("in use by process {}", first.id())) && words.contains("--data-dir"), "{words}");
    first.kill().unwrap();
    first.wait().unwrap();
    wait(open(&folder).expect("the directory is free again").close());
    std::fs::remove_dir_all(&folder).unwrap();
}
