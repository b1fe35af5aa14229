//! Mappings. An input is, between lines of `%`: parameter mappings of a request (`destination=expression`), those of an answer, a template,
//! a request's head, a body. They are compiled as an integration of each type, and what they make of the request and of an answer can be
//! written: no field of it has a line end, whatever the caller sent.

use base::gate::{AskBody, Exchange, Lane, Reply, ReplyBody, RequestBody, RouteFacts, StageFacts};
use base::world::{Clock, Dice, Timestamp};
use deliver::integration::record::{Integration, IntegrationResponse, IntegrationType, PassthroughBehavior};
use deliver::integration::{MethodFacts, compile_integration};
use deliver::mapping::BinaryTypes;
use h1::{Fields, HeadLimits, Parsed, RequestHead};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Templates may be large in themselves; a fuzzer is to find other things than patience.
const MADE_BYTES_MAX: usize = 32 << 20;

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split("\n%\n");
    let mut part = || parts.next().unwrap_or_default();
    let (there, back, template, head, body) = (part(), part(), part(), part(), part());
    for kind in [IntegrationType::Http, IntegrationType::HttpProxy, IntegrationType::Mock] {
        let record = record(kind, there, back, template);
        let binary = Arc::new(BinaryTypes::compile(["image/*"]));
        let facts = MethodFacts { response_statuses: &["200"], binary, ..MethodFacts::default() };
        let Ok(compiled) = compile_integration(&facts, &record) else { continue };
        let Some(mut ex) = exchange(head, body) else { return };
        let Ok(ask) = compiled.request.apply(&mut ex) else { continue };
        check_fields(&ask.fields);
        if let AskBody::Whole(made) = &ask.body {
            assert!(made.len() <= MADE_BYTES_MAX);
        }
        let mut reply = Reply::new(200, ReplyBody::Whole(body.as_bytes().to_vec().into()));
        for field in ex.request.head.fields().iter().filter(|field| field.is_end_to_end()) {
            let _unwritable = reply.fields.push(field.name, field.value);
        }
        if let Ok(reply) = compiled.response.apply(reply, &mut ex) {
            assert!((100..600).contains(&reply.status), "{}", reply.status);
            check_fields(&reply.fields);
        }
    }
}

fn check_fields(fields: &Fields) {
    for field in fields.iter() {
        assert!(!field.name.is_empty() && field.name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':'), "{:?}", field.name);
        assert!(!field.value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{:?}", field.value);
    }
}

fn pairs(text: &str) -> Option<BTreeMap<String, String>> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Some(pairs.map(|(to, from)| (to.to_owned(), from.to_owned())).collect())
}

fn record(kind: IntegrationType, there: &str, back: &str, template: &str) -> Integration {
    let templates = BTreeMap::from([("application/json".to_owned(), Some(template.to_owned()))]);
    let response = IntegrationResponse {
        status_code: "200".into(),
        response_parameters: pairs(back),
        response_templates: Some(templates.clone()),
        ..IntegrationResponse::default()
    };
    Integration {
        kind,
        http_method: Some("POST".into()),
        uri: Some("http://127.0.0.1:1/{id}?a={b}".into()),
        connection_type: None,
        connection_id: None,
        credentials: None,
        request_parameters: pairs(there),
        request_templates: Some(templates),
        passthrough_behavior: PassthroughBehavior::WhenNoMatch,
        content_handling: None,
        timeout_ms: 1_000,
        cache_namespace: String::new(),
        cache_key_parameters: Vec::new(),
        insecure_skip_verification: None,
        response_transfer_mode: None,
        target: None,
        responses: BTreeMap::from([("200".to_owned(), response)]),
    }
}

/// A request of the head, routed; none where the head is none.
fn exchange(head: &str, body: &str) -> Option<Exchange> {
    let lane = Rc::new(Lane::new(0, 0, Clock::manual(Timestamp(1_795_348_800_000)), Dice::seeded(1)));
    let mut ex = Exchange::new(lane);
    let mut bytes = format!("{}\r\n\r\n", head.replace('\n', "\r\n")).into_bytes();
    match ex.request.head.parse(&mut bytes, &HeadLimits::default()) {
        Ok(Parsed::Complete) => {}
        _ => ex.request.head = RequestHead::build("POST", "/prod/a%20b?q=1", h1::Version::Http11).push("Host", b"a").finish().ok()?,
    }
    ex.request.body = RequestBody::Whole(body.as_bytes().to_vec().into());
    ex.arrive();
    ex.place.stage = Some(Arc::new(StageFacts { api: "a1".into(), stage: "prod".into(), ..StageFacts::default() }));
    ex.place.route = Some(Arc::new(RouteFacts { parameters: vec!["id".into()], resource_path: "/{id}".into(), ..RouteFacts::default() }));
    ex.place.values = vec![(0, ex.path().len() as u32)];
    Some(ex)
}
