//! API keys: who calls, for metering. Not a way to authenticate anybody.
//!
//! AWS promises ten-character ids, the newest key first in lists, values of 20 to 128 characters that are unique in the account and
//! region, and that a value is shown when it is made and afterwards only to those who ask. Odd: a new key is disabled unless told
//! otherwise, the name filter is a case-sensitive prefix, an empty name is no name, and empty `tags` are left out of what is made or
//! listed but shown of what is looked up or changed. A deleted key leaves its usage plans. Proof: `tests.rs`; seen in
//! observed/usage-plans-and-keys.json.

mod csv;
mod import;
mod operations;
pub mod record;
#[cfg(test)]
mod tests;

use base::api::{Entry, op};

/// What the control API can do with API keys.
pub const OPERATIONS: &[Entry] = &[
    op::<import::ImportApiKeys>(),
    op::<operations::CreateApiKey>(),
    op::<operations::GetApiKeys>(),
    op::<operations::GetApiKey>(),
    op::<operations::UpdateApiKey>(),
    op::<operations::DeleteApiKey>(),
];
