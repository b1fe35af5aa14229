//! A whole node in memory, without its sockets: the real operations over a store that forgets, a real gateway that follows it, and the
//! desk of one data thread. The clock is moved by hand and stands at noon of 2026-11-22, a Sunday.

use super::signers::Signers;
use base::api::dispatch::{Ask, Catalogue};
use base::api::{Caller, House, Settings};
use base::gate::{BodyFault, BodySource, Buffer, Exchange, Fill, Lane, ReplyBody, RequestBody};
use base::store::{MemoryStore, Realm, SEALING_KEY_BYTES, Sealer, Store};
use base::tally::{MemoryLedger, Quotas, Rate};
use base::world::{Clock, Dice, Ids, Timestamp};
use cardea::node::operations;
use cardea::runtime::logs::{Destinations, LogSettings, Logs};
use cardea::runtime::{Desk, Gateway, GatewaySettings};
use deliver::upstream::{Tls, Upstreams};
use h1::{BodyLength, HeadLimits, Parsed};
use serde_json::Value;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Noon of 2026-11-22.
const NOON: Timestamp = Timestamp(1_795_348_800_000);
/// A slice of a quota: small, so that quotas are refilled in tests, too.
const QUOTA_SLICE_UNITS: u32 = 100;

/// The node.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) desk: Desk,
    pub(crate) gateway: Arc<Gateway>,
    lane: Rc<Lane>,
    house: Arc<House>,
    catalogue: Catalogue,
    caller: Caller,
}

/// What a caller was told, and why.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
    /// The operator's reason, where it was refused.
    pub(crate) because: Option<String>,
    /// The units left of the quota, where one was asked.
    pub(crate) quota_left: Option<u64>,
}

impl World {
    /// A node without an account throttle.
    pub(crate) async fn new() -> World {
        World::with(None).await
    }

    /// A node with one. To be made within [`run`].
    pub(crate) async fn with(account_rate: Option<Rate>) -> World {
        let clock = Clock::manual(NOON);
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let sealer = Arc::new(Sealer::new(&[7; SEALING_KEY_BYTES], Ids::seeded(2)));
        let quotas = Quotas::new(Arc::new(MemoryLedger::default()), clock.clone(), QUOTA_SLICE_UNITS);
        let tls = Arc::new(Tls::new(None, clock.clone()));
        let logs = Logs::start(LogSettings {
            // No stage of these tests writes a log, so nothing is made in this folder.
            folder: std::env::temp_dir(),
            access: Destinations::default(),
            execution: Destinations::default(),
            tls: tls.clone(),
            clock: clock.clone(),
        });
        let settings = GatewaySettings {
            account_rate,
            access_log: None,
            slow_ms: 1_000,
            explain_requests_per_thread: 16,
            response_cache_bytes_max: 1 << 20,
            payload_bytes_max: 10 << 20,
            aws_strict: false,
            usual_terms: Default::default(),
        };
        let background = tokio::runtime::Handle::current();
        let gateway = Gateway::new(store.clone(), sealer.clone(), clock.clone(), quotas, logs.unwrap(), settings, background);
        let gateway = Arc::new(gateway.knowing(Arc::new(Signers)));
        gateway.follow(Vec::new()).await.unwrap();
        let lane = Rc::new(Lane::new(0, 0, clock.clone(), Dice::seeded(7)));
        let upstreams =
            Rc::new(Upstreams::new(lane.clone(), tls, deliver::upstream::Settings::default()).balancing(gateway.registry.clone()));
        let desk = Desk::new(gateway.clone(), upstreams);
        let house = House {
            store,
            clock: clock.clone(),
            ids: Ids::seeded(1),
            sealer,
            running: gateway.clone(),
            settings: Settings { partition: "aws".into(), aws_strict: false, public_url: None, integration_timeout_ms_max: 29_000 },
        };
        let caller = Caller { name: "tester".into(), realm: Realm::new("111111111111", "us-east-1") };
        World { clock, desk, gateway, lane, house: Arc::new(house), catalogue: Catalogue::new(&operations()), caller }
    }

    /// Lets time pass, also for those who wait.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.lane.tick();
    }

    /// A control call. Answers status and JSON.
    pub(crate) async fn call(&self, verb: &str, target: &str, body: Value) -> (u16, Value) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let ask = Ask { method: verb.into(), path: path.into(), query: query.into(), headers: Vec::new(), body };
        let found = self.catalogue.find(&ask).unwrap_or_else(|| panic!("no operation answers {verb} {target}"));
        let answer = found.run(self.house.clone(), self.caller.clone(), ask).await;
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    /// A control call that must succeed; its JSON.
    pub(crate) async fn ok(&self, verb: &str, target: &str, body: Value) -> Value {
        let told = body.to_string();
        let (status, value) = self.call(verb, target, body).await;
        assert!(status < 300, "{verb} {target} {told} answered {status}: {value}");
        value
    }

    /// A request as it comes on the wire: a head with `\n` or `\r\n` line ends, a blank line, and the body, whose length is told if the
    /// head does not. A line `from ADDRESS` before it says who the other end is.
    pub(crate) async fn send(&self, text: &str) -> Told {
        let (peer, text) = match text.strip_prefix("from ").and_then(|rest| rest.split_once('\n')) {
            Some((peer, rest)) => (Some(peer), rest),
            None => (None, text),
        };
        let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
        let mut bytes = head.trim_end().replace('\n', "\r\n").into_bytes();
        if !body.is_empty() && !head.to_ascii_lowercase().contains("\ncontent-length:") {
            bytes.extend_from_slice(format!("\r\nContent-Length: {}", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n\r\n");
        let mut ex = Exchange::new(self.lane.clone());
        match ex.request.head.parse(&mut bytes, &HeadLimits::default()) {
            Ok(parsed) => assert_eq!(parsed, Parsed::Complete, "{text}"),
            // What the edge refuses before any desk sees it: the words are the edge's, see its own tests.
            Err(why) => return Told { status: why.status, because: Some(why.because.to_owned()), ..Told::default() },
        }
        if let Some(peer) = peer {
            ex.request.peer.set_ip(peer.parse().unwrap());
        }
        ex.request.body = match (body, ex.request.head.body()) {
            ("", BodyLength::Exact(left)) if left > 0 => RequestBody::Stream(Box::new(Announced(left))),
            ("", _) => RequestBody::None,
            _ => RequestBody::Whole(Buffer::from(body.as_bytes().to_vec())),
        };
        let mut reply = self.desk.answer(&mut ex).await;
        let body = match std::mem::take(&mut reply.body) {
            ReplyBody::Empty | ReplyBody::Tunnel(_) => String::new(),
            ReplyBody::Whole(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            ReplyBody::Length(length) => format!("({length} bytes)"),
            ReplyBody::Stream(mut source) => {
                let mut all = Vec::new();
                while poll_fn(|cx| source.poll_fill(cx, &mut all)).await.unwrap() == Fill::More {}
                String::from_utf8_lossy(&all).into_owned()
            }
        };
        ex.notes.status = reply.status;
        let because = ex.notes.refused.as_ref().map(|(_, because)| because.to_string());
        let quota_left = ex.notes.quota_left;
        self.desk.record(&mut ex);
        let field = |field: h1::Field<'_>| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned());
        Told { status: reply.status, fields: reply.fields.iter().map(field).collect(), body, because, quota_left }
    }
}

impl World {
    /// The end of something that waits for a deadline: time passes until it is there. (Once would not do: the deadline may be set later.)
    pub(crate) async fn wait_out<T>(&self, mut waiting: Pin<&mut impl Future<Output = T>>) -> T {
        loop {
            tokio::select! {
                biased;
                done = &mut waiting => return done,
                () = tokio::task::yield_now() => self.pass(Duration::from_secs(1)),
            }
        }
    }
}

/// A body that is announced and does not come.
struct Announced(u64);

impl BodySource for Announced {
    fn poll_fill(&mut self, _cx: &mut Context<'_>, _into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        Poll::Ready(Err(BodyFault::Gone))
    }
    fn left(&self) -> Option<u64> {
        Some(self.0)
    }
}

/// Runs a test on a thread like a data thread's. What it starts ends with it.
pub(crate) fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test)
}
