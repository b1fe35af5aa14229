//! REST APIs: their settings.

pub mod record;
