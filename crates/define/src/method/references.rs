//! Things a method may need: they cannot be deleted while one does. An authorizer, a validator and a VPC link live to the left, where no method
//! can be seen, so their ends are here. (rest-api-control-plane.md §1.13, §1.17; for validators the refusal is assumed)

use super::record::Method;
use crate::resource::record::Resource;
use admit::authorizer::record::Authorizer;
use admit::request_validator::record::RequestValidator;
use base::api::{self, ApiError, Control, Member, Operation, Route};
use base::store::{Row, Scope, View, kind};
use deliver::vpc_link::known_link;
use deliver::vpc_link::record::VpcLink;
use serde::Deserialize;

/// `{path}/{VERB}` of the first method that needs something. The root's is `//VERB`. (observed in §1.17)
pub(crate) fn first_user(view: &dyn View, scope: &Scope, needs: impl Fn(&Method) -> bool) -> Result<Option<(String, Method)>, ApiError> {
    let methods: Vec<Method> = view.all(scope)?;
    let Some(method) = methods.into_iter().find(needs) else { return Ok(None) };
    let path = view.find::<Resource>(scope, &method.resource)?.map_or_else(|| "/".into(), |resource| resource.path);
    Ok(Some((format!("{path}/{}", method.verb), method)))
}

fn in_use(what: &str, name: &str, place: &str) -> ApiError {
    ApiError::Conflict(format!("Cannot delete {what} '{name}', is referenced in method: {place}"))
}

/// Ends a VPC link that no integration goes over. (the text is assumed)
#[derive(Deserialize)]
pub struct DeleteVpcLink {
    vpclink_id: String,
}

impl Operation for DeleteVpcLink {
    const ROUTE: Route = api::delete("DeleteVpcLink", "/vpclinks/{vpclink_id}");
    const MEMBERS: &'static [Member] = &[api::text("vpclink_id").in_path("vpcLinkId")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { vpclink_id } = self;
        let realm = cx.realm().clone();
        let gone = cx.write(move |txn| {
            let link = known_link(txn.view(), &realm, &vpclink_id)?;
            let mut user: Option<Method> = None;
            txn.every(kind::METHOD, &mut |row: Row| {
                if user.is_none() && row.address.scope.realm == realm {
                    let goes = |method: &Method| method.integration.as_ref().is_some_and(|to| to.connection_id.as_ref() == Some(&link.id));
                    user = Some(row.record::<Method>()?).filter(goes);
                }
                Ok(())
            })?;
            if let Some(Method { api, resource, verb, .. }) = user {
                let place = format!("the integration of method {verb} on resource {resource} of API {api}");
                return Err(ApiError::bad_request(format!("Cannot delete vpc link {vpclink_id}. It is used by {place}")));
            }
            Ok(txn.remove::<VpcLink>(&realm.top(), &link.id)?)
        });
        gone.await
    }
}

/// Ends an authorizer that no method needs.
#[derive(Deserialize)]
pub struct DeleteAuthorizer {
    restapi_id: String,
    authorizer_id: String,
}

impl Operation for DeleteAuthorizer {
    const ROUTE: Route = api::delete("DeleteAuthorizer", "/restapis/{restapi_id}/authorizers/{authorizer_id}");
    const MEMBERS: &'static [Member] = &[api::text("restapi_id").in_path("restApiId"), api::text("authorizer_id").in_path("authorizerId")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { restapi_id, authorizer_id } = self;
        let scope = cx.realm().scope(&restapi_id);
        let gone = cx.write(move |txn| {
            let authorizer: Option<Authorizer> = txn.view().find(&scope, &authorizer_id)?;
            let authorizer = authorizer.ok_or_else(|| ApiError::not_found("Invalid Authorizer identifier specified"))?;
            if let Some((place, _)) = first_user(txn.view(), &scope, |method| method.authorizer.as_ref() == Some(&authorizer.id))? {
                return Err(in_use("authorizer", &authorizer.name, &place));
            }
            Ok(txn.remove::<Authorizer>(&scope, &authorizer.id)?)
        });
        gone.await
    }
}

/// Ends a validator that no method needs.
#[derive(Deserialize)]
pub struct DeleteRequestValidator {
    restapi_id: String,
    requestvalidator_id: String,
}

impl Operation for DeleteRequestValidator {
    const ROUTE: Route = api::delete("DeleteRequestValidator", "/restapis/{restapi_id}/requestvalidators/{requestvalidator_id}");
    const MEMBERS: &'static [Member] =
        &[api::text("restapi_id").in_path("restApiId"), api::text("requestvalidator_id").in_path("requestValidatorId")];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { restapi_id, requestvalidator_id } = self;
        let scope = cx.realm().scope(&restapi_id);
        let gone = cx.write(move |txn| {
            let validator: Option<RequestValidator> = txn.view().find(&scope, &requestvalidator_id)?;
            let validator = validator.ok_or_else(|| ApiError::not_found("Invalid Request Validator identifier specified"))?;
            if let Some((place, _)) = first_user(txn.view(), &scope, |method| method.request_validator.as_ref() == Some(&validator.id))? {
                return Err(in_use("request validator", &validator.name, &place));
            }
            Ok(txn.remove::<RequestValidator>(&scope, &validator.id)?)
        });
        gone.await
    }
}
