//! ImportRestApi and PutRestApi. A definition is read and planned, then stored in one transaction; a refused one leaves nothing behind.

use super::document::{DOCUMENT_BYTES_MAX, Unreadable};
use super::import::{BasePath, Definition, Mode, Options, Planned, Source, plan};
use super::problem::{Problem, Severity, refusal};
use crate::rest_api::record::RestApi;
use crate::tree::ApiTree;
use base::api::{self, ApiError, Control, Member, Operation, Route};
use base::store::{Realm, Record, Row, StoreError, Txn};
use base::world::{Ids, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Makes an API of a definition.
#[derive(Deserialize)]
pub struct ImportRestApi {
    #[serde(default)]
    body: String,
    failonwarnings: Option<String>,
    #[serde(alias = "basePath")]
    basepath: Option<String>,
    #[serde(rename = "endpointConfigurationTypes")]
    endpoint_configuration_types: Option<String>,
    /// `documentation` is not stored in any case.
    #[serde(rename = "ignore")]
    _ignore: Option<String>,
    /// Always `import`: the route asks for it.
    #[serde(rename = "mode")]
    _mode: Option<String>,
}

/// Merges a definition into an API, or puts it in its place.
#[derive(Deserialize)]
pub struct PutRestApi {
    restapi_id: String,
    #[serde(default)]
    body: String,
    mode: Option<String>,
    failonwarnings: Option<String>,
    #[serde(alias = "basePath")]
    basepath: Option<String>,
    #[serde(rename = "endpointConfigurationTypes")]
    endpoint_configuration_types: Option<String>,
    /// `documentation` is not stored in any case.
    #[serde(rename = "ignore")]
    _ignore: Option<String>,
}

impl Operation for ImportRestApi {
    const ROUTE: Route = api::post("ImportRestApi", "/restapis").only_with("mode", "import").raw();
    const MEMBERS: &'static [Member] = &[];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { body, failonwarnings, basepath, endpoint_configuration_types, _ignore, _mode } = self;
        let options = options(cx, Mode::Overwrite, failonwarnings.as_deref(), basepath.as_deref(), endpoint_configuration_types)?;
        let definition = read(&body, cx)?;
        let source = Source { ids: cx.ids.clone(), now: cx.clock.wall() };
        let Planned { tree, problems } =
            plan(&definition, &options, &source, None).map_err(|problems| refused("ImportRestApi", &problems))?;
        log("ImportRestApi", &problems);
        let realm = cx.realm().clone();
        let api = cx.write(move |txn| {
            store(txn, &realm, &tree, None)?;
            Ok(tree.api.clone())
        });
        let mut reply = wire(&api.await?);
        if let Some(shown) = reply.as_object_mut().filter(|reply| reply["tags"] == json!({})) {
            shown.remove("tags");
        }
        Ok(reply)
    }
}

impl Operation for PutRestApi {
    const ROUTE: Route = api::put("PutRestApi", "/restapis/{restapi_id}").status(200).raw();
    const MEMBERS: &'static [Member] =
        &[api::text("restapi_id").in_path("restApiId"), api::text("mode").in_query().one_of(&["merge", "overwrite"])];
    type Reply = Value;

    async fn run(self, cx: &Control) -> Result<Value, ApiError> {
        let Self { restapi_id, body, mode, failonwarnings, basepath, endpoint_configuration_types, _ignore } = self;
        let mode = if mode.as_deref() == Some("overwrite") { Mode::Overwrite } else { Mode::Merge };
        let options = options(cx, mode, failonwarnings.as_deref(), basepath.as_deref(), endpoint_configuration_types)?;
        let definition = read(&body, cx)?;
        let source = Source { ids: cx.ids.clone(), now: cx.clock.wall() };
        let realm = cx.realm().clone();
        let api = cx.write(move |txn| {
            let unknown = || ApiError::not_found(format!("Invalid API identifier specified {}:{restapi_id}", realm.account));
            let old = ApiTree::read(txn.view(), &realm, &restapi_id)?.ok_or_else(unknown)?;
            let planned = plan(&definition, &options, &source, Some(old.clone()));
            let Planned { tree, problems } = planned.map_err(|problems| refused("PutRestApi", &problems))?;
            log("PutRestApi", &problems);
            store(txn, &realm, &tree, Some(old))?;
            Ok(tree.api)
        });
        Ok(wire(&api.await?))
    }
}

/// What is wrong with a definition, or odd, without storing anything. Nothing of [`Severity::Error`] means that it can be imported.
pub fn check(text: &str) -> Vec<Problem> {
    let definition = match Definition::read(text) {
        Ok(definition) => definition,
        Err(Unreadable { at, cause }) => return vec![Problem { severity: Severity::Error, at, text: cause }],
    };
    let options = Options {
        mode: Mode::Overwrite,
        base_path: BasePath::Ignore,
        fail_on_warnings: false,
        endpoint_type: None,
        realm: Realm::new("000000000000", "us-east-1"),
        partition: "aws".into(),
        aws_strict: false,
    };
    match plan(&definition, &options, &Source { ids: Ids::seeded(0), now: Timestamp(0) }, None) {
        Ok(planned) => planned.problems,
        Err(problems) => problems,
    }
}

fn options(
    cx: &Control,
    mode: Mode,
    fail_on_warnings: Option<&str>,
    base_path: Option<&str>,
    endpoint_type: Option<String>,
) -> Result<Options, ApiError> {
    let base_path = match base_path {
        None | Some("ignore") => BasePath::Ignore,
        Some("prepend") => BasePath::Prepend,
        Some("split") => BasePath::Split,
        Some(_) => return Err(ApiError::bad_request("Invalid basepath specified. Valid options are ignore,prepend,split")),
    };
    match endpoint_type.as_deref() {
        None | Some("EDGE" | "REGIONAL" | "PRIVATE") => {}
        Some(types) if types.contains(',') => return Err(ApiError::bad_request("Cannot create an api with multiple Endpoint Types.")),
        Some(_) => {
            return Err(ApiError::bad_request("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"));
        }
    }
    Ok(Options {
        mode,
        base_path,
        fail_on_warnings: fail_on_warnings.is_some_and(|word| word.eq_ignore_ascii_case("true")),
        endpoint_type,
        realm: cx.realm().clone(),
        partition: cx.settings.partition.to_string(),
        aws_strict: cx.settings.aws_strict,
    })
}

/// Reads a definition, with AWS's variables filled in. Of one that cannot be read the caller learns no more than that, as on AWS; the
/// place is for the operator.
fn read(text: &str, cx: &Control) -> Result<Definition, ApiError> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(ApiError::RequestEntityTooLarge(DOCUMENT_BYTES_MAX));
    }
    let mut definition = Definition::read(text).map_err(|why| {
        tracing::info!(place = %why.at, cause = why.cause, "a definition cannot be read");
        ApiError::bad_request("Invalid OpenAPI input.")
    })?;
    let Realm { account, region } = cx.realm();
    definition.fill(&[("AWS::AccountId", account), ("AWS::Region", region), ("AWS::Partition", &cx.settings.partition)]);
    Ok(definition)
}

fn refused(operation: &str, problems: &[Problem]) -> ApiError {
    log(operation, problems);
    ApiError::BadRequest(refusal(problems))
}

fn log(operation: &str, problems: &[Problem]) {
    for problem in problems {
        tracing::info!(operation, "{problem}");
    }
}

/// Puts a tree in the place of an older one. Records that did not change are not written.
fn store(txn: &mut dyn Txn, realm: &Realm, tree: &ApiTree, old: Option<ApiTree>) -> Result<(), ApiError> {
    let old = old.as_ref();
    replace(txn, realm, std::slice::from_ref(&tree.api), old.map_or(&[], |old| std::slice::from_ref(&old.api)))?;
    replace(txn, realm, &tree.resources, old.map_or(&[], |old| &old.resources))?;
    replace(txn, realm, &tree.methods, old.map_or(&[], |old| &old.methods))?;
    replace(txn, realm, &tree.models, old.map_or(&[], |old| &old.models))?;
    replace(txn, realm, &tree.authorizers, old.map_or(&[], |old| &old.authorizers))?;
    replace(txn, realm, &tree.validators, old.map_or(&[], |old| &old.validators))?;
    replace(txn, realm, &tree.gateway_responses, old.map_or(&[], |old| &old.gateway_responses))?;
    Ok(())
}

fn replace<R: Record>(txn: &mut dyn Txn, realm: &Realm, new: &[R], old: &[R]) -> Result<(), StoreError> {
    let rows = old.iter().map(|record| Row::of(realm, record).map(|row| (row.address.clone(), row)));
    let mut left: HashMap<_, _> = rows.collect::<Result<_, _>>()?;
    for record in new {
        let row = Row::of(realm, record)?;
        if left.remove(&row.address).is_none_or(|before| before.body != row.body) {
            txn.put(row)?;
        }
    }
    let gone: BTreeMap<_, _> = left.into_iter().collect();
    gone.keys().try_for_each(|address| txn.delete(address))
}

/// A REST API as AWS shows it.
fn wire(api: &RestApi) -> Value {
    let mut endpoint = json!({ "types": [api.endpoint_type], "ipAddressType": api.ip_address_type });
    if !api.vpc_endpoint_ids.is_empty() {
        endpoint["vpcEndpointIds"] = json!(api.vpc_endpoint_ids);
    }
    let list = |items: &[String]| if items.is_empty() { Value::Null } else { json!(items) };
    // AWS escapes the quotes of a policy once more than JSON needs, and clients undo it.
    let policy = api.policy.as_ref().map(|policy| {
        let quoted = Value::from(policy.as_str()).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    });
    let mut reply = json!({
        "id": api.id,
        "name": api.name,
        "description": api.description,
        "createdDate": api.created.seconds(),
        "version": api.version,
        "warnings": list(&api.warnings),
        "binaryMediaTypes": list(&api.binary_media_types),
        "minimumCompressionSize": api.minimum_compression_size,
        "apiKeySource": api.api_key_source,
        "endpointConfiguration": endpoint,
        "policy": policy,
        "tags": api.tags,
        "disableExecuteApiEndpoint": api.disable_execute_api_endpoint,
        "rootResourceId": api.root_resource_id,
        "securityPolicy": api.security_policy,
        "endpointAccessMode": api.endpoint_access_mode,
    });
    if let Some(members) = reply.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    reply
}
