//! What the control API does with integrations: which back end answers a method.

use super::integration_check::{Rules, check, fresh};
use super::integration_response::{CONTENT_HANDLING, content_handling};
use super::maps::{self, no_media_type, no_parameter};
use super::spot::{self, Spot};
use super::wire::IntegrationReply;
use base::api::patch::{Arg, Table, Words, add, remove, replace};
use base::api::{self, ApiError, Control, Member, Operation, PatchOp, Route, Shape, patch};
use deliver::integration::record::{Integration, IntegrationType, PassthroughBehavior, TIMEOUT_MS_DEFAULT};
use serde::Deserialize;
use std::collections::BTreeMap;

const PATH: &str = "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration";
const PLACE: [Member; 3] = [spot::API, spot::RESOURCE, spot::VERB];

const CONNECTION_TYPES: &[&str] = &["INTERNET", "VPC_LINK"];
const TRANSFER_MODES: &[&str] = &["BUFFERED", "STREAM"];

/// The passthrough behaviour that was asked for.
fn passthrough(asked: &str) -> Result<PassthroughBehavior, ApiError> {
    PassthroughBehavior::named(asked).ok_or_else(|| {
        ApiError::bad_request("Invalid passthrough behavior specified. Valid options are WHEN_NO_MATCH,WHEN_NO_TEMPLATES,NEVER")
    })
}

/// Sets a method's integration, in place of any before it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutIntegration {
    #[serde(rename = "restapi_id")]
    restapi_id: String,
    #[serde(rename = "resource_id")]
    resource_id: String,
    /// The method's verb. The verb towards the back end is called `httpMethod` on the wire.
    #[serde(rename = "http_method")]
    verb: String,
    #[serde(rename = "type")]
    kind: Option<IntegrationType>,
    http_method: Option<String>,
    uri: Option<String>,
    connection_type: Option<String>,
    connection_id: Option<String>,
    credentials: Option<String>,
    request_parameters: Option<BTreeMap<String, String>>,
    request_templates: Option<BTreeMap<String, Option<String>>>,
    passthrough_behavior: Option<String>,
    cache_namespace: Option<String>,
    cache_key_parameters: Option<Vec<String>>,
    content_handling: Option<String>,
    timeout_in_millis: Option<i64>,
    tls_config: Option<TlsConfig>,
    response_transfer_mode: Option<String>,
    integration_target: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TlsConfig {
    insecure_skip_verification: Option<bool>,
}

impl Operation for PutIntegration {
    const ROUTE: Route = api::put("PutIntegration", PATH);
    const MEMBERS: &'static [Member] = &[
        api::text("type").one_of(&["HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"]),
        api::text("httpMethod"),
        api::text("uri"),
        api::text("connectionType").one_of(CONNECTION_TYPES),
        api::text("connectionId"),
        api::text("credentials"),
        api::map("requestParameters", &Shape::Text),
        api::map("requestTemplates", &Shape::Text),
        api::text("passthroughBehavior"),
        api::text("cacheNamespace"),
        api::list("cacheKeyParameters", &api::text("")),
        api::text("contentHandling").one_of(CONTENT_HANDLING),
        api::whole("timeoutInMillis"),
        api::structure("tlsConfig", &[api::flag("insecureSkipVerification")]),
        api::text("responseTransferMode").one_of(TRANSFER_MODES),
        api::text("integrationTarget"),
        PLACE[0],
        PLACE[1],
        PLACE[2],
    ];
    type Reply = IntegrationReply;

    async fn run(self, cx: &Control) -> Result<IntegrationReply, ApiError> {
        let kind = self.kind.ok_or_else(|| spot::missing("putIntegrationInput.type"))?;
        let spot = Spot::new(cx, &self.restapi_id, self.resource_id, self.verb);
        let passthrough_behavior = self.passthrough_behavior;
        let integration = Integration {
            http_method: self.http_method,
            uri: self.uri,
            connection_type: self.connection_type,
            connection_id: self.connection_id,
            credentials: self.credentials,
            request_parameters: self.request_parameters,
            request_templates: maps::templates(self.request_templates),
            content_handling: self.content_handling,
            // What does not fit cannot be within bounds either.
            timeout_ms: self.timeout_in_millis.map_or(TIMEOUT_MS_DEFAULT, |ms| u32::try_from(ms).unwrap_or(0)),
            cache_namespace: self.cache_namespace.filter(|name| !name.is_empty()).unwrap_or_else(|| spot.resource.clone()),
            cache_key_parameters: self.cache_key_parameters.unwrap_or_default(),
            insecure_skip_verification: self.tls_config.and_then(|tls| tls.insecure_skip_verification),
            response_transfer_mode: self.response_transfer_mode,
            target: self.integration_target.filter(|target| !target.is_empty()),
            ..fresh(kind, &spot.resource)
        };
        let rules = Rules::of(cx);
        let done = cx.write(move |txn| {
            let mut method = spot.method(txn.view())?;
            let mut integration = integration.clone();
            if let Some(asked) = &passthrough_behavior {
                integration.passthrough_behavior = passthrough(asked)?;
            }
            let integration = check(&method, integration, &rules)?;
            method.integration = Some(integration.clone());
            spot.save(txn, &method)?;
            Ok(integration)
        });
        done.await.map(IntegrationReply::of)
    }
}

/// A method's integration.
#[derive(Deserialize)]
pub struct GetIntegration {
    restapi_id: String,
    resource_id: String,
    http_method: String,
}

impl Operation for GetIntegration {
    const ROUTE: Route = api::get("GetIntegration", PATH);
    const MEMBERS: &'static [Member] = &PLACE;
    type Reply = IntegrationReply;

    async fn run(self, cx: &Control) -> Result<IntegrationReply, ApiError> {
        let Self { restapi_id, resource_id, http_method } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        cx.read(move |view| spot::integration(&mut spot.method(view)?).cloned()).await.map(IntegrationReply::of)
    }
}

const PATCHES: Table<Integration> = Table {
    words: Words::Old,
    rows: &[
        replace("/cacheNamespace", |integration: &mut Integration, arg| {
            integration.cache_namespace = arg.text();
            Ok(())
        }),
        replace("/connectionId", |integration: &mut Integration, arg| {
            integration.connection_id = arg.optional();
            Ok(())
        }),
        replace("/connectionType", |integration: &mut Integration, arg| {
            integration.connection_type = known(arg, "connectionType", CONNECTION_TYPES)?;
            Ok(())
        }),
        replace("/contentHandling", |integration: &mut Integration, arg| {
            integration.content_handling = content_handling(arg.optional())?;
            Ok(())
        }),
        replace("/credentials", |integration: &mut Integration, arg| {
            integration.credentials = arg.optional();
            Ok(())
        }),
        replace("/httpMethod", |integration: &mut Integration, arg| {
            not_for_mock(integration, arg)?;
            integration.http_method = arg.optional();
            Ok(())
        }),
        replace("/integrationTarget", |integration: &mut Integration, arg| {
            integration.target = arg.optional();
            Ok(())
        }),
        replace("/passthroughBehavior", |integration: &mut Integration, arg| {
            integration.passthrough_behavior = passthrough(&arg.text())?;
            Ok(())
        }),
        replace("/responseTransferMode", |integration: &mut Integration, arg| {
            integration.response_transfer_mode = known(arg, "responseTransferMode", TRANSFER_MODES)?;
            Ok(())
        }),
        replace("/timeoutInMillis", |integration: &mut Integration, arg| {
            let asked: i64 = arg.number()?;
            integration.timeout_ms = u32::try_from(asked).unwrap_or(0);
            Ok(())
        }),
        replace("/tlsConfig/insecureSkipVerification", |integration: &mut Integration, arg| {
            integration.insecure_skip_verification = Some(arg.flag());
            Ok(())
        }),
        replace("/uri", |integration: &mut Integration, arg| {
            not_for_mock(integration, arg)?;
            integration.uri = arg.optional();
            Ok(())
        }),
        add("/requestParameters/{name}", |integration: &mut Integration, arg| {
            maps::put(&mut integration.request_parameters, arg.key(), arg.text())
        }),
        replace("/requestParameters/{name}", |integration: &mut Integration, arg| {
            maps::swap(&mut integration.request_parameters, arg.key(), arg.text(), no_parameter)
        }),
        remove("/requestParameters/{name}", |integration: &mut Integration, arg| {
            maps::take(&mut integration.request_parameters, arg.key(), no_parameter)
        }),
        add("/requestTemplates/{type}", |integration: &mut Integration, arg| {
            maps::put(&mut integration.request_templates, arg.key(), arg.optional())
        }),
        replace("/requestTemplates/{type}", |integration: &mut Integration, arg| {
            maps::swap(&mut integration.request_templates, arg.key(), arg.optional(), no_media_type)
        }),
        remove("/requestTemplates/{type}", |integration: &mut Integration, arg| {
            maps::take(&mut integration.request_templates, arg.key(), no_media_type)
        }),
        add("/cacheKeyParameters/{name}", |integration: &mut Integration, arg| {
            add_cache_key(integration, arg.key());
            Ok(())
        }),
        // In place of the named one comes the value, or itself where there is none.
        replace("/cacheKeyParameters/{name}", |integration: &mut Integration, arg| {
            let held = &mut integration.cache_key_parameters;
            let place = held.iter().position(|name| name == arg.key()).ok_or_else(no_parameter)?;
            held.remove(place);
            add_cache_key(integration, arg.value.filter(|value| !value.is_empty()).unwrap_or_else(|| arg.key()));
            Ok(())
        }),
        remove("/cacheKeyParameters/{name}", |integration: &mut Integration, arg| {
            let held = &mut integration.cache_key_parameters;
            let place = held.iter().position(|name| name == arg.key()).ok_or_else(no_parameter)?;
            held.remove(place);
            Ok(())
        }),
    ],
};

fn add_cache_key(integration: &mut Integration, name: &str) {
    if !integration.cache_key_parameters.iter().any(|held| held == name) {
        integration.cache_key_parameters.push(name.to_owned());
    }
}

fn not_for_mock(integration: &Integration, arg: &Arg<'_>) -> Result<(), ApiError> {
    if integration.kind == IntegrationType::Mock {
        return Err(ApiError::BadRequest(format!("Invalid patch path {}", arg.path)));
    }
    Ok(())
}

fn known(arg: &Arg<'_>, what: &str, words: &[&str]) -> Result<Option<String>, ApiError> {
    match arg.optional() {
        Some(word) if !words.contains(&word.as_str()) => {
            Err(ApiError::BadRequest(format!("Invalid {what} specified. Valid options are {}", words.join(","))))
        }
        asked => Ok(asked),
    }
}

/// Changes an integration.
#[derive(Deserialize)]
pub struct UpdateIntegration {
    restapi_id: String,
    resource_id: String,
    http_method: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateIntegration {
    const ROUTE: Route = api::patch_route("UpdateIntegration", PATH);
    const MEMBERS: &'static [Member] = &[patch::MEMBER, PLACE[0], PLACE[1], PLACE[2]];
    type Reply = IntegrationReply;

    async fn run(self, cx: &Control) -> Result<IntegrationReply, ApiError> {
        let Self { restapi_id, resource_id, http_method, patch_operations } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let ops = patch_operations.unwrap_or_default();
        let rules = Rules::of(cx);
        let done = cx.write(move |txn| {
            let mut method = spot.method(txn.view())?;
            let patched = PATCHES.apply(spot::integration(&mut method)?, &ops)?;
            let integration = check(&method, patched, &rules)?;
            method.integration = Some(integration.clone());
            spot.save(txn, &method)?;
            Ok(integration)
        });
        done.await.map(IntegrationReply::of)
    }
}

/// Takes a method's integration away, with its responses.
#[derive(Deserialize)]
pub struct DeleteIntegration {
    restapi_id: String,
    resource_id: String,
    http_method: String,
}

impl Operation for DeleteIntegration {
    const ROUTE: Route = api::delete("DeleteIntegration", PATH).status(204);
    const MEMBERS: &'static [Member] = &PLACE;
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { restapi_id, resource_id, http_method } = self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let gone = cx.write(move |txn| {
            let mut method = spot.method(txn.view())?;
            spot::integration(&mut method)?;
            method.integration = None;
            spot.save(txn, &method)
        });
        gone.await
    }
}
