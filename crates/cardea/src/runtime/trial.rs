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
use base::gate::{Buffer, Exchange, Refusal, RefusalKind, ReplyBody, RequestBody, StageFacts, Story};
use base::world::Timestamp;
use define::tree::ApiTree;
use deliver::mapping;
use h1::{Fields, RequestHead, Version};
use std::fmt::Write;
use std::sync::Arc;

/// The name of the stage that a trial runs on.
const STAGE: &str = "test-invoke-stage";

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
        let story = Story::trial(&mut ex, shown.split_once('?').map_or(shown, |(path, _)| path));
        ex.story = Some(story.clone());
        let mut answered = match &method.work {
            Ok(work) => work.answer_told(&self.upstreams, &mut ex, bytes_max).await,
            Err(flaws) => Err(Refusal::of(RefusalKind::ApiConfigurationError, flaws.join("; "))),
        };
        if let Ok(reply) = &mut answered
            && let Err(broken) = mapping::read_whole(reply, bytes_max).await
        {
            answered = Err(broken);
        }
        let (reply, headers) = match answered {
            Ok(mut reply) => {
                story.completed(&mut reply);
                let headers = texts(&reply.fields);
                (reply, headers)
            }
            Err(refusal) => {
                story.failed(&refusal, &ex);
                let reply = deployment.responses.render(&refusal, &mut ex);
                story.ended(reply.status);
                // Seen: the one field that a failure has.
                let mut headers = texts(&reply.fields);
                headers.retain(|(name, _)| name.eq_ignore_ascii_case("x-amzn-ErrorType"));
                (reply, headers)
            }
        };
        let latency_ms = lane.clock.now().since(ex.notes.head).as_millis() as u64;
        let body = match &reply.body {
            ReplyBody::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            ReplyBody::Empty | ReplyBody::Length(_) | ReplyBody::Stream(_) | ReplyBody::Tunnel(_) => String::new(),
        };
        Ok(Tried { status: reply.status, headers, body, log: log(&story, &ex), latency_ms })
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

/// The story as the control API tells it: each line with its time.
fn log(story: &Story, ex: &Exchange) -> String {
    let mut log = format!("Execution log for request {}\n", ex.id.as_str());
    for line in story.lines(true) {
        writeln!(log, "{} : {}", java_date(line.at), line.text).expect("a string takes what is written to it");
    }
    log
}

fn texts(fields: &Fields) -> Vec<(String, String)> {
    fields.iter().map(|field| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned())).collect()
}

/// A date as Java prints it: `Sun Nov 22 17:00:00 UTC 2026`.
pub(super) fn java_date(at: Timestamp) -> String {
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
    fn dates_are_javas() {
        assert_eq!(java_date(Timestamp(1_795_348_800_000)), "Sun Nov 22 12:00:00 UTC 2026");
        assert_eq!(java_date(Timestamp(0)), "Thu Jan 01 00:00:00 UTC 1970");
    }
}
