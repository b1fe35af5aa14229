//! Records and where they live.

use super::{Claim, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;

/// The word for a sort of record. The list of words is [`kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(pub &'static str);

/// Every kind there is. A feature may look whether a record of another one exists without knowing what is in it.
pub mod kind {
    use super::Kind;
    /// Account settings of a region (one record, id `account`).
    pub const ACCOUNT: Kind = Kind("account");
    /// An API key.
    pub const API_KEY: Kind = Kind("apikey");
    /// An authorizer of a REST API.
    pub const AUTHORIZER: Kind = Kind("authorizer");
    /// A base path of a domain name, and the API it stands for.
    pub const BASE_PATH_MAPPING: Kind = Kind("basepathmapping");
    /// A client certificate that the gateway shows to back ends.
    pub const CLIENT_CERTIFICATE: Kind = Kind("clientcertificate");
    /// A deployment: what was frozen, by digest.
    pub const DEPLOYMENT: Kind = Kind("deployment");
    /// A service of Cloud Map.
    pub const DISCOVERY_SERVICE: Kind = Kind("discoveryservice");
    /// A documentation part of a REST API.
    pub const DOCUMENTATION_PART: Kind = Kind("documentationpart");
    /// A documentation version of a REST API: its parts as they were.
    pub const DOCUMENTATION_VERSION: Kind = Kind("documentationversion");
    /// A custom domain name.
    pub const DOMAIN_NAME: Kind = Kind("domainname");
    /// A VPC endpoint's access to a private domain name.
    pub const DOMAIN_NAME_ACCESS_ASSOCIATION: Kind = Kind("domainnameaccessassociation");
    /// A Lambda function: its name and what belongs to that, and its unpublished version.
    pub const FUNCTION: Kind = Kind("function");
    /// An alias of a function.
    pub const FUNCTION_ALIAS: Kind = Kind("functionalias");
    /// A published version of a function.
    pub const FUNCTION_VERSION: Kind = Kind("functionversion");
    /// A customised gateway response of a REST API.
    pub const GATEWAY_RESPONSE: Kind = Kind("gatewayresponse");
    /// An instance of a Cloud Map service.
    pub const INSTANCE: Kind = Kind("instance");
    /// A listener of a load balancer.
    pub const LISTENER: Kind = Kind("listener");
    /// A load balancer.
    pub const LOAD_BALANCER: Kind = Kind("loadbalancer");
    /// That a base path stands for a stage of an API: the mapping seen from the API's side.
    pub const MAPPED_STAGE: Kind = Kind("mappedstage");
    /// A method of a resource, with its responses and its integration.
    pub const METHOD: Kind = Kind("method");
    /// A model of a REST API.
    pub const MODEL: Kind = Kind("model");
    /// A namespace of Cloud Map.
    pub const NAMESPACE: Kind = Kind("namespace");
    /// A request validator of a REST API.
    pub const REQUEST_VALIDATOR: Kind = Kind("requestvalidator");
    /// A resource of a REST API.
    pub const RESOURCE: Kind = Kind("resource");
    /// A REST API.
    pub const REST_API: Kind = Kind("restapi");
    /// A stage of a REST API.
    pub const STAGE: Kind = Kind("stage");
    /// A target group, with its targets.
    pub const TARGET_GROUP: Kind = Kind("targetgroup");
    /// A usage plan.
    pub const USAGE_PLAN: Kind = Kind("usageplan");
    /// An API key's membership in a usage plan.
    pub const USAGE_PLAN_KEY: Kind = Kind("usageplankey");
    /// A VPC link.
    pub const VPC_LINK: Kind = Kind("vpclink");
    /// A VPC link of the second kind.
    pub const VPC_LINK_V2: Kind = Kind("vpclinkv2");
    /// All kinds, for tests over the catalogue and for reading stored words back.
    pub const ALL: &[Kind] = &[
        ACCOUNT,
        API_KEY,
        AUTHORIZER,
        BASE_PATH_MAPPING,
        CLIENT_CERTIFICATE,
        DEPLOYMENT,
        DISCOVERY_SERVICE,
        DOCUMENTATION_PART,
        DOCUMENTATION_VERSION,
        DOMAIN_NAME,
        DOMAIN_NAME_ACCESS_ASSOCIATION,
        FUNCTION,
        FUNCTION_ALIAS,
        FUNCTION_VERSION,
        GATEWAY_RESPONSE,
        INSTANCE,
        LISTENER,
        LOAD_BALANCER,
        MAPPED_STAGE,
        METHOD,
        MODEL,
        NAMESPACE,
        REQUEST_VALIDATOR,
        RESOURCE,
        REST_API,
        STAGE,
        TARGET_GROUP,
        USAGE_PLAN,
        USAGE_PLAN_KEY,
        VPC_LINK,
        VPC_LINK_V2,
    ];
}

impl Kind {
    /// The kind with this word.
    pub fn named(word: &str) -> Option<Kind> {
        kind::ALL.iter().copied().find(|kind| kind.0 == word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// An account in a region: everything is kept apart by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Realm {
    /// Twelve digits.
    pub account: Arc<str>,
    /// e.g. `us-east-1`.
    pub region: Arc<str>,
}

impl Realm {
    /// The realm of an account and a region.
    pub fn new(account: &str, region: &str) -> Realm {
        Realm { account: account.into(), region: region.into() }
    }

    /// Records of this realm that belong to no other record.
    pub fn top(&self) -> Scope {
        self.scope("")
    }

    /// Records that belong to the one with this id: an API's resources, a plan's keys.
    pub fn scope(&self, parent: &str) -> Scope {
        Scope { realm: self.clone(), parent: parent.into() }
    }
}

/// Where records of a kind are listed together: a realm, and the id of what they belong to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// Whose.
    pub realm: Realm,
    /// The parent's id; empty for records that belong to none.
    pub parent: Arc<str>,
}

/// Where one record is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The sort of record.
    pub kind: Kind,
    /// Whose, and belonging to what.
    pub scope: Scope,
    /// Its own id.
    pub id: Arc<str>,
}

impl Address {
    /// The address of a typed record.
    pub fn of<R: Record>(scope: &Scope, id: &str) -> Address {
        Address { kind: R::KIND, scope: scope.clone(), id: id.into() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scope { realm, parent } = &self.scope;
        write!(f, "{}/{}/{}/{}/{}", realm.account, realm.region, self.kind, parent, self.id)
    }
}

/// A record as it is stored: JSON text with the version of its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where.
    pub address: Address,
    /// The version of the form that `body` has.
    pub version: u32,
    /// The record as JSON.
    pub body: Arc<str>,
    /// What it claims. Empty on rows that were read.
    pub claims: Vec<Claim>,
}

impl Row {
    /// A typed record as a row.
    pub fn of<R: Record>(realm: &Realm, record: &R) -> Result<Row, StoreError> {
        let address = Address::of::<R>(&realm.scope(&record.parent()), &record.id());
        let body = serde_json::to_string(record)
            .map_err(|cause| StoreError::Unreadable { address: address.to_string(), cause: cause.to_string() })?;
        Ok(Row { address, version: R::VERSION, body: body.into(), claims: record.claims() })
    }

    /// The typed record, brought up to date if it was stored in an older form.
    pub fn record<R: Record>(&self) -> Result<R, StoreError> {
        let unreadable = |cause: String| StoreError::Unreadable { address: self.address.to_string(), cause };
        if self.version == R::VERSION {
            return serde_json::from_str(&self.body).map_err(|cause| unreadable(cause.to_string()));
        }
        let old: serde_json::Value = serde_json::from_str(&self.body).map_err(|cause| unreadable(cause.to_string()))?;
        let new = R::upcast(self.version, old).ok_or_else(|| unreadable(format!("its form {} is unknown", self.version)))?;
        serde_json::from_value(new).map_err(|cause| unreadable(cause.to_string()))
    }
}

/// A thing that is stored. Plain data: nothing compiled, no handle.
pub trait Record: Serialize + DeserializeOwned + Clone + Send + 'static {
    /// The sort of record.
    const KIND: Kind;
    /// The version of its stored form. Raise it when older rows would no longer read, and teach [`Record::upcast`].
    const VERSION: u32 = 1;

    /// The id of what it belongs to; empty for a record of the realm itself.
    fn parent(&self) -> String {
        String::new()
    }

    /// Its own id, unique among its kind under its parent.
    fn id(&self) -> String;

    /// What it holds alone in its realm.
    fn claims(&self) -> Vec<Claim> {
        Vec::new()
    }

    /// The stored JSON of version `from`, in today's form.
    fn upcast(_from: u32, _body: serde_json::Value) -> Option<serde_json::Value> {
        None
    }
}

/// The name of a frozen text: its SHA-256 in lower-case hex.
pub fn digest(text: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    hash.as_ref().iter().fold(String::with_capacity(64), |mut out, byte| {
        use fmt::Write;
        write!(out, "{byte:02x}").expect("a string takes what is written to it");
        out
    })
}
