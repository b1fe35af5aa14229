//! What the control API does with integration responses: how a back end's answer becomes the method's.

use super::expressions;
use super::maps::{self, no_media_type, no_parameter};
use super::record::Method;
use super::spot::{self, Spot};
use super::wire::IntegrationResponseReply;
use crate::limits::{self, TEXT_BYTES_MAX};
use base::api::patch::{Table, Words, add, remove, replace};
use base::api::{self, ApiError, Control, Member, Operation, PatchOp, Route, Shape, patch};
use deliver::integration::record::IntegrationResponse;
use serde::Deserialize;
use std::collections::BTreeMap;

const PATH: &str = "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}";
const PLACE: [Member; 4] = [spot::API, spot::RESOURCE, spot::VERB, spot::STATUS];

/// What may be done to a body on its way.
pub(super) const CONTENT_HANDLING: &[&str] = &["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"];

/// Whether a response may be stored. `method` is the one whose headers it sets.
pub(super) fn check(method: &Method, response: &IntegrationResponse) -> Result<(), ApiError> {
    let declared = method.responses.get(&response.status_code);
    limits::optional("selectionPattern", response.selection_pattern.as_ref(), TEXT_BYTES_MAX)?;
    response.response_templates.as_ref().map_or(Ok(()), |all| expressions::check_templates("responseTemplates", all))?;
    response.response_parameters.as_ref().map_or(Ok(()), |all| expressions::check_response_mapping(all, declared))
}

/// Sets the response for a status, in place of any before it.
#[derive(Deserialize)]
pub struct PutIntegrationResponse {
    restapi_id: String,
    resource_id: String,
    http_method: String,
    status_code: String,
    #[serde(rename = "selectionPattern")]
    selection_pattern: Option<String>,
    #[serde(rename = "responseParameters")]
    response_parameters: Option<BTreeMap<String, String>>,
    #[serde(rename = "responseTemplates")]
    response_templates: Option<BTreeMap<String, Option<String>>>,
    #[serde(rename = "contentHandling")]
    content_handling: Option<String>,
}

impl Operation for PutIntegrationResponse {
    const ROUTE: Route = api::put("PutIntegrationResponse", PATH);
    const MEMBERS: &'static [Member] = &[
        api::text("selectionPattern"),
        api::map("responseParameters", &Shape::Text),
        api::map("responseTemplates", &Shape::Text),
        api::text("contentHandling").one_of(CONTENT_HANDLING),
        PLACE[0],
        PLACE[1],
        PLACE[2],
        PLACE[3],
    ];
    type Reply = IntegrationResponseReply;

    async fn run(self, cx: &Control) -> Result<IntegrationResponseReply, ApiError> {
        let Self { restapi_id, resource_id, http_method, status_code, selection_pattern, response_parameters, .. } = self;
        let Self { response_templates, content_handling, .. } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let response_templates = maps::templates(response_templates);
        let response = IntegrationResponse { status_code, selection_pattern, response_parameters, response_templates, content_handling };
        let done = cx.write(move |txn| {
            let mut method = spot.method(txn.view())?;
            spot::integration(&mut method)?;
            check(&method, &response)?;
            spot::integration(&mut method)?.responses.insert(response.status_code.clone(), response.clone());
            spot.save(txn, &method)?;
            Ok(response.clone())
        });
        done.await.map(IntegrationResponseReply::of)
    }
}

/// One response.
#[derive(Deserialize)]
pub struct GetIntegrationResponse {
    restapi_id: String,
    resource_id: String,
    http_method: String,
    status_code: String,
}

impl Operation for GetIntegrationResponse {
    const ROUTE: Route = api::get("GetIntegrationResponse", PATH);
    const MEMBERS: &'static [Member] = &PLACE;
    type Reply = IntegrationResponseReply;

    async fn run(self, cx: &Control) -> Result<IntegrationResponseReply, ApiError> {
        let Self { restapi_id, resource_id, http_method, status_code } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let found = cx.read(move |view| {
            let mut method = spot.method(view)?;
            spot::integration(&mut method)?.responses.remove(&status_code).ok_or_else(spot::no_status)
        });
        found.await.map(IntegrationResponseReply::of)
    }
}

const PATCHES: Table<IntegrationResponse> = Table {
    words: Words::Old,
    rows: &[
        replace("/selectionPattern", |response: &mut IntegrationResponse, arg| {
            response.selection_pattern = Some(arg.text());
            Ok(())
        }),
        replace("/contentHandling", |response: &mut IntegrationResponse, arg| {
            response.content_handling = content_handling(arg.optional())?;
            Ok(())
        }),
        add("/responseParameters/{name}", |response: &mut IntegrationResponse, arg| {
            maps::put(&mut response.response_parameters, arg.key(), arg.text())
        }),
        replace("/responseParameters/{name}", |response: &mut IntegrationResponse, arg| {
            maps::swap(&mut response.response_parameters, arg.key(), arg.text(), no_parameter)
        }),
        remove("/responseParameters/{name}", |response: &mut IntegrationResponse, arg| {
            maps::take(&mut response.response_parameters, arg.key(), no_parameter)
        }),
        add("/responseTemplates/{type}", |response: &mut IntegrationResponse, arg| {
            maps::put(&mut response.response_templates, arg.key(), arg.optional())
        }),
        replace("/responseTemplates/{type}", |response: &mut IntegrationResponse, arg| {
            maps::swap(&mut response.response_templates, arg.key(), arg.optional(), no_media_type)
        }),
        remove("/responseTemplates/{type}", |response: &mut IntegrationResponse, arg| {
            maps::take(&mut response.response_templates, arg.key(), no_media_type)
        }),
    ],
};

/// A patched content handling; an empty one is none.
pub(super) fn content_handling(asked: Option<String>) -> Result<Option<String>, ApiError> {
    match asked {
        Some(word) if !CONTENT_HANDLING.contains(&word.as_str()) => {
            Err(ApiError::bad_request("Invalid contentHandling specified. Valid options are CONVERT_TO_BINARY,CONVERT_TO_TEXT"))
        }
        asked => Ok(asked),
    }
}

/// Changes a response.
#[derive(Deserialize)]
pub struct UpdateIntegrationResponse {
    restapi_id: String,
    resource_id: String,
    http_method: String,
    status_code: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateIntegrationResponse {
    const ROUTE: Route = api::patch_route("UpdateIntegrationResponse", PATH);
    const MEMBERS: &'static [Member] = &[patch::MEMBER, PLACE[0], PLACE[1], PLACE[2], PLACE[3]];
    type Reply = IntegrationResponseReply;

    async fn run(self, cx: &Control) -> Result<IntegrationResponseReply, ApiError> {
        let Self { restapi_id, resource_id, http_method, status_code, patch_operations } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let ops = patch_operations.unwrap_or_default();
        let done = cx.write(move |txn| {
            let mut method = spot.method(txn.view())?;
            let old = spot::integration(&mut method)?.responses.get(&status_code).ok_or_else(spot::no_status)?;
            let response = PATCHES.apply(old, &ops)?;
            check(&method, &response)?;
            spot::integration(&mut method)?.responses.insert(status_code.clone(), response.clone());
            spot.save(txn, &method)?;
            Ok(response)
        });
        done.await.map(IntegrationResponseReply::of)
    }
}

/// Takes a response away.
#[derive(Deserialize)]
pub struct DeleteIntegrationResponse {
    restapi_id: String,
    resource_id: String,
    http_method: String,
    status_code: String,
}

impl Operation for DeleteIntegrationResponse {
    const ROUTE: Route = api::delete("DeleteIntegrationResponse", PATH).status(204);
    const MEMBERS: &'static [Member] = &PLACE;
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { restapi_id, resource_id, http_method, status_code } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let gone = cx.write(move |txn| {
            let mut method = spot.method(txn.view())?;
            spot::integration(&mut method)?.responses.remove(&status_code).ok_or_else(spot::no_status)?;
            spot.save(txn, &method)
        });
        gone.await
    }
}
