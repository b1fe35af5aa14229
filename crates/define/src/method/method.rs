//! What the control API does with methods themselves.

use super::maps::{self, no_media_type, no_parameter};
use super::record::{Method, VERBS};
use super::spot::{self, Spot};
use super::wire::MethodReply;
use super::{expressions, record};
use crate::limits::{self, NAME_BYTES_MAX, TEXT_BYTES_MAX};
use base::api::patch::{Table, Words, add, remove, replace};
use base::api::{self, ApiError, Control, Member, Operation, PatchOp, Route, Shape, patch};
use base::store::{Scope, View, kind};
use serde::Deserialize;
use std::collections::BTreeMap;

const PATH: &str = "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}";

/// Adds a verb to a resource.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutMethod {
    #[serde(rename = "restapi_id")]
    restapi_id: String,
    #[serde(rename = "resource_id")]
    resource_id: String,
    #[serde(rename = "http_method")]
    http_method: String,
    authorization_type: Option<String>,
    authorizer_id: Option<String>,
    api_key_required: Option<bool>,
    operation_name: Option<String>,
    request_parameters: Option<BTreeMap<String, bool>>,
    request_models: Option<BTreeMap<String, String>>,
    request_validator_id: Option<String>,
    authorization_scopes: Option<Vec<String>>,
}

impl Operation for PutMethod {
    const ROUTE: Route = api::put("PutMethod", PATH);
    const MEMBERS: &'static [Member] = &[
        api::text("authorizationType"),
        api::text("authorizerId"),
        api::flag("apiKeyRequired"),
        api::text("operationName"),
        api::map("requestParameters", &Shape::Flag),
        api::map("requestModels", &Shape::Text),
        api::text("requestValidatorId"),
        api::list("authorizationScopes", &api::text("")),
        spot::API,
        spot::RESOURCE,
        spot::VERB,
    ];
    type Reply = MethodReply;

    async fn run(self, cx: &Control) -> Result<MethodReply, ApiError> {
        let Self { restapi_id, resource_id, http_method, authorization_type, authorizer_id, api_key_required, .. } = self;
        let Self { operation_name, request_parameters, request_models, request_validator_id, authorization_scopes, .. } = self;
        let authorization_type = authorization_type.ok_or_else(|| spot::missing("putMethodInput.authorizationType"))?;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let method = Method {
            api: restapi_id,
            resource: spot.resource.clone(),
            verb: spot.verb.clone(),
            authorization_type,
            authorizer: authorizer_id,
            authorization_scopes: authorization_scopes.unwrap_or_default(),
            api_key_required: api_key_required.unwrap_or(false),
            operation_name: operation_name.filter(|name| !name.is_empty()),
            request_validator: request_validator_id,
            request_parameters,
            request_models,
            responses: BTreeMap::new(),
            integration: None,
        };
        let done = cx.write(move |txn| {
            spot.resource(txn.view())?;
            if !VERBS.contains(&spot.verb.as_str()) {
                return Err(ApiError::BadRequest(format!("Invalid HttpMethod specified. Valid options are {}", VERBS.join(","))));
            }
            if spot.any_method(txn.view())?.is_some() {
                return Err(ApiError::conflict("Method already exists for this resource"));
            }
            let method = check(txn.view(), &spot.scope, method.clone())?;
            spot.save(txn, &method)?;
            Ok(method)
        });
        done.await.map(MethodReply::of)
    }
}

/// The kinds of authorization, and whether each needs an authorizer.
const AUTHORIZATION: &[(&str, bool)] =
    &[("NONE", false), ("AWS_IAM", false), ("CUSTOM", true), ("COGNITO_USER_POOLS", true), ("JWT", true)];

/// A method as it is stored, if what it names exists: written in any case, the authorization comes out in capitals; an authorizer
/// that is not needed is forgotten.
pub fn check(view: &dyn View, scope: &Scope, mut method: Method) -> Result<Method, ApiError> {
    let known = AUTHORIZATION.iter().find(|(name, _)| method.authorization_type.eq_ignore_ascii_case(name));
    let (name, needs_authorizer) = known.ok_or_else(|| {
        ApiError::bad_request("Invalid authorization type specified. Valid options are NONE,AWS_IAM,CUSTOM,COGNITO_USER_POOLS,JWT")
    })?;
    method.authorization_type = (*name).to_owned();
    method.authorizer = method.authorizer.filter(|id| *needs_authorizer && !id.is_empty());
    let known = |kind, id: &Option<String>| Ok::<_, ApiError>(id.as_ref().map(|id| view.has(kind, scope, id)).transpose()?);
    if *needs_authorizer && known(kind::AUTHORIZER, &method.authorizer)? != Some(true) {
        return Err(ApiError::bad_request(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
        ));
    }
    method.request_validator = method.request_validator.filter(|id| !id.is_empty());
    if known(kind::REQUEST_VALIDATOR, &method.request_validator)? == Some(false) {
        return Err(ApiError::bad_request("Invalid Request Validator identifier specified"));
    }
    check_models(view, scope, "requestModels", method.request_models.as_ref())?;
    method.request_parameters.as_ref().map_or(Ok(()), expressions::check_method_parameters)?;
    limits::optional("operationName", method.operation_name.as_ref(), NAME_BYTES_MAX)?;
    limits::entries("authorizationScopes", method.authorization_scopes.len())?;
    method.authorization_scopes.iter().try_for_each(|one| limits::text("An authorization scope", one, TEXT_BYTES_MAX))?;
    Ok(method)
}

/// Models by media type: each must exist.
pub(super) fn check_models(view: &dyn View, scope: &Scope, what: &str, models: Option<&BTreeMap<String, String>>) -> Result<(), ApiError> {
    limits::texts(what, models, NAME_BYTES_MAX, String::len)?;
    let Some(models) = models else { return Ok(()) };
    for name in models.values() {
        if !view.has(kind::MODEL, scope, name)? {
            return Err(ApiError::BadRequest(format!("Invalid model identifier specified: {name}")));
        }
    }
    expressions::check_media_types(models)
}

/// One method, with everything in it.
#[derive(Deserialize)]
pub struct GetMethod {
    restapi_id: String,
    resource_id: String,
    http_method: String,
}

impl Operation for GetMethod {
    const ROUTE: Route = api::get("GetMethod", PATH);
    const MEMBERS: &'static [Member] = &[spot::API, spot::RESOURCE, spot::VERB];
    type Reply = MethodReply;

    async fn run(self, cx: &Control) -> Result<MethodReply, ApiError> {
        let Self { restapi_id, resource_id, http_method } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        cx.read(move |view| spot.method(view)).await.map(MethodReply::of)
    }
}

const PATCHES: Table<Method> = Table {
    words: Words::Old,
    rows: &[
        replace("/authorizationType", |method: &mut Method, arg| {
            method.authorization_type = arg.text();
            Ok(())
        }),
        replace("/authorizerId", |method: &mut Method, arg| {
            method.authorizer = arg.optional();
            Ok(())
        }),
        replace("/apiKeyRequired", |method: &mut Method, arg| {
            method.api_key_required = arg.flag();
            Ok(())
        }),
        replace("/operationName", |method: &mut Method, arg| {
            method.operation_name = arg.optional();
            Ok(())
        }),
        replace("/requestValidatorId", |method: &mut Method, arg| {
            method.request_validator = arg.optional();
            Ok(())
        }),
        add("/authorizationScopes", |method: &mut Method, arg| {
            let scope = arg.text();
            if !method.authorization_scopes.contains(&scope) {
                method.authorization_scopes.push(scope);
            }
            Ok(())
        }),
        remove("/authorizationScopes", |method: &mut Method, arg| {
            let scope = arg.text();
            method.authorization_scopes.retain(|held| *held != scope);
            Ok(())
        }),
        add("/requestParameters/{name}", |method: &mut Method, arg| maps::put(&mut method.request_parameters, arg.key(), arg.flag())),
        replace("/requestParameters/{name}", |method: &mut Method, arg| {
            maps::swap(&mut method.request_parameters, arg.key(), arg.flag(), no_parameter)
        }),
        remove("/requestParameters/{name}", |method: &mut Method, arg| maps::take(&mut method.request_parameters, arg.key(), no_parameter)),
        add("/requestModels/{type}", |method: &mut Method, arg| maps::put(&mut method.request_models, arg.key(), arg.text())),
        replace("/requestModels/{type}", |method: &mut Method, arg| {
            maps::swap(&mut method.request_models, arg.key(), arg.text(), no_media_type)
        }),
        remove("/requestModels/{type}", |method: &mut Method, arg| maps::take(&mut method.request_models, arg.key(), no_media_type)),
    ],
};

/// Changes a method's own settings.
#[derive(Deserialize)]
pub struct UpdateMethod {
    restapi_id: String,
    resource_id: String,
    http_method: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateMethod {
    const ROUTE: Route = api::patch_route("UpdateMethod", PATH);
    const MEMBERS: &'static [Member] = &[patch::MEMBER, spot::API, spot::RESOURCE, spot::VERB];
    type Reply = MethodReply;

    async fn run(self, cx: &Control) -> Result<MethodReply, ApiError> {
        let Self { restapi_id, resource_id, http_method, patch_operations } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let ops = patch_operations.unwrap_or_default();
        let done = cx.write(move |txn| {
            let method = PATCHES.apply(&spot.method(txn.view())?, &ops)?;
            let method = check(txn.view(), &spot.scope, method)?;
            spot.save(txn, &method)?;
            Ok(method)
        });
        done.await.map(MethodReply::of)
    }
}

/// Takes a method away, with everything in it.
#[derive(Deserialize)]
pub struct DeleteMethod {
    restapi_id: String,
    resource_id: String,
    http_method: String,
}

impl Operation for DeleteMethod {
    const ROUTE: Route = api::delete("DeleteMethod", PATH).status(204);
    const MEMBERS: &'static [Member] = &[spot::API, spot::RESOURCE, spot::VERB];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { restapi_id, resource_id, http_method } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let gone = cx.write(move |txn| {
            let method = spot.method(txn.view())?;
            txn.remove::<Method>(&spot.scope, &record::method_id(&method.resource, &method.verb))?;
            Ok(())
        });
        gone.await
    }
}
