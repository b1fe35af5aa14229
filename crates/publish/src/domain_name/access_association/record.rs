//! What is stored of an access association.

use base::store::{Kind, Record, kind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A VPC endpoint's way to a private domain name. It lies in the realm of whoever made it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessAssociation {
    /// Of the name without its id, and the source: a VPC endpoint knows a host alone, so it can reach one domain of a name.
    pub arn: String,
    /// The domain name's ARN.
    pub domain: String,
    /// The VPC endpoint's id.
    pub source: String,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl Record for AccessAssociation {
    const KIND: Kind = kind::DOMAIN_NAME_ACCESS_ASSOCIATION;
    fn id(&self) -> String {
        self.arn.clone()
    }
}
