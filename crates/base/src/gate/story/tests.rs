//! What is told of a request, and what never is.

use super::*;
use crate::gate::{Buffer, RouteFacts, StageFacts};
use crate::world::{Clock, Dice};

const KEY: &str = "0123456789abcdefghijKEYEND";

fn exchange(fields: &[(&str, &str)], body: &str) -> Exchange {
    let lane = Rc::new(Lane::new(0, 0, Clock::manual(Timestamp(1_428_582_896_000)), Dice::seeded(1)));
    let mut ex = Exchange::new(lane);
    let mut head = h1::RequestHead::build("POST", "/prod/pets/1?a=b%20c&a=d", h1::Version::Http11).push("Host", b"a1.execute-api.x");
    for (name, value) in fields {
        head = head.push(name, value.as_bytes());
    }
    ex.request.head = head.finish().unwrap();
    ex.request.body = RequestBody::Whole(Buffer::from(body.as_bytes().to_vec()));
    ex.arrive();
    ex.place.rest_from = 5;
    ex.place.values = vec![(11, 12)];
    ex.place.stage = Some(Arc::new(StageFacts { api: "a1".into(), stage: "prod".into(), ..StageFacts::default() }));
    let route = RouteFacts { resource_path: "/pets/{petId}".into(), parameters: vec!["petId".into()], ..RouteFacts::default() };
    ex.place.route = Some(Arc::new(route));
    ex
}

fn log(level: Level, data_trace: bool) -> Arc<ExecutionLog> {
    Arc::new(ExecutionLog { name: "API-Gateway-Execution-Logs_a1/prod".into(), level, data_trace })
}

/// The events, without the ids.
fn told(story: &Story, ex: &Exchange) -> Vec<String> {
    let mut out = Vec::new();
    story.write(ex, &mut out);
    let id = format!("({}) ", ex.id.as_str());
    String::from_utf8(out).unwrap().lines().map(|line| line.strip_prefix(&id).expect("each line has the id").to_owned()).collect()
}

fn started(ex: &mut Exchange) {
    for step in [Stage::ApiKey, Stage::AccountThrottle] {
        ex.notes.mark(step, Verdict::Absent);
    }
}

fn reply(body: &str) -> Reply {
    let mut reply = Reply::new(200, ReplyBody::Whole(Buffer::from(body.as_bytes().to_vec())));
    reply.fields.push("Content-Type", b"text/plain").unwrap();
    reply
}

#[test]
fn the_lines_are_awss_in_awss_order() {
    let mut ex = exchange(&[("X-One", "1")], "hello");
    let story = Story::begin(log(Level::Info, true), &mut ex);
    started(&mut ex);
    story.asked("http://b:1", b"POST /x?y=1 HTTP/1.1\r\nHost: b:1\r\nX-Two: 2\r\n\r\n", &RequestBody::None);
    story.answered(42, &mut reply("from the back end"));
    story.completed(&mut reply("to the caller"));
    let id = ex.id.as_str().to_owned();
    assert_eq!(
        told(&story, &ex),
        [
            &format!("Extended Request Id: {}", ex.extended_id.as_str()),
            &format!("Verifying Usage Plan for request: {id}. API Key:  API Stage: a1/prod"),
            "API Key  authorized because method 'POST /pets/{petId}' does not require API Key. Request will not contribute to throttle \
             or quota limits",
            "Usage Plan check succeeded for API Key  and API Stage a1/prod",
            &format!("Starting execution for request: {id}"),
            "HTTP Method: POST, Resource Path: /pets/1",
            "Method request path: {petId=1}",
            "Method request query string: {a=b c, a=d}",
            "Method request headers: {Host=a1.execute-api.x, X-One=1}",
            "Method request body before transformations: hello",
            "Endpoint request URI: http://b:1/x?y=1",
            "Endpoint request headers: {X-Two=2}",
            "Endpoint request body after transformations: ",
            "Sending request to http://b:1/x?y=1",
            "Received response. Status: 200, Integration latency: 42 ms",
            "Endpoint response headers: {Content-Type=text/plain}",
            "Endpoint response body before transformations: from the back end",
            "Method response body after transformations: to the caller",
            "Method response headers: {Content-Type=text/plain}",
            "Successfully completed execution",
            "Method completed with status: 200",
        ]
    );
}

#[test]
fn without_data_trace_neither_bodies_nor_fields_are_told() {
    let mut ex = exchange(&[("X-One", "private")], "private");
    let story = Story::begin(log(Level::Info, false), &mut ex);
    started(&mut ex);
    story.asked("http://b", b"GET / HTTP/1.1\r\nX-One: private\r\n\r\n", &RequestBody::None);
    story.completed(&mut reply("private"));
    let told = told(&story, &ex);
    assert!(told.iter().all(|line| !line.contains("private")), "{told:?}");
    assert_eq!(told.last().unwrap(), "Method completed with status: 200");
}

#[test]
fn level_error_tells_of_failures_alone() {
    let mut ex = exchange(&[], "");
    let story = Story::begin(log(Level::Error, false), &mut ex);
    started(&mut ex);
    story.completed(&mut reply(""));
    assert_eq!(told(&story, &ex), [""; 0]);

    let refusal = Refusal::of(RefusalKind::ApiConfigurationError, "Invalid endpoint address");
    ex.notes.refused = Some((refusal.kind, refusal.because.clone()));
    let story = Story::begin(log(Level::Error, false), &mut ex);
    story.failed(&refusal, &ex);
    story.refused(refusal.kind, &mut Reply::new(500, ReplyBody::Empty));
    assert_eq!(
        told(&story, &ex)[1..],
        [
            "Execution failed due to configuration error: Invalid endpoint address",
            "Gateway response type: API_CONFIGURATION_ERROR with status code: 500",
            "Method completed with status: 500"
        ]
    );
}

#[test]
fn a_request_that_is_refused_before_does_not_start() {
    let mut ex = exchange(&[("x-api-key", KEY)], "");
    let story = Story::begin(log(Level::Info, false), &mut ex);
    ex.notes.mark(Stage::ApiKey, Verdict::Refused);
    let refusal = Refusal::of(RefusalKind::InvalidApiKey, "the API key is disabled");
    story.failed(&refusal, &ex);
    story.refused(refusal.kind, &mut Reply::new(403, ReplyBody::Empty));
    assert_eq!(
        told(&story, &ex)[2..],
        [
            "API Key ********************KEYEND not authorized because method 'POST /pets/{petId}' requires API Key and the API key is \
             disabled",
            "Gateway response type: INVALID_API_KEY with status code: 403",
            "Method completed with status: 403"
        ]
    );
}

#[test]
fn secrets_are_masked_wherever_they_turn_up() {
    let token = "Bearer eyJhbGciOiJIUzI1NiJ9.secretsecret";
    let mut ex = exchange(&[("x-api-key", KEY), ("authorization", token)], &format!("my key is {KEY}, {token}"));
    let story = Story::begin(log(Level::Info, true), &mut ex);
    started(&mut ex);
    let head = format!("GET /?k={KEY} HTTP/1.1\r\nX-Mapped: {KEY}\r\nAuthorization: {token}\r\n\r\n");
    story.asked("http://b", head.as_bytes(), &RequestBody::None);
    story.completed(&mut reply(&format!("{{\"key\":\"{KEY}\"}}")));
    let told = told(&story, &ex).join("\n");
    assert!(!told.contains(KEY) && !told.contains("eyJhbGciOiJIUzI1NiJ9"), "{told}");
    assert!(told.contains("x-api-key=********************KEYEND") && told.contains("X-Mapped=********************KEYEND"), "{told}");
}

#[test]
fn a_long_line_is_cut_and_no_body_makes_lines_of_its_own() {
    let mut ex = exchange(&[], &"é".repeat(4000));
    let story = Story::begin(log(Level::Info, true), &mut ex);
    started(&mut ex);
    story.completed(&mut reply("one\n(00000000-0000-0000-0000-000000000000) Method completed with status: 200"));
    let mut out = Vec::new();
    story.write(&ex, &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.lines().all(|line| line.len() <= EVENT_BYTES_MAX && line.starts_with(&format!("({})", ex.id.as_str()))), "{text}");
    let longest = text.lines().max_by_key(|line| line.len()).unwrap();
    assert!(longest.len() >= EVENT_BYTES_MAX - 1 && longest.ends_with("é [TRUNCATED]"), "{longest}");
    assert!(text.contains("transformations: one\\n(0000"), "{text}");
}

#[test]
fn the_id_that_a_service_gave_its_answer_comes_last() {
    let mut ex = exchange(&[], "");
    let story = Story::begin(log(Level::Info, false), &mut ex);
    started(&mut ex);
    story.completed(&mut reply(""));
    ex.notes.endpoint_request_id = Some("57593f79".into());
    assert_eq!(told(&story, &ex).last().unwrap(), "AWS Integration Endpoint RequestId : 57593f79");
}
