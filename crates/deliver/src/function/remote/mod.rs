//! Functions elsewhere: invoked at AWS, or at `AWS_ENDPOINT_URL_LAMBDA` or `AWS_ENDPOINT_URL`, as an SDK would.
//!
//! The call leaves from the data thread, over its pools, with the gateway's own keys or those of the role that the integration names
//! ([`crate::aws`]). What is odd: a function that fails is a success of the call, told by `X-Amz-Function-Error` (atlas, lambda §1).

#[cfg(test)]
mod tests;

use super::arn::FunctionArn;
use super::call::{EVENT_BYTES_MAX, Failure, Invocation, InvocationType, Invoked, PAYLOAD_BYTES_MAX};
use super::event_stream;
use super::streaming::{Events, Stream};
use crate::aws::{Aws, Keys, suffix};
use crate::mapping::{Place, push_encoded, read_whole};
use crate::upstream::{Answered, Call, Target, Trust, Upstreams, body_length};
use base::gate::{Buffer, Refusal, Reply, ReplyBody, RequestBody, Upstream};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use h1::{Method, RequestWriter};
use serde::Deserialize;
use sigv4::{Dialect, Payload, PayloadHeader, Request, Signing, TokenPlace};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// The Lambda service.
#[derive(Debug)]
pub struct Lambda {
    aws: Arc<Aws>,
}

impl Lambda {
    /// The service as this process reaches it.
    pub fn new(aws: Arc<Aws>) -> Lambda {
        Lambda { aws }
    }

    /// AWS as a whole.
    pub(super) fn aws(&self) -> &Arc<Aws> {
        &self.aws
    }

    /// Invokes a function. The head of the answer must be there in time.
    pub(super) async fn invoke(
        &self,
        upstreams: &Upstreams,
        invocation: Invocation,
        timeout: Duration,
        notes: &mut Upstream,
    ) -> Result<Invoked, Failure> {
        let call = self.call(upstreams, invocation, timeout).await?;
        let answered = upstreams.ask(call, notes).await.map_err(Failure::Upstream)?;
        read(answered).await
    }

    /// The same by `InvokeWithResponseStream`: what has begun, and the request's id.
    pub(super) async fn stream(
        &self,
        upstreams: &Upstreams,
        invocation: Invocation,
        timeout: Duration,
        notes: &mut Upstream,
    ) -> Result<(Stream, Box<str>), Failure> {
        let call = self.call(upstreams, invocation, timeout).await?;
        let answered = upstreams.ask_for_stream(call, notes).await.map_err(Failure::Upstream)?;
        if answered.head.status() != 200 {
            let said = read(answered).await?;
            return Err(Failure::Unable(format!("Lambda answered {} where a stream was asked for", said.status)));
        }
        let id = answered.head.fields_named("x-amzn-RequestId").next();
        let id = id.map_or_else(Box::default, |field| String::from_utf8_lossy(field.value).into());
        Ok((Stream::There(Events::new(answered.body)), id))
    }

    async fn call(&self, upstreams: &Upstreams, invocation: Invocation, timeout: Duration) -> Result<Call, Failure> {
        let bytes_max = if invocation.kind == InvocationType::Event { EVENT_BYTES_MAX } else { PAYLOAD_BYTES_MAX };
        if invocation.payload.len() > bytes_max {
            return Err(Failure::TooLarge(bytes_max));
        }
        let began = upstreams.lane().clock.now();
        let keys = self.aws.keys(invocation.role.as_deref(), upstreams.lane(), timeout).await;
        let keys = keys.ok_or(Failure::TimedOut)?.map_err(Failure::Unable)?;
        let timeout = timeout.saturating_sub(upstreams.lane().clock.now().since(began));
        let seconds = i64::try_from(upstreams.lane().clock.wall().seconds()).unwrap_or(i64::MAX);
        self.prepare(upstreams, &keys, invocation, timeout, seconds)
    }

    fn place(&self, upstreams: &Upstreams, function: &FunctionArn) -> Option<(Arc<Target>, Box<str>)> {
        if let Some(endpoint) = self.aws.endpoint("LAMBDA") {
            return Some((endpoint.target, endpoint.path));
        }
        let authority = format!("lambda.{}.{}", function.region, suffix(&function.partition));
        Some((upstreams.target("https", &authority, Trust::Authorities)?, Box::default()))
    }

    /// Writes and signs the request.
    fn prepare(
        &self,
        upstreams: &Upstreams,
        keys: &Keys,
        invocation: Invocation,
        timeout: Duration,
        now_seconds: i64,
    ) -> Result<Call, Failure> {
        let Invocation { function, kind, payload, wants_log, wants_stream, client_context, trace, source: _, role: _ } = invocation;
        let unwritable = |why: h1::Unwritable| Failure::Unable(format!("the invocation cannot be written: {}", why.because));
        let (target, prefix) =
            self.place(upstreams, &function).ok_or_else(|| Failure::Unable("the region of the function has no endpoint".into()))?;
        let path = path_of(&prefix, &function, wants_stream);
        let context = client_context.map(|context| STANDARD.encode(context.as_bytes()));
        let mut fields: Vec<(&str, &str)> = vec![
            ("Content-Type", "application/json"),
            ("Accept", if wants_stream { event_stream::MEDIA_TYPE } else { "application/json" }),
            ("User-Agent", "AmazonAPIGateway"),
            ("X-Amz-Invocation-Type", kind.name()),
        ];
        fields.extend(wants_log.then_some(("X-Amz-Log-Type", "Tail")));
        fields.extend(context.as_deref().map(|context| ("X-Amz-Client-Context", context)));
        fields.extend(trace.as_deref().map(|trace| ("X-Amzn-Trace-Id", trace)));
        let signing = Signing {
            access_key: &keys.access_key,
            secret: &keys.secret,
            session_token: keys.session_token.as_deref(),
            token_place: TokenPlace::Signed,
            region: &function.region,
            service: "lambda",
            now: now_seconds,
            dialect: Dialect::Standard,
            payload_header: PayloadHeader::Absent,
        };
        let host = std::iter::once(("host", target.authority().as_bytes()));
        let request = Request {
            method: "POST",
            path: path.as_bytes(),
            query: b"",
            headers: host.chain(fields.iter().map(|(name, value)| (*name, value.as_bytes()))),
            payload: Payload::Bytes(&payload),
        };
        let signed = sigv4::sign(&signing, &request);
        let mut head = Buffer::take();
        let mut writer = RequestWriter::start(&mut head, "POST", &path, target.authority()).map_err(unwritable)?;
        for (name, value) in fields {
            writer.field(name, value.as_bytes()).map_err(unwritable)?;
        }
        for (name, value) in &signed.headers {
            writer.field(name, value.as_bytes()).map_err(unwritable)?;
        }
        let body = RequestBody::Whole(payload);
        writer.finish(body_length(&body), h1::Connection::Unsaid);
        Ok(Call { target, method: Method::Post, head, body, timeout })
    }
}

/// The path of an invocation. An ARN's colons are encoded, as SDKs do.
fn path_of(prefix: &str, function: &FunctionArn, wants_stream: bool) -> String {
    let (version, what) = if wants_stream { ("2021-11-15", "response-streaming-invocations") } else { ("2015-03-31", "invocations") };
    let mut path = format!("{prefix}/{version}/functions/").into_bytes();
    push_encoded(&mut path, function.to_string().as_bytes(), Place::Parameter);
    path.extend_from_slice(format!("/{what}").as_bytes());
    String::from_utf8(path).unwrap_or_default()
}

/// What Lambda answers where it says no.
#[derive(Deserialize)]
struct Said {
    #[serde(alias = "Message")]
    message: Option<String>,
    #[serde(alias = "__type")]
    code: Option<String>,
}

async fn read(answered: Answered) -> Result<Invoked, Failure> {
    let Answered { head, body } = answered;
    let mut reply = Reply { status: head.status(), fields: head.into_fields(), body };
    let broken = |why: Refusal| Failure::Upstream(crate::upstream::Failure::Closed(why.because));
    read_whole(&mut reply, PAYLOAD_BYTES_MAX as u64 + 100).await.map_err(broken)?;
    let payload = if let ReplyBody::Whole(bytes) = reply.body { bytes } else { Buffer::none() };
    let field = |name: &str| reply.fields.named(name).next().map(|field| String::from_utf8_lossy(field.value).into_owned());
    let request_id = field("x-amzn-RequestId").unwrap_or_default().into();
    if !(200..300).contains(&reply.status) {
        let said: Option<Said> = serde_json::from_slice(&payload).ok();
        let (message, code) = said.map_or((None, None), |said| (said.message, said.code));
        let name = field("x-amzn-ErrorType").or(code).unwrap_or_else(|| "ServiceException".to_owned());
        // `Name:http://…` and `namespace#Name` are spellings of older protocols.
        let name = name.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned();
        return Err(Failure::Said { status: reply.status, name, message: message.unwrap_or_default() });
    }
    Ok(Invoked {
        status: reply.status,
        error: field("X-Amz-Function-Error").map(Cow::Owned),
        version: field("X-Amz-Executed-Version").unwrap_or_default().into(),
        request_id,
        log: field("X-Amz-Log-Result").and_then(|log| STANDARD.decode(log).ok()),
        payload,
        stream: None,
    })
}
