//! Back ends that misbehave, and die: AWS's answers, nothing mixed up, nothing left behind.

use super::back_end::FAULTS;
use super::herd::{Herd, News, Pace, nonce};
use super::{Ground, Part, mb, progress, promise};
use crate::failure::{Outcome, fail};
use crate::node::{Node, STAGE, host, id};
use crate::place::{LOAD_CORE, Output, Running};
use memchr::memmem;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CONNECTIONS: usize = 32;
/// Of so many requests one asks for a fault; the others are to be answered well.
const FAULT_EVERY: u64 = 6;
/// How long an integration may take.
const TIMEOUT_MS: u32 = 500;
const KILLS: usize = 5;
/// How long that may take.
const KILLING_MAX: Duration = Duration::from_secs(60);
/// How long the node has to let go of what it held.
const SETTLE: Duration = Duration::from_secs(3);
const GROWTH_BYTES_MAX: u64 = 4_000_000;

/// What became of the requests of one phase.
#[derive(Default)]
struct Outcomes {
    /// The back end may die at any byte.
    is_mortal: bool,
    good: u64,
    /// Refused as AWS refuses, by status.
    refused: BTreeMap<u16, u64>,
    /// Cut off, where the back end cut its answer off.
    cut: u64,
    /// Refused or cut off, though the back end answers such requests well.
    lost: u64,
    /// Someone else's answer, or none that AWS gives.
    wrong: u64,
    first_wrong: Option<String>,
    first_lost: Option<String>,
}

pub(super) fn run(ground: &Ground) -> Outcome<Part> {
    let node = ground.node("backends", 1, &[])?;
    let (back_end, port) = start(ground, 0)?;
    let api = set_up(&node, port)?;
    let mut herd = Herd::new(&ground.clock)?;
    let span = Duration::from_secs(if ground.quick { 3 } else { 10 });
    let mut broken = Vec::new();
    let descriptors = node.process.descriptors();

    progress("backends: faults");
    let first = phase(ground, &mut herd, &node, &api, span, || false)?;
    let early = node.process.resident_bytes();
    progress("backends: faults again, for what they leave");
    let second = phase(ground, &mut herd, &node, &api, span, || false)?;
    let late = node.process.resident_bytes();
    progress("backends: killed under load, and started again");
    let done = AtomicBool::new(false);
    let (killed, back_end) = std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            let mut living = back_end;
            for _ in 0..KILLS {
                std::thread::sleep(Duration::from_millis(500));
                living.kill();
                std::thread::sleep(Duration::from_millis(200));
                living = start(ground, port)?.0;
            }
            std::thread::sleep(Duration::from_millis(500));
            done.store(true, Ordering::Relaxed);
            Ok::<_, crate::failure::Failure>(living)
        });
        // It ends also when the killer could not go on.
        let phase = phase(ground, &mut herd, &node, &api, KILLING_MAX, || done.load(Ordering::Relaxed));
        let living = killer.join().map_err(|_| fail("the killer panicked"))??;
        Ok::<_, crate::failure::Failure>((phase?, living))
    })?;
    progress("backends: all well again");
    let well = {
        let mut outcomes = Outcomes::default();
        ask(ground, &mut herd, &node, &api, Duration::from_secs(1), |_| "ok", &mut outcomes, || false)?;
        outcomes
    };
    back_end.kill();
    std::thread::sleep(SETTLE);
    let left = node.process.descriptors();

    for (name, outcomes) in [("faults", &first), ("faults again", &second), ("well again", &well)] {
        let first = outcomes.first_wrong.as_deref().or(outcomes.first_lost.as_deref()).unwrap_or("-");
        let words = format!("{name}: {} wrong, {} lost: {first}", outcomes.wrong, outcomes.lost);
        promise(&mut broken, outcomes.wrong == 0 && outcomes.lost == 0, words);
    }
    let words = format!("killed: {} wrong: {}", killed.wrong, killed.first_wrong.as_deref().unwrap_or("-"));
    promise(&mut broken, killed.wrong == 0, words);
    promise(&mut broken, left <= descriptors, format!("{descriptors} descriptors before, {left} after"));
    promise(&mut broken, late.saturating_sub(early) < GROWTH_BYTES_MAX, format!("memory grew from {:.1} to {:.1} MB", mb(early), mb(late)));
    let told = |one: &Outcomes| {
        let refused: Vec<String> = one.refused.iter().map(|(status, count)| format!("{count} x {status}")).collect();
        format!("{} good, {}, {} cut with their back end, {} lost, {} wrong", one.good, refused.join(" "), one.cut, one.lost, one.wrong)
    };
    let line = format!(
        "faults: {}; {KILLS} kills: {}; descriptors {descriptors} before, {left} after; resident {:.1} then {:.1} MB",
        told(&second),
        told(&killed),
        mb(early),
        mb(late)
    );
    let figures = |one: &Outcomes| json!({"good": one.good, "refused": one.refused, "cut": one.cut, "lost": one.lost, "wrong": one.wrong});
    let figures = json!({"faults": figures(&second), "killed": figures(&killed), "kills": KILLS, "descriptors": [descriptors, left],
        "residentBytes": [early, late]});
    Ok(Part { line, figures, broken })
}

fn start(ground: &Ground, port: u16) -> Outcome<(Running, u16)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["back-end", "--port", &port.to_string()]);
    let mut process = Running::start(&mut command, &[LOAD_CORE], &ground.scratch.0, "back-end", Output::Piped)?;
    let mut line = String::new();
    BufReader::new(process.output().ok_or_else(|| fail("the back end's output is not piped"))?).read_line(&mut line)?;
    let port = line.trim().parse().map_err(|_| fail("the back end did not start"))?;
    Ok((process, port))
}

fn set_up(node: &Node, back_end: u16) -> Outcome<String> {
    let any = json!({
        "parameters": [{"name": "proxy", "in": "path", "required": true, "schema": {"type": "string"}}],
        "x-amazon-apigateway-integration": {
            "type": "http_proxy", "httpMethod": "ANY", "uri": format!("http://127.0.0.1:{back_end}/{{proxy}}"),
            "timeoutInMillis": TIMEOUT_MS, "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy"},
        },
    });
    let definition = json!({
        "openapi": "3.0.1",
        "info": {"title": "backends", "version": "1"},
        "paths": {"/{proxy+}": {"x-amazon-apigateway-any-method": any}},
    });
    let api = id(&node.call("POST", "/restapis?mode=import", &definition)?)?;
    node.deploy(&api)?;
    Ok(api)
}

/// Requests of which some ask for a fault, each fault as often.
fn phase(ground: &Ground, herd: &mut Herd, node: &Node, api: &str, span: Duration, enough: impl Fn() -> bool) -> Outcome<Outcomes> {
    let mut outcomes = Outcomes { is_mortal: span == KILLING_MAX, ..Outcomes::default() };
    let fault =
        |number: u64| if number.is_multiple_of(FAULT_EVERY) { FAULTS[(number / FAULT_EVERY) as usize % FAULTS.len()] } else { "ok" };
    ask(ground, herd, node, api, span, fault, &mut outcomes, enough)?;
    Ok(outcomes)
}

#[expect(clippy::too_many_arguments, reason = "it is asked from two places, and each of these is one thing")]
fn ask(
    ground: &Ground,
    herd: &mut Herd,
    node: &Node,
    api: &str,
    span: Duration,
    fault: impl Fn(u64) -> &'static str,
    outcomes: &mut Outcomes,
    enough: impl Fn() -> bool,
) -> Outcome<()> {
    let (begun, host) = (ground.clock.now(), host(api));
    let pace = Pace { port: node.run.data.port(), connections: CONNECTIONS, rest: Duration::ZERO };
    herd.run(
        pace,
        |number, request| {
            let (fault, nonce) = (fault(number), nonce(number));
            let (verb, body) = if fault == "early" { ("POST", "Content-Length: 3\r\n\r\nabc") } else { ("GET", "\r\n") };
            let head = format!("{verb} /{STAGE}/{fault}/{nonce} HTTP/1.1\r\nHost: {host}\r\n{body}");
            request.write_all(head.as_bytes()).expect("a vector takes what is written to it");
        },
        |heard| outcomes.hear(fault(heard.nonce), heard.nonce, &heard.news),
        |now| now.since(begun) >= span || enough(),
    )
}

impl Outcomes {
    fn hear(&mut self, fault: &str, number: u64, news: &News<'_>) {
        let is_cut = matches!(fault, "reset" | "short");
        let is_refused = matches!(fault, "hang" | "garbage" | "nothing");
        // A request with a body that met a connection on its deathbed is not sent twice.
        let is_once = fault == "early";
        match news {
            News::Answer { status: 200, body } if !is_cut && !is_refused && memmem::find(body, nonce(number).as_bytes()).is_some() => {
                self.good += 1
            }
            News::Answer { status, body } if is_refusal(fault, self.is_mortal, *status, body) => {
                *self.refused.entry(*status).or_default() += 1;
                self.lost += u64::from(!is_cut && !is_refused && !is_once);
            }
            News::Broken { .. } if is_cut => self.cut += 1,
            News::Broken { heard_bytes } => {
                self.lost += 1;
                self.first_lost.get_or_insert_with(|| format!("/{fault}/{}: cut off after {heard_bytes} bytes", nonce(number)));
            }
            News::Answer { status, body } => {
                self.wrong += 1;
                self.first_wrong.get_or_insert_with(|| {
                    format!("/{fault}/{}: {status} {:?}", nonce(number), String::from_utf8_lossy(&body[..body.len().min(200)]))
                });
            }
            News::Refused => {
                self.wrong += 1;
                self.first_wrong.get_or_insert_with(|| "the node refused a connection".to_owned());
            }
        }
    }
}

/// Is this how AWS tells of a back end that failed?
fn is_refusal(fault: &str, is_mortal: bool, status: u16, body: &[u8]) -> bool {
    match (status, body) {
        (504, br#"{"message":"Endpoint request timed out"}"#) => fault == "hang",
        (504, br#"{"message":"Network error communicating with endpoint"}"#) => true,
        (502, br#"{"message": "Internal server error"}"# | br#"{"message":"Internal server error"}"#) => {
            is_mortal || matches!(fault, "garbage" | "reset" | "short")
        }
        _ => false,
    }
}
