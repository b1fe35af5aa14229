//! What must hold of every authorizer that is stored, whichever way it came.

use super::record::Authorizer;
use base::api::ApiError;

/// Seconds a decision may be remembered.
const RESULT_TTL_SECONDS_MAX: i64 = 3_600;
/// User pools of one authorizer.
const PROVIDERS_MAX: usize = 1_000;
/// Bytes of any text.
const TEXT_BYTES_MAX: usize = 10_240;
/// Bytes of a JWT configuration.
const JWT_BYTES_MAX: usize = 131_072;

/// The types, in the order in which violations print them (assumed).
pub(super) const TYPES: &[&str] = &["TOKEN", "REQUEST", "COGNITO_USER_POOLS", "JWT"];

/// Whether an authorizer may be stored. Imports check theirs here too. The words are ours but for the URI's.
pub fn check(authorizer: &Authorizer) -> Result<(), ApiError> {
    let refuse = |text: String| Err(ApiError::BadRequest(text));
    let kind = authorizer.kind.as_str();
    if authorizer.name.trim().is_empty() {
        return refuse("Authorizer name cannot be blank".into());
    }
    if !TYPES.contains(&kind) {
        return refuse(format!("Invalid authorizer type specified. Valid options are {}", TYPES.join(",")));
    }
    if authorizer.result_ttl_seconds.is_some_and(|ttl| !(0..=RESULT_TTL_SECONDS_MAX).contains(&ttl)) {
        return refuse(format!("Authorizer result TTL in seconds should be between 0 and {RESULT_TTL_SECONDS_MAX}"));
    }
    check_lengths(authorizer)?;
    let uri = authorizer.uri.as_deref().unwrap_or("null");
    if matches!(kind, "TOKEN" | "REQUEST") && !is_function(uri) {
        return refuse(format!(
            "Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation."
        ));
    }
    if kind == "COGNITO_USER_POOLS" && authorizer.provider_arns.is_empty() {
        return refuse("Provider ARNs must be specified for COGNITO_USER_POOLS authorizers".into());
    }
    if kind == "JWT" && authorizer.jwt.is_none() {
        return refuse("jwtConfiguration must be specified for JWT authorizers".into());
    }
    let source = authorizer.identity_source.as_deref().unwrap_or("");
    let after = |part: &str, prefix: &str| part.strip_prefix(prefix).is_some_and(|name| !name.is_empty());
    let header = |part: &str| after(part, "method.request.header.");
    let any = |part: &str| header(part) || ["method.request.querystring.", "stageVariables.", "context."].iter().any(|p| after(part, p));
    let fits = match kind {
        "REQUEST" if source.is_empty() => authorizer.result_ttl_seconds == Some(0),
        "REQUEST" => source.split(',').all(|part| any(part.trim())),
        "JWT" => source.is_empty() || any(source),
        _ => header(source),
    };
    if fits { Ok(()) } else { refuse(format!("Invalid identity source expression specified for {kind} authorizer: {source}")) }
}

fn check_lengths(authorizer: &Authorizer) -> Result<(), ApiError> {
    let refuse = |what: &str, bytes_max: usize| Err(ApiError::BadRequest(format!("{what} can be at most {bytes_max} bytes long.")));
    let texts = [
        ("Authorizer name", Some(&authorizer.name)),
        ("authType", authorizer.auth_type.as_ref()),
        ("authorizerUri", authorizer.uri.as_ref()),
        ("authorizerCredentials", authorizer.credentials.as_ref()),
        ("identitySource", authorizer.identity_source.as_ref()),
        ("identityValidationExpression", authorizer.identity_validation_expression.as_ref()),
    ];
    let providers = authorizer.provider_arns.iter().map(|arn| ("A provider ARN", Some(arn)));
    for (what, text) in texts.into_iter().chain(providers) {
        if text.is_some_and(|text| text.len() > TEXT_BYTES_MAX) {
            return refuse(what, TEXT_BYTES_MAX);
        }
    }
    if authorizer.provider_arns.len() > PROVIDERS_MAX {
        return Err(ApiError::BadRequest(format!("An authorizer can have at most {PROVIDERS_MAX} provider ARNs.")));
    }
    if authorizer.jwt.as_ref().is_some_and(|jwt| jwt.to_string().len() > JWT_BYTES_MAX) {
        return refuse("jwtConfiguration", JWT_BYTES_MAX);
    }
    Ok(())
}

/// `arn:{partition}:apigateway:{region}:lambda:path/…`. What follows may have blanks. (observed/methods.json)
fn is_function(uri: &str) -> bool {
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    matches!(parts[..], ["arn", _, "apigateway", _, "lambda", path] if path.starts_with("path/"))
}
