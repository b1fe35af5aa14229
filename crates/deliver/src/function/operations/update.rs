//! Changes of a function's unpublished version.

use super::code::CodeSource;
use super::functions::{ENVIRONMENT, STORAGE, Size, Variables, Wanted, shown};
use super::versions::publish;
use super::wire::FunctionConfiguration;
use super::{NAME, check_revision, find, invalid, named, revision};
use base::api::{self, ApiError, Control, Member, Operation, Route};
use serde::Deserialize;
use serde_json::Value;

/// Gives a function other code.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateFunctionCode {
    function_name: String,
    #[serde(flatten)]
    code: CodeSource,
    architectures: Option<Vec<String>>,
    publish: Option<bool>,
    dry_run: Option<bool>,
    revision_id: Option<String>,
}

impl Operation for UpdateFunctionCode {
    const ROUTE: Route = api::put("UpdateFunctionCode", "/2015-03-31/functions/{FunctionName}/code").status(200);
    const MEMBERS: &'static [Member] = &[
        NAME,
        api::text("ZipFile"),
        api::text("S3Bucket"),
        api::text("S3Key"),
        api::text("ImageUri"),
        api::list("Architectures", &api::text("")),
        api::flag("Publish"),
        api::flag("DryRun"),
        api::text("RevisionId"),
    ];
    type Reply = FunctionConfiguration;

    async fn run(self, cx: &Control) -> Result<FunctionConfiguration, ApiError> {
        let Self { function_name, code, architectures, publish: publishes, dry_run, revision_id } = self;
        let arn = named(cx, &function_name, None)?;
        let taken = code.take(cx).await?;
        let (realm, now, fresh) = (cx.realm().clone(), cx.clock.wall(), revision(cx));
        let done = cx.write(move |txn| {
            let mut function = find(txn.view(), &realm, &arn)?;
            check_revision(revision_id.as_deref(), &function.latest.revision)?;
            function.latest.code = taken.code.clone();
            if let Some(architectures) = &architectures {
                function.latest.architectures = architectures.clone();
            }
            (function.latest.modified, function.latest.revision) = (now, fresh.clone());
            if dry_run == Some(true) {
                return Ok((function, None));
            }
            if let (Some(text), Some(digest)) = (&taken.text, &taken.code.archive) {
                txn.freeze(digest, text)?;
            }
            let number = if publishes == Some(true) { Some(publish(txn, &realm, &mut function, None)?.number) } else { None };
            txn.save(&realm, &function)?;
            Ok((function, number))
        });
        let (function, number) = done.await?;
        let qualifier = number.map(|number| number.to_string());
        FunctionConfiguration::of(cx.realm(), &cx.sealer, &function, &function.latest, number, qualifier.as_deref())
    }
}

/// Changes how a function is run.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateFunctionConfiguration {
    function_name: String,
    runtime: Option<String>,
    role: Option<String>,
    handler: Option<String>,
    description: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    environment: Option<Variables>,
    ephemeral_storage: Option<Size>,
    layers: Option<Value>,
    tracing_config: Option<Value>,
    dead_letter_config: Option<Value>,
    vpc_config: Option<Value>,
    logging_config: Option<Value>,
    revision_id: Option<String>,
}

impl Operation for UpdateFunctionConfiguration {
    const ROUTE: Route = api::put("UpdateFunctionConfiguration", "/2015-03-31/functions/{FunctionName}/configuration").status(200);
    const MEMBERS: &'static [Member] = &[
        NAME,
        api::text("Runtime"),
        api::text("Role"),
        api::text("Handler"),
        api::text("Description"),
        api::whole("Timeout"),
        api::whole("MemorySize"),
        api::structure("Environment", ENVIRONMENT),
        api::structure("EphemeralStorage", STORAGE),
        api::text("RevisionId"),
    ];
    type Reply = FunctionConfiguration;

    async fn run(self, cx: &Control) -> Result<FunctionConfiguration, ApiError> {
        let Self { function_name, runtime, role, handler, description, timeout, memory_size, environment, .. } = self;
        let Self { ephemeral_storage, layers, tracing_config, dead_letter_config, vpc_config, logging_config, revision_id, .. } = self;
        let arn = named(cx, &function_name, None)?;
        if layers.as_ref().and_then(Value::as_array).is_some_and(|layers| !layers.is_empty()) {
            return Err(invalid("Layers cannot be run here: put what they hold into the function's own archive."));
        }
        let (realm, looked) = (cx.realm().clone(), arn.clone());
        let before = cx.read(move |view| find(view, &realm, &looked)).await?;
        check_revision(revision_id.as_deref(), &before.latest.revision)?;
        let mut latest = before.latest.clone();
        let shown = shown([
            ("TracingConfig", tracing_config),
            ("DeadLetterConfig", dead_letter_config),
            ("VpcConfig", vpc_config),
            ("LoggingConfig", logging_config),
        ]);
        let wanted = Wanted { runtime, role, handler, description, timeout, memory_size, environment, ephemeral_storage, shown };
        wanted.apply(cx, &mut latest)?;
        (latest.modified, latest.revision) = (cx.clock.wall(), revision(cx));
        let realm = cx.realm().clone();
        let done = cx.write(move |txn| {
            let mut function = find(txn.view(), &realm, &arn)?;
            // Somebody else's change in between must not be undone.
            check_revision(Some(&before.latest.revision), &function.latest.revision)?;
            function.latest = latest.clone();
            txn.save(&realm, &function)?;
            Ok(function)
        });
        let function = done.await?;
        FunctionConfiguration::of(cx.realm(), &cx.sealer, &function, &function.latest, None, None)
    }
}
