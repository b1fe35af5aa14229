//! `cargo xtask calm`: faults and load that must not hurt. Each part starts a node of its own, does it harm, and looks at what ordinary
//! clients notice of it. A promise that is broken makes the run fail. The parts and what they promise are told in `docs/benchmarks.md`.

mod back_end;
mod backends;
mod drain;
mod herd;
mod scarce;
mod slow;
mod swaps;
mod witness;

use crate::failure::{Outcome, fail};
use crate::node::{self, Launch, Node};
use crate::place::{LOAD_CORE, MEASURED_CORE, Scratch, move_to, raise_descriptors};
use base::world::Clock;
use serde_json::{Map, Value, json};
use std::io::{IsTerminal, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use back_end::{Options as BackEndOptions, run as run_back_end};

/// What to do to it.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
    /// Less of everything: for a first look
    #[arg(long)]
    quick: bool,
    /// Which harm to do
    #[arg(long, value_delimiter = ',', default_values_t = ["swaps", "slow", "scarce", "backends", "drain"].map(String::from))]
    parts: Vec<String>,
    /// Changes of configuration
    #[arg(long, default_value_t = 1_000)]
    swaps: usize,
    /// Slow clients at once
    #[arg(long, default_value_t = 2_000)]
    slow: usize,
}

const SWAPS_MAX: usize = 100_000;
/// Each has a descriptor here, one in the node, and perhaps one more to the back end at both.
const SLOW_MAX: usize = 6_000;
/// How long the node has for one answer to us.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// What the parts share.
struct Ground {
    program: PathBuf,
    scratch: Scratch,
    clock: Clock,
    quick: bool,
    swaps: usize,
    slow: usize,
}

/// What came of a part.
struct Part {
    /// For people.
    line: String,
    figures: Value,
    /// The promises that were broken, in words.
    broken: Vec<String>,
}

/// Does harm, and tells what came of it.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    let program = node::build("release")?;
    raise_descriptors()?;
    move_to(&[LOAD_CORE])?;
    let ground = Ground {
        program,
        scratch: Scratch::new()?,
        clock: Clock::system(),
        quick: options.quick,
        swaps: if options.quick { options.swaps.min(200) } else { options.swaps.clamp(10, SWAPS_MAX) },
        slow: if options.quick { options.slow.min(300) } else { options.slow.clamp(3, SLOW_MAX) },
    };
    let (mut told, mut broken) = (Map::new(), 0);
    for name in &options.parts {
        let part = match name.as_str() {
            "swaps" => swaps::run(&ground),
            "slow" => slow::run(&ground),
            "scarce" => scarce::run(&ground),
            "backends" => backends::run(&ground),
            "drain" => drain::run(&ground),
            other => return Err(fail(format!("there is no part {other}"))),
        };
        progress("");
        let part = part.map_err(|why| fail(format!("{name}: {why}")))?;
        println!("{name}: {}", part.line);
        part.broken.iter().for_each(|promise| println!("  BROKEN: {promise}"));
        broken += part.broken.len();
        let mut figures = part.figures;
        figures["broken"] = json!(part.broken);
        told.insert(name.clone(), figures);
    }
    if options.json {
        println!("{}", Value::Object(told));
    }
    if broken > 0 { Err(fail(format!("{broken} promises were broken"))) } else { Ok(()) }
}

impl Ground {
    /// A node on both cores with so many data threads.
    fn node(&self, name: &str, threads: usize, settings: &[String]) -> Outcome<Node> {
        self.limited(name, threads, settings, None)
    }

    /// One that a shell starts after it has said this, as `ulimit -n 100`.
    fn limited(&self, name: &str, threads: usize, settings: &[String], limits: Option<&str>) -> Outcome<Node> {
        let cores = &[MEASURED_CORE, LOAD_CORE];
        Launch { program: &self.program, folder: &self.scratch.0, name, threads, cores, limits, settings }.start()
    }

    /// The diagnostics log of a node.
    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.scratch.0.join(format!("{name}.err"))).unwrap_or_default()
    }
}

/// Tells how far a part is, to somebody who watches.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}

/// Sees to it that a promise is kept.
fn promise(broken: &mut Vec<String>, kept: bool, words: impl Into<String>) {
    if !kept {
        broken.push(words.into());
    }
}

/// The value of a metric, with its labels as they are printed.
fn metric(node: &Node, name: &str) -> Outcome<f64> {
    let (status, page) = get(node.run.control, "/metrics", "localhost")?;
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    value.ok_or_else(|| fail(format!("/metrics answered {status} and has no {name}")))
}

/// A plain GET on a connection of its own: status and everything behind the head.
fn get(to: SocketAddr, target: &str, host: &str) -> Outcome<(u16, String)> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(ANSWER_WAIT))?;
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    // What came before a reset counts.
    let _reset = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok((status, answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned()))
}

fn ms(span: Duration) -> f64 {
    span.as_micros() as f64 / 1000.0
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
