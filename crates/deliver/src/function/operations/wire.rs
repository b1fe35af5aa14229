//! How functions are sent.

use crate::function::arn::LATEST;
use crate::function::record::{Configuration, Function};
use base::api::ApiError;
use base::store::{Realm, Sealer};
use base::world::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A function's configuration, as AWS shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FunctionConfiguration {
    function_name: String,
    function_arn: String,
    runtime: String,
    role: String,
    handler: String,
    code_size: u64,
    description: String,
    timeout: u32,
    memory_size: u32,
    last_modified: String,
    #[serde(rename = "CodeSha256")]
    code_sha256: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<Value>,
    revision_id: String,
    state: &'static str,
    last_update_status: &'static str,
    package_type: &'static str,
    architectures: Vec<String>,
    ephemeral_storage: Value,
    #[serde(flatten)]
    shown: Map<String, Value>,
}

/// `arn:aws:lambda:us-east-1:111111111111:function:hello`.
pub(super) fn arn(realm: &Realm, name: &str) -> String {
    format!("arn:aws:lambda:{}:{}:function:{name}", realm.region, realm.account)
}

/// `2026-11-22T12:00:00.000+0000`.
pub(super) fn moment(at: Timestamp) -> String {
    let seconds = at.iso();
    format!("{}.{:03}+0000", seconds.trim_end_matches('Z'), at.0 % 1000)
}

/// The variables of a version, in clear.
pub(super) fn variables(sealer: &Sealer, configuration: &Configuration) -> Result<Option<BTreeMap<String, String>>, ApiError> {
    let Some(sealed) = &configuration.environment else { return Ok(None) };
    let text = sealer.open(sealed).ok_or_else(|| ApiError::Internal("a function's variables cannot be unsealed".into()))?;
    serde_json::from_str(&text).map(Some).map_err(|why| ApiError::Internal(why.to_string()))
}

impl FunctionConfiguration {
    /// A version, under the ARN that it was asked for by. `number` is `None` for `$LATEST`.
    pub(super) fn of(
        realm: &Realm,
        sealer: &Sealer,
        function: &Function,
        configuration: &Configuration,
        number: Option<u64>,
        qualifier: Option<&str>,
    ) -> Result<FunctionConfiguration, ApiError> {
        let variables = variables(sealer, configuration)?;
        let bare = arn(realm, &function.name);
        let mut shown: Map<String, Value> = configuration.shown.clone().into_iter().collect();
        shown.entry("TracingConfig").or_insert_with(|| json!({"Mode": "PassThrough"}));
        shown.entry("SnapStart").or_insert_with(|| json!({"ApplyOn": "None", "OptimizationStatus": "Off"}));
        let log_group = format!("/aws/lambda/{}", function.name);
        shown.entry("LoggingConfig").or_insert_with(|| json!({"LogFormat": "Text", "LogGroup": log_group}));
        Ok(FunctionConfiguration {
            function_arn: qualifier.map_or(bare.clone(), |qualifier| format!("{bare}:{qualifier}")),
            function_name: function.name.clone(),
            runtime: configuration.runtime.clone(),
            role: configuration.role.clone(),
            handler: configuration.handler.clone(),
            code_size: configuration.code.bytes,
            description: configuration.description.clone(),
            timeout: configuration.timeout_seconds,
            memory_size: configuration.memory_mb,
            last_modified: moment(configuration.modified),
            code_sha256: configuration.code.sha256.clone(),
            version: number.map_or_else(|| LATEST.to_owned(), |number| number.to_string()),
            environment: variables.map(|variables| json!({ "Variables": variables })),
            revision_id: configuration.revision.clone(),
            state: "Active",
            last_update_status: "Successful",
            package_type: "Zip",
            architectures: configuration.architectures.clone(),
            ephemeral_storage: json!({ "Size": configuration.scratch_mb }),
            shown,
        })
    }
}
