//! Where a method is, and finding it with the right noun when it is not there.

use super::record::{Method, method_id};
use crate::resource::record::Resource;
use crate::resource::tree;
use base::api::{self, ApiError, Control, Member};
use base::store::{Realm, Scope, Txn, View};
use deliver::integration::record::Integration;

/// The path of a method: its API, resource and verb.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) realm: Realm,
    pub(super) scope: Scope,
    pub(super) resource: String,
    pub(super) verb: String,
}

/// The members that make a spot.
pub(super) const API: Member = api::text("restapi_id").in_path("restApiId");
pub(super) const RESOURCE: Member = api::text("resource_id").in_path("resourceId");
pub(super) const VERB: Member = api::text("http_method").in_path("httpMethod");
/// The member that tells one response from another.
pub(super) const STATUS: Member = api::text("status_code").in_path("statusCode").like(r"[1-5]\d\d", is_status);

/// Whether a text is a status code.
pub(super) fn is_status(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1'..=b'5', tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit())
}

impl Spot {
    pub(super) fn new(cx: &Control, api: &str, resource: String, verb: String) -> Spot {
        Spot { realm: cx.realm().clone(), scope: cx.realm().scope(api), resource, verb }
    }

    /// The resource must be there; of an unknown API the same is said. (observed/methods.json)
    pub(super) fn resource(&self, view: &dyn View) -> Result<Resource, ApiError> {
        view.find(&self.scope, &self.resource)?.ok_or_else(tree::unknown)
    }

    /// The method, if it is there.
    pub(super) fn any_method(&self, view: &dyn View) -> Result<Option<Method>, ApiError> {
        Ok(view.find(&self.scope, &method_id(&self.resource, &self.verb))?)
    }

    /// The method.
    pub(super) fn method(&self, view: &dyn View) -> Result<Method, ApiError> {
        self.resource(view)?;
        self.any_method(view)?.ok_or_else(|| ApiError::not_found("Invalid Method identifier specified"))
    }

    pub(super) fn save(&self, txn: &mut dyn Txn, method: &Method) -> Result<(), ApiError> {
        Ok(txn.save(&self.realm, method)?)
    }
}

/// The integration of a method.
pub(super) fn integration(method: &mut Method) -> Result<&mut Integration, ApiError> {
    method.integration.as_mut().ok_or_else(|| ApiError::not_found("Invalid Integration identifier specified"))
}

/// Neither kind of response has this status.
pub(super) fn no_status() -> ApiError {
    ApiError::not_found("Invalid Response status code specified")
}

/// A member that must be there and is not.
pub(super) fn missing(path: &str) -> ApiError {
    ApiError::Validation(format!(
        "1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
    ))
}
