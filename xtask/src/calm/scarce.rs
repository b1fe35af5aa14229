//! Descriptors and memory that run out: refusals in order, no busy waiting, and all is well once they are back.

use super::herd::Herd;
use super::{Ground, Part, get, mb, metric, progress, promise};
use crate::failure::{Outcome, fail};
use crate::node::{Node, STAGE, host, id};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Descriptors of the small node, and the clients that want to come in.
const DESCRIPTORS: usize = 256;
const CROWD: usize = 300;
/// Those who come while there is no descriptor left at all.
const QUEUE: usize = 100;
/// Of one core, while it can do nothing.
const IDLE_SHARE_MAX: f64 = 0.05;
const LOOK: Duration = Duration::from_secs(3);
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// Address space of the small node, in kilobytes; what each body brings, and how many of them come at once.
const ADDRESS_KB: usize = 2_000_000;
const BODY_BYTES: usize = 4 * 1024 * 1024;
const BODIES: usize = 200;

struct Crowd {
    served: usize,
    refused: usize,
    silent: usize,
    idle_share: f64,
}

struct Queue {
    waited: usize,
    served: usize,
    idle_share: f64,
    log_lines: usize,
    pauses: f64,
}

struct Memory {
    served: usize,
    refused: usize,
    other: usize,
    well: usize,
    resident_bytes: u64,
}

pub(super) fn run(ground: &Ground) -> Outcome<Part> {
    let mut herd = Herd::new(&ground.clock)?;
    let port = herd.port();
    let over = AtomicBool::new(false);
    let (crowd, queue, memory) = std::thread::scope(|scope| {
        let harm = scope.spawn(|| {
            let done = (|| Ok::<_, crate::failure::Failure>((crowd(ground, port)?, queue(ground, port)?, memory(ground, port)?)))();
            over.store(true, Ordering::Relaxed);
            done
        });
        herd.serve_until(|| over.load(Ordering::Relaxed))?;
        harm.join().map_err(|_| fail("it panicked"))?
    })?;
    let mut broken = Vec::new();
    let Crowd { served, refused, silent, idle_share } = crowd;
    promise(
        &mut broken,
        silent == 0 && served > 0,
        format!("of {CROWD} clients {served} were served, {refused} told 503, {silent} told nothing"),
    );
    promise(&mut broken, idle_share < IDLE_SHARE_MAX, format!("full, it used {:.0} % of a core", idle_share * 100.0));
    promise(&mut broken, queue.served == queue.waited, format!("of {} who waited {} were served in the end", queue.waited, queue.served));
    promise(
        &mut broken,
        queue.idle_share < IDLE_SHARE_MAX,
        format!("without descriptors it used {:.0} % of a core", queue.idle_share * 100.0),
    );
    promise(&mut broken, queue.log_lines == 1, format!("{} lines in the log", queue.log_lines));
    promise(&mut broken, queue.pauses > 0.0, "no pause was counted");
    promise(
        &mut broken,
        memory.refused > 0 && memory.other == 0,
        format!("of {BODIES} bodies {} were taken, {} told 503, {} neither", memory.served, memory.refused, memory.other),
    );
    promise(&mut broken, memory.well == 20, format!("afterwards {} of 20 requests were answered", memory.well));
    let line = format!(
        "{DESCRIPTORS} descriptors: of {CROWD} clients {served} served, {refused} told 503, {silent} silent, {:.1} % of a core; none left: {} waited, \
         {:.1} % of a core, {:.0} pauses, {} line in the log, then {} served; {ADDRESS_KB} KB of memory: of {BODIES} bodies of 4 MB {} taken, {} told 503, \
         resident {:.0} MB, afterwards {} of 20 served",
        idle_share * 100.0,
        queue.waited,
        queue.idle_share * 100.0,
        queue.pauses,
        queue.log_lines,
        queue.served,
        memory.served,
        memory.refused,
        mb(memory.resident_bytes),
        memory.well,
    );
    let figures = json!({
        "crowd": {"served": served, "refused": refused, "silent": silent, "idleShare": idle_share},
        "queue": {"waited": queue.waited, "served": queue.served, "idleShare": queue.idle_share, "pauses": queue.pauses, "logLines": queue.log_lines},
        "memory": {"taken": memory.served, "refused": memory.refused, "residentBytes": memory.resident_bytes},
    });
    Ok(Part { line, figures, broken })
}

/// A client that asks once, and stays.
fn asking(to: SocketAddr) -> Outcome<TcpStream> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(ANSWER_WAIT))?;
    // Who is turned away may be so before it has asked.
    let _turned_away = stream.write_all(b"GET /scarce HTTP/1.1\r\nHost: a\r\n\r\n");
    Ok(stream)
}

/// The status that it was told; 0 for none.
fn told(stream: &mut TcpStream) -> u16 {
    let mut line = [0; 12];
    let heard = stream.read_exact(&mut line).is_ok();
    std::str::from_utf8(&line[9..]).ok().filter(|_| heard).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// The share of one core that a node uses when nobody asks.
fn idle_share(ground: &Ground, node: &Node) -> f64 {
    let (from, began) = (node.process.cpu_ns(), ground.clock.now());
    std::thread::sleep(LOOK);
    (node.process.cpu_ns() - from) as f64 / ground.clock.now().since(began).as_nanos() as f64
}

fn crowd(ground: &Ground, back_end: u16) -> Outcome<Crowd> {
    progress("scarce: more clients than descriptors");
    let settings = [format!("proxy=/=http://127.0.0.1:{back_end}")];
    let node = ground.limited("crowd", 1, &settings, Some(&format!("ulimit -n {DESCRIPTORS}")))?;
    let mut all: Vec<TcpStream> = (0..CROWD).map(|_| asking(node.run.data)).collect::<Outcome<_>>()?;
    let statuses: Vec<u16> = all.iter_mut().map(told).collect();
    let count = |status: u16| statuses.iter().filter(|one| **one == status).count();
    let idle_share = idle_share(ground, &node);
    drop(all);
    let served = count(200);
    // Once they have gone, others are welcome.
    let well = (0..100).find(|_| {
        std::thread::sleep(Duration::from_millis(20));
        get(node.run.data, "/scarce", "a").is_ok_and(|(status, _)| status == 200)
    });
    well.ok_or_else(|| fail("nobody was served after the crowd had gone"))?;
    Ok(Crowd { served, refused: count(503), silent: CROWD - served - count(503), idle_share })
}

fn queue(ground: &Ground, back_end: u16) -> Outcome<Queue> {
    progress("scarce: no descriptor left at all");
    let settings = [format!("proxy=/=http://127.0.0.1:{back_end}")];
    let node = ground.node("queue", 1, &settings)?;
    let mut known = asking(node.run.data)?;
    if told(&mut known) != 200 {
        return Err(fail("the first client was not served"));
    }
    let pid = Pid::from_raw(i32::try_from(node.process.pid).map_err(fail)?);
    let limit =
        |current: u64, maximum: Option<u64>| prlimit(pid, Resource::Nofile, Rlimit { current: Some(current), maximum }).map_err(fail);
    let before = limit(node.process.descriptors() as u64, None);
    // Who may not set the upper limit sets the lower.
    let before = before.or_else(|_| limit(node.process.descriptors() as u64, rustix::process::getrlimit(Resource::Nofile).maximum))?;
    let mut waiting: Vec<TcpStream> = (0..QUEUE).map(|_| asking(node.run.data)).collect::<Outcome<_>>()?;
    let idle_share = idle_share(ground, &node);
    prlimit(pid, Resource::Nofile, before).map_err(fail)?;
    let served = waiting.iter_mut().map(told).filter(|status| *status == 200).count();
    let log_lines = ground.log("queue").lines().filter(|line| line.contains("no connection can be accepted")).count();
    Ok(Queue { waited: QUEUE, served, idle_share, log_lines, pauses: metric(&node, "cardea_accept_pauses_total")? })
}

fn memory(ground: &Ground, back_end: u16) -> Outcome<Memory> {
    progress("scarce: more bodies than memory");
    let node = ground.limited("memory", 1, &[], Some(&format!("ulimit -v {ADDRESS_KB}")))?;
    // Not a proxy: it takes a body of unknown length whole.
    let take = json!({"type": "http", "httpMethod": "POST", "uri": format!("http://127.0.0.1:{back_end}/scarce"), "responses": {"default": {"statusCode": "200"}}});
    let definition = json!({
        "openapi": "3.0.1",
        "info": {"title": "memory", "version": "1"},
        "paths": {"/take": {"post": {"responses": {"200": {"description": "so"}}, "x-amazon-apigateway-integration": take}}},
    });
    let api = id(&node.call("POST", "/restapis?mode=import", &definition)?)?;
    node.deploy(&api)?;
    let head = format!("POST /{STAGE}/take HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n", host(&api));
    let piece = [format!("{BODY_BYTES:x}\r\n").into_bytes(), vec![b'x'; BODY_BYTES], b"\r\n".to_vec()].concat();
    let mut all = Vec::new();
    for _ in 0..BODIES {
        let mut stream = TcpStream::connect(node.run.data)?;
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        stream.set_write_timeout(Some(ANSWER_WAIT))?;
        let whole = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&piece)).is_ok();
        all.push((stream, whole));
    }
    let resident_bytes = node.process.resident_bytes();
    let (mut served, mut refused, mut other) = (0, 0, 0);
    for (stream, whole) in &mut all {
        if *whole {
            // Who was refused meanwhile is told when it reads.
            let _refused = stream.write_all(b"0\r\n\r\n");
        }
        match told(stream) {
            200 => served += 1,
            503 => refused += 1,
            // The refusal was lost to the bytes that nobody took any more: a reset.
            0 if !*whole => refused += 1,
            _ => other += 1,
        }
    }
    drop(all);
    let well = (0..20).filter(|_| {
        let Ok(mut stream) = TcpStream::connect(node.run.data) else { return false };
        let asked = stream.set_read_timeout(Some(ANSWER_WAIT)).and_then(|()| stream.write_all(head.as_bytes()));
        asked.and_then(|()| stream.write_all(b"3\r\nabc\r\n0\r\n\r\n")).is_ok() && told(&mut stream) == 200
    });
    Ok(Memory { well: well.count(), served, refused, other, resident_bytes })
}
