//! A bench with an API on it, written as `define`'s operations would. Records are read from JSON, so that a member that other features
//! add with a default changes nothing here.

use crate::OPERATIONS;
use base::store::Record;
use base::testing::Bench;
use define::method::record::Method;
use define::resource::record::Resource;
use define::rest_api::record::RestApi;
use serde_json::{Value, json};

/// The API's path.
pub(crate) const API: &str = "/restapis/a1b2c3d4e5";
/// Its id.
pub(crate) const API_ID: &str = "a1b2c3d4e5";

/// A bench with the API `a1b2c3d4e5` that has no resource but the root, and no method.
pub(crate) fn bare(bench: Bench) -> Bench {
    put::<RestApi>(
        &bench,
        json!({
            "id": API_ID, "name": "pets", "created": 0, "api_key_source": "HEADER", "endpoint_type": "EDGE", "ip_address_type": "ipv4",
            "disable_execute_api_endpoint": false, "root_resource_id": "root",
        }),
    );
    put::<Resource>(&bench, json!({"api": API_ID, "id": "root", "path_part": "", "path": "/"}));
    bench
}

/// The same with `GET /`, which the gateway itself answers.
pub(crate) fn bench() -> Bench {
    with_method(bare(Bench::new(OPERATIONS)))
}

/// The same, where only what AWS has is allowed.
pub(crate) fn strict() -> Bench {
    with_method(bare(Bench::strict(OPERATIONS)))
}

fn with_method(bench: Bench) -> Bench {
    put_method(&bench, "GET", mock());
    bench
}

/// Puts a method on the root, with an integration or null.
pub(crate) fn put_method(bench: &Bench, verb: &str, integration: Value) {
    put::<Method>(
        bench,
        json!({
            "api": API_ID, "resource": "root", "verb": verb, "authorization_type": "NONE", "api_key_required": false,
            "integration": integration,
        }),
    );
}

/// An integration that answers by itself.
pub(crate) fn mock() -> Value {
    json!({"type": "MOCK", "passthrough_behavior": "WHEN_NO_MATCH", "timeout_ms": 29_000, "cache_namespace": "root"})
}

fn put<R: Record + Sync>(bench: &Bench, stored: Value) {
    let record: R = serde_json::from_value(stored).unwrap();
    let realm = bench.realm().clone();
    bench.write(move |txn| txn.save(&realm, &record));
}

/// Deploys the API; the id.
pub(crate) fn deploy(bench: &Bench, body: Value) -> String {
    let made = bench.ok("POST", &format!("{API}/deployments"), body);
    made["id"].as_str().unwrap().to_owned()
}

/// Makes a stage on a new deployment; the deployment's id.
pub(crate) fn stage(bench: &Bench, name: &str) -> String {
    let deployment = deploy(bench, json!({}));
    bench.ok("POST", &format!("{API}/stages"), json!({"stageName": name, "deploymentId": deployment}));
    deployment
}
