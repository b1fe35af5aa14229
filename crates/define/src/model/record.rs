//! What is stored of a model.

use base::store::{Kind, Record, kind};
use serde::{Deserialize, Serialize};

/// A JSON Schema under a name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Model {
    pub api: String,
    pub id: String,
    pub name: String,
    pub content_type: String,
    pub description: Option<String>,
    /// JSON text.
    pub schema: Option<String>,
}

impl Record for Model {
    const KIND: Kind = kind::MODEL;
    fn parent(&self) -> String {
        self.api.clone()
    }
    /// Models are addressed by name.
    fn id(&self) -> String {
        self.name.clone()
    }
}
