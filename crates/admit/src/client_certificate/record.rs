//! What is stored of a client certificate.

use base::store::{Kind, Record, Sealed, kind};
use base::world::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A certificate that the gateway shows to back ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientCertificate {
    /// Six characters of `[a-z0-9]`.
    pub id: String,
    pub description: Option<String>,
    /// PEM.
    pub certificate: String,
    /// PKCS#8 in PEM.
    pub private_key: Sealed,
    pub created: Timestamp,
    pub expires: Timestamp,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl Record for ClientCertificate {
    const KIND: Kind = kind::CLIENT_CERTIFICATE;
    fn id(&self) -> String {
        self.id.clone()
    }
}
