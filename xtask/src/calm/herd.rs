//! Ordinary clients, and the back end behind them, in one thread and one loop that spins. Each request has a nonce, which its answer must
//! repeat: an answer that belongs to somebody else is found.

use crate::failure::Outcome;
use base::world::{Clock, Moment};
use memchr::memmem;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

const LISTENER: Token = Token(0);
const READ_BYTES: usize = 64 * 1024;
const EVENTS: usize = 1024;
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Bytes of the one large answer, at `/big`.
pub(crate) const BIG_BYTES: usize = 1024 * 1024;
/// How long those may take that are under way when a run ends.
const LAST_WAIT: Duration = Duration::from_secs(10);
/// A turn of the loop that took longer is remembered: what was waited for then was waiting for us.
const GAP: Duration = Duration::from_micros(500);
const LATENCIES_MAX: usize = 4_000_000;

/// The loop.
pub(crate) struct Herd {
    poll: Poll,
    clock: Clock,
    listener: TcpListener,
    port: u16,
    backs: Vec<Option<Back>>,
    free: Vec<usize>,
    clients: Vec<Client>,
    nonce: u64,
    scratch: Vec<u8>,
    big: Vec<u8>,
    /// When the loop itself was not looking.
    pub(crate) gaps: Vec<(Moment, Moment)>,
}

/// How to ask.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) port: u16,
    pub(crate) connections: usize,
    /// How long each client rests after an answer.
    pub(crate) rest: Duration,
}

/// What became of one request.
pub(crate) struct Heard<'a> {
    pub(crate) nonce: u64,
    pub(crate) asked: Moment,
    pub(crate) seen: Moment,
    pub(crate) news: News<'a>,
}

pub(crate) enum News<'a> {
    Answer {
        status: u16,
        body: &'a [u8],
    },
    /// The connection ended before there was a whole answer.
    Broken {
        heard_bytes: usize,
    },
    /// Nobody listens any more.
    Refused,
}

struct Client {
    stream: Option<TcpStream>,
    held: Vec<u8>,
    nonce: u64,
    asked: Moment,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Rests(Moment),
    Waits,
    Retired,
}

/// A connection to the back end.
struct Back {
    stream: TcpStream,
    held: Vec<u8>,
    out: Vec<u8>,
    sent: usize,
}

/// A whole answer at the front of what was read.
struct Whole {
    status: u16,
    body_from: usize,
    to: usize,
    is_last: bool,
}

impl Herd {
    /// A loop with a back end on a free port, which answers each request with its own target.
    pub(crate) fn new(clock: &Clock) -> Outcome<Herd> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Herd {
            poll,
            clock: clock.clone(),
            port: listener.local_addr()?.port(),
            listener,
            backs: Vec::new(),
            free: Vec::new(),
            clients: Vec::new(),
            nonce: 0,
            scratch: vec![0; READ_BYTES],
            big: vec![b'x'; BIG_BYTES],
            gaps: Vec::new(),
        })
    }

    /// The back end's port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Asks on every connection, over and over, until it is told that it is enough; then waits for those under way. `ask` writes the
    /// request with a nonce; `turn` is called once in each turn of the loop, and says whether it is enough.
    pub(crate) fn run(
        &mut self,
        pace: Pace,
        mut ask: impl FnMut(u64, &mut Vec<u8>),
        mut hear: impl FnMut(Heard<'_>),
        mut turn: impl FnMut(Moment) -> bool,
    ) -> Outcome<()> {
        self.clients.clear();
        let begun = self.clock.now();
        for _ in 0..pace.connections {
            self.clients.push(Client { stream: None, held: Vec::new(), nonce: 0, asked: begun, state: State::Rests(begun) });
        }
        let (mut events, mut request, mut last) = (Events::with_capacity(EVENTS), Vec::new(), begun);
        let mut enough: Option<Moment> = None;
        loop {
            let now = self.clock.now();
            if now.since(last) > GAP {
                self.gaps.push((last, now));
            }
            last = now;
            if enough.is_none() && turn(now) {
                enough = Some(now);
            }
            let waits = self.clients.iter().any(|client| client.state == State::Waits);
            let retired = self.clients.iter().all(|client| client.state == State::Retired);
            if retired || enough.is_some_and(|since| !waits || now.since(since) > LAST_WAIT) {
                break;
            }
            for number in 0..self.clients.len() {
                if enough.is_none() && matches!(self.clients[number].state, State::Rests(until) if until <= now) {
                    self.ask(number, pace.port, &mut request, &mut ask, &mut hear)?;
                }
            }
            self.poll.poll(&mut events, Some(Duration::ZERO))?;
            for event in &events {
                match event.token() {
                    LISTENER => self.accept(),
                    Token(odd) if odd % 2 == 1 => self.serve(odd / 2),
                    Token(even) => self.hear(even / 2 - 1, pace.rest, &mut hear),
                }
            }
        }
        self.clients.clear();
        Ok(())
    }

    /// Keeps the back end at work for others, until it is told that it is enough.
    pub(crate) fn serve_until(&mut self, mut enough: impl FnMut() -> bool) -> Outcome<()> {
        let mut events = Events::with_capacity(EVENTS);
        while !enough() {
            self.poll.poll(&mut events, Some(Duration::from_millis(5)))?;
            for event in &events {
                match event.token() {
                    LISTENER => self.accept(),
                    Token(odd) if odd % 2 == 1 => self.serve(odd / 2),
                    Token(_) => {}
                }
            }
        }
        Ok(())
    }

    fn ask(
        &mut self,
        number: usize,
        port: u16,
        request: &mut Vec<u8>,
        ask: &mut impl FnMut(u64, &mut Vec<u8>),
        hear: &mut impl FnMut(Heard<'_>),
    ) -> Outcome<()> {
        let now = self.clock.now();
        if self.clients[number].stream.is_none() {
            let Ok(stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else {
                self.clients[number].state = State::Retired;
                hear(Heard { nonce: 0, asked: now, seen: now, news: News::Refused });
                return Ok(());
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let mut stream = TcpStream::from_std(stream);
            self.poll.registry().register(&mut stream, Token(number * 2 + 2), Interest::READABLE)?;
            self.clients[number].stream = Some(stream);
        }
        self.nonce += 1;
        request.clear();
        ask(self.nonce, request);
        let client = &mut self.clients[number];
        (client.nonce, client.asked, client.state) = (self.nonce, self.clock.now(), State::Waits);
        client.held.clear();
        if let Some(stream) = &mut client.stream {
            // A connection that was closed meanwhile: reading tells.
            let _closed = stream.write(request);
        }
        Ok(())
    }

    fn hear(&mut self, number: usize, rest: Duration, hear: &mut impl FnMut(Heard<'_>)) {
        let Some(client) = self.clients.get_mut(number) else { return };
        let Some(stream) = &mut client.stream else { return };
        let mut ended = false;
        loop {
            match stream.read(&mut self.scratch) {
                Ok(0) => ended = true,
                Ok(bytes) => {
                    client.held.extend_from_slice(&self.scratch[..bytes]);
                    continue;
                }
                Err(why) if why.kind() == ErrorKind::WouldBlock => {}
                Err(_) => ended = true,
            }
            break;
        }
        let seen = self.clock.now();
        let mut is_last = false;
        if client.state == State::Waits {
            let (nonce, asked) = (client.nonce, client.asked);
            match whole(&client.held) {
                Some(answer) => {
                    is_last = answer.is_last || answer.to < client.held.len();
                    let body = &client.held[answer.body_from..answer.to];
                    hear(Heard { nonce, asked, seen, news: News::Answer { status: answer.status, body } });
                    client.state = State::Rests(seen.after(rest));
                }
                None if ended || client.held.len() > HEAD_BYTES_MAX + BIG_BYTES => {
                    hear(Heard { nonce, asked, seen, news: News::Broken { heard_bytes: client.held.len() } });
                    client.state = State::Rests(seen.after(rest));
                    ended = true;
                }
                None => {}
            }
        }
        if ended || is_last {
            client.stream = None;
        }
    }

    fn accept(&mut self) {
        while let Ok((mut stream, _)) = self.listener.accept() {
            let number = self.free.pop().unwrap_or_else(|| {
                self.backs.push(None);
                self.backs.len() - 1
            });
            // It fails on a connection that is gone, which reading finds out.
            let _gone = stream.set_nodelay(true);
            let interest = Interest::READABLE | Interest::WRITABLE;
            if self.poll.registry().register(&mut stream, Token(number * 2 + 1), interest).is_ok() {
                self.backs[number] = Some(Back { stream, held: Vec::new(), out: Vec::new(), sent: 0 });
            } else {
                self.free.push(number);
            }
        }
    }

    fn serve(&mut self, number: usize) {
        let Some(back) = self.backs.get_mut(number).and_then(Option::as_mut) else { return };
        if !back.serve(&mut self.scratch, &self.big) {
            self.backs[number] = None;
            self.free.push(number);
        }
    }
}

impl Back {
    /// Reads what is there and answers it. `false`: the connection is over.
    fn serve(&mut self, scratch: &mut [u8], big: &[u8]) -> bool {
        loop {
            match self.stream.read(scratch) {
                Ok(0) => return false,
                Ok(bytes) => self.held.extend_from_slice(&scratch[..bytes]),
                Err(why) if why.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
        while let Some(end) = memmem::find(&self.held, b"\r\n\r\n") {
            let head = &self.held[..end];
            let to = end + 4 + number_of(head, b"content-length").unwrap_or(0);
            if self.held.len() < to {
                break;
            }
            let target = head.split(|byte| *byte == b' ').nth(1).unwrap_or(b"").to_vec();
            let body = if target.ends_with(b"/big") { big } else { &target };
            self.out.extend_from_slice(
                format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(),
            );
            self.out.extend_from_slice(body);
            self.held.drain(..to);
        }
        while self.sent < self.out.len() {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(bytes) => self.sent += bytes,
                Err(why) => return why.kind() == ErrorKind::WouldBlock,
            }
        }
        self.out.clear();
        self.sent = 0;
        true
    }
}

fn whole(held: &[u8]) -> Option<Whole> {
    let end = memmem::find(held, b"\r\n\r\n")?;
    let head = &held[..end];
    let to = end + 4 + number_of(head, b"content-length")?;
    let status = std::str::from_utf8(held.get(9..12)?).ok()?.parse().ok()?;
    let is_last = memmem::find(head, b"Connection: close").is_some();
    (held.len() >= to).then_some(Whole { status, body_from: end + 4, to, is_last })
}

/// The number in a field.
pub(crate) fn number_of(head: &[u8], name: &[u8]) -> Option<usize> {
    let mut values = head.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        line[..colon].eq_ignore_ascii_case(name).then_some(&line[colon + 1..])
    });
    std::str::from_utf8(values.next()?).ok()?.trim().parse().ok()
}

/// What became of the requests of a run that were all to succeed.
#[derive(Default)]
pub(crate) struct Toll {
    pub(crate) answers: u64,
    /// Answers that were not 200, or not theirs.
    pub(crate) wrong: u64,
    pub(crate) broken: u64,
    pub(crate) refused: u64,
    /// What the first wrong one was.
    pub(crate) first_wrong: Option<String>,
    /// Those that took longer than a bound.
    pub(crate) late: Vec<(Moment, Moment)>,
    latencies_us: Vec<u32>,
}

/// A request that takes longer is looked at.
pub(crate) const LATE: Duration = Duration::from_millis(50);

impl Toll {
    pub(crate) fn hear(&mut self, heard: &Heard<'_>) {
        match &heard.news {
            News::Answer { status, body } => {
                self.answers += 1;
                if *status != 200 || memmem::find(body, nonce(heard.nonce).as_bytes()).is_none() {
                    self.wrong += 1;
                    let words = || {
                        format!(
                            "{} asked, {status} {:?} answered",
                            nonce(heard.nonce),
                            String::from_utf8_lossy(&body[..body.len().min(200)])
                        )
                    };
                    self.first_wrong.get_or_insert_with(words);
                }
                let took = heard.seen.since(heard.asked);
                if took > LATE {
                    self.late.push((heard.asked, heard.seen));
                }
                if self.latencies_us.len() < LATENCIES_MAX {
                    self.latencies_us.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
                }
            }
            News::Broken { .. } => self.broken += 1,
            News::Refused => self.refused += 1,
        }
    }

    /// Requests that did not get their answer.
    pub(crate) fn failed(&self) -> u64 {
        self.wrong + self.broken + self.refused
    }

    /// The latency that this share of all answers stayed below, in milliseconds.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        let Some(last) = self.latencies_us.len().checked_sub(1) else { return 0.0 };
        let mut latencies_us = self.latencies_us.clone();
        let at = ((latencies_us.len() as f64 * share) as usize).min(last);
        f64::from(*latencies_us.select_nth_unstable(at).1) / 1000.0
    }
}

/// A nonce as it is written: no other's begins with it.
pub(crate) fn nonce(number: u64) -> String {
    format!("n{number:09}")
}
