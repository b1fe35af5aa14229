//! The event of a proxy integration, format 1.0, and its parts that an authorizer's event has, too.
//!
//! Field by field as recorded (atlas, integrations §3.7; lifecycle §2.2): maps that would be empty are `null`, a name has its last value
//! and, beside it, all of them; the spelling of headers is the client's; paths and their parameters stay percent-encoded, queries do not.

use super::json::{Members, push_text};
use crate::integration::trace;
use crate::mapping::{BinaryTypes, is_dropped_on_arrival};
use base::gate::{Exchange, Variable, decoded, media_type, query_pairs};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use h1::Known;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What stands where there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nothing {
    /// In proxy events.
    Null,
    /// In authorizers' events.
    EmptyMap,
}

/// Appends the event. The body must be here, if there is one.
pub fn write_event(out: &mut Vec<u8>, ex: &Exchange, binary: &BinaryTypes) {
    let mut event = Members::open(out);
    write_request(&mut event, ex, Nothing::Null);
    let body = ex.request.body.bytes();
    let is_binary = !body.is_empty() && binary.takes(&media_type(&ex.request.head));
    match (body.is_empty(), is_binary) {
        (true, _) => event.raw("body", b"null"),
        (false, false) => event.text("body", body),
        (false, true) => {
            let out = event.name(b"body");
            out.push(b'"');
            let from = out.len();
            out.resize(from + body.len().div_ceil(3) * 4, 0);
            let written = STANDARD.encode_slice(body, &mut out[from..]).expect("room was made for all of it");
            out.truncate(from + written);
            out.push(b'"');
        }
    }
    event.raw("isBase64Encoded", if is_binary { b"true" } else { b"false" });
    event.close();
}

/// Appends the event of a REQUEST authorizer.
pub fn write_request_authorizer_event(out: &mut Vec<u8>, ex: &Exchange, method_arn: &str) {
    let mut event = Members::open(out);
    event.text("type", b"REQUEST");
    event.text("methodArn", method_arn.as_bytes());
    write_request(&mut event, ex, Nothing::EmptyMap);
    event.close();
}

/// Appends the event of a TOKEN authorizer.
pub fn write_token_authorizer_event(out: &mut Vec<u8>, token: &[u8], method_arn: &str) {
    let mut event = Members::open(out);
    event.text("type", b"TOKEN");
    event.text("methodArn", method_arn.as_bytes());
    event.text("authorizationToken", token);
    event.close();
}

/// Everything but the body.
fn write_request(event: &mut Members<'_>, ex: &Exchange, nothing: Nothing) {
    let route = ex.place.route.as_deref();
    event.text("resource", route.map_or("", |route| &route.resource_path).as_bytes());
    event.text("path", path_after_stage(ex).as_bytes());
    event.text("httpMethod", ex.request.head.method_text().as_bytes());
    let headers = headers(ex);
    write_pairs(event, ["headers", "multiValueHeaders"], &headers, |one, other| one.eq_ignore_ascii_case(other), nothing);
    let mut query: Vec<Pair<'_>> = query_pairs(ex.request.head.query().unwrap_or_default())
        .map(|(name, value)| (bytes(decoded(name, true)), bytes(decoded(value, true))))
        .collect();
    // Those of one name stand together; within a name the order is kept.
    query.sort_by(|one, other| one.0.cmp(&other.0));
    write_pairs(event, ["queryStringParameters", "multiValueQueryStringParameters"], &query, |one, other| one == other, nothing);
    write_path_parameters(event, ex, nothing);
    let variables: Option<&BTreeMap<String, String>> = ex.place.stage.as_ref().map(|stage| &stage.variables);
    write_map(event, "stageVariables", variables.into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_str())), nothing);
    write_context(event, ex);
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// The path after the stage, or with the base path of a domain name of one's own (atlas, lifecycle §2.2). Slashes at its beginning are one.
fn path_after_stage(ex: &Exchange) -> Cow<'_, str> {
    if ex.place.base_path.is_some() {
        return Cow::Borrowed(ex.path());
    }
    let rest = ex.path().get(ex.place.rest_from..).unwrap_or_default();
    if rest.starts_with('/') && !rest.starts_with("//") {
        return Cow::Borrowed(rest);
    }
    Cow::Owned(format!("/{}", rest.trim_start_matches('/')))
}

type Pair<'e> = (Cow<'e, [u8]>, Cow<'e, [u8]>);

/// The caller's headers, and those that the gateway adds; those of one name together, in the spelling of the first.
fn headers(ex: &Exchange) -> Vec<Pair<'_>> {
    let head = &ex.request.head;
    let own =
        |known| matches!(known, Known::XForwardedFor | Known::XForwardedPort | Known::XForwardedProto | Known::XAmznTraceId | Known::Host);
    let mut headers: Vec<Pair<'_>> = Vec::with_capacity(head.fields().len() + 5);
    let came = head.fields().iter();
    for field in came.filter(|field| !field.hop && !own(field.known) && !is_dropped_on_arrival(field.known)) {
        headers.push((Cow::Borrowed(field.name.as_bytes()), Cow::Borrowed(field.value)));
    }
    let mut sender = Vec::new();
    for before in head.fields().all(Known::XForwardedFor) {
        sender.extend_from_slice(before);
        sender.extend_from_slice(b", ");
    }
    Variable::IdentitySourceIp.write(ex, &mut sender);
    let proto = ex.request.scheme.name().as_bytes();
    headers.extend([
        (Cow::Borrowed(&b"Host"[..]), Cow::Borrowed(head.host().as_bytes())),
        (Cow::Borrowed(&b"X-Amzn-Trace-Id"[..]), Cow::Owned(trace::for_backend(ex).to_vec())),
        (Cow::Borrowed(&b"X-Forwarded-For"[..]), Cow::Owned(sender)),
        (Cow::Borrowed(&b"X-Forwarded-Port"[..]), Cow::Owned(itoa::Buffer::new().format(ex.request.port).as_bytes().to_vec())),
        (Cow::Borrowed(&b"X-Forwarded-Proto"[..]), Cow::Borrowed(proto)),
    ]);
    let lower = |pair: &Pair<'_>| pair.0.to_ascii_lowercase();
    headers.sort_by_cached_key(lower);
    headers
}

/// Two maps of the same pairs: the last value of each name, and all of them. Pairs of names that are `alike` must stand together.
fn write_pairs(event: &mut Members<'_>, names: [&str; 2], pairs: &[Pair<'_>], alike: fn(&[u8], &[u8]) -> bool, nothing: Nothing) {
    let [single, multi] = names;
    if pairs.is_empty() {
        let empty: &[u8] = if nothing == Nothing::Null { b"null" } else { b"{}" };
        event.raw(single, empty);
        event.raw(multi, empty);
        return;
    }
    let groups = || pairs.chunk_by(|one, other| alike(&one.0, &other.0));
    let mut map = Members::open(event.name(single.as_bytes()));
    for group in groups() {
        let ((name, _), (_, value)) = (&group[0], &group[group.len() - 1]);
        push_text(map.name(name), value);
    }
    map.close();
    let mut map = Members::open(event.name(multi.as_bytes()));
    for group in groups() {
        let out = map.name(&group[0].0);
        for (n, (_, value)) in group.iter().enumerate() {
            out.push(if n == 0 { b'[' } else { b',' });
            push_text(out, value);
        }
        out.push(b']');
    }
    map.close();
}

fn write_path_parameters(event: &mut Members<'_>, ex: &Exchange, nothing: Nothing) {
    let names = ex.place.route.iter().flat_map(|route| &route.parameters);
    let found = names.filter_map(|name| Some((&**name, ex.path_parameter(name)?)));
    write_map(event, "pathParameters", found, nothing);
}

fn write_map<'v>(event: &mut Members<'_>, name: &str, mut pairs: impl Iterator<Item = (&'v str, &'v str)>, nothing: Nothing) {
    let Some(first) = pairs.next() else {
        let empty: &[u8] = if nothing == Nothing::Null { b"null" } else { b"{}" };
        event.raw(name, empty);
        return;
    };
    let mut map = Members::open(event.name(name.as_bytes()));
    for (name, value) in std::iter::once(first).chain(pairs) {
        map.text(name, value.as_bytes());
    }
    map.close();
}

fn write_context(event: &mut Members<'_>, ex: &Exchange) {
    let mut context = Members::open(event.name(b"requestContext"));
    let mut value = Vec::with_capacity(64);
    let plain = [
        ("resourceId", Variable::ResourceId),
        ("resourcePath", Variable::ResourcePath),
        ("operationName", Variable::OperationName),
        ("httpMethod", Variable::HttpMethod),
        ("extendedRequestId", Variable::ExtendedRequestId),
        ("requestTime", Variable::RequestTime),
        ("accountId", Variable::AccountId),
        ("protocol", Variable::Protocol),
        ("stage", Variable::Stage),
        ("domainPrefix", Variable::DomainPrefix),
        ("requestId", Variable::RequestId),
        ("domainName", Variable::DomainName),
        ("deploymentId", Variable::DeploymentId),
        ("apiId", Variable::ApiId),
    ];
    for (name, variable) in plain {
        value.clear();
        if variable.write(ex, &mut value) {
            context.text(name, &value);
        }
    }
    context.text("path", path_with_stage(ex).as_bytes());
    value.clear();
    Variable::RequestTimeEpoch.write(ex, &mut value);
    context.raw("requestTimeEpoch", &value);
    if let Some(canary) = ex.place.canary {
        context.raw("isCanaryRequest", if canary { b"true" } else { b"false" });
    }
    write_identity(&mut context, ex, &mut value);
    context.close();
}

/// The path as a client of AWS would have sent it: path shapes for machines without DNS do not show.
fn path_with_stage(ex: &Exchange) -> Cow<'_, str> {
    let Some(stage) = ex.place.stage.as_ref() else { return Cow::Borrowed(ex.path()) };
    let begins = ex.path().trim_start_matches('/').strip_prefix(&*stage.stage);
    match begins {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Cow::Borrowed(ex.path()),
        _ => Cow::Owned(format!("/{}{}", stage.stage, ex.path().get(ex.place.rest_from..).unwrap_or_default())),
    }
}

fn write_identity(context: &mut Members<'_>, ex: &Exchange, value: &mut Vec<u8>) {
    let mut identity = Members::open(context.name(b"identity"));
    const UNKNOWN: [&str; 10] = [
        "cognitoIdentityPoolId",
        "accountId",
        "cognitoIdentityId",
        "caller",
        "principalOrgId",
        "accessKey",
        "cognitoAuthenticationType",
        "cognitoAuthenticationProvider",
        "userArn",
        "user",
    ];
    for name in UNKNOWN {
        identity.raw(name, b"null");
    }
    for (name, variable) in [("sourceIp", Variable::IdentitySourceIp), ("userAgent", Variable::IdentityUserAgent)] {
        value.clear();
        variable.write(ex, value);
        identity.text_or_null(name, value);
    }
    for (name, variable) in [("apiKey", Variable::IdentityApiKey), ("apiKeyId", Variable::IdentityApiKeyId)] {
        value.clear();
        if variable.write(ex, value) {
            identity.text(name, value);
        }
    }
    identity.close();
}
