//! Usage plans: which stages a key may call, how fast, and how often.

pub mod record;
