//! What changed, told by the program to whoever operates it.

use crate::house::{House, Scratch, cardea};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

struct Kept {
    scratch: Scratch,
    house: House,
    api: String,
}

impl Kept {
    fn new() -> Kept {
        let scratch = Scratch::new();
        let house = House::open(&scratch.0.join("data"));
        let api = house.api("pets");
        Kept { scratch, house, api }
    }

    fn directory(&self) -> PathBuf {
        self.scratch.0.join("data")
    }

    /// The path of `GET /`.
    fn method(&self) -> String {
        let resources = self.house.aws("GET", &format!("/restapis/{}/resources", self.api), &Value::Null);
        format!("/restapis/{}/resources/{}/methods/GET", self.api, resources["item"][0]["id"].as_str().unwrap())
    }

    fn set(&self, target: &str, path: &str, value: &str) {
        self.house.aws("PATCH", target, &json!({"patchOperations": [{"op": "replace", "path": path, "value": value}]}));
    }
}

/// Runs a verb on a directory: how it ended, what it said, what it complained of.
fn run(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    let done = cardea(&[arguments, &["--data-dir", directory.to_str().unwrap()]].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[test]
fn a_stage_is_compared_with_the_definition_before_it_is_deployed() {
    let kept = Kept::new();
    let Kept { house, api, .. } = &kept;
    let (directory, stage) = (kept.directory(), format!("{api}/prod"));
    kept.set(&kept.method(), "/authorizationType", "AWS_IAM");
    house.aws("POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "prod"}));
    assert_eq!(run(&directory, &["diff", &stage, api]), (0, String::new(), String::new()));

    kept.set(&kept.method(), "/authorizationType", "NONE");
    let (code, text, complaint) = run(&directory, &["diff", &stage, api]);
    assert_eq!((code, complaint.as_str()), (1, ""), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..3], [format!("--- {stage}"), format!("+++ {api}"), "~ method GET /".to_owned()]);
    assert!(lines[3].contains("\"AWS_IAM\" -> \"NONE\""), "{text}");
    assert_eq!(lines[4], "  ! weakens security: no authorization is asked for any more");
    assert!(!text.contains('\u{1b}'), "a pipe gets no colours");

    let (code, text, _) = run(&directory, &["diff", &stage, api, "--json"]);
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &told["changes"][0]["concerns"][0]["effect"]), (1, &json!("weakens")));
    // The other way round it is no weakness.
    let (code, text, _) = run(&directory, &["diff", api, &stage]);
    assert!(code == 1 && !text.contains('!'), "{text}");
}

#[test]
fn what_cannot_be_compared_is_trouble_and_no_difference() {
    let kept = Kept::new();
    let directory = kept.directory();
    let trouble = |arguments: &[&str], word: &str| {
        let (code, said, complaint) = run(&directory, arguments);
        assert!(code == 2 && said.is_empty() && complaint.contains(word), "{arguments:?}: {code} {said} {complaint}");
    };
    trouble(&["diff", &kept.api, "gone"], "Invalid API identifier");
    trouble(&["diff", &kept.api, &format!("{}/gone", kept.api)], "Invalid stage identifier");
    trouble(&["diff", &kept.api, "a/"], "API/STAGE or API@DEPLOYMENT");
    trouble(&["diff", &kept.api], "required");
    let api = kept.api.clone();
    kept.house.stop();
    let (code, ..) = run(&directory, &["diff", &api, &api]);
    assert_eq!(code, 2, "nobody serves");
}

#[test]
fn a_history_tells_who_did_what_and_outlives_the_api() {
    let kept = Kept::new();
    let Kept { house, api, .. } = &kept;
    let directory = kept.directory();
    kept.set(&format!("/restapis/{api}"), "/name", "dogs");
    let (code, text, complaint) = run(&directory, &["history", api, "--json", "--limit", "1"]);
    assert_eq!((code, complaint.as_str()), (0, ""));
    let told: Value = serde_json::from_str(&text).unwrap();
    let newest = &told["revisions"][0];
    let change = json!({"kind": "restapi", "id": api, "name": "dogs", "did": "put"});
    assert_eq!((&newest["actor"], &newest["changes"]), (&json!(house.operator().access_key_id()), &json!([change])));
    assert!(newest["time"].as_str().unwrap().starts_with("20"), "{newest}");

    let (code, text, _) = run(&directory, &["history", api]);
    assert!(code == 0 && text.contains("    put     method GET /\n") && text.contains("    put     stage prod\n"), "{text}");
    let (_, first, _) = run(&directory, &["history", api, "--limit", "2"]);
    let (page, older) = first.split_once("older: cardea ").unwrap();
    let next: Vec<&str> = older.split_whitespace().collect();
    let (_, rest, _) = run(&directory, &next);
    assert_eq!(format!("{page}{rest}"), text, "two pages are the whole");

    house.aws("DELETE", &format!("/restapis/{api}"), &Value::Null);
    let (code, text, _) = run(&directory, &["history", api]);
    assert!(code == 0 && text.contains("    deleted restapi dogs\n"), "{text}");
    let (code, said, complaint) = run(&directory, &["history", "never"]);
    assert!(code == 1 && said.is_empty() && complaint.contains("Invalid API identifier"), "{complaint}");
}

#[test]
fn a_definition_goes_back_to_a_revision_and_a_deleted_one_comes_back() {
    let kept = Kept::new();
    let Kept { house, api, .. } = &kept;
    let (directory, stage) = (kept.directory(), format!("{api}/prod"));
    let newest = || {
        let (_, text, _) = run(&directory, &["history", api, "--json", "--limit", "1"]);
        serde_json::from_str::<Value>(&text).unwrap()["revisions"][0]["revision"].to_string()
    };
    let good = newest();
    kept.set(&kept.method(), "/apiKeyRequired", "true");
    house.aws("PATCH", &format!("/restapis/{api}"), &json!({"patchOperations": [{"op": "replace", "path": "/name", "value": "x"}]}));
    assert_eq!(run(&directory, &["diff", &stage, api]).0, 1);
    let (code, text, complaint) = run(&directory, &["restore", api, "--at", &good]);
    assert!(code == 0 && text.contains("2 records put back, 0 deleted"), "{text} {complaint}");
    assert_eq!(run(&directory, &["diff", &stage, api]).0, 0);
    let (code, text, _) = run(&directory, &["restore", api, "--at", &good]);
    assert!(code == 0 && text.contains("nothing had to be changed"), "{text}");

    house.aws("DELETE", &format!("/restapis/{api}"), &Value::Null);
    assert_eq!(run(&directory, &["diff", api, api]).0, 2, "it is gone");
    assert_eq!(run(&directory, &["restore", api, "--at", &good, "--json"]).0, 0);
    house.aws("POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "prod"}));
    assert_eq!(house.get(&format!("/restapis/{api}/prod/_user_request_/")), 200);

    let (code, _, complaint) = run(&directory, &["restore", api, "--at", "100000"]);
    assert!(code == 1 && complaint.contains("has not been yet"), "{complaint}");
    assert_eq!(run(&directory, &["restore", api, "--at", "0"]).0, 2, "no revision has this number");
}
