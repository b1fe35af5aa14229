//! API keys: who calls, for metering. Not a way to authenticate anybody.

pub mod record;
