//! What is stored of a VPC link.

use base::store::{Kind, Record, kind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A way to a load balancer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VpcLink {
    /// Six characters of `[a-z0-9]`.
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    /// The load balancer's.
    pub target_arns: Vec<String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl Record for VpcLink {
    const KIND: Kind = kind::VPC_LINK;
    fn id(&self) -> String {
        self.id.clone()
    }
}
