//! Going, and coming again: SIGTERM and SIGHUP under load, and a second program on the same port.

use super::herd::{Herd, Pace, Toll, nonce};
use super::{Ground, Part, get, ms, progress, promise};
use crate::failure::{Outcome, fail};
use rustix::process::Signal;
use serde_json::json;
use std::io::Write;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const CONNECTIONS: usize = 32;
/// Times that everything is done, since each is one chance.
const ROUNDS: usize = 5;
const HANGUPS: usize = 10;
/// Longer than the drain may take.
const END_WAIT: Duration = Duration::from_secs(40);

/// What one end came to.
struct End {
    answers: u64,
    lost: u64,
    first_lost: Option<String>,
    /// Requests on connections of their own, up to the end.
    visitors: u64,
    visitors_lost: u64,
    code: Option<i32>,
    took: Duration,
}

pub(super) fn run(ground: &Ground) -> Outcome<Part> {
    let mut herd = Herd::new(&ground.clock)?;
    let mut broken = Vec::new();
    let rounds = if ground.quick { 2 } else { ROUNDS };
    let mut ends = Vec::new();
    for round in 0..rounds {
        progress(&format!("drain: SIGTERM under load, {} of {rounds}", round + 1));
        ends.push(terminate(ground, &mut herd, round)?);
    }
    for end in &ends {
        let words = format!(
            "{} requests and {} visitors lost, of {} and {}: {:?}",
            end.lost, end.visitors_lost, end.answers, end.visitors, end.first_lost
        );
        promise(&mut broken, end.lost + end.visitors_lost == 0, words);
        promise(&mut broken, end.code == Some(0), format!("it ended with {:?}", end.code));
    }
    let longest = ends.iter().map(|end| end.took).max().unwrap_or_default();
    progress("drain: SIGHUP under load");
    let (answers, lines, hangup_failed) = hang_up(ground, &mut herd)?;
    promise(&mut broken, hangup_failed == 0, format!("{hangup_failed} requests failed while logs rotated"));
    promise(&mut broken, lines == answers, format!("{answers} answers, {lines} lines in {} log files", HANGUPS + 1));
    let second = second(ground)?;
    promise(&mut broken, second.contains("already in use"), format!("a second program on the port said {second:?}"));
    let sum = |of: fn(&End) -> u64| ends.iter().map(of).sum::<u64>();
    let line = format!(
        "{rounds} times SIGTERM: {} answers, {} lost; {} visitors, {} lost; exit 0, at most {:.0} ms; {HANGUPS} times SIGHUP: {answers} answers, \
         {hangup_failed} failed, {lines} lines; a second program: {second:?}",
        sum(|end| end.answers),
        sum(|end| end.lost),
        sum(|end| end.visitors),
        sum(|end| end.visitors_lost),
        ms(longest),
    );
    let figures = json!({"rounds": rounds, "answers": sum(|end| end.answers), "lost": sum(|end| end.lost), "visitors": sum(|end| end.visitors),
        "visitorsLost": sum(|end| end.visitors_lost), "longestMs": ms(longest), "hangups": HANGUPS, "hangupAnswers": answers, "hangupFailed": hangup_failed,
        "logLines": lines});
    Ok(Part { line, figures, broken })
}

fn question(number: u64, request: &mut Vec<u8>) {
    let head = format!("GET /drain/{} HTTP/1.1\r\nHost: a\r\n\r\n", nonce(number));
    request.write_all(head.as_bytes()).expect("a vector takes what is written to it");
}

/// A node is told to go while everybody asks.
fn terminate(ground: &Ground, herd: &mut Herd, round: usize) -> Outcome<End> {
    let settings = [format!("proxy=/=http://127.0.0.1:{}", herd.port())];
    let mut node = ground.node(&format!("drain{round}"), 2, &settings)?;
    let (port, data) = (node.run.data.port(), node.run.data);
    let (mut toll, told_at, begun) = (Toll::default(), AtomicU64::new(0), ground.clock.now());
    let (over, visitors, visitors_lost) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let pace = Pace { port, connections: CONNECTIONS, rest: Duration::ZERO };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Each comes on a connection of its own, until nobody listens any more.
            while !over.load(Ordering::Relaxed) {
                let Ok((status, body)) = get(data, "/drain/visitor", "a") else { return };
                visitors.fetch_add(1, Ordering::Relaxed);
                visitors_lost.fetch_add(u64::from(status != 200 || !body.ends_with("/drain/visitor")), Ordering::Relaxed);
            }
        });
        let mut told = false;
        let ran = herd.run(
            pace,
            question,
            |heard| toll.hear(&heard),
            |now| {
                if !told && now.since(begun) >= Duration::from_millis(1_000) {
                    told = true;
                    told_at.store(now.0, Ordering::Relaxed);
                    node.process.signal(Signal::TERM);
                }
                // It ends once nobody can connect any more.
                now.since(begun) >= END_WAIT
            },
        );
        over.store(true, Ordering::Relaxed);
        ran
    })?;
    let code = node.process.wait(END_WAIT).and_then(|status| status.code());
    let took = ground.clock.now().since(base::world::Moment(told_at.load(Ordering::Relaxed)));
    Ok(End {
        answers: toll.answers,
        lost: toll.broken + toll.wrong,
        first_lost: toll.first_wrong,
        visitors: visitors.load(Ordering::Relaxed),
        visitors_lost: visitors_lost.load(Ordering::Relaxed),
        code,
        took,
    })
}

/// The access log is rotated again and again: answers, lines in all files, failures.
fn hang_up(ground: &Ground, herd: &mut Herd) -> Outcome<(u64, u64, u64)> {
    let settings = [format!("proxy=/=http://127.0.0.1:{}", herd.port()), "access-log=all".to_owned()];
    let mut node = ground.node("hangup", 2, &settings)?;
    let logs = ground.scratch.0.join("hangup").join("logs");
    let (mut toll, mut rotations, begun) = (Toll::default(), 0, ground.clock.now());
    let pace = Pace { port: node.run.data.port(), connections: CONNECTIONS, rest: Duration::from_millis(1) };
    herd.run(
        pace,
        question,
        |heard| toll.hear(&heard),
        |now| {
            if rotations < HANGUPS && now.since(begun) >= Duration::from_millis(300) * (rotations as u32 + 1) {
                rotations += 1;
                // The first lines may not have been written yet.
                let _none_yet = std::fs::rename(logs.join("all.log"), logs.join(format!("all.log.{rotations}")));
                node.process.signal(Signal::HUP);
            }
            now.since(begun) >= Duration::from_millis(300) * (HANGUPS as u32 + 2)
        },
    )?;
    node.process.signal(Signal::TERM);
    node.process.wait(END_WAIT).ok_or_else(|| fail("it did not end"))?;
    let mut lines = 0;
    for file in std::fs::read_dir(&logs)?.flatten() {
        lines += std::fs::read(file.path())?.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    Ok((toll.answers, lines, toll.wrong + toll.broken))
}

/// What a second program says that is to listen on the same port.
fn second(ground: &Ground) -> Outcome<String> {
    let first = ground.node("first", 1, &[])?;
    let mut command = Command::new(&ground.program);
    command.arg("serve").arg("--data-dir").arg(ground.scratch.0.join("second"));
    command.args(["--listen", &first.run.data.to_string(), "--control", "127.0.0.1:0"]);
    for (variable, _) in std::env::vars_os().filter(|(variable, _)| variable.to_string_lossy().starts_with("CARDEA_")) {
        command.env_remove(variable);
    }
    let output = command.output()?;
    if output.status.success() {
        return Err(fail("a second program took the same port"));
    }
    Ok(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned())
}
