//! `TestInvokeAuthorizer`: an authorizer as it stands, asked about a caller whom nobody sent.
//!
//! What is odd: there is no method, so the ARN names a stage of AWS's own making; the policy is shown and decides nothing; a caller
//! without identity is a 401 before anybody is asked (atlas, auth §5.3; its log lines observed in part).

use super::Desk;
use super::trial::{head, java_date};
use admit::authorizer::record::Authorizer;
use base::api::{ApiError, AuthorizerTrial, Trial, TriedAuthorizer};
use base::gate::{Buffer, Exchange, Lane, RequestBody, RouteFacts, StageFacts, TEXT_BYTES_MAX};
use deliver::function::authorizer::{function_of, is_as_wanted, read_decision, says_unauthorized};
use deliver::function::call::{Invocation, InvocationType, Invoked};
use deliver::function::{write_request_authorizer_event, write_token_authorizer_event};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The stage that trials of authorizers name.
const STAGE: &str = "ESTestInvoke-stage";
/// How long an authorizer may take (AWS: 29 s).
const TIMEOUT: Duration = Duration::from_secs(29);
/// Seconds a decision is remembered when nobody says.
const TTL_SECONDS_DEFAULT: i64 = 300;
const CONFIGURATION: &str = "AuthorizerConfigurationException";

/// The log as it grows.
struct Log {
    lane: Rc<Lane>,
    text: String,
}

impl Log {
    fn line(&mut self, text: &str) {
        let now = self.lane.wall_at(self.lane.clock.now());
        let end = text.floor_char_boundary(TEXT_BYTES_MAX);
        let cut = if end < text.len() { " [TRUNCATED]" } else { "" };
        self.text.push_str(&format!("{} : {}{cut}\n", java_date(now), &text[..end]));
    }
}

/// What there is to go by for a caller.
struct Identity {
    /// The one of a TOKEN authorizer.
    token: Option<String>,
    is_whole: bool,
}

impl Desk {
    /// Tries an authorizer out.
    pub async fn try_authorizer(&self, trial: AuthorizerTrial) -> Result<TriedAuthorizer, ApiError> {
        let authorizer: Authorizer = serde_json::from_str(&trial.record).map_err(|why| ApiError::Internal(why.to_string()))?;
        let lane = self.upstreams.lane();
        let mut ex = exchange(&trial, lane.clone())?;
        let mut log = Log { lane: lane.clone(), text: format!("Execution log for request {}\n", ex.id.as_str()) };
        log.line(&format!("Starting authorizer: {} for request: {}", trial.authorizer, ex.id.as_str()));
        let tried = self.ask_authorizer(&trial, &authorizer, &mut ex, &mut log).await;
        let latency_ms = lane.clock.now().since(ex.notes.head).as_millis() as u64;
        Ok(TriedAuthorizer { log: log.text, latency_ms, ..tried })
    }

    async fn ask_authorizer(&self, trial: &AuthorizerTrial, authorizer: &Authorizer, ex: &mut Exchange, log: &mut Log) -> TriedAuthorizer {
        let identity = identity(trial, authorizer, ex);
        let shown = identity.token.as_deref().map_or_else(String::new, |token| "*".repeat(token.chars().count().min(50)));
        log.line(&format!("Incoming identity: {shown}"));
        let fits = |token: &str| {
            authorizer
                .identity_validation_expression
                .as_deref()
                .filter(|like| !like.is_empty())
                .map_or(Ok(true), |like| is_as_wanted(like, token))
        };
        let is_whole = match identity.token.as_deref().map(fits) {
            Some(Err(flaw)) => return broken(log, &flaw.to_string()),
            Some(Ok(fits)) => fits && identity.is_whole,
            None => identity.is_whole,
        };
        if !is_whole {
            return unauthorized(log, ex);
        }
        if !matches!(authorizer.kind.as_str(), "TOKEN" | "REQUEST") {
            return broken(log, "authorizers by tokens of user pools and of other issuers are not evaluated by this release");
        }
        let function = match function_of(authorizer.uri.as_deref().unwrap_or_default(), ex) {
            Ok(function) => function,
            Err(why) => return broken(log, &format!("Invalid function ARN or invalid URI: {why}")),
        };
        let facts = ex.stage();
        let arn = |rest: &str| format!("arn:aws:execute-api:{}:{}:{}/{rest}", facts.region, facts.account, facts.api);
        let (method_arn, source) = (arn(&format!("{STAGE}/GET/")), arn(&format!("authorizers/{}", trial.authorizer)));
        let mut payload = Buffer::take();
        match &identity.token {
            Some(token) if authorizer.kind == "TOKEN" => write_token_authorizer_event(&mut payload, token.as_bytes(), &method_arn),
            _ => write_request_authorizer_event(&mut payload, ex, &method_arn),
        }
        log.line(&format!(
            "Endpoint request URI: https://lambda.{}.amazonaws.com/2015-03-31/functions/{function}/invocations",
            function.region
        ));
        log.line(&format!("Endpoint request body after transformations: {}", String::from_utf8_lossy(&payload)));
        let functions = self.upstreams.functions();
        let role = authorizer.credentials.as_deref().filter(|role| !role.is_empty());
        let invocation = Invocation {
            function,
            kind: InvocationType::RequestResponse,
            payload,
            wants_log: false,
            wants_stream: false,
            client_context: None,
            trace: None,
            source: (functions.asks_policies() && role.is_none()).then_some(source),
            role: role.map(Into::into),
        };
        match functions.invoke(&self.upstreams, invocation, TIMEOUT, &mut ex.notes.upstream).await {
            Ok(invoked) => decided(invoked, ex, log),
            Err(failure) => broken(log, &failure.because()),
        }
    }
}

fn decided(invoked: Invoked, ex: &Exchange, log: &mut Log) -> TriedAuthorizer {
    if invoked.error.is_some() {
        return match says_unauthorized(&invoked.payload) {
            true => unauthorized(log, ex),
            false => broken(log, "Authorizer error"),
        };
    }
    log.line(&format!("Authorizer result body before parsing: {}", String::from_utf8_lossy(&invoked.payload)));
    let Some(decision) = read_decision(&invoked.payload) else { return broken(log, "Could not parse policy") };
    let last: String = decision.principal_id.chars().rev().take(1).collect();
    let hidden = "*".repeat(decision.principal_id.chars().count().saturating_sub(1).min(50));
    log.line(&format!("Using valid authorizer policy for principal: {hidden}{last}"));
    log.line(&format!("Successfully completed authorizer execution for request: {}", ex.id.as_str()));
    TriedAuthorizer {
        client_status: 200,
        principal_id: Some(decision.principal_id),
        policy: Some(decision.policy),
        authorization: decision.context.into_iter().map(|(name, value)| (name, vec![value])).collect(),
        ..TriedAuthorizer::default()
    }
}

fn unauthorized(log: &mut Log, ex: &Exchange) -> TriedAuthorizer {
    log.line(&format!("Unauthorized request: {}", ex.id.as_str()));
    TriedAuthorizer { client_status: 401, ..TriedAuthorizer::default() }
}

fn broken(log: &mut Log, why: &str) -> TriedAuthorizer {
    log.line(&format!("Execution failed due to configuration error: {why}"));
    log.line(CONFIGURATION);
    TriedAuthorizer { client_status: 500, ..TriedAuthorizer::default() }
}

/// The request that a trial stands for, at the root of the API.
fn exchange(trial: &AuthorizerTrial, lane: std::rc::Rc<base::gate::Lane>) -> Result<Exchange, ApiError> {
    let facts = StageFacts {
        account: trial.realm.account.clone(),
        region: trial.realm.region.clone(),
        api: trial.api.as_str().into(),
        stage: STAGE.into(),
        variables: trial.variables.clone(),
        ..StageFacts::default()
    };
    let like = Trial {
        realm: trial.realm.clone(),
        tree: String::new(),
        resource: String::new(),
        verb: "GET".into(),
        target: None,
        headers: trial.headers.clone(),
        body: trial.body.clone(),
        variables: Default::default(),
    };
    let mut ex = Exchange::new(lane);
    ex.request.head = head(&like, "GET", &trial.target, &facts)?;
    if !trial.body.is_empty() {
        ex.request.body = RequestBody::Whole(Buffer::from(trial.body.clone().into_bytes()));
    }
    ex.arrive();
    ex.place.stage = Some(Arc::new(facts));
    let path = ex.request.head.path().to_owned();
    // Any path is taken, as if a resource of that path were asked.
    ex.place.route = Some(Arc::new(RouteFacts { resource_path: path.as_str().into(), verb: "GET".into(), ..RouteFacts::default() }));
    Ok(ex)
}

/// What the identity sources of an authorizer hold for this caller.
fn identity(trial: &AuthorizerTrial, authorizer: &Authorizer, ex: &Exchange) -> Identity {
    let is_token = authorizer.kind != "REQUEST";
    let usual = if is_token { "method.request.header.Authorization" } else { "" };
    let said = authorizer.identity_source.as_deref().filter(|source| !source.is_empty()).unwrap_or(usual);
    let found = said.split(',').map(str::trim).filter(|source| !source.is_empty()).map(|source| value_of(source, trial, ex));
    let values: Vec<Option<String>> = found.collect();
    let is_remembered = authorizer.result_ttl_seconds.unwrap_or(TTL_SECONDS_DEFAULT) > 0;
    let is_whole = values.iter().all(Option::is_some) && (is_token || !is_remembered || !values.is_empty());
    let token = if is_token { values.into_iter().next().flatten() } else { None };
    Identity { token, is_whole }
}

fn value_of(source: &str, trial: &AuthorizerTrial, ex: &Exchange) -> Option<String> {
    let head = &ex.request.head;
    let value = if let Some(name) = source.strip_prefix("method.request.header.") {
        head.fields_named(name).last().map(|field| String::from_utf8_lossy(field.value).into_owned())
    } else if let Some(name) = source.strip_prefix("method.request.querystring.") {
        base::gate::last_query_value(head.query().unwrap_or_default(), name).map(|value| value.into_owned())
    } else if let Some(name) = source.strip_prefix("stageVariables.") {
        trial.variables.get(name).cloned()
    } else if let Some(name) = source.strip_prefix("context.") {
        let own = || base::gate::Variable::named(name).and_then(|variable| variable.text(ex));
        trial.context.get(name).cloned().or_else(own)
    } else {
        None
    };
    value.filter(|value| !value.is_empty())
}
