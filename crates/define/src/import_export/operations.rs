//! ImportRestApi and PutRestApi. A definition is read and planned, then stored in one transaction; a refused one leaves nothing behind.

use super::document::{DOCUMENT_BYTES_MAX, Unreadable};
use super::import::{BasePath, Definition, Mode, Options, Planned, Source, plan};
use super::problem::{Problem, Severity, refusal};
use crate::rest_api::build::{ENDPOINT_TYPES, NewId};
use crate::rest_api::wire::Reply;
use crate::tree::ApiTree;
use base::api::{self, ApiError, Control, Member, Operation, Route};
use base::store::{Realm, Record, Row, StoreError, Txn};
use base::world::{Ids, Timestamp};
use serde::Deserialize;
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
    ignore: Option<String>,
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
    ignore: Option<String>,
}

impl Operation for ImportRestApi {
    const ROUTE: Route = api::post("ImportRestApi", "/restapis").only_with("mode", "import").raw();
    const MEMBERS: &'static [Member] = &[];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { body, failonwarnings, basepath, endpoint_configuration_types, ignore, _mode } = self;
        let options =
            options(cx, Mode::Overwrite, failonwarnings.as_deref(), basepath.as_deref(), endpoint_configuration_types, ignore.as_deref())?;
        let definition = read(&body, cx)?;
        let new = NewId::of(&definition.tags(), &cx.ids)?;
        let (ids, now) = (cx.ids.clone(), cx.clock.wall());
        let realm = cx.realm().clone();
        let api = cx.write(move |txn| {
            let source = Source { api: new.claim(txn, &realm)?, ids: ids.clone(), now };
            let planned = plan(&definition, &options, &source, None);
            let Planned { tree, problems } = planned.map_err(|problems| refused("ImportRestApi", &problems))?;
            log("ImportRestApi", &problems);
            store(txn, &realm, &tree, None)?;
            Ok(tree.api)
        });
        api.await.map(Reply::terse)
    }
}

impl Operation for PutRestApi {
    const ROUTE: Route = api::put("PutRestApi", "/restapis/{restapi_id}").status(200).raw();
    const MEMBERS: &'static [Member] =
        &[api::text("restapi_id").in_path("restApiId"), api::text("mode").in_query().one_of(&["merge", "overwrite"])];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, body, mode, failonwarnings, basepath, endpoint_configuration_types, ignore } = self;
        let mode = if mode.as_deref() == Some("overwrite") { Mode::Overwrite } else { Mode::Merge };
        let options = options(cx, mode, failonwarnings.as_deref(), basepath.as_deref(), endpoint_configuration_types, ignore.as_deref())?;
        let definition = read(&body, cx)?;
        let source = Source { api: restapi_id.clone(), ids: cx.ids.clone(), now: cx.clock.wall() };
        let realm = cx.realm().clone();
        let api = cx.write(move |txn| {
            let old = ApiTree::read(txn.view(), &realm, &restapi_id)?.ok_or_else(|| ApiError::no_api(&realm, &restapi_id))?;
            let planned = plan(&definition, &options, &source, Some(old.clone()));
            let Planned { tree, problems } = planned.map_err(|problems| refused("PutRestApi", &problems))?;
            log("PutRestApi", &problems);
            store(txn, &realm, &tree, Some(old))?;
            Ok(tree.api)
        });
        api.await.map(Reply::full)
    }
}

/// What is wrong with a definition, or odd, without storing anything. Nothing of [`Severity::Error`] means that it can be imported.
pub fn check(text: &str) -> Vec<Problem> {
    let mut definition = match Definition::read(text) {
        Ok(definition) => definition,
        Err(Unreadable { at, cause }) => return vec![Problem { severity: Severity::Error, at, text: cause }],
    };
    let realm = Realm::new("000000000000", "us-east-1");
    fill(&mut definition, &realm, "aws");
    let options = Options {
        mode: Mode::Overwrite,
        base_path: BasePath::Ignore,
        fail_on_warnings: false,
        endpoint_type: None,
        realm,
        partition: "aws".into(),
        aws_strict: false,
        timeout_ms_max: u32::MAX,
        ignore_documentation: false,
    };
    match plan(&definition, &options, &Source { api: "0000000000".into(), ids: Ids::seeded(0), now: Timestamp(0) }, None) {
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
    ignore: Option<&str>,
) -> Result<Options, ApiError> {
    let base_path = match base_path {
        None | Some("ignore") => BasePath::Ignore,
        Some("prepend") => BasePath::Prepend,
        Some("split") => BasePath::Split,
        Some(_) => return Err(ApiError::bad_request("Invalid basepath specified. Valid options are ignore,prepend,split")),
    };
    match endpoint_type.as_deref() {
        None => {}
        Some(one) if ENDPOINT_TYPES.contains(&one) => {}
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
        timeout_ms_max: cx.settings.integration_timeout_ms_max,
        ignore_documentation: ignore == Some("documentation"),
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
    fill(&mut definition, cx.realm(), &cx.settings.partition);
    Ok(definition)
}

/// AWS's variables, which a definition may use in any text.
fn fill(definition: &mut Definition, Realm { account, region }: &Realm, partition: &str) {
    definition.fill(&[("AWS::AccountId", account), ("AWS::Region", region), ("AWS::Partition", partition)]);
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
    replace(txn, realm, &tree.documentation, old.map_or(&[], |old| &old.documentation))?;
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
