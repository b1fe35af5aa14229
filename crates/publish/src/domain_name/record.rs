//! What is stored of a domain name.

use base::store::{Kind, Record, Sealed, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A custom domain name. All of it is live.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DomainName {
    /// In small letters; `*.` may begin a public one.
    pub name: String,
    /// Ten characters of `[a-z0-9]`, for private names alone.
    pub private_id: Option<String>,
    pub created: Timestamp,
    /// `EDGE`, `REGIONAL`, or both while it moves; or `PRIVATE` alone.
    pub types: Vec<String>,
    /// `ipv4` or `dualstack`.
    pub ip_address_type: String,
    #[serde(default)]
    pub vpc_endpoint_ids: Vec<String>,
    /// Of an edge or a private name.
    pub certificate: Certificate,
    pub regional_certificate: Certificate,
    /// What the deprecated way of creation brought.
    pub uploaded: Option<Uploaded>,
    /// The name that DNS is to point at for `REGIONAL`.
    pub regional_host: String,
    /// The name that DNS is to point at for `EDGE`.
    pub distribution_host: String,
    pub security_policy: String,
    pub endpoint_access_mode: Option<String>,
    pub mutual_tls: Option<MutualTls>,
    pub ownership_certificate_arn: Option<String>,
    /// JSON text: who may call a private name.
    pub policy: Option<String>,
    /// JSON text: who may make access associations with a private name.
    pub management_policy: Option<String>,
    pub routing_mode: String,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Which certificate a name has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    pub name: Option<String>,
    pub arn: Option<String>,
    /// When it was last set.
    pub set: Option<Timestamp>,
}

impl Certificate {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.name.is_none() && self.arn.is_none()
    }
}

/// A certificate that came as text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Uploaded {
    /// PEM.
    pub body: String,
    /// PEM, from the certificate's issuer on.
    pub chain: Option<String>,
    /// PEM.
    pub private_key: Option<Sealed>,
}

/// Whose certificates callers must show.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MutualTls {
    /// `s3://bucket/key`.
    pub truststore_uri: Option<String>,
    pub truststore_version: Option<String>,
}

impl DomainName {
    /// Whether it is reached from VPC endpoints alone.
    pub fn is_private(&self) -> bool {
        self.private_id.is_some()
    }
}

/// The id of a domain name's record.
pub fn domain_id(name: &str, private_id: Option<&str>) -> String {
    private_id.map_or_else(|| name.to_owned(), |id| format!("{name}+{id}"))
}

impl Record for DomainName {
    const KIND: Kind = kind::DOMAIN_NAME;
    fn id(&self) -> String {
        domain_id(&self.name, self.private_id.as_deref())
    }
}
