//! What the tests share: a thread's world with a clock that is moved by hand, exchanges from text, back ends on loopback that follow a
//! script.

use crate::integration::record::{Integration, IntegrationResponse, IntegrationType, PassthroughBehavior};
use crate::upstream::{Settings, Target, Tls, Trust, Upstreams};
use base::gate::{BodyFault, BodySource, Exchange, Fill, Lane, ReplyBody, RequestBody, RouteFacts, StageFacts};
use base::world::{Clock, Dice, Timestamp};
use h1::{HeadLimits, Parsed, RequestHead};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpListener;

/// 2026-11-22, noon.
pub(crate) const NOON: Timestamp = Timestamp(1_795_348_800_000);

pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) lane: Rc<Lane>,
    pub(crate) upstreams: Upstreams,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(Settings::default(), None)
    }

    pub(crate) fn with(settings: Settings, extra_ca: Option<PathBuf>) -> World {
        let clock = Clock::manual(NOON);
        let lane = Rc::new(Lane::new(0, 1, clock.clone(), Dice::seeded(7)));
        let tls = Arc::new(Tls::new(extra_ca, clock.clone()));
        World { upstreams: Upstreams::new(lane.clone(), tls, settings), clock, lane }
    }

    /// Lets time pass, and turns the wheel.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.lane.tick();
        self.upstreams.tick();
    }

    /// An exchange for a request as it comes on the wire: head, and all of the body if it has one of known length.
    pub(crate) fn exchange(&self, text: &str) -> Exchange {
        let mut ex = Exchange::new(self.lane.clone());
        let mut bytes = text.as_bytes().to_vec();
        let mut head = RequestHead::default();
        assert_eq!(head.parse(&mut bytes, &HeadLimits::default()), Ok(Parsed::Complete), "{text}");
        ex.request.head = head;
        if !bytes.is_empty() {
            ex.request.body = RequestBody::Whole(bytes.into());
        }
        ex.arrive();
        let variables = [("host", "127.0.0.1"), ("v", "v 1"), ("empty", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        ex.place.stage = Some(Arc::new(StageFacts {
            api: "api1234567".into(),
            stage: "prod".into(),
            variables: variables.into_iter().collect(),
            ..StageFacts::default()
        }));
        ex
    }

    /// As [`World::exchange`], routed: path parameters by name and value (which must be in the path).
    pub(crate) fn routed(&self, text: &str, parameters: &[(&str, &str)]) -> Exchange {
        let mut ex = self.exchange(text);
        let place = |value: &str| {
            let from = ex.path().find(value).unwrap();
            (from as u32, (from + value.len()) as u32)
        };
        let values = parameters.iter().map(|(_, value)| place(value)).collect();
        let route = RouteFacts {
            resource_id: "res123".into(),
            resource_path: "/{x}".into(),
            parameters: parameters.iter().map(|(name, _)| (*name).into()).collect(),
            ..RouteFacts::default()
        };
        ex.place.values = values;
        ex.place.route = Some(Arc::new(route));
        ex
    }
}

/// Runs a test on a thread like a data thread's.
pub(crate) fn run<F: Future>(test: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// A listener on loopback, and where it is.
pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) fn plain(address: SocketAddr) -> Arc<Target> {
    Arc::new(Target::parse("http", &address.to_string(), Trust::Authorities).unwrap())
}

/// Reads one head, up to and with its blank line.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// Reads so many bytes.
pub(crate) async fn read_exactly(stream: &mut (impl AsyncRead + Unpin), count: usize) -> String {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Lets everything else run, the network with it, until something is so.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..100_000 {
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came to be so");
}

/// All of an answer's body.
pub(crate) async fn body_of(body: ReplyBody) -> Result<String, BodyFault> {
    match body {
        ReplyBody::Empty | ReplyBody::Tunnel(_) => Ok(String::new()),
        ReplyBody::Whole(bytes) => Ok(String::from_utf8(bytes.to_vec()).unwrap()),
        ReplyBody::Length(length) => Ok(format!("({length} bytes)")),
        ReplyBody::Stream(mut source) => {
            let mut all = Vec::new();
            while poll_fn(|cx| source.poll_fill(cx, &mut all)).await? == Fill::More {}
            Ok(String::from_utf8(all).unwrap())
        }
    }
}

/// A request body that is fed by hand.
#[derive(Clone, Default)]
pub(crate) struct Pipe(Rc<RefCell<PipeState>>);

#[derive(Default)]
struct PipeState {
    pieces: VecDeque<Vec<u8>>,
    ended: Option<Result<(), BodyFault>>,
    left: Option<u64>,
    waker: Option<Waker>,
}

impl Pipe {
    pub(crate) fn of_length(length: u64) -> Pipe {
        let pipe = Pipe::default();
        pipe.0.borrow_mut().left = Some(length);
        pipe
    }
    pub(crate) fn feed(&self, piece: &str) {
        self.0.borrow_mut().pieces.push_back(piece.into());
        self.wake();
    }
    pub(crate) fn end(&self, how: Result<(), BodyFault>) {
        self.0.borrow_mut().ended = Some(how);
        self.wake();
    }
    pub(crate) fn body(&self) -> RequestBody {
        RequestBody::Stream(Box::new(self.clone()))
    }
    /// Nobody reads it any more.
    pub(crate) fn is_forgotten(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }
    pub(crate) fn is_drained(&self) -> bool {
        self.0.borrow().pieces.is_empty()
    }
    fn wake(&self) {
        let waker = self.0.borrow_mut().waker.take();
        waker.into_iter().for_each(Waker::wake);
    }
}

impl BodySource for Pipe {
    fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        let mut state = self.0.borrow_mut();
        match (state.pieces.pop_front(), state.ended) {
            (Some(piece), ended) => {
                into.extend_from_slice(&piece);
                let end = state.pieces.is_empty() && ended == Some(Ok(()));
                Poll::Ready(Ok(if end { Fill::End } else { Fill::More }))
            }
            (None, Some(ended)) => Poll::Ready(ended.map(|()| Fill::End)),
            (None, None) => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
    fn left(&self) -> Option<u64> {
        self.0.borrow().left
    }
}

/// An integration's record as simple as it can be.
pub(crate) fn record(kind: IntegrationType, uri: &str) -> Integration {
    Integration {
        kind,
        http_method: None,
        uri: Some(uri.to_owned()),
        connection_type: None,
        connection_id: None,
        credentials: None,
        request_parameters: None,
        request_templates: None,
        passthrough_behavior: PassthroughBehavior::WhenNoMatch,
        content_handling: None,
        timeout_ms: 29_000,
        cache_namespace: String::new(),
        cache_key_parameters: Vec::new(),
        insecure_skip_verification: None,
        response_transfer_mode: None,
        target: None,
        responses: BTreeMap::from([("200".to_owned(), IntegrationResponse { status_code: "200".into(), ..Default::default() })]),
    }
}

/// A map as records have it.
pub(crate) fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Templates as records have them.
pub(crate) fn templates(pairs: &[(&str, &str)]) -> BTreeMap<String, Option<String>> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect()
}

/// Fields as lines, sorted.
pub(crate) fn lines(fields: &h1::Fields) -> Vec<String> {
    let mut lines: Vec<String> = fields.iter().map(|field| format!("{}: {}", field.name, String::from_utf8_lossy(field.value))).collect();
    lines.sort();
    lines
}
