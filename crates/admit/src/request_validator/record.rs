//! What is stored of a request validator.

use base::store::{Kind, Record, kind};
use serde::{Deserialize, Serialize};

/// A request validator of a REST API: what of a request is checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestValidator {
    pub api: String,
    pub id: String,
    pub name: String,
    pub body: bool,
    pub parameters: bool,
}

impl Record for RequestValidator {
    const KIND: Kind = kind::REQUEST_VALIDATOR;
    fn parent(&self) -> String {
        self.api.clone()
    }
    fn id(&self) -> String {
        self.id.clone()
    }
}
