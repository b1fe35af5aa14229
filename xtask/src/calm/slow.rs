//! A great many slow clients at once: heads, bodies and answers that crawl, while ordinary clients go on.

use super::herd::{BIG_BYTES, Herd, Pace, nonce};
use super::witness::{Watched, watch};
use super::{Ground, Part, mb, metric, progress, promise};
use crate::failure::Outcome;
use crate::node::Node;
use base::world::{Clock, Moment};
use serde_json::json;
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Ordinary clients, each with a rest between two requests: at saturation a latency is a queue.
const CONNECTIONS: usize = 8;
const REST: Duration = Duration::from_millis(2);
/// How often a slow client does something.
const STEP: Duration = Duration::from_secs(1);
/// Bytes that a slow reader takes in a step, and has room for.
const SIP_BYTES: usize = 64;
const RECEIVE_BYTES: usize = 4_096;
/// All of them must have ended by then: the longest deadline is a stall of 30 s, and a step more.
const ALL_ENDED: Duration = Duration::from_secs(60);
/// User memory that one slow client may take.
const CLIENT_BYTES_MAX: u64 = 64 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Head,
    Body,
    Reader,
}

struct Slow {
    kind: Kind,
    stream: TcpStream,
    born: Moment,
    heard: Vec<u8>,
    ended: Option<Moment>,
}

/// What came of the slow ones.
struct Seen {
    opened: usize,
    /// Resident bytes for each, by kind.
    each_bytes: [u64; 3],
    /// Those who were told 408, by kind, and those who were not ended at all.
    told: [usize; 3],
    unended: usize,
    /// How long the longest lived, by kind.
    longest: [Duration; 3],
}

pub(super) fn run(ground: &Ground) -> Outcome<Part> {
    let mut herd = Herd::new(&ground.clock)?;
    let settings = [format!("proxy=/=http://127.0.0.1:{}", herd.port())];
    let node = ground.node("slow", 1, &settings)?;
    progress("slow: ordinary clients alone");
    let begun = ground.clock.now();
    let alone_for = Duration::from_secs(if ground.quick { 3 } else { 8 });
    let alone = ask(ground, &mut herd, &node, |now| now.since(begun) >= alone_for)?;
    let before = node.process.resident_bytes();
    let (done, opened) = (AtomicBool::new(false), AtomicBool::new(false));
    let (seen, coming, beside) = std::thread::scope(|scope| {
        let slow = scope.spawn(|| {
            let seen = be_slow(&ground.clock, &node, ground.slow / 3, &opened);
            opened.store(true, Ordering::Relaxed);
            done.store(true, Ordering::Relaxed);
            seen
        });
        // Coming in is not what is measured, but it must hurt nobody either.
        let coming = ask(ground, &mut herd, &node, |_| opened.load(Ordering::Relaxed));
        let beside = ask(ground, &mut herd, &node, |_| done.load(Ordering::Relaxed));
        let seen = slow.join().map_err(|_| crate::failure::fail("the slow clients panicked"));
        Ok::<_, crate::failure::Failure>((seen??, coming?, beside?))
    })?;
    let after = node.process.resident_bytes();
    let counted =
        ["slow_head", "slow_body", "slow_reader"].map(|why| metric(&node, &format!("cardea_connections_lost_total{{why=\"{why}\"}}")));
    let counted: Vec<f64> = counted.into_iter().collect::<Outcome<_>>()?;

    let mut broken = Vec::new();
    let each = ground.slow / 3;
    for (one, when) in [(&alone, "before they came"), (&coming, "while they came"), (&beside, "beside them")] {
        one.promised(&mut broken, when);
    }
    promise(&mut broken, seen.unended == 0, format!("{} slow clients were never ended", seen.unended));
    promise(&mut broken, seen.told[0] == each, format!("{} of {each} slow heads were told 408", seen.told[0]));
    promise(&mut broken, seen.told[1] == each, format!("{} of {each} slow bodies were told 408", seen.told[1]));
    promise(&mut broken, counted.iter().all(|count| *count == each as f64), format!("/metrics counts {counted:?}, not {each} of each"));
    promise(&mut broken, seen.each_bytes.iter().all(|bytes| *bytes <= CLIENT_BYTES_MAX), format!("bytes for each: {:?}", seen.each_bytes));
    let seconds = seen.longest.map(|longest| longest.as_secs_f64());
    let line = format!(
        "{} slow clients: memory for each head {} body {} reader {} bytes; ended after {:.0}/{:.0}/{:.0} s, 408 to {}/{}; \
         ordinary requests beside them: {}; alone: {}; resident {:.1} MB before, {:.1} MB after",
        seen.opened,
        seen.each_bytes[0],
        seen.each_bytes[1],
        seen.each_bytes[2],
        seconds[0],
        seconds[1],
        seconds[2],
        seen.told[0],
        seen.told[1],
        beside.words(),
        alone.words(),
        mb(before),
        mb(after),
    );
    let figures = json!({"slow": seen.opened, "bytesEach": seen.each_bytes, "endedSeconds": seconds, "told408": [seen.told[0], seen.told[1]],
        "counted": counted, "beside": beside.figures(), "alone": alone.figures(), "residentBytes": [before, after]});
    Ok(Part { line, figures, broken })
}

fn ask(ground: &Ground, herd: &mut Herd, node: &Node, enough: impl Fn(Moment) -> bool) -> Outcome<Watched> {
    let pace = Pace { port: node.run.data.port(), connections: CONNECTIONS, rest: REST };
    let question = |number: u64, request: &mut Vec<u8>| {
        let head = format!("GET /ordinary/{} HTTP/1.1\r\nHost: a\r\n\r\n", nonce(number));
        request.write_all(head.as_bytes()).expect("a vector takes what is written to it");
    };
    watch(ground, herd, node, pace, question, enough)
}

/// Opens so many of each kind, and goes on slowly until all have ended.
fn be_slow(clock: &Clock, node: &Node, each: usize, opened: &AtomicBool) -> Outcome<Seen> {
    let mut all: Vec<Slow> = Vec::new();
    let mut each_bytes = [0; 3];
    for (number, kind) in [Kind::Head, Kind::Body, Kind::Reader].into_iter().enumerate() {
        progress(&format!("slow: {each} of kind {} of 3", number + 1));
        let before = node.process.resident_bytes();
        for count in 0..each {
            all.push(Slow::new(kind, node.run.data, clock.now())?);
            if count % 50 == 49 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        std::thread::sleep(Duration::from_millis(1_000));
        each_bytes[number] = node.process.resident_bytes().saturating_sub(before) / each as u64;
    }
    opened.store(true, Ordering::Relaxed);
    let begun = clock.now();
    while all.iter().any(|one| one.ended.is_none()) && clock.now().since(begun) < ALL_ENDED {
        let step = clock.now();
        for one in all.iter_mut().filter(|one| one.ended.is_none()) {
            one.step(clock.now());
        }
        let left = all.iter().filter(|one| one.ended.is_none()).count();
        progress(&format!("slow: {left} are left after {:.0} s", clock.now().since(begun).as_secs_f64()));
        std::thread::sleep(STEP.saturating_sub(clock.now().since(step)));
    }
    let of = |kind: Kind| all.iter().filter(move |one| one.kind == kind);
    let kinds = [Kind::Head, Kind::Body, Kind::Reader];
    let told = kinds.map(|kind| of(kind).filter(|one| one.heard.starts_with(b"HTTP/1.1 408 ")).count());
    let longest = kinds.map(|kind| of(kind).filter_map(|one| Some(one.ended?.since(one.born))).max().unwrap_or_default());
    Ok(Seen { opened: all.len(), each_bytes, told, unended: all.iter().filter(|one| one.ended.is_none()).count(), longest })
}

impl Slow {
    fn new(kind: Kind, to: SocketAddr, now: Moment) -> Outcome<Slow> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if kind == Kind::Reader {
            socket.set_recv_buffer_size(RECEIVE_BYTES)?;
        }
        socket.connect(&to.into())?;
        let mut stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        let begin = match kind {
            Kind::Head => "GET /slow HTTP/1.1\r\nHost: a\r\nX-Slow: ".to_owned(),
            Kind::Body => format!("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: {BIG_BYTES}\r\n\r\n"),
            Kind::Reader => "GET /big HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        };
        stream.write_all(begin.as_bytes())?;
        stream.set_nonblocking(true)?;
        Ok(Slow { kind, stream, born: now, heard: Vec::new(), ended: None })
    }

    /// A little more.
    fn step(&mut self, now: Moment) {
        let wrote = if self.kind == Kind::Reader { Ok(0) } else { self.stream.write(b"x") };
        let mut sip = [0; SIP_BYTES];
        // A reset is seen by the socket before what came earlier was read.
        let is_reset = !matches!(self.stream.take_error(), Ok(None));
        let ended = match self.stream.read(&mut sip) {
            Ok(0) => true,
            Ok(bytes) => {
                self.heard.extend_from_slice(&sip[..if self.heard.len() < SIP_BYTES { bytes } else { 0 }]);
                is_reset
            }
            Err(why) => why.kind() != ErrorKind::WouldBlock || is_reset || wrote.is_err_and(|why| why.kind() != ErrorKind::WouldBlock),
        };
        if ended {
            // What was said before the end counts.
            let mut rest = [0; 1024];
            while self.kind != Kind::Reader && matches!(self.stream.read(&mut rest), Ok(1..)) {}
            self.ended = Some(now);
        }
    }
}
