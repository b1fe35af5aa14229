//! Invocation by a control call.

use super::{NAME, QUALIFIER, named, no_function};
use crate::function::arn::FunctionArn;
use crate::function::event_stream;
use base::api::{self, ApiError, Control, FunctionCall, Member, Operation, Payload, Route};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Bytes of a client context, in base64.
const CONTEXT_BYTES_MAX: usize = 3_583;

/// Invokes a function.
#[derive(Deserialize)]
pub(super) struct Invoke {
    #[serde(rename = "FunctionName")]
    name: String,
    #[serde(rename = "Qualifier")]
    qualifier: Option<String>,
    #[serde(rename = "X-Amz-Invocation-Type")]
    kind: Option<String>,
    #[serde(rename = "X-Amz-Log-Type")]
    log: Option<String>,
    #[serde(rename = "X-Amz-Client-Context")]
    context: Option<String>,
    #[serde(default)]
    body: String,
}

impl Operation for Invoke {
    const ROUTE: Route = api::post("Invoke", "/2015-03-31/functions/{FunctionName}/invocations").status(200).payload();
    const MEMBERS: &'static [Member] = &[
        NAME,
        QUALIFIER,
        api::text("X-Amz-Invocation-Type").in_header().one_of(&["Event", "RequestResponse", "DryRun"]),
        api::text("X-Amz-Log-Type").in_header().one_of(&["None", "Tail"]),
        api::text("X-Amz-Client-Context").in_header(),
    ];
    type Reply = Payload;

    async fn run(self, cx: &Control) -> Result<Payload, ApiError> {
        let Self { name, qualifier, kind, log, context, body } = self;
        let arn = named(cx, &name, qualifier.as_deref())?;
        let call = call(&arn, kind, log.as_deref(), context, body)?;
        let answer = cx.running.invoke(call).await.ok_or_else(|| no_function(&arn))??;
        let mut headers = vec![("x-amz-executed-version", answer.version)];
        headers.extend(answer.error.map(|error| ("x-amz-function-error", error)));
        headers.extend(answer.log.map(|log| ("x-amz-log-result", STANDARD.encode(log))));
        Ok(Payload { body: answer.payload, status: Some(answer.status), headers, ..Payload::default() })
    }
}

/// Invokes a function, and sends its answer on while it is made.
#[derive(Deserialize)]
pub(super) struct InvokeWithResponseStream {
    #[serde(rename = "FunctionName")]
    name: String,
    #[serde(rename = "Qualifier")]
    qualifier: Option<String>,
    #[serde(rename = "X-Amz-Invocation-Type")]
    kind: Option<String>,
    #[serde(rename = "X-Amz-Log-Type")]
    log: Option<String>,
    #[serde(rename = "X-Amz-Client-Context")]
    context: Option<String>,
    #[serde(default)]
    body: String,
}

impl Operation for InvokeWithResponseStream {
    const ROUTE: Route = {
        let path = "/2021-11-15/functions/{FunctionName}/response-streaming-invocations";
        api::post("InvokeWithResponseStream", path).status(200).payload()
    };
    const MEMBERS: &'static [Member] = &[
        NAME,
        QUALIFIER,
        api::text("X-Amz-Invocation-Type").in_header().one_of(&["RequestResponse", "DryRun"]),
        api::text("X-Amz-Log-Type").in_header().one_of(&["None", "Tail"]),
        api::text("X-Amz-Client-Context").in_header(),
    ];
    type Reply = Payload;

    async fn run(self, cx: &Control) -> Result<Payload, ApiError> {
        let Self { name, qualifier, kind, log, context, body } = self;
        let arn = named(cx, &name, qualifier.as_deref())?;
        let call = FunctionCall { wants_stream: true, ..call(&arn, kind, log.as_deref(), context, body)? };
        let answer = cx.running.invoke(call).await.ok_or_else(|| no_function(&arn))??;
        let mut headers = vec![("x-amz-executed-version", answer.version)];
        headers.extend(answer.flow.is_some().then(|| ("content-type", event_stream::MEDIA_TYPE.to_owned())));
        headers.extend(answer.media.map(|media| ("x-amzn-remapped-content-type", media)));
        Ok(Payload { status: Some(answer.status), headers, flow: answer.flow, ..Payload::default() })
    }
}

/// What both ways of invocation ask of a function, or what is wrong with it.
fn call(
    arn: &FunctionArn,
    kind: Option<String>,
    log: Option<&str>,
    context: Option<String>,
    body: String,
) -> Result<FunctionCall, ApiError> {
    let unreadable = |why: String| ApiError::exception(400, "InvalidRequestContentException", why);
    let payload = if body.is_empty() { "{}".to_owned() } else { body };
    if let Err(why) = serde_json::from_str::<IgnoredAny>(&payload) {
        return Err(unreadable(format!("Could not parse request body into json: {why}")));
    }
    let client_context = match context {
        Some(text) if text.len() > CONTEXT_BYTES_MAX => {
            return Err(unreadable("Client context must be a valid Base64-encoded JSON object.".into()));
        }
        Some(text) => {
            let json = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let json = json.filter(|json| serde_json::from_str::<IgnoredAny>(json).is_ok() && !json.contains(['\r', '\n']));
            Some(json.ok_or_else(|| unreadable("Client context must be a valid Base64-encoded JSON object.".into()))?)
        }
        None => None,
    };
    Ok(FunctionCall {
        function: arn.to_string(),
        kind: kind.unwrap_or_else(|| "RequestResponse".to_owned()),
        payload: payload.into_bytes(),
        wants_log: log == Some("Tail"),
        wants_stream: false,
        client_context,
    })
}
