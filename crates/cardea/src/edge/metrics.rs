//! `/metrics`: what all data threads have counted, as Prometheus reads it (text format 0.0.4).
//!
//! The names are ours, each with AWS's word beside it. Stages and methods are families of their own, for a sum over one that held both
//! would count a request twice.

use super::{Lanes, Loss};
use crate::runtime::counts::{BUCKETS_MS, Counted, Histogram, Of, Sum};
use crate::runtime::logs::Kind;
use crate::runtime::{Desk, Gateway};
use base::gate::buffered_bytes;
use std::fmt::Write;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::oneshot;

/// What the page is.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// How long the data threads have for their answers.
const ASKING_SECONDS_MAX: u64 = 5;

/// The page; nothing if a data thread did not answer.
pub(super) async fn page(lanes: &Lanes<Desk>, gateway: &Gateway) -> Option<String> {
    let asked = tokio::time::timeout(Duration::from_secs(ASKING_SECONDS_MAX), sum(lanes)).await;
    let sum = asked.ok()??;
    let mut page = Page(String::with_capacity(16 * 1024));
    let names = gateway.series.names();
    let mut series: Vec<(&Of, &Counted)> = sum.series(&names).collect();
    series.sort_by_key(|(of, _)| (&of.api, &of.stage, &of.method));
    let (methods, stages): (Vec<_>, Vec<_>) = series.into_iter().partition(|(of, _)| of.method.is_some());
    page.family("cardea", "API and stage", &stages);
    page.family("cardea_method", "API, stage, resource and method, where metricsEnabled is on", &methods);
    page.upstreams(gateway);
    page.node(lanes, gateway);
    Some(page.0)
}

/// Asks every data thread, all at once.
async fn sum(lanes: &Lanes<Desk>) -> Option<Sum> {
    let mut answers = Vec::new();
    for thread in 0..lanes.threads() {
        let (sender, receiver) = oneshot::channel();
        let job = move |desk: &Rc<Desk>| {
            // Nobody waits any more if the caller has gone.
            let _gone = sender.send(desk.counted());
        };
        lanes.post(thread, Box::new(job)).ok()?;
        answers.push(receiver);
    }
    let mut sum = Sum::default();
    for answer in answers {
        sum.join(answer.await.ok()?);
    }
    Some(sum)
}

struct Page(String);

impl Page {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        self.0.write_fmt(line).expect("a text takes what it is given");
        self.0.push('\n');
    }

    fn about(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    fn family(&mut self, prefix: &str, by: &str, series: &[(&Of, &Counted)]) {
        type Number = fn(&Counted) -> u64;
        let numbers: [(&str, &str, Number); 5] = [
            ("requests_total", "Requests (AWS: Count)", |counted| counted.latency.count()),
            ("client_errors_total", "Requests answered with 4xx (AWS: 4XXError)", |counted| counted.client_errors),
            ("server_errors_total", "Requests answered with 5xx (AWS: 5XXError)", |counted| counted.server_errors),
            ("cache_hits_total", "Requests answered by the response cache (AWS: CacheHitCount)", |counted| counted.cache_hits),
            ("cache_misses_total", "Requests the response cache had no answer for (AWS: CacheMissCount)", |counted| counted.cache_misses),
        ];
        for (name, help, number) in numbers {
            let name = format!("{prefix}_{name}");
            self.about(&name, "counter", &format!("{help}, by {by}."));
            for (of, counted) in series {
                self.line(format_args!("{name}{{{}}} {}", Labels(of), number(counted)));
            }
        }
        type Times = fn(&Counted) -> &Histogram;
        let times: [(&str, &str, Times); 2] = [
            ("latency_seconds", "From the request's head to the last byte of its answer (AWS: Latency)", |counted| &counted.latency),
            ("integration_latency_seconds", "From asking the back end to its answer's head (AWS: IntegrationLatency)", |counted| {
                &counted.integration_latency
            }),
        ];
        for (name, help, histogram) in times {
            let name = format!("{prefix}_{name}");
            self.about(&name, "histogram", &format!("{help}, by {by}."));
            for (of, counted) in series {
                self.histogram(&name, of, histogram(counted));
            }
        }
    }

    fn histogram(&mut self, name: &str, of: &Of, histogram: &Histogram) {
        let labels = Labels(of);
        let mut count = 0;
        for (bound, more) in BUCKETS_MS.iter().zip(histogram.counts) {
            count += more;
            self.line(format_args!("{name}_bucket{{{labels},le=\"{}\"}} {count}", *bound as f64 / 1_000.0));
        }
        let count = histogram.count();
        self.line(format_args!("{name}_bucket{{{labels},le=\"+Inf\"}} {count}"));
        self.line(format_args!("{name}_sum{{{labels}}} {}", histogram.nanoseconds as f64 / 1e9));
        self.line(format_args!("{name}_count{{{labels}}} {count}"));
    }

    /// Targets of groups, and what was asked for by ARN.
    fn upstreams(&mut self, gateway: &Gateway) {
        let states = gateway.registry.states();
        let mut family = |name: &str, kind: &str, help: &str, number: &dyn Fn(usize) -> u64| {
            if states.is_empty() {
                return;
            }
            self.about(name, kind, help);
            for (n, state) in states.iter().enumerate() {
                let (group, host, port) = (Quoted(&state.group), Quoted(&state.host), state.port);
                self.line(format_args!("{name}{{group=\"{group}\",target=\"{host}:{port}\"}} {}", number(n)));
            }
        };
        family("cardea_target_requests_total", "counter", "Requests that a target was asked, retries with them.", &|n| states[n].counts[0]);
        family("cardea_target_failures_total", "counter", "Requests that failed on a target.", &|n| states[n].counts[1]);
        family("cardea_target_ejections_total", "counter", "Times that a target was left out for failing.", &|n| states[n].counts[2]);
        family("cardea_target_in_use", "gauge", "Requests that a target serves now.", &|n| u64::from(states[n].in_use));
        family("cardea_target_well", "gauge", "1 if a target is asked, 0 if it is left out.", &|n| u64::from(states[n].is_well()));
        let tallies = gateway.registry.tallies();
        for (n, name, help) in [
            (0, "cardea_upstream_retries_total", "Requests that were tried again, by the ARN that was asked for."),
            (1, "cardea_upstream_turned_away_total", "Requests for which no target had room, by the ARN that was asked for."),
        ] {
            if !tallies.is_empty() {
                self.about(name, "counter", help);
            }
            for (arn, counts) in &tallies {
                self.line(format_args!("{name}{{arn=\"{}\"}} {}", Quoted(arn), counts[n]));
            }
        }
    }

    /// What is of the node as a whole.
    fn node(&mut self, lanes: &Lanes<Desk>, gateway: &Gateway) {
        self.about("cardea_connections", "gauge", "Open client connections, by data thread.");
        for thread in 0..lanes.threads() {
            self.line(format_args!("cardea_connections{{thread=\"{thread}\"}} {}", lanes.open(thread)));
        }
        self.about("cardea_connections_lost_total", "counter", "Client connections that ended before their time, by reason.");
        for (loss, why) in Loss::ALL {
            self.line(format_args!("cardea_connections_lost_total{{why=\"{why}\"}} {}", lanes.losses().of(loss)));
        }
        let tunnels = lanes.tunnels();
        let mut plain = |name: &str, kind: &str, help: &str, value: u64| {
            self.about(name, kind, help);
            self.line(format_args!("{name} {value}"));
        };
        for (kind, name) in Kind::ALL {
            plain(
                &format!("cardea_{name}_lines_dropped_total"),
                "counter",
                &format!("Lines of {name} logs that were not written, since their destination did not keep up."),
                gateway.logs.dropped(kind),
            );
        }
        plain(
            "cardea_accept_pauses_total",
            "counter",
            "Times that accepting paused, since the machine had no descriptor or memory for another connection.",
            lanes.losses().pauses(),
        );
        plain("cardea_tunnels", "gauge", "Open client connections that speak WebSocket with a back end.", tunnels);
        plain("cardea_store_revision", "gauge", "The revision of the store that is served.", gateway.table.load().revision.0);
        plain("cardea_compiled_deployments", "gauge", "Compiled deployments in memory.", gateway.deployments() as u64);
        plain(
            "cardea_buffered_body_bytes",
            "gauge",
            "Bytes of bodies that requests hold whole now (large ones; the others are bounded by connections).",
            buffered_bytes() as u64,
        );
        plain("cardea_response_cache_bytes", "gauge", "Bytes that the response caches of all stages hold.", gateway.caches.total.bytes());
        plain(
            "cardea_response_cache_entries",
            "gauge",
            "Answers that the response caches of all stages keep.",
            gateway.caches.entries() as u64,
        );
        if let Some(bytes) = resident_bytes() {
            plain("cardea_process_resident_memory_bytes", "gauge", "Memory of the process that is in RAM.", bytes);
        }
        self.about("cardea_build", "gauge", "Always 1: its label is the release.");
        self.line(format_args!("cardea_build{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")));
    }
}

/// The labels of a series, quoted. Ids and names have no quotes, but a resource's path may.
struct Labels<'a>(&'a Of);

impl std::fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Of { api, stage, method } = self.0;
        write!(f, "api=\"{}\",stage=\"{}\"", Quoted(api), Quoted(stage))?;
        match method {
            Some((path, verb)) => write!(f, ",resource=\"{}\",method=\"{}\"", Quoted(path), Quoted(verb)),
            None => Ok(()),
        }
    }
}

struct Quoted<'a>(&'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '"' => f.write_str("\\\""),
            '\\' => f.write_str("\\\\"),
            '\n' => f.write_str("\\n"),
            c => f.write_char(c),
        })
    }
}

/// Linux tells; elsewhere the gauge is absent.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_break_out_of_its_quotes() {
        let of = Of { api: "a".into(), stage: "prod".into(), method: Some(("/a\"}\\\n".into(), "GET".into())) };
        assert_eq!(Labels(&of).to_string(), r#"api="a",stage="prod",resource="/a\"}\\\n",method="GET""#);
    }
}
