//! What is stored of Cloud Map.

use base::store::{Kind, Realm, Record, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Namespace {
    /// `ns-` and sixteen characters.
    pub id: String,
    pub name: String,
    /// `HTTP`, `DNS_PRIVATE` or `DNS_PUBLIC`.
    pub kind: String,
    pub description: Option<String>,
    pub created: Timestamp,
    pub creator_request: Option<String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiscoveryService {
    /// `srv-` and sixteen characters.
    pub id: String,
    pub name: String,
    /// The namespace's id.
    pub namespace: String,
    pub description: Option<String>,
    pub created: Timestamp,
    pub creator_request: Option<String>,
    /// `HTTP`, or `DNS_HTTP` where it has DNS records.
    pub kind: String,
    /// As it was given: kept, and shown.
    pub dns: Option<serde_json::Value>,
    pub check: Option<InstanceCheck>,
    /// Whoever runs the instances says how they are.
    pub custom_health: bool,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// How instances are looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceCheck {
    /// `HTTP`, `HTTPS` or `TCP`.
    pub protocol: String,
    pub path: Option<String>,
    /// 1 to 10.
    pub failures: u32,
}

/// An instance of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    pub id: String,
    /// The service's id.
    pub service: String,
    pub attributes: BTreeMap<String, String>,
    pub creator_request: Option<String>,
    /// What was said of its health; `None` where nobody says.
    pub is_healthy: Option<bool>,
}

impl Instance {
    /// Where it is: address or name, and port. AWS's integrations take those with an IPv4 address and a port alone.
    pub fn place(&self) -> Option<(&str, u16)> {
        let names = ["AWS_INSTANCE_IPV4", "AWS_INSTANCE_IPV6", "AWS_INSTANCE_CNAME"];
        let host = names.iter().find_map(|name| self.attributes.get(*name))?;
        let port = self.attributes.get("AWS_INSTANCE_PORT")?.parse().ok().filter(|port| *port > 0)?;
        Some((host, port))
    }
}

/// The ARN of a service.
pub fn service_arn(realm: &Realm, id: &str) -> String {
    format!("arn:aws:servicediscovery:{}:{}:service/{id}", realm.region, realm.account)
}

/// The ARN of a namespace.
pub fn namespace_arn(realm: &Realm, id: &str) -> String {
    format!("arn:aws:servicediscovery:{}:{}:namespace/{id}", realm.region, realm.account)
}

impl Record for Namespace {
    const KIND: Kind = kind::NAMESPACE;
    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Record for DiscoveryService {
    const KIND: Kind = kind::DISCOVERY_SERVICE;
    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Record for Instance {
    const KIND: Kind = kind::INSTANCE;
    fn id(&self) -> String {
        self.id.clone()
    }
    fn parent(&self) -> String {
        self.service.clone()
    }
}
