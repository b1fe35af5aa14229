//! A node: what `serve` starts and stops. It opens the store, loads it, listens, and drains; on one screen each.

use crate::backup;
use crate::config::Config;
use crate::config::upstreams::usual_terms;
use crate::credentials::{KnownKeys, RootKey, RunFile, sealing_key};
use crate::edge::control::{CONTROL_BODY_BYTES_MAX, ControlPort, Service};
use crate::edge::{self, Certificates, Lanes, Limits, Packer, Plan, PolicyPlan, TlsPlan, TrustedProxies};
use crate::functions;
use crate::log;
use crate::machine::{Descriptors, bodies_bytes_max, caches_bytes_max};
use crate::runtime::logs::{LogSettings, Logs};
use crate::runtime::{self, Desk, Gateway, GatewaySettings};
use crate::upstreams;
use backends::sqlite::{Directory, SqliteLedger, SqliteStore};
use base::api::dialect::Dialect;
use base::api::dispatch::Catalogue;
use base::api::{
    ApiError, AuthorizerTrial, Entry, FunctionAnswer, FunctionCall, House, LogPage, Progress, Running, Settings, TargetState, Trial, Tried,
    TriedAuthorizer,
};
use base::gate::limit_buffered_bytes;
use base::store::{BoxFuture, Realm, Revision, Sealer, Store};
use base::tally::{Quotas, Rate};
use base::world::{Clock, Day, Ids};
use deliver::aws::{Aws, Environment, Roles};
use deliver::function::Functions;
use deliver::function::host::Host;
use deliver::function::remote::Lambda;
use deliver::upstream::balance::{Health, PeerState, Registry};
use deliver::upstream::{Tls, Upstreams};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How often lines of logs that wait are written.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// Why a node cannot start, or go on, in words that say what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NodeError(pub String);

fn fail(why: impl Into<String>) -> NodeError {
    NodeError(why.into())
}

/// Every operation of AWS's that this program has.
pub fn operations() -> Vec<&'static [Entry]> {
    [admit::OPERATIONS, deliver::OPERATIONS, define::OPERATIONS, publish::OPERATIONS].concat()
}

/// Bytes of a call that brings a function's code: AWS's 50 MB, in base64, with room for the rest.
const CODE_BODY_BYTES_MAX: usize = 70 * 1024 * 1024;

/// Services of AWS's that this program has beside API Gateway.
pub fn services() -> Vec<Service> {
    let body_bytes_max = ("/2015-03-31/functions", CODE_BODY_BYTES_MAX);
    let lambda = Service { name: "lambda", catalogue: Catalogue::new(deliver::LAMBDA_OPERATIONS), dialect: Dialect::Rest, body_bytes_max };
    let spoken = |name, operations, dialect| {
        let body_bytes_max = ("/", CONTROL_BODY_BYTES_MAX);
        Service { name, catalogue: Catalogue::new(operations), dialect, body_bytes_max }
    };
    let (version, namespace) = ("2015-12-01", "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/");
    let (target, dates) = ("Route53AutoNaming_v20170314", &["CreateDate", "UpdateDate"]);
    vec![
        lambda,
        spoken("apigateway", deliver::SECOND_OPERATIONS, Dialect::Rest),
        spoken("elasticloadbalancing", deliver::LOAD_BALANCER_OPERATIONS, Dialect::Query { version, namespace }),
        spoken("servicediscovery", deliver::CLOUD_MAP_OPERATIONS, Dialect::Rpc { target, dates }),
    ]
}

/// A running node.
pub struct Node {
    store: Arc<dyn Store>,
    ledger: Arc<SqliteLedger>,
    gateway: Arc<Gateway>,
    lanes: Arc<Lanes<Desk>>,
    certificates: Option<Arc<Certificates>>,
    port: Arc<ControlPort>,
    control: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
    stop: watch::Sender<bool>,
    root: RootKey,
    host: Host,
    _directory: Arc<Directory>,
}

impl Node {
    /// Opens the store, loads it, and listens.
    pub async fn start(config: &Config) -> Result<Node, NodeError> {
        let words = |why: &dyn std::fmt::Display| fail(why.to_string());
        let (clock, ids) = (Clock::system(), Ids::system());
        if let Some(bytes) = bodies_bytes_max() {
            limit_buffered_bytes(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        let directory = Arc::new(Directory::hold(&config.data_dir).map_err(|why| words(&why))?);
        let in_dir = |why: std::io::Error| fail(format!("{}: {why}", config.data_dir.display()));
        let root = match &config.root_key {
            Some((id, secret)) => RootKey { id: id.clone(), secret: secret.clone() },
            None => RootKey::read_or_make(&config.data_dir, &ids).map_err(in_dir)?,
        };
        let sealer = Arc::new(Sealer::new(&sealing_key(&config.data_dir, &ids).map_err(in_dir)?, ids.clone()));
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&directory, clock.clone(), Default::default()).map_err(|why| words(&why))?);
        let ledger = Arc::new(SqliteLedger::open(&directory).map_err(|why| words(&why))?);
        let quotas = Quotas::new(ledger.clone(), clock.clone(), config.quota_slice);
        let upstream_tls = Arc::new(Tls::new(config.upstream_ca.clone(), clock.clone()));
        let logs = Logs::start(LogSettings {
            folder: config.data_dir.join("logs"),
            access: config.access_log_to.clone(),
            execution: config.execution_log_to.clone(),
            tls: upstream_tls.clone(),
            clock: clock.clone(),
        });
        let logs = logs.map_err(in_dir)?;
        let threads = if config.threads > 0 { config.threads } else { std::thread::available_parallelism().map_or(1, usize::from) };
        let account_rate = (config.account_rate_limit > 0).then(|| Rate::new(config.account_rate_limit as f64, config.account_burst_limit));
        let (host, hosting) = functions::start(config, store.clone(), sealer.clone(), clock.clone(), ids.clone())?;
        let home = Realm::new(&config.account_id, &config.region);
        let keys = Arc::new(KnownKeys::new(&root, &home.account));
        let gateway = Gateway::new(
            store.clone(),
            sealer.clone(),
            clock.clone(),
            quotas,
            logs,
            GatewaySettings {
                account_rate,
                access_log: config.access_log.as_deref().map(Into::into),
                slow_ms: config.slow_ms,
                response_cache_bytes_max: config.response_cache_bytes_max.unwrap_or_else(caches_bytes_max),
                explain_requests_per_thread: config.explain_requests.div_ceil(threads),
                payload_bytes_max: config.payload_bytes_max,
                aws_strict: config.aws_strict,
                usual_terms: usual_terms(config.aws_strict),
            },
            tokio::runtime::Handle::current(),
        );
        let gateway = Arc::new(gateway.with_functions(hosting).knowing(keys.clone()));
        let mut proxies = Vec::new();
        for (prefix, url) in &config.proxies {
            let slot =
                runtime::proxy_slot(url, &gateway.series).map_err(|flaws| fail(format!("proxy {prefix}/={url}: {}", flaws.join("; "))))?;
            proxies.push((prefix.clone(), slot));
        }
        // The longest prefix wins.
        proxies.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        gateway.follow(proxies).await.map_err(|why| words(&why))?;
        upstreams::start(&config.upstreams, &gateway.registry).await?;
        tokio::spawn(Registry::keep(Arc::downgrade(&gateway.registry), upstream_tls.clone()));

        let control = TcpListener::bind(config.control).await.map_err(|why| {
            fail(format!("the control port {} cannot be had: {why}; another cardea (or another program) may listen there", config.control))
        })?;
        let tls = tls_plan(config, &clock)?;
        let certificates = tls.as_ref().map(|tls| tls.certificates.clone());
        let lanes = Arc::new(start_lanes(config, threads, tls, upstream_tls, &gateway, &clock, &host)?);
        let house = House {
            store: store.clone(),
            clock: clock.clone(),
            ids,
            sealer,
            running: Arc::new(Live { gateway: gateway.clone(), lanes: lanes.clone(), host: host.clone(), next: AtomicUsize::new(0) }),
            settings: Settings {
                partition: "aws".into(),
                aws_strict: config.aws_strict,
                public_url: public_url(config, lanes.address()),
                integration_timeout_ms_max: config.integration_timeout_ms_max,
            },
        };
        let port = Arc::new(ControlPort {
            house: Arc::new(house),
            catalogue: Catalogue::new(&operations()),
            services: services(),
            own: Catalogue::new(&[publish::OWN_OPERATIONS, deliver::OWN_OPERATIONS].concat()),
            credentials: keys,
            lanes: lanes.clone(),
            gateway: gateway.clone(),
            clock,
            home,
            pack: Arc::new(packer(directory.clone())),
            dev: config.dev,
            ready: AtomicBool::new(true),
        });
        let stop = watch::Sender::new(false);
        let address = control.local_addr().map_err(in_dir)?;
        let serving = tokio::spawn(port.clone().serve(control, stop.subscribe()));
        let run = RunFile {
            data: lanes.address(),
            data_tls: lanes.tls_address(),
            control: address,
            pid: std::process::id(),
            region: config.region.clone(),
        };
        run.write(&config.data_dir).map_err(in_dir)?;
        flush_logs(&lanes, &gateway.logs);
        let all = [Some(address), Some(lanes.address()), lanes.tls_address()];
        if config.dev && !all.iter().flatten().all(|address| address.ip().is_loopback()) {
            tracing::warn!("dev takes every caller for root, and others can reach this node");
        }
        Ok(Node { store, ledger, gateway, lanes, certificates, port, control: address, serving, stop, root, host, _directory: directory })
    }

    /// Where deployed APIs are.
    pub fn data(&self) -> SocketAddr {
        self.lanes.address()
    }

    /// Where deployed APIs are for TLS, if they are.
    pub fn data_tls(&self) -> Option<SocketAddr> {
        self.lanes.tls_address()
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
    pub async fn until_told_to_stop(self, config: &Config) -> Result<(), NodeError> {
        let no_signals = |why: std::io::Error| fail(format!("signals cannot be watched: {why}"));
        let mut term = signal(SignalKind::terminate()).map_err(no_signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(no_signals)?;
        loop {
            tokio::select! {
                _ = term.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => self.reload().await,
            }
        }
        self.drain(config).await;
        Ok(())
    }

    /// Opens log files anew, and reads certificates again for connections to come.
    pub async fn reload(&self) {
        self.gateway.logs.reopen();
        log::reopen();
        let Some(certificates) = self.certificates.clone() else { return };
        let read = tokio::task::spawn_blocking(move || certificates.reload()).await;
        match read {
            Ok(Ok(())) => tracing::info!("certificates were read anew"),
            Ok(Err(error)) => tracing::error!(%error, "certificates stay as they were, since they cannot be read anew"),
            Err(error) => tracing::error!(%error, "certificates stay as they were"),
        }
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
        let logs = self.gateway.logs.clone();
        // The data threads have handed their last lines over. A panic there is no reason not to close the store.
        let _written = tokio::task::spawn_blocking(move || logs.finish()).await;
        // It ends by itself; a panic there is no reason not to close the store.
        let _ended = self.serving.await;
        self.host.stop().await;
        self.gateway.quotas.close().await;
        self.ledger.close().await;
        self.store.close().await;
        RunFile::remove(&config.data_dir);
        self.gateway.logs.tell_drops();
        tracing::info!("stopped");
    }
}

/// The running half of a node: what is known everywhere, and the data threads for what has to run on one.
struct Live {
    gateway: Arc<Gateway>,
    lanes: Arc<Lanes<Desk>>,
    host: Host,
    /// The thread that the next trial runs on.
    next: AtomicUsize,
}

impl Running for Live {
    fn caught_up(&self, revision: Revision) -> BoxFuture<'_, ()> {
        self.gateway.caught_up(revision)
    }

    fn usage<'a>(&'a self, plan: &'a str, key: Option<&'a str>, first: Day, end: Day) -> BoxFuture<'a, Result<Vec<Progress>, ApiError>> {
        self.gateway.usage(plan, key, first, end)
    }

    fn extend<'a>(&'a self, plan: &'a str, key: &'a str, first: Day, by: i64) -> BoxFuture<'a, Result<i64, ApiError>> {
        self.gateway.extend(plan, key, first, by)
    }

    fn forget<'a>(&'a self, plan: &'a str, key: Option<&'a str>) -> BoxFuture<'a, Result<(), ApiError>> {
        self.gateway.forget(plan, key)
    }

    fn invoke(&self, call: FunctionCall) -> BoxFuture<'_, Option<Result<FunctionAnswer, ApiError>>> {
        Box::pin(functions::invoke(&self.host, call))
    }

    fn try_authorizer(&self, trial: AuthorizerTrial) -> BoxFuture<'_, Result<TriedAuthorizer, ApiError>> {
        Box::pin(self.on_a_thread(async move |desk: Rc<Desk>| desk.try_authorizer(trial).await))
    }

    fn function_log(&self, realm: &Realm, name: &str, after: u64) -> Option<LogPage> {
        functions::log(&self.host, realm, name, after)
    }

    fn targets(&self, group: &str) -> Vec<TargetState> {
        let here = self.gateway.registry.states().into_iter().filter(|state| *state.group == *group);
        let health = |state: &PeerState| match state.health {
            Health::Unknown => None,
            known => Some(known == Health::Healthy),
        };
        here.map(|state| TargetState { health: health(&state), host: state.host, port: state.port, because: state.because }).collect()
    }

    fn flush_cache(&self, api: &str, stage: &str) {
        self.gateway.flush_cache(api, stage);
    }

    /// Compiled off the data threads, run on one of them, as a task of its own: a back end may take its time.
    fn try_out(&self, trial: Trial) -> BoxFuture<'_, Result<Tried, ApiError>> {
        Box::pin(async move {
            let aws_strict = self.gateway.settings.aws_strict;
            let prepared = tokio::task::spawn_blocking(move || runtime::prepare(trial, aws_strict)).await;
            let prepared = prepared.map_err(|why| ApiError::Internal(why.to_string()))??;
            self.on_a_thread(async move |desk: Rc<Desk>| desk.try_out(prepared).await).await
        })
    }
}

impl Live {
    /// Does something on one of the data threads, as a task of its own.
    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl AsyncFnOnce(Rc<Desk>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || ApiError::ServiceUnavailable("Service Unavailable. Please try again later.".into());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let job = move |desk: &Rc<Desk>| {
            let desk = desk.clone();
            tokio::task::spawn_local(async move {
                // Nobody waits any more if the caller has gone.
                let _gone = sender.send(work(desk).await);
            });
        };
        let thread = self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.threads();
        self.lanes.post(thread, Box::new(job)).map_err(|_| busy())?;
        receiver.await.map_err(|_| busy())?
    }
}

/// Where APIs are reached from outside: `None` for AWS's own hosts, which `aws-strict` insists on.
fn public_url(config: &Config, data: SocketAddr) -> Option<Arc<str>> {
    match config.public_url.as_deref() {
        _ if config.aws_strict => None,
        Some("aws") => None,
        Some(url) => Some(url.trim_end_matches('/').into()),
        None if data.ip().is_unspecified() => Some(format!("http://localhost:{}", data.port()).into()),
        None => Some(format!("http://{data}").into()),
    }
}

/// Makes backups, one at a time: they share the names of their drafts.
fn packer(directory: Arc<Directory>) -> Packer {
    let one = Mutex::new(());
    Box::new(move || {
        let _only = one.lock().unwrap_or_else(PoisonError::into_inner);
        backup::pack(directory.path()).map_err(|why| why.to_string())
    })
}

fn tls_plan(config: &Config, clock: &Clock) -> Result<Option<TlsPlan>, NodeError> {
    let Some(address) = config.listen_tls else { return Ok(None) };
    let everybody = PolicyPlan { pairs: config.certificates.clone(), ..PolicyPlan::default() };
    let plans = std::iter::once(everybody).chain(config.tls_policies.iter().cloned()).collect();
    let certificates = Certificates::with(plans, clock.clone()).map_err(|why| fail(why.to_string()))?;
    Ok(Some(TlsPlan { address, certificates: Arc::new(certificates) }))
}

fn start_lanes(
    config: &Config,
    threads: usize,
    tls: Option<TlsPlan>,
    upstream_tls: Arc<Tls>,
    gateway: &Arc<Gateway>,
    clock: &Clock,
    host: &Host,
) -> Result<Lanes<Desk>, NodeError> {
    let descriptors = Descriptors::take();
    let connections_max = config.connections_max.min(descriptors.clients_max);
    if connections_max < config.connections_max {
        // Not louder: the first line of a node's output is where it listens.
        tracing::debug!(connections_max, "the limit of descriptors leaves room for fewer client connections than connections-max");
    }
    let connections_per_thread_max = u32::try_from(connections_max.div_ceil(threads)).unwrap_or(u32::MAX);
    // What streams is bounded apart; what is held whole is bounded where it is held.
    let body_bytes_max = match config.aws_strict {
        true => config.payload_bytes_max,
        false => config.payload_bytes_max.max(config.streamed_bytes_max),
    };
    let head =
        h1::HeadLimits { target_bytes_max: config.url_bytes_max, fields_bytes_max: config.head_bytes_max, ..h1::HeadLimits::default() };
    let (idle_ms, head_ms) = (config.idle_timeout_ms, config.head_timeout_ms);
    let h1 = h1::Limits { head, idle_ms, head_ms, body_bytes_max, ..h1::Limits::default() };
    let client_bytes_per_second_min = config.client_bytes_per_second_min;
    let handed_body_bytes_max = config.payload_bytes_max;
    let limits = Limits { h1, connections_per_thread_max, client_bytes_per_second_min, handed_body_bytes_max, ..Limits::default() };
    let trusted = TrustedProxies::new(config.trusted_proxies.clone());
    let proxy_protocol = config.proxy_protocol;
    let plan = Plan { threads, address: config.listen, tls, trusted, proxy_protocol, node: 0, limits, clock: clock.clone() };
    let gateway = gateway.clone();
    let environment = Environment::of(|name| std::env::var(name).ok());
    let roles = if config.dev { Roles::AssumedWhereStsIsNamed } else { Roles::Assumed };
    let aws = Arc::new(Aws::new(environment, &config.region, roles, clock.clone(), upstream_tls.clone()).map_err(fail)?);
    let functions = Arc::new(Functions::new(host.clone(), Lambda::new(aws), !config.dev));
    let usual = deliver::upstream::Settings::default();
    let idle_max = usual.idle_max.min(descriptors.idle_max.div_ceil(threads));
    let towards_back_ends = h1::Limits { body_bytes_max, ..usual.limits };
    let hosts = config.upstream_http2.as_slice().into();
    let http2 = (!config.aws_strict).then(|| deliver::upstream::Http2 { hosts, ..deliver::upstream::Http2::default() });
    let settings = deliver::upstream::Settings { idle_max, limits: towards_back_ends, http2, ..usual };
    edge::start(plan, move |lane| {
        let upstreams = Upstreams::with_functions(lane.clone(), upstream_tls.clone(), settings.clone(), functions.clone());
        Desk::new(gateway.clone(), Rc::new(upstreams.balancing(gateway.registry.clone())))
    })
    .map_err(|why| fail(why.to_string()))
}

fn flush_logs(lanes: &Arc<Lanes<Desk>>, logs: &Logs) {
    let (lanes, logs) = (Arc::downgrade(lanes), logs.clone());
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(FLUSH_INTERVAL);
        loop {
            ticks.tick().await;
            let Some(lanes) = lanes.upgrade() else { return };
            // A thread that is too busy to take it flushes with its next batch.
            let _busy = lanes.post_all(|_| Box::new(|desk: &Rc<Desk>| desk.tick()));
            logs.tell_drops();
        }
    });
}
