//! What the control API does with gateway responses.

#[cfg(test)]
mod tests;

use super::kinds::{self, PRINTED, STATUSES};
use super::record::GatewayResponse;
use base::api::patch::{Arg, Table, Words, add, remove, replace};
use base::api::{self, ApiError, Control, Entry, Member, Operation, PatchOp, Route, Shape, known_api, patch};
use base::store::{Realm, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The operations of gateway responses.
pub const OPERATIONS: &[Entry] = &[
    api::op::<GetGatewayResponses>(),
    api::op::<GetGatewayResponse>(),
    api::op::<PutGatewayResponse>(),
    api::op::<UpdateGatewayResponse>(),
    api::op::<DeleteGatewayResponse>(),
];

/// Headers or templates of one response.
const ENTRIES_MAX: usize = 1_000;
/// Bytes of a header's name or value.
const TEXT_BYTES_MAX: usize = 10_240;
/// Bytes of a template (300 KB).
const TEMPLATE_BYTES_MAX: usize = 307_200;

/// A gateway response as AWS shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    response_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<String>,
    response_parameters: BTreeMap<String, String>,
    response_templates: BTreeMap<String, String>,
    default_response: bool,
}

/// Whether an API has words of its own for a type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Own,
    Default,
}

impl Reply {
    fn of(response: GatewayResponse, origin: Origin) -> Reply {
        let GatewayResponse { api: _, kind, status_code, parameters, templates } = response;
        let default_response = origin == Origin::Default;
        Reply { response_type: kind, status_code, response_parameters: parameters, response_templates: templates, default_response }
    }

    /// A type as the API shows it, among those that it has worded.
    fn shown(api: &str, kind: &str, worded: &BTreeMap<String, GatewayResponse>) -> Reply {
        let origin = if worded.contains_key(kind) { Origin::Own } else { Origin::Default };
        Reply::of(kinds::effective(api, kind, |kind| worded.get(kind)), origin)
    }
}

fn worded(view: &dyn View, realm: &Realm, api: &str) -> Result<BTreeMap<String, GatewayResponse>, ApiError> {
    known_api(view, realm, api)?;
    let all: Vec<GatewayResponse> = view.all(&realm.scope(api))?;
    Ok(all.into_iter().map(|response| (response.kind.clone(), response)).collect())
}

fn is_status(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1'..=b'5', tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit())
}

/// Whether a response may be stored. Imports check theirs here too. The words are ours.
pub fn check(response: &GatewayResponse) -> Result<(), ApiError> {
    let refuse = |text: String| Err(ApiError::BadRequest(text));
    if let Some(status) = response.status_code.as_ref().filter(|status| !is_status(status)) {
        return refuse(format!("Invalid status code specified: {status}"));
    }
    if response.parameters.len() > ENTRIES_MAX || response.templates.len() > ENTRIES_MAX {
        return refuse(format!("A gateway response can have at most {ENTRIES_MAX} responseParameters and responseTemplates."));
    }
    let places = ["gatewayresponse.header.", "gatewayresponse.path.", "gatewayresponse.querystring."];
    let named = |name: &str| places.iter().any(|place| name.strip_prefix(place).is_some_and(|rest| !rest.is_empty()));
    for (name, value) in &response.parameters {
        if !named(name) || !is_value(value) {
            let odd = if named(name) { value } else { name };
            return refuse(format!(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: {odd}]"
            ));
        }
        if name.len().max(value.len()) > TEXT_BYTES_MAX {
            return refuse(format!("An entry of responseParameters can be at most {TEXT_BYTES_MAX} bytes long."));
        }
    }
    for (media, template) in &response.templates {
        if !media.split_once('/').is_some_and(|(kind, subtype)| !kind.is_empty() && !subtype.is_empty()) {
            return refuse(format!("Validation Result: warnings : [], errors : [Invalid content type specified: {media}]"));
        }
        if media.len() > TEXT_BYTES_MAX || template.len() > TEMPLATE_BYTES_MAX {
            return refuse(format!("An entry of responseTemplates can be at most {TEMPLATE_BYTES_MAX} bytes long."));
        }
    }
    Ok(())
}

/// What a header may be set to (rest-api-control-plane.md §1.16).
fn is_value(value: &str) -> bool {
    let quoted = value.len() >= 2 && value.starts_with('\'') && value.ends_with('\'');
    let from = [
        "method.request.header.",
        "method.request.querystring.",
        "method.request.path.",
        "method.request.multivalueheader.",
        "method.request.multivaluequerystring.",
        "context.",
        "stageVariables.",
    ];
    quoted || from.iter().any(|prefix| value.strip_prefix(prefix).is_some_and(|name| !name.is_empty()))
}

const API: Member = api::text("restapi_id").in_path("restApiId");
const KIND: Member = api::text("response_type").in_path("responseType").one_of(PRINTED);

/// All types of an API, worded or not. There is one page.
#[derive(Deserialize)]
pub struct GetGatewayResponses {
    restapi_id: String,
}

/// A list that is never cut.
#[derive(Debug, Serialize)]
pub struct All {
    item: Vec<Reply>,
}

impl Operation for GetGatewayResponses {
    const ROUTE: Route = api::get("GetGatewayResponses", "/restapis/{restapi_id}/gatewayresponses");
    const MEMBERS: &'static [Member] = &[API, api::text("position").in_query(), api::whole("limit").in_query()];
    type Reply = All;

    async fn run(self, cx: &Control) -> Result<All, ApiError> {
        let Self { restapi_id } = self;
        let realm = cx.realm().clone();
        let all = cx.read(move |view| {
            let worded = worded(view, &realm, &restapi_id)?;
            Ok(All { item: STATUSES.iter().map(|(kind, _)| Reply::shown(&restapi_id, kind, &worded)).collect() })
        });
        all.await
    }
}

/// One type.
#[derive(Deserialize)]
pub struct GetGatewayResponse {
    restapi_id: String,
    response_type: String,
}

impl Operation for GetGatewayResponse {
    const ROUTE: Route = api::get("GetGatewayResponse", "/restapis/{restapi_id}/gatewayresponses/{response_type}");
    const MEMBERS: &'static [Member] = &[API, KIND];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, response_type } = self;
        let realm = cx.realm().clone();
        cx.read(move |view| Ok(Reply::shown(&restapi_id, &response_type, &worded(view, &realm, &restapi_id)?))).await
    }
}

/// Words a type anew. What is left out is the default's.
#[derive(Deserialize)]
pub struct PutGatewayResponse {
    restapi_id: String,
    response_type: String,
    #[serde(rename = "statusCode")]
    status_code: Option<String>,
    #[serde(rename = "responseParameters")]
    response_parameters: Option<BTreeMap<String, String>>,
    #[serde(rename = "responseTemplates")]
    response_templates: Option<BTreeMap<String, String>>,
}

impl Operation for PutGatewayResponse {
    const ROUTE: Route = api::put("PutGatewayResponse", "/restapis/{restapi_id}/gatewayresponses/{response_type}");
    const MEMBERS: &'static [Member] = &[
        api::text("statusCode").like(r"[1-5]\d\d", is_status),
        api::map("responseParameters", &Shape::Text),
        api::map("responseTemplates", &Shape::Text),
        API,
        KIND,
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, response_type, status_code, response_parameters, response_templates } = self;
        let realm = cx.realm().clone();
        let plain = kinds::plain(&restapi_id, &response_type);
        let response = GatewayResponse {
            status_code: status_code.or(plain.status_code),
            parameters: response_parameters.unwrap_or(plain.parameters),
            templates: response_templates.unwrap_or(plain.templates),
            ..plain
        };
        let done = cx.write(move |txn| {
            known_api(txn.view(), &realm, &restapi_id)?;
            check(&response)?;
            txn.save(&realm, &response)?;
            Ok(response.clone())
        });
        done.await.map(|response| Reply::of(response, Origin::Own))
    }
}

const PATCHES: Table<GatewayResponse> = Table {
    words: Words::Old,
    rows: &[
        replace("/statusCode", |response: &mut GatewayResponse, arg| {
            response.status_code = arg.optional();
            Ok(())
        }),
        add("/statusCode", |_, arg| Err(bad_path(arg))),
        remove("/statusCode", |_, arg| Err(bad_path(arg))),
        add("/responseParameters/{name}", |response: &mut GatewayResponse, arg| {
            response.parameters.insert(arg.key().to_owned(), some(arg, "responseParameters")?);
            Ok(())
        }),
        replace("/responseParameters/{name}", |response: &mut GatewayResponse, arg| {
            let value = some(arg, "responseParameters")?;
            *response.parameters.get_mut(arg.key()).ok_or_else(absent)? = value;
            Ok(())
        }),
        remove("/responseParameters/{name}", |response: &mut GatewayResponse, arg| {
            response.parameters.remove(arg.key()).map(drop).ok_or_else(absent)
        }),
        add("/responseTemplates/{type}", |response: &mut GatewayResponse, arg| {
            response.templates.insert(arg.key().to_owned(), some(arg, "responseTemplates")?);
            Ok(())
        }),
        replace("/responseTemplates/{type}", |response: &mut GatewayResponse, arg| {
            let value = some(arg, "responseTemplates")?;
            *response.templates.get_mut(arg.key()).ok_or_else(absent)? = value;
            Ok(())
        }),
        remove("/responseTemplates/{type}", |response: &mut GatewayResponse, arg| {
            response.templates.remove(arg.key()).map(drop).ok_or_else(absent)
        }),
    ],
};

fn bad_path(arg: &Arg<'_>) -> ApiError {
    ApiError::BadRequest(format!("Invalid patch path {}", arg.path))
}

fn some(arg: &Arg<'_>, what: &str) -> Result<String, ApiError> {
    arg.optional().ok_or_else(|| ApiError::BadRequest(format!("Invalid null or empty value in {what}")))
}

fn absent() -> ApiError {
    ApiError::not_found("Invalid parameter name specified")
}

/// Changes a type's words, or gives it its first ones.
#[derive(Deserialize)]
pub struct UpdateGatewayResponse {
    restapi_id: String,
    response_type: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateGatewayResponse {
    const ROUTE: Route = api::patch_route("UpdateGatewayResponse", "/restapis/{restapi_id}/gatewayresponses/{response_type}");
    const MEMBERS: &'static [Member] = &[patch::MEMBER, API, KIND];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, response_type, patch_operations } = self;
        let (realm, ops) = (cx.realm().clone(), patch_operations.unwrap_or_default());
        let done = cx.write(move |txn| {
            known_api(txn.view(), &realm, &restapi_id)?;
            let held: Option<GatewayResponse> = txn.view().find(&realm.scope(&restapi_id), &response_type)?;
            let old = held.unwrap_or_else(|| kinds::plain(&restapi_id, &response_type));
            let response = PATCHES.apply(&old, &ops)?;
            check(&response)?;
            txn.save(&realm, &response)?;
            Ok(response)
        });
        done.await.map(|response| Reply::of(response, Origin::Own))
    }
}

/// Takes a type's words away: it looks like the default again.
#[derive(Deserialize)]
pub struct DeleteGatewayResponse {
    restapi_id: String,
    response_type: String,
}

impl Operation for DeleteGatewayResponse {
    const ROUTE: Route = api::delete("DeleteGatewayResponse", "/restapis/{restapi_id}/gatewayresponses/{response_type}");
    const MEMBERS: &'static [Member] = &[API, KIND];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { restapi_id, response_type } = self;
        let realm = cx.realm().clone();
        let gone = cx.write(move |txn| {
            known_api(txn.view(), &realm, &restapi_id)?;
            let scope = realm.scope(&restapi_id);
            if txn.view().find::<GatewayResponse>(&scope, &response_type)?.is_none() {
                return Err(ApiError::not_found("Gateway response type not defined on api"));
            }
            Ok(txn.remove::<GatewayResponse>(&scope, &response_type)?)
        });
        gone.await
    }
}
