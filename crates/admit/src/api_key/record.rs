//! What is stored of an API key.

use base::store::{Claim, Kind, Record, Sealed, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An API key. Its value is sealed: neither the records nor the log have it in clear.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiKey {
    /// Ten characters; later keys sort before earlier ones, since AWS lists the newest first.
    pub id: String,
    /// What callers send.
    pub value: Sealed,
    /// A name for the value that does not give it away; unique in the realm.
    pub mark: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub customer_id: Option<String>,
    /// A disabled key is refused like an unknown one.
    pub enabled: bool,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// `apiId/stage`, the deprecated way to tie a key to a stage. Echoed, without effect.
    #[serde(default)]
    pub stage_keys: Vec<String>,
    /// The usage plans it is in (10 at most): kept here too, so that nothing must be searched when the key goes.
    #[serde(default)]
    pub plans: Vec<String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Characters of a key's name.
pub const NAME_CHARS_MAX: usize = 1024;

/// Usage plans a key may be in.
pub const PLANS_PER_KEY_MAX: usize = 10;

/// What the value of a key claims.
pub const VALUE_CLAIM: &str = "apikey-value";

impl Record for ApiKey {
    const KIND: Kind = kind::API_KEY;
    fn id(&self) -> String {
        self.id.clone()
    }
    fn claims(&self) -> Vec<Claim> {
        vec![Claim { what: VALUE_CLAIM, value: self.mark.clone() }]
    }
}
