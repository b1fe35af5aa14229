//! What the control API does with integrations: which back end answers a method.

use super::integration_response::{CONTENT_HANDLING, content_handling};
use super::maps::{self, no_media_type, no_parameter};
use super::record::{Method, VERBS};
use super::spot::{self, Spot};
use super::wire::IntegrationReply;
use super::{expressions, integration_response};
use crate::limits::{self, TEXT_BYTES_MAX};
use base::api::patch::{Arg, Table, Words, add, remove, replace};
use base::api::{self, ApiError, Control, Member, Operation, PatchOp, Route, Shape, patch};
use deliver::integration::record::{Integration, IntegrationType, PassthroughBehavior, TIMEOUT_MS_DEFAULT, TIMEOUT_MS_MIN};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

const PATH: &str = "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration";
const PLACE: [Member; 3] = [spot::API, spot::RESOURCE, spot::VERB];

/// Milliseconds an integration may take on AWS.
pub const TIMEOUT_MS_MAX: u32 = 29_000;
/// Milliseconds an integration may take here, unless only what AWS has is allowed: AWS's own bound for streams.
pub const TIMEOUT_MS_MAX_EXTENDED: u32 = 900_000;

const CONNECTION_TYPES: &[&str] = &["INTERNET", "VPC_LINK"];
const TRANSFER_MODES: &[&str] = &["BUFFERED", "STREAM"];

/// Under which rules an integration is checked.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whether only what AWS has is allowed.
    pub strict: bool,
    /// Whose roles may be assumed.
    pub account: Arc<str>,
}

impl Rules {
    /// The rules of a call.
    pub fn of(cx: &Control) -> Rules {
        Rules { strict: cx.settings.aws_strict, account: cx.realm().account.clone() }
    }
}

/// An integration with AWS's defaults.
pub fn fresh(kind: IntegrationType, resource: &str) -> Integration {
    Integration {
        kind,
        http_method: None,
        uri: None,
        connection_type: None,
        connection_id: None,
        credentials: None,
        request_parameters: None,
        request_templates: None,
        passthrough_behavior: PassthroughBehavior::WhenNoMatch,
        content_handling: None,
        timeout_ms: TIMEOUT_MS_DEFAULT,
        cache_namespace: resource.to_owned(),
        cache_key_parameters: Vec::new(),
        insecure_skip_verification: None,
        response_transfer_mode: None,
        target: None,
        responses: BTreeMap::new(),
    }
}

/// An integration as it is stored, if it makes sense in its method. Imports check theirs here too.
pub fn check(method: &Method, mut integration: Integration, rules: &Rules) -> Result<Integration, ApiError> {
    let refuse = |text: &str| Err(ApiError::bad_request(text));
    integration.credentials = integration.credentials.filter(|role| !role.is_empty());
    // Shown for HTTP alone. (observed/integrations-crud.json)
    let shows_connection = integration.kind.is_http() || integration.connection_type.as_deref() == Some("VPC_LINK");
    integration.connection_type = shows_connection.then(|| integration.connection_type.take().unwrap_or_else(|| "INTERNET".into()));
    let verb = integration.http_method.take().filter(|verb| !verb.is_empty());
    match &verb {
        None if integration.kind != IntegrationType::Mock => return refuse("Enumeration value for HttpMethod must be non-empty"),
        Some(verb) if !VERBS.contains(&verb.as_str()) => {
            return refuse(&format!("Invalid HttpMethod specified. Valid options are {}", VERBS.join(",")));
        }
        _ => integration.http_method = verb,
    }
    check_uri(&integration, rules)?;
    if integration.connection_type.as_deref() == Some("VPC_LINK") && integration.connection_id.as_deref().unwrap_or("").is_empty() {
        return refuse("Connection Id must be specified for VPC_LINK connection type");
    }
    let timeout_ms_max = if rules.strict { TIMEOUT_MS_MAX } else { TIMEOUT_MS_MAX_EXTENDED };
    if !(TIMEOUT_MS_MIN..=timeout_ms_max).contains(&integration.timeout_ms) {
        return refuse(&format!("Timeout should be between {TIMEOUT_MS_MIN} ms and {timeout_ms_max} ms"));
    }
    integration.request_parameters.as_ref().map_or(Ok(()), |mapped| expressions::check_request_mapping(mapped, method))?;
    integration.request_templates.as_ref().map_or(Ok(()), |all| expressions::check_templates("requestTemplates", all))?;
    limits::entries("cacheKeyParameters", integration.cache_key_parameters.len())?;
    integration.cache_key_parameters.iter().try_for_each(|name| limits::text("A cache key parameter", name, TEXT_BYTES_MAX))?;
    limits::text("cacheNamespace", &integration.cache_namespace, TEXT_BYTES_MAX)?;
    for (what, text) in [
        ("connectionId", &integration.connection_id),
        ("credentials", &integration.credentials),
        ("integrationTarget", &integration.target),
        ("uri", &integration.uri),
    ] {
        limits::optional(what, text.as_ref(), TEXT_BYTES_MAX)?;
    }
    Ok(integration)
}

fn check_uri(integration: &Integration, rules: &Rules) -> Result<(), ApiError> {
    let uri = integration.uri.as_deref().unwrap_or("");
    match integration.kind {
        IntegrationType::Mock => Ok(()),
        IntegrationType::Http | IntegrationType::HttpProxy if is_http(uri, rules) => Ok(()),
        IntegrationType::Http | IntegrationType::HttpProxy => Err(ApiError::bad_request("Invalid HTTP endpoint specified for URI")),
        IntegrationType::Aws | IntegrationType::AwsProxy => check_arn(integration, uri, rules),
    }
}

/// `http` or `https`, a host, and nothing that may not be in a URL. Path parameters and stage variables may stand anywhere but in the
/// scheme. (rest-api-control-plane.md §1.11)
fn is_http(uri: &str, rules: &Rules) -> bool {
    let scheme = |name: &str| uri.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)).then(|| &uri[name.len()..]);
    let Some(rest) = scheme("http://").or_else(|| scheme("https://")) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // A stage variable may well bring the port, and has no colon itself.
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let port_fits = |port: &str| match port.parse::<u16>() {
        Ok(port) => !rules.strict || port == 80 || port == 443 || port > 1024,
        Err(_) => port.contains('{'),
    };
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b'\\' | b'^' | b'`' | b'|');
    !name.is_empty() && port.is_none_or(port_fits) && rest.bytes().all(plain)
}

/// `arn:{partition}:apigateway:{region}:{service}:{path or action}/{what}`.
fn check_arn(integration: &Integration, uri: &str, rules: &Rules) -> Result<(), ApiError> {
    let refuse = |text: &str| Err(ApiError::bad_request(text));
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let ["arn", _, "apigateway", region, service, what] = parts[..] else {
        return refuse("Invalid ARN specified in the request");
    };
    if region.is_empty() || service.is_empty() {
        return refuse("Invalid ARN specified in the request");
    }
    let Some((form, target)) = what.split_once('/').filter(|(form, _)| matches!(*form, "path" | "action")) else {
        return refuse("AWS ARN for integration must contain path or action");
    };
    let is_function = service == "lambda" && form == "path";
    if integration.kind == IntegrationType::AwsProxy && !is_function && service != "firehose" {
        return refuse("Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.");
    }
    if is_function {
        // AWS takes `path//2015-03-31/…`, too. (observed/lambda.json)
        let function = target.trim_start_matches('/').split_once("/functions/").and_then(|(_, rest)| {
            let (function, invocation) = rest.rsplit_once('/')?;
            matches!(invocation, "invocations" | "response-streaming-invocations").then_some(function)
        });
        let fits = |function: &str| function.starts_with("arn:") || function.contains("${stageVariables.");
        if !function.is_some_and(fits) {
            return refuse("Invalid function ARN or invalid uri");
        }
    } else if integration.credentials.is_none() {
        return refuse("Role ARN must be specified for AWS integrations");
    }
    // A foreign role is refused only where AWS's word is law: elsewhere definitions come with the account they were made for.
    let role_account = integration.credentials.as_deref().and_then(|role| role.split(':').nth(4)).unwrap_or("*");
    if rules.strict && !matches!(role_account, "*" | "") && *role_account != *rules.account {
        return Err(ApiError::AccessDenied("Cross-account pass role is not allowed.".into()));
    }
    Ok(())
}

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

/// Checks an integration together with its responses, for imports.
pub fn check_whole(method: &Method, integration: Integration, rules: &Rules) -> Result<Integration, ApiError> {
    let integration = check(method, integration, rules)?;
    integration.responses.values().try_for_each(|response| integration_response::check(method, response))?;
    Ok(integration)
}
