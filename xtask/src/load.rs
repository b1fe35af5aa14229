//! The load: clients and the back end behind what is measured, in one thread and one event loop.
//!
//! While it measures it never sleeps. A load side that sleeps must be woken for every answer, and whoever answers pays for that: slow
//! proxies let it sleep, fast ones do not, and the gaps between them come out up to twice too large.
//!
//! Connections are watched edge-triggered: a read that does not fill its buffer has emptied the socket, unless the other side is done.

use crate::failure::{Outcome, fail};
use crate::secure::{self, Secure};
use base::world::{Clock, Moment};
use memchr::memmem;
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

const LISTENER: Token = Token(0);
const READ_BYTES: usize = 256 * 1024;
const EVENTS: usize = 1024;
/// Latencies that are kept of one measurement.
const LATENCIES_MAX: usize = 8_000_000;
/// Bytes of a head, of either side.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long a single answer may take before the run is given up.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// Connections that ask at once while idle ones are opened.
const OPENING: usize = 32;

/// What is asked, and of whom.
#[derive(Clone)]
pub(crate) struct Questions {
    pub(crate) port: u16,
    /// Where it is spoken to through TLS.
    pub(crate) tls_port: u16,
    /// Whole requests, in the order in which they are sent, over and over.
    pub(crate) requests: Vec<Vec<u8>>,
}

/// How long and how hard to ask.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) connections: usize,
    pub(crate) warm: Duration,
    pub(crate) length: Duration,
    /// Bytes of each answer's body.
    pub(crate) body_bytes: usize,
    pub(crate) protocol: Protocol,
    /// Requests that each connection has under way.
    pub(crate) at_once: usize,
}

/// What clients speak. Back ends are always spoken to in plain HTTP/1.1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    /// HTTP/1.1 through TLS.
    Tls,
    /// HTTP/2 through TLS.
    Http2,
}

/// What came of it.
pub(crate) struct Counted {
    pub(crate) answers: u64,
    /// Answers other than 200, and connections that broke.
    pub(crate) bad: u64,
    pub(crate) seconds: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// What the meter counted between the end of the warming and the end.
    pub(crate) metered: u64,
}

/// The loop.
pub(crate) struct Load {
    poll: Poll,
    clock: Clock,
    listener: TcpListener,
    port: u16,
    backs: Vec<Option<Back>>,
    free: Vec<usize>,
    clients: Vec<Client>,
    answer: Vec<u8>,
    scratch: Vec<u8>,
}

/// A connection from what is measured to the back end.
struct Back {
    stream: TcpStream,
    head: Vec<u8>,
    /// Whole answers that are owed, and how much of the first one went.
    owed: usize,
    sent: usize,
}

/// A connection of a client.
struct Client {
    stream: TcpStream,
    incoming: Incoming,
    secure: Option<Box<Secure>>,
    asked: Moment,
}

/// An answer of HTTP/1.1 on its way in.
#[derive(Default)]
pub(crate) struct Incoming {
    head: Vec<u8>,
    /// Bytes of the body that are still to come; `None` while the head is.
    left: Option<usize>,
    ok: bool,
}

/// What reading from a client came to.
pub(crate) enum Got {
    Nothing,
    Answers { good: u64, bad: u64 },
    Broken,
}

impl Load {
    /// A loop with a back end on a free port.
    pub(crate) fn new() -> Outcome<Load> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Load {
            port: listener.local_addr()?.port(),
            poll,
            clock: Clock::system(),
            listener,
            backs: Vec::new(),
            free: Vec::new(),
            clients: Vec::new(),
            answer: answer(0),
            scratch: vec![0; READ_BYTES],
        })
    }

    /// The back end's port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Asks as fast as answers come, on every connection, and counts. `meter` is read when the warming ends and at the end.
    pub(crate) fn run(&mut self, questions: &Questions, pace: Pace, meter: impl Fn() -> u64) -> Outcome<Counted> {
        self.answer = answer(pace.body_bytes);
        self.clients.clear();
        let prepared = questions.requests.iter().map(|request| secure::prepared(pace.protocol, request)).collect::<Outcome<Vec<_>>>()?;
        let mut next = prepared.iter().cycle();
        for number in 0..pace.connections {
            self.connect(questions, pace.protocol)?;
            for _ in 0..pace.at_once.max(1) {
                self.ask(number, next.next())?;
            }
        }
        let mut latencies: Vec<u32> = Vec::with_capacity(1 << 20);
        let (mut answers, mut bad) = (0, 0);
        let begun = self.clock.now();
        let (mut measured_from, mut meter_from) = (None, 0);
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let now = self.clock.now();
            match measured_from {
                None if now.since(begun) >= pace.warm => {
                    (answers, bad) = (0, 0);
                    latencies.clear();
                    meter_from = meter();
                    measured_from = Some(self.clock.now());
                }
                Some(from) if now.since(from) >= pace.length => break,
                _ => {}
            }
            self.poll.poll(&mut events, Some(Duration::ZERO))?;
            let seen = self.clock.now();
            for event in &events {
                let Some(number) = self.dispatch(event) else { continue };
                let again = match self.read_client(number, event.is_read_closed()) {
                    Got::Nothing => continue,
                    Got::Answers { good: fine, bad: wrong } => {
                        answers += fine + wrong;
                        bad += wrong;
                        if latencies.len() < LATENCIES_MAX {
                            let waited = seen.since(self.clients[number].asked).as_nanos();
                            latencies.push(u32::try_from(waited).unwrap_or(u32::MAX));
                        }
                        fine + wrong
                    }
                    Got::Broken => {
                        bad += 1;
                        self.clients[number] = self.open(questions, pace.protocol, number)?;
                        pace.at_once.max(1) as u64
                    }
                };
                for _ in 0..again {
                    self.ask(number, next.next())?;
                }
            }
        }
        let metered = meter().saturating_sub(meter_from);
        let seconds = self.clock.now().since(measured_from.unwrap_or(begun)).as_secs_f64();
        self.clients.clear();
        latencies.sort_unstable();
        let quantile = |share: f64| latencies.get((latencies.len() as f64 * share) as usize).map_or(0.0, |ns| f64::from(*ns) / 1000.0);
        Ok(Counted { answers, bad, seconds, p50_us: quantile(0.5), p99_us: quantile(0.99), metered })
    }

    /// Sends one request on a connection of its own: the head of the answer.
    pub(crate) fn once(&mut self, port: u16, request: &[u8]) -> Outcome<String> {
        self.clients.clear();
        self.connect(&Questions { port, tls_port: 0, requests: Vec::new() }, Protocol::Http1)?;
        self.clients[0].stream.write_all(request)?;
        let mut stream = &self.clients[0].stream;
        let (mut events, mut head, begun) = (Events::with_capacity(EVENTS), Vec::new(), self.clock.now());
        while self.clock.now().since(begun) < ANSWER_WAIT && memmem::find(&head, b"\r\n\r\n").is_none() {
            self.poll.poll(&mut events, Some(Duration::from_millis(10)))?;
            let mut piece = [0; 4096];
            match stream.read(&mut piece) {
                Ok(0) => break,
                Ok(bytes) => head.extend_from_slice(&piece[..bytes]),
                Err(why) if why.kind() == ErrorKind::WouldBlock => {}
                Err(why) => return Err(why.into()),
            }
            for event in &events {
                if event.token() == LISTENER {
                    accept(&self.listener, &self.poll, &mut self.backs, &mut self.free);
                } else if event.token().0 % 2 == 1 {
                    serve(&mut self.backs, &mut self.free, event, &self.answer, &mut self.scratch);
                }
            }
        }
        self.clients.clear();
        Ok(String::from_utf8_lossy(&head).into_owned())
    }

    /// Opens connections that ask once and are idle from then on; runs `look` when all have been idle for a while. Says how many
    /// there are.
    pub(crate) fn hold(&mut self, questions: &Questions, connections: usize, look: impl FnOnce()) -> Outcome<usize> {
        const REST: Duration = Duration::from_millis(1500);
        self.answer = answer(100);
        self.clients.clear();
        let mut events = Events::with_capacity(EVENTS);
        let (mut waiting, mut last) = (0, self.clock.now());
        while self.clients.len() < connections || waiting > 0 || self.clock.now().since(last) < REST {
            while waiting < OPENING && self.clients.len() < connections {
                let number = self.clients.len();
                self.connect(questions, Protocol::Http1)?;
                self.ask(number, questions.requests.get(number % questions.requests.len()))?;
                waiting += 1;
            }
            self.poll.poll(&mut events, Some(Duration::from_millis(20)))?;
            for event in &events {
                let Some(number) = self.dispatch(event) else { continue };
                match self.read_client(number, event.is_read_closed()) {
                    Got::Nothing => {}
                    Got::Answers { bad: 0, .. } => {
                        waiting -= 1;
                        last = self.clock.now();
                    }
                    Got::Answers { .. } => return Err(fail(format!("idle connection {number} was not answered with 200"))),
                    Got::Broken => return Err(fail(format!("idle connection {number} was closed"))),
                }
            }
            if self.clock.now().since(last) > ANSWER_WAIT {
                return Err(fail(format!("{waiting} connections wait for an answer")));
            }
        }
        look();
        let held = self.clients.len();
        self.clients.clear();
        // What is measured sees them go.
        let gone = self.clock.now();
        while self.clock.now().since(gone) < REST / 3 {
            self.poll.poll(&mut events, Some(Duration::from_millis(20)))?;
            for event in &events {
                self.dispatch(event);
            }
        }
        Ok(held)
    }

    /// Does the back end's part of an event; the client's number if it is for one.
    fn dispatch(&mut self, event: &Event) -> Option<usize> {
        match event.token() {
            LISTENER => accept(&self.listener, &self.poll, &mut self.backs, &mut self.free),
            Token(odd) if odd % 2 == 1 => serve(&mut self.backs, &mut self.free, event, &self.answer, &mut self.scratch),
            // Those that were dropped a moment ago may still be told of.
            Token(even) => return Some(even / 2 - 1).filter(|number| *number < self.clients.len()),
        }
        None
    }

    fn connect(&mut self, questions: &Questions, protocol: Protocol) -> Outcome<()> {
        let number = self.clients.len();
        let client = self.open(questions, protocol, number)?;
        self.clients.push(client);
        Ok(())
    }

    fn open(&self, questions: &Questions, protocol: Protocol, number: usize) -> Outcome<Client> {
        let port = if protocol == Protocol::Http1 { questions.port } else { questions.tls_port };
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let secure = match protocol {
            Protocol::Http1 => None,
            _ => Some(Box::new(Secure::connect(&secure::config(protocol)?, protocol, &mut stream)?)),
        };
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(number * 2 + 2), Interest::READABLE)?;
        Ok(Client { stream, incoming: Incoming::default(), secure, asked: self.clock.now() })
    }

    fn ask(&mut self, number: usize, request: Option<&Vec<u8>>) -> Outcome<()> {
        let request = request.ok_or_else(|| fail("there is nothing to ask"))?;
        let client = &mut self.clients[number];
        client.asked = self.clock.now();
        if let Some(secure) = &mut client.secure {
            return secure.ask(&mut client.stream, request);
        }
        match client.stream.write(request) {
            Ok(sent) if sent == request.len() => Ok(()),
            Ok(_) => Err(fail("a request does not fit into a socket's buffer")),
            // Closed between two requests: reading will tell.
            Err(_) => Ok(()),
        }
    }

    fn read_client(&mut self, number: usize, to_the_end: bool) -> Got {
        let Client { stream, incoming, secure, .. } = &mut self.clients[number];
        if let Some(secure) = secure {
            return secure.read(stream);
        }
        let mut got = Got::Nothing;
        loop {
            let bytes = match stream.read(&mut self.scratch) {
                Ok(0) => return Got::Broken,
                Ok(bytes) => bytes,
                Err(why) if why.kind() == ErrorKind::WouldBlock => return got,
                Err(_) => return Got::Broken,
            };
            match incoming.take(&self.scratch[..bytes]) {
                Got::Nothing => {}
                told => got = told,
            }
            if bytes < READ_BYTES && !to_the_end {
                return got;
            }
        }
    }
}

impl Incoming {
    /// Takes what has come of one answer.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Got {
        let mut body = bytes.len();
        if self.left.is_none() {
            let kept;
            let whole = if self.head.is_empty() {
                bytes
            } else {
                self.head.extend_from_slice(bytes);
                kept = std::mem::take(&mut self.head);
                &kept[..]
            };
            match memmem::find(whole, b"\r\n\r\n") {
                Some(end) => {
                    self.ok = whole.get(9..12) == Some(b"200");
                    let Some(length) = content_length(&whole[..end]) else { return Got::Broken };
                    self.left = Some(length);
                    body = whole.len() - end - 4;
                }
                None if whole.len() > HEAD_BYTES_MAX => return Got::Broken,
                None => {
                    self.head = whole.to_vec();
                    body = 0;
                }
            }
        }
        let Some(rest) = &mut self.left else { return Got::Nothing };
        *rest = rest.saturating_sub(body);
        if *rest > 0 {
            return Got::Nothing;
        }
        self.left = None;
        Got::Answers { good: u64::from(self.ok), bad: u64::from(!self.ok) }
    }
}

fn accept(listener: &TcpListener, poll: &Poll, backs: &mut Vec<Option<Back>>, free: &mut Vec<usize>) {
    while let Ok((mut stream, _)) = listener.accept() {
        let number = free.pop().unwrap_or_else(|| {
            backs.push(None);
            backs.len() - 1
        });
        // It fails on a connection that is gone, which reading finds out.
        let _gone = stream.set_nodelay(true);
        let token = Token(number * 2 + 1);
        if poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE).is_ok() {
            backs[number] = Some(Back { stream, head: Vec::new(), owed: 0, sent: 0 });
        } else {
            free.push(number);
        }
    }
}

/// Reads requests from a back-end connection, which have no bodies, and answers them.
fn serve(backs: &mut [Option<Back>], free: &mut Vec<usize>, event: &Event, answer: &[u8], scratch: &mut [u8]) {
    let number = event.token().0 / 2;
    let Some(back) = backs.get_mut(number).and_then(Option::as_mut) else { return };
    let open = (!event.is_readable() || back.read(scratch, event.is_read_closed())) && back.write(answer);
    if !open {
        backs[number] = None;
        free.push(number);
    }
}

impl Back {
    fn read(&mut self, scratch: &mut [u8], to_the_end: bool) -> bool {
        loop {
            let bytes = match self.stream.read(scratch) {
                Ok(0) => return false,
                Ok(bytes) => bytes,
                Err(why) => return why.kind() == ErrorKind::WouldBlock,
            };
            // As a rule what comes is one whole head.
            if self.head.is_empty() && memmem::find(&scratch[..bytes], b"\r\n\r\n") == Some(bytes - 4) {
                self.owed += 1;
            } else {
                self.head.extend_from_slice(&scratch[..bytes]);
                while let Some(end) = memmem::find(&self.head, b"\r\n\r\n") {
                    self.head.drain(..end + 4);
                    self.owed += 1;
                }
                if self.head.len() > HEAD_BYTES_MAX {
                    return false;
                }
            }
            if bytes < scratch.len() && !to_the_end {
                return true;
            }
        }
    }

    fn write(&mut self, answer: &[u8]) -> bool {
        while self.owed > 0 {
            match self.stream.write(&answer[self.sent..]) {
                Ok(bytes) => self.sent += bytes,
                Err(why) => return why.kind() == ErrorKind::WouldBlock,
            }
            if self.sent == answer.len() {
                self.sent = 0;
                self.owed -= 1;
            }
        }
        true
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    let lines = head.split(|byte| *byte == b'\n');
    let mut values = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        line[..colon].eq_ignore_ascii_case(b"content-length").then_some(&line[colon + 1..])
    });
    std::str::from_utf8(values.next()?).ok()?.trim().parse().ok()
}

/// Ten items in JSON: the body of an answer of just as many bytes.
pub(crate) const ITEMS: &str = concat!(
    r#"{"items":["#,
    r#"{"id":"it00","name":"pet no. 0","price":5,"tags":["a0","b"]},"#,
    r#"{"id":"it01","name":"pet no. 1","price":16,"tags":["a1","b"]},"#,
    r#"{"id":"it02","name":"pet no. 2","price":27,"tags":["a2","b"]},"#,
    r#"{"id":"it03","name":"pet no. 3","price":38,"tags":["a3","b"]},"#,
    r#"{"id":"it04","name":"pet no. 4","price":49,"tags":["a4","b"]},"#,
    r#"{"id":"it05","name":"pet no. 5","price":60,"tags":["a5","b"]},"#,
    r#"{"id":"it06","name":"pet no. 6","price":71,"tags":["a6","b"]},"#,
    r#"{"id":"it07","name":"pet no. 7","price":82,"tags":["a7","b"]},"#,
    r#"{"id":"it08","name":"pet no. 8","price":93,"tags":["a8","b"]},"#,
    r#"{"id":"it09","name":"pet no. 9","price":104,"tags":["a9","b"]}]}"#,
);

/// The back end's one answer, with a body of so many bytes.
fn answer(body_bytes: usize) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body_bytes}\r\nServer: bench\r\n\
         Date: Sun, 22 Nov 2026 00:00:00 GMT\r\n\r\n"
    );
    let text = if body_bytes == ITEMS.len() { ITEMS } else { r#"{"id":"a1b2c3","name":"pet"},"# };
    let body = text.as_bytes().iter().cycle().take(body_bytes);
    head.bytes().chain(body.copied()).collect()
}
