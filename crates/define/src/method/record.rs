//! What is stored of a method: also its responses, its integration and that one's responses, since AWS nests them, shows them together,
//! and deletes them together.

use base::store::{Kind, Record, kind};
use deliver::integration::record::Integration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A verb on a resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Method {
    pub api: String,
    pub resource: String,
    /// One of [`VERBS`].
    pub verb: String,
    /// `NONE`, `AWS_IAM`, `CUSTOM`, `COGNITO_USER_POOLS` or `JWT`, as it was sent.
    pub authorization_type: String,
    pub authorizer: Option<String>,
    #[serde(default)]
    pub authorization_scopes: Vec<String>,
    pub api_key_required: bool,
    pub operation_name: Option<String>,
    pub request_validator: Option<String>,
    /// `method.request.{location}.{name}`, and whether it is required.
    pub request_parameters: Option<BTreeMap<String, bool>>,
    /// Media type to model name.
    pub request_models: Option<BTreeMap<String, String>>,
    /// By status code.
    #[serde(default)]
    pub responses: BTreeMap<String, MethodResponse>,
    pub integration: Option<Integration>,
}

/// What a method may answer with one status.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MethodResponse {
    pub status_code: String,
    /// `method.response.header.{name}`, and whether it is required.
    pub response_parameters: Option<BTreeMap<String, bool>>,
    /// Media type to model name.
    pub response_models: Option<BTreeMap<String, String>>,
}

/// The verbs a method may have, in AWS's printed order.
pub const VERBS: &[&str] = &["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY"];

/// The id of a method under its API.
pub fn method_id(resource: &str, verb: &str) -> String {
    format!("{resource}/{verb}")
}

impl Record for Method {
    const KIND: Kind = kind::METHOD;
    fn parent(&self) -> String {
        self.api.clone()
    }
    fn id(&self) -> String {
        method_id(&self.resource, &self.verb)
    }
}
