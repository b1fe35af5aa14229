//! `cardea serve`: config → open the store → build → serve → drain.

use super::{Failure, Outcome, fail, settings};
use crate::config::Config;
use crate::credentials::{KnownKeys, RootKey, RunFile, sealing_key};
use crate::edge::control::ControlPort;
use crate::edge::{self, Lanes, Limits, Plan};
use crate::runtime::{self, Desk, Gateway, GatewaySettings};
use backends::sqlite::{Directory, SqliteLedger, SqliteStore};
use base::api::dispatch::Catalogue;
use base::api::{Entry, House, Settings};
use base::store::{Realm, Sealer, Store};
use base::tally::{Quotas, Rate};
use base::world::{Clock, Ids};
use clap::ArgMatches;
use deliver::upstream::Upstreams;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Threads of the control runtime.
const CONTROL_THREADS: usize = 2;
/// How often access records that wait are written.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let config = settings(args)?;
    log(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .thread_name("control")
        .enable_all()
        .build()
        .map_err(|why| fail(format!("no runtime: {why}")))?;
    runtime.block_on(async {
        let node = Node::start(&config).await?;
        println!("listening data=http://{} control=http://{}", node.data(), node.control());
        std::io::stdout().flush().map_err(|why| fail(why.to_string()))?;
        node.until_told_to_stop(&config).await
    })
}

/// Every operation this program has.
pub fn operations() -> Vec<&'static [Entry]> {
    [admit::OPERATIONS, define::OPERATIONS, publish::OPERATIONS].concat()
}

/// A running node.
pub struct Node {
    store: Arc<dyn Store>,
    ledger: Arc<SqliteLedger>,
    gateway: Arc<Gateway>,
    lanes: Arc<Lanes<Desk>>,
    port: Arc<ControlPort>,
    control: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
    stop: watch::Sender<bool>,
    root: RootKey,
    _directory: Arc<Directory>,
}

impl Node {
    /// Opens the store, loads it, and listens.
    pub async fn start(config: &Config) -> Result<Node, Failure> {
        let words = |why: &dyn std::fmt::Display| fail(why.to_string());
        let (clock, ids) = (Clock::system(), Ids::system());
        let directory = Directory::hold(&config.data_dir).map_err(|why| words(&why))?;
        let in_dir = |why: std::io::Error| fail(format!("{}: {why}", config.data_dir.display()));
        let root = match &config.root_key {
            Some((id, secret)) => RootKey { id: id.clone(), secret: secret.clone() },
            None => RootKey::read_or_make(&config.data_dir, &ids).map_err(in_dir)?,
        };
        let sealer = Arc::new(Sealer::new(&sealing_key(&config.data_dir, &ids).map_err(in_dir)?, ids.clone()));
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&directory, clock.clone(), Default::default()).map_err(|why| words(&why))?);
        let ledger = Arc::new(SqliteLedger::open(&directory).map_err(|why| words(&why))?);
        let quotas = Quotas::new(ledger.clone(), clock.clone(), config.quota_slice);
        let (access_log, _writer) = runtime::access_log::Writer::start(config.data_dir.join("logs")).map_err(in_dir)?;
        let threads = if config.threads > 0 { config.threads } else { std::thread::available_parallelism().map_or(1, usize::from) };
        let account_rate = (config.account_rate_limit > 0).then(|| Rate::new(config.account_rate_limit as f64, config.account_burst_limit));
        let gateway = Arc::new(Gateway::new(
            store.clone(),
            sealer.clone(),
            clock.clone(),
            quotas,
            access_log,
            GatewaySettings {
                account_rate,
                access_log: config.access_log.as_deref().map(Into::into),
                slow_ms: config.slow_ms,
                explain_requests_per_thread: config.explain_requests.div_ceil(threads),
            },
            tokio::runtime::Handle::current(),
        ));
        let mut proxies = Vec::new();
        for (prefix, url) in &config.proxies {
            let slot = runtime::proxy_slot(url).map_err(|flaws| fail(format!("proxy {prefix}/={url}: {}", flaws.join("; "))))?;
            proxies.push((prefix.clone(), slot));
        }
        // The longest prefix wins.
        proxies.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        gateway.follow(proxies).await.map_err(|why| words(&why))?;

        let control = TcpListener::bind(config.control).await.map_err(|why| {
            fail(format!("the control port {} cannot be had: {why}; another cardea (or another program) may listen there", config.control))
        })?;
        let lanes = Arc::new(start_lanes(config, threads, &gateway, &clock)?);
        let home = Realm::new(&config.account_id, &config.region);
        let house = House {
            store: store.clone(),
            clock: clock.clone(),
            ids,
            sealer,
            running: gateway.clone(),
            settings: Settings { partition: "aws".into(), aws_strict: config.aws_strict },
        };
        let port = Arc::new(ControlPort {
            house: Arc::new(house),
            catalogue: Catalogue::new(&operations()),
            credentials: Arc::new(KnownKeys { root: root.clone(), account: home.account.clone() }),
            lanes: lanes.clone(),
            clock,
            home,
            dev: config.dev,
            ready: AtomicBool::new(true),
        });
        let stop = watch::Sender::new(false);
        let address = control.local_addr().map_err(in_dir)?;
        let serving = tokio::spawn(port.clone().serve(control, stop.subscribe()));
        let run = RunFile { data: lanes.address(), control: address, pid: std::process::id() };
        run.write(&config.data_dir).map_err(in_dir)?;
        flush_access_logs(&lanes);
        if config.dev && !(address.ip().is_loopback() && lanes.address().ip().is_loopback()) {
            tracing::warn!("dev takes every caller for root, and others can reach this node");
        }
        tracing::info!(data = %lanes.address(), control = %address, threads, "serving");
        Ok(Node { store, ledger, gateway, lanes, port, control: address, serving, stop, root, _directory: directory })
    }

    /// Where deployed APIs are.
    pub fn data(&self) -> SocketAddr {
        self.lanes.address()
    }

    /// Where the control API is.
    pub fn control(&self) -> SocketAddr {
        self.control
    }

    /// The key of this node's owner.
    pub fn root(&self) -> &RootKey {
        &self.root
    }

    /// Serves until SIGTERM or SIGINT, then drains.
    pub async fn until_told_to_stop(self, config: &Config) -> Outcome {
        let no_signals = |why: std::io::Error| fail(format!("signals cannot be watched: {why}"));
        let mut term = signal(SignalKind::terminate()).map_err(no_signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(no_signals)?;
        loop {
            tokio::select! {
                _ = term.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => self.gateway.access_log.reopen(),
            }
        }
        self.drain(config).await;
        Ok(ExitCode::SUCCESS)
    }

    /// Lets what runs come to its end, gives unspent quota back, and closes the store.
    pub async fn drain(self, config: &Config) {
        tracing::info!("draining");
        self.port.ready.store(false, Ordering::Relaxed);
        self.stop.send_replace(true);
        let cut = self.lanes.drain(Duration::from_secs(config.drain_seconds)).await;
        if cut > 0 {
            tracing::warn!(connections = cut, "connections were cut off at the end of the drain");
        }
        // It ends by itself; a panic there is no reason not to close the store.
        let _ended = self.serving.await;
        self.gateway.quotas.close().await;
        self.ledger.close().await;
        self.store.close().await;
        RunFile::remove(&config.data_dir);
        let dropped = self.gateway.access_log.dropped();
        if dropped > 0 {
            tracing::warn!(lines = dropped, "access records were dropped, since the disk did not keep up");
        }
        tracing::info!("stopped");
    }
}

fn start_lanes(config: &Config, threads: usize, gateway: &Arc<Gateway>, clock: &Clock) -> Result<Lanes<Desk>, Failure> {
    let mut limits = Limits::default();
    limits.connections_per_thread_max = u32::try_from(config.connections_max.div_ceil(threads)).unwrap_or(u32::MAX);
    limits.h1.idle_ms = config.idle_timeout_ms;
    limits.h1.head_ms = config.head_timeout_ms;
    let plan = Plan { threads, address: config.listen, node: 0, limits, clock: clock.clone() };
    let (gateway, ca) = (gateway.clone(), config.upstream_ca.clone());
    let trust = deliver::upstream::Roots::new(ca).map_err(|why| fail(why.to_string()))?;
    edge::start(plan, move |lane| Desk::new(gateway.clone(), Rc::new(Upstreams::new(lane, trust.clone()))))
        .map_err(|why| fail(why.to_string()))
}

fn flush_access_logs(lanes: &Arc<Lanes<Desk>>) {
    let lanes = Arc::downgrade(lanes);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(FLUSH_INTERVAL);
        loop {
            ticks.tick().await;
            let Some(lanes) = lanes.upgrade() else { return };
            // A thread that is too busy to take it flushes with its next batch.
            let _busy = lanes.post_all(|_| Box::new(|desk: &Rc<Desk>| desk.tick()));
        }
    });
}

/// Starts the diagnostics log: on standard error, as text for people and JSON for machines.
fn log(config: &Config) {
    let json = config.log_json.unwrap_or_else(|| !std::io::stderr().is_terminal());
    let filter = tracing_subscriber::EnvFilter::new(&config.log_level);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (a test, the demo) keeps the first log.
    let _first = if json { builder.json().try_init() } else { builder.try_init() };
}
