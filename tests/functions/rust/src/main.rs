//! A function by the official Rust client, to be run as `bootstrap`. `RUST_RIC` names its program to tests/conformance/test_lambda.py.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(|event: LambdaEvent<Value>| async move {
        if event.payload == "fail" {
            return Err(Error::from("told"));
        }
        Ok::<Value, Error>(json!({"event": event.payload, "arn": event.context.invoked_function_arn}))
    }))
    .await
}
