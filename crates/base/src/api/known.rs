//! The one noun that nearly every feature must ask for before it does anything: is there such a REST API?

use super::ApiError;
use crate::store::{Realm, View, kind};

impl ApiError {
    /// A 404: no REST API has this id here. (observed/rest-apis.json, validators-and-models.json)
    pub fn no_api(realm: &Realm, id: &str) -> ApiError {
        ApiError::NotFound(format!("Invalid API identifier specified {}:{id}", realm.account))
    }
}

/// Refuses an id that no REST API of the realm has.
pub fn known_api(view: &dyn View, realm: &Realm, id: &str) -> Result<(), ApiError> {
    if view.has(kind::REST_API, &realm.top(), id)? { Ok(()) } else { Err(ApiError::no_api(realm, id)) }
}
