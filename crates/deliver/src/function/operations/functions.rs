//! Functions: made, looked at, listed, deleted.

use super::code::{self, CodeSource};
use super::wire::FunctionConfiguration;
use super::{NAME, QUALIFIER, conflict, find, invalid, named, no_function, page, revision, version};
use crate::function::arn::{FunctionArn, LATEST};
use crate::function::record::{Configuration, Function, FunctionAlias, FunctionVersion, version_id};
use base::api::{self, ApiError, Control, Member, Operation, Route, Shape, check_tags};
use base::store::kind;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Seconds a function may take when nobody says.
const TIMEOUT_SECONDS_DEFAULT: u32 = 3;
const TIMEOUT_SECONDS_MAX: i64 = 900;
const MEMORY_MB_DEFAULT: u32 = 128;
const MEMORY_MB_MAX: i64 = 10_240;
const SCRATCH_MB_DEFAULT: u32 = 512;
/// Bytes of all variables of a function (AWS: 4 KB).
const VARIABLES_BYTES_MAX: usize = 4 * 1024;
/// Functions of an account in a region.
const FUNCTIONS_MAX: usize = 10_000;

/// Names of variables that AWS keeps for itself. Keys for AWS are not among them here: nothing else gives a function any.
const RESERVED: [&str; 11] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// Runtimes that are known; which of them run here depends on what is installed.
fn is_runtime(text: &str) -> bool {
    let families = ["python3.", "nodejs", "provided", "java", "dotnet", "ruby", "go1.x"];
    text.len() <= 40 && families.iter().any(|family| text.starts_with(family))
}

/// What may be said of how a function is run, when it is made and later.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Wanted {
    pub(super) runtime: Option<String>,
    pub(super) role: Option<String>,
    pub(super) handler: Option<String>,
    pub(super) description: Option<String>,
    pub(super) timeout: Option<i64>,
    pub(super) memory_size: Option<i64>,
    pub(super) environment: Option<Variables>,
    pub(super) ephemeral_storage: Option<Size>,
    /// Kept and shown.
    pub(super) shown: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Variables {
    #[serde(default)]
    variables: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Size {
    size: i64,
}

pub(super) const ENVIRONMENT: &[Member] = &[api::map("Variables", &Shape::Text)];
pub(super) const STORAGE: &[Member] = &[api::whole("Size")];

fn bounded(name: &str, value: i64, least: i64, most: i64) -> Result<u32, ApiError> {
    let constraint = if value < least { format!("greater than or equal to {least}") } else { format!("less than or equal to {most}") };
    u32::try_from(value).ok().filter(|_| (least..=most).contains(&value)).ok_or_else(|| {
        let at = format!("Value '{value}' at '{name}' failed to satisfy constraint: Member must have value {constraint}");
        ApiError::Validation(format!("1 validation error detected: {at}"))
    })
}

impl Wanted {
    /// Puts what was said in place of what was.
    pub(super) fn apply(self, cx: &Control, to: &mut Configuration) -> Result<(), ApiError> {
        let Wanted { runtime, role, handler, description, timeout, memory_size, environment, ephemeral_storage, shown } = self;
        if let Some(runtime) = runtime {
            if !is_runtime(&runtime) {
                return Err(invalid(format!(
                    "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: \
                     [nodejs22.x, provided.al2023, python3.13, …] or be a valid ARN"
                )));
            }
            to.runtime = runtime;
        }
        if let Some(timeout) = timeout {
            to.timeout_seconds = bounded("timeout", timeout, 1, TIMEOUT_SECONDS_MAX)?;
        }
        if let Some(memory) = memory_size {
            to.memory_mb = bounded("memorySize", memory, 128, MEMORY_MB_MAX)?;
        }
        if let Some(Size { size }) = ephemeral_storage {
            to.scratch_mb = bounded("ephemeralStorage.size", size, 512, MEMORY_MB_MAX)?;
        }
        if let Some(variables) = environment.map(|environment| environment.variables.unwrap_or_default()) {
            check_variables(&variables)?;
            let text = serde_json::to_string(&variables).map_err(|why| ApiError::Internal(why.to_string()))?;
            to.environment = Some(cx.sealer.seal(&text));
        }
        to.role = role.unwrap_or(std::mem::take(&mut to.role));
        to.handler = handler.unwrap_or(std::mem::take(&mut to.handler));
        to.description = description.unwrap_or(std::mem::take(&mut to.description));
        to.shown.extend(shown.into_iter().filter(|(_, value)| !value.is_null()));
        Ok(())
    }
}

fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let reserved: Vec<&str> = variables.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided contains \
             reserved keys that are currently not supported for modification. Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    // Seen in the service's model: a name has two characters at least.
    let is_name = |name: &str| {
        name.len() > 1
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if !variables.keys().all(|name| is_name(name)) {
        return Err(ApiError::Validation(
            "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy \
             constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
                .into(),
        ));
    }
    if variables.values().any(|value| value.contains('\0')) {
        return Err(invalid("An environment variable has a NUL in it"));
    }
    let bytes: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > VARIABLES_BYTES_MAX {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the \
             4KB limit. ({bytes} bytes)"
        )));
    }
    Ok(())
}

/// Makes a function, and perhaps its first version.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateFunction {
    function_name: Option<String>,
    runtime: Option<String>,
    role: Option<String>,
    handler: Option<String>,
    code: Option<CodeSource>,
    description: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    environment: Option<Variables>,
    ephemeral_storage: Option<Size>,
    publish: Option<bool>,
    package_type: Option<String>,
    architectures: Option<Vec<String>>,
    tags: Option<BTreeMap<String, String>>,
    layers: Option<Value>,
    tracing_config: Option<Value>,
    dead_letter_config: Option<Value>,
    vpc_config: Option<Value>,
    logging_config: Option<Value>,
}

/// Keeps what was said by its name.
pub(super) fn shown(pairs: [(&str, Option<Value>); 4]) -> BTreeMap<String, Value> {
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

impl Operation for CreateFunction {
    const ROUTE: Route = api::post("CreateFunction", "/2015-03-31/functions");
    const MEMBERS: &'static [Member] = &[
        api::text("FunctionName").like(super::NAME_PATTERN, super::is_name_of_some_kind),
        api::text("Runtime"),
        api::text("Role"),
        api::text("Handler"),
        api::structure("Code", code::MEMBERS),
        api::text("Description"),
        api::whole("Timeout"),
        api::whole("MemorySize"),
        api::structure("Environment", ENVIRONMENT),
        api::structure("EphemeralStorage", STORAGE),
        api::flag("Publish"),
        api::text("PackageType"),
        api::list("Architectures", &api::text("")),
        api::map("Tags", &Shape::Text),
    ];
    type Reply = FunctionConfiguration;

    async fn run(self, cx: &Control) -> Result<FunctionConfiguration, ApiError> {
        let Self { function_name, runtime, role, handler, code, description, timeout, memory_size, environment, .. } = self;
        let Self { ephemeral_storage, publish, package_type, architectures, tags, layers, .. } = self;
        let Self { tracing_config, dead_letter_config, vpc_config, logging_config, .. } = self;
        let arn = named(cx, &function_name.ok_or_else(|| invalid("FunctionName is missing"))?, None)?;
        if package_type.as_deref() == Some("Image") {
            return Err(invalid("Container images cannot be run here: give the code as an archive."));
        }
        if layers.as_ref().and_then(Value::as_array).is_some_and(|layers| !layers.is_empty()) {
            return Err(invalid("Layers cannot be run here: put what they hold into the function's own archive."));
        }
        let runtime = runtime.ok_or_else(|| invalid("Runtime is mandatory for Zip package type."))?;
        let handler = handler.filter(|handler| !handler.is_empty());
        if handler.is_none() && !runtime.starts_with("provided") {
            return Err(invalid("Handler is mandatory for Zip package type."));
        }
        let tags = tags.unwrap_or_default();
        check_tags(&tags)?;
        let taken = code.unwrap_or_default().take(cx).await?;
        let mut latest = Configuration {
            runtime: String::new(),
            role: String::new(),
            handler: String::new(),
            description: String::new(),
            timeout_seconds: TIMEOUT_SECONDS_DEFAULT,
            memory_mb: MEMORY_MB_DEFAULT,
            scratch_mb: SCRATCH_MB_DEFAULT,
            environment: None,
            code: taken.code,
            architectures: architectures.unwrap_or_else(|| vec!["x86_64".to_owned()]),
            shown: BTreeMap::new(),
            modified: cx.clock.wall(),
            revision: revision(cx),
        };
        let shown = shown([
            ("TracingConfig", tracing_config),
            ("DeadLetterConfig", dead_letter_config),
            ("VpcConfig", vpc_config),
            ("LoggingConfig", logging_config),
        ]);
        let wanted =
            Wanted { runtime: Some(runtime), role, handler, description, timeout, memory_size, environment, ephemeral_storage, shown };
        wanted.apply(cx, &mut latest)?;
        let number = (publish == Some(true)).then_some(1);
        let name = arn.name.to_string();
        let function =
            Function { name, latest, last_version: number.unwrap_or(0), reserved_concurrency: None, statements: Vec::new(), tags };
        let (realm, text, made) = (cx.realm().clone(), taken.text, function.clone());
        cx.write(move |txn| {
            if txn.view().has(kind::FUNCTION, &realm.top(), &made.name)? {
                return Err(conflict(format!("Function already exist: {}", made.name)));
            }
            if txn.view().rows(kind::FUNCTION, &realm.top(), None, FUNCTIONS_MAX)?.len() >= FUNCTIONS_MAX {
                return Err(ApiError::exception(
                    400,
                    "CodeStorageExceededException",
                    format!("There are {FUNCTIONS_MAX} functions already."),
                ));
            }
            if let (Some(text), Some(digest)) = (&text, &made.latest.code.archive) {
                txn.freeze(digest, text)?;
            }
            if let Some(number) = number {
                let version = FunctionVersion { function: made.name.clone(), number, configuration: made.latest.clone() };
                txn.save(&realm, &version)?;
            }
            txn.save(&realm, &made)?;
            Ok(())
        })
        .await?;
        FunctionConfiguration::of(cx.realm(), &cx.sealer, &function, &function.latest, number, None)
    }
}

/// A version of a function, found.
async fn look(cx: &Control, arn: FunctionArn) -> Result<(Function, Option<u64>, Configuration, Option<Box<str>>), ApiError> {
    let realm = cx.realm().clone();
    cx.read(move |view| {
        let function = find(view, &realm, &arn)?;
        let (number, configuration) = version(view, &realm, &function, &arn)?;
        Ok((function, number, configuration, arn.qualifier))
    })
    .await
}

/// A function as it is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetFunction {
    function_name: String,
    qualifier: Option<String>,
}

/// A function, its code, and what belongs to its name.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FunctionReply {
    configuration: FunctionConfiguration,
    code: Value,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<Value>,
}

impl Operation for GetFunction {
    const ROUTE: Route = api::get("GetFunction", "/2015-03-31/functions/{FunctionName}");
    const MEMBERS: &'static [Member] = &[NAME, QUALIFIER];
    type Reply = FunctionReply;

    async fn run(self, cx: &Control) -> Result<FunctionReply, ApiError> {
        let Self { function_name, qualifier } = self;
        let (function, number, configuration, qualifier) = look(cx, named(cx, &function_name, qualifier.as_deref())?).await?;
        let place = configuration.code.folder.clone().map(|folder| format!("file://{folder}"));
        let location = place.unwrap_or_else(|| format!("cardea:code/{}", configuration.code.archive.as_deref().unwrap_or_default()));
        Ok(FunctionReply {
            configuration: FunctionConfiguration::of(cx.realm(), &cx.sealer, &function, &configuration, number, qualifier.as_deref())?,
            code: json!({"RepositoryType": "S3", "Location": location}),
            concurrency: function.reserved_concurrency.map(|reserved| json!({ "ReservedConcurrentExecutions": reserved })),
            tags: function.tags,
        })
    }
}

/// How a function is run.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetFunctionConfiguration {
    function_name: String,
    qualifier: Option<String>,
}

impl Operation for GetFunctionConfiguration {
    const ROUTE: Route = api::get("GetFunctionConfiguration", "/2015-03-31/functions/{FunctionName}/configuration");
    const MEMBERS: &'static [Member] = &[NAME, QUALIFIER];
    type Reply = FunctionConfiguration;

    async fn run(self, cx: &Control) -> Result<FunctionConfiguration, ApiError> {
        let Self { function_name, qualifier } = self;
        let (function, number, configuration, qualifier) = look(cx, named(cx, &function_name, qualifier.as_deref())?).await?;
        FunctionConfiguration::of(cx.realm(), &cx.sealer, &function, &configuration, number, qualifier.as_deref())
    }
}

/// All functions, or all of their versions.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListFunctions {
    marker: Option<String>,
    max_items: Option<i64>,
    function_version: Option<String>,
}

/// Some of them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FunctionsReply {
    functions: Vec<FunctionConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

impl Operation for ListFunctions {
    const ROUTE: Route = api::get("ListFunctions", "/2015-03-31/functions");
    const MEMBERS: &'static [Member] = &[
        api::text("Marker").in_query(),
        api::text("MaxItems").in_query(),
        api::text("FunctionVersion").in_query().one_of(&["ALL"]),
        api::text("MasterRegion").in_query(),
    ];
    type Reply = FunctionsReply;

    async fn run(self, cx: &Control) -> Result<FunctionsReply, ApiError> {
        let Self { marker, max_items, function_version } = self;
        let (realm, sealer) = (cx.realm().clone(), cx.sealer.clone());
        cx.read(move |view| {
            let all: Vec<Function> = view.all(&realm.top())?;
            let (some, next_marker) = page(all, marker.as_deref(), max_items, |function| function.name.clone());
            let mut functions = Vec::new();
            for function in &some {
                functions.push(FunctionConfiguration::of(
                    &realm,
                    &sealer,
                    function,
                    &function.latest,
                    None,
                    function_version.as_ref().map(|_| LATEST),
                )?);
                if function_version.is_some() {
                    for version in view.all::<FunctionVersion>(&realm.scope(&function.name))? {
                        let number = version.number.to_string();
                        let configuration = &version.configuration;
                        functions.push(FunctionConfiguration::of(
                            &realm,
                            &sealer,
                            function,
                            configuration,
                            Some(version.number),
                            Some(&number),
                        )?);
                    }
                }
            }
            Ok(FunctionsReply { functions, next_marker })
        })
        .await
    }
}

/// Deletes a function, or one version of it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteFunction {
    function_name: String,
    qualifier: Option<String>,
}

impl Operation for DeleteFunction {
    const ROUTE: Route = api::delete("DeleteFunction", "/2015-03-31/functions/{FunctionName}").status(204);
    const MEMBERS: &'static [Member] = &[NAME, QUALIFIER];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { function_name, qualifier } = self;
        let arn = named(cx, &function_name, qualifier.as_deref())?;
        let realm = cx.realm().clone();
        cx.write(move |txn| {
            let function = find(txn.view(), &realm, &arn)?;
            let scope = realm.scope(&function.name);
            let Some(qualifier) = arn.qualifier.as_deref() else {
                txn.clear(kind::FUNCTION_VERSION, &scope)?;
                txn.clear(kind::FUNCTION_ALIAS, &scope)?;
                txn.remove::<Function>(&realm.top(), &function.name)?;
                return Ok(());
            };
            if qualifier == LATEST {
                return Err(invalid("$LATEST version cannot be deleted without deleting the function."));
            }
            let number: u64 = qualifier.parse().map_err(|_| invalid("Deletion of aliases is not currently supported."))?;
            let stands_for = |alias: &FunctionAlias| alias.version == qualifier || alias.weights.contains_key(qualifier);
            let aliases = txn.view().all::<FunctionAlias>(&scope)?;
            if let Some(alias) = aliases.iter().find(|alias| stands_for(alias)) {
                return Err(conflict(format!("Version is referenced by alias {}.", alias.name)));
            }
            if !txn.view().has(kind::FUNCTION_VERSION, &scope, &version_id(number))? {
                return Err(no_function(&arn));
            }
            txn.remove::<FunctionVersion>(&scope, &version_id(number))?;
            Ok(())
        })
        .await
    }
}
