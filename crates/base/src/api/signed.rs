//! Who is calling the control API.

use crate::store::Realm;
use std::sync::Arc;

/// The caller of an operation.
#[derive(Clone, Debug)]
pub struct Caller {
    /// For the log of changes: an access key id, or `dev`.
    pub name: Arc<str>,
    /// The account, and the region of the signature's credential scope.
    pub realm: Realm,
}

/// Somebody who may call.
#[derive(Clone)]
pub struct Identity {
    /// The secret that signatures are made with.
    pub secret: Arc<str>,
    /// The account it belongs to.
    pub account: Arc<str>,
}

/// Knows access keys.
pub trait Credentials: Send + Sync + 'static {
    /// Whose key this is.
    fn identity(&self, access_key_id: &str) -> Option<Identity>;
}
