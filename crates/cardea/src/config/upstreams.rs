//! `[[upstream]]` sections of `cardea.toml`: targets behind the ARNs that VPC links and private integrations name.

use super::ConfigError;
use deliver::load_balancer::record::statuses;
use deliver::upstream::balance::{Balance, Check, Endpoint, HashBy, HttpCheck, RETRIES_MAX, Terms};
use deliver::upstream::dns::{Sort, question};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Sections of one file.
const SECTIONS_MAX: usize = 1_024;
/// ARNs of one section.
const ARNS_MAX: usize = 64;
/// Targets of one section.
pub(crate) const TARGETS_MAX: usize = 1_000;
/// Milliseconds of anything.
const MS_MAX: u32 = 3_600_000;

/// What a section says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamPlan {
    /// Its name, for people.
    pub name: String,
    /// What it answers for: a load balancer's ARN, a listener's, a Cloud Map service's.
    pub arns: Vec<String>,
    pub source: TargetSource,
    /// Who is asked for names; `None` for the system's servers.
    pub dns_server: Option<SocketAddr>,
    pub terms: Terms,
}

/// Where targets come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetSource {
    Listed(Vec<Endpoint>),
    /// A file with one target a line, which is watched.
    File(PathBuf),
    /// The addresses of a name, with this port.
    Addresses(String, u16),
    /// The targets that SRV records of a name tell.
    Services(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Section {
    name: String,
    arns: Vec<String>,
    targets: Option<Vec<String>>,
    file: Option<PathBuf>,
    dns: Option<String>,
    srv: Option<String>,
    dns_server: Option<String>,
    balance: Option<String>,
    hash_by: Option<String>,
    check: Option<String>,
    check_statuses: Option<String>,
    check_interval_ms: Option<u32>,
    check_timeout_ms: Option<u32>,
    healthy_after: Option<u32>,
    unhealthy_after: Option<u32>,
    retries: Option<u32>,
    retry_percent: Option<u32>,
    back_off_ms: Option<u32>,
    eject_after: Option<u32>,
    eject_ms: Option<u32>,
    eject_percent: Option<u32>,
    slow_start_ms: Option<u32>,
    connections_max: Option<u32>,
}

/// What targets are treated by when nobody says: under `aws-strict` as AWS does, else with retries, and who fails is left out.
pub(crate) fn usual_terms(aws_strict: bool) -> Terms {
    if aws_strict {
        return Terms::default();
    }
    Terms { retries: 2, retry_percent: 20, back_off_ms: 25, eject_after: 5, eject_ms: 10_000, eject_percent_max: 50, ..Terms::default() }
}

/// Takes the sections out of a file's table. They are checked once it is known which profile holds.
pub(super) fn take(table: &mut toml::Table, path: &Path) -> Result<Vec<toml::Table>, ConfigError> {
    let wrong = |why: &str| ConfigError(format!("{}: upstream {why}", path.display()));
    let Some(sections) = table.remove("upstream") else { return Ok(Vec::new()) };
    let toml::Value::Array(sections) = sections else { return Err(wrong("must be sections, as [[upstream]]")) };
    if sections.len() > SECTIONS_MAX {
        return Err(wrong(&format!("has {} sections: there may be {SECTIONS_MAX}", sections.len())));
    }
    let table = |section| match section {
        toml::Value::Table(section) => Ok(section),
        _ => Err(wrong("must be sections, as [[upstream]]")),
    };
    sections.into_iter().map(table).collect()
}

/// Reads the sections.
pub(super) fn read(sections: &[toml::Table], aws_strict: bool) -> Result<Vec<UpstreamPlan>, ConfigError> {
    let read = |(number, section): (usize, &toml::Table)| {
        let read = section.clone().try_into().map_err(|why: toml::de::Error| why.message().to_owned());
        let read = read.and_then(|section: Section| plan(section, aws_strict));
        read.map_err(|why| ConfigError(format!("upstream section {}: {why}", number + 1)))
    };
    let plans: Vec<UpstreamPlan> = sections.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let mut known = std::collections::BTreeSet::new();
    for plan in &plans {
        if let Some(twice) = plan.arns.iter().chain([&plan.name]).find(|text| !known.insert(text.as_str())) {
            return Err(ConfigError(format!("{twice} is in two upstream sections")));
        }
    }
    Ok(plans)
}

fn plan(section: Section, aws_strict: bool) -> Result<UpstreamPlan, String> {
    if section.name.is_empty() || section.name.len() > 255 {
        return Err("name must have 1 to 255 bytes".into());
    }
    if !(1..=ARNS_MAX).contains(&section.arns.len()) || !section.arns.iter().all(|arn| arn.starts_with("arn:")) {
        return Err(format!("arns must be 1 to {ARNS_MAX} ARNs, of load balancers, listeners or Cloud Map services"));
    }
    let terms = terms(&section, aws_strict)?;
    let dns_server = match &section.dns_server {
        None => None,
        Some(_) if section.dns.is_none() && section.srv.is_none() => return Err("dns-server is for dns and srv".into()),
        Some(text) => {
            let server = text.parse().map_err(|_| format!("dns-server is {text:?}: it must be an address and a port, as 127.0.0.1:53"))?;
            Some(server)
        }
    };
    Ok(UpstreamPlan { source: source(&section)?, dns_server, name: section.name, arns: section.arns, terms })
}

fn source(section: &Section) -> Result<TargetSource, String> {
    let Section { targets, file, dns, srv, .. } = section;
    match (targets, file, dns, srv) {
        (Some(lines), None, None, None) => targets_of(lines.iter().map(String::as_str)).map(TargetSource::Listed),
        (None, Some(file), None, None) => Ok(TargetSource::File(file.clone())),
        (None, None, Some(name), None) => {
            let one = Endpoint::parse(name)?;
            Ok(TargetSource::Addresses(one.host.into(), one.port))
        }
        (None, None, None, Some(name)) if question(0, name, Sort::Srv).is_some() => Ok(TargetSource::Services(name.clone())),
        (None, None, None, Some(name)) => Err(format!("srv is {name:?}: it must be a name, as _http._tcp.orders.internal")),
        _ => Err("it must have one of targets, file, dns and srv".into()),
    }
}

/// Targets, one a text: `HOST:PORT`, and perhaps ` weight=N`.
pub(crate) fn targets_of<'t>(lines: impl Iterator<Item = &'t str>) -> Result<Vec<Endpoint>, String> {
    let mut targets: Vec<Endpoint> = Vec::new();
    for line in lines {
        let target = Endpoint::parse(line)?;
        if targets.iter().any(|known| known.host == target.host && known.port == target.port) {
            return Err(format!("{line} is there twice"));
        }
        targets.push(target);
        if targets.len() > TARGETS_MAX {
            return Err(format!("there may be {TARGETS_MAX} targets"));
        }
    }
    Ok(targets)
}

fn terms(section: &Section, aws_strict: bool) -> Result<Terms, String> {
    let usual = usual_terms(aws_strict);
    let number = |name: &str, asked: Option<u32>, usual: u32, most: u32| match asked {
        Some(number) if number > most => Err(format!("{name} is {number}: it may be {most} at most")),
        Some(1..) if aws_strict => Err(format!("{name} is nothing AWS has: it needs the profile extended")),
        asked => Ok(asked.unwrap_or(usual)),
    };
    let balance = match (section.balance.as_deref().unwrap_or("round-robin"), section.hash_by.as_deref()) {
        ("round-robin", None) => Balance::RoundRobin,
        ("least-outstanding", None) => Balance::LeastOutstanding,
        ("ring-hash", _) if aws_strict => return Err("ring-hash is nothing AWS has: it needs the profile extended".into()),
        ("ring-hash", by) => Balance::RingHash(hash_by(by.unwrap_or("source-ip"))?),
        (_, Some(_)) => return Err("hash-by is for balance = \"ring-hash\"".into()),
        (other, None) => return Err(format!("balance is {other:?}: it must be round-robin, least-outstanding or ring-hash")),
    };
    Ok(Terms {
        balance,
        check: check(section)?,
        retries: number("retries", section.retries, u32::from(usual.retries), u32::from(RETRIES_MAX))? as u8,
        retry_percent: number("retry-percent", section.retry_percent, usual.retry_percent, 100)?,
        back_off_ms: number("back-off-ms", section.back_off_ms, usual.back_off_ms, 10_000)?,
        eject_after: number("eject-after", section.eject_after, usual.eject_after, 1_000_000)?,
        eject_ms: number("eject-ms", section.eject_ms, usual.eject_ms, MS_MAX)?,
        eject_percent_max: number("eject-percent", section.eject_percent, usual.eject_percent_max, 100)?,
        slow_start_ms: match section.slow_start_ms {
            // AWS's target groups have it, too.
            Some(asked) if asked > MS_MAX => return Err(format!("slow-start-ms is {asked}: it may be {MS_MAX} at most")),
            asked => asked.unwrap_or(0),
        },
        connections_max: number("connections-max", section.connections_max, 0, 1_000_000)?,
    })
}

fn hash_by(text: &str) -> Result<HashBy, String> {
    match text.split_once(' ') {
        None if text == "source-ip" => Ok(HashBy::SourceIp),
        None if text == "path" => Ok(HashBy::Path),
        Some(("header", name)) if !name.is_empty() && name.len() <= 255 => Ok(HashBy::Header(name.to_ascii_lowercase().into())),
        _ => Err(format!("hash-by is {text:?}: it must be source-ip, path or \"header NAME\"")),
    }
}

fn check(section: &Section) -> Result<Option<Check>, String> {
    let within = |name: &str, asked: Option<u32>, usual: u32, range: std::ops::RangeInclusive<u32>| match asked.unwrap_or(usual) {
        number if range.contains(&number) => Ok(number),
        number => Err(format!("{name} is {number}: it must be {} to {}", range.start(), range.end())),
    };
    let Some(what) = section.check.as_deref() else { return Ok(None) };
    let good = section.check_statuses.as_deref().unwrap_or("200-399");
    let good =
        statuses(good).ok_or_else(|| format!("check-statuses is {good:?}: it must be as 200, or 200-299, or several with commas"))?;
    let http = match what.split_once(':') {
        None if what == "tcp" => None,
        Some((scheme @ ("http" | "https"), path)) if is_path(path) => {
            Some(HttpCheck { path: path.into(), statuses: good, tls: scheme == "https" })
        }
        _ => return Err(format!("check is {what:?}: it must be tcp, http:/PATH or https:/PATH")),
    };
    Ok(Some(Check {
        http,
        port: None,
        interval_ms: within("check-interval-ms", section.check_interval_ms, 5_000, 100..=MS_MAX)?,
        timeout_ms: within("check-timeout-ms", section.check_timeout_ms, 2_000, 10..=MS_MAX)?,
        healthy_after: within("healthy-after", section.healthy_after, 2, 1..=100)?,
        unhealthy_after: within("unhealthy-after", section.unhealthy_after, 2, 1..=100)?,
    }))
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.len() <= 1_024 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(text: &str, aws_strict: bool) -> Result<Vec<UpstreamPlan>, String> {
        let sections = take(&mut text.parse().unwrap(), Path::new("a.toml")).map_err(|why| why.0)?;
        read(&sections, aws_strict).map_err(|why| why.0)
    }

    const HEAD: &str = "[[upstream]]\nname = \"orders\"\narns = [\"arn:a\"]\n";

    #[test]
    fn a_section_lists_targets_and_says_how_they_are_treated() {
        let text = format!(
            "{HEAD}targets = [\"10.0.0.1:80\", \"b.test:81 weight=3\"]\nbalance = \"ring-hash\"\nhash-by = \"header X-User\"\n\
             check = \"http:/healthz\"\ncheck-statuses = \"200,204\"\nretries = 1\n"
        );
        let plans = sections(&text, false).unwrap();
        let heavy = Endpoint { weight: 3, ..Endpoint::new("b.test", 81) };
        assert_eq!(plans[0].source, TargetSource::Listed(vec![Endpoint::new("10.0.0.1", 80), heavy]));
        let terms = &plans[0].terms;
        assert_eq!((&terms.balance, terms.retries), (&Balance::RingHash(HashBy::Header("x-user".into())), 1));
        assert_eq!(terms.check.as_ref().unwrap().http.as_ref().unwrap().statuses, [200..=200, 204..=204]);
        let file = sections(&format!("{HEAD}file = \"t\""), false).unwrap();
        assert_eq!((&file[0].source, &file[0].terms), (&TargetSource::File("t".into()), &usual_terms(false)));
        assert_eq!(sections(&format!("{HEAD}targets = []"), true).unwrap()[0].terms, Terms::default());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_section() {
        for (rest, word) in [
            ("", "one of targets, file, dns and srv"),
            ("targets = []\nfile = \"x\"", "one of targets"),
            ("targets = [\"a\"]", "a: it must be HOST:PORT"),
            ("targets = [\"a:1\", \"a:1\"]", "a:1 is there twice"),
            ("targets = [\"a:1 weight=1001\"]", "weight"),
            ("targets = []\nbalance = \"random\"", "round-robin, least-outstanding or ring-hash"),
            ("targets = []\nhash-by = \"path\"", "ring-hash"),
            ("targets = []\nretries = 9", "5 at most"),
            ("targets = []\ncheck = \"udp\"", "tcp, http:/PATH"),
            ("targets = []\ncheck = \"tcp\"\nhealthy-after = 0", "1 to 100"),
            ("dns = \"a\"", "HOST:PORT"),
            ("srv = \"a..b\"", "must be a name"),
            ("targets = []\ndns-server = \"127.0.0.1:53\"", "for dns and srv"),
            ("targets = []\nretry = 1", "unknown field `retry`"),
        ] {
            let said = sections(&format!("{HEAD}{rest}"), false).unwrap_err();
            assert!(said.contains("section 1") && said.contains(word), "{said}");
        }
        for rest in ["retries = 1", "connections-max = 1", "balance = \"ring-hash\""] {
            assert!(sections(&format!("{HEAD}targets = []\n{rest}"), true).unwrap_err().contains("extended"));
        }
        let twice = format!("{HEAD}targets = []\n{HEAD}targets = []");
        assert!(sections(&twice, false).unwrap_err().contains("two upstream sections"));
        assert!(sections("upstream = 1", false).unwrap_err().contains("[[upstream]]"));
    }
}
