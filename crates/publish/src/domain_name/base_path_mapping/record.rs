//! What is stored of a base path mapping.

use base::store::{Kind, Record, kind};
use serde::{Deserialize, Serialize};

/// How the empty base path is written.
pub const NONE: &str = "(none)";

/// A base path of a domain name, and what it stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BasePathMapping {
    /// The id of the domain name's record.
    pub domain: String,
    /// Without slashes; [`NONE`] for the empty one.
    pub base_path: String,
    pub api: String,
    /// `None` when the next part of the path names it.
    pub stage: Option<String>,
}

impl Record for BasePathMapping {
    const KIND: Kind = kind::BASE_PATH_MAPPING;
    fn parent(&self) -> String {
        self.domain.clone()
    }
    fn id(&self) -> String {
        self.base_path.clone()
    }
}

/// The same from the API's side.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MappedStage {
    pub api: String,
    pub stage: Option<String>,
    pub domain: String,
    pub base_path: String,
}

impl BasePathMapping {
    /// How the API sees it.
    pub fn mirrored(&self) -> MappedStage {
        let Self { domain, base_path, api, stage } = self.clone();
        MappedStage { api, stage, domain, base_path }
    }
}

impl Record for MappedStage {
    const KIND: Kind = kind::MAPPED_STAGE;
    fn parent(&self) -> String {
        self.api.clone()
    }
    fn id(&self) -> String {
        format!("{}/{}", self.domain, self.base_path)
    }
}
