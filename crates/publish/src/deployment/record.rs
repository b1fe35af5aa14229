//! What is stored of a deployment.

use base::store::{Kind, Record, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};

/// An API as it was at a moment: immutable, and named by the digest of its tree.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deployment {
    pub api: String,
    /// Six characters of `[a-z0-9]`.
    pub id: String,
    pub description: Option<String>,
    pub created: Timestamp,
    /// The frozen text it stands for: a [`define::tree::ApiTree`] as JSON.
    pub tree: String,
}

impl Record for Deployment {
    const KIND: Kind = kind::DEPLOYMENT;
    fn parent(&self) -> String {
        self.api.clone()
    }
    fn id(&self) -> String {
        self.id.clone()
    }
}
