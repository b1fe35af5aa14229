//! What is stored of a VPC link of the second kind.

use base::store::{Kind, Record, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A way into a private network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpcLinkV2 {
    /// Six characters of `[a-z0-9]`.
    pub id: String,
    pub name: String,
    pub subnets: Vec<String>,
    #[serde(default)]
    pub security_groups: Vec<String>,
    pub created: Timestamp,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl Record for VpcLinkV2 {
    const KIND: Kind = kind::VPC_LINK_V2;
    fn id(&self) -> String {
        self.id.clone()
    }
}
