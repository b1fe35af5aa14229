//! What the control API does with method responses: what a method may answer.

use super::maps::{self, no_media_type, no_parameter};
use super::record::MethodResponse;
use super::spot::{self, Spot};
use super::wire::MethodResponseReply;
use super::{expressions, method};
use base::api::patch::{Table, Words, add, remove, replace};
use base::api::{self, ApiError, Control, Member, Operation, PatchOp, Route, Shape, patch};
use base::store::{Scope, View};
use serde::Deserialize;
use std::collections::BTreeMap;

const PATH: &str = "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}";
const PLACE: [Member; 4] = [spot::API, spot::RESOURCE, spot::VERB, spot::STATUS];

/// Whether a response may be stored: its headers are well named and its models exist.
pub fn check(view: &dyn View, scope: &Scope, response: &MethodResponse) -> Result<(), ApiError> {
    method::check_models(view, scope, "responseModels", response.response_models.as_ref())?;
    response.response_parameters.as_ref().map_or(Ok(()), expressions::check_response_headers)
}

/// Adds a status that a method may answer with.
#[derive(Deserialize)]
pub struct PutMethodResponse {
    restapi_id: String,
    resource_id: String,
    http_method: String,
    status_code: String,
    #[serde(rename = "responseParameters")]
    response_parameters: Option<BTreeMap<String, bool>>,
    #[serde(rename = "responseModels")]
    response_models: Option<BTreeMap<String, String>>,
}

impl Operation for PutMethodResponse {
    const ROUTE: Route = api::put("PutMethodResponse", PATH);
    const MEMBERS: &'static [Member] =
        &[api::map("responseParameters", &Shape::Flag), api::map("responseModels", &Shape::Text), PLACE[0], PLACE[1], PLACE[2], PLACE[3]];
    type Reply = MethodResponseReply;

    async fn run(self, cx: &Control) -> Result<MethodResponseReply, ApiError> {
        let Self { restapi_id, resource_id, http_method, status_code, response_parameters, response_models } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let response = MethodResponse { status_code, response_parameters, response_models };
        let done = cx.write(move |txn| {
            let mut method = spot.method(txn.view())?;
            if method.responses.contains_key(&response.status_code) {
                return Err(ApiError::conflict("Response already exists for this resource"));
            }
            check(txn.view(), &spot.scope, &response)?;
            method.responses.insert(response.status_code.clone(), response.clone());
            spot.save(txn, &method)?;
            Ok(response.clone())
        });
        done.await.map(MethodResponseReply::of)
    }
}

/// One response.
#[derive(Deserialize)]
pub struct GetMethodResponse {
    restapi_id: String,
    resource_id: String,
    http_method: String,
    status_code: String,
}

impl Operation for GetMethodResponse {
    const ROUTE: Route = api::get("GetMethodResponse", PATH);
    const MEMBERS: &'static [Member] = &PLACE;
    type Reply = MethodResponseReply;

    async fn run(self, cx: &Control) -> Result<MethodResponseReply, ApiError> {
        let Self { restapi_id, resource_id, http_method, status_code } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let found = cx.read(move |view| spot.method(view)?.responses.remove(&status_code).ok_or_else(spot::no_status));
        found.await.map(MethodResponseReply::of)
    }
}

const PATCHES: Table<MethodResponse> = Table {
    words: Words::Old,
    rows: &[
        add("/responseParameters/{name}", |response: &mut MethodResponse, arg| {
            maps::put(&mut response.response_parameters, arg.key(), arg.flag())
        }),
        replace("/responseParameters/{name}", |response: &mut MethodResponse, arg| {
            maps::swap(&mut response.response_parameters, arg.key(), arg.flag(), no_parameter)
        }),
        remove("/responseParameters/{name}", |response: &mut MethodResponse, arg| {
            maps::take(&mut response.response_parameters, arg.key(), no_parameter)
        }),
        add("/responseModels/{type}", |response: &mut MethodResponse, arg| maps::put(&mut response.response_models, arg.key(), arg.text())),
        replace("/responseModels/{type}", |response: &mut MethodResponse, arg| {
            maps::swap(&mut response.response_models, arg.key(), arg.text(), no_media_type)
        }),
        remove("/responseModels/{type}", |response: &mut MethodResponse, arg| {
            maps::take(&mut response.response_models, arg.key(), no_media_type)
        }),
    ],
};

/// Changes a response. AWS answers 201. (observed/methods.json)
#[derive(Deserialize)]
pub struct UpdateMethodResponse {
    restapi_id: String,
    resource_id: String,
    http_method: String,
    status_code: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateMethodResponse {
    const ROUTE: Route = api::patch_route("UpdateMethodResponse", PATH).status(201);
    const MEMBERS: &'static [Member] = &[patch::MEMBER, PLACE[0], PLACE[1], PLACE[2], PLACE[3]];
    type Reply = MethodResponseReply;

    async fn run(self, cx: &Control) -> Result<MethodResponseReply, ApiError> {
        let Self { restapi_id, resource_id, http_method, status_code, patch_operations } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let ops = patch_operations.unwrap_or_default();
        let done = cx.write(move |txn| {
            let mut method = spot.method(txn.view())?;
            let response = PATCHES.apply(method.responses.get(&status_code).ok_or_else(spot::no_status)?, &ops)?;
            check(txn.view(), &spot.scope, &response)?;
            method.responses.insert(status_code.clone(), response.clone());
            spot.save(txn, &method)?;
            Ok(response)
        });
        done.await.map(MethodResponseReply::of)
    }
}

/// Takes a response away.
#[derive(Deserialize)]
pub struct DeleteMethodResponse {
    restapi_id: String,
    resource_id: String,
    http_method: String,
    status_code: String,
}

impl Operation for DeleteMethodResponse {
    const ROUTE: Route = api::delete("DeleteMethodResponse", PATH).status(204);
    const MEMBERS: &'static [Member] = &PLACE;
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { restapi_id, resource_id, http_method, status_code } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let gone = cx.write(move |txn| {
            let mut method = spot.method(txn.view())?;
            method.responses.remove(&status_code).ok_or_else(spot::no_status)?;
            spot.save(txn, &method)
        });
        gone.await
    }
}
