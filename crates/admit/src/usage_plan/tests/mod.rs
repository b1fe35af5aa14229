//! The story of usage plans, told once: the plans, the keys in them, and what the keys use.

mod keys;
mod patches;
mod plans;
mod usage;

use crate::OPERATIONS;
use base::store::{Address, Row, kind};
use base::testing::Bench;
use serde_json::{Value, json};
use std::time::Duration;

/// A bench with the stages `a1:dev` and `a1:prod`.
fn bench() -> Bench {
    let bench = Bench::new(OPERATIONS);
    put_stage(&bench, "a1", "dev");
    put_stage(&bench, "a1", "prod");
    bench
}

fn stage_address(bench: &Bench, api: &str, stage: &str) -> Address {
    Address { kind: kind::STAGE, scope: bench.realm().scope(api), id: stage.into() }
}

/// A stage as another shelf would store it: only that it is there counts here.
fn put_stage(bench: &Bench, api: &str, stage: &str) {
    let row = Row { address: stage_address(bench, api, stage), version: 1, body: "{}".into(), claims: Vec::new() };
    bench.write(move |txn| txn.put(row.clone()));
}

fn delete_stage(bench: &Bench, api: &str, stage: &str) {
    let address = stage_address(bench, api, stage);
    bench.write(move |txn| txn.delete(&address));
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

fn plan(bench: &Bench, body: Value) -> String {
    id(&bench.ok("POST", "/usageplans", body))
}

/// A key with a name, newer than all before it.
fn key(bench: &Bench, name: &str) -> String {
    bench.clock.advance(Duration::from_millis(1));
    id(&bench.ok("POST", "/apikeys", json!({"name": name})))
}

fn join(bench: &Bench, plan: &str, key: &str) -> Value {
    bench.ok("POST", &format!("/usageplans/{plan}/keys"), json!({"keyId": key, "keyType": "API_KEY"}))
}
