//! `cargo xtask bench`: rounds in which everybody does the same work, one after another in an order that is drawn anew.

use crate::catalogue::requests;
use crate::failure::{Outcome, fail};
use crate::load::{Load, Pace, Protocol};
use crate::node::{self, Node, STAGE, host};
use crate::peers::{Field, Peer};
use crate::place::{LOAD_CORE, MEASURED_CORE, Priority, Running, Scratch, move_to, raise_descriptors};
use crate::report::{Round, Row, print, rounded};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::Duration;

/// How to compare.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
    /// Fewer, shorter rounds: for a first look, not for a claim
    #[arg(long)]
    quick: bool,
    /// Whom to measure: cardea, cardea-plain, nginx, nginx-plain, haproxy, haproxy-plain
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// What to measure
    #[arg(long, value_delimiter = ',', default_values_t = ["small", "idle", "10k", "1m", "tls", "http2", "threads"].map(String::from))]
    parts: Vec<String>,
    /// Rounds of small bodies; large bodies take half as many
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds of each round
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Client connections
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Connections held idle
    #[arg(long, default_value_t = 5_000)]
    idle: usize,
    /// A setting of Cardea's as name=value, to see what a feature costs: explain-requests=0. May be given again
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Cargo's profile for Cardea
    #[arg(long, default_value = "release")]
    profile: String,
    /// Priority of everybody, as nice(1) counts; below 0 needs root
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    nice: i32,
}

const ROUNDS_MAX: usize = 100;
const SECONDS_MAX: f64 = 60.0;
/// Less would leave no descriptors to what is measured.
const IDLE_MAX: usize = 9_000;
const SMALL_BYTES: usize = 100;
/// Connections of HTTP/2, and what each has under way.
const HTTP2_CONNECTIONS: usize = 8;
const STREAMS: usize = 16;
const WARM: Duration = Duration::from_millis(400);

impl Options {
    fn wants(&self, part: &str) -> bool {
        self.parts.iter().any(|one| one == part)
    }

    fn rounds(&self) -> usize {
        if self.quick { self.rounds.min(3) } else { self.rounds.clamp(1, ROUNDS_MAX) }
    }

    fn pace(&self, body_bytes: usize, connections: usize, protocol: Protocol) -> Pace {
        let seconds = if self.quick { self.seconds.min(1.0) } else { self.seconds.clamp(0.1, SECONDS_MAX) };
        let at_once = if protocol == Protocol::Http2 { STREAMS } else { 1 };
        Pace { connections, warm: WARM, length: Duration::from_secs_f64(seconds), body_bytes, protocol, at_once }
    }
}

/// Measures, and prints what came of it.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    let program = node::build(&options.profile)?;
    raise_descriptors()?;
    let _priority = Priority::take(options.nice);
    move_to(&[LOAD_CORE])?;
    let scratch = Scratch::new()?;
    let mut load = Load::new()?;
    let mut told = Map::new();
    let field = Field::start(&program, &scratch.0, &mut load, &options.only, &options.settings)?;
    println!(
        "{} rounds, {} connections; measured on core {MEASURED_CORE}, load on core {LOAD_CORE}",
        options.rounds(),
        options.connections
    );
    if options.wants("idle") {
        told.insert("idleBytes".into(), idle(&field, &mut load, options)?);
    }
    let (all, few) = (options.rounds(), options.rounds().div_ceil(2));
    for (part, what, pace, rounds) in [
        ("small", "HTTP/1.1", options.pace(SMALL_BYTES, options.connections, Protocol::Http1), all),
        ("10k", "HTTP/1.1", options.pace(10 * 1024, options.connections, Protocol::Http1), few),
        ("1m", "HTTP/1.1", options.pace(1024 * 1024, options.connections.min(16), Protocol::Http1), few),
        ("tls", "HTTP/1.1 over TLS 1.3", options.pace(SMALL_BYTES, options.connections, Protocol::Tls), few),
        ("http2", "HTTP/2 over TLS 1.3, 16 streams each", options.pace(SMALL_BYTES, HTTP2_CONNECTIONS, Protocol::Http2), few),
    ] {
        if options.wants(part) {
            let rows = rounds_of(&field, &mut load, pace, rounds)?;
            print(&format!("Bodies of {} bytes, {} connections of {what}, one core", pace.body_bytes, pace.connections), &rows);
            told.insert(part.to_owned(), ratios(&rows));
        }
    }
    drop(field);
    if options.wants("threads") {
        told.insert("twoThreads".into(), two_threads(&program, &scratch.0, &mut load, options)?);
    }
    if options.json {
        let ratio = told.get("small").map_or(Value::Null, |small| small["ratio"].clone());
        let mut line = Map::from_iter([("ratio".to_owned(), ratio)]);
        line.extend(told);
        println!("{}", Value::Object(line));
    }
    Ok(())
}

fn rounds_of(field: &Field, load: &mut Load, pace: Pace, rounds: usize) -> Outcome<Vec<Row>> {
    let mut rows: Vec<Row> = field.peers.iter().map(|peer| Row { name: peer.name, rounds: Vec::new() }).collect();
    let mut dice = fastrand::Rng::new();
    for number in 0..rounds {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        dice.shuffle(&mut order);
        for at in order {
            let peer = &field.peers[at];
            rows[at].rounds.push(round(number, peer, &field.processes[peer.process], load, pace)?);
        }
    }
    Ok(rows)
}

fn round(number: usize, peer: &Peer, process: &Running, load: &mut Load, pace: Pace) -> Outcome<Round> {
    peer.empty_log();
    let counted = load.run(&peer.questions, pace, || process.cpu_ns())?;
    if counted.answers == 0 {
        return Err(fail(format!("{} answered nothing in {:.1} s", peer.name, counted.seconds)));
    }
    if peer.log_bytes() == Some(0) {
        return Err(fail(format!("{} wrote no record of its requests", peer.name)));
    }
    let round = Round { number, counted, resident_bytes: process.resident_bytes(), body_bytes: pace.body_bytes };
    peer.empty_log();
    Ok(round)
}

/// What Cardea takes of the others' processor time, and everybody's own figures.
fn ratios(rows: &[Row]) -> Value {
    let row = |name: &str| rows.iter().find(|row| row.name == name);
    let mut ratio = Map::new();
    let pairs = [
        ("cardea", "nginx", "nginx"),
        ("cardea", "haproxy", "haproxy"),
        ("cardea", "nginx-plain", "nginxPlain"),
        ("cardea", "haproxy-plain", "haproxyPlain"),
        ("cardea-plain", "nginx-plain", "plainToNginxPlain"),
        ("cardea-plain", "haproxy-plain", "plainToHaproxyPlain"),
    ];
    for (mine, theirs, name) in pairs {
        if let (Some(mine), Some(theirs)) = (row(mine), row(theirs)) {
            let figure = mine.ratio_to(theirs);
            println!("{} takes {figure:.2} of the processor time of {}", mine.name, theirs.name);
            ratio.insert(name.to_owned(), json!(rounded(figure)));
        }
    }
    let peers: Map<String, Value> = rows.iter().map(|row| (row.name.to_owned(), row.json())).collect();
    json!({"ratio": ratio, "peers": peers})
}

/// Memory of a connection that asked once and is idle.
fn idle(field: &Field, load: &mut Load, options: &Options) -> Outcome<Value> {
    let connections = if options.quick { options.idle.min(1_000) } else { options.idle.clamp(1, IDLE_MAX) };
    let warm = Pace { length: Duration::from_millis(200), ..options.pace(SMALL_BYTES, options.connections, Protocol::Http1) };
    let mut told = Map::new();
    println!("\n{connections} idle connections");
    for peer in &field.peers {
        let process = &field.processes[peer.process];
        load.run(&peer.questions, warm, || 0)?;
        let before = process.resident_bytes();
        let mut after = before;
        let held = load.hold(&peer.questions, connections, || after = process.resident_bytes())?;
        let each = after.saturating_sub(before) / held.max(1) as u64;
        println!("{:<14}{each:>9} bytes each, {:>8.1} MB before", peer.name, before as f64 / 1e6);
        told.insert(peer.name.to_owned(), json!(each));
        peer.empty_log();
    }
    Ok(Value::Object(told))
}

/// Two data threads on two cores, which the load shares: what a whole small machine does.
fn two_threads(program: &Path, folder: &Path, load: &mut Load, options: &Options) -> Outcome<Value> {
    let node = Node::start(program, folder, "two-threads", 2, &options.settings)?;
    let api = node.set_up(load.port())?;
    let before = format!("/{STAGE}");
    let questions = crate::load::Questions { port: node.run.data.port(), tls_port: 0, requests: requests(&host(&api), &before) };
    move_to(&[MEASURED_CORE, LOAD_CORE])?;
    let log = folder.join("two-threads/logs/bench.log");
    let mut row = Row { name: "cardea", rounds: Vec::new() };
    for number in 0..options.rounds().div_ceil(2) {
        let counted = load.run(&questions, options.pace(SMALL_BYTES, options.connections, Protocol::Http1), || node.process.cpu_ns())?;
        let resident_bytes = node.process.resident_bytes();
        row.rounds.push(Round { number, counted, resident_bytes, body_bytes: SMALL_BYTES });
        // It is written to by appending.
        let _unwritten = std::fs::File::options().write(true).open(&log).and_then(|log| log.set_len(0));
    }
    move_to(&[LOAD_CORE])?;
    let told = row.json();
    print("Two data threads on two cores, which the load shares", &[row]);
    Ok(told)
}
