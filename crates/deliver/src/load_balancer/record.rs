//! What is stored of load balancers, target groups and listeners. Their ids are the ends of their ARNs.

use base::store::{Kind, Realm, Record, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A load balancer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// `net/name/0123456789abcdef`, or `app/…`.
    pub id: String,
    pub name: String,
    /// `application` or `network`.
    pub kind: String,
    pub created: Timestamp,
    pub scheme: String,
    pub ip_address_type: String,
    #[serde(default)]
    pub subnets: Vec<String>,
    #[serde(default)]
    pub security_groups: Vec<String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A target group, with its targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// `name/0123456789abcdef`.
    pub id: String,
    pub name: String,
    pub protocol: String,
    pub port: u16,
    pub vpc: Option<String>,
    /// `instance`, `ip` or `alb`.
    pub target_type: String,
    pub check: HealthCheck,
    /// What was set, by AWS's names.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    #[serde(default)]
    pub targets: Vec<Registered>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// How targets are looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthCheck {
    pub enabled: bool,
    /// `HTTP`, `HTTPS`, `TCP` or `TLS`.
    pub protocol: String,
    /// A number, or `traffic-port`.
    pub port: String,
    pub path: Option<String>,
    /// Statuses that are good, as AWS writes them.
    pub matcher: Option<String>,
    pub interval_seconds: u32,
    pub timeout_seconds: u32,
    pub healthy_after: u32,
    pub unhealthy_after: u32,
}

/// A registered target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// An address or a name, or another load balancer's ARN.
    pub id: String,
    /// `None` for the group's.
    pub port: Option<u16>,
    pub zone: Option<String>,
}

/// A listener, and what it does by default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listener {
    /// `net/name/0123456789abcdef/fedcba9876543210`.
    pub id: String,
    /// Its load balancer's id.
    pub balancer: String,
    pub port: u16,
    pub protocol: String,
    /// The groups requests are shared out to.
    pub forwards: Vec<Share>,
    /// Certificates by ARN; kept, and not used.
    #[serde(default)]
    pub certificates: Vec<String>,
    pub ssl_policy: Option<String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A target group's share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The group's ARN.
    pub group: String,
    /// 0 to 999; `None` where none was given.
    pub weight: Option<u32>,
}

impl Record for LoadBalancer {
    const KIND: Kind = kind::LOAD_BALANCER;
    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Record for TargetGroup {
    const KIND: Kind = kind::TARGET_GROUP;
    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Record for Listener {
    const KIND: Kind = kind::LISTENER;
    fn id(&self) -> String {
        self.id.clone()
    }
}

/// What an ARN of this service names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    LoadBalancer,
    TargetGroup,
    Listener,
}

impl Noun {
    fn word(self) -> &'static str {
        match self {
            Noun::LoadBalancer => "loadbalancer",
            Noun::TargetGroup => "targetgroup",
            Noun::Listener => "listener",
        }
    }

    /// The ARN of the one with an id.
    pub fn arn(self, realm: &Realm, id: &str) -> String {
        format!("arn:aws:elasticloadbalancing:{}:{}:{}/{id}", realm.region, realm.account, self.word())
    }

    /// The id in an ARN, if it names one of these here.
    pub fn id(self, realm: &Realm, arn: &str) -> Option<String> {
        let prefix = self.arn(realm, "");
        arn.strip_prefix(&prefix).filter(|id| !id.is_empty()).map(str::to_owned)
    }
}

/// Statuses as AWS writes them: `200`, `200,202`, `200-299`, or several of these with commas between. `None` if it is none of these.
pub fn statuses(text: &str) -> Option<Vec<RangeInclusive<u16>>> {
    const RANGES_MAX: usize = 32;
    let status = |text: &str| text.trim().parse::<u16>().ok().filter(|status| (100..600).contains(status));
    let ranges: Option<Vec<_>> = text
        .split(',')
        .map(|part| match part.split_once('-') {
            Some((from, to)) => Some(status(from)?..=status(to)?),
            None => status(part).map(|one| one..=one),
        })
        .collect();
    ranges.filter(|ranges| ranges.len() <= RANGES_MAX && ranges.iter().all(|range| !range.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read_as_aws_writes_them() {
        assert_eq!(statuses("200"), Some(vec![200..=200]));
        assert_eq!(statuses("200-299, 404"), Some(vec![200..=299, 404..=404]));
        for text in ["", "2xx", "299-200", "200-", "99", "600", &"200,".repeat(40)] {
            assert_eq!(statuses(text), None, "{text}");
        }
    }
}
