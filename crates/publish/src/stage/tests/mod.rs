//! The story of stages, told once. The bench's clock starts at noon of 2026-11-22.

mod canary;
mod crud;
mod patches;

use crate::testing::API;
use base::testing::Bench;
use serde_json::{Value, json};

const NOON: u64 = 1_795_348_800;

fn get(bench: &Bench, name: &str) -> Value {
    bench.ok("GET", &format!("{API}/stages/{name}"), Value::Null)
}

fn patch_all(bench: &Bench, name: &str, ops: Value) -> (u16, Value) {
    bench.call("PATCH", &format!("{API}/stages/{name}"), json!({ "patchOperations": ops }))
}

/// One change of the stage `dev` that must succeed.
fn change(bench: &Bench, op: &str, path: &str, value: &str) -> Value {
    let (status, reply) = patch_all(bench, "dev", json!([{"op": op, "path": path, "value": value}]));
    assert_eq!(status, 200, "{op} {path} {value}: {reply}");
    reply
}

/// One change of the stage `dev` that must fail with 400; the text.
fn refusal(bench: &Bench, op: &str, path: &str, value: &str) -> String {
    let (status, reply) = patch_all(bench, "dev", json!([{"op": op, "path": path, "value": value}]));
    assert_eq!(status, 400, "{op} {path} {value}: {reply}");
    reply["message"].as_str().unwrap().to_owned()
}

fn nothing_to_remove(path: &str) -> String {
    format!("Cannot remove method setting {path} because there is no method setting for this method ")
}
