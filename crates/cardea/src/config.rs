//! Every setting of the process: one table, one struct. A flag beats the environment beats `cardea.toml` beats the default, and each
//! value knows where it came from. A name that is not in the table is an error that tells the nearest one that is.

mod policies;
pub(crate) mod upstreams;

use crate::edge::{CERTIFICATES_MAX, NETWORKS_MAX, Network, Pair, PolicyPlan};
use crate::runtime::logs::Destinations;
use deliver::upstream::HostPort;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// One setting.
pub struct Setting {
    /// As a flag (`--data-dir`), in `cardea.toml` (`data-dir`), and in the environment (`CARDEA_DATA_DIR`).
    pub name: &'static str,
    /// What it is when nobody says; `None` when it is worked out.
    pub default: Option<&'static str>,
    /// One line for people, with unit and bounds.
    pub help: &'static str,
    /// Never printed.
    pub secret: bool,
}

const fn setting(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, default: Some(default), help, secret: false }
}

const fn open(name: &'static str, help: &'static str) -> Setting {
    Setting { name, default: None, help, secret: false }
}

const fn secret(name: &'static str, help: &'static str) -> Setting {
    Setting { name, default: None, help, secret: true }
}

/// All settings, in the order in which `cardea config` prints them.
pub const SETTINGS: &[Setting] = &[
    open("data-dir", "where everything is kept [default: $XDG_DATA_HOME/cardea, else ~/.local/share/cardea]"),
    setting("listen", "127.0.0.1:8080", "the data port: deployed APIs"),
    open("listen-tls", "the data port for TLS [default: none]"),
    open(
        "tls-certificate",
        "a PEM file of a certificate and its chain; several, separated by spaces, are chosen by the name clients ask for",
    ),
    open("tls-key", "the PEM file of the certificate's key; as many as there are certificates, in their order"),
    open("trusted-proxies", "networks whose X-Forwarded-For is believed, as 10.0.0.0/8; several, separated by spaces"),
    setting("proxy-protocol", "off", "on: each connection to a data port must begin with a PROXY header, version 1 or 2"),
    setting("control", "127.0.0.1:4566", "the control port: the AWS wire protocols"),
    setting("store", "sqlite", "where records are kept: sqlite (others come with clusters)"),
    setting("tally", "local", "where quotas are counted: local (others come with clusters)"),
    open("proxy", "PREFIX=URL: a back end behind every host that no API claims; several, separated by spaces"),
    setting("dev", "false", "take any signature, or none, on the control port; loopback only"),
    setting("dev-listen-any", "false", "allow dev on addresses that others can reach"),
    setting("region", "us-east-1", "the region of callers that name none"),
    setting("account-id", "000000000000", "the account of this installation: twelve digits"),
    open("root-access-key-id", "the root key [default: made at the first start, kept in the data directory]"),
    secret("root-secret-access-key", "the root key's secret"),
    setting("profile", "extended", "extended, or aws-strict: AWS's limits, and nothing that AWS has not"),
    open("public-url", "the URL that exported definitions name, or aws for AWS's own hosts [default: the data port]"),
    open("upstream-ca", "a PEM file of certificates to trust towards back ends, besides the system's"),
    open(
        "upstream-http2",
        "HOST or HOST:PORT of back ends that HTTP_PROXY calls in HTTP/2 (gRPC calls always are); several, separated by spaces",
    ),
    setting("threads", "0", "data threads; 0 for one for each core"),
    setting("log-level", "info", "error, warn, info, debug or trace"),
    setting("log-format", "auto", "json, text, or auto: text on a terminal, json elsewhere"),
    open("log-file", "a file for the diagnostics log, opened anew on SIGHUP [default: standard error]"),
    setting("access-log", "off", "name of an access log of every request, or off"),
    setting(
        "access-log-to",
        "file",
        "where access logs go: file (DIR/logs/NAME.log), stdout, or the URL of a collector; NAME=… for one log; several, separated by spaces",
    ),
    setting("execution-log-to", "file", "where execution logs go, the same way; API/STAGE=… for one log"),
    setting("account-rate-limit", "10000", "requests a second of an account in a region, as AWS's default; 0 for no limit"),
    setting("account-burst-limit", "5000", "requests at once of an account in a region"),
    setting("quota-slice", "100", "units of a quota that a crash may cost a key at most, 1 to 100"),
    setting("explain-requests", "10000", "requests remembered for explain"),
    setting("head-bytes-max", "10240", "bytes of a request's header lines, as AWS has it; more is 431"),
    setting("url-bytes-max", "10240", "bytes of a request's path and query, as AWS has it; more is 414"),
    setting(
        "payload-bytes-max",
        "10485760",
        "bytes of a body that is held whole, or under aws-strict of any body, as AWS has it; more is 413",
    ),
    setting(
        "streamed-bytes-max",
        "5368709120",
        "bytes of a body that streams through a proxy integration; under aws-strict payload-bytes-max holds",
    ),
    open("response-cache-mb", "megabytes that the response caches of all stages may hold [default: a quarter of the memory]"),
    setting("slow-ms", "1000", "milliseconds from which on a request is remembered as slow"),
    setting(
        "integration-timeout-ms-max",
        "29000",
        "milliseconds an integration may be given: AWS's quota, raised here at will (to 900000)",
    ),
    setting(
        "function-python",
        "python3",
        "the Python that runs functions, by awslambdaric where that is installed in it, else by a client of ours",
    ),
    setting(
        "function-node",
        "aws-lambda-ric",
        "what runs Node functions that do not bring aws-lambda-ric along; where it is not there, node with a client of ours",
    ),
    setting("function-user", "nobody", "whom functions run as when we are root: a name or a number; root for ourselves"),
    setting("function-processes", "0", "processes of all functions at once; 0 for sixteen for each core"),
    setting("function-idle-seconds", "600", "how long a function's process may be idle"),
    setting("drain-seconds", "30", "how long running requests may take after SIGTERM"),
    setting("connections-max", "100000", "client connections at once on the data port"),
    setting("idle-timeout-ms", "310000", "how long a client connection may be idle (AWS: 310 s)"),
    setting("head-timeout-ms", "10000", "how long a request's head may take to arrive"),
    setting(
        "client-bytes-per-second-min",
        "1024",
        "how fast a client must send a body or take an answer, beyond 20 s of grace in all; 0 for any pace",
    ),
];

/// Names that begin like settings and are none: read by the tests alone.
const NOT_SETTINGS: &[&str] = &["CARDEA_CORPORA"];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag,
    Environment(String),
    File(PathBuf),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => f.write_str("flag"),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// What is wrong with a setting, in words that say what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// The values of all settings, each with its origin.
#[derive(Clone, Debug)]
pub struct Values {
    known: BTreeMap<&'static str, (String, Origin)>,
    /// From the file alone: sections have no place in flags.
    policies: Vec<PolicyPlan>,
    upstreams: Vec<toml::Table>,
}

impl Values {
    /// Joins the layers: flags, environment, the first `cardea.toml` of `files` that is there, defaults.
    pub fn join(
        flags: &[(&str, String)],
        environment: impl Iterator<Item = (String, String)>,
        files: &[PathBuf],
    ) -> Result<Values, ConfigError> {
        let (mut values, mut policies, mut upstreams) = (BTreeMap::new(), Vec::new(), Vec::new());
        for setting in SETTINGS {
            if let Some(default) = setting.default {
                values.insert(setting.name, (default.to_owned(), Origin::Default));
            }
        }
        if let Some(path) = files.iter().find(|path| path.exists()) {
            let plain;
            (plain, policies, upstreams) = read_file(path)?;
            for (name, value) in plain {
                values.insert(known(&name, &format!("{} in {}", name, path.display()))?, (value, Origin::File(path.clone())));
            }
        }
        for (variable, value) in environment {
            let Some(rest) = variable.strip_prefix("CARDEA_") else { continue };
            if NOT_SETTINGS.contains(&variable.as_str()) {
                continue;
            }
            let name = known(&rest.to_ascii_lowercase().replace('_', "-"), &variable)?;
            values.insert(name, (value, Origin::Environment(variable)));
        }
        for (name, value) in flags {
            values.insert(known(name, &format!("--{name}"))?, (value.clone(), Origin::Flag));
        }
        Ok(Values { known: values, policies, upstreams })
    }

    /// The value of a setting, if it has one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(|(value, _)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value of a setting and where it came from.
    pub fn with_origin(&self, name: &str) -> Option<(&str, &Origin)> {
        self.known.get(name).map(|(value, origin)| (value.as_str(), origin))
    }

    /// Whether somebody has said what a setting is.
    pub fn is_given(&self, name: &str) -> bool {
        self.with_origin(name).is_some_and(|(_, origin)| *origin != Origin::Default)
    }

    /// Sets a setting, whatever was said of it.
    pub fn insist(&mut self, name: &'static str, value: String) {
        self.known.insert(name, (value, Origin::Flag));
    }

    fn number(&self, name: &str, least: u64, most: u64) -> Result<u64, ConfigError> {
        let text = self.text(name).unwrap_or("0");
        let number: Option<u64> = text.parse().ok();
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| ConfigError(format!("{name} is {text:?}: it must be a whole number from {least} to {most}")))
    }

    fn flag(&self, name: &str) -> Result<bool, ConfigError> {
        match self.text(name).unwrap_or("false") {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            other => Err(ConfigError(format!("{name} is {other:?}: it must be true or false"))),
        }
    }

    fn address(&self, name: &str) -> Result<SocketAddr, ConfigError> {
        let text = self.text(name).unwrap_or_default();
        let spelled = text.replace("localhost:", "127.0.0.1:");
        let spelled = if spelled.starts_with(':') { format!("127.0.0.1{spelled}") } else { spelled };
        spelled.parse().map_err(|_| ConfigError(format!("{name} is {text:?}: it must be an address and a port, as in 127.0.0.1:8080")))
    }

    fn one_of(&self, name: &str, words: &[&str]) -> Result<String, ConfigError> {
        let text = self.text(name).unwrap_or_default();
        if words.contains(&text) {
            return Ok(text.to_owned());
        }
        Err(ConfigError(format!("{name} is {text:?}: it must be one of {}", words.join(", "))))
    }
}

/// The table's name for a name, or an error with the nearest.
fn known(name: &str, said: &str) -> Result<&'static str, ConfigError> {
    let spelled = name.replace('_', "-");
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.name == spelled) {
        return Ok(setting.name);
    }
    let nearest = SETTINGS.iter().min_by_key(|setting| distance(setting.name, &spelled)).map_or("", |setting| setting.name);
    // It is named in the spelling of the place where it stands.
    let nearest = match said {
        said if said.starts_with("CARDEA_") => format!("CARDEA_{}", nearest.to_ascii_uppercase().replace('-', "_")),
        said if said.starts_with("--") => format!("--{nearest}"),
        _ if name.contains('_') => nearest.replace('-', "_"),
        _ => nearest.to_owned(),
    };
    Err(ConfigError(format!("there is no setting {said}; the nearest is {nearest} (`cardea config` lists them all)")))
}

fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (n, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = n + 1;
        for (m, y) in b.bytes().enumerate() {
            let change = corner + usize::from(x != y);
            corner = row[m + 1];
            row[m + 1] = change.min(row[m] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

/// What a file says: plain values by name, and sections.
type Said = (Vec<(String, String)>, Vec<PolicyPlan>, Vec<toml::Table>);

fn read_file(path: &Path) -> Result<Said, ConfigError> {
    let wrong = |why: String| ConfigError(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|why| wrong(why.to_string()))?;
    let mut table: toml::Table = text.parse().map_err(|why: toml::de::Error| wrong(why.to_string()))?;
    let policies = policies::take(&mut table, path)?;
    let upstreams = upstreams::take(&mut table, path)?;
    let plain = |(name, value): (String, toml::Value)| {
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Array(items) => {
                let texts: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
                texts.ok_or_else(|| wrong(format!("{name} must be a list of strings")))?.join(" ")
            }
            toml::Value::Table(_) => return Err(wrong(format!("{name} must be a plain value"))),
            other => other.to_string(),
        };
        Ok((name, value))
    };
    Ok((table.into_iter().map(plain).collect::<Result<_, _>>()?, policies, upstreams))
}

/// The settings, read and checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub listen_tls: Option<SocketAddr>,
    /// What is shown there; the first is for clients that name no host we know.
    pub certificates: Vec<Pair>,
    /// Names that have TLS terms of their own.
    pub tls_policies: Vec<PolicyPlan>,
    /// Targets behind the ARNs that private integrations name.
    pub upstreams: Vec<upstreams::UpstreamPlan>,
    pub trusted_proxies: Vec<Network>,
    pub proxy_protocol: bool,
    pub control: SocketAddr,
    /// Prefix (without a slash at its end) and URL.
    pub proxies: Vec<(String, String)>,
    pub dev: bool,
    pub region: String,
    /// Whether somebody set the region, and not the default did.
    pub region_is_set: bool,
    pub account_id: String,
    pub root_key: Option<(String, String)>,
    pub aws_strict: bool,
    pub public_url: Option<String>,
    pub upstream_ca: Option<PathBuf>,
    /// Back ends that are spoken to in HTTP/2; none under `aws_strict`.
    pub upstream_http2: Vec<HostPort>,
    pub threads: usize,
    pub log_level: String,
    pub log_json: Option<bool>,
    /// Where the diagnostics log goes, instead of standard error.
    pub log_file: Option<PathBuf>,
    pub access_log: Option<String>,
    pub access_log_to: Destinations,
    pub execution_log_to: Destinations,
    pub account_rate_limit: u64,
    pub account_burst_limit: u32,
    pub quota_slice: u32,
    pub explain_requests: usize,
    pub slow_ms: u64,
    /// Bytes of header lines, and of path and query.
    pub head_bytes_max: u32,
    pub url_bytes_max: u32,
    /// Bytes of a body that is held whole.
    pub payload_bytes_max: u64,
    /// Bytes of a body that streams.
    pub streamed_bytes_max: u64,
    /// Bytes that the response caches of all stages may hold; `None` for a share of the memory.
    pub response_cache_bytes_max: Option<u64>,
    pub integration_timeout_ms_max: u32,
    pub function_python: String,
    pub function_node: String,
    pub function_user: String,
    pub function_processes: usize,
    pub function_idle_seconds: u64,
    pub drain_seconds: u64,
    pub connections_max: usize,
    pub idle_timeout_ms: u32,
    pub head_timeout_ms: u32,
    pub client_bytes_per_second_min: u32,
}

const DATA_THREADS_MAX: u64 = 255;
/// Each is compared with the target of each call.
const UPSTREAM_HTTP2_MAX: usize = 64;

impl Config {
    /// Reads and checks the values.
    pub fn read(values: &Values, home: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let refuse_url = |name: &str, works: &str| match values.text(name) {
            Some(text) if text == works => Ok(()),
            other => Err(ConfigError(format!(
                "{name} is {:?}: only {works} works in this release; PostgreSQL and Redis come with clusters",
                other.unwrap_or_default()
            ))),
        };
        refuse_url("store", "sqlite")?;
        refuse_url("tally", "local")?;
        let (listen, control) = (values.address("listen")?, values.address("control")?);
        let (listen_tls, certificates) = tls(values)?;
        let dev = values.flag("dev")?;
        let is_private = [Some(control), Some(listen), listen_tls].iter().flatten().all(|address| address.ip().is_loopback());
        if dev && !is_private && !values.flag("dev-listen-any")? {
            return Err(ConfigError(format!(
                "dev takes every caller for root, so it listens on loopback only, not on {control} and {listen}; \
                 set dev-listen-any to insist"
            )));
        }
        if !control.ip().is_loopback() && !dev {
            return Err(ConfigError(format!(
                "the control port must listen on loopback, not on {control}: elsewhere it needs TLS, which comes with the next release"
            )));
        }
        let account_id = values.text("account-id").unwrap_or_default().to_owned();
        if account_id.len() != 12 || !account_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ConfigError(format!("account-id is {account_id:?}: it must be twelve digits")));
        }
        let root_key = match (values.text("root-access-key-id"), values.text("root-secret-access-key")) {
            (Some(id), Some(secret)) => Some((id.to_owned(), secret.to_owned())),
            (None, None) => None,
            _ => return Err(ConfigError("root-access-key-id and root-secret-access-key must be set together".into())),
        };
        let aws_strict = values.one_of("profile", &["extended", "aws-strict"])? == "aws-strict";
        Ok(Config {
            data_dir: data_dir(values, home)?,
            listen,
            listen_tls,
            certificates,
            tls_policies: values.policies.clone(),
            upstreams: upstreams::read(&values.upstreams, aws_strict)?,
            trusted_proxies: trusted_proxies(values)?,
            proxy_protocol: values.flag("proxy-protocol")?,
            control,
            proxies: values.text("proxy").unwrap_or_default().split_whitespace().map(proxy).collect::<Result<_, _>>()?,
            dev,
            region_is_set: values.with_origin("region").is_some_and(|(_, origin)| *origin != Origin::Default),
            region: values.text("region").unwrap_or("us-east-1").to_owned(),
            account_id,
            root_key,
            aws_strict,
            public_url: values.text("public-url").map(str::to_owned),
            upstream_ca: values.text("upstream-ca").map(PathBuf::from),
            upstream_http2: upstream_http2(values)?,
            threads: values.number("threads", 0, DATA_THREADS_MAX)? as usize,
            log_level: values.one_of("log-level", &["error", "warn", "info", "debug", "trace"])?,
            log_json: match values.one_of("log-format", &["auto", "json", "text"])?.as_str() {
                "json" => Some(true),
                "text" => Some(false),
                _ => None,
            },
            log_file: values.text("log-file").map(PathBuf::from),
            access_log: values.text("access-log").filter(|name| *name != "off").map(str::to_owned),
            access_log_to: destinations(values, "access-log-to")?,
            execution_log_to: destinations(values, "execution-log-to")?,
            account_rate_limit: values.number("account-rate-limit", 0, 1_000_000_000)?,
            account_burst_limit: values.number("account-burst-limit", 0, 1_000_000_000)? as u32,
            quota_slice: values.number("quota-slice", 1, u64::from(base::tally::SLICE_UNITS_MAX))? as u32,
            explain_requests: values.number("explain-requests", 0, 10_000_000)? as usize,
            slow_ms: values.number("slow-ms", 1, 86_400_000)?,
            head_bytes_max: values.number("head-bytes-max", 1024, 1 << 20)? as u32,
            url_bytes_max: values.number("url-bytes-max", 1024, 1 << 20)? as u32,
            payload_bytes_max: values.number("payload-bytes-max", 0, 1 << 32)?,
            streamed_bytes_max: values.number("streamed-bytes-max", 0, 1 << 60)?,
            response_cache_bytes_max: match values.text("response-cache-mb") {
                Some(_) => Some(values.number("response-cache-mb", 0, 1 << 20)? << 20),
                None => None,
            },
            integration_timeout_ms_max: values.number("integration-timeout-ms-max", 50, 900_000)? as u32,
            function_python: values.text("function-python").unwrap_or("python3").to_owned(),
            function_node: values.text("function-node").unwrap_or("aws-lambda-ric").to_owned(),
            function_user: values.text("function-user").unwrap_or("nobody").to_owned(),
            function_processes: values.number("function-processes", 0, 10_000)? as usize,
            function_idle_seconds: values.number("function-idle-seconds", 1, 86_400)?,
            drain_seconds: values.number("drain-seconds", 0, 3600)?,
            connections_max: values.number("connections-max", 1, 10_000_000)? as usize,
            idle_timeout_ms: values.number("idle-timeout-ms", 1000, 86_400_000)? as u32,
            client_bytes_per_second_min: values.number("client-bytes-per-second-min", 0, 1_000_000_000)? as u32,
            head_timeout_ms: values.number("head-timeout-ms", 100, 600_000)? as u32,
        })
    }
}

/// Where TLS is spoken, and with which certificates.
fn tls(values: &Values) -> Result<(Option<SocketAddr>, Vec<Pair>), ConfigError> {
    let files = |name: &str| values.text(name).unwrap_or_default().split_whitespace().map(PathBuf::from).collect::<Vec<_>>();
    let (certificates, keys) = (files("tls-certificate"), files("tls-key"));
    if values.text("listen-tls").is_none() {
        if !values.policies.is_empty() {
            return Err(ConfigError("[[tls]] sections are for TLS: say where to listen for it with listen-tls".into()));
        }
        let unused = certificates.first().or(keys.first());
        return unused.map_or(Ok((None, Vec::new())), |path| {
            Err(ConfigError(format!("{} is for TLS: say where to listen for it with listen-tls", path.display())))
        });
    }
    let address = values.address("listen-tls")?;
    if certificates.len() != keys.len() || !(1..=CERTIFICATES_MAX).contains(&certificates.len()) {
        return Err(ConfigError(format!(
            "listen-tls needs tls-certificate and tls-key, as many files of each, 1 to {CERTIFICATES_MAX}: there are {} and {}",
            certificates.len(),
            keys.len()
        )));
    }
    let pairs = certificates.into_iter().zip(keys).map(|(certificate, key)| Pair { certificate, key });
    Ok((Some(address), pairs.collect()))
}

fn trusted_proxies(values: &Values) -> Result<Vec<Network>, ConfigError> {
    let words = values.text("trusted-proxies").unwrap_or_default().split_whitespace();
    let read = |text: &str| text.parse().map_err(|why| ConfigError(format!("trusted-proxies has {text:?}: {why}")));
    let networks: Vec<Network> = words.map(read).collect::<Result<_, _>>()?;
    if networks.len() > NETWORKS_MAX {
        return Err(ConfigError(format!("trusted-proxies has {} networks: there may be {NETWORKS_MAX}", networks.len())));
    }
    Ok(networks)
}

fn upstream_http2(values: &Values) -> Result<Vec<HostPort>, ConfigError> {
    let words = values.text("upstream-http2").unwrap_or_default().split_whitespace();
    let read =
        |text: &str| HostPort::parse(text).ok_or_else(|| ConfigError(format!("upstream-http2 has {text:?}: it must be HOST or HOST:PORT")));
    let hosts: Vec<HostPort> = words.map(read).collect::<Result<_, _>>()?;
    if hosts.len() > UPSTREAM_HTTP2_MAX {
        return Err(ConfigError(format!("upstream-http2 has {} hosts: there may be {UPSTREAM_HTTP2_MAX}", hosts.len())));
    }
    if !hosts.is_empty() && values.text("profile") == Some("aws-strict") {
        return Err(ConfigError(
            "upstream-http2 is an extension: under the profile aws-strict back ends are called as AWS calls them".into(),
        ));
    }
    Ok(hosts)
}

fn destinations(values: &Values, name: &str) -> Result<Destinations, ConfigError> {
    Destinations::parse(values.text(name).unwrap_or_default()).map_err(|why| ConfigError(format!("{name}: {why}")))
}

/// Where everything is kept.
pub fn data_dir(values: &Values, home: impl Fn(&str) -> Option<String>) -> Result<PathBuf, ConfigError> {
    if let Some(set) = values.text("data-dir") {
        return Ok(PathBuf::from(set));
    }
    let present = |name: &str| home(name).filter(|value| !value.is_empty());
    let base = present("XDG_DATA_HOME").map(PathBuf::from);
    let base = base.or_else(|| present("HOME").map(|home| PathBuf::from(home).join(".local/share")));
    base.map(|base| base.join("cardea"))
        .ok_or_else(|| ConfigError("neither data-dir nor HOME is set: say where to keep data with --data-dir DIR".into()))
}

fn proxy(text: &str) -> Result<(String, String), ConfigError> {
    let wrong = || ConfigError(format!("proxy is {text:?}: it must be PREFIX=URL, as in /=http://127.0.0.1:3000"));
    let (prefix, url) = text.split_once('=').ok_or_else(wrong)?;
    let fits = prefix.starts_with('/') && (url.starts_with("http://") || url.starts_with("https://"));
    if !fits {
        return Err(wrong());
    }
    Ok((prefix.trim_end_matches('/').to_owned(), url.trim_end_matches('/').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(flags: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<Values, ConfigError> {
        let flags: Vec<(&str, String)> = flags.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Values::join(&flags, environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())), &[])
    }

    fn read(flags: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(&join(flags, &[])?, |name| (name == "HOME").then(|| "/home/a".into()))
    }

    #[test]
    fn a_flag_beats_the_environment_and_each_value_tells_its_origin() {
        let values = join(&[("region", "eu-west-1")], &[("CARDEA_REGION", "x"), ("CARDEA_ACCOUNT_ID", "123456789012")]).unwrap();
        assert_eq!(values.with_origin("region"), Some(("eu-west-1", &Origin::Flag)));
        let origin = Origin::Environment("CARDEA_ACCOUNT_ID".into());
        assert_eq!(values.with_origin("account-id"), Some(("123456789012", &origin)));
        assert_eq!(values.with_origin("store"), Some(("sqlite", &Origin::Default)));
    }

    #[test]
    fn an_unknown_setting_is_refused_with_the_nearest_name() {
        let said = join(&[], &[("CARDEA_LISTN", "x")]).unwrap_err().0;
        assert!(said.contains("CARDEA_LISTN") && said.contains("nearest is CARDEA_LISTEN"), "{said}");
        assert!(join(&[], &[("CARDEA_CORPORA", "x"), ("OTHER", "y")]).is_ok());
    }

    #[test]
    fn what_is_not_there_yet_is_refused_in_words() {
        for (name, value, word) in [
            ("store", "postgres://x", "only sqlite works"),
            ("tally", "redis://x", "only local works"),
            ("control", "0.0.0.0:1", "loopback"),
            ("account-id", "12", "twelve digits"),
            ("proxy", "http://x", "PREFIX=URL"),
            ("threads", "many", "whole number"),
            ("profile", "lax", "aws-strict"),
            ("listen-tls", "127.0.0.1:0", "tls-certificate"),
            ("tls-key", "a.pem", "listen-tls"),
            ("trusted-proxies", "10.0.0.1/8", "bits in the address beyond"),
            ("proxy-protocol", "v2", "true or false"),
            ("access-log-to", "syslog", "is no destination"),
            ("upstream-http2", "http://a", "HOST:PORT"),
            ("execution-log-to", "a/b=disk", "is no destination"),
        ] {
            let said = read(&[(name, value)]).unwrap_err().0;
            assert!(said.contains(word), "{said}");
        }
        assert!(read(&[("dev", "true"), ("control", "0.0.0.0:1")]).unwrap_err().0.contains("loopback"));
        assert!(read(&[("dev", "true"), ("control", "0.0.0.0:1"), ("dev-listen-any", "true")]).is_ok());
    }

    #[test]
    fn certificates_and_keys_come_in_pairs_and_dev_keeps_tls_private_too() {
        let tls = [("listen-tls", "127.0.0.1:0"), ("tls-certificate", "a.pem b.pem"), ("tls-key", "a.key b.key")];
        let config = read(&tls).unwrap();
        let pair = |name: &str| Pair { certificate: format!("{name}.pem").into(), key: format!("{name}.key").into() };
        assert_eq!(config.certificates, [pair("a"), pair("b")]);
        assert!(read(&[tls[0], tls[1], ("tls-key", "a.key")]).unwrap_err().0.contains("there are 2 and 1"));
        let open = [("dev", "true"), ("listen-tls", "0.0.0.0:0"), tls[1], tls[2]];
        assert!(read(&open).unwrap_err().0.contains("loopback only"));
    }

    #[test]
    fn addresses_and_proxies_are_read_as_people_write_them() {
        let config = read(&[("listen", "localhost:0"), ("proxy", "/=http://127.0.0.1:3000/ /api/=https://x")]).unwrap();
        assert_eq!(config.listen.port(), 0);
        assert_eq!(config.proxies, [("".into(), "http://127.0.0.1:3000".into()), ("/api".into(), "https://x".into())]);
        assert_eq!(config.data_dir, PathBuf::from("/home/a/.local/share/cardea"));
    }
}
