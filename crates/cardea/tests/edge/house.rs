//! Data threads with a desk that answers by path, and the clients that ask it.

use base::gate::{BodyFault, BodySource, Buffer, Exchange, Fill, Lane, RefusalKind, Reply, ReplyBody, RequestBody, Variable};
use base::world::{Clock, Timestamp};
use cardea::edge::{Answers, Lanes, Limits, Plan, TlsPlan, TrustedProxies, start};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Long enough for anything that is going to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What a desk was told of one request.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) sent_bytes: u64,
    pub(crate) refused: Option<(RefusalKind, String)>,
    pub(crate) request_id: String,
}

/// Answers by path.
pub(crate) struct Desk {
    pub(crate) lane: Rc<Lane>,
    told: SyncSender<Told>,
    /// Those that wait at `/hang`.
    hanging: RefCell<Vec<Waker>>,
    open: RefCell<bool>,
    /// A request's body that was kept beyond its time.
    kept: RefCell<RequestBody>,
}

impl Desk {
    /// Lets those at `/hang` go on, from now on.
    pub(crate) fn release(&self) {
        *self.open.borrow_mut() = true;
        self.hanging.borrow_mut().drain(..).for_each(Waker::wake);
    }
}

/// Pieces of a body, as a script.
struct Script {
    pieces: Vec<Vec<u8>>,
    left: Option<u64>,
    end: Result<Fill, BodyFault>,
}

impl BodySource for Script {
    fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        if self.pieces.is_empty() {
            return Poll::Ready(self.end);
        }
        let piece = self.pieces.remove(0);
        if piece.is_empty() {
            // A piece that is not here at first.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        into.extend_from_slice(&piece);
        Poll::Ready(Ok(Fill::More))
    }
    fn left(&self) -> Option<u64> {
        self.left
    }
}

/// A script with something behind it.
struct Trailed {
    script: Script,
    trailers: Option<Box<h1::Fields>>,
}

impl BodySource for Trailed {
    fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        self.script.poll_fill(cx, into)
    }
    fn left(&self) -> Option<u64> {
        self.script.left()
    }
    fn trailers(&mut self) -> Option<Box<h1::Fields>> {
        self.trailers.take()
    }
}

/// Fills whatever room there is, so many bytes in all.
struct Plenty {
    left: u64,
    told: bool,
}

impl BodySource for Plenty {
    fn poll_fill(&mut self, _cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        let room = (into.capacity() - into.len()) as u64;
        let bytes = room.min(self.left);
        into.resize(into.len() + bytes as usize, b'x');
        self.left -= bytes;
        Poll::Ready(Ok(if self.left == 0 { Fill::End } else { Fill::More }))
    }
    fn left(&self) -> Option<u64> {
        self.told.then_some(self.left)
    }
}

struct Bomb;

impl BodySource for Bomb {
    fn poll_fill(&mut self, _cx: &mut Context<'_>, _into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        panic!("a body that panics, as it should here");
    }
    fn left(&self) -> Option<u64> {
        Some(10)
    }
}

impl Answers for Desk {
    async fn answer(&self, ex: &mut Exchange) -> Reply {
        ex.arrive();
        let path = ex.path().to_owned();
        let script = |left, pieces: &[&str], end| {
            let pieces = pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect();
            ReplyBody::Stream(Box::new(Script { pieces, left, end }))
        };
        match path.as_str() {
            "/hello" | "/panic-later" => text(200, "hello"),
            "/dated" => {
                let mut reply = text(200, "dated");
                for (name, value) in [("date", "once upon a time"), ("Keep-Alive", "1"), ("X-Own", "kept")] {
                    let _framing = reply.fields.push(name, value.as_bytes());
                }
                reply
            }
            "/lean" => {
                let mut body = Buffer::take();
                body.extend_from_slice(b"hello");
                Reply::new(200, ReplyBody::Whole(body))
            }
            "/who" => {
                let told = format!("{} {} {}", ex.request.peer, ex.request.port, ex.request.scheme.name());
                text(200, &told)
            }
            "/terms" => {
                let terms = ["tlsVersion", "cipherSuite"].map(|name| Variable::named(name).unwrap().text(ex).unwrap_or("-".into()));
                text(200, &terms.join(" "))
            }
            "/echo" => match ex.request.body.whole(u64::MAX).await {
                Ok(bytes) => Reply::new(200, ReplyBody::Whole(Buffer::from(bytes.clone()))),
                Err(refusal) => text(refusal.kind.status(), &refusal.because),
            },
            "/through" => match std::mem::take(&mut ex.request.body) {
                RequestBody::Stream(source) => Reply::new(200, ReplyBody::Stream(source)),
                _ => text(200, "no body"),
            },
            "/keep" => {
                *self.kept.borrow_mut() = std::mem::take(&mut ex.request.body);
                text(200, "kept")
            }
            "/kept" => {
                let mut kept = self.kept.take();
                let read = kept.whole(u64::MAX).await.map(|bytes| bytes.clone());
                text(200, &read.map_or_else(|refusal| refusal.because.into_owned(), |bytes| format!("{bytes:?}")))
            }
            "/early" => text(403, "no"),
            "/204" => Reply::new(204, ReplyBody::Whole(Buffer::from(b"not to be sent".to_vec()))),
            "/304" => Reply::new(304, ReplyBody::Length(14)),
            "/length" => Reply::new(200, ReplyBody::Length(1_000)),
            // As a pipeline does that takes another verb from a field.
            "/as-get" | "/as-head" => {
                let verb = if path == "/as-get" { "GET" } else { "HEAD" };
                let head = h1::RequestHead::build(verb, &path, h1::Version::Http11).push("Host", b"a").finish();
                ex.request.head = head.unwrap();
                if verb == "GET" {
                    Reply::new(200, script(None, &["a", "bb"], Ok(Fill::End)))
                } else {
                    Reply::new(200, ReplyBody::Length(5))
                }
            }
            "/101" => Reply::new(101, ReplyBody::Empty),
            "/pieces" => Reply::new(200, script(None, &["a", "", "bb", "ccc"], Ok(Fill::End))),
            "/one-piece" => Reply::new(200, script(None, &[], Ok(Fill::End))),
            "/trailers" | "/trailers-at-once" => {
                let pieces: &[&str] = if path == "/trailers" { &["a", "", "bb"] } else { &[] };
                let pieces = pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect();
                let mut trailers = h1::Fields::new();
                for (name, value) in [("grpc-status", "0"), ("x-own", "a"), ("x-own", "b")] {
                    trailers.push(name, value.as_bytes()).unwrap();
                }
                let body = Trailed { script: Script { pieces, left: None, end: Ok(Fill::End) }, trailers: Some(Box::new(trailers)) };
                Reply::new(200, ReplyBody::Stream(Box::new(body)))
            }
            "/patient" => {
                if let RequestBody::Stream(source) = &mut ex.request.body {
                    source.be_patient(300_000);
                }
                match ex.request.body.whole(u64::MAX).await {
                    Ok(_) => text(200, "whole"),
                    Err(refusal) => text(refusal.kind.status(), "gone"),
                }
            }
            "/exact" => Reply::new(200, script(Some(6), &["a", "", "bb", "ccc"], Ok(Fill::End))),
            "/short" => Reply::new(200, script(Some(10), &["abc", ""], Ok(Fill::End))),
            "/long" => Reply::new(200, script(Some(2), &["a", "bcd"], Ok(Fill::End))),
            "/breaks" => Reply::new(200, script(None, &["abc", ""], Err(BodyFault::Gone))),
            "/fails" => Reply::new(200, script(None, &[], Err(BodyFault::Gone))),
            "/plenty" => Reply::new(200, ReplyBody::Stream(Box::new(Plenty { left: 64 << 20, told: true }))),
            "/whole" => Reply::new(200, ReplyBody::Whole(Buffer::from(vec![b'x'; 64 << 20]))),
            "/plenty-in-chunks" => Reply::new(200, ReplyBody::Stream(Box::new(Plenty { left: 3 << 20, told: false }))),
            "/panic" => panic!("a desk that panics, as it should here"),
            "/bomb" => Reply::new(200, ReplyBody::Stream(Box::new(Bomb))),
            "/hang" => {
                poll_fn(|cx| {
                    if *self.open.borrow() {
                        return Poll::Ready(());
                    }
                    self.hanging.borrow_mut().push(cx.waker().clone());
                    Poll::Pending
                })
                .await;
                text(200, "released")
            }
            _ => text(404, "nothing here"),
        }
    }

    fn record(&self, ex: &mut Exchange) {
        ex.notes.done = ex.lane.clock.now();
        match ex.path() {
            "/lean" => return,
            "/panic-later" => panic!("a record that panics, as it should here"),
            _ => {}
        }
        let told = Told {
            path: ex.path().to_owned(),
            status: ex.notes.status,
            sent_bytes: ex.notes.sent_bytes,
            refused: ex.notes.refused.as_ref().map(|(kind, because)| (*kind, because.to_string())),
            request_id: ex.id.as_str().to_owned(),
        };
        // A test that does not listen does not block the thread.
        let _deaf = self.told.try_send(told);
    }
}

fn text(status: u16, body: &str) -> Reply {
    let mut reply = Reply::new(status, ReplyBody::Whole(Buffer::from(body.as_bytes().to_vec())));
    reply.fields.push("Content-Type", b"text/plain").unwrap();
    reply
}

/// Running data threads.
pub(crate) struct House {
    pub(crate) lanes: Arc<Lanes<Desk>>,
    pub(crate) clock: Clock,
    told: Mutex<Receiver<Told>>,
}

impl House {
    /// One data thread with the usual limits, at noon of 2026-11-22.
    pub(crate) fn new() -> House {
        House::with(1, Limits::default())
    }

    pub(crate) fn with(threads: usize, limits: Limits) -> House {
        House::built(threads, limits, |_| None, |_| ())
    }

    /// One with another plan.
    pub(crate) fn planned(change: impl FnOnce(&mut Plan)) -> House {
        House::built(1, Limits::default(), |_| None, change)
    }

    /// One with a door for TLS, perhaps.
    pub(crate) fn built(
        threads: usize,
        limits: Limits,
        tls: impl FnOnce(&Clock) -> Option<TlsPlan>,
        change: impl FnOnce(&mut Plan),
    ) -> House {
        let clock = Clock::manual(Timestamp(1_795_348_800_000));
        let tls = tls(&clock);
        let (sender, told) = sync_channel(10_000);
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut plan = Plan {
            threads,
            address,
            tls,
            trusted: TrustedProxies::default(),
            proxy_protocol: false,
            node: 0,
            limits,
            clock: clock.clone(),
        };
        change(&mut plan);
        let make = move |lane: &Rc<Lane>| Desk {
            lane: lane.clone(),
            told: sender.clone(),
            hanging: RefCell::default(),
            open: RefCell::new(false),
            kept: RefCell::default(),
        };
        House { lanes: Arc::new(start(plan, make).unwrap()), clock, told: Mutex::new(told) }
    }

    pub(crate) fn client(&self) -> Client {
        Client::over(connect(self.lanes.address()))
    }

    /// The next request that was recorded.
    pub(crate) fn told(&self) -> Told {
        self.told.lock().unwrap().recv_timeout(PATIENCE).expect("a request is recorded")
    }

    /// Nothing was recorded that a test has not heard of.
    pub(crate) fn told_nothing(&self) -> bool {
        self.told.lock().unwrap().try_recv().is_err()
    }

    /// Does this on a data thread, and waits until it is done.
    pub(crate) fn on<T: Send + 'static>(&self, thread: usize, job: impl FnOnce(&Rc<Desk>) -> T + Send + 'static) -> T {
        let (sender, done) = sync_channel(1);
        self.lanes.post(thread, Box::new(move |desk| sender.send(job(desk)).unwrap())).unwrap();
        done.recv_timeout(PATIENCE).unwrap()
    }

    /// Afterwards the (only) thread has seen whatever was sent to it before, and its wheel shows the time. Sockets are looked at in the
    /// order in which bytes came, so a request that is answered says so of all that came before it.
    pub(crate) fn settle(&self) {
        assert_eq!(self.client().get("/lean").status, 200);
        self.on(0, |desk| desk.lane.tick());
        assert_eq!(self.client().get("/lean").status, 200);
    }

    /// Waits until a thread has so many connections open.
    pub(crate) fn has_open(&self, thread: usize, count: u32) -> bool {
        (0..100_000).any(|_| {
            self.on(thread, |_| ());
            self.lanes.open(thread) == count
        })
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Waits for a future of another thread's.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A connection to this address, which does not wait for ever.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// One client's connection.
pub(crate) struct Client<S = TcpStream> {
    pub(crate) socket: S,
    held: Vec<u8>,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a header field, by its exact spelling.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl<S: Read + Write> Client<S> {
    pub(crate) fn over(socket: S) -> Client<S> {
        Client { socket, held: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Client<S> {
        self.socket.write_all(bytes.as_ref()).unwrap();
        self.socket.flush().unwrap();
        self
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).answer()
    }

    pub(crate) fn post(&mut self, path: &str, body: &[u8]) -> Answer {
        self.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len())).send(body).answer()
    }

    /// The next head, as it comes.
    pub(crate) fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.held.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = self.held.split_off(end + 4);
                return String::from_utf8(std::mem::replace(&mut self.held, rest)).unwrap();
            }
            assert!(self.more().unwrap() > 0, "the connection ended within a head: {:?}", String::from_utf8_lossy(&self.held));
        }
    }

    /// The next answer, to anything but HEAD.
    pub(crate) fn answer(&mut self) -> Answer {
        let head = self.head();
        let mut answer = Answer { status: head[9..12].parse().unwrap(), head, body: Vec::new() };
        if let Some(length) = answer.field("Content-Length") {
            answer.body = self.bytes(length.parse().unwrap());
        } else if answer.field("Transfer-Encoding") == Some("chunked") {
            loop {
                let chunk = self.chunk();
                if chunk.is_empty() {
                    break;
                }
                answer.body.extend_from_slice(&chunk);
            }
        }
        answer
    }

    /// The next chunk; the last is empty.
    pub(crate) fn chunk(&mut self) -> Vec<u8> {
        loop {
            if let Some(end) = self.held.windows(2).position(|two| two == b"\r\n") {
                let line = self.bytes(end + 2);
                let bytes = usize::from_str_radix(std::str::from_utf8(&line[..end]).unwrap(), 16).unwrap();
                let mut chunk = self.bytes(bytes + 2);
                assert_eq!(chunk.split_off(bytes), b"\r\n");
                return chunk;
            }
            assert!(self.more().unwrap() > 0, "the connection ended within a chunk");
        }
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.held.len() < count {
            assert!(self.more().unwrap() > 0, "the connection ended within a body");
        }
        let rest = self.held.split_off(count);
        std::mem::replace(&mut self.held, rest)
    }

    /// Everything up to the end of the connection, and whether that was a clean one.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, Ending) {
        let ending = loop {
            match self.more() {
                Ok(0) => break Ending::Closed,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break Ending::Reset,
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break Ending::Truncated,
                Err(error) => panic!("{error}"),
            }
        };
        (std::mem::take(&mut self.held), ending)
    }

    /// Nothing more comes, and the connection is closed.
    #[track_caller]
    pub(crate) fn is_closed(&mut self) {
        let (rest, ending) = self.rest();
        assert_eq!((String::from_utf8_lossy(&rest).as_ref(), ending), ("", Ending::Closed));
    }

    fn more(&mut self) -> std::io::Result<usize> {
        let mut bytes = [0; 64 * 1024];
        let count = self.socket.read(&mut bytes)?;
        self.held.extend_from_slice(&bytes[..count]);
        Ok(count)
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Closed,
    Reset,
    /// TCP ended, and TLS had not said so.
    Truncated,
}

/// Nobody listens there any more. Other failures say nothing of that: whoever connects again and again may run out of ports.
pub(crate) fn is_refused(address: SocketAddr) -> bool {
    std::net::TcpStream::connect(address).is_err_and(|why| why.kind() == std::io::ErrorKind::ConnectionRefused)
}
