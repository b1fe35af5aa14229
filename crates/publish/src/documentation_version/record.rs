//! What is stored of a documentation version.

use base::store::{Kind, Record, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};

/// The documentation parts of an API as they were.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DocumentationVersion {
    pub api: String,
    pub version: String,
    pub created: Timestamp,
    pub description: Option<String>,
    /// The frozen text it stands for: a list of documentation parts as JSON.
    pub parts: String,
}

impl Record for DocumentationVersion {
    const KIND: Kind = kind::DOCUMENTATION_VERSION;
    fn parent(&self) -> String {
        self.api.clone()
    }
    fn id(&self) -> String {
        self.version.clone()
    }
}
