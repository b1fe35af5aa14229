//! What a change means for safety and for limits: a table, so that a reader can see what is looked for, and what is not.
//!
//! Only what makes an API easier to enter is told, not what closes it. `Weakens` is certain from the two values alone; `MayWeaken` is for
//! a person to judge, since what the new value lets through stands in a policy, a function or a schema.

use super::{Fate, MemberChange, Noun};
use serde::Serialize;
use serde_json::Value;

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Less is asked of callers or of back ends than before.
    Weakens,
    /// Something that guards is another than before.
    MayWeaken,
    /// How much, how fast or how long is another than before.
    Limits,
}

/// What somebody should look at before this goes live.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Concern {
    pub effect: Effect,
    /// A sentence without its full stop.
    pub why: &'static str,
    /// The member that says so.
    pub member: String,
}

/// A member before and after.
type When = fn(Option<&Value>, Option<&Value>) -> bool;

struct Rule {
    noun: Noun,
    /// `…` stands for anything.
    member: &'static str,
    when: When,
    effect: Effect,
    why: &'static str,
}

const fn weakens(noun: Noun, member: &'static str, when: When, why: &'static str) -> Rule {
    Rule { noun, member, when, effect: Effect::Weakens, why }
}

const fn may_weaken(noun: Noun, member: &'static str, when: When, why: &'static str) -> Rule {
    Rule { noun, member, when, effect: Effect::MayWeaken, why }
}

const fn limits(noun: Noun, member: &'static str, why: &'static str) -> Rule {
    Rule { noun, member, when: differs, effect: Effect::Limits, why }
}

const RULES: &[Rule] = &[
    weakens(Noun::Settings, "policy", removed, "no resource policy stands before the API any more"),
    may_weaken(Noun::Settings, "policy", replaced, "the resource policy is another"),
    weakens(Noun::Settings, "disableExecuteApiEndpoint", turned_off, "the API can be reached around its custom domain names"),
    weakens(Noun::Settings, "endpointConfiguration/types", leaves_private, "the API is no longer private"),
    may_weaken(Noun::Settings, "endpointConfiguration/vpcEndpointIds", differs, "other VPC endpoints lead to the API"),
    may_weaken(Noun::Settings, "apiKeySource", replaced, "API keys come from elsewhere"),
    weakens(Noun::Settings, "securityPolicy", allows_old_tls, "old versions of TLS are spoken again"),
    may_weaken(Noun::Settings, "securityPolicy", another_tls, "other versions of TLS or ciphers are spoken"),
    weakens(Noun::Settings, "endpointAccessMode", leaves_strict, "the endpoint is no longer strict about where requests come from"),
    limits(Noun::Settings, "minimumCompressionSize", "answers are compressed from another size on"),
    weakens(Noun::Method, "authorizationType", becomes_none, "no authorization is asked for any more"),
    may_weaken(Noun::Method, "authorizationType", another_authorization, "authorization is of another sort"),
    may_weaken(Noun::Method, "authorizer", replaced, "another authorizer decides"),
    weakens(Noun::Method, "authorizationScopes", takes_more_scopes, "tokens pass that did not have the scope before"),
    weakens(Noun::Method, "apiKeyRequired", turned_off, "no API key is required any more, so no usage plan limits callers"),
    weakens(Noun::Method, "requestValidator", removed, "requests are no longer validated"),
    may_weaken(Noun::Method, "requestValidator", replaced, "another validator checks requests"),
    may_weaken(Noun::Method, "requestParameters/…", turned_off, "a parameter is no longer required"),
    may_weaken(Noun::Method, "requestModels/…", lost, "bodies are checked by another model, or by none"),
    weakens(Noun::Integration, "tlsConfig/insecureSkipVerification", turned_on, "the back end's certificate is not verified"),
    weakens(Noun::Integration, "uri", leaves_tls, "nothing is encrypted on the way to the back end"),
    may_weaken(Noun::Integration, "connectionType", leaves_link, "the back end is reached through the internet"),
    may_weaken(Noun::Integration, "credentials", differs, "the back end is called in another role"),
    may_weaken(Noun::Integration, "cacheKeyParameters", lost_items, "callers share cached answers that were kept apart"),
    limits(Noun::Integration, "timeoutInMillis", "the back end has another time to answer"),
    may_weaken(Noun::Authorizer, "type", replaced, "the authorizer is of another type"),
    may_weaken(Noun::Authorizer, "authorizerUri", replaced, "another function decides"),
    may_weaken(Noun::Authorizer, "authorizerCredentials", differs, "the authorizer is called in another role"),
    may_weaken(Noun::Authorizer, "providerARNs", gained_items, "tokens of another user pool pass"),
    may_weaken(Noun::Authorizer, "identitySource", differs, "identity is read from elsewhere"),
    may_weaken(Noun::Authorizer, "jwt", differs, "other tokens pass"),
    weakens(Noun::Authorizer, "identityValidationExpression", removed, "tokens are no longer checked before the authorizer is asked"),
    may_weaken(Noun::Authorizer, "identityValidationExpression", replaced, "tokens are checked by another expression"),
    may_weaken(Noun::Authorizer, "authorizerResultTtlInSeconds", raised, "a verdict is remembered for longer"),
    weakens(Noun::RequestValidator, "validateRequestBody", turned_off, "bodies are no longer validated"),
    weakens(Noun::RequestValidator, "validateRequestParameters", turned_off, "parameters are no longer validated"),
    may_weaken(Noun::Model, "schema", lost, "bodies are checked by another schema, or by none"),
    weakens(Noun::Stage, "clientCertificateId", removed, "back ends are no longer shown a client certificate"),
    weakens(Noun::Stage, "methodSettings/…/cacheDataEncrypted", turned_off, "cached answers are no longer encrypted"),
    weakens(Noun::Stage, "methodSettings/…/requireAuthorizationForCacheControl", turned_off, "anybody may invalidate the cache"),
    may_weaken(Noun::Stage, "methodSettings/…/dataTraceEnabled", turned_on, "requests and answers are logged in full"),
    may_weaken(Noun::Stage, "accessLogSettings/destinationArn", lost, "requests are logged elsewhere, or not at all"),
    limits(Noun::Stage, "methodSettings/…/throttlingRateLimit", "another rate of requests passes"),
    limits(Noun::Stage, "methodSettings/…/throttlingBurstLimit", "another burst of requests passes"),
];

/// What is to be said of a change, the gravest first.
pub(super) fn of(noun: Noun, verb: &str, fate: Fate, members: &[MemberChange]) -> Vec<Concern> {
    let mut concerns: Vec<Concern> = match fate {
        Fate::Changed => members.iter().flat_map(|member| of_member(noun, member)).collect(),
        Fate::Added => of_new(noun, verb, members).into_iter().collect(),
        // Who is refused now was let in before.
        Fate::Removed => Vec::new(),
    };
    concerns.sort();
    concerns
}

fn of_member(noun: Noun, change: &MemberChange) -> impl Iterator<Item = Concern> {
    let fits = move |rule: &&Rule| {
        rule.noun == noun && covers(rule.member, &change.member) && (rule.when)(change.from.as_ref(), change.to.as_ref())
    };
    RULES.iter().filter(fits).map(|rule| Concern { effect: rule.effect, why: rule.why, member: change.member.clone() })
}

fn covers(pattern: &str, member: &str) -> bool {
    match pattern.split_once('…') {
        Some((start, end)) => member.len() >= start.len() + end.len() && member.starts_with(start) && member.ends_with(end),
        None => pattern == member,
    }
}

/// A new thing is judged by itself: there is nothing that it is weaker than.
fn of_new(noun: Noun, verb: &str, members: &[MemberChange]) -> Option<Concern> {
    let has = |name: &str, value: Value| members.iter().any(|change| change.member == name && change.to.as_ref() == Some(&value));
    let concern = |effect, why, member: &str| Some(Concern { effect, why, member: member.to_owned() });
    match noun {
        // A browser's preflight bears no credentials: OPTIONS has to be open.
        Noun::Method if verb != "OPTIONS" && has("authorizationType", "NONE".into()) && has("apiKeyRequired", false.into()) => {
            concern(Effect::MayWeaken, "anybody may call this new method", "authorizationType")
        }
        Noun::Integration if has("tlsConfig/insecureSkipVerification", true.into()) => {
            concern(Effect::Weakens, "the back end's certificate is not verified", "tlsConfig/insecureSkipVerification")
        }
        _ => None,
    }
}

fn differs(_: Option<&Value>, _: Option<&Value>) -> bool {
    true
}

fn removed(_: Option<&Value>, to: Option<&Value>) -> bool {
    to.is_none()
}

fn replaced(from: Option<&Value>, to: Option<&Value>) -> bool {
    from.is_some() && to.is_some()
}

/// It was there and is another now, or gone.
fn lost(from: Option<&Value>, _: Option<&Value>) -> bool {
    from.is_some()
}

fn is_on(value: Option<&Value>) -> bool {
    value == Some(&Value::Bool(true))
}

fn turned_off(from: Option<&Value>, to: Option<&Value>) -> bool {
    is_on(from) && !is_on(to)
}

fn turned_on(from: Option<&Value>, to: Option<&Value>) -> bool {
    !is_on(from) && is_on(to)
}

fn raised(from: Option<&Value>, to: Option<&Value>) -> bool {
    let number = |value: Option<&Value>, absent| value.and_then(Value::as_i64).unwrap_or(absent);
    // AWS remembers for 300 seconds where nothing is said.
    number(to, TTL_SECONDS_DEFAULT) > number(from, TTL_SECONDS_DEFAULT)
}

/// Of a Lambda authorizer's verdict.
const TTL_SECONDS_DEFAULT: i64 = 300;

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or("")
}

fn leaves(from: Option<&Value>, to: Option<&Value>, word: &str) -> bool {
    text(from) == word && text(to) != word
}

fn leaves_private(from: Option<&Value>, to: Option<&Value>) -> bool {
    leaves(from, to, "PRIVATE")
}

fn leaves_strict(from: Option<&Value>, to: Option<&Value>) -> bool {
    leaves(from, to, "STRICT")
}

fn leaves_link(from: Option<&Value>, to: Option<&Value>) -> bool {
    leaves(from, to, "VPC_LINK")
}

fn becomes_none(_: Option<&Value>, to: Option<&Value>) -> bool {
    text(to) == "NONE"
}

fn another_authorization(from: Option<&Value>, to: Option<&Value>) -> bool {
    text(from) != "NONE" && text(to) != "NONE"
}

/// Without a policy a public API speaks TLS 1.0 as well. (rest-api-control-plane.md)
fn speaks_old_tls(value: Option<&Value>) -> bool {
    matches!(text(value), "" | "TLS_1_0")
}

fn allows_old_tls(from: Option<&Value>, to: Option<&Value>) -> bool {
    !speaks_old_tls(from) && speaks_old_tls(to)
}

fn another_tls(from: Option<&Value>, to: Option<&Value>) -> bool {
    !speaks_old_tls(from) && !speaks_old_tls(to)
}

fn leaves_tls(from: Option<&Value>, to: Option<&Value>) -> bool {
    let is = |value, scheme: &str| text(value).get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    is(from, "https://") && is(to, "http://")
}

fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn gained_items(from: Option<&Value>, to: Option<&Value>) -> bool {
    items(to).iter().any(|item| !items(from).contains(item))
}

fn lost_items(from: Option<&Value>, to: Option<&Value>) -> bool {
    gained_items(to, from)
}

/// One scope of the list is enough to pass, and without a list none is needed.
fn takes_more_scopes(from: Option<&Value>, to: Option<&Value>) -> bool {
    from.is_some() && (items(to).is_empty() || gained_items(from, to))
}
