//! Copies of a node, and nodes from copies.

use crate::house::{House, Scratch, cardea};
use aws_lc_rs::digest::{SHA256, digest};
use cardea::backup::{own, unpack, verify};
use serde_json::{Value, json};
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};

fn succeeds(arguments: &[&str]) -> Output {
    let done = cardea(arguments);
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    done
}

fn refused(arguments: &[&str], word: &str) {
    let done = cardea(arguments);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && said.contains(word), "{arguments:?}: {said}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A node that ran, with an API and a key in it; what it was kept in, and the key's id.
fn kept(scratch: &Scratch) -> (std::path::PathBuf, String, String) {
    let directory = scratch.0.join("data");
    let house = House::open(&directory);
    let api = house.api("pets");
    let key = house.aws("POST", "/apikeys", &json!({"name": "a", "value": "a-value-of-twenty-letters", "enabled": true}));
    house.stop();
    (directory, api, key["id"].as_str().unwrap().to_owned())
}

/// The node in this directory has what the kept one had, its secrets included.
fn has_all(directory: &Path, api: &str, key: &str) {
    let house = House::open(directory);
    assert_eq!(house.get(&format!("/restapis/{api}/prod/_user_request_/")), 200);
    let key = house.aws("GET", &format!("/apikeys/{key}?includeValue=true"), &Value::Null);
    assert_eq!(key["value"], "a-value-of-twenty-letters");
    house.stop();
}

#[test]
fn a_running_node_is_copied_and_the_copy_is_a_node() {
    let scratch = Scratch::new();
    let (directory, api, key) = kept(&scratch);
    let (file, again) = (scratch.0.join("a.backup"), scratch.0.join("again"));
    let house = House::open(&directory);
    let made = succeeds(&["backup", text(&file), "--data-dir", text(&directory)]);
    assert!(String::from_utf8_lossy(&made.stderr).contains("unseals every secret"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let left: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_str().unwrap().ends_with(".new")), "{left:?}");
    house.stop();
    succeeds(&["restore", text(&file), "--data-dir", text(&again)]);
    has_all(&again, &api, &key);
    let root = |directory: &Path| std::fs::read(directory.join("root-credentials")).unwrap();
    assert_eq!(root(&directory), root(&again), "the owner's key opens both");
}

#[test]
fn a_directory_that_nobody_serves_is_copied_directly() {
    let scratch = Scratch::new();
    let (directory, api, key) = kept(&scratch);
    let (file, again) = (scratch.0.join("a.backup"), scratch.0.join("again"));
    succeeds(&["backup", text(&file), "--data-dir", text(&directory)]);
    std::fs::create_dir(&again).unwrap();
    succeeds(&["restore", text(&file), "--data-dir", text(&again)]);
    has_all(&again, &api, &key);
    has_all(&directory, &api, &key);
}

#[test]
fn a_copy_under_load_is_one_moment_and_holds_nobody_up() {
    const COPIES: usize = 5;
    let scratch = Scratch::new();
    let (directory, api, _) = kept(&scratch);
    let house = House::open(&directory);
    let over = AtomicBool::new(false);
    let (copies, written) = std::thread::scope(|scope| {
        let (house, over) = (&house, &over);
        let writer = scope.spawn(move || {
            let mut number = 0;
            while !over.load(Ordering::Relaxed) {
                // Two records in one revision, and the next only after this one is durable.
                house.aws("POST", "/restapis", &json!({"name": format!("api-{number:06}")}));
                number += 1;
            }
            number
        });
        let reader = scope.spawn(move || {
            let mut requests = 0;
            while !over.load(Ordering::Relaxed) {
                assert_eq!(house.get(&format!("/restapis/{api}/prod/_user_request_/")), 200);
                requests += 1;
            }
            requests
        });
        let copies: Vec<_> = (0..COPIES)
            .map(|number| {
                let file = scratch.0.join(format!("{number}.backup"));
                succeeds(&["backup", text(&file), "--data-dir", text(&directory)]);
                file
            })
            .collect();
        over.store(true, Ordering::Relaxed);
        println!("{} requests were answered meanwhile", reader.join().unwrap());
        (copies, writer.join().unwrap())
    });
    house.stop();
    let mut before = 0;
    for (number, file) in copies.iter().enumerate() {
        let again = scratch.0.join(format!("again-{number}"));
        unpack(&mut File::open(file).unwrap(), &again).unwrap();
        let house = House::open(&again);
        let apis = house.aws("GET", "/restapis?limit=500", &Value::Null);
        let mut names: Vec<&str> = apis["item"].as_array().unwrap().iter().filter_map(|api| api["name"].as_str()).collect();
        names.retain(|name| name.starts_with("api-"));
        names.sort_unstable();
        let first: Vec<String> = (0..names.len()).map(|number| format!("api-{number:06}")).collect();
        assert_eq!(names, first, "whatever is there came before all that is not");
        assert!(before <= names.len() && names.len() <= written);
        before = names.len();
        house.stop();
    }
    println!("{COPIES} copies while {written} APIs were made; the last holds {before}");
}

#[test]
fn nothing_is_written_over() {
    let scratch = Scratch::new();
    let (directory, ..) = kept(&scratch);
    let file = scratch.0.join("a.backup");
    succeeds(&["backup", text(&file), "--data-dir", text(&directory)]);
    refused(&["backup", text(&file), "--data-dir", text(&directory)], "is there already");
    refused(&["restore", text(&file), "--data-dir", text(&directory)], "is not empty");
    let nowhere = scratch.0.join("nowhere");
    refused(&["backup", text(&scratch.0.join("b")), "--data-dir", text(&nowhere)], "is no data directory");
    assert!(!nowhere.exists() && !scratch.0.join("b").exists());
}

#[test]
fn what_is_cut_off_changed_or_newer_is_refused_and_leaves_nothing() {
    let scratch = Scratch::new();
    let (directory, ..) = kept(&scratch);
    let file = scratch.0.join("a.backup");
    succeeds(&["backup", text(&file), "--data-dir", text(&directory)]);
    let whole = std::fs::read(&file).unwrap();
    let parts = verify(&mut File::open(&file).unwrap()).unwrap();
    let (bad, again) = (scratch.0.join("bad"), scratch.0.join("again"));
    let refuse = |bytes: &[u8], word: &str| {
        std::fs::write(&bad, bytes).unwrap();
        refused(&["restore", text(&bad), "--data-dir", text(&again)], word);
        let left: Vec<_> = std::fs::read_dir(&again).into_iter().flatten().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| name == "lock"), "{word}: {left:?}");
    };
    let end = whole.len() - "end \n".len() - 64;
    let mut cuts: Vec<usize> = (0..200).chain(end - 2..whole.len()).collect();
    cuts.extend(parts.iter().flat_map(|part| [part.from, part.from + part.bytes / 2, part.from + part.bytes]).map(|at| at as usize));
    for cut in cuts {
        std::fs::write(&bad, &whole[..cut]).unwrap();
        assert!(verify(&mut File::open(&bad).unwrap()).is_err(), "cut at {cut}");
    }
    for at in (0..whole.len()).step_by(whole.len() / 50) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&bad, &changed).unwrap();
        assert!(verify(&mut File::open(&bad).unwrap()).is_err(), "changed at {at}");
    }
    refuse(&whole[..whole.len() / 2], "cut off");
    refuse(&[&whole[..], b"x"].concat(), "another");
    refuse(b"", "cut off");
    refuse(b"SQLite format 3\0", "no backup");
    refuse(&[b"cardea backup 2\n", &whole[16..]].concat(), "newer");
    // A store that a newer release wrote, in a backup that is whole.
    let mut newer = whole[..end].to_vec();
    let store = parts.iter().find(|part| part.name == "store.sqlite").unwrap();
    newer[store.from as usize + 60..][..4].copy_from_slice(&99u32.to_be_bytes());
    let sum: String = digest(&SHA256, &newer).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    newer.extend_from_slice(format!("end {sum}\n").as_bytes());
    refuse(&newer, "newer");
    // A name that leads elsewhere.
    let outside = b"cardea backup 1\npart ../outside 1\nx";
    refuse(outside, "a part that is none");
    // And what is whole goes there after all of these.
    succeeds(&["restore", text(&file), "--data-dir", text(&again)]);
    assert!(own(&bad).is_err(), "a file is made once");
}
