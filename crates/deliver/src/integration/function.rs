//! AWS_PROXY and AWS with a Lambda function.
//!
//! AWS_PROXY makes an event of the whole request and a reply of the function's answer ([`crate::function`]). AWS sends what the template
//! rendered, or the body as it came, and hands the function's payload to the integration response, which is chosen by the message of the
//! function's error, not by a status. What is odd: only POST invokes, another verb in the integration is a 500 at request time (recorded:
//! observed/lambda.json); asynchronous invocation, by a mapped `X-Amz-Invocation-Type`, is AWS's alone.

use super::compile::MethodFacts;
use super::onlooker::Onlooker;
use super::record::{Integration, IntegrationType};
use super::role::Role;
use super::trace;
use crate::Flaw;
use crate::function::arn::{FunctionArn, FunctionUri};
use crate::function::call::{Failure, Invocation, InvocationType, Invoked, PAYLOAD_BYTES_MAX};
use crate::function::{Broken, Told, Transfer, delimiter_in, read_answer, read_streamed, read_whole_streamed, write_event};
use crate::mapping::{BinaryTypes, broken};
use crate::upstream::Upstreams;
use base::gate::{Ask, AskBody, Buffer, Exchange, Refusal, RefusalKind, Reply, ReplyBody, RequestBody, take_fields};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a function's error that the operator is told.
const MESSAGE_BYTES_MAX: usize = 1_024;
const INVOCATION_TYPE: &str = "X-Amz-Invocation-Type";

/// A method's function.
#[derive(Debug)]
pub struct FunctionIntegration {
    is_proxy: bool,
    transfer: Transfer,
    /// `None` where the integration's verb is not POST: that, said.
    because_not_post: Option<String>,
    /// Whom the gateway invokes as: with a role of its own, the function's policy is not asked.
    role: Option<Role>,
    uri: FunctionUri,
    binary: Arc<BinaryTypes>,
    timeout: Duration,
}

impl FunctionIntegration {
    /// Compiles an integration's record.
    pub fn compile(record: &Integration, method: &MethodFacts<'_>) -> Result<FunctionIntegration, Flaw> {
        let text = record.uri.as_deref().ok_or_else(|| Flaw::new("the integration has no URI"))?;
        let verb = record.http_method.as_deref().unwrap_or("ANY");
        let because_not_post = format!("a function is invoked by POST, and the integration's HTTP method is {verb}");
        let transfer = Transfer::named(record.response_transfer_mode.as_deref());
        Ok(FunctionIntegration {
            transfer,
            is_proxy: record.kind == IntegrationType::AwsProxy,
            because_not_post: (!verb.eq_ignore_ascii_case("POST")).then_some(because_not_post),
            role: Role::compile(record.credentials.as_deref())?,
            uri: FunctionUri::compile(text, transfer)?,
            binary: method.binary.clone(),
            timeout: Duration::from_millis(u64::from(record.timeout_ms)),
        })
    }

    /// Asks the function.
    pub async fn call<O: Onlooker>(&self, upstreams: &Upstreams, ask: Ask, ex: &mut Exchange, onlooker: &mut O) -> Result<Reply, Refusal> {
        if let Some(because) = &self.because_not_post {
            return Err(Refusal::of(RefusalKind::ApiConfigurationError, because.clone()));
        }
        let (function, told) = self.uri.of(ex).map_err(|text| {
            let because = format!("Invalid function ARN or invalid URI: {text}");
            Refusal::of(RefusalKind::ApiConfigurationError, because)
        })?;
        ex.notes.function = Some(told);
        let kind = self.invocation_type(&ask)?;
        let mut payload = self.payload(ask, ex).await?;
        if O::LOOKS {
            payload = look(&function, kind, payload, ex, onlooker);
        }
        let functions = upstreams.functions();
        let source = (functions.asks_policies() && self.role.is_none()).then(|| source_arn(ex));
        let role = self.role.as_ref().map(|role| role.of(ex)).transpose()?;
        let trace = Some(String::from_utf8_lossy(&trace::for_backend(ex)).into());
        let (wants_log, wants_stream, client_context) = (false, false, None);
        let invocation = Invocation { function, kind, payload, wants_log, wants_stream, client_context, trace, source, role };
        if self.transfer == Transfer::Stream {
            // Boxed, as it is rare: the future of every call would carry it.
            return Box::pin(self.stream(upstreams, invocation, ex, onlooker)).await;
        }
        let invoked = functions.invoke(upstreams, invocation, self.timeout, &mut ex.notes.upstream).await;
        let mut invoked = invoked.map_err(|failure| noted(failure, ex))?;
        if O::LOOKS {
            let latency = ex.notes.upstream.answered.since(ex.notes.upstream.began);
            let body = ReplyBody::Whole(std::mem::take(&mut invoked.payload));
            let mut shown = Reply { status: invoked.status, fields: fields_of(&invoked), body };
            onlooker.answered(latency.as_millis() as u64, &mut shown);
            if let ReplyBody::Whole(payload) = shown.body {
                invoked.payload = payload;
            }
        }
        ex.notes.endpoint_request_id = Some(invoked.request_id.clone());
        match self.is_proxy {
            true => self.proxied(invoked, ex, onlooker),
            false => custom(invoked, ex),
        }
    }

    /// Asks for an answer in pieces.
    async fn stream<O: Onlooker>(
        &self,
        upstreams: &Upstreams,
        invocation: Invocation,
        ex: &mut Exchange,
        onlooker: &mut O,
    ) -> Result<Reply, Refusal> {
        let told = upstreams.functions().stream(upstreams, invocation, self.timeout, &mut ex.notes.upstream).await;
        let mut reply = match told.map_err(|failure| noted(failure, ex))? {
            Told::Whole(Invoked { error: Some(_), payload, request_id, .. }) => return Err(failed(&payload, &request_id, ex, onlooker)),
            Told::Whole(invoked) => read_whole_streamed(invoked.payload, ex)?,
            Told::Begun { stream, request_id } => {
                ex.notes.endpoint_request_id = Some(request_id.clone());
                match read_streamed(stream, upstreams, self.timeout, ex).await {
                    Ok(reply) => reply,
                    Err(Broken::Function(error)) => return Err(failed(error.as_bytes(), &request_id, ex, onlooker)),
                    Err(Broken::Refused(refusal)) => return Err(refusal),
                    Err(Broken::TimedOut) => return Err(noted(Failure::TimedOut, ex)),
                    Err(Broken::Fault(fault)) => return Err(broken(fault)),
                }
            }
        };
        if O::LOOKS {
            let latency = ex.notes.upstream.answered.since(ex.notes.upstream.began);
            onlooker.answered(latency.as_millis() as u64, &mut reply);
        }
        Ok(reply)
    }

    fn invocation_type(&self, ask: &Ask) -> Result<InvocationType, Refusal> {
        let Some(field) = ask.fields.named(INVOCATION_TYPE).last().filter(|_| !self.is_proxy) else {
            return Ok(InvocationType::RequestResponse);
        };
        std::str::from_utf8(field.value).ok().and_then(InvocationType::named).ok_or_else(|| {
            let said = String::from_utf8_lossy(field.value);
            Refusal::of(RefusalKind::ApiConfigurationError, format!("{INVOCATION_TYPE} is {said}: no such type"))
        })
    }

    /// What the function gets.
    async fn payload(&self, ask: Ask, ex: &mut Exchange) -> Result<Buffer, Refusal> {
        if let AskBody::Whole(mut rendered) = ask.body {
            if rendered.is_empty() {
                rendered.extend_from_slice(b"{}");
            }
            check_json(&rendered)?;
            return Ok(rendered);
        }
        if !matches!(ex.request.body, RequestBody::None) {
            ex.request.body.whole(PAYLOAD_BYTES_MAX as u64).await?;
        }
        let mut payload = Buffer::take();
        match (self.is_proxy, ex.request.body.bytes()) {
            (true, _) => write_event(&mut payload, ex, &self.binary),
            (false, b"") => payload.extend_from_slice(b"{}"),
            (false, body) => match std::str::from_utf8(body) {
                Ok(_) => payload.extend_from_slice(body),
                Err(_) => payload.extend_from_slice(String::from_utf8_lossy(body).as_bytes()),
            },
        }
        if !self.is_proxy {
            check_json(&payload)?;
        }
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(Refusal::of(RefusalKind::RequestTooLarge, "the event is over the limit of a function's payload"));
        }
        Ok(payload)
    }

    fn proxied<O: Onlooker>(&self, invoked: Invoked, ex: &mut Exchange, onlooker: &mut O) -> Result<Reply, Refusal> {
        if invoked.error.is_some() {
            return Err(failed(&invoked.payload, &invoked.request_id, ex, onlooker));
        }
        // A function that streams, asked for its answer at once: its head is the answer, without the body (atlas, lambda §1.2).
        let head = delimiter_in(&invoked.payload, 0).unwrap_or(invoked.payload.len());
        read_answer(&invoked.payload[..head], ex, &self.binary)
    }
}

/// Why the function could not be invoked, for the record and for the caller.
fn noted(failure: Failure, ex: &mut Exchange) -> Refusal {
    ex.notes.function_error = Some(failure.because().into());
    failure.refusal()
}

/// A failure of the function's own, for the record and for the caller.
fn failed<O: Onlooker>(payload: &[u8], request_id: &str, ex: &mut Exchange, onlooker: &mut O) -> Refusal {
    let mut message = error_message(payload);
    message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
    let because =
        format!("Lambda execution failed with status 200 due to customer function error: {message}. Lambda request id: {request_id}");
    if O::LOOKS {
        onlooker.noted(&because);
    }
    ex.notes.function_error = Some(message.into());
    Refusal::of(RefusalKind::BadGateway, because)
}

/// Lambda takes JSON alone, and says so to the caller (atlas, integrations §3.6).
fn check_json(payload: &[u8]) -> Result<(), Refusal> {
    serde_json::from_slice::<serde::de::IgnoredAny>(payload).map(drop).map_err(|why| {
        let said = format!("Could not parse request body into json: {why}");
        Refusal::saying(RefusalKind::BadRequest, said, "the payload for the function is no JSON")
    })
}

/// The payload as it is, for the integration response to be chosen by what went wrong.
fn custom(invoked: Invoked, ex: &mut Exchange) -> Result<Reply, Refusal> {
    ex.notes.function_error = invoked.error.is_some().then(|| error_message(&invoked.payload).into());
    let fields = fields_of(&invoked);
    let body = if invoked.payload.is_empty() { ReplyBody::Empty } else { ReplyBody::Whole(invoked.payload) };
    Ok(Reply { status: invoked.status, fields, body })
}

/// `errorMessage` of a function's error; what is no text is told as JSON.
fn error_message(payload: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Told {
        #[serde(rename = "errorMessage")]
        message: Option<serde_json::Value>,
    }
    match serde_json::from_slice(payload) {
        Ok(Told { message: Some(serde_json::Value::String(text)) }) => text,
        Ok(Told { message: Some(other) }) => other.to_string(),
        Ok(Told { message: None }) | Err(_) => String::new(),
    }
}

/// The fields of Lambda's answer, which mappings may name.
fn fields_of(invoked: &Invoked) -> h1::Fields {
    let mut fields = take_fields();
    let error = invoked.error.as_deref().unwrap_or_default();
    let all = [
        ("Content-Type", "application/json"),
        ("x-amzn-RequestId", &*invoked.request_id),
        ("X-Amz-Executed-Version", &*invoked.version),
        ("X-Amz-Function-Error", error),
    ];
    for (name, value) in all {
        if !value.is_empty() {
            // What a header cannot hold is left out: it is for mappings alone.
            let _left_out = fields.push(name, value.as_bytes());
        }
    }
    fields
}

/// Who asks, as a function's policy names it.
fn source_arn(ex: &Exchange) -> String {
    let stage = ex.stage();
    let (verb, path) = ex.place.route.as_ref().map_or(("", ""), |route| (&route.verb, &route.resource_path));
    let verb = if verb == "ANY" { ex.request.head.method_text() } else { verb };
    format!("arn:aws:execute-api:{}:{}:{}/{}/{verb}{path}", stage.region, stage.account, stage.api, stage.stage)
}

/// The invocation as AWS's execution log shows it, wherever the function is.
fn look<O: Onlooker>(function: &FunctionArn, kind: InvocationType, payload: Buffer, ex: &Exchange, onlooker: &mut O) -> Buffer {
    let origin = format!("https://lambda.{}.amazonaws.com", function.region);
    let mut head = format!("POST /2015-03-31/functions/{function}/invocations HTTP/1.1\r\n");
    let (api, trace) = (&ex.stage().api, trace::for_backend(ex));
    let fields = [
        ("x-amzn-lambda-integration-tag", ex.id.as_str()),
        ("x-amzn-apigateway-api-id", api),
        ("Accept", "application/json"),
        ("User-Agent", &format!("AmazonAPIGateway_{api}")),
        ("X-Amz-Source-Arn", &source_arn(ex)),
        ("X-Amzn-Trace-Id", &String::from_utf8_lossy(&trace)),
        ("Content-Type", "application/json"),
    ];
    for (name, value) in fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if kind != InvocationType::RequestResponse {
        head.push_str(&format!("{INVOCATION_TYPE}: {}\r\n", kind.name()));
    }
    let body = RequestBody::Whole(payload);
    onlooker.asked(&origin, head.as_bytes(), &body);
    match body {
        RequestBody::Whole(payload) => payload,
        RequestBody::None | RequestBody::Stream(_) => Buffer::none(),
    }
}
