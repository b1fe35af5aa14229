//! A file that is not ours, not whole or not of our time is refused in words and left as it was.

use std::fs;
use std::sync::Arc;

use backends::sqlite::Directory;
use base::store::{Revision, Store};

use crate::bench::{Folder, body, put, stage, wait, write};

const PAGE_BYTES: usize = 4096;

/// A closed store with a few pages in it.
fn filled() -> Folder {
    let folder = Folder::new();
    let store = folder.store();
    for at in 0..20 {
        write(&store, put(stage(&format!("s{at}"), &"x".repeat(at * 700)))).expect("the store writes");
    }
    wait(store.close());
    folder
}

fn change(folder: &Folder, sql: &str) {
    let conn = rusqlite::Connection::open(folder.path().join("store.sqlite")).expect("the file opens");
    conn.execute_batch(sql).expect("the change is made");
}

#[test]
fn a_store_is_there_again_after_closing() {
    let folder = filled();
    let store = folder.store();
    assert_eq!(body(&store, "s3"), Some("x".repeat(2100)));
    assert_eq!(write(&store, put(stage("next", "1"))).unwrap(), Revision(21));
}

#[test]
fn every_damaged_page_is_noticed_and_nothing_is_repaired() {
    let folder = filled();
    let file = folder.path().join("store.sqlite");
    let whole = fs::read(&file).unwrap();
    assert!(whole.len() >= 10 * PAGE_BYTES);
    for page in 0..whole.len() / PAGE_BYTES {
        let mut damaged = whole.clone();
        damaged[page * PAGE_BYTES..(page + 1) * PAGE_BYTES].fill(0xff);
        fs::write(&file, &damaged).unwrap();
        let words = folder.refusal();
        assert!(words.contains("store.sqlite") && words.contains("damaged"), "page {page}: {words}");
        assert!(fs::read(&file).unwrap() == damaged, "page {page} was touched");
    }
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert!(folder.refusal().contains("damaged"));
    fs::write(&file, &whole).unwrap();
    assert_eq!(body(&folder.store(), "s0"), Some(String::new()));
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path()).unwrap();
    let file = folder.path().join("store.sqlite");
    fs::write(&file, "my diary, which is longer than a header ".repeat(40)).unwrap();
    assert!(folder.refusal().contains("no database"));
    assert!(fs::read_to_string(&file).unwrap().starts_with("my diary"));
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path()).unwrap();
    change(&folder, "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
    let before = fs::read(folder.path().join("store.sqlite")).unwrap();
    assert!(folder.refusal().contains("another program"));
    assert!(fs::read(folder.path().join("store.sqlite")).unwrap() == before);
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let folder = filled();
    change(&folder, "PRAGMA user_version = 2");
    let words = folder.refusal();
    assert!(words.contains("newer Cardea") && words.contains("its format is 2, this program's 1"), "{words}");
    change(&folder, "PRAGMA user_version = 0");
    assert!(folder.refusal().contains("damaged"));
    change(&folder, "PRAGMA user_version = 1");
    assert!(folder.try_store().is_ok());
}

#[test]
fn an_empty_file_is_a_new_store() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path()).unwrap();
    fs::write(folder.path().join("store.sqlite"), "").unwrap();
    assert_eq!(write(&folder.store(), put(stage("a", "1"))).unwrap(), Revision(1));
}

#[test]
fn a_directory_has_one_holder_and_is_its_owners_alone() {
    let folder = Folder::new();
    let held = Arc::new(Directory::hold(folder.path()).unwrap());
    let words = Directory::hold(folder.path()).unwrap_err().to_string();
    assert!(words.contains(&format!("in use by process {}", std::process::id())), "{words}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }
    drop(held);
    assert!(Directory::hold(folder.path()).is_ok());
}

#[test]
fn a_directory_that_is_a_file_is_refused_in_words() {
    let folder = Folder::new();
    fs::write(folder.path(), "").unwrap();
    let words = Directory::hold(folder.path()).unwrap_err().to_string();
    fs::remove_file(folder.path()).unwrap();
    assert!(words.starts_with("cannot use the data directory"), "{words}");
}

#[test]
fn somebody_elses_lock_on_the_file_fails_the_write_and_not_the_store() {
    let folder = filled();
    let store = folder.store();
    let other = rusqlite::Connection::open(folder.path().join("store.sqlite")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let words = write(&store, put(stage("a", "1"))).unwrap_err().to_string();
    assert!(words.contains("locked"), "{words}");
    assert_eq!(body(&store, "a"), None);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(write(&store, put(stage("a", "1"))).unwrap(), Revision(21));
}
