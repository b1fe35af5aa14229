//! HTTP/2 by a real client, and by one that writes its own frames.

use crate::house::{Ending, PATIENCE, wait};
use crate::tls::{Secure, Secured, secure, walled};
use bytes::Bytes;
use cardea::edge::Loss;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http2::SendRequest;
use hyper::header::HeaderMap;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Runtime;

pub(crate) type Payload = UnsyncBoxBody<Bytes, Infallible>;

/// One connection, which moves while it is asked.
pub(crate) struct Client {
    runtime: Runtime,
    sender: SendRequest<Payload>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    fields: HeaderMap,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn client(secure: &Secure) -> Client {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (config, address) = (secure.speaking(&["h2", "http/1.1"]), secure.address());
    let sender = runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let tls = tokio_rustls::TlsConnector::from(config).connect(ServerName::try_from("a.test").unwrap(), socket).await.unwrap();
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await.unwrap();
        tokio::spawn(connection);
        sender
    });
    Client { runtime, sender }
}

pub(crate) fn request(method: &str, path: &str, body: Payload) -> Request<Payload> {
    Request::builder().method(method).uri(format!("https://a.test{path}")).body(body).unwrap()
}

pub(crate) fn whole(bytes: impl Into<Bytes>) -> Payload {
    Full::new(bytes.into()).boxed_unsync()
}

impl Client {
    /// What comes of this, if it comes at all.
    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.expect("it comes in time") })
    }

    fn begin(&mut self, request: Request<Payload>) -> hyper::Result<Response<Incoming>> {
        let answer = self.sender.send_request(request);
        self.run(answer)
    }

    pub(crate) fn ask(&mut self, request: Request<Payload>) -> hyper::Result<Answer> {
        let (head, body) = self.begin(request)?.into_parts();
        let body = self.run(body.collect())?.to_bytes().to_vec();
        Ok(Answer { status: head.status.as_u16(), fields: head.headers, body })
    }

    fn get(&mut self, path: &str) -> Answer {
        self.ask(request("GET", path, whole(""))).unwrap()
    }
}

/// A body that is there as often as it is asked for, or never, and counts.
struct Plenty {
    left: usize,
    taken: Arc<AtomicUsize>,
    trailer: bool,
}

impl Body for Plenty {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 && std::mem::take(&mut self.trailer) {
            return Poll::Ready(Some(Ok(Frame::trailers(
                [("content-length".parse().unwrap(), "7".parse().unwrap())].into_iter().collect(),
            ))));
        }
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let bytes = self.left.min(8 * 1024);
        self.left -= bytes;
        self.taken.fetch_add(bytes, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(vec![b'x'; bytes].into()))))
    }
}

struct Silent;

impl Body for Silent {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[test]
fn a_request_is_answered_as_on_http_1_but_for_its_framing() {
    let secure = secure();
    let mut client = client(&secure);
    let answer = client.get("/dated");
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"dated"[..]));
    let mut names: Vec<_> = answer.fields.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "content-type", "date", "x-own"]);
    assert_eq!(answer.fields["date"], "Sun, 22 Nov 2026 12:00:00 GMT");
    let who = String::from_utf8(client.get("/who").body).unwrap();
    assert!(who.ends_with(&format!(" {} https", secure.address().port())), "{who}");
    let told = [secure.house.told(), secure.house.told()];
    assert_eq!((told[0].path.as_str(), told[0].status, told[0].sent_bytes), ("/dated", 200, 5));
    assert!(told[0].request_id != told[1].request_id && secure.house.told_nothing());
    assert_eq!(client.get("/nowhere").status, 404);
    assert_eq!(client.get("/panic").status, 500);
    assert_eq!(client.get("/fails").status, 502);
    assert_eq!(client.get("/101").status, 500);
}

#[test]
fn many_requests_run_at_once_and_none_waits_for_another() {
    let secure = secure();
    let mut client = client(&secure);
    let hanging: Vec<_> = (0..100).map(|_| client.sender.send_request(request("GET", "/hang", whole("")))).collect();
    assert_eq!(client.get("/hello").body, b"hello");
    secure.house.on(0, |desk| desk.release());
    for answer in hanging {
        assert_eq!(client.run(answer).unwrap().status(), 200);
    }
}

#[test]
fn bodies_come_and_go_whole_and_trailers_are_dropped() {
    let secure = secure();
    let mut client = client(&secure);
    let body: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    assert!(client.ask(request("POST", "/echo", whole(body.clone()))).unwrap().body == body);
    assert!(client.ask(request("POST", "/through", whole(body.clone()))).unwrap().body == body);
    for (path, bytes) in [("/plenty", 64 << 20), ("/whole", 64 << 20), ("/plenty-in-chunks", 3 << 20)] {
        assert_eq!(client.get(path).body.len(), bytes, "{path}");
    }
    let body = Plenty { left: 100_000, taken: Arc::default(), trailer: true }.boxed_unsync();
    assert_eq!(client.ask(request("POST", "/echo", body)).unwrap().body.len(), 100_000);
    assert_eq!(client.get("/pieces").body, b"abbccc");
    assert_eq!(client.get("/exact").fields["content-length"], "6");
    assert_eq!(client.get("/one-piece").fields["content-length"], "0");
}

#[test]
fn answers_that_have_no_body_have_none() {
    let secure = secure();
    let mut client = client(&secure);
    let head = client.ask(request("HEAD", "/hello", whole(""))).unwrap();
    assert_eq!((head.fields["content-length"].as_bytes(), head.body.len()), (&b"5"[..], 0));
    assert_eq!(client.ask(request("HEAD", "/length", whole(""))).unwrap().fields["content-length"], "1000");
    for (path, status) in [("/204", 204), ("/304", 304)] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.body.len(), answer.fields.get("content-length")), (status, 0, None));
    }
}

/// What is asked by HEAD on the wire is answered without a body, and what is not has one, whatever the pipeline took it for.
#[test]
fn another_verb_for_the_pipeline_is_no_other_verb_for_the_client() {
    let secure = secure();
    let mut client = client(&secure);
    let by_head = client.ask(request("HEAD", "/as-get", whole(""))).unwrap();
    assert_eq!((by_head.status, by_head.body.len()), (200, 0));
    let by_post = client.ask(request("POST", "/as-head", whole(""))).unwrap();
    assert_eq!((by_post.status, by_post.fields["content-length"].as_bytes(), by_post.body.len()), (200, &b"0"[..], 0));
    let mut client = secure.house.client();
    client.send("HEAD /as-get HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.head().starts_with("HTTP/1.1 200 "));
    let by_post = client.post("/as-head", b"");
    assert_eq!((by_post.status, by_post.field("Content-Length"), by_post.body.len()), (200, Some("0"), 0));
    assert_eq!(client.get("/hello").text(), "hello", "and the connection is in step");
}

#[test]
fn a_body_over_the_limit_is_told_and_a_head_over_it_is_refused() {
    let secure = secure();
    let mut client = client(&secure);
    let announced = client.ask(request("POST", "/echo", whole(vec![b'x'; (10 << 20) + 1]))).unwrap();
    assert_eq!(announced.status, 413);
    let endless = Plenty { left: 1 << 30, taken: Arc::default(), trailer: false }.boxed_unsync();
    assert_eq!(client.begin(request("POST", "/echo", endless)).unwrap().status(), 413);
    let mut long = request("GET", "/hello", whole(""));
    long.headers_mut().insert("x-long", vec![b'x'; 10_241].try_into().unwrap());
    assert_eq!(client.ask(long).unwrap().status, 431);
    let mut two = request("GET", "/hello", whole(""));
    two.headers_mut().insert("host", "b.test".parse().unwrap());
    assert_eq!(client.ask(two).unwrap().status, 400);
    assert_eq!(client.get("/hello").status, 200);
}

#[test]
fn a_body_that_nobody_reads_stays_with_its_client() {
    let secure = secure();
    let mut client = client(&secure);
    let taken = Arc::new(AtomicUsize::new(0));
    let body = Plenty { left: 5 << 20, taken: taken.clone(), trailer: false }.boxed_unsync();
    let hanging = client.sender.send_request(request("POST", "/hang", body));
    // By these answers, whatever could be sent was.
    for _ in 0..20 {
        assert_eq!(client.get("/hello").status, 200);
    }
    let taken = taken.load(Ordering::Relaxed);
    assert!((64 << 10..128 << 10).contains(&taken), "one window, and not much more: {taken}");
    secure.house.on(0, |desk| desk.release());
    assert_eq!(client.run(hanging).unwrap().status(), 200);
}

#[test]
fn a_client_that_takes_nothing_loses_its_stream_alone_after_its_time() {
    let secure = secure();
    let mut client = client(&secure);
    let stuck = client.begin(request("GET", "/plenty", whole(""))).unwrap();
    for _ in 0..20 {
        assert_eq!(client.get("/lean").status, 200);
    }
    secure.house.advance(29);
    secure.house.settle();
    assert!(secure.house.told_nothing(), "twenty-nine seconds are not thirty");
    secure.house.advance(2);
    secure.house.settle();
    let told = secure.house.told();
    assert!(told.path == "/plenty" && told.sent_bytes < 32 << 20, "{told:?}");
    let error = client.run(stuck.into_body().collect());
    assert!(error.is_err(), "it does not end as if it were whole");
    assert_eq!(client.get("/hello").status, 200);
}

#[test]
fn a_body_that_stalls_is_408() {
    let secure = secure();
    let mut client = client(&secure);
    let stalled = client.sender.send_request(request("POST", "/echo", Silent.boxed_unsync()));
    assert_eq!(client.get("/hello").status, 200);
    secure.house.advance(31);
    secure.house.settle();
    assert_eq!(client.run(stalled).unwrap().status(), 408);
}

#[test]
fn a_body_that_may_pause_may_pause_for_longer_and_not_for_ever() {
    let secure = secure();
    let mut client = client(&secure);
    let pausing = client.sender.send_request(request("POST", "/patient", Silent.boxed_unsync()));
    assert_eq!(client.get("/hello").status, 200);
    secure.house.advance(299);
    secure.house.settle();
    assert_eq!(secure.house.told().path, "/hello");
    assert!(secure.house.told_nothing(), "it is still waited for");
    secure.house.advance(2);
    secure.house.settle();
    assert_eq!(client.run(pausing).unwrap().status(), 408);
}

#[test]
fn an_answers_trailers_come_behind_its_body() {
    let secure = secure();
    let mut client = client(&secure);
    for (path, body) in [("/trailers", "abb"), ("/trailers-at-once", "")] {
        let answer = client.begin(request("POST", path, whole(""))).unwrap();
        assert!(!answer.headers().contains_key("content-length"), "{path}");
        let answer = client.run(answer.into_body().collect()).unwrap();
        let trailers = answer.trailers().unwrap().clone();
        assert_eq!(answer.to_bytes(), body, "{path}");
        assert_eq!(trailers.get("grpc-status").unwrap(), "0");
        assert_eq!(trailers.get_all("x-own").iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}

#[test]
fn an_answer_that_breaks_off_resets_its_stream_alone() {
    let secure = secure();
    let mut client = client(&secure);
    for path in ["/breaks", "/short", "/long", "/bomb"] {
        assert!(client.ask(request("GET", path, whole(""))).is_err(), "{path}");
        assert_eq!(secure.house.told().path, path);
        assert_eq!(client.get("/lean").body, b"hello");
    }
}

#[test]
fn requests_whose_client_goes_are_recorded_and_leave_nothing() {
    let secure = secure();
    let mut client = client(&secure);
    let given_up = client.sender.send_request(request("GET", "/hang", whole("")));
    let kept = client.sender.send_request(request("POST", "/echo", Silent.boxed_unsync()));
    assert_eq!(client.get("/lean").status, 200);
    drop(given_up);
    assert_eq!(client.get("/lean").status, 200);
    let told = secure.house.told();
    assert_eq!((told.path.as_str(), told.status), ("/hang", 499));
    assert!(secure.house.told_nothing());
    drop((kept, client));
    let told = secure.house.told();
    assert_eq!((told.path.as_str(), told.status), ("/echo", 400), "its own body broke off");
    assert_eq!(secure.house.lanes.losses().of(Loss::ClientGone), 1);
    assert!(secure.house.has_open(0, 0));
}

#[test]
fn a_connection_idles_as_long_as_any_and_one_that_never_asks_not_so_long() {
    let secure = secure();
    let (mut idle, silent) = (client(&secure), client(&secure));
    assert_eq!(idle.get("/hello").status, 200);
    secure.house.advance(11);
    secure.house.settle();
    // It was told to go, and has the time of a farewell.
    secure.house.advance(3);
    secure.house.settle();
    assert!(secure.house.has_open(0, 1));
    assert_eq!(idle.get("/hello").status, 200);
    for seconds in [311, 3] {
        secure.house.advance(seconds);
        secure.house.settle();
    }
    assert!(secure.house.has_open(0, 0));
    drop(silent);
}

#[test]
fn a_drain_lets_running_requests_end() {
    let secure = secure();
    let mut client = client(&secure);
    let running = client.sender.send_request(request("GET", "/hang", whole("")));
    assert_eq!(client.get("/hello").status, 200);
    std::thread::scope(|scope| {
        let drained = scope.spawn(|| wait(secure.house.lanes.drain(Duration::from_secs(60))));
        let released = scope.spawn(|| secure.house.on(0, |desk| desk.release()));
        assert_eq!(client.run(running).unwrap().status(), 200);
        released.join().unwrap();
        // The client's side of the farewell.
        client.run(async {
            while !client.sender.is_closed() {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(drained.join().unwrap(), 0);
    });
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM_AND_HEADERS: u8 = 5;
const PROTOCOL_ERROR: u8 = 1;
const ENHANCE_YOUR_CALM: u8 = 11;
/// GET / over https of a host `a`, by the protocol's own table.
const HEAD: &[u8] = b"\x82\x87\x84\x41\x01a";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn raw(secure: &Secure) -> Secured {
    let mut client = secure.client_for("a.test", &secure.speaking(&["h2"])).unwrap();
    client.send(PREFACE);
    client
}

/// The next frame: kind and payload.
fn next(client: &mut Secured) -> (u8, Vec<u8>) {
    let head = client.bytes(9);
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    (head[3], client.bytes(length as usize))
}

#[test]
fn the_limits_are_told_to_the_client() {
    let secure = secure();
    let (kind, payload) = next(&mut raw(&secure));
    assert_eq!(kind, SETTINGS);
    let told: Vec<(u8, u32)> = payload.chunks(6).map(|one| (one[1], u32::from_be_bytes(one[2..].try_into().unwrap()))).collect();
    for (setting, value) in [(3, 128), (4, 64 * 1024), (5, 16 * 1024), (6, 10_240 + 10_240 + 3_200 + 512)] {
        assert!(told.contains(&(setting, value)) || (setting == 5 && value == 16_384), "{setting}: {told:?}");
    }
}

/// Why the connection was ended: the code of its GOAWAY.
fn ended(client: &mut Secured) -> u8 {
    loop {
        let (kind, payload) = next(client);
        if kind == GOAWAY && payload[7] != 0 {
            return payload[7];
        }
    }
}

#[test]
fn floods_end_their_connection_and_nobody_elses() {
    let secure = secure();
    let mut beside = client(&secure);
    let mut resets = raw(&secure);
    let flood: Vec<u8> = (0..200u32)
        .flat_map(|n| {
            let stream = 2 * n + 1;
            [frame(HEADERS, END_STREAM_AND_HEADERS, stream, HEAD), frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
        })
        .collect();
    resets.send(flood);
    assert_eq!(ended(&mut resets), ENHANCE_YOUR_CALM);
    let mut endless = raw(&secure);
    let mut flood = frame(HEADERS, 1, 1, HEAD);
    for _ in 0..200 {
        // Literal fields that enter no table: x: 100 letters.
        let field = [&b"\0\x01x\x64"[..], &[b'a'; 100]].concat();
        flood.extend(frame(CONTINUATION, 0, 1, &field));
    }
    endless.send(flood);
    assert_eq!(ended(&mut endless), ENHANCE_YOUR_CALM);
    assert_eq!(beside.get("/hello").status, 200);
}

#[test]
fn a_client_that_broke_a_rule_is_heard_out_for_a_while_and_no_longer() {
    let secure = secure();
    let mut client = raw(&secure);
    // Streams of clients are odd.
    client.send(frame(HEADERS, END_STREAM_AND_HEADERS, 2, HEAD));
    assert_eq!(ended(&mut client), PROTOCOL_ERROR);
    client.send(frame(HEADERS, END_STREAM_AND_HEADERS, 3, HEAD));
    assert!(secure.house.has_open(0, 1), "what it still sends does not turn the farewell into a reset");
    secure.house.advance(3);
    secure.house.settle();
    assert!(secure.house.has_open(0, 0));
    assert!(secure.house.told_nothing(), "and nothing of it is answered");
}

#[test]
fn what_is_no_http_2_after_all_ends() {
    let secure = secure();
    let mut client = secure.client_for("a.test", &secure.speaking(&["h2"])).unwrap();
    client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    let (said, ending) = client.rest();
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    assert!(matches!(ending, Ending::Closed | Ending::Truncated | Ending::Reset));
    drop(client);
    assert!(secure.house.has_open(0, 0) && secure.house.told_nothing());
}

#[test]
fn a_host_under_other_terms_than_its_connection_is_misdirected() {
    let secure = walled();
    let mut client = client(&secure);
    let elsewhere = Request::builder().uri("https://x.b.test/hello").body(whole("")).unwrap();
    let answer = client.ask(elsewhere).unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (421, &br#"{"message":"Misdirected Request"}"#[..]));
    assert_eq!(client.get("/hello").status, 200);
}
