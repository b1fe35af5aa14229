//! Moments are found and compared.

use super::OPERATIONS;
use super::moment::Moment;
use super::restore::changed_since;
use crate::testing::{API_ID, bare, deploy, mock, put_method};
use base::store::{Actor, MemoryStore, Realm, Revision, Store, Txn, Verdict, View};
use base::testing::Bench;
use define::resource::record::Resource;
use serde_json::{Value, json};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// An API with `GET /` that is served at `prod`.
fn bench() -> Bench {
    let bench = bare(Bench::new(&[crate::OPERATIONS, &[OPERATIONS]].concat()));
    put_method(&bench, "GET", mock());
    deploy(&bench, json!({"stageName": "prod"}));
    bench
}

fn diff(bench: &Bench, from: &str, to: &str) -> Value {
    bench.ok("GET", &format!("/_cardea/diff?from={from}&to={to}"), Value::Null)
}

/// Fate, noun and name of each change.
fn told(comparison: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let changes = comparison["changes"].as_array().unwrap();
    changes.iter().map(|change| format!("{} {} {}", word(&change["fate"]), word(&change["noun"]), word(&change["name"]))).collect()
}

#[test]
fn a_moment_is_an_api_with_a_stage_or_a_deployment_or_neither() {
    let api = "a1".to_owned();
    assert_eq!(Moment::read("a1").unwrap(), Moment::Present { api: api.clone() });
    assert_eq!(Moment::read("a1/prod").unwrap(), Moment::Stage { api: api.clone(), stage: "prod".into() });
    assert_eq!(Moment::read("a1@d1").unwrap(), Moment::Deployment { api, deployment: "d1".into() });
    for nothing in ["", "/", "@", "/prod", "@d1", "a1/", "a1@"] {
        assert!(Moment::read(nothing).is_err(), "{nothing}");
    }
}

#[test]
fn a_stage_equals_the_definition_until_it_is_changed_and_again_when_deployed() {
    let bench = bench();
    let stage = format!("{API_ID}/prod");
    assert_eq!(diff(&bench, &stage, API_ID)["changes"], json!([]));
    put_method(&bench, "PUT", mock());
    let changed = diff(&bench, &stage, API_ID);
    assert_eq!(told(&changed), ["added method PUT /", "added integration PUT /"]);
    assert_eq!(changed["changes"][0]["concerns"][0]["effect"], "mayWeaken");
    assert_eq!(changed["from"]["stageName"], "prod");
    assert_eq!(changed["to"], json!({"apiId": API_ID, "apiName": "pets"}));
    assert_eq!(told(&diff(&bench, API_ID, &stage)), ["removed method PUT /", "removed integration PUT /"]);
    deploy(&bench, json!({"stageName": "prod"}));
    assert_eq!(diff(&bench, &stage, API_ID)["changes"], json!([]));
}

#[test]
fn deployments_are_compared_as_they_were() {
    let bench = bench();
    let first = deploy(&bench, json!({}));
    put_method(&bench, "PUT", mock());
    let second = deploy(&bench, json!({}));
    put_method(&bench, "POST", mock());
    let between = diff(&bench, &format!("{API_ID}@{first}"), &format!("{API_ID}@{second}"));
    assert_eq!(told(&between), ["added method PUT /", "added integration PUT /"]);
    assert_eq!((&between["from"]["deploymentId"], &between["to"]["deploymentId"]), (&json!(first), &json!(second)));
}

#[test]
fn two_stages_differ_also_by_their_live_settings() {
    let bench = bench();
    let deployment = diff(&bench, &format!("{API_ID}/prod"), API_ID)["from"]["deploymentId"].clone();
    let test = json!({"stageName": "test", "deploymentId": deployment, "variables": {"color": "red"}});
    bench.ok("POST", &format!("/restapis/{API_ID}/stages"), test);
    let patch = json!({"patchOperations": [{"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "5"}]});
    bench.ok("PATCH", &format!("/restapis/{API_ID}/stages/test"), patch);
    let between = diff(&bench, &format!("{API_ID}/prod"), &format!("{API_ID}/test"));
    assert_eq!(told(&between), ["changed stage "]);
    let members = between["changes"][0]["members"].as_array().unwrap();
    let has = |name: &str, to: Value| members.iter().any(|member| member["member"] == name && member["to"] == to);
    assert!(has("variables/color", json!("red")) && has("methodSettings/*/*/throttlingRateLimit", json!(5.0)), "{members:?}");
    assert_eq!(between["changes"][0]["concerns"][0]["effect"], "limits");
    assert_eq!(diff(&bench, &format!("{API_ID}/test"), API_ID)["changes"], json!([]));
}

#[test]
fn what_is_not_there_is_said() {
    let bench = bench();
    let no = |from: &str, to: &str| bench.no("GET", &format!("/_cardea/diff?from={from}&to={to}"), Value::Null);
    assert_eq!(no("gone", API_ID), (404, "Invalid API identifier specified 111111111111:gone".into()));
    assert_eq!(no(API_ID, "gone/prod").0, 404);
    assert_eq!(no(&format!("{API_ID}/gone"), API_ID), (404, "Invalid stage identifier specified".into()));
    assert_eq!(no(&format!("{API_ID}@gone"), API_ID), (404, "Invalid Deployment identifier specified".into()));
    assert_eq!(bench.no("GET", "/_cardea/diff", Value::Null).0, 400);
}

fn history(bench: &Bench, query: &str) -> Value {
    bench.ok("GET", &format!("/_cardea/history/{API_ID}{query}"), Value::Null)
}

/// Actor and changes of each revision.
fn steps(history: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let change = |change: &Value| format!("{} {} {}", word(&change["did"]), word(&change["kind"]), word(&change["name"]));
    let step = |step: &Value| {
        let changes: Vec<String> = step["changes"].as_array().unwrap().iter().map(change).collect();
        format!("{}: {}", word(&step["actor"]), changes.join(", "))
    };
    history["revisions"].as_array().unwrap().iter().map(step).collect()
}

#[test]
fn a_history_names_what_was_done_and_by_whom_the_newest_first() {
    let bench = bench();
    let deployment = diff(&bench, &format!("{API_ID}/prod"), API_ID)["from"]["deploymentId"].as_str().unwrap().to_owned();
    bench.ok("DELETE", &format!("/restapis/{API_ID}/stages/prod"), Value::Null);
    let told = history(&bench, "");
    assert_eq!(
        steps(&told),
        [
            "tester: deleted stage prod".to_owned(),
            format!("tester: put deployment {deployment}, put stage prod"),
            "bench: put method GET /".to_owned(),
            "bench: put resource /".to_owned(),
            "bench: put restapi pets".to_owned(),
        ]
    );
    let revisions: Vec<u64> = told["revisions"].as_array().unwrap().iter().map(|step| step["revision"].as_u64().unwrap()).collect();
    assert_eq!(revisions, [5, 4, 3, 2, 1]);
    assert_eq!((&told["apiId"], told.get("before")), (&json!(API_ID), None));
}

#[test]
fn a_history_is_read_page_by_page() {
    let bench = bench();
    let first = history(&bench, "?limit=3");
    assert_eq!((steps(&first).len(), &first["before"]), (3, &json!(2)));
    let second = history(&bench, "?limit=3&before=2");
    assert_eq!((steps(&second), second.get("before")), (vec!["bench: put restapi pets".to_owned()], None));
    assert_eq!(steps(&history(&bench, "?before=-1")), [] as [&str; 0]);
}

#[test]
fn a_revision_of_many_changes_tells_some_and_counts_the_rest() {
    let bench = bench();
    let realm = bench.realm().clone();
    bench.write(move |txn| {
        for number in 0..250 {
            let part = json!({"api": API_ID, "id": format!("r{number:03}"), "parent": "root", "path_part": "x", "path": "/x"});
            let resource: Resource = serde_json::from_value(part).unwrap();
            txn.save(&realm, &resource)?;
        }
        Ok(())
    });
    let step = &history(&bench, "?limit=1")["revisions"][0];
    assert_eq!((step["changes"].as_array().unwrap().len(), &step["leftOut"]), (100, &json!(150)));
}

#[test]
fn an_api_that_never_was_has_no_history_but_one_that_was_has() {
    let bench = bench();
    assert_eq!(bench.no("GET", "/_cardea/history/never", Value::Null).0, 404);
    let (realm, api) = (bench.realm().clone(), API_ID);
    bench.write(move |txn| txn.remove::<define::rest_api::record::RestApi>(&realm.top(), api));
    assert_eq!(steps(&history(&bench, ""))[0], "bench: deleted restapi pets");
}

fn restore(bench: &Bench, at: u64) -> Value {
    bench.ok("POST", &format!("/_cardea/restore/{API_ID}?at={at}"), Value::Null)
}

fn revision(bench: &Bench) -> u64 {
    history(bench, "?limit=1")["revisions"][0]["revision"].as_u64().unwrap()
}

#[test]
fn a_past_definition_comes_back_as_a_new_change_and_stages_stay() {
    let bench = bench();
    let (first, stage) = (revision(&bench), format!("{API_ID}/prod"));
    put_method(&bench, "GET", json!({"type": "MOCK", "passthrough_behavior": "NEVER", "timeout_ms": 50, "cache_namespace": "root"}));
    put_method(&bench, "PUT", mock());
    let second = deploy(&bench, json!({"stageName": "prod"}));
    let later = revision(&bench);
    assert_eq!(restore(&bench, first), json!({"apiId": API_ID, "at": first, "put": 1, "deleted": 1}));
    assert_eq!(steps(&history(&bench, "?limit=1")), ["tester: put method GET /, deleted method PUT /"]);
    assert_eq!(diff(&bench, &stage, API_ID)["from"]["deploymentId"], json!(second), "what is served stays");
    assert_eq!(told(&diff(&bench, &stage, API_ID)).len(), 3);
    // Once more changes nothing, and a restoration is undone like any change.
    assert_eq!((restore(&bench, first)["put"].clone(), revision(&bench)), (json!(0), later + 1));
    assert_eq!(restore(&bench, later), json!({"apiId": API_ID, "at": later, "put": 2, "deleted": 0}));
    assert_eq!(diff(&bench, &stage, API_ID)["changes"], json!([]));
}

#[test]
fn a_deleted_api_comes_back_and_one_that_was_not_there_does_not() {
    let bench = bench();
    let before = revision(&bench);
    let (realm, api) = (bench.realm().clone(), API_ID);
    bench.write(move |txn| txn.remove::<define::rest_api::record::RestApi>(&realm.top(), api));
    let no = |at: &str| bench.no("POST", &format!("/_cardea/restore/{API_ID}{at}"), Value::Null);
    assert_eq!(no(&format!("?at={}", before + 1)).0, 404, "it was deleted then");
    assert_eq!(no("?at=99"), (400, "Revision 99 has not been yet: the newest is 5".into()));
    assert_eq!((no("").0, no("?at=0").0, no("?at=-3").0), (400, 400, 400));
    assert_eq!(bench.no("POST", "/_cardea/restore/never?at=1", Value::Null).0, 404);
    assert_eq!(restore(&bench, before)["put"], json!(1));
    assert_eq!(diff(&bench, &format!("{API_ID}/prod"), API_ID)["changes"], json!([]));
}

/// What a work on a store in memory comes to: it waits for nothing.
fn now<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("a store in memory does not wait"),
    }
}

#[test]
fn what_the_log_has_forgotten_is_not_guessed() {
    let (store, realm) = (MemoryStore::default(), Realm::new("111111111111", "us-east-1"));
    let write = |record: Resource| {
        let realm = realm.clone();
        let work = Box::new(move |txn: &mut dyn Txn| txn.save(&realm, &record).map(|()| Verdict::Commit));
        now(store.write(Actor("tester".into()), work)).unwrap();
    };
    let part =
        |id: &str, path: &str| Resource { api: API_ID.into(), id: id.into(), parent: None, path_part: "x".into(), path: path.into() };
    // Revisions 1 to 4: `old` is made, `new` is made, both are changed.
    [part("old", "/a"), part("new", "/b"), part("new", "/c"), part("old", "/d")].into_iter().for_each(write);
    let found = |at: u64| {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let realm = realm.clone();
        let look = move |view: &dyn View| {
            // The API itself is none of this test's business: a 404 says that everything else was known.
            sender.send(changed_since(view, &realm, API_ID, Revision(at)).unwrap_err().wire().0).unwrap();
            Ok(())
        };
        now(store.read(Box::new(look))).unwrap();
        receiver.recv().unwrap()
    };
    assert_eq!([found(1), found(2), found(3), found(4)], [404; 4], "the whole log knows");
    store.forget_log(Revision(1));
    assert_eq!([found(1), found(2), found(3)], [400; 3], "nobody knows what `old` was before revision 4");
    assert_eq!(found(4), 404, "nothing was changed since");
    store.forget_log(Revision(3));
    assert_eq!(found(2), 400, "what was done in revision 3 is forgotten");
}
