//! Counting. Throttles are token buckets, one atomic word each; quotas are reservations whose slices are durable before their first
//! unit is served.
//!
//! The promise: **never over, always; never under while no process dies, and after a crash at most the unspent slice.**

mod bucket;
mod ledger;
mod quota;

pub use bucket::{Bucket, Buckets, Rate};
#[cfg(any(test, feature = "testing"))]
pub use ledger::MemoryLedger;
pub use ledger::{Granted, Ledger, LedgerError, Meter, Reservation, Used, Window, slice};
pub use quota::{Quota, Quotas, SLICE_UNITS_MAX, Spent, Taken, Terms, Ticket};
