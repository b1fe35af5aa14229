//! What the conformance tests cannot see: what is stored.

use super::OPERATIONS;
use crate::function::record::{Function, FunctionVersion};
use base::testing::Bench;
use serde_json::{Value, json};

fn folder() -> String {
    std::env::temp_dir().to_string_lossy().into_owned()
}

fn made(bench: &Bench) -> Value {
    let code = json!({"S3Bucket": "local-folder", "S3Key": folder()});
    let asked = json!({
        "FunctionName": "hello", "Runtime": "provided.al2023", "Role": "r", "Code": code,
        "Environment": {"Variables": {"TOKEN": "very secret"}},
    });
    bench.ok("POST", "/2015-03-31/functions", asked)
}

#[test]
fn variables_are_shown_to_callers_and_sealed_in_the_record() {
    let bench = Bench::new(&[OPERATIONS]);
    assert_eq!(made(&bench)["Environment"], json!({"Variables": {"TOKEN": "very secret"}}));
    let stored: Function = bench.read(|view, realm| Ok(view.find(&realm.top(), "hello")?.unwrap()));
    let text = serde_json::to_string(&stored).unwrap();
    assert!(!text.contains("very secret") && !text.contains("TOKEN"), "{text}");
}

#[test]
fn a_version_that_would_change_nothing_is_the_one_before() {
    let bench = Bench::new(&[OPERATIONS]);
    made(&bench);
    let publish = |wanted: &str| {
        let version = bench.ok("POST", "/2015-03-31/functions/hello/versions", json!({}));
        assert_eq!(version["Version"], wanted);
    };
    publish("1");
    publish("1");
    bench.ok("PUT", "/2015-03-31/functions/hello/configuration", json!({"Timeout": 5}));
    publish("2");
    let all: Vec<FunctionVersion> = bench.read(|view, realm| view.all(&realm.scope("hello")));
    assert_eq!(all.iter().map(|version| version.configuration.timeout_seconds).collect::<Vec<_>>(), [3, 5]);
    bench.ok("DELETE", "/2015-03-31/functions/hello", Value::Null);
    let all: Vec<FunctionVersion> = bench.read(|view, realm| view.all(&realm.scope("hello")));
    assert!(all.is_empty(), "versions go with their function");
}

#[test]
fn a_function_of_another_account_or_region_is_not_found() {
    let bench = Bench::new(&[OPERATIONS]);
    made(&bench);
    let own = format!("arn:aws:lambda:{}:{}:function:hello", bench.realm().region, bench.realm().account);
    bench.ok("GET", &format!("/2015-03-31/functions/{own}"), Value::Null);
    for other in [own.replace(&*bench.realm().region, "mars-north-1"), own.replace(&*bench.realm().account, "999999999999")] {
        let (status, said) = bench.no("GET", &format!("/2015-03-31/functions/{other}"), Value::Null);
        assert_eq!((status, said.as_str()), (404, &*format!("Function not found: {other}")));
    }
}

#[test]
fn where_nothing_is_hosted_nothing_is_invoked() {
    let bench = Bench::new(&[OPERATIONS]);
    made(&bench);
    let (status, _) = bench.no("POST", "/2015-03-31/functions/hello/invocations", json!({}));
    assert_eq!(status, 404);
}
