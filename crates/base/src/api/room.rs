//! AWS's quotas on how many of a thing there may be.

use super::{ApiError, Settings};
use crate::store::{Kind, Scope, View};

/// Refuses one more record of a kind in a scope that holds `max` already. Only `aws-strict` counts; `what` is the noun in the plural
/// (the text is assumed).
pub fn check_room(settings: &Settings, view: &dyn View, kind: Kind, scope: &Scope, max: usize, what: &str) -> Result<(), ApiError> {
    if !settings.aws_strict || view.rows(kind, scope, None, max)?.len() < max {
        return Ok(());
    }
    Err(ApiError::LimitExceeded(format!("Maximum number of {what} reached: {max}.")))
}
