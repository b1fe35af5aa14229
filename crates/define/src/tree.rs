//! Everything of an API that a deployment freezes, as one value: what is stored under a digest, and what is compiled.

use crate::documentation::record::DocumentationPart;
use crate::method::record::Method;
use crate::model::record::Model;
use crate::resource::record::Resource;
use crate::rest_api::record::RestApi;
use admit::authorizer::record::Authorizer;
use admit::request_validator::record::RequestValidator;
use base::store::{Kind, Realm, Record, StoreError, View};
use deliver::gateway_response::record::GatewayResponse;
use serde::{Deserialize, Serialize};

/// The frozen half of an API. Everything in it is sorted, so that equal APIs have equal texts, and so one digest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiTree {
    pub api: RestApi,
    pub resources: Vec<Resource>,
    pub methods: Vec<Method>,
    #[serde(default)]
    pub models: Vec<Model>,
    #[serde(default)]
    pub authorizers: Vec<Authorizer>,
    #[serde(default)]
    pub validators: Vec<RequestValidator>,
    #[serde(default)]
    pub gateway_responses: Vec<GatewayResponse>,
    /// What is written of it. It is not frozen: versions of its own are what stages show.
    #[serde(skip)]
    pub documentation: Vec<DocumentationPart>,
}

/// The kinds of records that an API's definition consists of: the tree, and what is written of it.
pub const KINDS: &[Kind] = &[
    RestApi::KIND,
    Resource::KIND,
    Method::KIND,
    Model::KIND,
    Authorizer::KIND,
    RequestValidator::KIND,
    GatewayResponse::KIND,
    DocumentationPart::KIND,
];

impl ApiTree {
    /// The API as it stands; `None` when there is none.
    pub fn read(view: &dyn View, realm: &Realm, api: &str) -> Result<Option<ApiTree>, StoreError> {
        let Some(api) = view.find::<RestApi>(&realm.top(), api)? else { return Ok(None) };
        let scope = realm.scope(&api.id);
        Ok(Some(ApiTree {
            resources: view.all(&scope)?,
            methods: view.all(&scope)?,
            models: view.all(&scope)?,
            authorizers: view.all(&scope)?,
            validators: view.all(&scope)?,
            gateway_responses: view.all(&scope)?,
            documentation: view.all(&scope)?,
            api,
        }))
    }
}
