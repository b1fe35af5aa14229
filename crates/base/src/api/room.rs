//! AWS's quotas on how many of a thing there may be. Only `aws-strict` counts.

use super::{ApiError, Settings};
use crate::store::{Kind, Scope, View};

/// How many more records of a kind a scope has room for.
pub fn room(settings: &Settings, view: &dyn View, kind: Kind, scope: &Scope, max: usize) -> Result<usize, ApiError> {
    if settings.aws_strict { Ok(max.saturating_sub(view.rows(kind, scope, None, max)?.len())) } else { Ok(usize::MAX) }
}

/// Refuses one more record where there is no room for it; `what` is the noun in the plural (the text is assumed).
pub fn check_room(settings: &Settings, view: &dyn View, kind: Kind, scope: &Scope, max: usize, what: &str) -> Result<(), ApiError> {
    match room(settings, view, kind, scope, max)? {
        0 => Err(no_room(max, what)),
        _ => Ok(()),
    }
}

/// The 429 where there is no room.
pub fn no_room(max: usize, what: &str) -> ApiError {
    ApiError::LimitExceeded(format!("Maximum number of {what} reached: {max}."))
}
