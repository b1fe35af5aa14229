//! What the control API does with request validators.

use super::record::RequestValidator;
use base::api::patch::{Table, Words, replace};
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, PatchOp, Route, known_api, patch};
use base::store::{Scope, View, kind};
use serde::{Deserialize, Serialize};

/// The operations of request validators, but deletion.
pub const OPERATIONS: &[Entry] = &[
    api::op::<CreateRequestValidator>(),
    api::op::<GetRequestValidators>(),
    api::op::<GetRequestValidator>(),
    api::op::<UpdateRequestValidator>(),
];

/// Bytes of a validator's name.
const NAME_BYTES_MAX: usize = 1_024;
/// Validators of one API.
const VALIDATORS_MAX: usize = 1_000;

/// A validator as AWS shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    validate_request_body: bool,
    validate_request_parameters: bool,
}

impl Reply {
    fn of(validator: RequestValidator) -> Reply {
        let RequestValidator { api: _, id, name, body, parameters } = validator;
        Reply { id, name, validate_request_body: body, validate_request_parameters: parameters }
    }
}

/// A name that may be stored.
fn named(name: String) -> Result<String, ApiError> {
    if name.trim().is_empty() {
        return Err(ApiError::bad_request("Request Validator name cannot be blank"));
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(ApiError::bad_request(format!("Request Validator name can be at most {NAME_BYTES_MAX} bytes long.")));
    }
    Ok(name)
}

fn find(view: &dyn View, scope: &Scope, id: &str) -> Result<RequestValidator, ApiError> {
    view.find(scope, id)?.ok_or_else(|| ApiError::not_found("Invalid Request Validator identifier specified"))
}

const API: Member = api::text("restapi_id").in_path("restApiId");
const ID: Member = api::text("requestvalidator_id").in_path("requestValidatorId");

/// Adds a validator to an API. It checks nothing until a method names it.
#[derive(Deserialize)]
pub struct CreateRequestValidator {
    restapi_id: String,
    name: Option<String>,
    #[serde(rename = "validateRequestBody")]
    validate_request_body: Option<bool>,
    #[serde(rename = "validateRequestParameters")]
    validate_request_parameters: Option<bool>,
}

impl Operation for CreateRequestValidator {
    const ROUTE: Route = api::post("CreateRequestValidator", "/restapis/{restapi_id}/requestvalidators");
    const MEMBERS: &'static [Member] = &[api::text("name"), api::flag("validateRequestBody"), api::flag("validateRequestParameters"), API];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, name, validate_request_body, validate_request_parameters } = self;
        let (realm, ids) = (cx.realm().clone(), [cx.ids.lower(6), cx.ids.lower(6), cx.ids.lower(6)]);
        let done = cx.write(move |txn| {
            // The wire does not ask for a name; a blank one is refused all the same.
            let name = name.clone().map_or(Ok(String::new()), named)?;
            if !txn.view().has(kind::REST_API, &realm.top(), &restapi_id)? {
                return Err(ApiError::bad_request("Invalid REST API identifier specified"));
            }
            let held: Vec<RequestValidator> = txn.view().all(&realm.scope(&restapi_id))?;
            if held.len() >= VALIDATORS_MAX {
                return Err(ApiError::LimitExceeded(format!(
                    "Maximum number of request validators for this API has been reached: {VALIDATORS_MAX}"
                )));
            }
            let id = ids.iter().find(|id| held.iter().all(|other| other.id != **id));
            let validator = RequestValidator {
                api: restapi_id.clone(),
                id: id.ok_or_else(|| ApiError::Internal("every new id is taken".into()))?.clone(),
                name,
                body: validate_request_body.unwrap_or(false),
                parameters: validate_request_parameters.unwrap_or(false),
            };
            txn.save(&realm, &validator)?;
            Ok(validator)
        });
        done.await.map(Reply::of)
    }
}

/// All validators of an API.
#[derive(Deserialize)]
pub struct GetRequestValidators {
    restapi_id: String,
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
}

impl Operation for GetRequestValidators {
    const ROUTE: Route = api::get("GetRequestValidators", "/restapis/{restapi_id}/requestvalidators");
    const MEMBERS: &'static [Member] = &[API, api::text("position").in_query(), api::whole("limit").in_query()];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { restapi_id, limit, position } = self;
        let realm = cx.realm().clone();
        let page = cx.read(move |view| {
            known_api(view, &realm, &restapi_id)?;
            let after = Page::after(position.as_deref());
            let validators: Vec<RequestValidator> = view.some(&realm.scope(&restapi_id), after.as_deref(), limit.items() + 1)?;
            Ok(Page::cut(validators, limit, |validator| validator.id.clone()))
        });
        page.await.map(|page| page.map(Reply::of))
    }
}

/// One validator.
#[derive(Deserialize)]
pub struct GetRequestValidator {
    restapi_id: String,
    requestvalidator_id: String,
}

impl Operation for GetRequestValidator {
    const ROUTE: Route = api::get("GetRequestValidator", "/restapis/{restapi_id}/requestvalidators/{requestvalidator_id}");
    const MEMBERS: &'static [Member] = &[API, ID];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, requestvalidator_id } = self;
        let scope = cx.realm().scope(&restapi_id);
        cx.read(move |view| find(view, &scope, &requestvalidator_id)).await.map(Reply::of)
    }
}

const PATCHES: Table<RequestValidator> = Table {
    words: Words::New(&["/name", "/validateRequestParameters", "/validateRequestBody"]),
    rows: &[
        replace("/name", |validator: &mut RequestValidator, arg| {
            validator.name = named(arg.text())?;
            Ok(())
        }),
        replace("/validateRequestParameters", |validator: &mut RequestValidator, arg| {
            validator.parameters = arg.flag();
            Ok(())
        }),
        replace("/validateRequestBody", |validator: &mut RequestValidator, arg| {
            validator.body = arg.flag();
            Ok(())
        }),
    ],
};

/// Changes a validator.
#[derive(Deserialize)]
pub struct UpdateRequestValidator {
    restapi_id: String,
    requestvalidator_id: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateRequestValidator {
    const ROUTE: Route = api::patch_route("UpdateRequestValidator", "/restapis/{restapi_id}/requestvalidators/{requestvalidator_id}");
    const MEMBERS: &'static [Member] = &[patch::MEMBER, API, ID];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, requestvalidator_id, patch_operations } = self;
        let (realm, ops) = (cx.realm().clone(), patch_operations.unwrap_or_default());
        let done = cx.write(move |txn| {
            let old = find(txn.view(), &realm.scope(&restapi_id), &requestvalidator_id)?;
            let validator = PATCHES.apply(&old, &ops)?;
            txn.save(&realm, &validator)?;
            Ok(validator)
        });
        done.await.map(Reply::of)
    }
}
