//! What is stored of a documentation part.

use base::store::{Kind, Record, kind};
use serde::{Deserialize, Serialize};

/// What is written of one entity of an API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentationPart {
    pub api: String,
    /// Six characters of `[a-z0-9]`.
    pub id: String,
    pub location: Location,
    /// A JSON object as text, as it was sent.
    pub properties: String,
}

/// Which entity of an API. What is absent has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A verb, or `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Three digits, or `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Record for DocumentationPart {
    const KIND: Kind = kind::DOCUMENTATION_PART;
    fn parent(&self) -> String {
        self.api.clone()
    }
    fn id(&self) -> String {
        self.id.clone()
    }
}
