//! `TestInvokeMethod`: one method of an API as it stands, undeployed, through the code that requests meet, and the story of it line by
//! line.
//!
//! What is odd, all of it recorded (observed/test-invoke.json): neither authorizer, nor API key, nor throttle, nor WAF is asked; any path
//! is taken, and one that does not fit the resource leaves the path parameters empty; without a path the resource's own is used, whose
//! parameters then are their own names; the answer has none of the gateway's own fields.

use super::Desk;
use super::compile::{CompiledDeployment, compile};
use super::router::{Router, Verb};
use base::api::{ApiError, Trial, Tried};
use base::gate::{Buffer, Exchange, Fill, Refusal, RefusalKind, ReplyBody, RequestBody, StageFacts};
use base::world::Timestamp;
use define::tree::ApiTree;
use deliver::integration::Onlooker;
use deliver::mapping;
use h1::{Fields, RequestHead, Version};
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;

/// The name of the stage that a trial runs on.
const STAGE: &str = "test-invoke-stage";
/// What becomes of an answer that is none of a proxy integration's.
const MALFORMED: &str = "Malformed Lambda proxy response";
/// Characters of a line of the log, its time left out. AWS's events have 1,024 bytes.
const LINE_CHARS_MAX: usize = 1_000;

/// A trial whose API is compiled.
pub struct Prepared {
    trial: Trial,
    deployment: CompiledDeployment,
    facts: StageFacts,
    /// The method's place among those of the deployment.
    number: usize,
    /// The resource alone.
    router: Router<()>,
}

/// Compiles what a trial needs: not for a data thread.
pub fn prepare(trial: Trial, aws_strict: bool) -> Result<Prepared, ApiError> {
    let tree: ApiTree = serde_json::from_str(&trial.tree).map_err(|why| ApiError::Internal(why.to_string()))?;
    let deployment = compile(&tree, aws_strict);
    let at = |verb: &str| {
        deployment.methods.iter().position(|method| *method.facts.resource_id == *trial.resource && *method.facts.verb == *verb)
    };
    let number = at(&trial.verb).or_else(|| at("ANY")).ok_or_else(|| ApiError::not_found("Invalid Method identifier specified"))?;
    let mut router = Router::default();
    router.insert(&deployment.methods[number].facts.resource_path, Verb::Any, ());
    let facts = StageFacts {
        account: trial.realm.account.clone(),
        region: trial.realm.region.clone(),
        api: tree.api.id.as_str().into(),
        api_name: tree.api.name.clone(),
        stage: STAGE.into(),
        variables: trial.variables.clone(),
        ..StageFacts::default()
    };
    Ok(Prepared { trial, deployment, facts, number, router })
}

/// The log as it grows.
pub(super) struct Log {
    pub(super) lane: Rc<base::gate::Lane>,
    pub(super) text: String,
}

impl Log {
    pub(super) fn line(&mut self, text: &str) {
        let now = self.lane.wall_at(self.lane.clock.now());
        self.text.push_str(&java_date(now));
        self.text.push_str(" : ");
        match text.char_indices().nth(LINE_CHARS_MAX) {
            Some((end, _)) => {
                self.text.push_str(&text[..end]);
                self.text.push_str(" [TRUNCATED]");
            }
            None => self.text.push_str(text),
        }
        self.text.push('\n');
    }
}

impl Onlooker for &mut Log {
    const LOOKS: bool = true;

    fn asked(&mut self, origin: &str, head: &[u8], body: &[u8]) {
        let head = String::from_utf8_lossy(head);
        let mut lines = head.split("\r\n");
        let target = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or("/").to_owned();
        let framing = |name: &str| ["host", "content-length", "transfer-encoding"].iter().any(|own| name.eq_ignore_ascii_case(own));
        let fields = lines.filter_map(|line| line.split_once(": ")).filter(|(name, _)| !framing(name));
        let fields = java_map(fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
        self.line(&format!("Endpoint request URI: {origin}{target}"));
        self.line(&format!("Endpoint request headers: {fields}"));
        self.line(&format!("Endpoint request body after transformations: {}", String::from_utf8_lossy(body)));
        self.line(&format!("Sending request to {origin}{target}"));
    }

    fn answered(&mut self, status: u16, latency_ms: u64, fields: &Fields, body: &[u8]) {
        self.line(&format!("Received response. Status: {status}, Integration latency: {latency_ms} ms"));
        self.line(&format!("Endpoint response headers: {}", java_map(texts(fields).into_iter())));
        self.line(&format!("Endpoint response body before transformations: {}", String::from_utf8_lossy(body)));
    }

    fn noted(&mut self, line: &str) {
        self.line(line);
    }
}

impl Desk {
    /// Tries a method out.
    pub async fn try_out(&self, prepared: Prepared) -> Result<Tried, ApiError> {
        let Prepared { trial, deployment, facts, number, router } = prepared;
        let bytes_max = self.gateway.settings.payload_bytes_max;
        let method = &deployment.methods[number];
        let shown = trial.target.as_deref().unwrap_or(&method.facts.resource_path);
        let verb = if trial.verb == "ANY" { "GET" } else { &trial.verb };
        let lane = self.upstreams.lane();
        let mut ex = Exchange::new(lane.clone());
        ex.request.head = head(&trial, verb, shown, &facts)?;
        ex.request.body =
            if trial.body.is_empty() { RequestBody::None } else { RequestBody::Whole(Buffer::from(trial.body.clone().into_bytes())) };
        ex.arrive();
        ex.place.stage = Some(Arc::new(facts));
        ex.place.route = Some(method.facts.clone());
        let mut values = Vec::new();
        if router.find(ex.request.head.path(), 0, Verb::Get, &mut values).is_none() {
            values.clear();
        }
        ex.place.values = values;
        let mut log = Log { lane: lane.clone(), text: format!("Execution log for request {}\n", ex.id.as_str()) };
        begin(&mut log, &trial, verb, shown, &ex);
        let answered = match &method.work {
            Ok(work) => work.answer_before(&self.upstreams, &mut ex, bytes_max, &mut log).await,
            Err(flaws) => Err(Refusal::of(RefusalKind::ApiConfigurationError, flaws.join("; "))),
        };
        let (reply, refused) = match answered {
            Ok(reply) => (reply, None),
            Err(refusal) => (deployment.responses.render(&refusal, &mut ex), Some(refusal)),
        };
        let body = collect(reply.body, bytes_max).await?;
        let mut headers = texts(&reply.fields);
        match &refused {
            None => {
                log.line(&format!("Method response body after transformations: {}", String::from_utf8_lossy(&body)));
                log.line(&format!("Method response headers: {}", java_map(headers.clone().into_iter())));
                log.line("Successfully completed execution");
            }
            Some(refusal) => {
                // Seen: the one field that a failure has.
                headers.retain(|(name, _)| name.eq_ignore_ascii_case("x-amzn-ErrorType"));
                // Seen: what a function answers is told of as a matter of configuration, and its own error in a line before.
                let is_function = ex.notes.function.is_some() && refusal.kind == RefusalKind::BadGateway;
                let how =
                    if is_function || refusal.kind == RefusalKind::ApiConfigurationError { " due to configuration error" } else { "" };
                let because = if is_function && ex.notes.function_error.is_some() { MALFORMED } else { &refusal.because };
                log.line(&format!("Execution failed{how}: {because}"));
            }
        }
        log.line(&format!("Method completed with status: {}", reply.status));
        let latency_ms = lane.clock.now().since(ex.notes.head).as_millis() as u64;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Tried { status: reply.status, headers, body, log: log.text, latency_ms })
    }
}

/// The request that a trial stands for.
pub(super) fn head(trial: &Trial, verb: &str, shown: &str, facts: &StageFacts) -> Result<RequestHead, ApiError> {
    let mut target = String::with_capacity(shown.len() + 1);
    if !shown.starts_with('/') {
        target.push('/');
    }
    for byte in shown.bytes() {
        // What stands in no target is written as one may write it.
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte) {
            target.push(char::from(byte));
        } else {
            write!(target, "%{byte:02X}").expect("a string takes what is written to it");
        }
    }
    let host = format!("{}.execute-api.{}.amazonaws.com", facts.api, facts.region);
    let framing =
        |name: &str| ["host", "content-length", "transfer-encoding", "connection"].iter().any(|own| name.eq_ignore_ascii_case(own));
    let mut head = RequestHead::build(verb, &target, Version::Http11).push("Host", host.as_bytes());
    for (name, value) in trial.headers.iter().filter(|(name, _)| !framing(name)) {
        head = head.push(name, value.as_bytes());
    }
    let length = if trial.body.is_empty() { h1::BodyLength::None } else { h1::BodyLength::Exact(trial.body.len() as u64) };
    head.body(length).finish().map_err(|why| ApiError::bad_request(format!("The request cannot be tried out: {}", why.because)))
}

fn begin(log: &mut Log, trial: &Trial, verb: &str, shown: &str, ex: &Exchange) {
    let (path, query) = shown.split_once('?').unwrap_or((shown, ""));
    let decoded = |text: &str| mapping::decoded(text, false).into_owned();
    let names = ex.place.route.iter().flat_map(|route| &route.parameters);
    let parameters = names.filter_map(|name| Some((name.to_string(), decoded(ex.path_parameter(name)?))));
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    log.line(&format!("Starting execution for request: {}", ex.id.as_str()));
    log.line(&format!("HTTP Method: {verb}, Resource Path: {path}"));
    log.line(&format!("Method request path: {}", java_map(parameters)));
    log.line(&format!("Method request query string: {}", java_map(pairs.map(|(name, value)| (decoded(name), decoded(value))))));
    log.line(&format!("Method request headers: {}", java_map(trial.headers.iter().cloned())));
    log.line(&format!("Method request body before transformations: {}", trial.body));
}

fn texts(fields: &Fields) -> Vec<(String, String)> {
    fields.iter().map(|field| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned())).collect()
}

/// All of an answer, as far as it is allowed.
async fn collect(body: ReplyBody, bytes_max: u64) -> Result<Vec<u8>, ApiError> {
    let mut source = match body {
        ReplyBody::Empty | ReplyBody::Length(_) => return Ok(Vec::new()),
        ReplyBody::Whole(bytes) => return Ok(bytes.into_vec()),
        ReplyBody::Stream(source) => source,
    };
    let mut bytes = Buffer::take();
    loop {
        let fill = std::future::poll_fn(|cx| source.poll_fill(cx, &mut bytes)).await;
        match fill {
            Ok(_) if bytes.len() as u64 > bytes_max || !bytes.charge() => {
                return Err(ApiError::bad_request("The answer is too large to be shown"));
            }
            Ok(Fill::More) => {}
            Ok(Fill::End) => return Ok(bytes.into_vec()),
            Err(_) => return Err(ApiError::bad_request("The answer of the back end broke off")),
        }
    }
}

/// A map as Java prints it: `{a=1, b=2}`.
fn java_map(pairs: impl Iterator<Item = (String, String)>) -> String {
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// A date as Java prints it: `Sun Nov 22 17:00:00 UTC 2026`.
fn java_date(at: Timestamp) -> String {
    // The first day of all was a Thursday.
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day) = at.day().civil();
    let seconds = at.seconds() % 86_400;
    let (weekday, month) = (DAYS[at.day().0 as usize % 7], MONTHS[month as usize - 1]);
    format!("{weekday} {month} {day:02} {:02}:{:02}:{:02} UTC {year}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_maps_are_javas() {
        assert_eq!(java_date(Timestamp(1_795_348_800_000)), "Sun Nov 22 12:00:00 UTC 2026");
        assert_eq!(java_date(Timestamp(0)), "Thu Jan 01 00:00:00 UTC 1970");
        assert_eq!(java_map([("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())].into_iter()), "{a=1, b=}");
        assert_eq!(java_map(std::iter::empty()), "{}");
    }
}
