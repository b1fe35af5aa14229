//! What happens to a request, line by line: for execution logs and for the log of `TestInvokeMethod`, whose lines are the same.
//!
//! A story exists only where a method logs its executions: its stage's setting of the method says so, live. It is told once the request
//! is over, since some of its lines are bodies that stream: of those the beginning is kept as it passes, and nothing waits for it.
//!
//! AWS promises: `({requestId}) text`, 1,024 bytes at most, API keys and authorisation masked; level ERROR tells of failures alone; bodies
//! and header fields with `dataTrace`. The order is `rest-api-deploy.md` §8.13's. What is odd: maps print as Java's. The words for refusals
//! before the execution starts (API key, usage plan) are ours where nobody has published AWS's.

use super::escape::on_one_line;
use super::exchange::Exchange;
use super::mask::{Secrets, is_secret, masked};
use super::media::media_type;
use super::notes::{Stage, Verdict};
use super::query::{decoded, query_pairs};
use super::refusal::{Refusal, RefusalKind};
use super::reply::{Reply, ReplyBody};
use super::witness::{Beginning, Witness};
use super::{Lane, RequestBody};
use crate::world::Timestamp;
use h1::{Fields, Known};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Bytes of an event in a log. What is longer is cut.
const EVENT_BYTES_MAX: usize = 1024;
/// Bytes of a line without the request's id, its parentheses and its blank.
pub const TEXT_BYTES_MAX: usize = EVENT_BYTES_MAX - 39;
/// What becomes of an answer that is none of a proxy integration's.
const MALFORMED: &str = "Malformed Lambda proxy response";
/// How a line that was cut ends.
const CUT: &str = " [TRUNCATED]";

/// Where a method writes its executions down, and how much of them.
#[derive(Debug)]
pub struct ExecutionLog {
    /// `API-Gateway-Execution-Logs_{api}/{stage}`.
    pub name: Arc<str>,
    pub level: Level,
    /// Bodies and header fields, too.
    pub data_trace: bool,
}

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Failures alone.
    Error,
    /// Everything.
    Info,
}

/// A request, line by line.
pub struct Story {
    log: Arc<ExecutionLog>,
    lane: Rc<Lane>,
    secrets: Secrets,
    lines: RefCell<Vec<Line>>,
    /// The body of the request, as it passes.
    sent: Option<Beginning>,
}

struct Line {
    at: Timestamp,
    part: Part,
    label: &'static str,
    text: Text,
}

/// When a line is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// If the execution started.
    Started,
    /// In any case.
    Always,
}

enum Text {
    Known(String),
    /// A body, of which there may be more by the time it is told.
    Body(Beginning),
}

/// A line as it is told.
pub struct Told {
    pub at: Timestamp,
    pub text: String,
}

impl Story {
    /// Begins with what came. Its body is looked at as it passes, where bodies are told.
    pub fn begin(log: Arc<ExecutionLog>, ex: &mut Exchange) -> Rc<Story> {
        Story::of(log, ex, None)
    }

    /// The story of a trial, whose path is told as somebody wrote it, and which came to no host. It has everything.
    pub fn trial(ex: &mut Exchange, path: &str) -> Rc<Story> {
        let log = ExecutionLog { name: "".into(), level: Level::Info, data_trace: true };
        Story::of(Arc::new(log), ex, Some(path))
    }

    #[cold]
    fn of(log: Arc<ExecutionLog>, ex: &mut Exchange, trial: Option<&str>) -> Rc<Story> {
        let mut story = Story { secrets: secrets(ex), sent: None, lane: ex.lane.clone(), lines: RefCell::new(Vec::with_capacity(24)), log };
        if story.log.level == Level::Info {
            if story.log.data_trace {
                story.sent = Some(match &mut ex.request.body {
                    RequestBody::None => Beginning::default(),
                    RequestBody::Whole(bytes) => Beginning::of(bytes),
                    RequestBody::Stream(source) => Witness::before(source),
                });
            }
            story.method(ex, trial);
        }
        Rc::new(story)
    }

    /// What is logged, and where.
    pub fn log(&self) -> &ExecutionLog {
        &self.log
    }

    /// Adds a line that is told at level INFO.
    pub fn note(&self, text: impl Into<String>) {
        if self.log.level == Level::Info {
            self.add(Part::Started, "", Text::Known(text.into()));
        }
    }

    fn add(&self, part: Part, label: &'static str, text: Text) {
        let at = self.lane.wall_at(self.lane.clock.now());
        self.lines.borrow_mut().push(Line { at, part, label, text });
    }

    fn traced(&self, label: &'static str, text: impl FnOnce() -> Text) {
        if self.log.level == Level::Info && self.log.data_trace {
            self.add(Part::Started, label, text());
        }
    }

    fn method(&self, ex: &Exchange, trial: Option<&str>) {
        let head = &ex.request.head;
        let names = ex.place.route.iter().flat_map(|route| &route.parameters);
        let parameters = names.filter_map(|name| Some((name.as_ref(), decoded(ex.path_parameter(name)?, false))));
        let path = trial.or(ex.path().get(ex.place.rest_from..)).filter(|path| !path.is_empty()).unwrap_or("/");
        self.note(format!("Starting execution for request: {}", ex.id.as_str()));
        self.note(format!("HTTP Method: {}, Resource Path: {path}", head.method_text()));
        self.note(format!("Method request path: {}", java_map(parameters)));
        let pairs = query_pairs(head.query().unwrap_or("")).map(|(name, value)| (decoded(name, true), decoded(value, true)));
        self.note(format!("Method request query string: {}", java_map(pairs)));
        self.traced("Method request headers: ", || {
            let fields = head.fields().iter().filter(|field| trial.is_none() || field.known != Known::Host);
            Text::Known(java_map(fields.map(|field| (field.name, String::from_utf8_lossy(field.value)))))
        });
        let sent = || Text::Body(self.sent.clone().unwrap_or_default());
        self.traced("Method request body before transformations: ", sent);
    }

    /// A request goes to a back end: its URL up to the path, its head as it is written, its body.
    pub fn asked(&self, origin: &str, head: &[u8], body: &RequestBody) {
        let head = String::from_utf8_lossy(head);
        let mut lines = head.split("\r\n");
        let target = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or("/");
        self.note(format!("Endpoint request URI: {origin}{target}"));
        self.traced("Endpoint request headers: ", || {
            let fields = lines.filter_map(|line| line.split_once(": ")).filter(|(name, _)| !is_framing(name));
            Text::Known(java_map(fields))
        });
        self.traced("Endpoint request body after transformations: ", || {
            Text::Body(match body {
                RequestBody::None => Beginning::default(),
                RequestBody::Whole(bytes) => Beginning::of(bytes),
                // As it came, and still on its way.
                RequestBody::Stream(_) => self.sent.clone().unwrap_or_default(),
            })
        });
        self.note(format!("Sending request to {origin}{target}"));
    }

    /// A back end has answered; its head came after so many milliseconds. Its body is looked at as it passes, where bodies are told.
    pub fn answered(&self, latency_ms: u64, reply: &mut Reply) {
        self.note(format!("Received response. Status: {}, Integration latency: {latency_ms} ms", reply.status));
        self.traced("Endpoint response headers: ", || Text::Known(fields_map(&reply.fields)));
        self.traced("Endpoint response body before transformations: ", || Text::Body(beginning(&mut reply.body)));
    }

    /// The method has answered: this is what the caller gets.
    #[cold]
    pub fn completed(&self, reply: &mut Reply) {
        self.traced("Method response body after transformations: ", || Text::Body(beginning(&mut reply.body)));
        self.traced("Method response headers: ", || Text::Known(fields_map(&reply.fields)));
        self.note("Successfully completed execution");
        self.note(format!("Method completed with status: {}", reply.status));
    }

    /// The request failed, for this reason.
    #[cold]
    pub fn failed(&self, refusal: &Refusal, ex: &Exchange) {
        self.add(Part::Always, "", Text::Known(failure(refusal, ex)));
    }

    /// What a caller is told of a failure.
    #[cold]
    pub fn refused(&self, kind: RefusalKind, reply: &mut Reply) {
        if let Some(word) = kind.word() {
            self.add(Part::Always, "", Text::Known(format!("Gateway response type: {word} with status code: {}", reply.status)));
        }
        if self.log.data_trace {
            self.add(Part::Always, "Gateway response body: ", Text::Body(beginning(&mut reply.body)));
            self.add(Part::Always, "Gateway response headers: ", Text::Known(fields_map(&reply.fields)));
        }
        self.ended(reply.status);
    }

    /// A failure ends with this status.
    pub fn ended(&self, status: u16) {
        self.add(Part::Always, "", Text::Known(format!("Method completed with status: {status}")));
    }

    /// All lines so far, cut and without secrets.
    pub fn lines(&self, started: bool) -> Vec<Told> {
        let lines = self.lines.borrow();
        let due = lines.iter().filter(|line| started || line.part == Part::Always);
        due.map(|line| Told { at: line.at, text: self.shown(line) }).collect()
    }

    fn shown(&self, line: &Line) -> String {
        let (text, is_cut) = match &line.text {
            Text::Known(text) => (text.clone(), false),
            Text::Body(beginning) => beginning.text(),
        };
        let text = format!("{}{}", line.label, self.secrets.hide(text, is_cut));
        if text.len() <= TEXT_BYTES_MAX && !is_cut {
            return text;
        }
        let end = text.floor_char_boundary(TEXT_BYTES_MAX - CUT.len());
        format!("{}{CUT}", &text[..end])
    }

    /// Appends the events of an execution log, one a line; nothing where the level does not ask for it.
    #[cold]
    pub fn write(&self, ex: &Exchange, out: &mut Vec<u8>) {
        if self.log.level == Level::Error && ex.notes.refused.is_none() {
            return;
        }
        let mut event = |text: &str| {
            for part in ["(", ex.id.as_str(), ") ", &on_one_line(text), "\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        };
        event(&format!("Extended Request Id: {}", ex.extended_id.as_str()));
        if self.log.level == Level::Info {
            usage_plan(ex).iter().for_each(|text| event(text));
        }
        // The account's throttle is the last that may refuse before.
        let started = matches!(ex.notes.verdict(Stage::AccountThrottle), Verdict::Passed | Verdict::Absent);
        self.lines(started).iter().for_each(|line| event(&line.text));
        if let Some(id) = ex.notes.endpoint_request_id.as_ref().filter(|_| self.log.level == Level::Info) {
            event(&format!("AWS Integration Endpoint RequestId : {id}"));
        }
    }
}

/// What of a request must not be shown.
fn secrets(ex: &Exchange) -> Secrets {
    let mut secrets = Secrets::default();
    for field in ex.request.head.fields().iter().filter(|field| is_secret(field.name)) {
        if let Ok(value) = std::str::from_utf8(field.value) {
            secrets.add(value);
        }
    }
    let parameters = query_pairs(ex.request.head.query().unwrap_or(""));
    for (_, value) in parameters.filter(|(name, _)| is_secret(&decoded(name, true))) {
        secrets.add(value);
        secrets.add(&decoded(value, true));
    }
    secrets
}

/// The verdicts on API key and usage plan. (§8.13; those on requests with a key are worded by us after them.)
fn usage_plan(ex: &Exchange) -> Vec<String> {
    let (stage, method) = (ex.stage(), method(ex));
    let place = format!("{}/{}", stage.api, stage.stage);
    let key = shown_key(ex);
    let mut lines = vec![format!("Verifying Usage Plan for request: {}. API Key: {key} API Stage: {place}", ex.id.as_str())];
    let passed = format!("Usage Plan check succeeded for API Key {key} and API Stage {place}");
    match ex.notes.verdict(Stage::ApiKey) {
        Verdict::NotReached => lines.clear(),
        Verdict::Absent => {
            lines.push(format!(
                "API Key {key} authorized because method '{method}' does not require API Key. Request will not contribute to throttle or \
                 quota limits"
            ));
            lines.push(passed);
        }
        Verdict::Passed => {
            lines.push(format!("API Key {key} authorized for method '{method}'. Request contributes to throttle and quota limits"));
            if [Stage::Quota, Stage::PlanThrottle].iter().all(|step| ex.notes.verdict(*step) != Verdict::Refused) {
                lines.push(passed);
            }
        }
        Verdict::Refused => {}
    }
    lines
}

fn method(ex: &Exchange) -> String {
    let path = ex.place.route.as_ref().map_or("", |route| &route.resource_path);
    format!("{} {path}", ex.request.head.method_text())
}

/// The key of a method that asks for one.
fn shown_key(ex: &Exchange) -> String {
    let is_asked_for = ex.notes.verdict(Stage::ApiKey) != Verdict::Absent;
    let key = ex.request.head.field(Known::XApiKey).filter(|_| is_asked_for);
    key.map_or_else(String::new, |key| masked(&String::from_utf8_lossy(key)))
}

/// A failure in AWS's words, as far as they are known.
fn failure(refusal: &Refusal, ex: &Exchange) -> String {
    // Seen: what a function answers is told of as a matter of configuration, and its own error in a line before.
    let is_function_error = ex.notes.function_error.is_some() && refusal.kind == RefusalKind::BadGateway;
    let because = if is_function_error { MALFORMED } else { &*refusal.because };
    let refused_at = |step| ex.notes.verdict(step) == Verdict::Refused;
    if refused_at(Stage::ApiKey) {
        return format!("API Key {} not authorized because method '{}' requires API Key and {because}", shown_key(ex), method(ex));
    }
    if refused_at(Stage::Quota) || refused_at(Stage::PlanThrottle) {
        let stage = ex.stage();
        return format!("Usage Plan check failed for API Key {} and API Stage {}/{}: {because}", shown_key(ex), stage.api, stage.stage);
    }
    match refusal.kind {
        RefusalKind::ApiConfigurationError | RefusalKind::AuthorizerConfigurationError | RefusalKind::BadGateway => {
            format!("Execution failed due to configuration error: {because}")
        }
        RefusalKind::IntegrationTimeout => "Execution failed due to a timeout error".into(),
        RefusalKind::BadRequestBody => {
            let (media, told) = (media_type(&ex.request.head), refusal.validation.as_deref().unwrap_or(because));
            format!("Request body does not match model schema for content type {media}: {told}")
        }
        _ => format!("Execution failed: {because}"),
    }
}

fn beginning(body: &mut ReplyBody) -> Beginning {
    match body {
        ReplyBody::Empty | ReplyBody::Length(_) | ReplyBody::Tunnel(_) => Beginning::default(),
        ReplyBody::Whole(bytes) => Beginning::of(bytes),
        ReplyBody::Stream(source) => Witness::before(source),
    }
}

fn is_framing(name: &str) -> bool {
    ["host", "content-length", "transfer-encoding"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn fields_map(fields: &Fields) -> String {
    java_map(fields.iter().map(|field| (field.name, String::from_utf8_lossy(field.value))))
}

/// A map as Java prints it: `{a=1, b=2}`. Several values of a name are several entries; those of secrets are masked.
fn java_map<K: AsRef<str>, V: AsRef<str>>(pairs: impl Iterator<Item = (K, V)>) -> String {
    let mut map = String::from("{");
    for (name, value) in pairs {
        if map.len() > 1 {
            map.push_str(", ");
        }
        map.push_str(name.as_ref());
        map.push('=');
        match is_secret(name.as_ref()) {
            true => map.push_str(&masked(value.as_ref())),
            false => map.push_str(value.as_ref()),
        }
    }
    map.push('}');
    map
}

#[cfg(test)]
mod tests;
