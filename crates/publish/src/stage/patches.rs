//! What of a stage can be changed, row by row (rest-api-control-plane.md §1.15 and §1.20).

use super::checks::CACHE_SIZES;
use super::method_settings::{self, nothing_to_remove};
use super::overlay::enable_cache;
use super::record::{AccessLog, Canary, Stage};
use base::api::ApiError;
use base::api::patch::{Arg, Op, PatchOp, Row, Table, Words, add, copy, remove, replace};
use std::collections::BTreeMap;

/// The table, and the words for what it does not have.
pub(super) const PATCHES: Table<Stage> = Table { words: Words::Own(unknown), rows: ROWS };

const ROWS: &[Row<Stage>] = &[
    replace("/deploymentId", |stage, arg| {
        stage.deployment = arg.text();
        Ok(())
    }),
    replace("/description", |stage, arg| {
        stage.description = arg.optional();
        Ok(())
    }),
    replace("/cacheClusterEnabled", |stage, arg| {
        enable_cache(stage, arg.flag());
        Ok(())
    }),
    replace("/cacheClusterSize", |stage, arg| {
        let size = arg.text();
        if !CACHE_SIZES.contains(&size.as_str()) {
            return Err(ApiError::bad_request(format!(
                "Invalid cache cluster size specified. Must be one of: [{}]",
                CACHE_SIZES.join(", ")
            )));
        }
        stage.cache_cluster_size = Some(size);
        Ok(())
    }),
    replace("/clientCertificateId", |stage, arg| {
        stage.client_certificate = arg.optional();
        Ok(())
    }),
    replace("/documentationVersion", |stage, arg| {
        stage.documentation_version = arg.optional();
        Ok(())
    }),
    replace("/tracingEnabled", |stage, arg| {
        stage.tracing_enabled = arg.flag();
        Ok(())
    }),
    // Each half can be set alone. It can be removed (documentation) while the other stays: the last half goes only with the whole
    // (observed).
    add("/accessLogSettings/destinationArn", set_log_destination),
    replace("/accessLogSettings/destinationArn", set_log_destination),
    add("/accessLogSettings/format", set_log_format),
    replace("/accessLogSettings/format", set_log_format),
    remove("/accessLogSettings/destinationArn", |stage, arg| match &mut stage.access_log {
        Some(AccessLog { destination_arn: half, format: Some(_) }) => taken(half.take(), arg),
        _ => Err(nothing_to_remove(arg.path)),
    }),
    remove("/accessLogSettings/format", |stage, arg| match &mut stage.access_log {
        Some(AccessLog { destination_arn: Some(_), format: half }) => taken(half.take(), arg),
        _ => Err(nothing_to_remove(arg.path)),
    }),
    remove("/accessLogSettings", |stage, arg| taken(stage.access_log.take(), arg)),
    replace("/variables", |stage, arg| {
        stage.variables = variables(arg)?;
        Ok(())
    }),
    remove("/variables", |stage, arg| taken(stage.variables.take(), arg)),
    replace("/variables/{name}", |stage, arg| {
        stage.variables.get_or_insert_default().insert(arg.key().to_owned(), arg.text());
        Ok(())
    }),
    remove("/variables/{name}", |stage, arg| take_variable(&mut stage.variables, arg)),
    replace("/canarySettings/deploymentId", |stage, arg| {
        canary_mut(stage).deployment = arg.text();
        Ok(())
    }),
    replace("/canarySettings/percentTraffic", |stage, arg| {
        canary_mut(stage).percent_traffic = arg.number()?;
        Ok(())
    }),
    replace("/canarySettings/useStageCache", |stage, arg| {
        canary_mut(stage).use_stage_cache = arg.flag();
        Ok(())
    }),
    replace("/canarySettings/stageVariableOverrides", |stage, arg| {
        canary_mut(stage).variable_overrides = variables(arg)?;
        Ok(())
    }),
    replace("/canarySettings/stageVariableOverrides/{name}", |stage, arg| {
        canary_mut(stage).variable_overrides.get_or_insert_default().insert(arg.key().to_owned(), arg.text());
        Ok(())
    }),
    remove("/canarySettings/stageVariableOverrides/{name}", |stage, arg| match &mut stage.canary {
        Some(canary) => take_variable(&mut canary.variable_overrides, arg),
        None => Err(nothing_to_remove(arg.path)),
    }),
    remove("/canarySettings", |stage, arg| taken(stage.canary.take(), arg)),
    copy("/deploymentId", |stage, arg| {
        let canary = promoted(stage, arg, "/canarySettings/deploymentId")?;
        stage.deployment = canary.deployment;
        Ok(())
    }),
    copy("/variables", |stage, arg| {
        let canary = promoted(stage, arg, "/canarySettings/stageVariableOverrides")?;
        // The overrides are laid over the stage's variables; those that are not overridden stay (observed).
        if let Some(overrides) = canary.variable_overrides {
            stage.variables.get_or_insert_default().extend(overrides);
        }
        Ok(())
    }),
    replace("/methodSettings", method_settings::replace_all),
    replace("/{resource+}/{verb}/metrics/enabled", method_settings::set),
    replace("/{resource+}/{verb}/logging/dataTrace", method_settings::set),
    replace("/{resource+}/{verb}/logging/loglevel", method_settings::set),
    replace("/{resource+}/{verb}/throttling/burstLimit", method_settings::set),
    replace("/{resource+}/{verb}/throttling/rateLimit", method_settings::set),
    replace("/{resource+}/{verb}/caching/enabled", method_settings::set),
    replace("/{resource+}/{verb}/caching/dataEncrypted", method_settings::set),
    replace("/{resource+}/{verb}/caching/ttlInSeconds", method_settings::set),
    replace("/{resource+}/{verb}/caching/requireAuthorizationForCacheControl", method_settings::set),
    replace("/{resource+}/{verb}/caching/unauthorizedCacheControlHeaderStrategy", method_settings::set),
    remove("/{resource+}/{verb}", method_settings::forget),
];

/// The canary, made if it is not there: on the stage's own deployment, without traffic (observed).
fn canary_mut(stage: &mut Stage) -> &mut Canary {
    let deployment = &stage.deployment;
    stage.canary.get_or_insert_with(|| Canary {
        deployment: deployment.clone(),
        percent_traffic: 0.0,
        variable_overrides: None,
        use_stage_cache: false,
    })
}

fn promoted(stage: &Stage, arg: &Arg<'_>, from: &str) -> Result<Canary, ApiError> {
    if arg.from != Some(from) {
        return Err(invalid_copy(arg.path, arg.from));
    }
    stage.canary.clone().ok_or_else(|| ApiError::bad_request("Promotion not available. Canary does not exist."))
}

fn invalid_copy(path: &str, from: Option<&str>) -> ApiError {
    ApiError::bad_request(format!(
        "Invalid copy operation with path: {path} and from {}. Valid copy:path are [/deploymentId, /variables] and valid copy:from are \
         [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]",
        from.unwrap_or("null")
    ))
}

/// What was there is gone; what was not there cannot be removed.
fn taken<T>(was: Option<T>, arg: &Arg<'_>) -> Result<(), ApiError> {
    was.map(drop).ok_or_else(|| nothing_to_remove(arg.path))
}

fn take_variable(variables: &mut Option<BTreeMap<String, String>>, arg: &Arg<'_>) -> Result<(), ApiError> {
    let was = variables.as_mut().and_then(|map| map.remove(arg.key()));
    *variables = variables.take().filter(|map| !map.is_empty());
    taken(was, arg)
}

/// A whole map as JSON; an empty one is none.
fn variables(arg: &Arg<'_>) -> Result<Option<BTreeMap<String, String>>, ApiError> {
    let given: Result<BTreeMap<String, String>, _> = serde_json::from_str(arg.value.unwrap_or_default());
    let map = given.map_err(|_| ApiError::bad_request(format!("Invalid patch value '{}' specified for path {}", arg.text(), arg.path)))?;
    Ok(Some(map).filter(|map| !map.is_empty()))
}

fn log_value(arg: &Arg<'_>) -> Result<String, ApiError> {
    arg.optional().ok_or_else(|| ApiError::bad_request("Access Log value must not be empty"))
}

/// The `:*` at the end of a log group's ARN is left out (believed).
fn set_log_destination(stage: &mut Stage, arg: &Arg<'_>) -> Result<(), ApiError> {
    let arn = log_value(arg)?;
    stage.access_log.get_or_insert_with(AccessLog::default).destination_arn =
        Some(arn.strip_suffix(":*").map(str::to_owned).unwrap_or(arn));
    Ok(())
}

fn set_log_format(stage: &mut Stage, arg: &Arg<'_>) -> Result<(), ApiError> {
    let format = log_value(arg)?;
    stage.access_log.get_or_insert_with(AccessLog::default).format = Some(format);
    Ok(())
}

/// Stage's own words. The list of paths is AWS's to the letter, missing commas and all. (observed/canary.json)
fn unknown(asked: &PatchOp) -> ApiError {
    let path = asked.path.as_deref().unwrap_or("null");
    let of_access_log = path.strip_prefix("/accessLogSettings").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match asked.op {
        Op::Add | Op::Replace if of_access_log => ApiError::bad_request(
            "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]",
        ),
        Op::Replace => ApiError::bad_request(format!("Invalid method setting path: {path}. Must be one of: [{PATHS}]")),
        Op::Remove => nothing_to_remove(path),
        Op::Copy => invalid_copy(path, asked.from.as_deref()),
        Op::Add | Op::Move | Op::Test => ApiError::bad_request(format!("Invalid {} operation with path: {path}", asked.op.name())),
    }
}

const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, \
    /accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, \
    /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, \
    /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit\
    /{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, \
    /{resourcePath}/{httpMethod}/caching/dataEncrypted, /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, \
    /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, \
    /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, \
    /*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, \
    /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled";
