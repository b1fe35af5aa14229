//! What is stored of an account in a region. It is there from the beginning: no record means the defaults.

use base::store::{Kind, Record, kind};
use serde::{Deserialize, Serialize};

/// The account's settings in a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Account {
    pub cloudwatch_role_arn: Option<String>,
}

/// The id of the one account record of a realm.
pub const ACCOUNT_ID: &str = "account";
/// Requests a second that an account's APIs may serve together, per region.
pub const RATE_PER_SECOND_DEFAULT: f64 = 10_000.0;
/// Requests they may serve at once.
pub const BURST_DEFAULT: u32 = 5_000;

impl Record for Account {
    const KIND: Kind = kind::ACCOUNT;
    fn id(&self) -> String {
        ACCOUNT_ID.to_owned()
    }
}
