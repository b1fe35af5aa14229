//! Settings of single methods of a stage, or of all (`*/*`).
//!
//! The key is the part of the path before the setting, as it was patched: `~1pets~1{petId}/GET`, `~1/GET` for the root, but also
//! `pets/GET` or `pets/dogs/GET` from clients that leave slashes as they are. Setting one property makes the whole object: a copy of
//! `*/*` as it is at that moment, or the defaults.

use super::record::{MethodSetting, Stage};
use base::api::ApiError;
use base::api::patch::Arg;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The key of what holds for every method.
const EVERY_METHOD: &str = "*/*";
/// Methods of a stage with settings of their own: AWS's 300 resources, each with its eight verbs.
const METHOD_SETTINGS_MAX: usize = 300 * 8;
/// Seconds that an answer may be kept.
const CACHE_TTL_SECONDS_MAX: i64 = 3600;
/// A throttle of -1 is none.
const UNLIMITED: i64 = -1;

const LEVELS: &[&str] = &["OFF", "ERROR", "INFO"];
const STRATEGIES: &[&str] = &["FAIL_WITH_403", "SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER"];

/// Sets the property that a path of the form `/{key}/{group}/{property}` is for.
pub(super) fn set(stage: &mut Stage, arg: &Arg<'_>) -> Result<(), ApiError> {
    let path = arg.path.strip_prefix('/').unwrap_or(arg.path);
    let group = path.rmatch_indices('/').nth(1).map_or(0, |(at, _)| at);
    let setting = setting_mut(stage, &path[..group])?;
    match &path[group..] {
        "/metrics/enabled" => setting.metrics_enabled = arg.flag(),
        "/logging/dataTrace" => setting.data_trace_enabled = arg.flag(),
        "/logging/loglevel" => setting.logging_level = Some(one_of(arg, LEVELS)?),
        "/throttling/burstLimit" => setting.throttling_burst_limit = burst(arg)?,
        "/throttling/rateLimit" => setting.throttling_rate_limit = rate(arg)?,
        "/caching/enabled" => setting.caching_enabled = arg.flag(),
        "/caching/dataEncrypted" => setting.cache_data_encrypted = arg.flag(),
        "/caching/ttlInSeconds" => setting.cache_ttl_in_seconds = ttl(arg)?,
        "/caching/requireAuthorizationForCacheControl" => setting.require_authorization_for_cache_control = arg.flag(),
        "/caching/unauthorizedCacheControlHeaderStrategy" => {
            setting.unauthorized_cache_control_header_strategy = one_of(arg, STRATEGIES)?;
        }
        other => return Err(ApiError::Internal(format!("no method setting is called {other}"))),
    }
    Ok(())
}

/// The settings under a key, made if they are not there.
fn setting_mut<'a>(stage: &'a mut Stage, key: &str) -> Result<&'a mut MethodSetting, ApiError> {
    if !stage.method_settings.contains_key(key) && stage.method_settings.len() >= METHOD_SETTINGS_MAX {
        return Err(ApiError::LimitExceeded(format!("Maximum number of method settings per stage reached: {METHOD_SETTINGS_MAX}.")));
    }
    let model = stage.method_settings.get(EVERY_METHOD).cloned().unwrap_or_default();
    Ok(stage.method_settings.entry(key.to_owned()).or_insert(model))
}

fn one_of(arg: &Arg<'_>, known: &[&str]) -> Result<String, ApiError> {
    let text = arg.text();
    if known.contains(&text.as_str()) { Ok(text) } else { Err(invalid(arg, &text)) }
}

fn burst(arg: &Arg<'_>) -> Result<i64, ApiError> {
    let burst = arg.number()?;
    if (UNLIMITED..=i64::from(i32::MAX)).contains(&burst) { Ok(burst) } else { Err(invalid(arg, &arg.text())) }
}

fn rate(arg: &Arg<'_>) -> Result<f64, ApiError> {
    let rate: f64 = arg.number()?;
    if rate.is_finite() && rate >= UNLIMITED as f64 { Ok(rate) } else { Err(invalid(arg, &arg.text())) }
}

fn ttl(arg: &Arg<'_>) -> Result<i64, ApiError> {
    let seconds = arg.number()?;
    if (0..=CACHE_TTL_SECONDS_MAX).contains(&seconds) { Ok(seconds) } else { Err(invalid(arg, &arg.text())) }
}

/// As the patch engine words a number that is none (assumed).
fn invalid(arg: &Arg<'_>, text: &str) -> ApiError {
    ApiError::bad_request(format!("Invalid patch value '{text}' specified for path {}", arg.path))
}

/// Takes the settings of a method, or of all, away. The error ends in a space (observed).
pub(super) fn forget(stage: &mut Stage, arg: &Arg<'_>) -> Result<(), ApiError> {
    match stage.method_settings.remove(arg.path.strip_prefix('/').unwrap_or(arg.path)) {
        Some(_) => Ok(()),
        None => Err(nothing_to_remove(arg.path)),
    }
}

/// What AWS says of every path that nothing can be removed at, whatever it is.
pub(super) fn nothing_to_remove(path: &str) -> ApiError {
    let path = path.strip_prefix('/').unwrap_or(path);
    ApiError::bad_request(format!("Cannot remove method setting {path} because there is no method setting for this method "))
}

/// All settings at once, as JSON.
pub(super) fn replace_all(stage: &mut Stage, arg: &Arg<'_>) -> Result<(), ApiError> {
    let refused = || invalid(arg, &arg.text());
    let given: BTreeMap<String, WireSetting> = serde_json::from_str(arg.value.unwrap_or_default()).map_err(|_| refused())?;
    if given.len() > METHOD_SETTINGS_MAX || !given.values().all(WireSetting::fits) {
        return Err(refused());
    }
    stage.method_settings = given.into_iter().map(|(method, setting)| (method, setting.into())).collect();
    Ok(())
}

/// Whether a stage writes execution logs that it did not write before.
pub(super) fn begins_to_log(before: &Stage, after: &Stage) -> bool {
    let logs = |setting: &MethodSetting| setting.logging_level.as_deref().is_some_and(|level| level != "OFF");
    let logged = |stage: &Stage, method: &str| stage.method_settings.get(method).is_some_and(logs);
    after.method_settings.iter().any(|(method, setting)| logs(setting) && !logged(before, method))
}

/// The settings of a method as they are sent. Where they are taken, what is absent has its default.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireSetting {
    metrics_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    logging_level: Option<String>,
    data_trace_enabled: bool,
    throttling_burst_limit: i64,
    throttling_rate_limit: f64,
    caching_enabled: bool,
    cache_ttl_in_seconds: i64,
    cache_data_encrypted: bool,
    require_authorization_for_cache_control: bool,
    unauthorized_cache_control_header_strategy: String,
}

impl WireSetting {
    fn fits(&self) -> bool {
        let WireSetting { logging_level: level, unauthorized_cache_control_header_strategy: strategy, .. } = self;
        level.as_deref().is_none_or(|level| LEVELS.contains(&level))
            && STRATEGIES.contains(&strategy.as_str())
            && (UNLIMITED..=i64::from(i32::MAX)).contains(&self.throttling_burst_limit)
            && self.throttling_rate_limit >= UNLIMITED as f64
            && (0..=CACHE_TTL_SECONDS_MAX).contains(&self.cache_ttl_in_seconds)
    }
}

impl Default for WireSetting {
    fn default() -> WireSetting {
        MethodSetting::default().into()
    }
}

impl From<MethodSetting> for WireSetting {
    fn from(setting: MethodSetting) -> WireSetting {
        WireSetting {
            metrics_enabled: setting.metrics_enabled,
            logging_level: setting.logging_level,
            data_trace_enabled: setting.data_trace_enabled,
            throttling_burst_limit: setting.throttling_burst_limit,
            throttling_rate_limit: setting.throttling_rate_limit,
            caching_enabled: setting.caching_enabled,
            cache_ttl_in_seconds: setting.cache_ttl_in_seconds,
            cache_data_encrypted: setting.cache_data_encrypted,
            require_authorization_for_cache_control: setting.require_authorization_for_cache_control,
            unauthorized_cache_control_header_strategy: setting.unauthorized_cache_control_header_strategy,
        }
    }
}

impl From<WireSetting> for MethodSetting {
    fn from(wire: WireSetting) -> MethodSetting {
        MethodSetting {
            metrics_enabled: wire.metrics_enabled,
            logging_level: wire.logging_level,
            data_trace_enabled: wire.data_trace_enabled,
            throttling_burst_limit: wire.throttling_burst_limit,
            throttling_rate_limit: wire.throttling_rate_limit,
            caching_enabled: wire.caching_enabled,
            cache_ttl_in_seconds: wire.cache_ttl_in_seconds,
            cache_data_encrypted: wire.cache_data_encrypted,
            require_authorization_for_cache_control: wire.require_authorization_for_cache_control,
            unauthorized_cache_control_header_strategy: wire.unauthorized_cache_control_header_strategy,
        }
    }
}
