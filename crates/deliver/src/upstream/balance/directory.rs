//! What stands behind which name: plain data, joined by ARN. Nothing here runs.

use super::peer::Health;
use super::terms::{Terms, WEIGHT_MAX};
use crate::upstream::{Target, Trust};
use std::collections::HashMap;
use std::sync::Arc;

/// Load balancers behind load balancers: AWS allows an application load balancer behind a network one, and no more.
const DEPTH_MAX: usize = 2;
/// Targets behind one entry; more are left out.
pub(super) const TARGETS_MAX: usize = 4_096;
/// Weights are this much finer where several groups share the requests.
const SHARE: u64 = 1_000;

/// A target as somebody has listed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A name, an address, or the ARN of another load balancer.
    pub host: Box<str>,
    pub port: u16,
    /// 0 to [`super::terms::WEIGHT_MAX`].
    pub weight: u32,
    /// What Cloud Map knows beside that, for filters.
    pub attributes: Vec<(Box<str>, Box<str>)>,
    /// What is known of its health without looking.
    pub health: Health,
}

impl Endpoint {
    /// A target without particulars.
    pub fn new(host: &str, port: u16) -> Endpoint {
        Endpoint { host: host.into(), port, weight: 1, attributes: Vec::new(), health: Health::Unknown }
    }

    /// Reads `HOST:PORT` or `HOST:PORT weight=N`; an IPv6 address stands in brackets.
    pub fn parse(text: &str) -> Result<Endpoint, String> {
        let wrong = || format!("{text}: it must be HOST:PORT, and perhaps weight=N");
        let mut words = text.split_whitespace();
        let place = words.next().ok_or_else(wrong)?;
        let target = Target::parse("http", place, Trust::Authorities).filter(|_| place.contains(':')).ok_or_else(wrong)?;
        // Without a port, an address in brackets has colons, too.
        if place.ends_with([']', ':']) {
            return Err(wrong());
        }
        let mut endpoint = Endpoint::new(target.host(), target.port());
        for word in words {
            let weight = word.strip_prefix("weight=").and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
            if weight > WEIGHT_MAX {
                return Err(format!("{text}: weight may be {WEIGHT_MAX} at most"));
            }
            endpoint.weight = weight;
        }
        Ok(endpoint)
    }
}

/// A group: its targets, and how they are treated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub terms: Terms,
    pub endpoints: Vec<Endpoint>,
}

/// A share of a listener's requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The group's ARN.
    pub group: Arc<str>,
    pub weight: u32,
}

/// What a VPC link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// A load balancer's ARN; `None` for a link of the second kind, whose integrations name theirs.
    pub target: Option<Box<str>>,
}

/// What an integration asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    pub account: Arc<str>,
    pub region: Arc<str>,
    /// The VPC link's id.
    pub link: Box<str>,
    /// The integration's own target: a listener, a load balancer, a Cloud Map service.
    pub target: Option<Box<str>>,
    /// The integration's URI up to its path: how targets are spoken to, under which name, and the port of a load balancer.
    pub origin: Arc<Target>,
}

/// A VPC link: account, region, id.
type LinkKey = (Arc<str>, Arc<str>, Box<str>);

/// All that is known.
#[derive(Default)]
pub struct Directory {
    links: HashMap<LinkKey, Link>,
    /// By a listener's ARN.
    listeners: HashMap<Arc<str>, Vec<Forward>>,
    /// The listener of a load balancer's ARN and a port.
    ports: HashMap<(Arc<str>, u16), Arc<str>>,
    groups: HashMap<Arc<str>, Arc<Plan>>,
}

/// A group's share of an entry: its name, its plan, which of its targets, and their weight.
pub(super) struct Part {
    pub(super) group: Arc<str>,
    pub(super) plan: Arc<Plan>,
    pub(super) endpoints: Vec<(Endpoint, u32)>,
}

impl Directory {
    /// A VPC link is there, leads elsewhere, or is gone.
    pub fn set_link(&mut self, account: &Arc<str>, region: &Arc<str>, id: &str, link: Option<Link>) {
        let key = (account.clone(), region.clone(), id.into());
        match link {
            Some(link) => drop(self.links.insert(key, link)),
            None => drop(self.links.remove(&key)),
        }
    }

    /// A listener of a load balancer is there, does something else, or is gone.
    pub fn set_listener(&mut self, arn: &str, of: Option<(&str, u16, Vec<Forward>)>) {
        self.ports.retain(|_, listener| **listener != *arn);
        match of {
            Some((balancer, port, forwards)) => {
                let arn: Arc<str> = arn.into();
                self.ports.insert((balancer.into(), port), arn.clone());
                self.listeners.insert(arn, forwards);
            }
            None => drop(self.listeners.remove(arn)),
        }
    }

    /// An ARN stands for a group, or for nothing any more.
    pub fn set_alias(&mut self, arn: &str, group: Option<&str>) {
        match group {
            Some(group) => drop(self.listeners.insert(arn.into(), vec![Forward { group: group.into(), weight: 1 }])),
            None => drop(self.listeners.remove(arn)),
        }
    }

    /// A group is there, is another, or is gone.
    pub fn set_group(&mut self, arn: &str, plan: Option<Plan>) {
        match plan {
            Some(plan) if self.groups.get(arn).is_some_and(|known| **known == plan) => {}
            Some(plan) => drop(self.groups.insert(arn.into(), Arc::new(plan))),
            None => drop(self.groups.remove(arn)),
        }
    }

    /// Every group.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Plan>)> {
        self.groups.iter()
    }

    pub(super) fn group(&self, arn: &str) -> Option<&Arc<Plan>> {
        self.groups.get(arn)
    }

    /// What stands behind what is wanted: the ARN by which it was found, and its parts; or why there is nothing.
    pub(super) fn resolve(&self, wanted: &Wanted) -> Result<(Arc<str>, Vec<Part>), String> {
        let Wanted { account, region, link: id, target, origin } = wanted;
        // As long as somebody asks for what is not there, too: rare, and nobody waits for it on the way.
        let link = self.links.get(&(account.clone(), region.clone(), id.clone()));
        let link = link.ok_or_else(|| format!("there is no VPC link {id:?} in account {account} and region {region}"))?;
        let arn = target.as_deref().or(link.target.as_deref());
        let arn =
            arn.ok_or_else(|| format!("the VPC link {id} leads to no load balancer, and the integration names none (integrationTarget)"))?;
        let mut parts = Vec::new();
        self.collect(arn, origin.port(), 1, 1, DEPTH_MAX, &mut parts)?;
        if parts.iter().all(|part| part.endpoints.is_empty()) {
            return Err(format!("{arn} has no targets"));
        }
        Ok((arn.into(), parts))
    }

    /// Adds what stands behind an ARN, with `numerator / denominator` of the requests.
    fn collect(&self, arn: &str, port: u16, share: u64, of: u64, depth: usize, parts: &mut Vec<Part>) -> Result<(), String> {
        let (name, filter) = arn.split_once('?').unwrap_or((arn, ""));
        if let Some((group, plan)) = self.groups.get_key_value(name) {
            return self.add(group, plan, filter, (share, of), depth, parts);
        }
        let by_port = || self.ports.get(&(Arc::from(name), port)).and_then(|listener| self.listeners.get(listener));
        let Some(forwards) = self.listeners.get(name).or_else(by_port) else {
            return Err(
                match self.ports.keys().filter(|(balancer, _)| **balancer == *name).map(|(_, port)| port.to_string()).collect::<Vec<_>>() {
                    none if none.is_empty() => {
                        format!("nothing is known behind {name}: no [[upstream]] section, load balancer or service has this ARN")
                    }
                    others => format!("{name} has no listener on port {port}; it has {}", others.join(", ")),
                },
            );
        };
        let total: u64 = forwards.iter().map(|forward| u64::from(forward.weight)).sum();
        for forward in forwards.iter().filter(|forward| forward.weight > 0 || total == 0) {
            let (weight, total) = if total == 0 { (1, forwards.len() as u64) } else { (u64::from(forward.weight), total) };
            let plan = self.groups.get(&forward.group);
            let plan = plan.ok_or_else(|| format!("the listener of {name} names a target group that is gone: {}", forward.group))?;
            self.add(&forward.group, plan, "", (share * weight, of * total), depth, parts)?;
        }
        if forwards.is_empty() { Err(format!("the listener of {name} forwards to no target group")) } else { Ok(()) }
    }

    fn add(
        &self,
        group: &Arc<str>,
        plan: &Arc<Plan>,
        filter: &str,
        (share, of): (u64, u64),
        depth: usize,
        parts: &mut Vec<Part>,
    ) -> Result<(), String> {
        let filters: Vec<(&str, &str)> = filter.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let fits = |endpoint: &Endpoint| {
            filters.iter().all(|(key, value)| endpoint.attributes.iter().any(|(known, is)| **known == **key && **is == **value))
        };
        let (balancers, plain): (Vec<&Endpoint>, Vec<&Endpoint>) = plan
            .endpoints
            .iter()
            .filter(|endpoint| fits(endpoint))
            .take(TARGETS_MAX)
            .partition(|endpoint| endpoint.host.starts_with("arn:"));
        let total: u64 = balancers.iter().chain(&plain).map(|endpoint| u64::from(endpoint.weight)).sum();
        let weight = |endpoint: &Endpoint| match of {
            1 => endpoint.weight,
            _ if endpoint.weight == 0 => 0,
            of => u32::try_from((SHARE * share * u64::from(endpoint.weight) / (of * total.max(1))).max(1)).unwrap_or(u32::MAX),
        };
        let endpoints = plain.into_iter().map(|endpoint| (endpoint.clone(), weight(endpoint))).collect();
        parts.push(Part { group: group.clone(), plan: plan.clone(), endpoints });
        for balancer in balancers {
            if depth == 0 {
                return Err(format!("there are too many load balancers behind each other: {group}"));
            }
            self.collect(&balancer.host, balancer.port, share * u64::from(balancer.weight), of * total.max(1), depth - 1, parts)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BALANCER: &str = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/net/a/1";
    const LISTENER: &str = "arn:aws:elasticloadbalancing:us-east-1:1:listener/net/a/1/2";

    fn wanted(link: &str, target: Option<&str>, url: &str) -> Wanted {
        let (scheme, authority) = url.split_once("://").unwrap();
        let origin = Arc::new(Target::parse(scheme, authority, Trust::Authorities).unwrap());
        Wanted { account: "1".into(), region: "us-east-1".into(), link: link.into(), target: target.map(Into::into), origin }
    }

    fn directory() -> Directory {
        let mut directory = Directory::default();
        let (account, region): (Arc<str>, Arc<str>) = ("1".into(), "us-east-1".into());
        directory.set_link(&account, &region, "nlb", Some(Link { target: Some(BALANCER.into()) }));
        directory.set_link(&account, &region, "v2", Some(Link { target: None }));
        let forward = |group: &str, weight| Forward { group: group.into(), weight };
        directory.set_listener(LISTENER, Some((BALANCER, 80, vec![forward("blue", 3), forward("green", 1)])));
        let plan = |hosts: &[&str]| Plan { endpoints: hosts.iter().map(|host| Endpoint::new(host, 8080)).collect(), ..Plan::default() };
        directory.set_group("blue", Some(plan(&["b1", "b2"])));
        directory.set_group("green", Some(plan(&["g1"])));
        directory
    }

    fn told(directory: &Directory, wanted: &Wanted) -> Vec<(String, u32)> {
        let (_, parts) = directory.resolve(wanted).unwrap();
        parts.iter().flat_map(|part| &part.endpoints).map(|(endpoint, weight)| (endpoint.host.to_string(), *weight)).collect()
    }

    #[test]
    fn a_link_leads_to_the_listener_of_the_uris_port_and_to_its_groups_by_weight() {
        let directory = directory();
        let shares = [("b1".to_owned(), 375), ("b2".to_owned(), 375), ("g1".to_owned(), 250)];
        assert_eq!(told(&directory, &wanted("nlb", None, "http://x")), shares);
        assert_eq!(told(&directory, &wanted("v2", Some(LISTENER), "http://x:99")), shares);
        assert_eq!(told(&directory, &wanted("nlb", Some("green"), "http://x")), [("g1".to_owned(), 1)]);
    }

    #[test]
    fn what_is_not_there_is_told_by_name() {
        let mut directory = directory();
        let why = |directory: &Directory, wanted: &Wanted| directory.resolve(wanted).err().unwrap();
        assert!(why(&directory, &wanted("other", None, "http://x")).contains("no VPC link \"other\""));
        assert!(why(&directory, &wanted("nlb", None, "http://x:81")).contains("no listener on port 81; it has 80"));
        assert!(why(&directory, &wanted("v2", None, "http://x")).contains("integrationTarget"));
        assert!(why(&directory, &wanted("v2", Some("arn:x"), "http://x")).contains("nothing is known behind arn:x"));
        directory.set_group("green", None);
        assert!(why(&directory, &wanted("nlb", None, "http://x")).contains("a target group that is gone: green"));
        directory.set_listener(LISTENER, None);
        assert!(why(&directory, &wanted("nlb", None, "http://x")).contains("nothing is known"));
    }

    #[test]
    fn a_balancer_behind_a_balancer_is_followed_and_a_circle_is_none() {
        let mut directory = directory();
        let behind = |host: &str| Some(Plan { endpoints: vec![Endpoint::new(host, 80)], ..Plan::default() });
        directory.set_group("front", behind(BALANCER));
        assert_eq!(told(&directory, &wanted("v2", Some("front"), "http://x")).len(), 3);
        directory.set_group("blue", behind(BALANCER));
        let why = directory.resolve(&wanted("v2", Some("front"), "http://x")).err().unwrap();
        assert!(why.contains("too many load balancers"), "{why}");
    }

    #[test]
    fn a_target_is_written_as_a_place_and_a_weight() {
        let heavy = Endpoint { weight: 3, ..Endpoint::new("b.test", 81) };
        assert_eq!(Endpoint::parse("B.test:81  weight=3"), Ok(heavy));
        assert_eq!(Endpoint::parse("[::1]:80"), Ok(Endpoint::new("::1", 80)));
        for text in ["", "a", "a:", "[::1]", "[::1]:", "a:0", "a:1 b", "a:1 weight=", "a:1 weight=-1", "a:1 weight=1001", "a b:1"] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_filter_takes_those_that_have_all_it_asks_for() {
        let mut directory = directory();
        let with = |host: &str, stage: &str| Endpoint {
            attributes: vec![("stage".into(), stage.into()), ("a".into(), "b".into())],
            ..Endpoint::new(host, 1)
        };
        directory.set_group("svc", Some(Plan { endpoints: vec![with("p", "prod"), with("t", "test")], ..Plan::default() }));
        let hosts = |target: &str| told(&directory, &wanted("v2", Some(target), "http://x")).len();
        assert_eq!((hosts("svc"), hosts("svc?stage=prod"), hosts("svc?stage=prod&a=b")), (2, 1, 1));
        assert!(directory.resolve(&wanted("v2", Some("svc?stage=x"), "http://x")).err().unwrap().contains("no targets"));
    }
}
