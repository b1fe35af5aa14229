//! What is stored of a resource.

use base::store::{Kind, Record, kind};
use serde::{Deserialize, Serialize};

/// A node of an API's tree of paths.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Resource {
    pub api: String,
    /// Ten characters for the root, six for the others.
    pub id: String,
    /// `None` for the root.
    pub parent: Option<String>,
    /// One segment: static text, `{name}`, or `{name+}`; empty for the root.
    pub path_part: String,
    /// The whole path, from the root: kept with the record, changed with its ancestors.
    pub path: String,
}

impl Record for Resource {
    const KIND: Kind = kind::RESOURCE;
    fn parent(&self) -> String {
        self.api.clone()
    }
    fn id(&self) -> String {
        self.id.clone()
    }
}
