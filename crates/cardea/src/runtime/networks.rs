//! Private networks as they are stored, kept before the eyes of the registry: VPC links, load balancers' listeners and target groups, and
//! the instances of Cloud Map.

use base::store::{Address, Change, Realm, Row, StoreError, View, kind};
use deliver::cloud_map::record::{DiscoveryService, Instance, InstanceCheck, service_arn};
use deliver::load_balancer::record::{HealthCheck, Listener, Noun, TargetGroup, statuses};
use deliver::upstream::balance::{Balance, Check, Directory, Endpoint, Forward, Health, HttpCheck, Link, Plan, Registry, Terms};
use deliver::vpc_link::record::VpcLink;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

const KINDS: [base::store::Kind; 6] =
    [kind::VPC_LINK, kind::VPC_LINK_V2, kind::TARGET_GROUP, kind::LISTENER, kind::DISCOVERY_SERVICE, kind::INSTANCE];
/// What a group's algorithm is called, and its slow start.
const ALGORITHM: &str = "load_balancing.algorithm.type";
const SLOW_START: &str = "slow_start.duration_seconds";
/// Cloud Map looks every thirty seconds.
const INSTANCE_INTERVAL_MS: u32 = 30_000;
const INSTANCE_TIMEOUT_MS: u32 = 4_000;

/// What is stored of private networks.
pub(super) struct Networks {
    registry: Arc<Registry>,
    /// How targets are treated where the record does not say.
    usual: Terms,
    services: Mutex<HashMap<(Realm, String), Discovered>>,
}

/// A Cloud Map service and its instances.
#[derive(Default)]
struct Discovered {
    service: Option<DiscoveryService>,
    instances: BTreeMap<String, Instance>,
}

/// A Cloud Map service.
type ServiceKey = (Realm, String);

impl Networks {
    /// Nothing is known yet.
    pub(super) fn new(registry: Arc<Registry>, usual: Terms) -> Networks {
        Networks { registry, usual, services: Mutex::default() }
    }

    /// Reads everything that is there.
    pub(super) fn load(&self, view: &dyn View) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for kind in KINDS {
            view.every(kind, &mut |row| {
                rows.push(row);
                Ok(())
            })?;
        }
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        self.registry.change(|directory| {
            let mut stale = BTreeSet::new();
            rows.iter().for_each(|row| self.put(directory, &mut services, &mut stale, row));
            stale.iter().for_each(|key| self.discover(directory, &mut services, key));
        });
        Ok(())
    }

    /// Takes one revision in.
    pub(super) fn apply(&self, changes: &[Change]) {
        let ours = || changes.iter().filter(|change| KINDS.contains(&change.address.kind));
        if ours().next().is_none() {
            return;
        }
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        self.registry.change(|directory| {
            let mut stale = BTreeSet::new();
            for change in ours() {
                match &change.after {
                    Some(row) => self.put(directory, &mut services, &mut stale, row),
                    None => delete(directory, &mut services, &mut stale, &change.address),
                }
            }
            stale.iter().for_each(|key| self.discover(directory, &mut services, key));
        });
    }

    fn put(&self, directory: &mut Directory, services: &mut HashMap<ServiceKey, Discovered>, stale: &mut BTreeSet<ServiceKey>, row: &Row) {
        if let Err(why) = self.try_put(directory, services, stale, row) {
            tracing::error!(%why, "a record of a private network cannot be read; what it was before stays in force");
        }
    }

    fn try_put(
        &self,
        directory: &mut Directory,
        services: &mut HashMap<ServiceKey, Discovered>,
        stale: &mut BTreeSet<ServiceKey>,
        row: &Row,
    ) -> Result<(), StoreError> {
        let realm = &row.address.scope.realm;
        match row.address.kind {
            kind::VPC_LINK => {
                let link: VpcLink = row.record()?;
                let target = link.target_arns.into_iter().next().map(Into::into);
                directory.set_link(&realm.account, &realm.region, &link.id, Some(Link { target }));
            }
            // Its integrations say themselves where they lead.
            kind::VPC_LINK_V2 => directory.set_link(&realm.account, &realm.region, &row.address.id, Some(Link { target: None })),
            kind::TARGET_GROUP => {
                let group: TargetGroup = row.record()?;
                directory.set_group(&Noun::TargetGroup.arn(realm, &group.id), Some(self.plan(&group)));
            }
            kind::LISTENER => {
                let listener: Listener = row.record()?;
                let forward = |share: &deliver::load_balancer::record::Share| Forward {
                    group: share.group.as_str().into(),
                    weight: share.weight.unwrap_or(1),
                };
                let balancer = Noun::LoadBalancer.arn(realm, &listener.balancer);
                let of = (balancer.as_str(), listener.port, listener.forwards.iter().map(forward).collect());
                directory.set_listener(&Noun::Listener.arn(realm, &listener.id), Some(of));
            }
            kind::DISCOVERY_SERVICE => {
                let service: DiscoveryService = row.record()?;
                let key = (realm.clone(), service.id.clone());
                services.entry(key.clone()).or_default().service = Some(service);
                stale.insert(key);
            }
            _ => {
                let instance: Instance = row.record()?;
                let key = (realm.clone(), instance.service.clone());
                services.entry(key.clone()).or_default().instances.insert(instance.id.clone(), instance);
                stale.insert(key);
            }
        }
        Ok(())
    }

    /// A target group as the registry has it.
    fn plan(&self, group: &TargetGroup) -> Plan {
        let attribute = |name: &str| group.attributes.get(name).map(String::as_str);
        let slow_start_seconds: u32 = attribute(SLOW_START).and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
        let terms = Terms {
            balance: match attribute(ALGORITHM) {
                Some("least_outstanding_requests") => Balance::LeastOutstanding,
                _ => Balance::RoundRobin,
            },
            check: check(&group.check),
            slow_start_ms: slow_start_seconds * 1_000,
            ..self.usual.clone()
        };
        let endpoints = group.targets.iter().map(|target| {
            let host = if target.id.starts_with("arn:") { target.id.clone() } else { target.id.to_ascii_lowercase() };
            Endpoint::new(&host, target.port.unwrap_or(group.port))
        });
        Plan { terms, endpoints: endpoints.collect() }
    }

    /// A Cloud Map service as the registry has it.
    fn discover(&self, directory: &mut Directory, services: &mut HashMap<ServiceKey, Discovered>, key: &ServiceKey) {
        let arn = service_arn(&key.0, &key.1);
        let Some((service, instances)) = services.get(key).and_then(|known| Some((known.service.as_ref()?, &known.instances))) else {
            services.remove(key);
            return directory.set_group(&arn, None);
        };
        let endpoint = |instance: &Instance| {
            let (host, port) = instance.place()?;
            let attributes = instance.attributes.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into()));
            let health = match instance.is_healthy {
                None => Health::Unknown,
                Some(true) => Health::Healthy,
                Some(false) => Health::Unhealthy,
            };
            Some(Endpoint { attributes: attributes.collect(), health, ..Endpoint::new(&host.to_ascii_lowercase(), port) })
        };
        let mut endpoints: Vec<Endpoint> = Vec::new();
        for one in instances.values().filter_map(endpoint) {
            // One place may be registered twice; it is asked as one.
            if !endpoints.iter().any(|known| known.host == one.host && known.port == one.port) {
                endpoints.push(one);
            }
        }
        let terms = Terms { check: service.check.as_ref().map(instance_check), ..self.usual.clone() };
        directory.set_group(&arn, Some(Plan { terms, endpoints }));
    }
}

fn delete(directory: &mut Directory, services: &mut HashMap<ServiceKey, Discovered>, stale: &mut BTreeSet<ServiceKey>, address: &Address) {
    let (realm, id) = (&address.scope.realm, &*address.id);
    match address.kind {
        kind::VPC_LINK | kind::VPC_LINK_V2 => directory.set_link(&realm.account, &realm.region, id, None),
        kind::TARGET_GROUP => directory.set_group(&Noun::TargetGroup.arn(realm, id), None),
        kind::LISTENER => directory.set_listener(&Noun::Listener.arn(realm, id), None),
        kind::DISCOVERY_SERVICE => {
            let key = (realm.clone(), id.to_owned());
            if let Some(known) = services.get_mut(&key) {
                known.service = None;
            }
            stale.insert(key);
        }
        _ => {
            let key = (realm.clone(), address.scope.parent.to_string());
            if let Some(known) = services.get_mut(&key) {
                known.instances.remove(id);
            }
            stale.insert(key);
        }
    }
}

fn check(check: &HealthCheck) -> Option<Check> {
    let http = check.protocol.starts_with("HTTP").then(|| HttpCheck {
        path: check.path.as_deref().unwrap_or("/").into(),
        statuses: statuses(check.matcher.as_deref().unwrap_or("200")).unwrap_or_default(),
        tls: check.protocol == "HTTPS",
    });
    check.enabled.then(|| Check {
        http,
        port: check.port.parse().ok(),
        interval_ms: check.interval_seconds * 1_000,
        timeout_ms: check.timeout_seconds * 1_000,
        healthy_after: check.healthy_after,
        unhealthy_after: check.unhealthy_after,
    })
}

fn instance_check(check: &InstanceCheck) -> Check {
    let http = (check.protocol != "TCP").then(|| HttpCheck {
        path: check.path.as_deref().unwrap_or("/").into(),
        statuses: vec![200..=399],
        tls: check.protocol == "HTTPS",
    });
    Check {
        http,
        port: None,
        interval_ms: INSTANCE_INTERVAL_MS,
        timeout_ms: INSTANCE_TIMEOUT_MS,
        healthy_after: check.failures,
        unhealthy_after: check.failures,
    }
}
