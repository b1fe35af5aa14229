//! A function by the official Rust client, to be run as `bootstrap`. ./test builds it for tests/conformance/test_lambda.py and
//! test_streaming.py.

use lambda_runtime::streaming::{Body, Response, channel};
use lambda_runtime::{Error, FunctionResponse, LambdaEvent, run, service_fn};
use serde_json::{Value, json};
use std::time::Duration;

type Answer = FunctionResponse<Value, Body>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(|event: LambdaEvent<Value>| async move {
        if event.payload == "fail" {
            return Err(Error::from("told"));
        }
        if event.payload.get("httpMethod").is_some() {
            if std::env::var_os("PLAIN").is_some() {
                return Ok(FunctionResponse::BufferedResponse(json!({"statusCode": 200, "body": "hello"})));
            }
            return Ok(stream(&event.payload));
        }
        let told = json!({"event": event.payload, "arn": event.context.invoked_function_arn});
        Ok::<Answer, Error>(FunctionResponse::BufferedResponse(told))
    }))
    .await
}

/// `one`, and `two` once there is a file at the path that the query names.
fn stream(event: &Value) -> Answer {
    let gate = event["queryStringParameters"]["gate"].as_str().unwrap_or_default().to_owned();
    let (mut sender, body) = channel();
    tokio::spawn(async move {
        sender.send_data("one".into()).await?;
        while !std::path::Path::new(&gate).exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        sender.send_data("two".into()).await
    });
    let mut response = Response::from(body);
    response.metadata_prelude.headers.insert("content-type", "text/plain".parse().expect("it is a media type"));
    response.metadata_prelude.cookies = vec!["a=1".to_owned()];
    FunctionResponse::StreamingResponse(response)
}
